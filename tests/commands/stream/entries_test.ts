import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME } from "../../support/harness.ts";

Deno.test("XADD takes its IDs from the clock, and never goes back", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("XADD s * a 1"), `${TEST_TIME}-0`);
  assertEquals(await t.line("XADD s * a 1"), `${TEST_TIME}-1`);
  t.advance(5);
  assertEquals(await t.line("XADD s * a 1"), `${TEST_TIME + 5}-0`);
  t.advance(-5);
  assertEquals(await t.line("XADD s * a 1"), `${TEST_TIME + 5}-1`);
  await t.line(`XADD s ${TEST_TIME + 9}-18446744073709551615 a 1`);
  assertEquals(await t.line("XADD s * a 1"), `${TEST_TIME + 10}-0`);
});

Deno.test("XADD, XTRIM, XDEL and XSETID emit their events", async () => {
  await using t = await startTestServer();
  await t.line("XADD s 1-0 a 1");
  assertEquals(t.events().at(-1), "t xadd s");
  await t.line("XADD s MAXLEN 1 2-0 a 1");
  assertEquals(t.events(), ["t xadd s", "t xtrim s"]);
  await t.line("XADD s MAXLEN 9 3-0 a 1");
  assertEquals(t.events(), ["t xadd s"]);
  await t.line("XTRIM s MAXLEN 5");
  assertEquals(t.events(), []);
  await t.line("XTRIM s MAXLEN 1");
  assertEquals(t.events(), ["t xtrim s"]);
  await t.line("XDEL s 1-0");
  assertEquals(t.events(), []);
  await t.line("XDEL s 3-0");
  assertEquals(t.events(), ["t xdel s"]);
  await t.line("XSETID s 9-0");
  assertEquals(t.events(), ["t xsetid s"]);
});

Deno.test("XADD leaves the ID that it chose and the length that it left", async () => {
  await using t = await startTestServer({ "stream-node-max-entries": "2" });
  await t.line("XADD s * a 1");
  assertEquals(t.effects(), [`0: XADD s ${TEST_TIME}-0 a 1`]);
  await t.line(`XADD s ${TEST_TIME}-* a 2`);
  assertEquals(t.effects(), [`0: XADD s ${TEST_TIME}-1 a 2`]);
  await t.line("XADD s MAXLEN ~ 2 * a 3");
  assertEquals(t.effects(), [`0: XADD s MAXLEN = 3 ${TEST_TIME}-2 a 3`]);
  await t.line("XADD s MAXLEN = 3 * a 4");
  assertEquals(t.effects(), [`0: XADD s MAXLEN = 3 ${TEST_TIME}-3 a 4`]);
  await t.line(`XADD s MINID ~ ${TEST_TIME}-3 LIMIT 5 * a 5`);
  // A part of the first node is left, in which the second entry is the first one.
  assertEquals(t.effects(), [`0: XADD s MINID = ${TEST_TIME}-2 LIMIT 5 ${TEST_TIME}-4 a 5`]);
  await t.line("XADD s NOMKSTREAM 9999999999999-1 a 6");
  assertEquals(t.effects(), ["0: XADD s NOMKSTREAM 9999999999999-1 a 6"]);
});

Deno.test("XTRIM leaves what it left, and nothing when nothing went", async () => {
  await using t = await startTestServer({ "stream-node-max-entries": "2" });
  for (let i = 1; i <= 9; i++) await t.line(`XADD s ${i}-0 a 1`);
  t.effects();
  assertEquals(await t.line("XTRIM s MAXLEN ~ 4"), 4);
  assertEquals(await t.line("XTRIM s MINID ~ 7"), 2);
  assertEquals(await t.line("XTRIM s MINID ~ 7"), 0);
  assertEquals(await t.line("XTRIM s MAXLEN 2"), 1);
  assertEquals(t.effects(), [
    "0: XTRIM s MAXLEN = 5",
    "0: XTRIM s MINID = 7-0",
    "0: XTRIM s MAXLEN 2",
  ]);
});

Deno.test("refused stream commands change nothing", async () => {
  await using t = await startTestServer();
  await t.line("XADD s 5-0 a 1");
  await t.line("XGROUP CREATE s g 0");
  await t.line("XREADGROUP GROUP g c STREAMS s >");
  const before = [await t.line("XINFO STREAM s FULL"), await t.line("DEBUG DIGEST")];
  t.effects();
  t.events();
  for (
    const line of [
      "XADD s 5-0 a 1",
      "XADD new 0-0 a 1",
      "XADD new 1-1 a",
      "XADD new MAXLEN x * a 1",
      "XDEL s 5-0 x",
      "XTRIM s MAXLEN 0 LIMIT 1",
      "XSETID s 1-0",
      "XACK s g 5-0 x",
      "XCLAIM s g new 0 5-0 LASTID 9-0 FOO",
      "XAUTOCLAIM s g new 0 0 FOO",
      "XGROUP CREATE new g x MKSTREAM",
      "XGROUP CREATE s g 0",
      "XREADGROUP GROUP g new STREAMS s new > >",
      "XDELEX s IDS 2 5-0 x",
      "XACKDEL s g DELREF IDS 2 5-0 x",
    ]
  ) {
    const reply = await t.line(line);
    assertEquals(reply instanceof Error, true, line);
  }
  assertEquals([await t.line("XINFO STREAM s FULL"), await t.line("DEBUG DIGEST")], before);
  assertEquals([t.effects(), t.events()], [[], []]);
});

Deno.test("every stream command refuses another type's key", async () => {
  await using t = await startTestServer();
  await t.line("SET k v");
  for (
    const line of [
      "XACK k g 1-1",
      "XACKDEL k g IDS 1 1-1",
      "XADD k * a 1",
      "XAUTOCLAIM k g c 0 0",
      "XCLAIM k g c 0 1-1",
      "XDEL k 1-1",
      "XDELEX k IDS 1 1-1",
      "XGROUP CREATE k g 0",
      "XGROUP CREATECONSUMER k g c",
      "XGROUP DELCONSUMER k g c",
      "XGROUP DESTROY k g",
      "XGROUP SETID k g 0",
      "XINFO CONSUMERS k g",
      "XINFO GROUPS k",
      "XINFO STREAM k",
      "XLEN k",
      "XPENDING k g",
      "XRANGE k - +",
      "XREAD STREAMS k 0",
      "XREADGROUP GROUP g c STREAMS k >",
      "XREVRANGE k + -",
      "XSETID k 1-1",
      "XTRIM k MAXLEN 1",
    ]
  ) {
    assertRefused(
      await t.line(line),
      "WRONGTYPE Operation against a key holding the wrong kind of value",
    );
  }
});

Deno.test("XREAD with + answers the last entry", async () => {
  await using t = await startTestServer();
  for (let i = 1; i <= 3; i++) await t.line(`XADD s ${i}-0 n ${i}`);
  const last = [["s", [["3-0", ["n", "3"]]]]];
  assertEquals(await t.line("XREAD STREAMS s +"), last);
  assertEquals(await t.line("XREAD COUNT 9 STREAMS none s + +"), last);
  await t.line("XGROUP CREATE empty g $ MKSTREAM");
  assertRefused(await t.line("XREAD STREAMS empty +"), "ERR the stream last element ID is 0-0");
  assertEquals(await t.line("XREAD STREAMS none +"), null);
});

Deno.test("COPY of a stream shares nothing with it", async () => {
  await using t = await startTestServer();
  for (let i = 1; i <= 300; i++) await t.line(`XADD s ${i}-0 n ${i}`);
  await t.line("XGROUP CREATE s g 0");
  await t.line("XREADGROUP GROUP g c COUNT 5 STREAMS s >");
  await t.line("COPY s copy");
  assertEquals(await t.line("XINFO STREAM copy FULL"), await t.line("XINFO STREAM s FULL"));
  await t.line("XTRIM copy MAXLEN 1");
  await t.line("XGROUP DESTROY copy g");
  assertEquals(await t.line("XLEN s"), 300);
  assertEquals((await t.line("XPENDING s g - + 10") as unknown[]).length, 5);
  assertEquals(await t.line("UNLINK s copy"), 2);
});
