import { assert, assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer, type Value } from "../../support/harness.ts";

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

function sorted(reply: Value): Value[] {
  assert(Array.isArray(reply), String(reply));
  return reply.sort();
}

/** `count` words that begin with a letter. */
function words(letter: string, count: number): string {
  return Array.from({ length: count }, (_, i) => letter + i).join(" ");
}

async function encodingOf(t: TestServer, key: string): Promise<Value> {
  return await t.run("OBJECT", "ENCODING", key);
}

/** What must be the same before and after a refused command. */
async function digest(t: TestServer): Promise<Value> {
  return await t.line("DEBUG DIGEST");
}

Deno.test("SADD and SREM tell their changes, the end of the key too", async () => {
  await using t = await startTestServer();
  await t.line("SADD s a b");
  await t.line("SADD s a");
  await t.line("SREM s none");
  await t.line("SREM s a none");
  await t.line("SREM s b c");
  assertEquals(t.events(), ["s sadd s", "s srem s", "s srem s", "g del s"]);
  assertEquals(t.effects(), ["0: SADD s a b", "0: SREM s a none", "0: SREM s b c"]);
});

Deno.test("SADD counts a change for each new member", async () => {
  await using t = await startTestServer();
  const before = t.server.changes;
  await t.line("SADD s a b c a");
  assertEquals(t.server.changes - before, 3);
  await t.line("SREM s a b x");
  assertEquals(t.server.changes - before, 5);
});

Deno.test("SMOVE tells of both keys", async () => {
  await using t = await startTestServer();
  await t.line("SADD s a b");
  await t.line("SADD d b");
  t.events();
  t.effects();
  await t.line("SMOVE s d a");
  assertEquals(t.events(), ["s srem s", "s sadd d"]);
  await t.line("SMOVE s d b");
  assertEquals(t.events(), ["s srem s", "g del s"]);
  await t.line("SMOVE d d a");
  await t.line("SMOVE d s none");
  assertEquals(t.events(), []);
  assertEquals(t.effects(), ["0: SMOVE s d a", "0: SMOVE s d b"]);
});

Deno.test("SPOP leaves as SREM of what it took", async () => {
  await using t = await startTestServer();
  await t.line("SADD s a b c d e f");
  t.events();
  t.effects();
  const one = await t.line("SPOP s");
  assertEquals(t.effects(), [`0: SREM s ${one}`]);
  assertEquals(t.events(), ["s spop s"]);
  const two = await t.line("SPOP s 2") as Value[];
  assertEquals(t.effects(), [`0: SREM s ${two.join(" ")}`]);
  await t.line("SPOP s 0");
  assertEquals(t.effects(), []);
  assertEquals(t.events(), ["s spop s"]);
  await t.line("SPOP s 3");
  assertEquals(t.effects(), ["0: DEL s"]);
  assertEquals(t.events(), ["s spop s", "g del s"]);
  await t.line("SADD s a");
  t.events();
  await t.line("SPOP s");
  assertEquals(t.events(), ["s spop s", "g del s"]);
});

Deno.test("SPOP of a whole set leaves as UNLINK if such deletions are lazy", async () => {
  await using t = await startTestServer({ "lazyfree-lazy-server-del": "yes" });
  await t.line("SADD s a b");
  t.effects();
  await t.line("SPOP s 9");
  assertEquals(t.effects(), ["0: UNLINK s"]);
});

Deno.test("SPOP names at most 1024 members in one effect", async () => {
  await using t = await startTestServer();
  for (const [size, count] of [[6000, 2500], [3000, 2900]]) {
    await t.line(`SADD s ${words("w", size)}`);
    t.effects();
    const popped = await t.line(`SPOP s ${count}`) as Value[];
    const effects = t.effects().map((effect) => effect.split(" ").slice(3));
    assertEquals(effects.map((members) => members.length), [
      1024,
      1024,
      count - 2048,
    ]);
    assertEquals(effects.flat(), popped);
    await t.line("DEL s");
  }
});

Deno.test("SPOP with a count takes different members and leaves the others", async () => {
  await using t = await startTestServer();
  const kinds: Record<string, [members: string, encoding: string]> = {
    i: [Array.from({ length: 300 }, (_, i) => i * 7).join(" "), "intset"],
    p: [words("p", 100), "listpack"],
    h: [words("h", 900), "hashtable"],
  };
  for (const [key, [members, encoding]] of Object.entries(kinds)) {
    const all = members.split(" ");
    for (const part of [0.02, 0.3, 0.5, 0.84, 0.95, 0.99]) {
      await t.line(`SADD ${key} ${members}`);
      await t.line(`EXPIRE ${key} 100`);
      assertEquals(await encodingOf(t, key), encoding);
      const count = Math.floor(all.length * part);
      const popped = await t.line(`SPOP ${key} ${count}`) as Value[];
      const left = await t.line(`SMEMBERS ${key}`) as Value[];
      assertEquals(new Set(popped).size, count);
      assertEquals([...popped, ...left].sort(), all.toSorted());
      assertEquals(await t.line(`TTL ${key}`), 100);
      await t.line(`DEL ${key}`);
    }
  }
});

Deno.test("a table of which SPOP leaves few members becomes a listpack", async () => {
  await using t = await startTestServer();
  await t.line(`SADD s ${words("w", 900)}`);
  await t.line("SPOP s 700");
  assertEquals(await encodingOf(t, "s"), "hashtable");
  await t.line("SPOP s 170");
  assertEquals(await encodingOf(t, "s"), "listpack");
  assertEquals(await t.line("SCARD s"), 30);
});

Deno.test("SRANDMEMBER with a positive count answers different members", async () => {
  await using t = await startTestServer();
  await t.line(`SADD i ${Array.from({ length: 100 }, (_, i) => i).join(" ")}`);
  await t.line(`SADD p ${words("p", 100)}`);
  await t.line(`SADD h ${words("h", 700)}`);
  for (const key of ["i", "p", "h"]) {
    const all = new Set(await t.line(`SMEMBERS ${key}`) as Value[]);
    for (const count of [1, 2, 30, 33, 50, 99, 100]) {
      const members = await t.line(`SRANDMEMBER ${key} ${count}`) as Value[];
      assertEquals(members.length, count);
      assertEquals(new Set(members).size, count);
      assert(members.every((member) => all.has(member)));
    }
    const many = await t.line(`SRANDMEMBER ${key} -1000`) as Value[];
    assertEquals(many.length, 1000);
    assert(many.every((member) => all.has(member)));
  }
});

Deno.test("SRANDMEMBER refuses counts whose reply would be endless", async () => {
  await using t = await startTestServer();
  await t.line("SADD s a");
  for (const count of ["-9223372036854775807", "-1000000000"]) {
    assertRefused(await t.run("SRANDMEMBER", "s", count), "ERR value is out of range");
  }
});

Deno.test("results are stored in the encoding that Redis gives them", async () => {
  await using t = await startTestServer();
  const numbers = Array.from({ length: 300 }, (_, i) => i).join(" ");
  await t.line(`SADD i ${numbers}`);
  await t.line(`SADD h ${numbers} x`);
  assertEquals(await encodingOf(t, "h"), "hashtable");
  await t.line("SADD p 1 2 x");
  const encodings: Record<string, Value> = {
    "SINTERSTORE d h h": "hashtable",
    "SINTERSTORE d h i": "intset",
    "SINTERSTORE d p h": "listpack",
    "SINTERSTORE d p i": "intset",
    "SUNIONSTORE d i i": "intset",
    "SUNIONSTORE d i p": "hashtable",
    "SUNIONSTORE d p none": "listpack",
    "SDIFFSTORE d h p": "intset",
    "SDIFFSTORE d h i": "listpack",
  };
  for (const [line, encoding] of Object.entries(encodings)) {
    await t.line(line);
    assertEquals(await encodingOf(t, "d"), encoding, line);
  }
});

Deno.test("stored results replace what was there, or delete it", async () => {
  await using t = await startTestServer();
  await t.line("SADD a 1 2 3");
  await t.line("SADD b 2 3 4");
  await t.line("SET d string");
  await t.line("EXPIRE d 100");
  t.events();
  t.effects();
  for (
    const [line, members] of [
      ["SINTERSTORE d a b", ["2", "3"]],
      ["SUNIONSTORE d a b", ["1", "2", "3", "4"]],
      ["SDIFFSTORE d a b", ["1"]],
    ] as const
  ) {
    assertEquals(await t.line(line), members.length);
    assertEquals(sorted(await t.line("SMEMBERS d")), [...members]);
    assertEquals(await t.line("TTL d"), -1);
  }
  await t.line("SDIFFSTORE d a a");
  await t.line("SDIFFSTORE d a a");
  assertEquals(await t.line("EXISTS d"), 0);
  assertEquals(t.events(), ["s sinterstore d", "s sunionstore d", "s sdiffstore d", "g del d"]);
  assertEquals(t.effects(), [
    "0: SINTERSTORE d a b",
    "0: SUNIONSTORE d a b",
    "0: SDIFFSTORE d a b",
    "0: SDIFFSTORE d a a",
  ]);
});

Deno.test("results that nobody stores leave no memory behind", async () => {
  await using t = await startTestServer();
  await t.line(`SADD a ${words("a", 3000)}`);
  await t.line(`SADD b ${words("b", 3000)}`);
  const { keyspace } = t.server;
  const before = keyspace.usedBytes;
  const union = await t.line("SUNION a b") as Value[];
  await t.line("SDIFF b a");
  await t.line("SDIFFSTORE none a a");
  assertEquals(union.length, 6000);
  keyspace.lazyFree.drain();
  assertEquals(keyspace.usedBytes, before);
});

Deno.test("thresholds of sets are obeyed as soon as they are set", async () => {
  await using t = await startTestServer();
  await t.line("CONFIG SET set-max-listpack-value 5");
  await t.line("SADD s 123456 1");
  await t.line("SADD s a");
  assertEquals(await encodingOf(t, "s"), "hashtable");
  await t.line("SADD t abcde");
  assertEquals(await encodingOf(t, "t"), "listpack");
  await t.line("SADD t abcdef");
  assertEquals(await encodingOf(t, "t"), "hashtable");
  await t.line("CONFIG SET set-max-listpack-entries 0");
  await t.line("SADD u a");
  assertEquals(await encodingOf(t, "u"), "hashtable");
});

Deno.test("SSCAN meets every member of a large set that changes meanwhile", async () => {
  await using t = await startTestServer();
  await t.line(`SADD s ${words("w", 2000)}`);
  const seen = new Set<Value>();
  let cursor: Value = "0";
  let step = 0;
  do {
    const reply = await t.run("SSCAN", "s", String(cursor), "COUNT", 20) as Value[];
    cursor = reply[0];
    for (const member of reply[1] as Value[]) seen.add(member);
    await t.line(`SADD s ${words(`new${step++}-`, 30)}`);
  } while (cursor !== "0");
  for (const word of words("w", 2000).split(" ")) assert(seen.has(word), word);
});

Deno.test("RESP3 answers sets as sets, draws as arrays", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  await t.line("SADD s 1 2");
  const both = new Set(["1", "2"]);
  for (const line of ["SMEMBERS s", "SINTER s s", "SUNION s", "SDIFF s none", "SPOP s 2"]) {
    assertEquals(await t.line(line), both, line);
  }
  assertEquals(await t.line("SMEMBERS s"), new Set());
  assertEquals(await t.line("SPOP s 1"), new Set());
  assertEquals(await t.line("SRANDMEMBER s 1"), []);
  assertEquals(await t.line("SRANDMEMBER s"), null);
});

Deno.test("refused set commands change nothing", async () => {
  await using t = await startTestServer();
  await t.line("SADD s a b");
  await t.line("SET str x");
  const before = await digest(t);
  const wrong = [
    ..."SADD str a,SREM str a,SMOVE str s a,SMOVE s str a,SISMEMBER str a,SMISMEMBER str a".split(
      ",",
    ),
    ..."SCARD str,SMEMBERS str,SPOP str,SPOP str 1,SRANDMEMBER str,SRANDMEMBER str 2".split(","),
    ..."SINTER s str,SINTERSTORE d s str,SINTERCARD 2 s str,SUNION s str,SDIFF s str".split(","),
    ..."SUNIONSTORE d s str,SDIFFSTORE s s str,SSCAN str 0,SINTER none str".split(","),
  ];
  for (const line of wrong) assertRefused(await t.line(line), WRONG_TYPE, line);
  assertEquals(await digest(t), before);
  assertEquals(t.events().length, 2);
});
