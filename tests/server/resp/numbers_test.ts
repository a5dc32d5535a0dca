import { assert, assertEquals } from "@std/assert";
import {
  formatDouble,
  formatFixed,
  formatPrecisely,
  parseBigInt64,
  parseInt64,
  parseSafeInteger,
  parseShortDecimal,
} from "../../../server/resp/numbers.ts";

const encoder = new TextEncoder();

/** Reads a text that lies in the middle of a larger buffer, as arguments do. */
function within<T>(read: (buf: Uint8Array, off: number, len: number) => T, text: string): T {
  const bytes = encoder.encode(`9${text}9`);
  return read(bytes, 1, bytes.length - 2);
}

/** What is no integer for Redis, whatever its size. */
const NOT_INTEGERS = [
  "",
  "-",
  "+1",
  "01",
  "-01",
  "-0",
  " 1",
  "1 ",
  "1.0",
  "1e3",
  "0x10",
  "a",
  "--1",
];

Deno.test("parseSafeInteger reads canonical integers of up to 15 digits", () => {
  for (const n of [0, 7, -7, 10, -10, 999999999999999, -999999999999999]) {
    assertEquals(within(parseSafeInteger, String(n)), n);
  }
  for (const text of [...NOT_INTEGERS, "1000000000000000", "-1000000000000000"]) {
    assert(Number.isNaN(within(parseSafeInteger, text)), text);
  }
});

Deno.test("parseBigInt64 reads every 64-bit integer exactly and nothing else", () => {
  const numbers = ["0", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808"];
  for (const text of numbers) assertEquals(within(parseBigInt64, text), BigInt(text));
  const tooLarge = ["9223372036854775808", "-9223372036854775809", "9".repeat(20), "1".repeat(400)];
  for (const text of [...NOT_INTEGERS, ...tooLarge]) {
    assertEquals(within(parseBigInt64, text), undefined, text);
  }
});

Deno.test("parseInt64 is exact up to 2^53 and answers NaN for what is no integer", () => {
  assertEquals(within(parseInt64, "-9007199254740991"), -9007199254740991);
  assertEquals(within(parseInt64, "9223372036854775807"), 2 ** 63);
  for (const text of [...NOT_INTEGERS, "9223372036854775808"]) {
    assert(Number.isNaN(within(parseInt64, text)), text);
  }
});

for (
  const [value, text] of [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [-3, "-3"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [NaN, "nan"],
    [0.1, "0.1"],
    [0.1 + 0.2, "0.30000000000000004"],
    [3.14, "3.14"],
    [-1.5, "-1.5"],
    [100.25, "100.25"],
    [1e-5, "0.00001"],
    [1e-6, "0.000001"],
    [1e-7, "1e-7"],
    [1.5e-7, "1.5e-7"],
    [0.00123456789, "0.00123456789"],
    [0.000123456789, "1.23456789e-4"],
    [0.0000123456789, "1.23456789e-5"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [5e-324, "5e-324"],
    // Whole numbers up to 2^62 are integers, however many digits that takes …
    [2 ** 53, "9007199254740992"],
    [1e18, "1000000000000000000"],
    [2 ** 62, "4611686018427387904"],
    [-(2 ** 62), "-4611686018427387904"],
    // … beyond that the shortest digits count.
    [2 ** 63, "9223372036854776000"],
    [1e19, "1e+19"],
    [1.5e19, "1.5e+19"],
    [1e20, "1e+20"],
    [1e21, "1e+21"],
    [123456789012345680000, "123456789012345680000"],
    [1e100, "1e+100"],
  ] as const
) {
  Deno.test(`formatDouble writes ${text} as Redis does`, () => {
    assertEquals(formatDouble(value), text);
  });
}

Deno.test("formatDouble loses nothing", () => {
  let seed = 1;
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 20_000; i++) {
    seed = Math.imul(seed, 1664525) + 1013904223 | 0;
    view.setInt32(0, seed);
    seed = Math.imul(seed, 1664525) + 1013904223 | 0;
    view.setInt32(4, seed);
    const value = view.getFloat64(0);
    if (Number.isFinite(value)) assertEquals(Number(formatDouble(value)), value);
  }
});

Deno.test("parseShortDecimal reads as Number does or leaves the text alone", () => {
  for (
    const text of ["0", "1", "-1", "1.5", "-0.1", ".5", "5.", "123456789.012345", "0.30", "007"]
  ) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(parseShortDecimal(bytes, 0, bytes.length), Number(text), text);
  }
  for (
    const text of ["", "-", ".", "-0", "1e3", "1.2.3", "1234567890.123456", "inf", " 1", "0x1"]
  ) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(parseShortDecimal(bytes, 0, bytes.length), NaN, text);
  }
});

Deno.test("formatPrecisely prints 17 significant digits as C does", () => {
  const expected: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [3, "3"],
    [-2.5, "-2.5"],
    [0.1, "0.10000000000000001"],
    [1e16, "10000000000000000"],
    [1e17, "1e+17"],
    [123456789012345680000, "1.2345678901234568e+20"],
    [0.0001, "0.0001"],
    [0.00001, "1.0000000000000001e-05"],
    [2 ** -25, "2.9802322387695312e-08"],
    [3 * 2 ** -25, "8.9406967163085938e-08"],
    [5e-324, "4.9406564584124654e-324"],
    [1e300, "1.0000000000000001e+300"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
  ];
  for (const [value, text] of expected) assertEquals(formatPrecisely(value), text);
});

Deno.test("formatFixed prints digits after the point as C does", () => {
  assertEquals(formatFixed(200, 6), "200.000000");
  assertEquals(formatFixed(-0.1, 6), "-0.100000");
  assertEquals(formatFixed(0.0078125, 6), "0.007812");
  assertEquals(formatFixed(0.0234375, 6), "0.023438");
  assertEquals(formatFixed(1e22, 6), "10000000000000000000000.000000");
  assertEquals(formatFixed(-Infinity, 6), "-inf");
});
