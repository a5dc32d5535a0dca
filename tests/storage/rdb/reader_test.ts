import { CorruptRdb } from "../../../storage/rdb/format.ts";
import { RdbReader } from "../../../storage/rdb/reader.ts";
import { RdbWriter } from "../../../storage/rdb/writer.ts";
import { seededRandom } from "../../support/harness.ts";
import { assertEquals, assertThrows } from "@std/assert";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

Deno.test("RdbReader reads what RdbWriter writes", () => {
  const counts = [0, 63, 64, 16383, 16384, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
  const strings = [
    "",
    "a",
    "0",
    "-0",
    "127",
    "-128",
    "128",
    "-32768",
    "32768",
    "2147483647",
    "-2147483648",
    "2147483648",
    "12345678901",
    "x".repeat(20),
    "x".repeat(21),
    "xyz".repeat(30_000),
  ];
  for (const compress of [true, false]) {
    const writer = new RdbWriter({ compress });
    for (const count of counts) writer.count(count);
    writer.count(2n ** 64n - 1n);
    for (const text of strings) writer.string(encoder.encode(text));
    writer.int64(-1);
    writer.double(0.1);

    const reader = new RdbReader(writer.bytes);
    for (const count of counts) assertEquals(reader.count(), count);
    assertEquals(reader.bigCount(), 2n ** 64n - 1n);
    for (const text of strings) assertEquals(decoder.decode(reader.bytes()), text);
    assertEquals(reader.int64(), -1n);
    assertEquals(reader.double(), 0.1);
    assertEquals(reader.left, 0);
  }
});

Deno.test("RdbWriter takes as few bytes as the format allows", () => {
  const size = (text: string) => {
    const writer = new RdbWriter();
    writer.string(encoder.encode(text));
    return writer.length;
  };
  assertEquals(size("-128"), 2);
  assertEquals(size("32767"), 3);
  assertEquals(size("-2147483648"), 5);
  assertEquals(size("2147483648"), 11);
  assertEquals(size("007"), 4);
});

Deno.test("RdbReader reads doubles of old versions", () => {
  const reader = new RdbReader(Uint8Array.of(3, 0x31, 0x2e, 0x35, 253, 254, 255, 1, 0x78));
  assertEquals(reader.oldDouble(), 1.5);
  assertEquals(reader.oldDouble(), NaN);
  assertEquals(reader.oldDouble(), Infinity);
  assertEquals(reader.oldDouble(), -Infinity);
  assertThrows(() => reader.oldDouble(), CorruptRdb);
});

Deno.test("RdbReader throws rather than to read beyond the end", () => {
  const random = seededRandom(1);
  for (let step = 0; step < 5000; step++) {
    const bytes = new Uint8Array(Math.floor(random() * 12)).map(() => random() * 256);
    const reader = new RdbReader(bytes);
    try {
      while (reader.left > 0) {
        if (random() < 0.5) reader.string();
        else reader.elements();
      }
    } catch (error) {
      if (!(error instanceof CorruptRdb)) throw error;
    }
  }
});

Deno.test("RdbReader makes no room for more than bytes can become", () => {
  // Compressed: one byte that claims to be four gigabytes.
  const bomb = Uint8Array.of(0xc3, 1, 0x80, 0xff, 0xff, 0xff, 0xff, 0);
  assertThrows(() => new RdbReader(bomb).string(), CorruptRdb);
});
