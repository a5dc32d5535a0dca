import { assert, assertEquals } from "@std/assert";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";

const COUNT = 2000;
const words = Array.from({ length: COUNT }, (_, i) => `word:${i}`);

/** A large value of each type. */
const LARGE: Readonly<Record<string, readonly (string | number)[][]>> = {
  list: [["RPUSH", "k", ...words]],
  set: [["SADD", "k", ...words]],
  zset: [["ZADD", "k", ...words.flatMap((word, i) => [i, word])]],
  hash: [["HSET", "k", ...words.flatMap((word, i) => [word, i])]],
  stream: words.map((word, i) => ["XADD", "k", `${i}-1`, "word", word]),
};

const SMALL: Readonly<Record<string, readonly (string | number)[][]>> = {
  string: [["SET", "s", "text"]],
  list: [["RPUSH", "l", "a", "b"]],
  intset: [["SADD", "i", 1, 2, 3]],
  set: [["SADD", "t", "a", "b"]],
  zset: [["ZADD", "z", 1, "a", 2, "b"]],
  hash: [["HSET", "h", "a", 1], ["HSET", "f", "a", 1, "b", 2], [
    "HEXPIRE",
    "f",
    100,
    "FIELDS",
    1,
    "a",
  ]],
  stream: [
    ["XADD", "x", "1-1", "a", "1"],
    ["XGROUP", "CREATE", "x", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "x", ">"],
  ],
};

async function runAll(t: TestServer, commands: readonly (string | number)[][]): Promise<void> {
  for (const command of commands) await t.run(...command);
}

for (const [type, commands] of Object.entries(LARGE)) {
  Deno.test(`MEMORY USAGE tells about what a large ${type} takes`, async () => {
    await using t = await startTestServer();
    const { keyspace } = t.server;
    const before = keyspace.usedBytes;
    await runAll(t, commands);
    const taken = keyspace.usedBytes - before;
    for (const samples of [5, 0]) {
      const told = await t.line(`MEMORY USAGE k SAMPLES ${samples}`);
      assert(typeof told === "number");
      assert(told > taken * 0.7 && told < taken * 1.4, `${told} told, ${taken} taken`);
    }
  });
}

Deno.test("DEBUG RELOAD leaves all data as it is", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  for (const commands of Object.values(SMALL)) await runAll(t, commands);
  for (const [type, commands] of Object.entries(LARGE)) {
    await runAll(t, commands);
    await t.line(`RENAME k ${type}`);
  }
  await t.line("PEXPIRE s 5000");
  const pending = await t.line("XPENDING x g");
  await t.line("SELECT 1");
  await t.line("SET other 1");
  const digest = await t.line("DEBUG DIGEST");
  const used = t.server.keyspace.usedBytes;
  assertEquals(await t.line("DEBUG RELOAD"), "OK");
  assertEquals(await t.line("DEBUG DIGEST"), digest);
  await t.line("SELECT 0");
  assertEquals(await t.line("XPENDING x g"), pending);
  assertEquals(await t.line("PTTL s"), 5000);
  assertEquals(await t.line("HTTL f FIELDS 1 a"), [100]);
  // The old values are freed in slices.
  while (t.server.keyspace.lazyFree.run(100));
  const { usedBytes } = t.server.keyspace;
  assert(usedBytes < used * 1.1 && usedBytes > used * 0.7, `${usedBytes} bytes from ${used}`);
});

Deno.test("DEBUG RELOAD drops what has expired and obeys the present limits", async () => {
  using folder = new TemporaryFolder();
  await using t = await startTestServer({ dir: folder.path, save: "" });
  await t.line("SET gone v PX 10");
  await t.line("SADD s a b c");
  t.advance(11);
  await t.line("CONFIG SET set-max-listpack-entries 2");
  await t.line("DEBUG RELOAD");
  assertEquals(await t.line("DBSIZE"), 1);
  assertEquals(await t.line("OBJECT ENCODING s"), "hashtable");
});

Deno.test("DEBUG OBJECT tells of a quicklist's nodes", async () => {
  await using t = await startTestServer({ "list-max-listpack-size": "3" });
  await t.line("RPUSH l a b c d e f g");
  const facts = await t.line("DEBUG OBJECT l");
  assert(typeof facts === "string" && facts.includes(" encoding:quicklist "));
  assert(facts.includes(" ql_nodes:3 ql_avg_node:2.33 ql_listpack_max:3 ql_compressed:0 "));
});

Deno.test("DUMP takes the version that knows of field times only where there are some", async () => {
  await using t = await startTestServer();
  const version = async () => {
    const payload = await t.line("DUMP h");
    assert(typeof payload === "string");
    return payload.charCodeAt(payload.length - 10);
  };
  await t.line("HSET h a 1 b 2");
  assertEquals(await version(), 10);
  await t.line("HEXPIRE h 100 FIELDS 1 a");
  assertEquals(await version(), 12);
  await t.line("HPERSIST h FIELDS 1 a");
  assertEquals(await version(), 10);
});
