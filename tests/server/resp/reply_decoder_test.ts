/**
 * The decoder of replies: every type, split at every byte, and what it refuses.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import { ProtocolError } from "../../../server/resp/errors.ts";
import { type ReplyBuilder, ReplyDecoder } from "../../../server/resp/reply_decoder.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Spells a reply out, so that one assertion shows all of it. */
const spelling: ReplyBuilder<string> = {
  simple: (bytes) => `+${text(bytes)}`,
  error: (bytes) => `-${text(bytes)}`,
  int: (value) => `${typeof value}:${value}`,
  bulk: (bytes) => JSON.stringify(text(bytes)),
  null: () => "null",
  bool: (value) => String(value),
  double: (digits) => `double:${digits}`,
  bigNumber: (digits) => `big:${digits}`,
  verbatim: (format, bytes) => `${format}:${text(bytes)}`,
  array: (items) => `[${items.join(" ")}]`,
  map: (pairs) => `{${pairs.join(" ")}}`,
  set: (items) => `~{${items.join(" ")}}`,
  push: (items) => `>[${items.join(" ")}]`,
  attributed: (value, pairs) => `|{${pairs.join(" ")}}${value}`,
};

/** Feeds parts one by one; answers everything that came out. */
function decode(parts: readonly string[], options?: { maxDepth?: number }): string[] {
  const decoder = new ReplyDecoder(spelling, options);
  const replies: string[] = [];
  for (const part of parts) {
    decoder.feed(encodeLatin1(part));
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
      replies.push(reply);
    }
  }
  return replies;
}

const EXAMPLES: readonly [wire: string, spelled: string][] = [
  ["+OK\r\n", "+OK"],
  ["+\r\n", "+"],
  ["-ERR no such key\r\n", "-ERR no such key"],
  [":0\r\n", "number:0"],
  [":-42\r\n", "number:-42"],
  [":9007199254740991\r\n", "number:9007199254740991"],
  [":9223372036854775807\r\n", "bigint:9223372036854775807"],
  ["$5\r\nhello\r\n", '"hello"'],
  ["$0\r\n\r\n", '""'],
  ["$4\r\na\r\nb\r\n", '"a\\r\\nb"'],
  ["$-1\r\n", "null"],
  ["*-1\r\n", "null"],
  ["*0\r\n", "[]"],
  ["*2\r\n$1\r\na\r\n:1\r\n", '["a" number:1]'],
  ["*2\r\n*1\r\n*0\r\n*1\r\n$-1\r\n", "[[[]] [null]]"],
  ["_\r\n", "null"],
  ["#t\r\n", "true"],
  ["#f\r\n", "false"],
  [",1.5\r\n", "double:1.5"],
  [",-inf\r\n", "double:-inf"],
  [
    "(3492890328409238509324850943850943825024385\r\n",
    "big:3492890328409238509324850943850943825024385",
  ],
  ["!8\r\nERR a\r\nb\r\n", "-ERR a\r\nb"],
  ["=8\r\ntxt:text\r\n", "txt:text"],
  ["=4\r\nmkd:\r\n", "mkd:"],
  ["%0\r\n", "{}"],
  ["%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", "{+a number:1 +b [number:2]}"],
  ["~2\r\n+a\r\n+b\r\n", "~{+a +b}"],
  [">2\r\n+invalidate\r\n*1\r\n+k\r\n", ">[+invalidate [+k]]"],
  ["|1\r\n+ttl\r\n:9\r\n+value\r\n", "|{+ttl number:9}+value"],
  ["|1\r\n+ttl\r\n:9\r\n*1\r\n:1\r\n", "|{+ttl number:9}[number:1]"],
  ["*2\r\n:1\r\n|1\r\n+a\r\n:2\r\n:3\r\n", "[number:1 |{+a number:2}number:3]"],
  ["|0\r\n+bare\r\n", "+bare"],
];

Deno.test("ReplyDecoder decodes every type of RESP2 and RESP3", () => {
  for (const [wire, spelled] of EXAMPLES) assertEquals(decode([wire]), [spelled], wire);
});

Deno.test("ReplyDecoder continues a reply that is split at any byte", () => {
  for (const [wire, spelled] of EXAMPLES) {
    for (let cut = 1; cut < wire.length; cut++) {
      assertEquals(decode([wire.slice(0, cut), wire.slice(cut)]), [spelled], `${wire} at ${cut}`);
    }
  }
});

Deno.test("ReplyDecoder decodes a stream that comes byte by byte", () => {
  const wire = EXAMPLES.map(([bytes]) => bytes).join("");
  assertEquals(decode(wire.split("")), EXAMPLES.map(([, spelled]) => spelled));
});

Deno.test("ReplyDecoder decodes many replies of one read", () => {
  const wire = EXAMPLES.map(([bytes]) => bytes).join("").repeat(500);
  assertEquals(decode([wire]).length, EXAMPLES.length * 500);
});

Deno.test("ReplyDecoder decodes a string far larger than its buffer, and what follows", () => {
  const large = "x".repeat(1_000_000);
  const wire = `:1\r\n$${large.length}\r\n${large}\r\n:2\r\n`;
  for (const size of [1000, 65_537, wire.length]) {
    const parts: string[] = [];
    for (let at = 0; at < wire.length; at += size) parts.push(wire.slice(at, at + size));
    assertEquals(decode(parts), ["number:1", `"${large}"`, "number:2"]);
  }
});

Deno.test("ReplyDecoder says which replies were pushed", () => {
  const decoder = new ReplyDecoder(spelling);
  decoder.feed(encodeLatin1(">1\r\n+a\r\n*1\r\n+b\r\n+c\r\n>0\r\n"));
  const seen: [string | undefined, boolean][] = [];
  for (let i = 0; i < 5; i++) {
    const reply = decoder.next();
    seen.push([reply, decoder.pushed]);
  }
  assertEquals(seen, [
    [">[+a]", true],
    ["[+b]", false],
    ["+c", false],
    [">[]", true],
    [undefined, false],
  ]);
});

Deno.test("ReplyDecoder refuses bytes that are no reply", () => {
  const broken = [
    "what\r\n",
    "\r\n",
    "+a\rb\r\n",
    ":\r\n",
    ":1.5\r\n",
    ":9223372036854775808\r\n",
    "$x\r\n",
    "$-2\r\n",
    "*99999999999\r\n",
    "$3\r\nabcde\r\n",
    "#x\r\n",
    "#tt\r\n",
    "=3\r\ntxt\r\n",
    "*1\r\n>1\r\n+a\r\n",
    "$?\r\n",
  ];
  for (const wire of broken) assertThrows(() => decode([wire]), ProtocolError, undefined, wire);
});

Deno.test("ReplyDecoder refuses replies nested deeper than its limit", () => {
  assertEquals(decode(["*1\r\n".repeat(3) + ":1\r\n"], { maxDepth: 3 }), ["[[[number:1]]]"]);
  assertThrows(() => decode(["*1\r\n".repeat(4)], { maxDepth: 3 }), ProtocolError, "3 deep");
  assertThrows(() => decode(["*1\r\n".repeat(100_000)]), ProtocolError, "deep");
});

Deno.test("ReplyDecoder takes no memory for elements that are only announced", () => {
  assertEquals(decode(["*2147483647\r\n", ":1\r\n"]), []);
});
