import { assertEquals } from "@std/assert";
import { assertRefused } from "../../support/assert_refused.ts";
import { StringEncoding } from "../../../storage/entry.ts";
import { seededRandom, startTestServer, type TestServer } from "../../support/harness.ts";

const tooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

function encoding(t: TestServer, key: string): number {
  const db = t.server.keyspace.databases[0];
  return db.encoding(db.findKey(new TextEncoder().encode(key)));
}

Deno.test("APPEND makes a key, then lengthens it", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("APPEND k 12"), 2);
  assertEquals(encoding(t, "k"), StringEncoding.plain);
  assertEquals(await t.line("APPEND k 34"), 4);
  assertEquals(encoding(t, "k"), StringEncoding.raw);
  assertEquals(await t.run("APPEND", "k", ""), 4);
  assertEquals(await t.line("GET k"), "1234");
  assertEquals(t.effects().length, 3);
  assertEquals(t.events(), ["$ append k", "$ append k", "$ append k"]);
});

Deno.test("SETRANGE fills with zero bytes up to its offset", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("SETRANGE k 3 ab"), 5);
  assertEquals(encoding(t, "k"), StringEncoding.raw);
  assertEquals(await t.line("GET k"), "\0\0\0ab");
  assertEquals(await t.line("SETRANGE k 1 xyz"), 5);
  assertEquals(await t.line("GET k"), "\0xyzb");
  assertEquals(t.events(), ["$ setrange k", "$ setrange k"]);
});

Deno.test("SETRANGE with nothing changes nothing", async () => {
  await using t = await startTestServer();
  assertEquals(await t.run("SETRANGE", "k", 1_000_000_000, ""), 0);
  await t.line("SET k 123");
  assertEquals(await t.run("SETRANGE", "k", 9, ""), 3);
  assertEquals(encoding(t, "k"), StringEncoding.plain);
  assertEquals(t.effects(), ["0: SET k 123"]);
});

Deno.test("APPEND and SETRANGE stop at proto-max-bulk-len", async () => {
  await using t = await startTestServer({ "proto-max-bulk-len": "1mb" });
  const limit = 1024 * 1024;
  assertRefused(await t.run("SETRANGE", "k", limit - 1, "xx"), tooLong);
  assertRefused(await t.run("SETRANGE", "k", "9223372036854775807", "x"), tooLong);
  assertEquals(await t.run("SETRANGE", "k", limit - 1, "x"), limit);
  assertRefused(await t.run("APPEND", "k", "x"), tooLong);
  assertEquals(await t.run("APPEND", "k", ""), limit);
  assertEquals(await t.line("STRLEN k"), limit);
});

Deno.test("SETRANGE reads its offset before it looks at anything", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("SETRANGE k -1 x"), "ERR offset is out of range");
  assertRefused(
    await t.line("SETRANGE k x x"),
    "ERR value is not an integer or out of range",
  );
});

Deno.test("APPEND, SETRANGE and GETRANGE agree with operations on plain text", async () => {
  await using t = await startTestServer();
  const random = seededRandom(11);
  const below = (limit: number) => Math.floor(random() * limit);
  let text = "";
  for (let i = 0; i < 1500; i++) {
    const value = String.fromCharCode(97 + below(26)).repeat(below(60));
    const kind = below(8);
    if (kind === 0 && text.length > 3000) {
      text = value;
      await t.run("SET", "k", value);
    } else if (kind < 4) {
      text += value;
      assertEquals(await t.run("APPEND", "k", value), text.length);
    } else if (value !== "") {
      const at = below(text.length + 100);
      text = text.padEnd(at, "\0").slice(0, at) + value + text.slice(at + value.length);
      assertEquals(await t.run("SETRANGE", "k", at, value), text.length);
    }
    const from = below(text.length + 1);
    const to = from + below(50);
    assertEquals(await t.run("GETRANGE", "k", from, to), text.slice(from, to + 1));
  }
  assertEquals(await t.run("GET", "k"), text);
});

Deno.test("GETRANGE counts from both ends", async () => {
  await using t = await startTestServer();
  await t.run("SET", "k", "Hello World");
  const ranges: [number, number, string][] = [
    [0, 3, "Hell"],
    [0, -1, "Hello World"],
    [-4, -1, "orld"],
    [5, 3, ""],
    [5, 5000, " World"],
    [-5000, 10000, "Hello World"],
    [-1, -5000, ""],
    [-5000, -4000, "H"],
    [-4000, -5000, ""],
    [11, 12, ""],
  ];
  for (const [start, end, part] of ranges) {
    assertEquals(await t.run("GETRANGE", "k", start, end), part, `${start} ${end}`);
    assertEquals(await t.run("SUBSTR", "k", start, end), part, `${start} ${end}`);
  }
  assertEquals(await t.line("GETRANGE nothing 0 -1"), "");
  await t.run("SET", "empty", "");
  assertEquals(await t.line("GETRANGE empty 0 0"), "");
  assertEquals(await t.line("STRLEN nothing"), 0);
});
