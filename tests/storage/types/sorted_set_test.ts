import { assert, assertEquals } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../../../server/resp/args.ts";
import type { Heap } from "../../../storage/collections.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { SortedSet } from "../../../storage/types/sorted_set.ts";
import { seededRandom } from "../../support/harness.ts";
import { entriesOf, walkBeside } from "./sorted_model.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

function newHeap(): Heap {
  return {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
}

function dismantle(set: SortedSet): number {
  let calls = 1;
  while (set.dismantle()) calls++;
  return calls;
}

function add(set: SortedSet, member: string, score: number): void {
  const bytes = encodeLatin1(member);
  set.add(bytes, 0, bytes.length, score);
}

Deno.test("sorted set agrees with a sorted array, growing and shrinking", () => {
  const heap = newHeap();
  const set = new SortedSet(heap);
  walkBeside(set, {
    random: seededRandom(11),
    steps: STEPS,
    members: 3000,
    growth: 0.8,
    every: 2000,
  });
  set.removeRange(0, set.size);
  assertEquals(set.size, 0);
  assertEquals(heap.arena.usedBytes, 0);
});

Deno.test("sorted set of few scores is ordered by bytes", () => {
  const set = new SortedSet(newHeap());
  walkBeside(set, {
    random: seededRandom(12),
    steps: STEPS / 4,
    members: 1000,
    growth: 0.7,
    scores: [-Infinity, -1.5, 0, 3, Infinity],
    every: 500,
  });
});

Deno.test("sorted set of one score answers ranges of bytes", () => {
  const set = new SortedSet(newHeap());
  walkBeside(set, {
    random: seededRandom(13),
    steps: STEPS / 4,
    members: 1000,
    growth: 0.9,
    scores: [0],
    every: 500,
  });
});

Deno.test("sorted set takes members in order, in reverse and at both ends", () => {
  for (const scoreOf of [(i: number) => i, (i: number) => -i, (i: number) => i % 2 ? i : -i]) {
    const set = new SortedSet(newHeap());
    for (let i = 0; i < 5000; i++) add(set, `m${i}`, scoreOf(i));
    const scores = entriesOf(set).map((entry) => entry.score);
    assertEquals(scores, Array.from({ length: 5000 }, (_, i) => scoreOf(i)).sort((a, b) => a - b));
    while (set.size > 0) set.removeRange(set.size >> 1, 1);
  }
});

Deno.test("sorted set is copied whole and taken apart in steps", () => {
  const heap = newHeap();
  const set = new SortedSet(heap);
  for (let i = 0; i < 20_000; i++) add(set, `m${i}`, (i * 7919) % 20_000);
  const copy = set.clone();
  const entries = entriesOf(copy);
  assert(dismantle(set) > 10, "all at once");
  assertEquals(entriesOf(copy), entries);
  dismantle(copy);
  assertEquals(heap.arena.usedBytes, 0);
  assertEquals(heap.meter.bytes, 0);
});

Deno.test("sorted set moves out of sparse memory", () => {
  const heap = newHeap();
  const { arena } = heap;
  const set = new SortedSet(heap);
  const other = new SortedSet(heap);
  for (let i = 0; i < 60_000; i++) {
    add(i % 8 === 0 ? set : other, `member:${i}`, (i * 7919) % 60_000);
  }
  const entries = entriesOf(set);
  dismantle(other);
  const before = arena.committedBytes;
  assert(arena.beginEvacuation());
  let position = 0;
  do position = set.relocate(position); while (position !== 0);
  arena.endEvacuation();
  assert(arena.committedBytes < before * 0.7, `${arena.committedBytes} of ${before} bytes`);
  assertEquals(entriesOf(set), entries);
  for (const { member } of entries) {
    const bytes = encodeLatin1(member);
    set.remove(set.find(bytes, 0, bytes.length));
  }
  assertEquals(arena.usedBytes, 0);
});

Deno.test("sorted set is scanned completely while it changes", () => {
  const set = new SortedSet(newHeap());
  for (let i = 0; i < 5000; i++) add(set, `m${i}`, i);
  const seen = new Map<string, number>();
  let cursor = 0;
  let round = 0;
  do {
    cursor = set.scan(cursor, 100, (member) => {
      set.show(member);
      seen.set(decodeLatin1(set.buf.subarray(set.off, set.off + set.len)), set.score);
    });
    add(set, `new${round++}`, round);
  } while (cursor !== 0);
  for (let i = 0; i < 5000; i++) assertEquals(seen.get(`m${i}`), i);
});

Deno.test("sorted set of 100,000 members takes less than 70 bytes each", () => {
  const heap = newHeap();
  const set = new SortedSet(heap);
  const random = seededRandom(5);
  for (let i = 0; i < 100_000; i++) {
    add(set, `element:${String(i).padStart(8, "0")}`, Math.floor(random() * 1e6));
  }
  const bytes = (heap.arena.usedBytes + heap.meter.bytes) / set.size;
  assert(bytes < 70, `${bytes} bytes`);
});
