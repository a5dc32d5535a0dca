import { assertEquals } from "@std/assert";
import { Type } from "../../../storage/entry.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

/** A server where `s` holds the string 5, and `l` a value that is no string. */
async function serverWithList(): Promise<TestServer> {
  const t = await startTestServer();
  await t.line("SET s 5");
  const key = new TextEncoder().encode("l");
  t.server.keyspace.databases[0].store(key, 0, 1, Type.list, key, 0, 1, -1);
  return t;
}

Deno.test("commands on strings refuse other types", async () => {
  await using t = await serverWithList();
  const commands = [
    ..."GET l,GETDEL l,GETEX l,GETEX l EX x,GETSET l x,SET l x GET,STRLEN l,APPEND l x".split(","),
    ..."GETRANGE l 0 1,SUBSTR l 0 1,SETRANGE l 0 x,INCR l,DECR l,INCRBY l 1,DECRBY l 1".split(","),
    ..."INCRBYFLOAT l 1,INCRBYFLOAT l x".split(","),
  ];
  for (const line of commands) assertRefused(await t.line(line), WRONG_TYPE, line);
  assertRefused(await t.run("SETRANGE", "l", 0, ""), WRONG_TYPE);
});

Deno.test("a bad number is refused before the type where Redis reads it first", async () => {
  await using t = await serverWithList();
  for (const line of ["INCRBY l x", "DECRBY l x", "GETRANGE l x 0", "SETRANGE l x y"]) {
    assertRefused(await t.line(line), "ERR value is not an integer or out of range", line);
  }
  assertRefused(await t.line("SET l x GET EX 0"), "ERR invalid expire time in 'set' command");
  assertRefused(await t.line("GETEX l EX"), "ERR syntax error");
});

Deno.test("MGET takes other types for absent and LCS names its own refusal", async () => {
  await using t = await serverWithList();
  assertEquals(await t.line("MGET s l"), ["5", null]);
  for (const line of ["LCS s l", "LCS l s foo"]) {
    assertRefused(await t.line(line), "ERR The specified keys must contain string values", line);
  }
});

Deno.test("SET, MSET and their like see any type as a key that exists", async () => {
  await using t = await serverWithList();
  assertEquals(await t.line("SETNX l x"), 0);
  assertEquals(await t.line("MSETNX a x l x"), 0);
  assertEquals(await t.line("SET l x NX"), null);
  assertEquals(await t.line("SET l x XX"), "OK");
  assertEquals(await t.line("GET l"), "x");
});
