import { assert, assertEquals, assertLess, assertLessOrEqual, assertThrows } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { ProtocolError } from "../../../server/resp/errors.ts";
import type { DecoderLimits } from "../../../server/resp/request_decoder.ts";
import { encodeCommand } from "../../support/raw_connection.ts";
import { decodeAll, Feeder } from "./requests.ts";

const encoder = new TextEncoder();

/** A pipeline with everything in it that may stand between two bytes. */
const PIPELINE = concat([
  encodeCommand(["SET", "key", "value"]),
  encoder.encode("*0\r\n\r\n   \r\n*-1\r\n"),
  encodeCommand(["GET", ""]),
  encoder.encode("PING\r\nSET inline \"two\\r\\nwords\\x00\"\necho 'it\\'s'  \r\n"),
  encodeCommand(["ECHO", Uint8Array.of(0, 13, 10, 36, 42, 255)]),
  encodeCommand(["DEL", ...Array.from({ length: 20 }, (_, i) => `key:${i}`)]),
  encodeCommand(["SET", "long", "x".repeat(300)]),
]);

const REQUESTS = [
  ["SET", "key", "value"],
  ["GET", ""],
  ["PING"],
  ["SET", "inline", "two\r\nwords\0"],
  ["echo", "it's"],
  ["ECHO", "\0\r\n$*\xff"],
  ["DEL", ...Array.from({ length: 20 }, (_, i) => `key:${i}`)],
  ["SET", "long", "x".repeat(300)],
];

Deno.test("RequestDecoder finds every request of a pipeline that comes at once", () => {
  assertEquals(decodeAll(PIPELINE), REQUESTS);
});

Deno.test("RequestDecoder finds the same requests wherever the bytes are split", () => {
  for (let cut = 0; cut <= PIPELINE.length; cut++) {
    const feeder = new Feeder().feed(PIPELINE.subarray(0, cut)).feed(PIPELINE.subarray(cut));
    assertEquals(feeder.requests, REQUESTS, `split at byte ${cut}`);
  }
});

Deno.test("RequestDecoder finds the same requests when they come byte by byte", () => {
  const feeder = new Feeder();
  for (const byte of PIPELINE) feeder.feed(Uint8Array.of(byte));
  assertEquals(feeder.requests, REQUESTS);
  assertEquals(feeder.decoder.pending, 0);
});

Deno.test("RequestDecoder finds requests in chunks of any size, buffer growth and shifts included", () => {
  const values = [900, 1100, 3000, 17_000, 70_000, 5].map((length, i) => String(i).repeat(length));
  const bytes = concat(values.flatMap((value) => [encodeCommand(["SET", "k", value]), PIPELINE]));
  const expected = values.flatMap((value) => [["SET", "k", value], ...REQUESTS]);
  for (const size of [7, 100, 511, 1023, 1024, 1025, 4096, 20_000]) {
    const feeder = new Feeder();
    for (let at = 0; at < bytes.length; at += size) feeder.feed(bytes.subarray(at, at + size));
    assertEquals(feeder.requests, expected, `chunks of ${size}`);
  }
});

Deno.test("RequestDecoder keeps a request in place until it is released", () => {
  const feeder = new Feeder();
  const { decoder } = feeder;
  const bytes = concat([encodeCommand(["SET", "key", "value"]), encodeCommand(["GET", "key"])]);
  decoder.room().set(bytes);
  decoder.filled(bytes.length);
  assert(decoder.next());
  // More arrives while the request waits for its turn, so much that the buffer must move.
  const more = encodeCommand(["SET", "other", "y".repeat(5000)]);
  for (let at = 0; at < more.length;) {
    const room = decoder.room();
    const part = more.subarray(at, at + room.length);
    room.set(part);
    decoder.filled(part.length);
    at += part.length;
  }
  assertEquals([0, 1, 2].map((i) => decoder.args.text(i)), ["SET", "key", "value"]);
  decoder.release();
  assert(decoder.next());
  assertEquals(decoder.args.text(0), "GET");
  decoder.release();
  assert(decoder.next());
  assertEquals(decoder.args.text(2), "y".repeat(5000));
});

Deno.test("RequestDecoder gives a request again that was not answered", () => {
  const { decoder } = new Feeder();
  const bytes = encodeCommand(["GET", "key"]);
  decoder.room().set(bytes);
  decoder.filled(bytes.length);
  assert(decoder.next());
  decoder.rereadRequest();
  assert(decoder.next());
  assertEquals([decoder.args.text(0), decoder.args.text(1)], ["GET", "key"]);
  decoder.release();
  assertEquals(decoder.next(), false);
});

Deno.test("RequestDecoder reads inline requests with the quoting of redis-cli", () => {
  assertEquals(decodeAll("set  a\t'b c'\r\n"), [["set", "a", "b c"]]);
  assertEquals(decodeAll('set a "\\x41\\n\\"" \n'), [["set", "a", 'A\n"']]);
  assertEquals(decodeAll("get à\r\n"), [["get", "\xc3\xa0"]]);
  assertEquals(decodeAll('"" x\r\n'), [["", "x"]]);
  assertEquals(decodeAll("\r\n\n \r\nPING\r\n"), [["PING"]]);
});

Deno.test("RequestDecoder accepts a long inline request whose end has come", () => {
  const word = "x".repeat(60_000);
  assertEquals(decodeAll(`ECHO ${word}\r\n`), [["ECHO", word]]);
});

Deno.test("RequestDecoder reads lengths of the full 64 bits before it judges them", () => {
  assertEquals(decodeAll("*-9223372036854775808\r\nPING\r\n"), [["PING"]]);
  assertEquals(protocolError("*9223372036854775808\r\n"), "invalid multibulk length");
});

/** The protocol error that some bytes lead to, undefined if none. */
function protocolError(bytes: string, limits?: Partial<DecoderLimits>): string | undefined {
  const feeder = new Feeder(limits);
  try {
    feeder.feed(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message;
  }
  return undefined;
}

for (
  const [what, bytes, text] of [
    ["a count that is no number", "*3x\r\n", "invalid multibulk length"],
    ["an empty count", "*\r\n", "invalid multibulk length"],
    ["a count with a plus sign", "*+1\r\n", "invalid multibulk length"],
    ["a count with leading zeros", "*01\r\n", "invalid multibulk length"],
    ["a count beyond 32 bits", "*2147483648\r\n", "invalid multibulk length"],
    ["a count line without end", "*" + "1".repeat(70_000), "too big mbulk count string"],
    ["something else than a bulk", "*1\r\nfoo\r\n", "expected '$', got 'f'"],
    ["an array in an array", "*2\r\n*1\r\n", "expected '$', got '*'"],
    ["a length that is no number", "*1\r\n$x\r\n", "invalid bulk length"],
    ["an empty length", "*1\r\n$\r\n", "invalid bulk length"],
    ["a negative length", "*1\r\n$-1\r\n", "invalid bulk length"],
    ["a length of minus zero", "*1\r\n$-0\r\n", "invalid bulk length"],
    ["a length above proto-max-bulk-len", "*1\r\n$536870913\r\n", "invalid bulk length"],
    ["a length beyond 64 bits", "*1\r\n$99999999999999999999\r\n", "invalid bulk length"],
    ["a length line without end", "*1\r\n$" + "1".repeat(70_000), "too big bulk count string"],
    [
      "an endless line in place of a bulk",
      "*1\r\n" + "a".repeat(70_000),
      "too big bulk count string",
    ],
    ["an inline request without end", "x".repeat(70_000), "too big inline request"],
    ["an unclosed double quote", 'set "a b\r\n', "unbalanced quotes in request"],
    ["an unclosed single quote", "set 'a b\r\n", "unbalanced quotes in request"],
    ["a quote that ends within a word", 'set "a"b\r\n', "unbalanced quotes in request"],
  ] as const
) {
  Deno.test(`RequestDecoder refuses ${what}`, () => {
    assertEquals(protocolError(bytes), text);
  });
}

Deno.test("RequestDecoder judges a line only when it is whole", () => {
  assertEquals(protocolError("*1\r\nfoo"), undefined);
  assertEquals(protocolError("*1\r\n$x"), undefined);
  assertEquals(protocolError("*x"), undefined);
  assertEquals(protocolError("*x\r"), undefined);
});

Deno.test("RequestDecoder keeps to proto-max-bulk-len at the header already", () => {
  assertEquals(protocolError("*1\r\n$1024\r\n", { maxBulkLength: 1024 }), undefined);
  assertEquals(protocolError("*1\r\n$1025\r\n", { maxBulkLength: 1024 }), "invalid bulk length");
});

Deno.test("RequestDecoder reads only small requests of a client that has not logged in", () => {
  const restricted = { restricted: true };
  assertEquals(protocolError("*10\r\n", restricted), undefined);
  assertEquals(protocolError("*11\r\n", restricted), "unauthenticated multibulk length");
  assertEquals(protocolError("*1\r\n$16384\r\n", restricted), undefined);
  assertEquals(protocolError("*1\r\n$16385\r\n", restricted), "unauthenticated bulk length");
});

Deno.test("RequestDecoder answers the requests before a protocol error first", () => {
  const feeder = new Feeder();
  assertThrows(() => feeder.feed("PING\r\n*1\r\n$1\r\nx\r\n*1\r\n:1\r\n"), ProtocolError);
  assertEquals(feeder.requests, [["PING"], ["x"]]);
});

Deno.test("RequestDecoder takes no memory for what is only announced", () => {
  const feeder = new Feeder().feed("*2000000000\r\n$536870912\r\nabc");
  assertLessOrEqual(feeder.decoder.capacity, 16 * 1024);
});

Deno.test("RequestDecoder grows with an argument and not far beyond it", () => {
  const feeder = new Feeder().feed(encodeCommand(["SET", "k", "x".repeat(5_000_000)]));
  assertEquals(feeder.requests[0][2].length, 5_000_000);
  assertLess(feeder.decoder.capacity, 6_000_000);
});

Deno.test("RequestDecoder gives memory back when a connection idles again", () => {
  const feeder = new Feeder();
  feeder.feed(encodeCommand(["SET", "k", "x".repeat(5_000_000)]));
  feeder.feed(encodeCommand(["DEL", ...Array.from({ length: 10_000 }, (_, i) => String(i))]));
  for (let i = 0; i < 10; i++) feeder.feed(encodeCommand(["PING"]));
  assertLessOrEqual(feeder.decoder.capacity, 1024);
  assertLessOrEqual(feeder.decoder.args.off.length, 256);
});

Deno.test("RequestDecoder takes up no memory for bytes that are discarded", () => {
  const feeder = new Feeder();
  for (let i = 0; i < 1000; i++) {
    feeder.feed("*2\r\n$3\r\nGET\r\n$1000000\r\n" + "x".repeat(500));
    feeder.decoder.discard();
  }
  assertEquals(feeder.decoder.pending, 0);
  assertLessOrEqual(feeder.decoder.capacity, 2048);
  assertEquals(feeder.feed("PING\r\n").requests, [["PING"]]);
});
