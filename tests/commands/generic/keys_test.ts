import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";

/** A server after some commands, with nothing seen yet. */
async function serverAfter(...lines: string[]): Promise<TestServer> {
  const t = await startTestServer();
  for (const line of lines) await t.line(line);
  t.effects();
  t.events();
  return t;
}

function counters(t: TestServer): [hits: number, misses: number] {
  return [t.server.keyspace.hits, t.server.keyspace.misses];
}

Deno.test("DEL and UNLINK remove each key once and are handed on as they came", async () => {
  await using t = await serverAfter("MSET a 1 b 2 c 3");
  assertEquals(await t.line("DEL a a missing b"), 2);
  assertEquals(await t.line("UNLINK c c"), 1);
  assertEquals(await t.line("DBSIZE"), 0);
  assertEquals(t.events(), ["g del a", "g del b", "g del c"]);
  assertEquals(t.effects(), ["0: DEL a a missing b", "0: UNLINK c c"]);
  assertEquals(await t.line("DEL a"), 0);
  assertEquals([t.events(), t.effects()], [[], []]);
});

Deno.test("DEL does not count a key whose time is over", async () => {
  await using t = await serverAfter("SET k v PX 10");
  t.advance(11);
  assertEquals(await t.line("DEL k"), 0);
  assertEquals(t.events(), ["x expired k"]);
  assertEquals(t.effects(), ["0: DEL k"]);
});

Deno.test("EXISTS and TOUCH count keys as often as they are named", async () => {
  await using t = await serverAfter("MSET a 1 b 2");
  assertEquals(await t.line("EXISTS a b missing a"), 3);
  assertEquals(await t.line("TOUCH a b missing a"), 3);
  assertEquals(counters(t), [6, 2]);
});

Deno.test("TOUCH marks keys as used; EXISTS, TYPE, TTL and OBJECT do not", async () => {
  await using t = await serverAfter("SET k v");
  t.advance(20_000);
  for (const line of ["EXISTS k", "TYPE k", "TTL k", "PEXPIRETIME k", "OBJECT ENCODING k"]) {
    await t.line(line);
    assertEquals(await t.line("OBJECT IDLETIME k"), 20, line);
  }
  await t.line("TOUCH k");
  assertEquals(await t.line("OBJECT IDLETIME k"), 0);
});

Deno.test("TYPE names the type, or none", async () => {
  await using t = await serverAfter("SET k v");
  assertEquals([await t.line("TYPE k"), await t.line("TYPE missing")], ["string", "none"]);
});

Deno.test("RENAME takes value and expiry along and replaces what was there", async () => {
  await using t = await serverAfter("SET from value PX 5000", "SET to other");
  assertEquals(await t.line("RENAME from to"), "OK");
  assertEquals([await t.line("GET to"), await t.line("PTTL to")], ["value", 5000]);
  assertEquals(await t.line("DBSIZE"), 1);
  assertEquals(t.events(), ["g rename_from from", "g rename_to to"]);
  assertEquals(t.effects(), ["0: RENAME from to"]);
});

Deno.test("RENAME over a key with an expiry takes that expiry away", async () => {
  await using t = await serverAfter("SET from value", "SET to other EX 100");
  await t.line("RENAME from to");
  assertEquals(await t.line("TTL to"), -1);
});

Deno.test("RENAME counts one change", async () => {
  await using t = await serverAfter("SET a 1");
  const before = t.server.changes;
  await t.line("RENAME a b");
  await t.line("MOVE b 1");
  assertEquals(t.server.changes - before, 2);
});

Deno.test("RENAME and RENAMENX refuse a key that is not there, even onto itself", async () => {
  await using t = await serverAfter("SET k v");
  assertRefused(await t.line("RENAME missing k"), "ERR no such key");
  assertRefused(await t.line("RENAMENX missing missing"), "ERR no such key");
  assertEquals([await t.line("RENAME k k"), await t.line("RENAMENX k k")], ["OK", 0]);
  assertEquals([t.events(), t.effects()], [[], []]);
});

Deno.test("RENAMENX leaves an existing key alone", async () => {
  await using t = await serverAfter("MSET a 1 b 2");
  assertEquals(await t.line("RENAMENX a b"), 0);
  assertEquals(await t.line("MGET a b"), ["1", "2"]);
  assertEquals(await t.line("RENAMENX a c"), 1);
  assertEquals(await t.line("MGET a b c"), [null, "2", "1"]);
});

Deno.test("RENAMENX takes the name of a key whose time is over", async () => {
  await using t = await serverAfter("SET a 1", "SET b 2 PX 10");
  t.advance(11);
  assertEquals(await t.line("RENAMENX a b"), 1);
  assertEquals(t.events(), ["x expired b", "g rename_from a", "g rename_to b"]);
  assertEquals(t.effects(), ["0: DEL b", "0: RENAMENX a b"]);
});

Deno.test("MOVE takes a key with its expiry to another database", async () => {
  await using t = await serverAfter("SET k v EX 100");
  assertEquals(await t.line("MOVE k 3"), 1);
  assertEquals(await t.line("EXISTS k"), 0);
  assertEquals(t.events(), ["g move_from k", "g move_to k"]);
  assertEquals(t.effects(), ["0: MOVE k 3"]);
  await t.line("SELECT 3");
  assertEquals([await t.line("GET k"), await t.line("TTL k")], ["v", 100]);
});

Deno.test("MOVE refuses the same database, an unknown one and what is no number", async () => {
  await using t = await serverAfter("SET k v");
  assertRefused(await t.line("MOVE k 0"), "ERR source and destination objects are the same");
  assertRefused(await t.line("MOVE k 16"), "ERR DB index is out of range");
  assertRefused(await t.line("MOVE k -1"), "ERR DB index is out of range");
  assertRefused(await t.line("MOVE k x"), "ERR value is not an integer or out of range");
  assertRefused(
    await t.line("MOVE k 2147483648"),
    "ERR value is out of range, value must between -2147483648 and 2147483647",
  );
});

Deno.test("MOVE does nothing without the key, or with one of that name in the target", async () => {
  await using t = await serverAfter("SET k other", "MOVE k 1", "SET k v");
  assertEquals([await t.line("MOVE missing 1"), await t.line("MOVE k 1")], [0, 0]);
  assertEquals(await t.line("GET k"), "v");
});

Deno.test("COPY duplicates value and expiry", async () => {
  await using t = await serverAfter("SET from value PX 5000", "SET to other");
  assertEquals(await t.line("COPY from to"), 0);
  assertEquals(await t.line("COPY from to REPLACE"), 1);
  assertEquals(await t.line("MGET from to"), ["value", "value"]);
  assertEquals(await t.line("PTTL to"), 5000);
  assertEquals(t.events(), ["g copy_to to"]);
  assertEquals(t.effects(), ["0: COPY from to REPLACE"]);
  await t.line("APPEND to x");
  assertEquals(await t.line("MGET from to"), ["value", "valuex"]);
});

Deno.test("COPY to another database needs no other name", async () => {
  await using t = await serverAfter("SET k v");
  assertEquals(await t.line("COPY k k DB 2"), 1);
  assertEquals(await t.line("COPY k k DB 2"), 0);
  assertEquals(await t.line("COPY k k replace db 2"), 1);
  await t.line("SELECT 2");
  assertEquals(await t.line("GET k"), "v");
});

Deno.test("COPY refuses itself as target and bad options", async () => {
  await using t = await serverAfter("SET k v");
  assertRefused(await t.line("COPY k k"), "ERR source and destination objects are the same");
  assertRefused(await t.line("COPY k k DB 0"), "ERR source and destination objects are the same");
  assertRefused(await t.line("COPY k l DB"), "ERR syntax error");
  assertRefused(await t.line("COPY k l DB 99"), "ERR DB index is out of range");
  assertRefused(await t.line("COPY k l TWICE"), "ERR syntax error");
  assertEquals(await t.line("COPY missing l"), 0);
});

Deno.test("OBJECT ENCODING tells what Redis would choose", async () => {
  await using t = await serverAfter("SET number 123", "SET short abc", "APPEND changed abc");
  await t.run("SET", "long", "x".repeat(45));
  await t.line("APPEND short d");
  const answers = [];
  for (const key of ["number", "short", "changed", "long", "missing"]) {
    answers.push(await t.line(`OBJECT ENCODING ${key}`));
  }
  assertEquals(answers, ["int", "raw", "embstr", "raw", null]);
});

Deno.test("OBJECT REFCOUNT shows small integers as shared", async () => {
  await using t = await serverAfter("MSET small 9999 large 10000 text x");
  assertEquals(await t.line("OBJECT REFCOUNT small"), 2147483647);
  assertEquals(await t.line("OBJECT REFCOUNT large"), 1);
  assertEquals(await t.line("OBJECT REFCOUNT text"), 1);
  assertEquals(await t.line("OBJECT REFCOUNT missing"), null);
});

Deno.test("OBJECT FREQ and IDLETIME answer under their own policies", async () => {
  await using t = await serverAfter("SET k v");
  assertRefused(
    await t.line("OBJECT FREQ k"),
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that " +
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.",
  );
  assertEquals(await t.line("OBJECT FREQ missing"), null);
  await t.line("CONFIG SET maxmemory-policy allkeys-lfu");
  assertRefused(
    await t.line("OBJECT IDLETIME k"),
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when " +
      "switching between policies at runtime LRU and LFU data will take some time to adjust.",
  );
  await t.line("SET fresh v");
  assertEquals(await t.line("OBJECT FREQ fresh"), 5);
});
