import { assertEquals } from "@std/assert";
import { startTestServer, TEST_TIME, type TestServer } from "../../support/harness.ts";

/** A stream `s` of entries 1-0 to n-0, and a group `g` that has read none of them. */
async function withStream(t: TestServer, entries: number): Promise<void> {
  for (let i = 1; i <= entries; i++) await t.line(`XADD s ${i}-0 n ${i}`);
  await t.line("XGROUP CREATE s g 0");
  t.effects();
  t.events();
}

Deno.test("XGROUP emits its events", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE s g 0 MKSTREAM");
  assertEquals(t.events().at(-1), "t xgroup-create s");
  await t.line("XGROUP SETID s g 5-0");
  await t.line("XGROUP CREATECONSUMER s g c");
  await t.line("XGROUP CREATECONSUMER s g c");
  await t.line("XGROUP DELCONSUMER s g c");
  await t.line("XGROUP DELCONSUMER s g c");
  await t.line("XGROUP DESTROY s g");
  await t.line("XGROUP DESTROY s g");
  assertEquals(t.events(), [
    "t xgroup-setid s",
    "t xgroup-createconsumer s",
    "t xgroup-delconsumer s",
    "t xgroup-destroy s",
  ]);
});

Deno.test("XREADGROUP leaves who has what pending, and how far the group has read", async () => {
  await using t = await startTestServer();
  await withStream(t, 2);
  await t.line("XREADGROUP GROUP g c STREAMS s >");
  const claim = (id: string) =>
    `0: XCLAIM s g c 0 ${id} TIME ${TEST_TIME} RETRYCOUNT 1 FORCE JUSTID LASTID ${id}`;
  assertEquals(t.effects(), [
    claim("1-0"),
    claim("2-0"),
    "0: XGROUP SETID s g 2-0 ENTRIESREAD 2",
  ]);
  assertEquals(t.events(), ["t xgroup-createconsumer s"]);
  await t.line("XREADGROUP GROUP g c STREAMS s 0");
  assertEquals(t.effects(), []);
  await t.line("XACK s g 1-0 7-7");
  await t.line("XACK s g 1-0");
  assertEquals(t.effects(), ["0: XACK s g 1-0 7-7"]);
});

Deno.test("XREADGROUP with NOACK leaves the consumer and the group's progress only", async () => {
  await using t = await startTestServer();
  await withStream(t, 2);
  await t.line("XREADGROUP GROUP g c NOACK STREAMS s >");
  assertEquals(t.effects(), [
    "0: XGROUP CREATECONSUMER s g c",
    "0: XGROUP SETID s g 2-0 ENTRIESREAD 2",
  ]);
  await t.line("XREADGROUP GROUP g d NOACK STREAMS s >");
  assertEquals(t.effects(), ["0: XGROUP CREATECONSUMER s g d"]);
});

Deno.test("effects of a group rebuild it on another server", async () => {
  await using t = await startTestServer();
  await withStream(t, 6);
  await t.line("XREADGROUP GROUP g a COUNT 4 STREAMS s >");
  t.advance(100);
  await t.line("XDEL s 2-0");
  await t.line("XCLAIM s g b 50 1-0 2-0 RETRYCOUNT 9");
  await t.line("XAUTOCLAIM s g c 0 3-0 COUNT 1");
  await t.line("XREADGROUP GROUP g b NOACK COUNT 1 STREAMS s >");
  await t.line("XACK s g 4-0");
  const effects = t.effects();

  await using twin = await startTestServer();
  await withStream(twin, 6);
  twin.advance(100);
  for (const effect of effects) await twin.line(effect.slice("0: ".length));
  for (const question of ["XPENDING s g - + 10", "XPENDING s g", "XINFO GROUPS s"]) {
    assertEquals(await twin.line(question), await t.line(question));
  }
});

Deno.test("XCLAIM and XAUTOCLAIM leave each entry as it is now", async () => {
  await using t = await startTestServer();
  await withStream(t, 3);
  await t.line("XREADGROUP GROUP g a STREAMS s >");
  await t.line("XDEL s 2-0");
  t.effects();
  t.advance(1000);
  assertEquals(await t.line("XCLAIM s g b 500 1-0 2-0"), [["1-0", ["n", "1"]]]);
  assertEquals(t.effects(), [
    `0: XCLAIM s g b 0 1-0 TIME ${TEST_TIME + 1000} RETRYCOUNT 2 FORCE JUSTID LASTID 3-0`,
    `0: XCLAIM s g a 0 2-0 TIME ${TEST_TIME} RETRYCOUNT 1 FORCE JUSTID LASTID 3-0`,
  ]);
  assertEquals(await t.line("XCLAIM s g b 500 1-0"), []);
  assertEquals(t.effects(), []);
  assertEquals(await t.line("XAUTOCLAIM s g b 500 0 JUSTID"), ["0-0", ["3-0"], []]);
  assertEquals(t.effects(), [
    `0: XCLAIM s g b 0 3-0 TIME ${TEST_TIME + 1000} RETRYCOUNT 1 FORCE JUSTID LASTID 3-0`,
  ]);
  assertEquals(await t.line("XCLAIM s g b 0 9-9 LASTID 9-9"), []);
  assertEquals(t.effects(), ["0: XGROUP SETID s g 9-9 ENTRIESREAD 3"]);
});

Deno.test("XPENDING and XINFO CONSUMERS tell time by the clock", async () => {
  await using t = await startTestServer();
  await withStream(t, 2);
  await t.line("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
  t.advance(50);
  await t.line("XREADGROUP GROUP g b COUNT 1 STREAMS s >");
  t.advance(20);
  assertEquals(await t.line("XPENDING s g - + 10"), [["1-0", "a", 70, 1], ["2-0", "b", 20, 1]]);
  assertEquals(await t.line("XPENDING s g IDLE 21 - + 10"), [["1-0", "a", 70, 1]]);
  await t.line("XREADGROUP GROUP g a STREAMS s >");
  await t.line("XGROUP CREATECONSUMER s g c");
  t.advance(5);
  assertEquals(await t.line("XINFO CONSUMERS s g"), [
    ["name", "a", "pending", 1, "idle", 5, "inactive", 75],
    ["name", "b", "pending", 1, "idle", 25, "inactive", 25],
    ["name", "c", "pending", 0, "idle", 5, "inactive", -1],
  ]);
});

Deno.test("XINFO STREAM FULL shows pending entries twice", async () => {
  await using t = await startTestServer();
  await withStream(t, 2);
  await t.line("HELLO 3");
  await t.line("XREADGROUP GROUP g a STREAMS s >");
  const info = await t.line("XINFO STREAM s FULL COUNT 1") as Map<string, unknown>;
  assertEquals(info.get("entries"), [["1-0", ["n", "1"]]]);
  const [group] = info.get("groups") as Map<string, unknown>[];
  assertEquals(group.get("pel-count"), 2);
  assertEquals(group.get("pending"), [["1-0", "a", TEST_TIME, 1]]);
  const [consumer] = group.get("consumers") as Map<string, unknown>[];
  assertEquals([...consumer.keys()], ["name", "seen-time", "active-time", "pel-count", "pending"]);
  assertEquals(consumer.get("pending"), [["1-0", TEST_TIME, 1]]);
});

Deno.test("XDELEX removes entries as their references allow", async () => {
  await using t = await startTestServer();
  await withStream(t, 4);
  await t.line("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
  await t.line("XACK s g 1-0");
  assertEquals(await t.line("XDELEX s ACKED IDS 4 1-0 2-0 3-0 9-9"), [1, 2, 2, -1]);
  assertEquals(await t.line("XDELEX s IDS 1 2-0"), [1]);
  assertEquals((await t.line("XPENDING s g") as unknown[])[0], 1);
  await t.line("XREADGROUP GROUP g a STREAMS s >");
  t.events();
  assertEquals(await t.line("XDELEX s DELREF IDS 2 3-0 4-0"), [1, 1]);
  assertEquals(t.events(), ["t xdel s"]);
  assertEquals((await t.line("XPENDING s g") as unknown[])[0], 1);
  assertEquals(await t.line("XLEN s"), 0);
  assertEquals(await t.line("XDELEX s IDS 1 3-0"), [-1]);
});

Deno.test("XACKDEL acknowledges, and removes entries as their references allow", async () => {
  await using t = await startTestServer();
  await withStream(t, 3);
  await t.line("XGROUP CREATE s h 0");
  await t.line("XREADGROUP GROUP g a STREAMS s >");
  await t.line("XREADGROUP GROUP h a STREAMS s >");
  assertEquals(await t.line("XACKDEL s g ACKED IDS 2 1-0 9-9"), [2, -1]);
  assertEquals(await t.line("XACKDEL s h ACKED IDS 1 1-0"), [1]);
  assertEquals(await t.line("XACKDEL s g KEEPREF IDS 1 2-0"), [1]);
  assertEquals((await t.line("XPENDING s h") as unknown[])[0], 2);
  assertEquals(await t.line("XACKDEL s g DELREF IDS 1 3-0"), [1]);
  assertEquals((await t.line("XPENDING s h") as unknown[])[0], 1);
  assertEquals(await t.line("XLEN s"), 0);
  assertEquals(await t.line("XACKDEL s nope IDS 1 2-0"), [-1]);
});
