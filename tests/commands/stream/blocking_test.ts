import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME } from "../../support/harness.ts";

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
const NO_GROUP = "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";

Deno.test("XREAD waits for what comes behind its ID", async () => {
  await using t = await startTestServer();
  const [a, b] = [t.connect(), t.connect()];
  await t.line("XADD s 1-0 n 1");
  const first = a.line("XREAD BLOCK 0 STREAMS other s $ $");
  const second = b.line("XREAD BLOCK 0 COUNT 1 STREAMS s 2-0");
  assertEquals([a.session.isBlocked, b.session.isBlocked], [true, true]);
  await t.line("XADD s 2-0 n 2");
  assertEquals(await first, [["s", [["2-0", ["n", "2"]]]]]);
  assertEquals(b.session.isBlocked, true);
  await t.line("XADD s 3-0 n 3");
  assertEquals(await second, [["s", [["3-0", ["n", "3"]]]]]);
});

Deno.test("XREAD is not woken by a key of another type", async () => {
  await using t = await startTestServer();
  const a = t.connect();
  const waiting = a.line("XREAD BLOCK 0 STREAMS s $");
  await t.line("SET s v");
  assertEquals(a.session.isBlocked, true);
  await t.line("DEL s");
  await t.line("XGROUP CREATE s g $ MKSTREAM");
  assertEquals(a.session.isBlocked, true);
  await t.line("XADD s 1-0 n 1");
  assertEquals(await waiting, [["s", [["1-0", ["n", "1"]]]]]);
});

Deno.test("XREAD answers null when its time is over", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("XREAD BLOCK 5 STREAMS s $"), null);
  assertEquals(await t.line("XREAD STREAMS s $"), null);
});

Deno.test("XREADGROUP gives each new entry to one of those who wait", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE s g $ MKSTREAM");
  const [a, b] = [t.connect(), t.connect()];
  const first = a.line("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
  const second = b.line("XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
  t.effects();
  await t.line("XADD s 1-0 n 1");
  assertEquals(await first, [["s", [["1-0", ["n", "1"]]]]]);
  assertEquals(b.session.isBlocked, true);
  assertEquals(t.effects(), [
    "0: XADD s 1-0 n 1",
    `0: XCLAIM s g a 0 1-0 TIME ${TEST_TIME} RETRYCOUNT 1 FORCE JUSTID LASTID 1-0`,
    "0: XGROUP SETID s g 1-0 ENTRIESREAD 1",
  ]);
  await t.line("XADD s 2-0 n 2");
  assertEquals(await second, [["s", [["2-0", ["n", "2"]]]]]);
});

Deno.test("XREADGROUP ends its wait when the key or the group goes", async () => {
  const ends: [string, string][] = [
    ["DEL s", NO_GROUP],
    ["UNLINK s", NO_GROUP],
    ["FLUSHALL", NO_GROUP],
    ["XGROUP DESTROY s g", NO_GROUP],
    ["SET s v", WRONG_TYPE],
    ["RENAME s t", NO_GROUP],
  ];
  for (const [line, refusal] of ends) {
    await using t = await startTestServer();
    await t.line("XGROUP CREATE s g $ MKSTREAM");
    const a = t.connect();
    const waiting = a.line("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
    await t.line(line);
    assertRefused(await waiting, refusal);
    assertEquals(a.session.isBlocked, false);
  }
});

Deno.test("a client whose wait ended without reply leaves effects again", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE s g $ MKSTREAM");
  t.effects();
  const a = t.connect();
  assertEquals(await a.line("XREADGROUP GROUP g a BLOCK 5 NOACK STREAMS s >"), null);
  assertEquals(t.effects(), ["0: XGROUP CREATECONSUMER s g a"]);
  await a.line("SET k v");
  assertEquals(t.effects(), ["0: SET k v"]);
});

Deno.test("XREADGROUP of pending entries does not wait", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE s g $ MKSTREAM");
  assertEquals(await t.line("XREADGROUP GROUP g a BLOCK 0 STREAMS s 0"), [["s", []]]);
});
