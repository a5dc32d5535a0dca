import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Args, decodeLatin1, encodeLatin1, parseDouble } from "../../../server/resp/args.ts";
import { ReplyError } from "../../../server/resp/errors.ts";
import { texts } from "./requests.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test("Args holds copies of the arguments it is made of", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const args = Args.of("SET", bytes, "");
  bytes[0] = 9;
  assertEquals(args.count, 3);
  assertEquals(args.bytes(1), Uint8Array.of(1, 2, 3));
  assertEquals(args.text(2), "");
});

Deno.test("Args takes more arguments than it had room for", () => {
  const words = Array.from({ length: 1000 }, (_, i) => `word${i}`);
  assertEquals(texts(Args.of(...words)), words);
  const args = new Args(ALL_BYTES);
  for (let i = 0; i < 256; i++) args.push(i, 1);
  assertEquals(args.bytes(255), Uint8Array.of(255));
});

Deno.test("Args.view shares the buffer, Args.bytes and Args.detach do not", () => {
  const args = Args.of("GET", "key");
  const view = args.view(1);
  const copy = args.bytes(1);
  const detached = args.detach();
  args.buf.fill(120);
  assertEquals(decodeLatin1(view), "xxx");
  assertEquals(decodeLatin1(copy), "key");
  assertEquals(texts(detached), ["GET", "key"]);
});

Deno.test("Args.detach keeps only the bytes of its arguments", () => {
  const args = new Args(new Uint8Array(10_000).fill(65));
  args.push(5000, 3);
  args.push(10, 0);
  const copy = args.detach();
  assertEquals(copy.buf.length, 3);
  assertEquals(texts(copy), ["AAA", ""]);
});

Deno.test("Args.trim forgets the arguments and the room of many", () => {
  const args = Args.of(...Array.from({ length: 5000 }, String));
  args.trim();
  assertEquals(args.count, 0);
  assert(args.off.length < 100);
});

Deno.test("Args.binary keeps every byte, whatever the length", () => {
  for (const length of [0, 1, 24, 25, 256]) {
    const bytes = ALL_BYTES.subarray(256 - length);
    assertEquals(encodeLatin1(Args.of(bytes).binary(0)), bytes);
  }
});

Deno.test("Args.text decodes UTF-8 and survives broken bytes", () => {
  assertEquals(Args.of("grüß").text(0), "grüß");
  assertEquals(Args.of(Uint8Array.of(0xff, 0x41)).text(0), "\ufffdA");
});

Deno.test("Args.is compares words without regard to case", () => {
  const args = Args.of("set", "nX", "NXX", "@", "`");
  assert(args.is(0, "SET"));
  assert(args.is(1, "NX"));
  assert(!args.is(2, "NX"));
  assert(!args.is(4, "@"));
  assert(!args.is(5, "NX"), "an argument that is not there");
});

Deno.test("Args.same compares bytes", () => {
  const args = Args.of("key", "key", "kez", "ke");
  assert(args.same(0, 1));
  assert(!args.same(0, 2));
  assert(!args.same(0, 3));
});

Deno.test("Args.int reads 64-bit integers and refuses the rest in Redis's words", () => {
  const args = Args.of("12", "-9223372036854775808", "9223372036854775808", "1.5", "");
  assertEquals(args.int(0), 12);
  assertEquals(args.int(1), -(2 ** 63));
  for (const i of [2, 3, 4]) {
    assertThrows(() => args.int(i), ReplyError, "ERR value is not an integer or out of range");
  }
  assertThrows(
    () => args.int(3, "ERR timeout is not an integer"),
    ReplyError,
    "ERR timeout is not",
  );
});

Deno.test("Args.bigint loses no digit", () => {
  assertEquals(Args.of("9007199254740993").bigint(0), 9007199254740993n);
  assertThrows(() => Args.of("9223372036854775808").bigint(0), ReplyError);
});

Deno.test("Args.safeInt never throws", () => {
  assertEquals(Args.of("-42").safeInt(0), -42);
  assert(Number.isNaN(Args.of("x").safeInt(0)));
});

Deno.test("Args.intBetween names the bounds in its refusal", () => {
  const args = Args.of("-1", "5");
  assertEquals(args.intBetween(1, 0, 5), 5);
  assertThrows(
    () => args.intBetween(0, 0, 5),
    ReplyError,
    "ERR value is out of range, must be positive",
  );
  assertThrows(
    () => args.intBetween(0, 1, 5),
    ReplyError,
    "ERR value is out of range, value must between 1 and 5",
  );
});

Deno.test("parseDouble reads what strtod reads", () => {
  for (
    const [text, value] of [
      ["1", 1],
      ["-1.5", -1.5],
      ["+.5", 0.5],
      ["1.", 1],
      ["1e3", 1000],
      ["1E-3", 0.001],
      ["007", 7],
      ["inf", Infinity],
      ["-INF", -Infinity],
      ["+Infinity", Infinity],
      ["0x10", 16],
      ["-0x.8p1", -1],
      ["0x1p-2", 0.25],
      ["0e99999", 0],
      ["-0", -0],
      ["5e-324", 5e-324],
    ] as const
  ) assertEquals(parseDouble(text), value, text);
});

Deno.test("parseDouble refuses what Redis refuses", () => {
  const refused = [
    "",
    " 1",
    "1 ",
    "1x",
    ".",
    "e5",
    "1e",
    "0x",
    "0xp1",
    "nan",
    "-nan",
    "1,5",
    "--1",
    "1\0",
  ];
  for (const text of refused) assertEquals(parseDouble(text), undefined, text);
});

Deno.test("parseDouble refuses what a double cannot hold", () => {
  for (const text of ["1e400", "-1e400", "1e-400", "-1e-400", "0x1p5000", "0x1p-5000"]) {
    assertEquals(parseDouble(text), undefined, text);
  }
});

Deno.test("Args.float refuses in Redis's words", () => {
  assertEquals(Args.of("2.5").float(0), 2.5);
  assertThrows(() => Args.of("x").float(0), ReplyError, "ERR value is not a valid float");
  assertThrows(() => Args.of("x").float(0, "ERR min or max is not a float"), ReplyError, "ERR min");
});

Deno.test("decodeLatin1 and encodeLatin1 keep every byte, of long arrays too", () => {
  const long = new Uint8Array(10_000).map((_, i) => i);
  assertEquals(encodeLatin1(decodeLatin1(long)), long);
  assertNotEquals(decodeLatin1(Uint8Array.of(0x80)), "€");
});
