import { assertEquals } from "@std/assert";
import { Hasher } from "../../../storage/memory/hash.ts";
import { KeyWindow, WINDOW } from "../../../storage/memory/look_ahead.ts";
import { Records } from "./records.ts";

const SEEDS = [1, 2] as const;

/** Bytes that hold `count` keys of eight bytes each, a byte between two. */
function keys(count: number): Uint8Array {
  return Uint8Array.from({ length: count * 9 }, (_, i) => (i * 37) & 0xff);
}

/** A window over those keys. */
function openWindow(count: number): { hasher: Hasher; window: KeyWindow; buf: Uint8Array } {
  const hasher = new Hasher(...SEEDS);
  const { table } = new Records(hasher);
  const window = new KeyWindow(hasher);
  const buf = keys(count);
  for (let i = 0; i < count; i++) {
    window.off[i] = i * 9;
    window.len[i] = 8;
  }
  window.open(buf, count, table);
  return { hasher, window, buf };
}

Deno.test("a window answers the hashes of its keys, in order, again and with some left out", () => {
  const plain = new Hasher(...SEEDS);
  for (const step of [1, 2, 5, WINDOW]) {
    const { hasher, window, buf } = openWindow(WINDOW);
    for (let i = 0; i < WINDOW; i += step) {
      assertEquals(window.hashAt(i * 9, 8), plain.hash(buf, i * 9, 8));
      assertEquals(hasher.hash(buf, i * 9, 8), plain.hash(buf, i * 9, 8));
    }
  }
});

Deno.test("what a window does not tell of is hashed as always", () => {
  const plain = new Hasher(...SEEDS);
  const { hasher, window, buf } = openWindow(WINDOW);
  const other = keys(WINDOW).reverse();
  for (
    const [bytes, at, length] of [
      [other, 0, 8],
      [buf, 0, 7],
      [buf, 1, 8],
      [buf, 9, 9],
      [buf, (WINDOW - 1) * 9 + 1, 8],
      // The window has moved on.
      [buf, 0, 8],
    ] as const
  ) {
    assertEquals(hasher.hash(bytes, at, length), plain.hash(bytes, at, length));
  }
  window.close();
  buf.fill(7);
  assertEquals(hasher.hash(buf, 0, 8), plain.hash(buf, 0, 8));
});

Deno.test("few keys open no window, and one closes the one before", () => {
  const { hasher } = openWindow(2);
  assertEquals(hasher.known, undefined);
  const { hasher: shared, window } = openWindow(WINDOW);
  assertEquals(shared.known === window, true);
  window.open(keys(1), 1, new Records(shared).table);
  assertEquals(shared.known, undefined);
});

Deno.test("records that are looked ahead for are found as before, whether they are there or not", () => {
  const records = new Records();
  for (let i = 0; i < 5000; i += 2) records.put(`key:${i}`);
  const hashes = Int32Array.from({ length: 5000 }, (_, i) => records.hash(`key:${i}`));
  for (let i = 0; i < 5000; i += 100) records.table.touch(hashes.subarray(i), 100);
  for (let i = 0; i < 5000; i++) assertEquals(records.find(`key:${i}`) !== 0, i % 2 === 0);
});
