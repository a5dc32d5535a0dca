import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("SORT STORE counts a change for each element and leaves itself as its effect", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l 3 1 2");
  t.events();
  t.effects();
  const before = t.server.changes;
  assertEquals(await t.line("SORT l STORE d"), 3);
  assertEquals(t.server.changes - before, 3);
  assertEquals(t.events(), ["l sortstore d"]);
  assertEquals(t.effects(), ["0: SORT l STORE d"]);
  assertEquals(await t.line("SORT none STORE d"), 0);
  assertEquals(t.events(), ["g del d"]);
});

Deno.test("SORT without STORE changes nothing", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l 3 1 2");
  t.events();
  t.effects();
  await t.line("SORT l DESC");
  assertEquals([...t.events(), ...t.effects()], []);
});

Deno.test("SORT wakes who waits for the list that it stores", async () => {
  await using t = await startTestServer();
  const waiting = t.connect().line("BLPOP d 0");
  await t.line("RPUSH l 3 1 2");
  await t.line("SORT l STORE d");
  assertEquals(await waiting, ["d", "1"]);
});

Deno.test("SORT that cannot read a score stores nothing", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l a");
  await t.line("SET d keep");
  assertRefused(
    await t.line("SORT l STORE d"),
    "ERR One or more scores can't be converted into double",
  );
  assertEquals(await t.line("GET d"), "keep");
});

Deno.test("SORT counts the keys that patterns lead to as read", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l 1 2");
  await t.line("SET w1 5");
  const { hits, misses } = t.server.keyspace;
  await t.line("SORT l BY w*");
  assertEquals(t.server.keyspace.hits - hits, 2);
  assertEquals(t.server.keyspace.misses - misses, 1);
});
