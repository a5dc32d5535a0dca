/**
 * coolcache-cli and CoolClient against redis-server, and beside redis-cli.
 *
 * The command line runs in this process; its output is compared with that of the installed redis-cli.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CoolClient, type Reply } from "../../client/mod.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";
import { capture, CapturedSystem } from "../cli/captured_system.ts";
import { freePort } from "../support/free_port.ts";
import { hasRedisServer, type Peer, startRedis } from "../support/peer.ts";
import { waitFor } from "../support/wait.ts";
import { Session } from "../../client/cli/session.ts";
import { parseFlags } from "../../client/cli/flags.ts";

const ignore = !hasRedisServer || !hasRedisCli();

function hasRedisCli(): boolean {
  try {
    return new Deno.Command("redis-cli", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What redis-cli does with the same words. */
async function redisCli(
  words: readonly string[],
  input = "",
): Promise<{ code: number; out: string; err: string }> {
  const child = new Deno.Command("redis-cli", {
    args: [...words],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, out: decodeLatin1(stdout), err: decodeLatin1(stderr) };
}

async function compare(redis: Peer, words: readonly string[], input?: string): Promise<void> {
  const all = ["-p", String(redis.port), ...words];
  const theirs = await redisCli(all, input);
  const ours = await capture(all, input === undefined ? {} : { input });
  assertEquals(ours, theirs, words.join(" "));
}

async function fill(redis: Peer): Promise<void> {
  await using client = await CoolClient.connect({ port: redis.port });
  await client.pipeline([
    ["SET", "text", 'quoted "text" äöü'],
    ["SET", "bytes", Uint8Array.from({ length: 256 }, (_, i) => i)],
    ["RPUSH", "list", ...Array.from({ length: 12 }, (_, i) => i)],
    ["HSET", "hash", "field", "value", "other", ""],
    ["SADD", "set", "member"],
    ["ZADD", "zset", 1.5, "a", "inf", "b"],
  ]);
}

Deno.test({
  name: "coolcache-cli prints every reply in every format as redis-cli does",
  ignore,
  async fn() {
    await using redis = await startRedis(["--enable-debug-command", "local"]);
    await fill(redis);
    const commands = [
      ["PING"],
      ["GET", "text"],
      ["GET", "bytes"],
      ["GET", "missing"],
      ["LRANGE", "list", "0", "-1"],
      ["LRANGE", "missing", "0", "-1"],
      ["HGETALL", "hash"],
      ["HGETALL", "missing"],
      ["SMEMBERS", "set"],
      ["SMEMBERS", "missing"],
      ["ZRANGE", "zset", "0", "-1", "WITHSCORES"],
      ["GET", "list"],
      ["NOSUCH", "command"],
      ["EVAL", "return {1,{2,{},{{3}}},'x'}", "0"],
      ["COMMAND", "DOCS", "GET"],
      ["DEBUG", "PROTOCOL", "verbatim"],
      ["DEBUG", "PROTOCOL", "map"],
      ["DEBUG", "PROTOCOL", "double"],
      ["DEBUG", "PROTOCOL", "true"],
      ["LOLWUT", "VERSION", "5", "1", "1", "1"],
    ];
    const formats = [["--no-raw"], ["--raw"], ["--csv"], ["--json"], ["-3", "--no-raw"], ["-e"]];
    for (const command of commands) {
      for (const format of formats) await compare(redis, [...format, ...command]);
    }
  },
});

Deno.test({
  name: "coolcache-cli obeys its flags as redis-cli does",
  ignore,
  async fn() {
    await using redis = await startRedis();
    await fill(redis);
    await compare(redis, ["-r", "3", "PING"]);
    await compare(redis, ["-n", "3", "DBSIZE"]);
    await compare(redis, ["-n", "99", "PING"]);
    await compare(redis, ["-a", "wrong", "--no-auth-warning", "PING"]);
    await compare(redis, ["-d", ",", "-D", ";", "LRANGE", "list", "0", "-1"]);
    await compare(redis, ["--quoted-input", "SET", '"\\x00"', '"\\xff"']);
    await compare(redis, ["--quoted-input", "--no-raw", "GET", '"\\x00"']);
    await compare(redis, ["-x", "SET", "input"], "from\nstandard input\n");
    await compare(redis, ["-X", "tag", "SET", "tag", "v"], "named");
    await compare(redis, ["MGET", "input", "named"]);
  },
});

Deno.test({
  name: "coolcache-cli carries out the lines of a pipe as redis-cli does",
  ignore,
  async fn() {
    await using redis = await startRedis();
    const lines = [
      'SET a "x\\ny"',
      "GET a",
      "",
      "3 INCR n",
      "DEL n",
      "SELECT 4",
      "MULTI",
      "PING",
      "EXEC",
      'unbalanced "quote',
      "NOSUCH",
      "quit",
      "PING",
    ];
    await compare(redis, [], lines.join("\n"));
    await compare(redis, ["--no-raw"], lines.join("\r\n"));
  },
});

Deno.test({
  name: "coolcache-cli lists the keys and pipes raw requests",
  ignore,
  async fn() {
    await using redis = await startRedis();
    const requests = Array.from({ length: 2000 }, (_, i) => `SET key:${i} v\r\n`).join("");
    await compare(redis, ["--pipe"], requests);
    await compare(redis, ["--pipe"], `${requests}NOSUCH\r\n`);
    const { out } = await capture(["-p", String(redis.port), "--scan", "--pattern", "key:*"]);
    assertEquals(new Set(out.split("\n")).size, 2001);
    await compare(redis, ["--no-raw", "--scan", "--pattern", "key:77"]);
  },
});

Deno.test("coolcache-cli says that it cannot connect and fails", async () => {
  const port = String(freePort());
  const { code, out, err } = await capture(["-p", port, "PING"]);
  assertEquals([code, out], [1, ""]);
  assertEquals(
    err,
    `Could not connect to the server at 127.0.0.1:${port}: Connection refused\n`,
  );
});

Deno.test("coolcache-cli prints its version and help without a server", async () => {
  assertMatch((await capture(["--version"])).out, /^coolcache-cli \d+\.\d+\.\d+\n$/);
  assertStringIncludes((await capture(["--help"])).out, "Usage: coolcache-cli");
});

Deno.test({
  name: "Session's prompt follows database, transaction, subscription and loss",
  ignore,
  async fn() {
    await using redis = await startRedis();
    const system = new CapturedSystem();
    const flags = parseFlags(["-p", String(redis.port)], system);
    const session = new Session(flags.address, flags, system);
    const run = (line: string) =>
      session.run(line.split(" ").map((word) => new TextEncoder().encode(word)));
    const name = `127.0.0.1:${redis.port}`;
    const steps: [string, string][] = [
      ["PING", `${name}> `],
      ["SELECT 3", `${name}[3]> `],
      ["SELECT 99", `${name}[3]> `],
      ["MULTI", `${name}[3](TX)> `],
      ["SELECT 4", `${name}[4](TX)> `],
      ["DISCARD", `${name}[3]> `],
      ["MULTI", `${name}[3](TX)> `],
      ["NOSUCH", `${name}[3](TX)> `],
      ["EXEC", `${name}[3]> `],
      ["HELLO 3", `${name}[3]> `],
      ["SUBSCRIBE a b", `${name}[3](subscribed mode)> `],
      ["UNSUBSCRIBE a", `${name}[3](subscribed mode)> `],
      ["UNSUBSCRIBE b", `${name}[3]> `],
      ["RESET", `${name}> `],
    ];
    try {
      assertEquals(session.prompt, "not connected> ");
      for (const [line, prompt] of steps) {
        await run(line);
        assertEquals(session.prompt, prompt, line);
      }
      await run("SELECT 2");
      await session.connect();
      assertEquals(session.prompt, `${name}[2]> `);
      assertEquals(await run("SHUTDOWN NOSAVE"), "answered");
      await session.ended();
      assertEquals(session.prompt, "not connected> ");
    } finally {
      await session.close();
    }
  },
});

Deno.test({
  name: "CoolClient talks with redis-server in both protocols",
  ignore,
  async fn() {
    await using redis = await startRedis(["--requirepass", "secret"]);
    for (const protocol of [2, 3] as const) {
      const pushes: Reply[] = [];
      await using client = await CoolClient.connect({
        port: redis.port,
        password: "secret",
        name: "test",
        database: 1,
        protocol,
        onPush: (message) => pushes.push(message),
      });
      assertEquals(await client.command("CLIENT", "GETNAME"), "test");
      await client.command("HSET", "hash", "f", "1");
      const all = await client.command("HGETALL", "hash");
      assertEquals(all, protocol === 3 ? new Map<Reply, Reply>([["f", "1"]]) : ["f", "1"]);

      const counts = await Promise.all(
        Array.from({ length: 10_000 }, () => client.command("INCR", `count:${protocol}`)),
      );
      assertEquals(counts, Array.from({ length: 10_000 }, (_, i) => i + 1));

      await using publisher = await CoolClient.connect({ port: redis.port, password: "secret" });
      await client.command("SUBSCRIBE", "channel");
      await publisher.command("PUBLISH", "channel", "hello");
      await waitFor(() => pushes.length === 2, { what: "the message" });
      assertEquals(pushes, [["subscribe", "channel", 1], ["message", "channel", "hello"]]);
      assert(!client.closed);
    }
  },
});
