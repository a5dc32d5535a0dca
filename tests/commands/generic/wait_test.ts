import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("WAIT and WAITAOF for nothing answer at once", async () => {
  await using t = await startTestServer();
  assertEquals([await t.line("WAIT 0 0"), await t.line("WAIT -1 1000")], [0, 0]);
  assertEquals(await t.line("WAITAOF 0 0 0"), [0, 0]);
});

Deno.test("WAIT and WAITAOF without replicas answer after their timeouts", async () => {
  await using t = await startTestServer();
  const began = performance.now();
  assertEquals(await t.line("WAIT 1 30"), 0);
  assertEquals(await t.line("WAITAOF 0 1 30"), [0, 0]);
  const waited = performance.now() - began;
  assertEquals(waited >= 55, true, `${waited} ms`);
});

Deno.test("WAIT for ever ends when the client is unblocked", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  const first = other.line("WAIT 1 0");
  assertEquals(other.session.isBlocked, true);
  other.session.unblock("timeout");
  assertEquals(await first, 0);
  const second = other.line("WAIT 1 99999999999");
  other.session.unblock("error");
  assertRefused(await second, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  assertEquals(other.session.isBlocked, false);
});

Deno.test("WAIT ends with its connection and leaves no timer", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  const waiting = other.line("WAIT 1 100000");
  other.session.close();
  await waiting;
  assertEquals(other.session.isBlocked, false);
});

Deno.test("WAIT and WAITAOF read their arguments in order", async () => {
  await using t = await startTestServer();
  const notInteger = "ERR value is not an integer or out of range";
  const timeout = "ERR timeout is not an integer or out of range";
  const cases: [line: string, refusal: string][] = [
    ["WAIT x x", notInteger],
    ["WAIT 0 x", timeout],
    ["WAIT 0 -1", "ERR timeout is negative"],
    ["WAIT 0 9223372036854775807", "ERR timeout is out of range"],
    ["WAITAOF x x x", notInteger],
    ["WAITAOF 2 x x", "ERR value is out of range, value must between 0 and 1"],
    ["WAITAOF -1 x x", "ERR value is out of range, value must between 0 and 1"],
    ["WAITAOF 1 x x", "ERR value is out of range, must be positive"],
    ["WAITAOF 1 -1 x", "ERR value is out of range, must be positive"],
    ["WAITAOF 1 0 x", timeout],
    ["WAITAOF 1 0 -1", "ERR timeout is negative"],
    [
      "WAITAOF 1 0 0",
      "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
    ],
  ];
  for (const [line, refusal] of cases) assertRefused(await t.line(line), refusal, line);
});
