import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { replyKind, ReplySplitter, showBytes, unorderedReply } from "./reply_bytes.ts";

const REPLIES = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-12\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "$0\r\n\r\n",
  "$6\r\na\r\n$1b\r\n",
  "*0\r\n",
  "*2\r\n*2\r\n:1\r\n$1\r\nx\r\n*1\r\n+a\r\n",
  "_\r\n",
  "#t\r\n",
  ",1.5\r\n",
  "(12345678901234567890\r\n",
  "=7\r\ntxt:abc\r\n",
  "!5\r\nERR x\r\n",
  "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
  "~2\r\n+a\r\n+b\r\n",
  "|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
  ">2\r\n+message\r\n+x\r\n",
];

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("ReplySplitter finds the end of every kind of reply when bytes come one by one", () => {
  const splitter = new ReplySplitter();
  const found: string[] = [];
  for (const byte of bytes(REPLIES.join(""))) {
    splitter.push(Uint8Array.of(byte));
    for (let reply; (reply = splitter.take());) found.push(new TextDecoder().decode(reply));
  }
  assertEquals(found, REPLIES);
});

Deno.test("ReplySplitter separates replies that come together", () => {
  const splitter = new ReplySplitter();
  const many = REPLIES.concat("$10000\r\n" + "x".repeat(10000) + "\r\n", REPLIES);
  splitter.push(bytes(many.join("")));
  for (const reply of many) assertEquals(splitter.take(), bytes(reply));
  assertEquals(splitter.take(), undefined);
});

Deno.test("ReplySplitter throws at bytes that are no reply", () => {
  for (const rubbish of ["hello\r\n", "$x\r\n", "*1.5\r\n", "\r\n"]) {
    const splitter = new ReplySplitter();
    splitter.push(bytes(rubbish));
    assertThrows(() => splitter.take());
  }
});

Deno.test("replyKind tells nothing from something", () => {
  assertEquals(["$-1\r\n", "*-1\r\n", "_\r\n"].map((r) => replyKind(bytes(r))), [
    "null",
    "null",
    "null",
  ]);
  assertEquals(["$1\r\na\r\n", ":1\r\n", "*0\r\n"].map((r) => replyKind(bytes(r))), [
    "$",
    ":",
    "*",
  ]);
});

Deno.test("unorderedReply ignores the order inside aggregates, at any depth", () => {
  const one = bytes("*2\r\n+0\r\n*2\r\n+a\r\n+b\r\n");
  const other = bytes("*2\r\n*2\r\n+b\r\n+a\r\n+0\r\n");
  assertEquals(unorderedReply(one), unorderedReply(other));
});

Deno.test("unorderedReply counts equal elements and keeps a map's pairs together", () => {
  assertNotEquals(
    unorderedReply(bytes("*3\r\n+a\r\n+a\r\n+b\r\n")),
    unorderedReply(bytes("*3\r\n+a\r\n+b\r\n+b\r\n")),
  );
  assertNotEquals(
    unorderedReply(bytes("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n")),
    unorderedReply(bytes("%2\r\n+a\r\n:2\r\n+b\r\n:1\r\n")),
  );
  assertEquals(
    unorderedReply(bytes("%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n")),
    unorderedReply(bytes("%2\r\n+b\r\n:2\r\n+a\r\n:1\r\n")),
  );
});

Deno.test("showBytes writes one printable line", () => {
  assertEquals(showBytes(Uint8Array.of(13, 10, 92, 65, 0, 255)), "\\r\\n\\\\A\\x00\\xff");
});
