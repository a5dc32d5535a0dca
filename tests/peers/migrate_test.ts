/**
 * MIGRATE between servers of both kinds: refusals, values of all types, and other clients' writes meanwhile.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer, type Peer, startCoolcache, startRedis } from "../support/peer.ts";
import { ask, NEWER_ENCODINGS, VALUES } from "./value_cases.ts";

const SCRIPT = `
  MIGRATE 127.0.0.1 1 key 0
  MIGRATE 127.0.0.1 1 key 0 100
  MIGRATE 127.0.0.1 1 "" 0 100 KEYS a b
  MIGRATE 127.0.0.1 1 key 0 100 KEYS a b
  MIGRATE 127.0.0.1 1 key x 100
  MIGRATE 127.0.0.1 1 key 0 x
  MIGRATE 127.0.0.1 1 key 0 100 NONSENSE
  MIGRATE 127.0.0.1 1 key 0 100 AUTH
  MIGRATE 127.0.0.1 1 key 0 100 AUTH2 a
  SET key value
  MIGRATE 127.0.0.1 1 key 0 100
  MIGRATE 127.0.0.1 1 "" 0 100 COPY REPLACE AUTH2 user word KEYS key none
  GET key
  MIGRATE 127.0.0.1 0 key 0 100
  MIGRATE 127.0.0.1 word key 0 100
  MIGRATE 127.0.0.1 -1 key 0 100
  MIGRATE 127.0.0.1 65537 key 0 100
  MIGRATE "" 1 key 0 100
  COMMAND GETKEYS MIGRATE 127.0.0.1 1 key 0 100
  COMMAND GETKEYS MIGRATE 127.0.0.1 1 key 0 100 KEYS a b
  COMMAND GETKEYSANDFLAGS MIGRATE 127.0.0.1 1 "" 0 100 COPY KEYS a b
  COMMAND GETKEYS MIGRATE 127.0.0.1 1 "" 0 100 AUTH KEYS KEYS a b
`;

Deno.test({
  name: "MIGRATE refuses as redis-server does",
  ignore: !hasRedisServer,
  async fn() {
    await using peers = await PeerPair.start();
    await compareScripts(SCRIPT, { peers });
  },
});

for (const kind of ["redis-server", "coolcache"] as const) {
  Deno.test({
    name: `MIGRATE moves, copies and replaces keys at ${kind}`,
    ignore: !hasRedisServer,
    async fn() {
      const args = ["--requirepass", "word"];
      await using source = await startCoolcache();
      await using target = kind === "coolcache"
        ? await startCoolcache(args)
        : await startRedis(args);
      using from = await source.connect();
      using to = await target.connect();
      const at = ["MIGRATE", "127.0.0.1", String(target.port)];
      await to.line("AUTH", "word");
      await to.line("SELECT", "3");
      await from.line("SET", "a", "1", "EX", "1000");
      await from.line("RPUSH", "b", "x", "y");
      assertEquals(
        (await from.line(...at, "a", "3", "5000")).slice(0, 48),
        "-ERR Target instance replied with error: NOAUTH ",
      );
      const auth = ["AUTH", "word", "KEYS"];
      assertEquals(await from.line(...at, "", "3", "5000", "COPY", ...auth, "a", "no", "b"), "+OK");
      assertEquals(await from.line("EXISTS", "a", "b"), ":2");
      assertEquals(await to.text("GET", "a"), "1");
      assertEquals(await to.line("TTL", "a"), ":1000");
      assertEquals(
        await from.line(...at, "", "3", "5000", ...auth, "a", "b"),
        "-ERR Target instance replied with error: BUSYKEY Target key name already exists.",
      );
      assertEquals(await from.line("EXISTS", "a", "b"), ":2");
      await from.line("APPEND", "a", "2");
      // What cannot be moved does not hold up what can.
      await to.line("DEL", "b");
      assertEquals(
        await from.line(...at, "", "3", "5000", ...auth, "a", "b"),
        "-ERR Target instance replied with error: BUSYKEY Target key name already exists.",
      );
      assertEquals(await from.line("EXISTS", "a", "b"), ":1");
      assertEquals(await to.line("LLEN", "b"), ":2");
      assertEquals(await from.line(...at, "", "3", "5000", "REPLACE", ...auth, "a"), "+OK");
      assertEquals(await from.line("DBSIZE"), ":0");
      assertEquals(await to.text("GET", "a"), "12");
    },
  });
}

Deno.test({
  name: "MIGRATE moves values of all types between redis-server and coolcache, with their times",
  ignore: !hasRedisServer,
  async fn(t) {
    await using pair = await PeerPair.start(["--enable-debug-command", "yes"]);
    const { reference, subject } = pair;
    await using other = await startCoolcache(["--enable-debug-command", "yes"]);
    for (const [name, commands] of Object.entries(VALUES)) {
      await t.step(name, async () => {
        for (const [from, to] of [[reference, subject], [subject, reference], [subject, other]]) {
          using source = await from.connect();
          await source.line("FLUSHALL");
          for (const command of commands) await source.send(command);
          await source.line("PEXPIRE", "k", "100000");
          await assertMoved(name, { from, to });
        }
      });
    }
  },
});

async function assertMoved(name: string, { from, to }: { from: Peer; to: Peer }): Promise<void> {
  using source = await from.connect();
  using target = await to.connect();
  await target.line("FLUSHALL");
  const before = await ask(source, name);
  assertEquals(
    await source.line("MIGRATE", "127.0.0.1", String(to.port), "k", "0", "5000"),
    "+OK",
  );
  assertEquals(await source.line("EXISTS", "k"), ":0");
  const after = await ask(target, name);
  if (from.name !== to.name && NEWER_ENCODINGS.includes(name)) before[1] = after[1];
  assertEquals(after, before, `${from.name} to ${to.name}`);
  const left = Number((await target.line("PTTL", "k")).slice(1));
  assert(left > 90_000 && left <= 100_000, `${left} ms are left`);
}

Deno.test("MIGRATE between coolcaches keeps the times of single fields", async () => {
  await using from = await startCoolcache();
  await using to = await startCoolcache();
  using source = await from.connect();
  using target = await to.connect();
  await source.line("HSET", "h", "a", "1", "b", "2");
  await source.text("HPEXPIREAT", "h", "9000000000000", "FIELDS", "1", "a");
  assertEquals(
    await source.line("MIGRATE", "127.0.0.1", String(to.port), "h", "0", "5000"),
    "+OK",
  );
  assertEquals(await target.text("HGET", "h", "b"), "2");
  assertEquals(
    new TextDecoder().decode(await target.send(["HPEXPIRETIME", "h", "FIELDS", "2", "a", "b"])),
    "*2\r\n:9000000000000\r\n:-1\r\n",
  );
});

Deno.test({
  name: "what others write while MIGRATE moves keys is neither lost nor done twice",
  ignore: !hasRedisServer,
  async fn() {
    await using from = await startCoolcache();
    await using to = await startRedis();
    using mover = await from.connect();
    using target = await to.connect();
    const keys = Array.from({ length: 20 }, (_, i) => `counter:${i}`);
    const deadline = performance.now() + 1500;
    let written = 0;
    const write = async (): Promise<void> => {
      using writer = await from.connect();
      for (let i = 0; performance.now() < deadline; i++) {
        await writer.line("INCR", keys[i % keys.length]);
        written++;
      }
    };
    const writers = [write(), write(), write()];
    let arrived = 0;
    let moves = 0;
    while (performance.now() < deadline) {
      const request = ["MIGRATE", "127.0.0.1", String(to.port), "", "0", "5000", "KEYS", ...keys];
      if (await mover.line(...request) === "+OK") moves++;
      for (const key of keys) arrived += Number(await target.text("GETDEL", key)) || 0;
    }
    await Promise.all(writers);
    for (const key of keys) arrived += Number(await mover.text("GET", key)) || 0;
    assert(moves > 10, `${moves} moves`);
    assertEquals(arrived, written);
  },
});

Deno.test({
  name: "MIGRATE says that a server that has gone cannot be reached",
  ignore: !hasRedisServer,
  async fn() {
    await using from = await startCoolcache();
    using source = await from.connect();
    await source.line("MSET", "a", "1", "b", "2");
    const gone = await startRedis();
    const request = ["MIGRATE", "127.0.0.1", String(gone.port)];
    try {
      assertEquals(await source.line(...request, "a", "0", "2000"), "+OK");
    } finally {
      await gone.stop("SIGKILL");
    }
    // The connection that was kept is tried, and then a new one.
    assertEquals(
      await source.line(...request, "b", "0", "2000"),
      "-IOERR error or timeout writing to target instance",
    );
    assertEquals(await source.text("GET", "b"), "2");
  },
});
