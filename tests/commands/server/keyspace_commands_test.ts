import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("FLUSHDB empties the selected database only", async () => {
  await using t = await startTestServer();
  for (const word of ["", " SYNC", " async"]) {
    await t.line("MSET a 1 b 2");
    await t.line("COPY a a DB 1 REPLACE");
    assertEquals(await t.line(`FLUSHDB${word}`), "OK");
    assertEquals(await t.line("DBSIZE"), 0);
    await t.line("SELECT 1");
    assertEquals(await t.line("DBSIZE"), 1);
    await t.line("SELECT 0");
  }
});

Deno.test("FLUSHALL empties all databases and counts the keys as changes", async () => {
  await using t = await startTestServer();
  for (const word of ["", " SYNC", " ASYNC"]) {
    await t.line("MSET a 1 b 2");
    await t.line("COPY a a DB 1");
    const before = t.server.changes;
    assertEquals(await t.line(`FLUSHALL${word}`), "OK");
    assertEquals(t.server.changes - before, 3);
    await t.line("SELECT 1");
    assertEquals(await t.line("DBSIZE"), 0);
    await t.line("SELECT 0");
  }
});

Deno.test("FLUSHALL and FLUSHDB wait for the memory unless told or configured not to", async () => {
  await using t = await startTestServer();
  const { lazyFree } = t.server.keyspace;
  await t.line("SET a 1");
  await t.line("FLUSHALL");
  assertEquals(lazyFree.isIdle, true);
  await t.line("SET a 1");
  await t.line("FLUSHALL ASYNC");
  assertEquals(lazyFree.isIdle, false);
  await t.line("FLUSHDB SYNC");
  assertEquals(lazyFree.isIdle, true);
  await t.line("CONFIG SET lazyfree-lazy-user-flush yes");
  await t.line("SET a 1");
  await t.line("FLUSHDB");
  assertEquals(lazyFree.isIdle, false);
  lazyFree.drain();
});

Deno.test("FLUSHALL and FLUSHDB are handed on even without keys", async () => {
  await using t = await startTestServer();
  await t.line("FLUSHALL");
  await t.line("FLUSHDB ASYNC");
  assertEquals(t.effects(), ["0: FLUSHALL", "0: FLUSHDB ASYNC"]);
});

Deno.test("FLUSHALL and FLUSHDB know two words", async () => {
  await using t = await startTestServer();
  await t.line("SET a 1");
  for (const line of ["FLUSHALL NOW", "FLUSHDB ASYNC SYNC", "FLUSHDB x"]) {
    assertRefused(await t.line(line), "ERR syntax error");
  }
  assertEquals(await t.line("DBSIZE"), 1);
});

Deno.test("SWAPDB exchanges databases for every client", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  await other.line("SELECT 5");
  await t.line("SET k zero");
  await other.line("SET k five");
  t.effects();
  assertEquals(await t.line("SWAPDB 0 5"), "OK");
  assertEquals([await t.line("GET k"), await other.line("GET k")], ["five", "zero"]);
  assertEquals(await t.line("SWAPDB 5 5"), "OK");
  assertEquals(await other.line("GET k"), "zero");
  assertEquals(t.effects(), ["0: SWAPDB 0 5", "0: SWAPDB 5 5"]);
});

Deno.test("SWAPDB reads both numbers before it looks for the databases", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("SWAPDB x y"), "ERR invalid first DB index");
  assertRefused(await t.line("SWAPDB 99 y"), "ERR invalid second DB index");
  assertRefused(await t.line("SWAPDB 0 2147483648"), "ERR invalid second DB index");
  assertRefused(await t.line("SWAPDB 0 16"), "ERR DB index is out of range");
  assertRefused(await t.line("SWAPDB -1 0"), "ERR DB index is out of range");
});
