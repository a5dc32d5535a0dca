import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("LPUSH and RPUSH put elements at their ends one after the other", async () => {
  await using t = await startTestServer();
  assertEquals(await t.run("LPUSH", "l", "a", "b", "c"), 3);
  assertEquals(await t.run("RPUSH", "l", "d", "e"), 5);
  assertEquals(await t.run("LPUSH", "l", "f"), 6);
  assertEquals(await t.line("LRANGE l 0 -1"), ["f", "c", "b", "a", "d", "e"]);
  assertEquals(await t.run("LLEN", "l"), 6);
});

Deno.test("Lists keep any bytes, and integers as they were written", async () => {
  await using t = await startTestServer();
  const elements = [
    "",
    "\0\xff\r\n",
    "0",
    "-1",
    "007",
    "-0",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "1e3",
    "x".repeat(70),
    "y".repeat(5000),
    "z".repeat(20_000),
  ];
  const bytes = elements.map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0)));
  await t.run("RPUSH", "small", ...bytes.slice(0, -2));
  await t.run("RPUSH", "large", ...bytes);
  assertEquals(await t.line("LRANGE small 0 -1"), elements.slice(0, -2));
  assertEquals(await t.line("LRANGE large 0 -1"), elements);
  assertEquals(await t.line("OBJECT ENCODING small"), "listpack");
  assertEquals(await t.line("OBJECT ENCODING large"), "quicklist");
});

Deno.test("LPUSHX and RPUSHX make no list", async () => {
  await using t = await startTestServer();
  assertEquals(await t.run("LPUSHX", "l", "a"), 0);
  assertEquals(await t.run("RPUSHX", "l", "a"), 0);
  assertEquals(await t.run("EXISTS", "l"), 0);
  assertEquals(t.effects(), []);
  await t.run("RPUSH", "l", "m");
  assertEquals(await t.run("LPUSHX", "l", "a", "b"), 3);
  assertEquals(await t.run("RPUSHX", "l", "y", "z"), 5);
  assertEquals(await t.line("LRANGE l 0 -1"), ["b", "a", "m", "y", "z"]);
});

Deno.test("LPOP and RPOP take one element, or as many as asked", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH l a b c d e f");
  assertEquals(await t.line("LPOP l"), "a");
  assertEquals(await t.line("RPOP l"), "f");
  assertEquals(await t.line("LPOP l 0"), []);
  assertEquals(await t.line("LPOP l 2"), ["b", "c"]);
  assertEquals(await t.line("RPOP l 9"), ["e", "d"]);
  assertEquals(await t.line("EXISTS l"), 0);
  assertEquals(await t.line("LPOP l"), null);
  assertEquals(await t.line("LPOP l 1"), null);
});

Deno.test("LPOP refuses what is no count before it looks at the key", async () => {
  await using t = await startTestServer();
  await t.line("SET s v");
  assertRefused(await t.line("LPOP s x"), "ERR value is out of range, must be positive");
  assertRefused(await t.line("RPOP s -1"), "ERR value is out of range, must be positive");
  assertRefused(
    await t.line("RPOP s 1 2"),
    "ERR wrong number of arguments for 'rpop' command",
  );
  const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
  assertRefused(await t.line("LPOP s 0"), wrongType);
});

Deno.test("Pushes and pops emit their events, and del when the list is gone", async () => {
  await using t = await startTestServer();
  await t.line("LPUSH l a b");
  await t.line("RPUSH l c");
  await t.line("LPOP l");
  await t.line("RPOP l 2");
  assertEquals(t.events(), ["l lpush l", "l rpush l", "l lpop l", "l rpop l", "g del l"]);
  assertEquals(t.effects(), ["0: LPUSH l a b", "0: RPUSH l c", "0: LPOP l", "0: RPOP l 2"]);
});

Deno.test("LPUSH counts each element as a change", async () => {
  await using t = await startTestServer();
  const before = t.server.changes;
  await t.line("LPUSH l a b c");
  await t.line("LPOP l 2");
  assertEquals(t.server.changes - before, 5);
});

Deno.test("LMPOP takes from the first list that exists, as an LPOP or RPOP", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("LMPOP 2 a b LEFT"), null);
  await t.line("RPUSH b 1 2 3 4");
  await t.line("RPUSH c 5");
  t.effects();
  assertEquals(await t.line("LMPOP 3 a b c left"), ["b", ["1"]]);
  assertEquals(await t.line("LMPOP 3 a b c RIGHT count 2"), ["b", ["4", "3"]]);
  assertEquals(await t.line("LMPOP 3 a b c RIGHT COUNT 10"), ["b", ["2"]]);
  assertEquals(t.effects(), ["0: LPOP b 1", "0: RPOP b 2", "0: RPOP b 1"]);
});

Deno.test("LMPOP reads its arguments in Redis's order", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("LMPOP 0 l LEFT"), "ERR numkeys should be greater than 0");
  assertRefused(await t.line("LMPOP x l LEFT"), "ERR numkeys should be greater than 0");
  assertRefused(await t.line("LMPOP 2 l LEFT"), "ERR syntax error");
  assertRefused(await t.line("LMPOP 1 l UP"), "ERR syntax error");
  assertRefused(await t.line("LMPOP 1 l LEFT COUNT 0"), "ERR count should be greater than 0");
  assertRefused(await t.line("LMPOP 1 l LEFT COUNT"), "ERR syntax error");
  assertRefused(await t.line("LMPOP 1 l LEFT COUNT 1 COUNT 2"), "ERR syntax error");
});

Deno.test("A list changes its encoding as it outgrows a listpack, and when half of one is left", async () => {
  await using t = await startTestServer({ "list-max-listpack-size": 4 });
  const encoding = () => t.line("OBJECT ENCODING l");
  await t.line("RPUSH l a b c d");
  assertEquals(await encoding(), "listpack");
  await t.line("RPUSH l e");
  assertEquals(await encoding(), "quicklist");
  await t.line("LPOP l 2");
  assertEquals(await encoding(), "quicklist");
  await t.line("RPOP l");
  assertEquals(await encoding(), "listpack");
  assertEquals(await t.line("LRANGE l 0 -1"), ["c", "d"]);

  await t.line("CONFIG SET list-max-listpack-size -1");
  await t.run("RPUSH", "l", "x".repeat(4070));
  assertEquals(await encoding(), "listpack");
  await t.run("RPUSH", "l", "x".repeat(20));
  assertEquals(await encoding(), "quicklist");
  assertEquals(await t.run("RPUSH", "new", "x".repeat(5000)), 1);
  assertEquals(await t.line("OBJECT ENCODING new"), "quicklist");
});
