import { commonLength, commonRuns } from "../../../commands/string/lcs.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { seededRandom, startTestServer } from "../../support/harness.ts";
import { assertEquals } from "@std/assert";

Deno.test("LCS answers the common bytes, their number or where they lie", async () => {
  await using t = await startTestServer();
  await t.line("MSET a ohmytext b mynewtext");
  assertEquals(await t.line("LCS a b"), "mytext");
  assertEquals(await t.line("LCS a b len"), 6);
  assertEquals(await t.line("LCS a b IDX"), [
    "matches",
    [[[4, 7], [5, 8]], [[2, 3], [0, 1]]],
    "len",
    6,
  ]);
  assertEquals(await t.line("LCS a b WITHMATCHLEN MINMATCHLEN 4 IDX"), [
    "matches",
    [[[4, 7], [5, 8], 4]],
    "len",
    6,
  ]);
});

Deno.test("LCS takes an absent key for an empty string", async () => {
  await using t = await startTestServer();
  await t.line("SET a text");
  assertEquals(await t.line("LCS a nothing"), "");
  assertEquals(await t.line("LCS nothing a LEN"), 0);
  assertEquals(await t.line("LCS nothing nothing IDX"), ["matches", [], "len", 0]);
});

Deno.test("LCS refuses wrong options and tables beyond proto-max-bulk-len", async () => {
  await using t = await startTestServer({ "proto-max-bulk-len": "1mb" });
  await t.run("MSET", "a", "x".repeat(511), "b", "x".repeat(511), "c", "x".repeat(512));
  assertRefused(
    await t.line("LCS a b LEN IDX"),
    "ERR If you want both the length and indexes, please just use IDX.",
  );
  assertRefused(await t.line("LCS a b MINMATCHLEN"), "ERR syntax error");
  assertRefused(
    await t.line("LCS a b MINMATCHLEN x"),
    "ERR value is not an integer or out of range",
  );
  assertEquals(await t.line("LCS a b LEN"), 511);
  assertRefused(
    await t.line("LCS a c LEN"),
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
  );
});

Deno.test("a longest common subsequence consists of runs that lie in both strings", () => {
  const random = seededRandom(5);
  const text = () =>
    Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 4));
  for (let i = 0; i < 300; i++) {
    const [a, b] = [text(), text()];
    const { length, runs } = commonRuns(a, b);
    assertEquals(length, commonLength(a, b));
    assertEquals(runs.reduce((sum, run) => sum + run.length, 0), length);
    let [endA, endB] = [a.length, b.length];
    for (const run of runs) {
      assertEquals(run.a + run.length <= endA && run.b + run.length <= endB, true);
      assertEquals(
        a.subarray(run.a, run.a + run.length),
        b.subarray(run.b, run.b + run.length),
      );
      [endA, endB] = [run.a, run.b];
    }
  }
});
