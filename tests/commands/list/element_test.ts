import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

/** The same list small and large: packed, and in nodes of three elements. */
async function bothWays(check: (t: TestServer) => Promise<void>): Promise<void> {
  for (const size of [-2, 3]) {
    await using t = await startTestServer({ "list-max-listpack-size": size });
    await check(t);
  }
}

Deno.test("LINDEX counts from either end", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l a b c d e f g h");
    assertEquals(await t.line("LINDEX l 0"), "a");
    assertEquals(await t.line("LINDEX l 4"), "e");
    assertEquals(await t.line("LINDEX l -1"), "h");
    assertEquals(await t.line("LINDEX l -8"), "a");
    assertEquals(await t.line("LINDEX l 8"), null);
    assertEquals(await t.line("LINDEX l -9"), null);
    assertEquals(await t.line("LINDEX nothing x"), null);
    assertRefused(await t.line("LINDEX l x"), "ERR value is not an integer or out of range");
  });
});

Deno.test("LSET replaces one element", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l a b c d e f g h");
    t.effects();
    t.events();
    assertEquals(await t.line("LSET l 0 A"), "OK");
    assertEquals(await t.line("LSET l -1 12345678901"), "OK");
    assertEquals(await t.run("LSET", "l", "3", "long ".repeat(100)), "OK");
    assertEquals(await t.line("LSET l 3 D"), "OK");
    assertEquals(await t.line("LRANGE l 0 -1"), ["A", "b", "c", "D", "e", "f", "g", "12345678901"]);
    assertEquals(t.events(), Array(4).fill("l lset l"));
    assertRefused(await t.line("LSET l 8 x"), "ERR index out of range");
    assertRefused(await t.line("LSET l -9 x"), "ERR index out of range");
    assertRefused(await t.line("LSET nothing x x"), "ERR no such key");
    assertRefused(await t.line("LSET l x x"), "ERR value is not an integer or out of range");
    assertEquals(t.effects().length, 4);
  });
});

Deno.test("LSET of a large element makes a quicklist, and of a small one packs it again", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l a b c");
  await t.run("LSET", "l", "1", "x".repeat(9000));
  assertEquals(await t.line("OBJECT ENCODING l"), "quicklist");
  await t.line("LSET l 1 b");
  assertEquals(await t.line("OBJECT ENCODING l"), "listpack");
  assertEquals(await t.line("LRANGE l 0 -1"), ["a", "b", "c"]);
});

Deno.test("LINSERT puts an element beside the first that equals the pivot", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l a b c 5 b e f");
    t.events();
    assertEquals(await t.line("LINSERT l BEFORE a first"), 8);
    assertEquals(await t.line("LINSERT l after b x"), 9);
    assertEquals(await t.line("LINSERT l AFTER f last"), 10);
    assertEquals(await t.line("LINSERT l before 5 4"), 11);
    assertEquals(
      await t.line("LRANGE l 0 -1"),
      ["first", "a", "b", "x", "c", "4", "5", "b", "e", "f", "last"],
    );
    assertEquals(await t.line("LINSERT l AFTER z x"), -1);
    assertEquals(await t.line("LINSERT nothing AFTER z x"), 0);
    assertRefused(await t.line("LINSERT nothing BESIDE z x"), "ERR syntax error");
    assertEquals(t.events(), Array(4).fill("l linsert l"));
  });
});

Deno.test("LRANGE answers what lies between two indexes", async () => {
  await bothWays(async (t) => {
    const all = "a b c d e f g h".split(" ");
    await t.run("RPUSH", "l", ...all);
    const ranges: [from: string, to: string, expected: string[]][] = [
      ["0", "-1", all],
      ["-100", "100", all],
      ["1", "3", ["b", "c", "d"]],
      ["-3", "-2", ["f", "g"]],
      ["5", "100", ["f", "g", "h"]],
      ["3", "2", []],
      ["8", "9", []],
      ["0", "-9", []],
      ["-1", "9223372036854775807", ["h"]],
    ];
    for (const [from, to, expected] of ranges) {
      assertEquals(await t.run("LRANGE", "l", from, to), expected, `${from} ${to}`);
    }
    assertRefused(await t.line("LRANGE l 0 x"), "ERR value is not an integer or out of range");
    assertEquals(await t.line("LRANGE nothing 0 -1"), []);
  });
});

Deno.test("LTRIM keeps what lies between two indexes", async () => {
  await bothWays(async (t) => {
    const trims: [from: string, to: string, kept: string][] = [
      ["1", "3", "b c d"],
      ["0", "-1", "a b c d e f g h"],
      ["-2", "-1", "g h"],
      ["4", "100", "e f g h"],
      ["-100", "2", "a b c"],
      ["5", "3", ""],
      ["8", "9", ""],
    ];
    for (const [from, to, kept] of trims) {
      await t.line("DEL l");
      await t.line("RPUSH l a b c d e f g h");
      t.events();
      const before = t.server.changes;
      assertEquals(await t.run("LTRIM", "l", from, to), "OK");
      assertEquals(await t.line("LRANGE l 0 -1"), kept === "" ? [] : kept.split(" "));
      assertEquals(t.events(), kept === "" ? ["l ltrim l", "g del l"] : ["l ltrim l"]);
      const left = kept === "" ? 0 : kept.split(" ").length;
      assertEquals(t.server.changes - before, 8 - left);
    }
    assertEquals(await t.line("LTRIM nothing 0 1"), "OK");
  });
});

Deno.test("LREM removes from either end", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l a 1 a 2 a 3 a 4 a");
    assertEquals(await t.line("LREM l 2 a"), 2);
    assertEquals(await t.line("LRANGE l 0 -1"), ["1", "2", "a", "3", "a", "4", "a"]);
    assertEquals(await t.line("LREM l -1 a"), 1);
    assertEquals(await t.line("LRANGE l 0 -1"), ["1", "2", "a", "3", "a", "4"]);
    t.events();
    assertEquals(await t.line("LREM l 0 a"), 2);
    assertEquals(await t.line("LREM l 0 a"), 0);
    assertEquals(t.events(), ["l lrem l"]);
    for (const rest of ["1", "2", "3", "4"]) assertEquals(await t.run("LREM", "l", "0", rest), 1);
    assertEquals(t.events().at(-1), "g del l");
    assertEquals(await t.line("LREM l 0 a"), 0);
    assertRefused(await t.line("LREM l x a"), "ERR value is not an integer or out of range");
  });
});

Deno.test("LPOS tells the indexes of matches", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l a b c 1 2 3 c c");
    assertEquals(await t.line("LPOS l c"), 2);
    assertEquals(await t.line("LPOS l 3"), 5);
    assertEquals(await t.line("LPOS l z"), null);
    assertEquals(await t.line("LPOS l c RANK 2"), 6);
    assertEquals(await t.line("LPOS l c RANK -1"), 7);
    assertEquals(await t.line("LPOS l c RANK 4"), null);
    assertEquals(await t.line("LPOS l c COUNT 0"), [2, 6, 7]);
    assertEquals(await t.line("LPOS l c COUNT 2"), [2, 6]);
    assertEquals(await t.line("LPOS l c COUNT 0 RANK -2"), [6, 2]);
    assertEquals(await t.line("LPOS l c COUNT 0 MAXLEN 7"), [2, 6]);
    assertEquals(await t.line("LPOS l c COUNT 0 MAXLEN 2"), []);
    assertEquals(await t.line("LPOS l c RANK -1 COUNT 0 MAXLEN 2"), [7, 6]);
    assertEquals(await t.line("LPOS nothing c"), null);
    assertEquals(await t.line("LPOS nothing c COUNT 1"), []);
  });
});

Deno.test("LPOS refuses options in Redis's words", async () => {
  await using t = await startTestServer();
  assertRefused(
    await t.line("LPOS l a RANK 0"),
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      "or use negative to start from the end of the list",
  );
  assertRefused(
    await t.line("LPOS l a RANK -9223372036854775808"),
    "ERR value is out of range, " +
      "value must between -9223372036854775807 and 9223372036854775807",
  );
  assertRefused(await t.line("LPOS l a COUNT -1"), "ERR COUNT can't be negative");
  assertRefused(await t.line("LPOS l a MAXLEN -1"), "ERR MAXLEN can't be negative");
  assertRefused(await t.line("LPOS l a COUNT"), "ERR syntax error");
  assertRefused(await t.line("LPOS l a FIRST 1"), "ERR syntax error");
});

Deno.test("List commands refuse other types, and change nothing then", async () => {
  await using t = await startTestServer();
  await t.line("SET s v");
  await t.line("RPUSH l a");
  t.effects();
  for (
    const line of [
      "LPUSH s x",
      "RPUSHX s x",
      "LLEN s",
      "LINDEX s 0",
      "LSET s 0 x",
      "LINSERT s BEFORE a x",
      "LRANGE s 0 1",
      "LTRIM s 0 1",
      "LREM s 0 x",
      "LPOS s x",
      "LMOVE s l LEFT LEFT",
      "LMOVE l s LEFT LEFT",
      "RPOPLPUSH l s",
      "LMPOP 2 none s LEFT",
      "BLPOP s 0",
      "BLMPOP 0 1 s LEFT",
      "BLMOVE l s LEFT LEFT 0",
      "BRPOPLPUSH s l 0",
    ]
  ) assertRefused(await t.line(line), WRONG_TYPE, line);
  assertEquals(t.effects(), []);
  assertEquals(await t.line("LRANGE l 0 -1"), ["a"]);
});

Deno.test("LMOVE moves an element from any end to any end", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH src a b c d e");
    await t.line("RPUSH dst x");
    t.events();
    t.effects();
    assertEquals(await t.line("LMOVE src dst LEFT RIGHT"), "a");
    assertEquals(await t.line("LMOVE src dst right left"), "e");
    assertEquals(await t.line("RPOPLPUSH src dst"), "d");
    assertEquals(await t.line("LRANGE src 0 -1"), ["b", "c"]);
    assertEquals(await t.line("LRANGE dst 0 -1"), ["d", "e", "x", "a"]);
    assertEquals(t.events().slice(0, 4), [
      "l rpush dst",
      "l lpop src",
      "l lpush dst",
      "l rpop src",
    ]);
    await t.line("LMOVE src new LEFT LEFT");
    await t.line("LMOVE src new LEFT LEFT");
    assertEquals(t.events().slice(-3), ["l lpush new", "l lpop src", "g del src"]);
    assertEquals(await t.line("LMOVE src new LEFT LEFT"), null);
    assertEquals(await t.line("LRANGE new 0 -1"), ["c", "b"]);
  });
});

Deno.test("LMOVE turns a list, and keeps one of a single element", async () => {
  await bothWays(async (t) => {
    await t.line("RPUSH l 1 2 3 4 5");
    assertEquals(await t.line("LMOVE l l LEFT RIGHT"), "1");
    assertEquals(await t.line("RPOPLPUSH l l"), "1");
    assertEquals(await t.line("LMOVE l l LEFT LEFT"), "1");
    assertEquals(await t.line("LRANGE l 0 -1"), ["1", "2", "3", "4", "5"]);
    await t.line("RPUSH one x");
    t.events();
    const before = t.server.changes;
    assertEquals(await t.line("RPOPLPUSH one one"), "x");
    assertEquals(t.events(), ["l lpush one", "l rpop one"]);
    assertEquals(t.server.changes - before, 1);
    assertEquals(await t.line("LRANGE one 0 -1"), ["x"]);
  });
});

Deno.test("LMOVE refuses words before it looks at keys", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("LMOVE a b UP LEFT"), "ERR syntax error");
  assertRefused(await t.line("BLMOVE a b LEFT DOWN x"), "ERR syntax error");
  const notAFloat = "ERR timeout is not a float or out of range";
  assertRefused(await t.line("BLMOVE a b LEFT LEFT x"), notAFloat);
});
