import { assertEquals, assertMatch } from "@std/assert";
import type { CoolCache } from "../../server/coolcache.ts";
import { startTestServer } from "../support/harness.ts";
import { allGone, startServer, Wire } from "./wire.ts";

/** Runs `watch` with a client that has begun to monitor and another one. */
async function monitoring(
  watch: (monitor: Wire, other: Wire, instance: CoolCache) => Promise<void>,
  directives: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using instance = await startServer(directives);
  {
    using monitor = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await monitor.ask("MONITOR\r\n", "+OK\r\n");
    await watch(monitor, other, instance);
  }
  await allGone(instance);
}

/** The next line that the monitor is sent, without time and address. */
async function shown(monitor: Wire): Promise<string> {
  const line = await monitor.line();
  assertMatch(line, /^\+\d+\.\d{6} \[\d+ 127\.0\.0\.1:\d+\] /);
  return line.replace(/^\S+ \[(\d+) \S+\]/, "$1");
}

Deno.test("MONITOR shows commands after they have run", () =>
  monitoring(async (monitor, other) => {
    await other.ask("SELECT 3\r\n", "+OK\r\n");
    assertEquals(await shown(monitor), '3 "SELECT" "3"');
    await monitor.send("PING\r\n");
    await monitor.expect("+PONG\r\n");
    assertEquals(await shown(monitor), '0 "PING"');
  }));

Deno.test("MONITOR shows a client nothing of the RESET that ends it", () =>
  monitoring(async (monitor) => {
    await monitor.ask("RESET\r\nPING\r\n", "+RESET\r\n+PONG\r\n");
  }));

Deno.test("MONITOR shows commands that failed, but not those that were refused", () =>
  monitoring(async (monitor, other) => {
    await other.send("NOSUCH\r\nGET\r\nSET k v\r\nINCR k\r\n");
    assertEquals(await shown(monitor), '0 "SET" "k" "v"');
    assertEquals(await shown(monitor), '0 "INCR" "k"');
  }));

Deno.test("MONITOR shows no passwords and no administration", () =>
  monitoring(async (monitor, other) => {
    await other.send("AUTH default secret\r\nAUTH secret\r\n");
    await other.send("CONFIG SET requirepass secret\r\nHELLO 2 AUTH default secret SETNAME me\r\n");
    assertEquals(await shown(monitor), '0 "AUTH" "(redacted)" "(redacted)"');
    assertEquals(await shown(monitor), '0 "AUTH" "(redacted)"');
    const hello = '0 "HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "me"';
    assertEquals(await shown(monitor), hello);
  }));

Deno.test("the slow log shows no passwords", async () => {
  await using t = await startTestServer({ "slowlog-log-slower-than": "0" });
  await t.run("AUTH", "default", "secret");
  await t.run("CONFIG", "SET", "requirepass", "secret", "maxmemory", "0");
  const entries = t.server.slowlog.latest(10).map((entry) =>
    entry.args.map((argument) => new TextDecoder().decode(argument)).join(" ")
  );
  assertEquals(entries, [
    "CONFIG SET requirepass (redacted) maxmemory 0",
    "AUTH (redacted) (redacted)",
  ]);
});

Deno.test("MONITOR shows the commands of a transaction when they run, and EXEC after them", () =>
  monitoring(async (monitor, other) => {
    await other.send("MULTI\r\nSELECT 2\r\nSET k v\r\nEXEC\r\nMULTI\r\nGET\r\nEXEC\r\n");
    const lines = ['0 "MULTI"', '2 "SELECT" "2"', '2 "SET" "k" "v"', '2 "EXEC"', '2 "MULTI"'];
    for (const line of lines) assertEquals(await shown(monitor), line);
    // A transaction that fails is shown to end, too.
    assertEquals(await shown(monitor), '2 "EXEC"');
  }));
