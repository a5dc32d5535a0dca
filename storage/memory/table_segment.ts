/**
 * A segment of a table: the refs of all records whose hashes begin with the same bits, ordered by tag.
 *
 * Linear probing that keeps its order: a record's tag is the low 16 bits of its hash, its home slot is
 * tag * capacity / 65536, and the records lie in tag order, each at its home or as little to the right of it as the
 * order allows. So a search ends as soon as it meets a greater tag, any capacity will do (not only powers of two),
 * and growing, shrinking and merging are one pass in order without a hash computed. A few slots of slack behind the
 * last home take what is pushed over the edge; nothing wraps around.
 *
 * Invariant: tags never descend among the filled slots, no empty slot lies between a record's home and the record,
 * and the last slot is empty.
 *
 * Knows nothing of records: it moves refs and tags.
 *
 * @module
 */

import type { Ref } from "./arena.ts";

/** The tag of an empty slot: greater than any record's, so that it ends every search. */
export const EMPTY_TAG = 0xffff;

/** Capacity up to which segments grow before the table splits them. */
export const SPLIT_CAPACITY = 2048;

const SMALLEST_CAPACITY = 8;
const LARGEST_CAPACITY = 65536;
const MAX_LOAD = 0.82;
/** Load after making room or shrinking, from where a segment can go either way for a while. */
const FRESH_LOAD = 0.66;
const MIN_LOAD = 0.3;
/** Smaller buffers are left to the garbage collector: giving them back by hand costs more than they weigh. */
const DETACH_BYTES = 1024;

/** The tag for a hash. */
export function tagOf(hash: number): number {
  const tag = hash & 0xffff;
  return tag === EMPTY_TAG ? EMPTY_TAG - 1 : tag;
}

/** A segment's slots and what is known about the records in them. */
export class TableSegment {
  /** The first hash that belongs here. */
  start: number;
  /** How many leading bits the hashes here share. */
  depth: number;
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
  /** The record in each slot. */
  refs: Uint32Array<ArrayBuffer>;
  /** The tag in each slot, EMPTY_TAG in an empty one. */
  tags: Uint16Array<ArrayBuffer>;

  /** An empty segment for the hashes that share the first `depth` bits of `start`, with room for `expected` records. */
  constructor(start: number, depth: number, expected: number) {
    this.start = start;
    this.depth = depth;
    this.refs = new Uint32Array(0);
    this.tags = new Uint16Array(0);
    this.#take(capacityFor(expected), 0);
  }

  /** Bytes in the slots' arrays. */
  get bytes(): number {
    return this.refs.length * 6;
  }

  /** How many hashes belong here: 2^32 at depth 0. */
  get span(): number {
    return 2 ** (32 - this.depth);
  }

  /** The lowest tag whose home lies behind a slot; 65536 or more behind the last one. */
  tagBehind(slot: number): number {
    return Math.ceil(((slot + 1) * 65536) / this.capacity);
  }

  /** The slot of a record, or -1. */
  slotOf(ref: Ref, tag: number): number {
    const tags = this.tags;
    let slot = Math.imul(tag, this.capacity) >>> 16;
    while (tags[slot] < tag) slot++;
    for (; tags[slot] === tag; slot++) {
      if (this.refs[slot] === ref) return slot;
    }
    return -1;
  }

  /** Puts a ref into its place. Returns false, with nothing changed, if the slack is used up. */
  insert(ref: Ref, tag: number): boolean {
    const tags = this.tags;
    const refs = this.refs;
    let slot = Math.imul(tag, this.capacity) >>> 16;
    while (tags[slot] <= tag) slot++;
    if (tags[slot] !== EMPTY_TAG) {
      let end = slot + 1;
      while (tags[end] !== EMPTY_TAG) end++;
      if (end === tags.length - 1) return false;
      for (; end > slot; end--) {
        tags[end] = tags[end - 1];
        refs[end] = refs[end - 1];
      }
    } else if (slot === tags.length - 1) {
      return false;
    }
    tags[slot] = tag;
    refs[slot] = ref;
    this.count++;
    return true;
  }

  /** Empties a slot; what was pushed to the right by it moves back. */
  removeAt(slot: number): void {
    const tags = this.tags;
    const refs = this.refs;
    const capacity = this.capacity;
    let next = slot + 1;
    for (;;) {
      const tag = tags[next];
      if (tag === EMPTY_TAG || Math.imul(tag, capacity) >>> 16 >= next) break;
      tags[next - 1] = tag;
      refs[next - 1] = refs[next];
      next++;
    }
    tags[next - 1] = EMPTY_TAG;
    refs[next - 1] = 0;
    this.count--;
  }

  /** Takes the next capacity, or just more slack where the crowd is at the edge. */
  grow(): void {
    if (this.count >= this.limit && this.capacity < LARGEST_CAPACITY) {
      this.#resize(capacityFor(this.count + 1), 0);
    } else {
      const slack = this.tags.length - this.capacity;
      this.#resize(this.capacity, slack * 2);
    }
  }

  /** Whether the records would do with much less room. */
  get isSparse(): boolean {
    return this.count < this.capacity * MIN_LOAD && this.capacity > SMALLEST_CAPACITY;
  }

  /** Gives up the room that the records do not need. */
  shrink(): void {
    this.#resize(capacityFor(this.count), 0);
  }

  /** Takes in the records of another segment with which this one has no hash in common. */
  absorb(other: TableSegment): void {
    const tags = this.tags;
    const refs = this.refs;
    const otherTags = other.tags;
    const mine = this.count;
    const theirs = other.count;
    let slack = 0;
    while (!this.#merge(tags, refs, mine, otherTags, other.refs, theirs, slack)) {
      slack = (this.tags.length - this.capacity) * 2;
    }
    detach(refs);
    this.volatileCount += other.volatileCount;
    if (other.earliest < this.earliest) this.earliest = other.earliest;
    other.release();
  }

  /** Gives the slots' memory back; the segment is of no use any more. */
  release(): void {
    detach(this.refs);
  }

  #resize(capacity: number, leastSlack: number): void {
    const tags = this.tags;
    const refs = this.refs;
    const count = this.count;
    let slack = leastSlack;
    while (!this.#place(tags, refs, count, capacity, slack)) {
      slack = (this.tags.length - this.capacity) * 2;
    }
    detach(refs);
  }

  /** Lays the records of old arrays out in new ones; false if the slack is not enough. */
  #place(
    oldTags: Uint16Array,
    oldRefs: Uint32Array,
    count: number,
    capacity: number,
    slack: number,
  ): boolean {
    this.#take(capacity, slack);
    const tags = this.tags;
    const refs = this.refs;
    const last = tags.length - 1;
    let next = 0;
    for (let from = 0, left = count; left > 0; from++) {
      const tag = oldTags[from];
      if (tag === EMPTY_TAG) continue;
      const home = Math.imul(tag, capacity) >>> 16;
      if (home > next) next = home;
      if (next >= last) return false;
      tags[next] = tag;
      refs[next] = oldRefs[from];
      next++;
      left--;
    }
    this.count = count;
    return true;
  }

  #merge(
    tagsA: Uint16Array,
    refsA: Uint32Array,
    countA: number,
    tagsB: Uint16Array,
    refsB: Uint32Array,
    countB: number,
    slack: number,
  ): boolean {
    const count = countA + countB;
    this.#take(capacityFor(count), slack);
    const tags = this.tags;
    const refs = this.refs;
    const capacity = this.capacity;
    const last = tags.length - 1;
    let next = 0;
    let a = 0;
    let b = 0;
    for (let left = count; left > 0; left--) {
      // A list that has ended stays on its last, empty slot, whose tag is greater than any.
      while (tagsA[a] === EMPTY_TAG && a < tagsA.length - 1) a++;
      while (tagsB[b] === EMPTY_TAG && b < tagsB.length - 1) b++;
      const fromA = tagsA[a] <= tagsB[b];
      const tag = fromA ? tagsA[a] : tagsB[b];
      const home = Math.imul(tag, capacity) >>> 16;
      if (home > next) next = home;
      if (next >= last) return false;
      tags[next] = tag;
      refs[next] = fromA ? refsA[a++] : refsB[b++];
      next++;
    }
    this.count = count;
    return true;
  }

  /** Fresh empty arrays. */
  #take(capacity: number, leastSlack: number): void {
    const slack = Math.max(leastSlack, Math.min(56, 4 + (capacity >>> 3)));
    const slots = capacity + slack;
    const buffer = new ArrayBuffer(slots * 6);
    this.refs = new Uint32Array(buffer, 0, slots);
    this.tags = new Uint16Array(buffer, slots * 4, slots).fill(EMPTY_TAG);
    this.capacity = capacity;
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

function detach(refs: Uint32Array<ArrayBuffer>): void {
  // Freed at once: growth leaves so much behind that waiting for the garbage collector shows in resident memory.
  if (refs.byteLength >= DETACH_BYTES) refs.buffer.transfer(0);
}
