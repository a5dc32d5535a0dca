import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("SETBIT tells of a change only when there is one", async () => {
  await using t = await startTestServer();
  await t.line("SETBIT k 7 1");
  assertEquals(t.events(), ["$ setbit k"]);
  assertEquals(t.effects(), ["0: SETBIT k 7 1"]);
  await t.line("SETBIT k 7 1");
  assertEquals([...t.events(), ...t.effects()], []);
  await t.line("SETBIT k 100 0");
  assertEquals(t.events(), ["$ setbit k"]);
  assertEquals(await t.line("STRLEN k"), 13);
});

Deno.test("SETBIT keeps the expiry and makes the string raw", async () => {
  await using t = await startTestServer();
  await t.line("SET k 1 EX 100");
  await t.line("SETBIT k 7 1");
  assertEquals(await t.line("TTL k"), 100);
  assertEquals(await t.line("OBJECT ENCODING k"), "raw");
});

Deno.test("SETBIT refuses what is beyond proto-max-bulk-len and changes nothing", async () => {
  await using t = await startTestServer();
  const refusal = "ERR bit offset is not an integer or out of range";
  assertRefused(await t.line("SETBIT k 4294967296 1"), refusal);
  await t.line("CONFIG SET proto-max-bulk-len 2mb");
  assertRefused(await t.line(`SETBIT k ${2 * 1024 * 1024 * 8} 1`), refusal);
  assertRefused(await t.line(`BITFIELD k SET u8 #${2 * 1024 * 1024} 1`), refusal);
  assertEquals(await t.line("EXISTS k"), 0);
});

Deno.test("BITOP deletes its destination when there is nothing to store", async () => {
  await using t = await startTestServer();
  await t.line("SET dest v");
  t.events();
  assertEquals(await t.line("BITOP AND dest none"), 0);
  assertEquals(t.events(), ["g del dest"]);
  await t.line("BITOP AND dest none");
  assertEquals(t.events(), []);
});

Deno.test("BITOP may overwrite one of its sources", async () => {
  await using t = await startTestServer();
  await t.run("SET", "k", "\x0f\x0f");
  assertEquals(await t.line("BITOP NOT k k"), 2);
  assertEquals(await t.line("GET k"), "\xf0\xf0");
});

Deno.test("BITFIELD counts a change for each field", async () => {
  await using t = await startTestServer();
  const before = t.server.changes;
  await t.line("BITFIELD k SET u8 0 1 SET u8 8 2 GET u8 0");
  assertEquals(t.server.changes - before, 2);
  assertEquals(t.events(), ["$ setbit k"]);
  await t.line("BITFIELD k SET u8 0 1 GET u8 0");
  assertEquals(t.server.changes - before, 2);
  assertEquals(t.events(), []);
});

Deno.test("BITFIELD tells replicas of a string that it made without setting a field", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("BITFIELD k OVERFLOW FAIL SET u1 0 2"), [null]);
  assertEquals(await t.line("STRLEN k"), 1);
  assertEquals(t.effects(), ["0: BITFIELD k OVERFLOW FAIL SET u1 0 2"]);
});
