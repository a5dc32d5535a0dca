import { assertEquals } from "@std/assert";
import { startTestServer, type TestClient } from "../../support/harness.ts";

async function idleTimes(observer: TestClient, ...keys: string[]): Promise<unknown[]> {
  const times: unknown[] = [];
  for (const key of keys) times.push(await observer.run("OBJECT", "IDLETIME", key));
  return times;
}

Deno.test("CLIENT NO-TOUCH leaves the last use of keys unchanged, except for TOUCH", async () => {
  await using t = await startTestServer();
  const quiet = t.connect();
  await t.line("MSET a 1 b 2 c 3");
  t.advance(20_000);

  await quiet.line("CLIENT NO-TOUCH ON");
  await quiet.line("MGET a b");
  assertEquals(await idleTimes(t, "a", "b", "c"), [20, 20, 20]);
  await quiet.line("TOUCH a");
  await t.line("GET c");
  assertEquals(await idleTimes(t, "a", "b", "c"), [0, 20, 0]);
  await quiet.line("CLIENT NO-TOUCH OFF");
  await quiet.line("GET b");
  assertEquals(await idleTimes(t, "b"), [0]);
});

Deno.test("CLIENT NO-TOUCH leaves the frequency of keys unchanged under LFU", async () => {
  await using t = await startTestServer({
    "maxmemory-policy": "allkeys-lfu",
    "lfu-log-factor": "0",
  });
  const quiet = t.connect();
  await t.line("SET a 1");
  await quiet.line("CLIENT NO-TOUCH ON");
  await quiet.line("GET a");
  await quiet.line("SET a 2");
  assertEquals(await t.line("OBJECT FREQ a"), 5);
  await t.line("GET a");
  assertEquals(await t.line("OBJECT FREQ a"), 6);
});

Deno.test("CLIENT NO-TOUCH outlives a change of policy, and ends with RESET", async () => {
  await using t = await startTestServer();
  await t.line("SET a 1");
  await t.line("CLIENT NO-TOUCH ON");
  await t.line("CONFIG SET maxmemory-policy allkeys-lru");
  t.advance(5000);
  await t.line("GET a");
  assertEquals(await idleTimes(t, "a"), [5]);
  await t.line("RESET");
  await t.line("GET a");
  assertEquals(await idleTimes(t, "a"), [0]);
});
