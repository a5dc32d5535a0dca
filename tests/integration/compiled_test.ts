/**
 * The compiled executables. Their paths come in `COOLCACHE_BIN` and `COOLCACHE_CLI_BIN`; without them these tests are
 * ignored, since compiling takes long and is done by CI.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "../support/executables.ts";
import { type Peer, startPeer } from "../support/peer.ts";

const server = Deno.env.get("COOLCACHE_BIN") ?? "";
const client = Deno.env.get("COOLCACHE_CLI_BIN") ?? "";

function startServer(args: readonly string[] = []): Promise<Peer> {
  return startPeer({
    name: "compiled coolcache",
    command: [server, "--port", "{port}", "--save", ""],
    args,
  });
}

function testServer(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `The compiled server ${name}`, ignore: server === "", fn });
}

function testClient(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `The compiled command line ${name}`,
    ignore: server === "" || client === "",
    fn,
  });
}

testServer("starts, serves and ends cleanly", async () => {
  await using peer = await startServer(["--maxmemory", "100mb"]);
  {
    using connection = await peer.connect({ protocol: 3 });
    assertEquals(await connection.line("SET", "key", "value"), "+OK");
    assertEquals(await connection.text("GET", "key"), "value");
    assertStringIncludes(await connection.text("INFO", "memory"), "maxmemory:104857600");
    assert((await connection.text("COMMAND", "COUNT")).startsWith(":"));
  }
  const status = await peer.stop("SIGTERM");
  assertEquals([status.code, status.signal], [0, null]);
});

testServer("runs scripts", async () => {
  await using peer = await startServer();
  using connection = await peer.connect();
  const script =
    "for i = 1, 3 do redis.call('RPUSH', KEYS[1], i) end return cjson.encode({ 1, 2 })";
  assertEquals(await connection.text("EVAL", script, "1", "list"), "[1,2]");
  assertEquals(await connection.line("LLEN", "list"), ":3");
});

testServer("prints its version and its usage", async () => {
  const version = await run(server, ["--version"]);
  assertEquals(version.code, 0);
  assertMatch(version.out, /^coolcache v=/);
  const help = await run(server, ["--help"]);
  assertEquals(help.code, 0);
  assert(help.out.startsWith("Usage: coolcache"));
});

testServer("names the line of a configuration file that it refuses", async () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "port 0\nno-such-thing 1\n");
    const { code, err } = await run(server, [path]);
    assertEquals(code, 1);
    assertStringIncludes(err, "line 2");
    assertStringIncludes(err, path);
  } finally {
    Deno.removeSync(path);
  }
});

testServer("needs nothing but itself", async () => {
  const { code, out } = await run("sh", ["-c", `cd / && env -i "${server}" --version`]);
  assertEquals(code, 0);
  assertMatch(out, /^coolcache v=/);
});

testServer("answers soon after its start", async () => {
  await using peer = await startServer();
  assertLess(peer.startMilliseconds, 2000);
});

testClient("sends commands and shows the replies", async () => {
  await using peer = await startServer();
  const port = String(peer.port);
  assertEquals(await run(client, ["-p", port, "SET", "foo", "bar"]), {
    code: 0,
    out: "OK\n",
    err: "",
  });
  assertEquals(await run(client, ["-p", port, "GET", "foo"]), { code: 0, out: "bar\n", err: "" });
  const piped = await run(client, ["-p", port], { input: "INCR n\nINCR n\n" });
  assertEquals([piped.code, piped.out], [0, "1\n2\n"]);
});

testClient("says so when nobody listens", async () => {
  const { code, err } = await run(client, ["-p", "1", "PING"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "Could not connect");
});
