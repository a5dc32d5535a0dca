import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

Deno.test("commands that need memory are refused above maxmemory, others run", async () => {
  await using t = await startTestServer();
  await t.line("SET a 1");
  await t.line("CONFIG SET maxmemory 1");
  for (const refused of ["SET b 1", "INCR a", "APPEND a 1", "MSET a 1 b 2", "SETRANGE a 0 x"]) {
    assertRefused(await t.line(refused), OOM);
  }
  assertEquals(await t.line("GET a"), "1");
  assertEquals(await t.line("EXPIRE a 100"), 1);
  assertEquals(await t.line("DEL a"), 1);
  assertEquals(t.effects(), ["0: SET a 1", `0: PEXPIREAT a ${t.now + 100_000}`, "0: DEL a"]);
  await t.line("CONFIG SET maxmemory 0");
  assertEquals(await t.line("SET b 1"), "OK");
});

for (const policy of ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"]) {
  Deno.test(`commands that need memory are refused under ${policy} where no key expires`, async () => {
    await using t = await startTestServer({ "maxmemory-policy": policy });
    await t.line("SET a 1");
    await t.line("CONFIG SET maxmemory 1");
    assertRefused(await t.line("SET b 1"), OOM);
    assertEquals(await t.line("GET a"), "1");
  });
}

Deno.test("evicted keys leave effects and events", async () => {
  await using t = await startTestServer({ "maxmemory-policy": "allkeys-random" });
  await t.line("SELECT 2");
  await t.line("SET a 1");
  t.effects();
  t.events();
  await t.line("CONFIG SET maxmemory 1");
  t.server.evictor.makeRoom(Infinity);
  assertEquals(t.effects(), ["2: DEL a"]);
  assertEquals(t.events(), ["e evicted a"]);
});

Deno.test("keys that expire by themselves leave effects and events", async () => {
  await using t = await startTestServer();
  await t.line("SET a 1 PX 10");
  await t.line("SET b 1 PX 10");
  t.effects();
  t.events();
  t.advance(11);
  t.server.expiry.run(Infinity);
  assertEquals(t.effects().sort(), ["0: DEL a", "0: DEL b"]);
  assertEquals(t.events().sort(), ["x expired a", "x expired b"]);
});

Deno.test("expired and evicted keys leave UNLINK as their effect where freeing is lazy", async () => {
  await using t = await startTestServer({
    "lazyfree-lazy-expire": "yes",
    "lazyfree-lazy-eviction": "yes",
    "maxmemory-policy": "volatile-ttl",
  });
  await t.line("SET a 1 PX 10");
  await t.line("SET b 1 PX 1000");
  t.effects();
  t.advance(11);
  t.server.expiry.run(Infinity);
  await t.line("CONFIG SET maxmemory 1");
  t.server.evictor.makeRoom(Infinity);
  assertEquals(t.effects(), ["0: UNLINK a", "0: UNLINK b"]);
});

Deno.test("OBJECT IDLETIME and FREQ follow the policy", async () => {
  await using t = await startTestServer({ "lfu-decay-time": "0" });
  const wantsFrequency = "ERR An LFU maxmemory policy is not selected, access frequency not " +
    "tracked. Please note that when switching between policies at runtime LRU and LFU data " +
    "will take some time to adjust.";
  const wantsIdleTime = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please " +
    "note that when switching between policies at runtime LRU and LFU data will take some time " +
    "to adjust.";
  for (const kind of ["lru", "random", "ttl", "lfu"]) {
    for (const scope of kind === "ttl" ? ["volatile"] : ["volatile", "allkeys"]) {
      await t.run("CONFIG", "SET", "maxmemory-policy", `${scope}-${kind}`);
      await t.line("DEL k");
      await t.line("SET k v");
      t.advance(7000);
      if (kind === "lfu") {
        assertEquals(await t.line("OBJECT FREQ k"), 5);
        assertRefused(await t.line("OBJECT IDLETIME k"), wantsIdleTime);
      } else {
        assertEquals(await t.line("OBJECT IDLETIME k"), 7);
        assertRefused(await t.line("OBJECT FREQ k"), wantsFrequency);
      }
    }
  }
});

Deno.test("OBJECT FREQ falls as time goes by and rises with use", async () => {
  await using t = await startTestServer({
    "maxmemory-policy": "allkeys-lfu",
    "lfu-log-factor": "0",
  });
  await t.line("SET k v");
  for (let i = 0; i < 10; i++) await t.line("GET k");
  assertEquals(await t.line("OBJECT FREQ k"), 15);
  t.advance(4 * 60_000);
  const frequency = await t.line("OBJECT FREQ k");
  assert(typeof frequency === "number" && frequency >= 10 && frequency <= 11, `${frequency}`);
});
