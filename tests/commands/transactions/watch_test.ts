import { assert, assertEquals, assertMatch } from "@std/assert";
import { startTestServer, type TestServer, type Value } from "../../support/harness.ts";

/** Watches `k` after `before`, lets another client do `meanwhile`, and answers what EXEC of a PING replies. */
async function execAfter(t: TestServer, before: string[], meanwhile: string[]): Promise<Value> {
  await t.line("FLUSHALL");
  const other = t.connect();
  for (const line of before) await other.line(line);
  await t.line("WATCH k");
  for (const line of meanwhile) await other.line(line);
  await t.line("MULTI");
  await t.line("PING");
  return await t.line("EXEC");
}

const PASSES: Value = ["PONG"];
const FAILS: Value = null;

Deno.test("EXEC fails when a watched key has changed in any way", async () => {
  await using t = await startTestServer();
  const changes: [before: string[], meanwhile: string[]][] = [
    [[], ["SET k v"]],
    [["SET k v"], ["SET k v"]],
    [["SET k v"], ["DEL k"]],
    [["SET k v"], ["EXPIRE k 10"]],
    [["SET k v EX 10"], ["PERSIST k"]],
    [["SET k v"], ["RENAME k j"]],
    [["SET j v"], ["RENAME j k"]],
    [["SET j v"], ["COPY j k"]],
    [["SET k v"], ["MOVE k 1"]],
    [["SET k v"], ["APPEND k x"]],
    [["SET k v"], ["GETDEL k"]],
    [["SET k v"], ["GETEX k EX 10"]],
    [["RPUSH k a"], ["SORT none STORE k"]],
    [["RPUSH k a"], ["LPOP k"]],
    [["HSET k f 1"], ["HINCRBY k f 1"]],
    [["HSET k f 1"], ["HEXPIRE k 10 FIELDS 1 f"]],
    [["ZADD k 1 a"], ["ZADD k 2 a"]],
    [["SADD k a"], ["SPOP k"]],
    [["XADD k 1-1 f v"], ["XTRIM k MAXLEN 0"]],
    [[], ["PFADD k a"]],
    [[], ["SETBIT k 1 1"]],
    [[], ["SET k v", "DEL k"]],
    [["SET k v"], ["MULTI", "SET k w", "EXEC"]],
  ];
  for (const [before, meanwhile] of changes) {
    assertEquals(await execAfter(t, before, meanwhile), FAILS, meanwhile.join("; "));
  }
});

Deno.test("EXEC passes when a watched key was read, or a command left it as it was", async () => {
  await using t = await startTestServer();
  const changes: [before: string[], meanwhile: string[]][] = [
    [["SET k v"], ["GET k", "EXISTS k", "TYPE k", "TOUCH k", "OBJECT ENCODING k"]],
    [[], ["GET k", "DEL k", "PERSIST k", "EXPIRE k 10", "LPOP k"]],
    [["SET k v"], ["SETNX k w", "SET k w NX", "INCR k"]],
    [["SADD k a"], ["SADD k a", "SREM k b"]],
    [["SET k v"], ["SET other v", "SELECT 1", "SET k v"]],
    [["ZADD k 1 a"], ["ZADD k 1 a"]],
  ];
  for (const [before, meanwhile] of changes) {
    assertEquals(await execAfter(t, before, meanwhile), PASSES, meanwhile.join("; "));
  }
});

Deno.test("flushing breaks the watches of keys that were there", async () => {
  await using t = await startTestServer();
  for (const flush of ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC"]) {
    assertEquals(await execAfter(t, ["SET k v"], [flush]), FAILS, flush);
    assertEquals(await execAfter(t, ["SET j v"], [flush]), PASSES, flush);
    assertEquals(await execAfter(t, [], [flush]), PASSES, flush);
  }
  assertEquals(await execAfter(t, ["SET k v"], ["SELECT 1", "FLUSHDB"]), PASSES);
  const elsewhere = ["SET k v", "SELECT 1", "SET j v"];
  assertEquals(await execAfter(t, elsewhere, ["FLUSHDB"]), PASSES);
  assertEquals(await execAfter(t, elsewhere, ["SELECT 0", "FLUSHDB"]), FAILS);
});

Deno.test("SWAPDB breaks the watches of keys that are in either database", async () => {
  await using t = await startTestServer();
  const there = ["SELECT 1", "SET k w"];
  assertEquals(await execAfter(t, ["SET k v"], ["SWAPDB 0 1"]), FAILS);
  assertEquals(await execAfter(t, there, ["SWAPDB 0 1"]), FAILS);
  assertEquals(await execAfter(t, ["SET k v", ...there], ["SWAPDB 1 0"]), FAILS);
  assertEquals(await execAfter(t, ["SET j v"], ["SWAPDB 0 1"]), PASSES);
  assertEquals(await execAfter(t, ["SET k v"], ["SWAPDB 1 2"]), PASSES);
  assertEquals(await execAfter(t, ["SET k v"], ["SWAPDB 0 0"]), PASSES);
});

/** A server whose keys expire only when they are met, with a key in each of two databases whose time is over. */
async function withStaleKeys(...keys: [db: number, key: string][]): Promise<TestServer> {
  const t = await startTestServer();
  await t.line("DEBUG SET-ACTIVE-EXPIRE 0");
  for (const [db, key] of keys) {
    await t.line(`SELECT ${db}`);
    await t.line(`SET ${key} v PX 1`);
  }
  await t.line("SELECT 0");
  t.advance(10);
  return t;
}

/** What EXEC of a PING replies after `lines`. */
async function exec(t: TestServer, ...lines: string[]): Promise<Value> {
  for (const line of lines) await t.line(line);
  await t.line("MULTI");
  await t.line("PING");
  return await t.line("EXEC");
}

Deno.test("a key that expires while it is watched breaks the watch, met or not", async () => {
  for (const meanwhile of [[], ["EXISTS k"], ["FLUSHALL"], ["SET k w"]]) {
    await using t = await startTestServer();
    await t.line("DEBUG SET-ACTIVE-EXPIRE 0");
    await t.line("SET k v PX 10");
    await t.line("WATCH k");
    t.advance(20);
    assertEquals(await exec(t, ...meanwhile), FAILS, meanwhile.join());
  }
});

Deno.test("a key that expires by itself breaks the watch", async () => {
  await using t = await startTestServer();
  await t.line("SET k v PX 10");
  await t.line("WATCH k");
  t.advance(20);
  t.server.expiry.run(10);
  assertEquals(t.events().at(-1), "x expired k");
  assertEquals(await exec(t), FAILS);
});

Deno.test("a key whose time was over when it was watched is as good as none", async () => {
  for (const meanwhile of [[], ["EXISTS k"], ["FLUSHALL"], ["SWAPDB 0 1"], ["DEL k"]]) {
    await using t = await withStaleKeys([0, "k"]);
    assertEquals(await exec(t, "WATCH k", ...meanwhile), PASSES, meanwhile.join());
  }
});

Deno.test("a key whose time was over when it was watched breaks the watch when it comes again", async () => {
  for (const meanwhile of [["SET k w"], ["EXISTS k", "SET k w"], ["RPUSH k a"]]) {
    await using t = await withStaleKeys([0, "k"]);
    assertEquals(await exec(t, "WATCH k", ...meanwhile), FAILS, meanwhile.join());
  }
});

Deno.test("SWAPDB of keys whose time is over changes nothing", async () => {
  await using missing = await withStaleKeys([1, "k"]);
  assertEquals(await exec(missing, "WATCH k", "SWAPDB 0 1"), PASSES);
  await using both = await withStaleKeys([0, "k"], [1, "k"]);
  assertEquals(await exec(both, "WATCH k", "SWAPDB 0 1"), PASSES);
  await using alive = await withStaleKeys([0, "k"]);
  await alive.line("SELECT 1");
  await alive.line("SET k v");
  await alive.line("SELECT 0");
  assertEquals(await exec(alive, "WATCH k", "SWAPDB 0 1"), FAILS);
});

Deno.test("an evicted key breaks the watch", async () => {
  await using t = await startTestServer({ "maxmemory-policy": "allkeys-random" });
  await t.line("SET k v");
  await t.line("WATCH k");
  await t.line("CONFIG SET maxmemory 1");
  await t.connect().line("GET none");
  assertEquals(await t.connect().line("DBSIZE"), 0);
  await t.line("CONFIG SET maxmemory 0");
  assertEquals(await exec(t), FAILS);
});

Deno.test("a watch belongs to the database in which it began", async () => {
  await using t = await startTestServer();
  assertEquals(await exec(t, "WATCH k", "SELECT 1", "SET k v", "SELECT 0"), PASSES);
  assertEquals(await exec(t, "WATCH k", "SELECT 1", "WATCH k", "SET k v"), FAILS);
});

Deno.test("a client's own changes break its watch, those of its transaction do not", async () => {
  await using t = await startTestServer();
  assertEquals(await exec(t, "WATCH k", "SET k v"), FAILS);
  await t.line("WATCH k");
  await t.line("MULTI");
  await t.line("SET k w");
  assertEquals(await t.line("EXEC"), ["OK"]);
  assertEquals(await exec(t, "SET k x"), PASSES);
});

Deno.test("watches end with EXEC, DISCARD, UNWATCH and RESET, broken or not", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  for (const end of [["MULTI", "EXEC"], ["MULTI", "DISCARD"], ["UNWATCH"], ["RESET"]]) {
    for (const change of [["SET k v"], []]) {
      for (const line of ["WATCH k", ...change, ...end]) await t.line(line);
      assertEquals(t.session.watched, []);
      assertEquals(await exec(t, "SET k w"), PASSES, end.join());
    }
  }
  await t.line("WATCH k");
  t.session.close();
  assertEquals(t.server.watches.keys, 0);
});

Deno.test("EXEC that fails for a watch carries nothing out and is null in RESP3", async () => {
  await using t = await startTestServer();
  const decoder = new TextDecoder();
  for (const [hello, expected] of [["HELLO 2", "*-1\r\n"], ["HELLO 3", "_\r\n"]]) {
    for (const line of [hello, "WATCH k", "SET k v", "MULTI", "SET k w"]) await t.line(line);
    assertEquals(decoder.decode(await t.bytes("EXEC")), expected);
    assertEquals(await t.line("GET k"), "v");
  }
});

Deno.test("nothing listens to key events while nobody watches", async () => {
  await using t = await startTestServer();
  let listening = 0;
  const { keyEvents } = t.server;
  const onChange = keyEvents.onChange.bind(keyEvents);
  keyEvents.onChange = (listener) => {
    listening++;
    const stop = onChange(listener);
    return () => {
      listening--;
      stop();
    };
  };
  await t.line("WATCH a b");
  await t.connect().line("WATCH b");
  assertEquals(listening, 1);
  await t.line("UNWATCH");
  assertEquals(listening, 1);
  await t.line("SET b v");
  assertEquals(listening, 0);
  await t.line("WATCH a");
  assertEquals(listening, 1);
});

Deno.test("INFO and CLIENT LIST tell who watches", async () => {
  await using t = await startTestServer();
  await t.line("WATCH a b a");
  await t.connect().line("WATCH b c");
  assertMatch(
    String(await t.line("INFO clients")),
    /watching_clients:2[\s\S]*total_watched_keys:3/,
  );
  assertMatch(String(await t.line("CLIENT LIST")), / flags=N .* watch=2$/m);
  await t.line("SET a v");
  assertMatch(
    String(await t.line("INFO clients")),
    /watching_clients:1[\s\S]*total_watched_keys:2/,
  );
  assertMatch(String(await t.line("CLIENT LIST")), / flags=d .* watch=0$/m);
  assert(t.session.isBroken);
});

Deno.test("many watches of many clients are told apart", async () => {
  await using t = await startTestServer();
  const clients = Array.from({ length: 50 }, () => t.connect());
  for (const [i, client] of clients.entries()) {
    for (let k = 0; k < 40; k++) await client.line(`WATCH key:${i}:${k} shared:${k}`);
  }
  await t.line("SET key:7:39 v");
  await t.line("SET key:9:0 v");
  for (const [i, client] of clients.entries()) {
    await client.line("MULTI");
    assertEquals(await client.line("EXEC"), i === 7 || i === 9 ? null : [], `client ${i}`);
  }
  assertEquals(t.server.watches.keys, 0);
  assertEquals(t.server.keyEvents.idle, false);
});
