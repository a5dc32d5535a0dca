import { assert, assertEquals } from "@std/assert";
import { decodeLatin1 } from "../../../server/resp/args.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import type { Heap } from "../../../storage/types/collection.ts";
import { FieldTable } from "../../../storage/types/hash.ts";
import { sampleFields } from "../../../storage/types/hash_fields.ts";
import { seededRandom } from "../../support/harness.ts";
import { contentOf, find, put, walkBeside } from "./hash_model.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

function newHeap(): Heap {
  return {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
}

function takeApart(table: FieldTable): number {
  let calls = 1;
  while (table.dismantle()) calls++;
  return calls;
}

Deno.test("table of fields agrees with a Map", () => {
  const table = new FieldTable(newHeap());
  walkBeside(table, {
    random: seededRandom(1),
    steps: STEPS,
    names: 3000,
    times: false,
    every: 2000,
  });
  assertEquals(table.earliest, Infinity);
});

Deno.test("table of fields agrees with a Map while fields get times and are over", () => {
  const heap = newHeap();
  const table = new FieldTable(heap);
  walkBeside(table, {
    random: seededRandom(2),
    steps: STEPS,
    names: 3000,
    times: true,
    every: 2000,
  });
  takeApart(table);
  assertEquals(heap.arena.usedBytes, 0);
  assertEquals(heap.meter.bytes, 0);
});

Deno.test("table of fields removes a hundred thousand fields that are over in parts", () => {
  const table = new FieldTable(newHeap());
  for (let i = 0; i < 100_000; i++) put(table, `f${i}`, "v", i % 2 === 0 ? 1000 : 2000);
  assertEquals(table.removeOver(1000, () => {}), 0);
  let largest = 0;
  for (;;) {
    const removed = table.removeOver(1001, () => {});
    if (removed === 0) break;
    largest = Math.max(largest, removed);
  }
  assertEquals(table.size, 50_000);
  assert(largest < 3000, `${largest} at once`);
  assertEquals(table.earliest, 2000);
});

Deno.test("table of fields is copied whole and taken apart in steps", () => {
  const heap = newHeap();
  const table = new FieldTable(heap);
  for (let i = 0; i < 20_000; i++) put(table, `f${i}`, `v${i}`, i % 3 === 0 ? 1e12 + i : -1);
  const content = contentOf(table);
  const copy = table.clone();
  assert(takeApart(table) > 5, "all at once");
  assertEquals(contentOf(copy), content);
  assertEquals(copy.volatileCount, 6667);
  takeApart(copy);
  assertEquals(heap.arena.usedBytes, 0);
  assertEquals(heap.meter.bytes, 0);
});

Deno.test("table of fields moves out of sparse memory", () => {
  const heap = newHeap();
  const { arena } = heap;
  const table = new FieldTable(heap);
  const other = new FieldTable(heap);
  for (let i = 0; i < 100_000; i++) {
    put(i % 8 === 0 ? table : other, `field:${i}`, `value:${i}`, i % 16 === 0 ? 1e12 : -1);
  }
  const content = contentOf(table);
  takeApart(other);
  const before = arena.committedBytes;
  assert(arena.beginEvacuation());
  let position = 0;
  do position = table.relocate(position); while (position !== 0);
  arena.endEvacuation();
  assert(arena.committedBytes < before * 0.7, `${arena.committedBytes} of ${before} bytes`);
  assertEquals(contentOf(table), content);
});

Deno.test("table of fields is scanned completely while it changes", () => {
  const table = new FieldTable(newHeap());
  for (let i = 0; i < 5000; i++) put(table, `f${i}`, "v");
  const seen = new Set<string>();
  let cursor = 0;
  let round = 0;
  do {
    cursor = table.scan(cursor, 100, (field) => {
      table.showName(field);
      seen.add(decodeLatin1(table.buf.subarray(table.off, table.off + table.len)));
    });
    put(table, `new${round}`, "v");
    put(table, `f${round * 7}`, "longer than before, so that the record moves");
    round++;
  } while (cursor !== 0);
  for (let i = 0; i < 5000; i++) assert(seen.has(`f${i}`), `f${i}`);
});

Deno.test("table of fields draws fair samples of different fields", () => {
  const table = new FieldTable(newHeap());
  for (let i = 0; i < 100; i++) put(table, `f${i}`, "v");
  const random = seededRandom(7);
  for (const count of [1, 10, 50, 99, 100]) {
    const drawn = new Map<number, number>();
    const rounds = 20_000 / count;
    for (let i = 0; i < rounds; i++) {
      const seen = new Set<number>();
      sampleFields(table, count, random, (field) => seen.add(field));
      assertEquals(seen.size, count);
      for (const field of seen) drawn.set(field, (drawn.get(field) ?? 0) + 1);
    }
    // 200 of each are expected; the deviation is below 15.
    for (const times of drawn.values()) assert(times > 110 && times < 290, `${times} times`);
    assertEquals(drawn.size, 100);
  }
});

Deno.test("table of fields keeps a field's time with its value unless told otherwise", () => {
  const table = new FieldTable(newHeap());
  put(table, "f", "v", 5000);
  assertEquals(put(table, "f", "a longer value", -2), false);
  assertEquals(table.expiryOf(find(table, "f")), 5000);
  put(table, "f", "w");
  assertEquals(table.expiryOf(find(table, "f")), -1);
  assertEquals(table.earliest, Infinity);
});

Deno.test("table of 100,000 fields takes less than 70 bytes each", () => {
  const heap = newHeap();
  const table = new FieldTable(heap);
  for (let i = 0; i < 100_000; i++) {
    put(table, `element:${String(i).padStart(8, "0")}`, "value of 16 byte");
  }
  const bytes = (heap.arena.usedBytes + heap.meter.bytes) / table.size;
  assert(bytes < 70, `${bytes} bytes`);
});
