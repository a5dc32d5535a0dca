import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer, type Value } from "../../support/harness.ts";

async function fill(t: TestServer, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    names.push(`key:${i}`);
    await t.run("SET", `key:${i}`, i);
  }
  return names.sort();
}

/** A whole iteration; answers the keys in their order and how many calls it took. */
async function scanAll(
  t: TestServer,
  options = "",
): Promise<{ keys: string[]; calls: number }> {
  const keys: string[] = [];
  let cursor = "0";
  let calls = 0;
  do {
    const reply = await t.line(`SCAN ${cursor}${options}`);
    assert(Array.isArray(reply));
    const [next, found] = reply as [string, string[]];
    cursor = next;
    keys.push(...found);
    calls++;
  } while (cursor !== "0");
  return { keys, calls };
}

Deno.test("SCAN finds every key once when nothing changes", async () => {
  await using t = await startTestServer();
  const names = await fill(t, 3000);
  for (const options of ["", " COUNT 1", " COUNT 100", " COUNT 100000", " MATCH *"]) {
    const { keys } = await scanAll(t, options);
    assertEquals(keys.sort(), names, options);
  }
  assertEquals((await scanAll(t, " COUNT 100000")).calls, 1);
});

Deno.test("SCAN finds every key that is there throughout, whatever comes and goes", async () => {
  await using t = await startTestServer();
  const names = await fill(t, 2000);
  const found = new Set<Value>();
  let cursor = "0";
  let i = 0;
  do {
    const [next, keys] = await t.line(`SCAN ${cursor} COUNT 20`) as [string, string[]];
    cursor = next;
    for (const key of keys) found.add(key);
    for (let n = 0; n < 60; n++) await t.run("SET", `other:${i++}`, "x");
    if (i % 600 === 0) { for (let n = 0; n < i; n++) await t.run("DEL", `other:${n}`); }
  } while (cursor !== "0");
  assertEquals(names.filter((name) => !found.has(name)), []);
});

Deno.test("SCAN filters by pattern and type", async () => {
  await using t = await startTestServer();
  await fill(t, 200);
  const { keys } = await scanAll(t, " MATCH key:1?");
  assertEquals(keys.sort(), Array.from({ length: 10 }, (_, i) => `key:1${i}`));
  assertEquals((await scanAll(t, " TYPE STRING")).keys.length, 200);
  assertEquals((await scanAll(t, " TYPE list")).keys, []);
  assertEquals((await scanAll(t, " TYPE nonsense")).keys, []);
  assertEquals((await scanAll(t, " TYPE none")).keys, []);
});

Deno.test("SCAN leaves out keys whose time is over and lets them expire", async () => {
  await using t = await startTestServer();
  await t.line("SET stays v");
  await t.line("SET goes v PX 10");
  await t.line("SET other v PX 10");
  t.advance(11);
  t.events();
  t.effects();
  assertEquals(await t.line("SCAN 0 MATCH *s"), ["0", ["stays"]]);
  assertEquals(t.events(), ["x expired goes"]);
  assertEquals(t.effects(), ["0: DEL goes"]);
  assertEquals(await t.line("DBSIZE"), 2);
  assertEquals(await t.line("KEYS *"), ["stays"]);
  assertEquals(await t.line("DBSIZE"), 2);
});

Deno.test("SCAN refuses bad cursors and options", async () => {
  await using t = await startTestServer();
  for (const cursor of ["x", "1x", " 1", "18446744073709551616", "1.5"]) {
    assertRefused(await t.run("SCAN", cursor), "ERR invalid cursor");
  }
  for (const cursor of ["18446744073709551615", "-1", "+0", "9007199254740993", "00", ""]) {
    assertEquals((await t.run("SCAN", cursor) as Value[]).length, 2, cursor);
  }
  assertRefused(await t.line("SCAN 0 COUNT 0"), "ERR syntax error");
  assertRefused(await t.line("SCAN 0 COUNT x"), "ERR value is not an integer or out of range");
  assertRefused(await t.line("SCAN 0 COUNT"), "ERR syntax error");
  assertRefused(await t.line("SCAN 0 MATCH"), "ERR syntax error");
  assertRefused(
    await t.line("SCAN 0 NOVALUES"),
    "ERR NOVALUES option can only be used in HSCAN",
  );
});

Deno.test("KEYS lists what matches, all of it and binary names too", async () => {
  await using t = await startTestServer();
  const names = await fill(t, 2500);
  const all = await t.line("KEYS *") as string[];
  assertEquals(all.sort(), names);
  const some = await t.line("KEYS key:24[0-4]?") as string[];
  assertEquals(some.length, 50);
  assertEquals(await t.line("KEYS nothing*"), []);
  await t.run("SET", Uint8Array.of(0, 255, 10), "v");
  assertEquals(await t.run("KEYS", Uint8Array.of(0, 63, 10)), ["\0\xff\n"]);
});

Deno.test("KEYS leaves out keys whose time is over", async () => {
  await using t = await startTestServer();
  await t.line("SET a v PX 10");
  await t.line("SET b v");
  t.advance(11);
  assertEquals([await t.line("KEYS *"), await t.line("KEYS ?")], [["b"], ["b"]]);
});

Deno.test("RANDOMKEY answers keys that are there", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("RANDOMKEY"), null);
  await t.line("MSET a 1 b 2 c 3");
  const seen = new Set<Value>();
  for (let i = 0; i < 100; i++) seen.add(await t.line("RANDOMKEY"));
  assertEquals([...seen].sort(), ["a", "b", "c"]);
});

Deno.test("RANDOMKEY passes over keys whose time is over", async () => {
  await using t = await startTestServer();
  for (let i = 0; i < 50; i++) await t.line(`SET gone:${i} v PX 10`);
  await t.line("SET left v");
  t.advance(11);
  assertEquals(await t.line("RANDOMKEY"), "left");
  await t.line("DEL left");
  assertEquals([await t.line("RANDOMKEY"), await t.line("DBSIZE")], [null, 0]);
});

Deno.test("RANDOMKEY on a replica whose keys are all over answers one of them", async () => {
  await using t = await startTestServer();
  await t.line("SET a v PX 10");
  t.advance(11);
  t.server.keyspace.deletesExpired = false;
  assertEquals(await t.line("RANDOMKEY"), "a");
});
