import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("HSET tells of one event and counts each field", async () => {
  await using t = await startTestServer();
  const before = t.server.changes;
  assertEquals(await t.line("HSET h a 1 b 2 a 3"), 2);
  assertEquals(t.server.changes - before, 3);
  assertEquals(t.events(), ["h hset h"]);
  assertEquals(t.effects(), ["0: HSET h a 1 b 2 a 3"]);
  await t.line("HSETNX h a 1");
  assertEquals([...t.events(), ...t.effects()], []);
});

Deno.test("HMSET is HSET with another reply", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("HMSET h a 1"), "OK");
  assertRefused(await t.line("HMSET h a 1 b"), "ERR wrong number of arguments for 'hmset' command");
  assertEquals(t.events(), ["h hset h"]);
});

Deno.test("HDEL removes the key with its last field", async () => {
  await using t = await startTestServer();
  for (const limit of [512, 0]) {
    await t.line(`CONFIG SET hash-max-listpack-entries ${limit}`);
    await t.line("HSET h a 1 b 2 c 3");
    t.events();
    assertEquals(await t.line("HDEL h a x"), 1);
    assertEquals(t.events(), ["h hdel h"]);
    assertEquals(await t.line("HDEL h x"), 0);
    assertEquals(t.events(), []);
    assertEquals(await t.line("HDEL h b c d"), 2);
    assertEquals(t.events(), ["h hdel h", "g del h"]);
    assertEquals(await t.line("EXISTS h"), 0);
  }
});

Deno.test("HINCRBY of a packed hash and of a table agree", async () => {
  await using t = await startTestServer();
  for (const limit of [512, 0]) {
    await t.line(`CONFIG SET hash-max-listpack-entries ${limit}`);
    await t.line("DEL h");
    assertEquals(await t.line("HINCRBY h n 5"), 5);
    assertEquals(await t.line("HINCRBY h n -6"), -1);
    assertEquals(await t.line("HINCRBY h n 9223372036854775807"), 9223372036854775806n);
    assertRefused(await t.line("HINCRBY h n 2"), "ERR increment or decrement would overflow");
    assertEquals(await t.line("HGET h n"), "9223372036854775806");
    await t.line("HSET h s text");
    assertRefused(await t.line("HINCRBY h s 1"), "ERR hash value is not an integer");
    assertRefused(await t.line("HINCRBYFLOAT h s 1"), "ERR hash value is not a float");
  }
});

Deno.test("HINCRBYFLOAT leaves its digits as effect, and the field's time", async () => {
  await using t = await startTestServer();
  await t.line("HSET h f 1 g 1");
  await t.line(`HPEXPIREAT h ${t.now + 5000} FIELDS 1 f`);
  t.effects();
  assertEquals(await t.line("HINCRBYFLOAT h f 0.1"), "1.1");
  assertEquals(t.effects(), ["0: HSET h f 1.1", `0: HPEXPIREAT h ${t.now + 5000} FIELDS 1 f`]);
  await t.line("HINCRBYFLOAT h g 0.1");
  assertEquals(t.effects(), ["0: HSET h g 1.1"]);
  assertRefused(await t.line("HINCRBYFLOAT h f inf"), "ERR value is NaN or Infinity");
  assertRefused(await t.line("HINCRBYFLOAT new f x"), "ERR value is not a valid float");
  assertEquals(await t.line("EXISTS new"), 0);
});

Deno.test("refused commands on hashes change nothing", async () => {
  await using t = await startTestServer();
  await t.line("HSET h a 1 s text");
  await t.line("SET str x");
  const before = await t.line("DEBUG DIGEST");
  for (
    const line of [
      "HSET h b",
      "HSET h b 1 c",
      "HINCRBY h s 1",
      "HINCRBY h a x",
      "HINCRBY h b 1.5",
      "HINCRBYFLOAT h s 1",
      "HINCRBYFLOAT h b inf",
      "HEXPIRE h -1 FIELDS 1 a",
      "HEXPIRE h 100 FIELDS 2 a",
      "HEXPIRE h 100 XX FIELDS 0 a",
      "HPERSIST h FIELDS 2 a",
      "HSETEX h EX 100 FIELDS 2 a 1",
      "HSETEX h EX 0 FIELDS 2 a 1",
      "HGETEX h EX 100 FIELDS 2 a",
      "HGETDEL h FIELDS 2 a",
      "HSET str a 1",
      "HDEL str a",
      "HEXPIRE str 100 FIELDS 1 a",
    ]
  ) {
    const reply = await t.line(line);
    assert(reply instanceof Error, line);
    assertEquals(await t.line("DEBUG DIGEST"), before, line);
  }
});

Deno.test("HGETALL and HRANDFIELD nest pairs in RESP3", async () => {
  await using t = await startTestServer();
  await t.line("HSET h a 1");
  assertEquals(await t.line("HGETALL h"), ["a", "1"]);
  assertEquals(await t.line("HRANDFIELD h -2 WITHVALUES"), ["a", "1", "a", "1"]);
  await t.line("HELLO 3");
  assertEquals(await t.line("HGETALL h"), new Map([["a", "1"]]));
  assertEquals(await t.line("HRANDFIELD h -2 WITHVALUES"), [["a", "1"], ["a", "1"]]);
  assertEquals(await t.line("HRANDFIELD none 2 WITHVALUES"), []);
});

Deno.test("HRANDFIELD draws every field, and each but once if asked", async () => {
  await using t = await startTestServer();
  for (const limit of [512, 0]) {
    await t.line(`CONFIG SET hash-max-listpack-entries ${limit}`);
    await t.line("DEL h");
    for (let i = 0; i < 100; i++) await t.line(`HSET h f${i} ${i}`);
    for (const count of [5, 60, 99, 100, 200]) {
      const names = await t.line(`HRANDFIELD h ${count}`) as string[];
      assertEquals(new Set(names).size, Math.min(count, 100));
      assertEquals(names.length, Math.min(count, 100));
    }
    const seen = new Set<unknown>();
    for (let i = 0; i < 1500; i++) seen.add(await t.line("HRANDFIELD h"));
    assertEquals(seen.size, 100);
  }
});

Deno.test("HRANDFIELD refuses a reply beyond proto-max-bulk-len", async () => {
  await using t = await startTestServer();
  await t.line("HSET h a 1");
  assertRefused(await t.line("HRANDFIELD h -1000000000"), "ERR value is out of range");
  assertRefused(await t.line("HRANDFIELD h -1000000000 WITHVALUES"), "ERR value is out of range");
  await t.line("CONFIG SET proto-max-bulk-len 1mb");
  await t.run("HSET", "h", "a", "x".repeat(1000));
  assertRefused(await t.line("HRANDFIELD h -2000 WITHVALUES"), "ERR value is out of range");
  assertEquals((await t.line("HRANDFIELD h -2000") as string[]).length, 2000);
});

Deno.test("HSCAN goes through a table in parts and tells every field once", async () => {
  await using t = await startTestServer();
  for (let i = 0; i < 2000; i++) await t.line(`HSET h f${i} ${i}`);
  const seen = new Map<string, string>();
  let calls = 0;
  let cursor = "0";
  do {
    const [next, pairs] = await t.line(`HSCAN h ${cursor} COUNT 50`) as [string, string[]];
    for (let i = 0; i < pairs.length; i += 2) {
      assert(!seen.has(pairs[i]));
      seen.set(pairs[i], pairs[i + 1]);
    }
    cursor = next;
    calls++;
  } while (cursor !== "0");
  assertEquals(seen.size, 2000);
  assertEquals(seen.get("f77"), "77");
  assert(calls > 30, `${calls} calls`);
  const [, names] = await t.line("HSCAN h 0 COUNT 10000 MATCH f7 NOVALUES") as [string, string[]];
  assertEquals(names, ["f7"]);
});

Deno.test("hash of a hundred thousand fields is overwritten at once and freed in slices", async () => {
  await using t = await startTestServer();
  const { keyspace } = t.server;
  const before = keyspace.usedBytes;
  for (let i = 0; i < 100_000; i += 1000) {
    const pairs = Array.from({ length: 1000 }, (_, k) => `f${i + k} ${k}`).join(" ");
    await t.line(`HSET h ${pairs}`);
  }
  assertEquals(await t.line("HLEN h"), 100_000);
  await t.line("SET h x");
  assert(!keyspace.lazyFree.isIdle);
  keyspace.lazyFree.drain();
  await t.line("DEL h");
  assertEquals(keyspace.usedBytes, before);
});
