/**
 * A segment of a table: the records whose hashes begin with the same bits, in the order of their hashes.
 *
 * Linear probing that keeps an order: a record's home is its hash, less the bits that all hashes here share, scaled
 * to the capacity, and the records lie in hash order, each at its home or as little to the right of it as the order
 * allows. So a search ends as soon as it meets a greater hash, any capacity will do (not only powers of two), and
 * growing, splitting and merging are passes in order that need no look at a record. A little slack behind the last
 * home takes what is pushed over the edge; nothing wraps around.
 *
 *     slots   entry, ref, entry, ref, ...      side by side, since each step to another cache line costs a find more
 *     entry   hash (30 bits) << 1 | 1 if the record carries an expiry; EMPTY in an empty slot
 *
 * Invariant: hashes never descend among the filled slots, no empty slot lies between a record's home and the record,
 * and the last slot is empty.
 *
 * Knows nothing of records: it moves refs and entries.
 *
 * @module
 */

import type { Ref } from "./arena.ts";
import { HASH_BITS } from "./hash.ts";

/** The entry of an empty slot: greater than any record's, so that it ends every search. */
export const EMPTY = 0xffffffff;

/** Capacity up to which segments grow before the table splits them. */
export const SPLIT_CAPACITY = 2048;

const SMALLEST_CAPACITY = 8;
const LARGEST_CAPACITY = 65536;
const MAX_LOAD = 0.88;
/** Load after making room or shrinking, from where a segment can go either way for a while. */
const FRESH_LOAD = 0.74;
const MIN_LOAD = 0.3;
const LARGEST_USUAL_SLACK = 56;
/** Smaller buffers are left to the garbage collector: giving them back by hand costs more than they weigh. */
const DETACH_BYTES = 1024;

/** A segment's slots and what is known about the records in them. */
export class TableSegment {
  /** The first hash that belongs here. */
  readonly start: number;
  /** How many leading bits the hashes here share. */
  readonly depth: number;
  /** Shifts the shared bits out of a hash: `hash << shift >>> 16` is its place here, of 65,536. */
  readonly shift: number;
  /** The number of homes. */
  capacity = 0;
  /** The number of records. */
  count = 0;
  /** The number of records at which the segment must grow or split. */
  limit = 0;
  /** The number of records that carry an expiry. */
  volatileCount = 0;
  /** No record here expires before this Unix time in ms; Infinity without any. */
  earliest = Infinity;
  /** Two words a slot: entry and ref. */
  slots: Uint32Array<ArrayBuffer> = new Uint32Array(0);

  /** An empty segment for the hashes that share the first `depth` bits of `start`, with room for `expected` records. */
  constructor(start: number, depth: number, expected: number) {
    this.start = start;
    this.depth = depth;
    this.shift = 32 - HASH_BITS + depth;
    this.#take(capacityFor(expected), 0);
  }

  /** Bytes in the slots. */
  get bytes(): number {
    return this.slots.length * 4;
  }

  /** The first hash behind those that belong here. */
  get end(): number {
    return this.start + 2 ** (HASH_BITS - this.depth);
  }

  /** The first word of the slot of a record, or -1. */
  find(ref: Ref, hash: number): number {
    const slots = this.slots;
    const entry = (hash << 1) >>> 0;
    let at = this.firstAt(hash);
    for (; slots[at] <= entry + 1; at += 2) {
      if (slots[at + 1] === ref) return at;
    }
    return -1;
  }

  /** The first word of the first slot that is empty or holds this hash or a greater one, from the hash's home on. */
  firstAt(hash: number): number {
    const slots = this.slots;
    const entry = (hash << 1) >>> 0;
    let at = (Math.imul((hash << this.shift) >>> 16, this.capacity) >>> 16) << 1;
    while (slots[at] < entry) at += 2;
    return at;
  }

  /** The first word of the first filled slot from a slot on, or -1. */
  nextFilled(at: number): number {
    const slots = this.slots;
    for (; at < slots.length; at += 2) {
      if (slots[at] !== EMPTY) return at;
    }
    return -1;
  }

  /** Puts an entry and its ref into their place. Returns false, with nothing changed, if the slack is used up. */
  insert(entry: number, ref: Ref): boolean {
    const slots = this.slots;
    const last = slots.length - 2;
    const above = (entry | 1) >>> 0;
    let at = (Math.imul(((entry >>> 1) << this.shift) >>> 16, this.capacity) >>> 16) << 1;
    while (slots[at] <= above) at += 2;
    let end = at;
    while (slots[end] !== EMPTY) end += 2;
    if (end === last) return false;
    for (; end > at; end -= 2) {
      slots[end] = slots[end - 2];
      slots[end + 1] = slots[end - 1];
    }
    slots[at] = entry;
    slots[at + 1] = ref;
    this.count++;
    return true;
  }

  /** Empties a slot; what was pushed to the right by it moves back. */
  removeAt(at: number): void {
    const slots = this.slots;
    const { shift, capacity } = this;
    for (;;) {
      const entry = slots[at + 2];
      // The last slot is empty, so `at + 2` is a slot.
      if (entry === EMPTY) break;
      const home = (Math.imul(((entry >>> 1) << shift) >>> 16, capacity) >>> 16) << 1;
      if (home > at) break;
      slots[at] = entry;
      slots[at + 1] = slots[at + 3];
      at += 2;
    }
    slots[at] = EMPTY;
    slots[at + 1] = 0;
    this.count--;
  }

  /** Takes the next capacity, or just more slack where the crowd is at the edge. */
  grow(): void {
    const old = this.slots;
    if (this.count >= this.limit) this.#refill(old, capacityFor(this.count + 1), 0);
    else this.#refill(old, this.capacity, this.#slack * 2);
    release(old);
  }

  /** Whether the records would do with much less room. */
  get isSparse(): boolean {
    return this.count < this.capacity * MIN_LOAD && this.capacity > SMALLEST_CAPACITY;
  }

  /** Gives up the room that the records do not need. */
  shrink(): void {
    const old = this.slots;
    this.#refill(old, capacityFor(this.count), 0);
    release(old);
  }

  /** The two halves of this segment, which is of no use afterwards. Their `earliest` is only a bound. */
  split(): [TableSegment, TableSegment] {
    const middle = (this.start + this.end) / 2;
    const slots = this.slots;
    let count = 0;
    let volatileCount = 0;
    for (let at = 0; at < slots.length; at += 2) {
      const entry = slots[at];
      if (entry === EMPTY) continue;
      if (entry >>> 1 >= middle) break;
      count++;
      volatileCount += entry & 1;
    }
    const low = new TableSegment(this.start, this.depth + 1, count);
    const high = new TableSegment(middle, this.depth + 1, this.count - count);
    low.#fill(slots, null);
    high.#fill(slots, null);
    low.#setVolatile(volatileCount, this.earliest);
    high.#setVolatile(this.volatileCount - volatileCount, this.earliest);
    release(slots);
    return [low, high];
  }

  /** One segment with the records of two halves, which are of no use afterwards. */
  static merge(low: TableSegment, high: TableSegment): TableSegment {
    const merged = new TableSegment(low.start, low.depth - 1, low.count + high.count);
    merged.#fill(low.slots, high.slots);
    merged.#setVolatile(
      low.volatileCount + high.volatileCount,
      Math.min(low.earliest, high.earliest),
    );
    release(low.slots);
    release(high.slots);
    return merged;
  }

  /** Gives the slots' memory back; the segment is of no use afterwards. */
  release(): void {
    release(this.slots);
  }

  get #slack(): number {
    return this.slots.length / 2 - this.capacity;
  }

  #setVolatile(count: number, earliest: number): void {
    this.volatileCount = count;
    this.earliest = count > 0 ? earliest : Infinity;
  }

  #refill(old: Uint32Array, capacity: number, slack: number): void {
    this.#take(capacity, slack);
    this.#fill(old, null);
  }

  /** Lays out those records of one or two other segments' slots that belong here, with more slack if that takes it. */
  #fill(first: Uint32Array, second: Uint32Array | null): void {
    for (;;) {
      let next = this.#layOut(first, 0);
      if (next !== -1 && second !== null) next = this.#layOut(second, next);
      if (next !== -1) return;
      this.#take(this.capacity, this.#slack * 2);
    }
  }

  /** Lays out records from a slot on; returns the slot behind the last one, or -1 if the slack is not enough. */
  #layOut(from: Uint32Array, next: number): number {
    const { slots, shift, capacity } = this;
    const last = slots.length - 2;
    const lowest = this.start * 2;
    const above = this.end * 2;
    let count = 0;
    for (let at = 0; at < from.length; at += 2) {
      const entry = from[at];
      if (entry < lowest || entry >= above) continue;
      const home = (Math.imul(((entry >>> 1) << shift) >>> 16, capacity) >>> 16) << 1;
      if (home > next) next = home;
      if (next >= last) return -1;
      slots[next] = entry;
      slots[next + 1] = from[at + 1];
      next += 2;
      count++;
    }
    this.count += count;
    return next;
  }

  /** Fresh empty slots. */
  #take(capacity: number, leastSlack: number): void {
    const usual = Math.min(LARGEST_USUAL_SLACK, 4 + (capacity >>> 3));
    const length = (capacity + Math.max(leastSlack, usual)) * 2;
    const slots = new Uint32Array(length);
    for (let at = 0; at < length; at += 2) slots[at] = EMPTY;
    this.slots = slots;
    this.capacity = capacity;
    this.count = 0;
    // At the largest capacity only slack is left to grow.
    this.limit = capacity < LARGEST_CAPACITY ? Math.floor(capacity * MAX_LOAD) : Infinity;
  }
}

/** A capacity in which that many records lie loosely: full steps while small, then close to what they need. */
function capacityFor(count: number): number {
  let capacity = SMALLEST_CAPACITY;
  while (capacity < 64 && capacity * MAX_LOAD <= count) capacity *= 2;
  if (capacity * MAX_LOAD > count) return capacity;
  const wanted = Math.ceil(count / FRESH_LOAD / 8) * 8;
  const most = count < SPLIT_CAPACITY * MAX_LOAD - 1 ? SPLIT_CAPACITY : LARGEST_CAPACITY;
  return Math.min(wanted, most);
}

function release(slots: Uint32Array<ArrayBuffer>): void {
  // Freed at once: growth leaves so much behind that waiting for the garbage collector shows in resident memory.
  if (slots.byteLength >= DETACH_BYTES) slots.buffer.transfer(0);
}
