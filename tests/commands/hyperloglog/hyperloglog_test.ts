import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("PFADD tells of a change only when an estimate can have changed", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("PFADD h"), 1);
  assertEquals(t.events(), ["$ pfadd h"]);
  assertEquals(await t.line("PFADD h a b"), 1);
  assertEquals(t.events(), ["$ pfadd h"]);
  assertEquals(t.effects(), ["0: PFADD h", "0: PFADD h a b"]);
  assertEquals(await t.line("PFADD h a b"), 0);
  assertEquals([...t.events(), ...t.effects()], []);
});

Deno.test("PFCOUNT keeps its estimate, and tells replicas so", async () => {
  await using t = await startTestServer();
  await t.line("PFADD h a b c");
  t.effects();
  assertEquals(await t.line("PFCOUNT h"), 3);
  assertEquals(t.effects(), ["0: PFCOUNT h"]);
  assertEquals(await t.line("PFCOUNT h"), 3);
  assertEquals(t.effects(), []);
});

Deno.test("PFMERGE keeps the expiry and emits what PFADD emits", async () => {
  await using t = await startTestServer();
  await t.line("PFADD h a b");
  await t.line("EXPIRE h 100");
  await t.line("PFADD other b c");
  t.events();
  assertEquals(await t.line("PFMERGE h other"), "OK");
  assertEquals(t.events(), ["$ pfadd h"]);
  assertEquals(await t.line("PFCOUNT h"), 3);
  assertEquals(await t.line("TTL h"), 100);
});

Deno.test("HyperLogLog commands refuse what is none and change nothing", async () => {
  await using t = await startTestServer();
  const refusal = "WRONGTYPE Key is not a valid HyperLogLog string value.";
  await t.line("SET s nonsense");
  assertRefused(await t.line("PFADD s a"), refusal);
  assertRefused(await t.line("PFCOUNT s"), refusal);
  assertRefused(await t.line("PFMERGE d s"), refusal);
  assertEquals(await t.line("EXISTS d"), 0);
  assertEquals(await t.line("GET s"), "nonsense");
});

Deno.test("PFSELFTEST passes", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("PFSELFTEST"), "OK");
});
