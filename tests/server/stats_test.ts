import { ActiveExpiry } from "../../storage/expiry.ts";
import { startTestServer } from "../support/harness.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire } from "./wire.ts";
import { assert, assertEquals } from "@std/assert";

Deno.test("the bytes and writes that sockets took are counted", async () => {
  await using instance = await startServer();
  const { stats } = instance.server;
  {
    using wire = await Wire.connect(instance);
    await wire.ask("PING\r\n", "+PONG\r\n");
    await waitFor(() => stats.writes === 1, { what: "the first write to be over" });
    await wire.ask("ECHO hello\r\nPING\r\n", "$5\r\nhello\r\n+PONG\r\n");
    await waitFor(() => stats.writes === 2, { what: "the second write to be over" });
    assertEquals(stats.outputBytes, 7 + 11 + 7);
  }
  await allGone(instance);
});

Deno.test("CONFIG RESETSTAT clears counters, and leaves the peak of memory", async () => {
  await using t = await startTestServer();
  const { keyspace, stats } = t.server;
  await t.line("SET k v PX 5");
  await t.line("MGET k nosuch");
  t.advance(10);
  await t.line("GET k");
  keyspace.evictedKeys = 3;
  stats.peakMemory = 12345;
  assertEquals([keyspace.hits, keyspace.misses, keyspace.expiredKeys], [1, 2, 1]);
  await t.line("CONFIG RESETSTAT");
  assertEquals([keyspace.hits, keyspace.misses, keyspace.expiredKeys], [0, 0, 0]);
  assertEquals([keyspace.evictedKeys, stats.peakMemory], [0, 12345]);
});

Deno.test("the share of stale keys follows what active expiry finds", async () => {
  await using t = await startTestServer();
  const { keyspace } = t.server;
  const expiry = new ActiveExpiry(keyspace, () => 0);
  for (let i = 0; i < 10; i++) await t.run("SET", `k${i}`, "v", "PX", i < 5 ? 5 : 1000);
  t.advance(10);
  expiry.run(Infinity);
  const afterHalf = keyspace.expiredStale;
  assert(Math.abs(afterHalf - 0.5 * 0.05) < 1e-9);
  expiry.run(Infinity);
  assert(keyspace.expiredStale < afterHalf && keyspace.expiredStale > 0);
});
