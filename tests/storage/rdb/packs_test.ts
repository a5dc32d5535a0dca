import { CorruptRdb } from "../../../storage/rdb/format.ts";
import {
  countGroups,
  PackBuilder,
  requireDistinct,
  takeListpack,
} from "../../../storage/rdb/packs.ts";
import { Listpack } from "../../../storage/types/listpack.ts";
import { seededRandom } from "../../support/harness.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function packed(...elements: string[]): Uint8Array {
  const builder = new PackBuilder();
  for (const element of elements) {
    const buf = encoder.encode(element);
    builder.append({ buf, off: 0, len: buf.length });
  }
  return builder.bytes.slice();
}

function take(bytes: Uint8Array): Uint8Array {
  return takeListpack({ buf: bytes, off: 0, len: bytes.length });
}

function elements(bytes: Uint8Array): string[] {
  const pack = new Listpack().attach(bytes, 0);
  const all: string[] = [];
  for (let at = pack.first(); at !== 0; at = pack.next(at)) {
    all.push(decoder.decode(pack.bytesAt(at)));
  }
  return all;
}

/** A listpack of entries that are written already. */
function framed(count: number, ...entries: number[][]): Uint8Array {
  const body = entries.flat();
  const bytes = Uint8Array.from([0, 0, 0, 0, count, 0, ...body, 0xff]);
  new DataView(bytes.buffer).setUint32(0, bytes.length, true);
  return bytes;
}

Deno.test("takeListpack takes what this server writes as it is", () => {
  const bytes = packed("a", "", "1", "-1", "4095", "-9223372036854775808", "x".repeat(5000));
  assertEquals(take(bytes), bytes);
});

Deno.test("takeListpack turns text that is an integer into one", () => {
  const bytes = framed(2, [0x82, 0x31, 0x32, 3], [0x81, 0x61, 2]);
  assertEquals(take(bytes), packed("12", "a"));
});

Deno.test("takeListpack shortens back-lengths that others write longer", () => {
  const long = "x".repeat(16383 - 5);
  const usual = packed(long, "b");
  const data = [...usual.subarray(6, 6 + 16383)];
  // Redis 8.8 tells of 16383 bytes in two bytes, older ones in three.
  const other = framed(2, [...data, 0x7f, 0xff], [0x81, 0x62, 2]);
  assertEquals(other.length, usual.length - 1);
  assertEquals(elements(take(other)), [long, "b"]);
  assertEquals(take(other), usual);
});

Deno.test("takeListpack refuses what is broken anywhere", () => {
  const good = packed("a", "100000", "text");
  const broken = (change: (bytes: Uint8Array) => void) => {
    const bytes = good.slice();
    change(bytes);
    assertThrows(() => take(bytes), CorruptRdb);
  };
  broken((bytes) => bytes[0]++);
  broken((bytes) => bytes[4]++);
  broken((bytes) => bytes[bytes.length - 1] = 0);
  broken((bytes) => bytes[6] = 0x85);
  broken((bytes) => bytes[6] = 0xf5);
  broken((bytes) => bytes[8] = 9);
  assertThrows(() => take(good.subarray(0, good.length - 1)), CorruptRdb);
  assertThrows(() => take(new Uint8Array(0)), CorruptRdb);
});

Deno.test("takeListpack answers only what can be walked from both ends", () => {
  const random = seededRandom(1);
  const good = packed("a", "100000", "text", "-5", "y".repeat(70), "127");
  let taken = 0;
  for (let step = 0; step < 20_000; step++) {
    const bytes = good.slice();
    for (let i = 0; i < 1 + random() * 2; i++) {
      bytes[6 + Math.floor(random() * (bytes.length - 7))] = Math.floor(random() * 256);
    }
    let result: Uint8Array;
    try {
      result = take(bytes);
    } catch (error) {
      if (error instanceof CorruptRdb) continue;
      throw error;
    }
    taken++;
    const pack = new Listpack().attach(result, 0);
    const forward = elements(result);
    const backward: string[] = [];
    for (let at = pack.last(); at !== 0; at = pack.prev(at)) {
      backward.push(decoder.decode(pack.bytesAt(at)));
    }
    assertEquals(backward.reverse(), forward);
  }
  assert(taken > 0);
});

Deno.test("countGroups and requireDistinct hold a listpack against what it should be", () => {
  assertEquals(countGroups(packed("a", "1", "b", "2"), 2), 2);
  assertThrows(() => countGroups(packed("a", "1", "b"), 2), CorruptRdb);
  assertThrows(() => countGroups(packed(), 2), CorruptRdb);
  requireDistinct(packed("a", "1", "b", "1"), 2);
  assertThrows(() => requireDistinct(packed("a", "1", "a", "2"), 2), CorruptRdb);
});
