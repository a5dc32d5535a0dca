import { assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../server/resp/args.ts";
import {
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  parseLongDouble,
  sumLongDoubles,
} from "../../storage/long_double.ts";
import { seededRandom } from "./memory/random.ts";
import { hasRedisServer, startRedis } from "../support/peer.ts";

function parse(text: string) {
  const bytes = encodeLatin1(text);
  return parseLongDouble(bytes, 0, bytes.length);
}

/** The digits of a + b, or what is wrong, as INCRBYFLOAT tells it. */
function add(a: string, b: string): string {
  const [first, second] = [parse(a), parse(b)];
  if (first === undefined || second === undefined) return "-ERR value is not a valid float";
  const sum = sumLongDoubles(first, second);
  if (sum === undefined) return "-ERR increment would produce NaN or Infinity";
  return formatLongDouble(sum);
}

function roundTrip(text: string): string | undefined {
  const value = parse(text);
  return value && formatLongDouble(value);
}

Deno.test("a long double keeps more digits than a double", () => {
  assertEquals(roundTrip("0.1"), "0.1");
  assertEquals(add("0.1", "0.2"), "0.3");
  assertEquals(add("10.5", "0.1"), "10.6");
  assertEquals(add("17179869184", "1.5"), "17179869185.5");
  assertEquals(roundTrip("18446744073709551615"), "18446744073709551615");
});

Deno.test("a long double rounds to 64 bits, ties to even", () => {
  assertEquals(roundTrip("18446744073709551617"), "18446744073709551616");
  assertEquals(roundTrip("18446744073709551619"), "18446744073709551620");
  assertEquals(add("18446744073709551616", "1"), "18446744073709551616");
  assertEquals(add("18446744073709551616", "1.0000000000000000001"), "18446744073709551618");
  assertEquals(add("36893488147419103231", "1"), "36893488147419103232");
});

Deno.test("a long double prints at most 17 places, without an exponent", () => {
  assertEquals(roundTrip("1e-17"), "0.00000000000000001");
  assertEquals(roundTrip("1e-18"), "0");
  assertEquals(roundTrip("-1e-18"), "0");
  assertEquals(roundTrip("-0"), "0");
  assertEquals(roundTrip("0x1p-18"), "0.00000381469726562");
  assertEquals(roundTrip("1e30"), "1000000000000000000024696061952");
  assertEquals(roundTrip("5.000000"), "5");
});

Deno.test("a long double is read in all of C's notations", () => {
  for (const text of ["16", "+16", "16.", "1.6e1", "160e-1", "0x10", "0X1P4", "0x.1p8", "0016"]) {
    assertEquals(roundTrip(text), "16", text);
  }
  assertEquals(roundTrip("0e-999999999999999999999"), "0");
  assertEquals(roundTrip("0x0p-99999999"), "0");
  assertEquals(parse("inf")?.exponent, Infinity);
  assertEquals(parse("-Infinity")?.mantissa, -1n);
});

Deno.test("a long double is not read from anything else", () => {
  const texts = [
    "",
    " 1",
    "1 ",
    "+",
    ".",
    "e5",
    "1e",
    "1e+",
    "0x",
    "0x.p1",
    "nan",
    "-NaN(1)",
    "1\0",
  ];
  for (const text of [...texts, "infinit", "1,5", "--1", "1".repeat(5120), "\xa01"]) {
    assertEquals(parse(text), undefined, text);
  }
  assertEquals(parse("1".repeat(4932))?.exponent, 16317);
});

Deno.test("a long double ends where C's does", () => {
  assertEquals(parse("1.18973149535723176502e4932")?.exponent, 16320);
  assertEquals(parse("1.18973149535723176506e4932"), undefined);
  assertEquals(parse("3.7e-4951"), { mantissa: 1n, exponent: -16445 });
  assertEquals(parse("1.9e-4951"), { mantissa: 1n, exponent: -16445 });
  assertEquals(parse("1.8e-4951"), undefined);
  assertEquals(parse("1e999999999999"), undefined);
  assertEquals(parse("1e-999999999999"), undefined);
  assertEquals(parse("0x1p99999999"), undefined);
  assertEquals(parse("0x1p-99999999"), undefined);
  assertEquals(add("1e4932", "1e4932"), "-ERR increment would produce NaN or Infinity");
  assertEquals(add("inf", "-inf"), "-ERR increment would produce NaN or Infinity");
  assertEquals(sumLongDoubles(LONG_DOUBLE_ZERO, LONG_DOUBLE_ZERO), LONG_DOUBLE_ZERO);
});

// Elsewhere C's long double has another width.
const comparable = hasRedisServer && Deno.build.arch === "x86_64" && Deno.build.os === "linux";

Deno.test({
  name: "a long double agrees with redis-server on random and awkward sums",
  ignore: !comparable,
  async fn() {
    const random = seededRandom(7);
    await using redis = await startRedis();
    using connection = await redis.connect();
    for (const [a, b] of [...awkwardPairs(), ...randomPairs(random, 800)]) {
      await connection.send(["SET", "k", a]);
      const theirs = await connection.text("INCRBYFLOAT", "k", b);
      assertEquals(add(a, b), theirs, `${a} + ${b}`);
    }
  },
});

function awkwardPairs(): [string, string][] {
  const values = [
    ..."0 -0 0.1 -0.1 1e-17 -1e-18 5e-18 15e-18 1e-4950 3.6e-4951 1.8e-4951 1.9e-4951".split(" "),
    ..."18446744073709551615 18446744073709551617 -9223372036854775808 1e19 1e4932".split(" "),
    ..."1.18973149535723176502e4932 1.18973149535723176509e4932 inf -inf nan 0x1.8p3".split(" "),
    ..."0x1.fffffffffffffffep16383 0x1.ffffffffffffffffp16383 0x1p-16445 0x1p-16446".split(" "),
    ..."0x1.8p-16446 1e 1. .5 +3 --3 3.000 0x 1e+5 1E5 abc".split(" "),
  ];
  return values.flatMap((a) => values.map((b): [string, string] => [a, b]));
}

function randomPairs(random: () => number, count: number): [string, string][] {
  return Array.from({ length: count }, () => [randomNumber(random), randomNumber(random)]);
}

function randomNumber(random: () => number): string {
  const digits = (most: number) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => Math.floor(random() * 10))
      .join("");
  const sign = random() < 0.3 ? "-" : "";
  const kind = random();
  if (kind < 0.4) return `${sign}${digits(6)}.${digits(6)}`;
  if (kind < 0.6) return `${sign}${digits(22)}`;
  if (kind < 0.7) return `${sign}${digits(25)}.${digits(25)}`;
  if (kind < 0.8) return `${sign}0.${"0".repeat(Math.floor(random() * 18))}${digits(8)}`;
  if (kind < 0.9) return `${sign}${digits(3)}.${digits(20)}e${Math.floor(random() * 80) - 40}`;
  return `${sign}${digits(3)}.${digits(20)}e${Math.floor(random() * 9900) - 4950}`;
}
