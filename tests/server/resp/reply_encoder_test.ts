import { decodeLatin1, encodeLatin1 } from "../../../server/resp/args.ts";
import type { Reply } from "../../../server/resp/reply.ts";
import { ReplyEncoder, writeDigits } from "../../../server/resp/reply_encoder.ts";
import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";

/** What a reply looks like in one protocol, each byte one character. */
function encode(protocol: 2 | 3, write: (reply: ReplyEncoder) => void): string {
  const reply = new ReplyEncoder(protocol, 32);
  write(reply);
  return decodeLatin1(reply.bytes());
}

const BINARY = Uint8Array.of(0, 13, 10, 255);

for (
  const [what, write, resp2, resp3] of [
    ["OK", (r) => r.ok(), "+OK\r\n", "+OK\r\n"],
    ["a status", (r) => r.simple("PONG"), "+PONG\r\n", "+PONG\r\n"],
    ["a status beyond ASCII", (r) => r.simple("aé"), "+a\xc3\xa9\r\n", "+a\xc3\xa9\r\n"],
    ["an error", (r) => r.error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"],
    [
      "an error of two lines as one",
      (r) => r.error("ERR a\r\nb"),
      "-ERR a  b\r\n",
      "-ERR a  b\r\n",
    ],
    [
      "an error without the line breaks at its end",
      (r) => r.error("ERR a\nb\r\n\n"),
      "-ERR a b\r\n",
      "-ERR a b\r\n",
    ],
    [
      "an error that quotes bytes",
      (r) => r.error("ERR \xff\xe9"),
      "-ERR \xff\xe9\r\n",
      "-ERR \xff\xe9\r\n",
    ],
    ["a small integer", (r) => r.int(7), ":7\r\n", ":7\r\n"],
    ["an integer of two digits", (r) => r.int(42), ":42\r\n", ":42\r\n"],
    ["a negative integer", (r) => r.int(-1), ":-1\r\n", ":-1\r\n"],
    [
      "-(2^53 - 1)",
      (r) => r.int(-9007199254740991),
      ":-9007199254740991\r\n",
      ":-9007199254740991\r\n",
    ],
    ["minus zero as zero", (r) => r.int(-0), ":0\r\n", ":0\r\n"],
    ["2^53 - 1", (r) => r.int(9007199254740991), ":9007199254740991\r\n", ":9007199254740991\r\n"],
    [
      "2^63 - 1",
      (r) => r.int(2n ** 63n - 1n),
      ":9223372036854775807\r\n",
      ":9223372036854775807\r\n",
    ],
    ["a text", (r) => r.bulk("foo"), "$3\r\nfoo\r\n", "$3\r\nfoo\r\n"],
    ["an empty text", (r) => r.bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"],
    [
      "a text beyond ASCII",
      (r) => r.bulk("ab é"),
      "$5\r\nab \xc3\xa9\r\n",
      "$5\r\nab \xc3\xa9\r\n",
    ],
    ["bytes", (r) => r.bulk(BINARY), "$4\r\n\0\r\n\xff\r\n", "$4\r\n\0\r\n\xff\r\n"],
    [
      "part of a buffer",
      (r) => r.bulkAt(encodeLatin1("abcdef"), 2, 3),
      "$3\r\ncde\r\n",
      "$3\r\ncde\r\n",
    ],
    ["null", (r) => r.null(), "$-1\r\n", "_\r\n"],
    ["the null array", (r) => r.nullArray(), "*-1\r\n", "_\r\n"],
    ["true", (r) => r.bool(true), ":1\r\n", "#t\r\n"],
    ["false", (r) => r.bool(false), ":0\r\n", "#f\r\n"],
    ["a double", (r) => r.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
    ["an infinite double", (r) => r.double(-Infinity), "$4\r\n-inf\r\n", ",-inf\r\n"],
    ["a whole double", (r) => r.double(3), "$1\r\n3\r\n", ",3\r\n"],
    ["zero below zero", (r) => r.double(-0), "$2\r\n-0\r\n", ",-0\r\n"],
    ["a double of 9 digits", (r) => r.double(999999999), "$9\r\n999999999\r\n", ",999999999\r\n"],
    ["one of 10", (r) => r.double(2147483647), "$10\r\n2147483647\r\n", ",2147483647\r\n"],
    ["one of 32 bits", (r) => r.double(2147483648), "$10\r\n2147483648\r\n", ",2147483648\r\n"],
    ["a double with digits", (r) => r.double(3, "3.0"), "$3\r\n3.0\r\n", ",3.0\r\n"],
    [
      "a big number",
      (r) => r.bigNumber("-12345678901234567890"),
      "$21\r\n-12345678901234567890\r\n",
      "(-12345678901234567890\r\n",
    ],
    [
      "a verbatim text",
      (r) => r.verbatim("txt", "a é"),
      "$4\r\na \xc3\xa9\r\n",
      "=8\r\ntxt:a \xc3\xa9\r\n",
    ],
    [
      "verbatim bytes",
      (r) => r.verbatim("mkd", BINARY),
      "$4\r\n\0\r\n\xff\r\n",
      "=8\r\nmkd:\0\r\n\xff\r\n",
    ],
    ["an empty array", (r) => r.array(0), "*0\r\n", "*0\r\n"],
    ["the head of a long array", (r) => r.array(1234567), "*1234567\r\n", "*1234567\r\n"],
    ["a map", (r) => r.map(5), "*10\r\n", "%5\r\n"],
    ["a set", (r) => r.set(2), "*2\r\n", "~2\r\n"],
    ["a push", (r) => r.push(3), "*3\r\n", ">3\r\n"],
  ] as [string, (reply: Reply) => void, string, string][]
) {
  Deno.test(`ReplyEncoder writes ${what}`, () => {
    assertEquals(encode(2, write), resp2);
    assertEquals(encode(3, write), resp3);
  });
}

Deno.test("ReplyEncoder writes texts and bytes of every length around its thresholds", () => {
  for (const length of [47, 48, 49, 95, 96, 97, 5000]) {
    const text = "x".repeat(length);
    assertEquals(encode(2, (reply) => reply.bulk(text)), `$${length}\r\n${text}\r\n`);
    assertEquals(
      encode(3, (reply) => reply.bulk(encodeLatin1(text))),
      `$${length}\r\n${text}\r\n`,
    );
    const accented = "x".repeat(length - 1) + "é";
    assertEquals(
      encode(2, (reply) => reply.bulk(accented)),
      `$${length + 1}\r\n${"x".repeat(length - 1)}\xc3\xa9\r\n`,
    );
  }
});

Deno.test("ReplyEncoder closes an aggregate whose size was not known", () => {
  const write = (kind: "array" | "map" | "set", length: number) => (reply: ReplyEncoder) => {
    reply.ok();
    const mark = reply.open();
    for (let i = 0; i < length * (kind === "map" ? 2 : 1); i++) reply.int(i);
    reply.close(mark, kind, length);
    reply.ok();
  };
  assertEquals(encode(2, write("array", 2)), "+OK\r\n*2\r\n:0\r\n:1\r\n+OK\r\n");
  assertEquals(encode(2, write("map", 1)), "+OK\r\n*2\r\n:0\r\n:1\r\n+OK\r\n");
  assertEquals(encode(3, write("map", 1)), "+OK\r\n%1\r\n:0\r\n:1\r\n+OK\r\n");
  assertEquals(encode(3, write("set", 1)), "+OK\r\n~1\r\n:0\r\n+OK\r\n");
  assertEquals(encode(3, write("array", 0)), "+OK\r\n*0\r\n+OK\r\n");
  const many = Array.from({ length: 1000 }, (_, i) => `:${i}\r\n`).join("");
  assertEquals(encode(3, write("array", 1000)), `+OK\r\n*1000\r\n${many}+OK\r\n`);
});

Deno.test("ReplyEncoder closes aggregates within aggregates", () => {
  const text = encode(2, (reply) => {
    const outer = reply.open();
    const inner = reply.open();
    reply.int(1);
    reply.close(inner, "array", 1);
    reply.int(2);
    reply.close(outer, "array", 2);
  });
  assertEquals(text, "*2\r\n*1\r\n:1\r\n:2\r\n");
});

Deno.test("ReplyEncoder forgets what was written after a mark", () => {
  const text = encode(2, (reply) => {
    reply.ok();
    const mark = reply.length;
    reply.bulk("silenced");
    reply.truncate(mark);
    reply.int(1);
  });
  assertEquals(text, "+OK\r\n:1\r\n");
});

Deno.test("ReplyEncoder passes encoded bytes through", () => {
  assertEquals(encode(2, (reply) => reply.raw(encodeLatin1("+a\r\n+b\r\n"))), "+a\r\n+b\r\n");
});

Deno.test("ReplyEncoder grows in few steps, however large the reply", () => {
  const reply = new ReplyEncoder();
  const part = new Uint8Array(1_000_000);
  let steps = 0;
  let capacity = reply.capacity;
  while (reply.length < 150_000_000) {
    reply.bulkAt(part, 0, part.length);
    if (reply.capacity !== capacity) steps++;
    capacity = reply.capacity;
  }
  assertLess(steps, 20);
  assertLess(reply.capacity, reply.length * 1.3);
  assertGreaterOrEqual(reply.capacity, reply.length);
});

Deno.test("writeDigits writes every size of integer", () => {
  const buf = new Uint8Array(20);
  for (let power = 1; power < 1e16; power *= 10) {
    for (const value of [power - 1, power, power + 1, power * 7]) {
      if (value > Number.MAX_SAFE_INTEGER) continue;
      const end = writeDigits(buf, 2, value);
      assertEquals(decodeLatin1(buf.subarray(2, end)), String(value));
    }
  }
});
