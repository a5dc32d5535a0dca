/**
 * The table: finds keyed records (record.ts) in an arena by their keys.
 *
 * Extendible hashing: a directory indexed by the top bits of the hash leads to segments (table_segment.ts). A full
 * segment splits in two, two sparse neighbours merge, and nothing else is touched, so that no operation stops for
 * longer than it takes to deal with 2048 slots, whatever the size. Only the directory, a few bytes for a thousand
 * records, is copied when it doubles.
 *
 * Invariants: a segment of depth d fills 2^(directory depth - d) directory places in a row, and every record lies in
 * the segment that its hash leads to. Each segment knows how many of its records carry an expiry and a time before
 * which none is due.
 *
 * All walks go by hash, from 0 up, and name where they are by a hash, so that they survive splits and merges. The
 * table owns no record: it neither frees nor changes any.
 *
 * @module
 */

import type { Arena, Ref } from "./arena.ts";
import type { Hasher } from "./hash.ts";
import { EXPIRY_BYTES, HAS_EXPIRY, readExpiry } from "./record.ts";
import { EMPTY_TAG, SPLIT_CAPACITY, TableSegment, tagOf } from "./table_segment.ts";

const MAX_DEPTH = 24;
const TWO_TO_32 = 4294967296;
/** Two segments merge when together they hold at most this: half of what made them split. */
const MERGE_COUNT = Math.floor(SPLIT_CAPACITY * 0.4);
/** A directory place for fewer records than this means that the hash is not spreading them. */
const RECORDS_PER_PLACE = 128;
/** Directory places that one call looks at in search of due segments, random records or samples. */
const PLACES_PER_CALL = 4096;
const RANDOM_TRIES = 16;
/** Empty slots that a scan may cross for each record it was asked for. */
const SLOTS_PER_RECORD = 10;
/** Scan cursor: start of the segment (upper 24 bits of the hash), tag, depth of the segment. */
const CURSOR_START = 2 ** 21;
const CURSOR_TAG = 2 ** 5;

/** How a table reads its records. */
export interface TableOptions {
  /** Bytes before a record's expiry or key; a multiple of 4. */
  keyAt: number;
}

/** Maps byte-string keys to the refs of records that begin with their keys. */
export class Table {
  readonly #arena: Arena;
  readonly #hasher: Hasher;
  readonly #keyAt: number;
  #directory: TableSegment[];
  #depth = 0;
  /** 31 - depth: `hash >>> 1 >>> shift` is the directory place, at depth 0 too. */
  #shift = 31;
  /** Segments whose depth is the directory's; without any the directory halves. */
  #deepest = 1;
  #size = 0;
  #volatileCount = 0;
  #slotBytes: number;
  /** No segment has anything due before this time. */
  #nextDue = Infinity;
  /** The hash from which the search for due segments goes on. */
  #duePosition = 0;
  #dueSeen = Infinity;

  /** An empty table; tables of one process may share the hasher. */
  constructor(arena: Arena, hasher: Hasher, options: TableOptions) {
    this.#arena = arena;
    this.#hasher = hasher;
    this.#keyAt = options.keyAt;
    const segment = new TableSegment(0, 0, 0);
    this.#directory = [segment];
    this.#slotBytes = segment.bytes;
  }

  /** The number of records. */
  get size(): number {
    return this.#size;
  }

  /** The number of records that carry an expiry. */
  get volatileCount(): number {
    return this.#volatileCount;
  }

  /** Bytes in the arrays of all segments and in the directory. */
  get indexBytes(): number {
    return this.#slotBytes + this.#directory.length * 8;
  }

  /** Bytes before the expiry or key in each record. */
  get keyAt(): number {
    return this.#keyAt;
  }

  /** The hash of a key, as the other methods want it. */
  hash(buffer: Uint8Array, offset: number, length: number): number {
    return this.#hasher.hash(buffer, offset, length);
  }

  /** The hash of a record's key. */
  hashOf(ref: Ref): number {
    const chunk = ref >>> 17;
    const words = this.#arena.u32[chunk];
    const word = (ref & 0x1ffff) << 1;
    const keyAt = (word << 2) + this.#keyAt + ((words[word] & HAS_EXPIRY) === 0 ? 0 : EXPIRY_BYTES);
    return this.#hasher.hash(this.#arena.u8[chunk], keyAt, words[word + 1]);
  }

  /** The record with this key, or 0. `hash` is the key's. */
  find(buffer: Uint8Array, offset: number, length: number, hash: number): Ref {
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    const tags = segment.tags;
    let tag = hash & 0xffff;
    if (tag === EMPTY_TAG) tag = EMPTY_TAG - 1;
    let slot = Math.imul(tag, segment.capacity) >>> 16;
    while (tags[slot] < tag) slot++;
    for (; tags[slot] === tag; slot++) {
      const ref = segment.refs[slot];
      const chunk = ref >>> 17;
      const words = this.#arena.u32[chunk];
      const word = (ref & 0x1ffff) << 1;
      if (words[word + 1] !== length) continue;
      const bytes = this.#arena.u8[chunk];
      // An expiry takes 8 bytes and its flag is 0x80.
      let at = (word << 2) + this.#keyAt + ((words[word] & HAS_EXPIRY) >>> 4);
      let from = offset;
      const end = offset + length;
      while (from < end && bytes[at] === buffer[from]) {
        at++;
        from++;
      }
      if (from === end) return ref;
    }
    return 0;
  }

  /** Adds a record whose key is known to be absent. */
  insert(ref: Ref, hash: number): void {
    const tag = tagOf(hash);
    let segment = this.#directory[(hash >>> 1) >>> this.#shift];
    while (segment.count >= segment.limit || !segment.insert(ref, tag)) {
      segment = this.#makeRoom(segment, hash);
    }
    this.#size++;
    const arena = this.#arena;
    if ((arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) !== 0) {
      this.#countExpiry(segment, readExpiry(arena, ref, this.#keyAt));
    }
  }

  /**
   * Puts a record in the place of another with the same key. The old one may be freed already, so the caller says
   * whether it carried an expiry.
   */
  replace(oldRef: Ref, newRef: Ref, hash: number, oldHadExpiry: boolean): void {
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    const slot = segment.slotOf(oldRef, tagOf(hash));
    if (slot === -1) throw new Error("Cannot replace a record that is not in the table");
    segment.refs[slot] = newRef;
    if (oldHadExpiry) this.#uncountExpiry(segment);
    const arena = this.#arena;
    if ((arena.u32[newRef >>> 17][(newRef & 0x1ffff) << 1] & HAS_EXPIRY) !== 0) {
      this.#countExpiry(segment, readExpiry(arena, newRef, this.#keyAt));
    }
  }

  /** Puts a moved record's new ref in the place of the old one; flags, key and expiry are the same. */
  relocate(oldRef: Ref, newRef: Ref, hash: number): void {
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    const slot = segment.slotOf(oldRef, tagOf(hash));
    if (slot === -1) throw new Error("Cannot relocate a record that is not in the table");
    segment.refs[slot] = newRef;
  }

  /** Takes a record, which must not be freed yet, out of the table; false if it is not in it. */
  remove(ref: Ref, hash: number): boolean {
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    const slot = segment.slotOf(ref, tagOf(hash));
    if (slot === -1) return false;
    segment.removeAt(slot);
    this.#size--;
    if ((this.#arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) !== 0) {
      this.#uncountExpiry(segment);
    }
    if (segment.isSparse) this.#giveUpRoom(segment);
    return true;
  }

  /** Forgets all records; their blocks are the caller's to free. */
  clear(): void {
    for (const segment of this.#segments()) segment.release();
    const segment = new TableSegment(0, 0, 0);
    this.#directory = [segment];
    this.#slotBytes = segment.bytes;
    this.#depth = 0;
    this.#shift = 31;
    this.#deepest = 1;
    this.#size = 0;
    this.#volatileCount = 0;
    this.#nextDue = Infinity;
    this.#duePosition = 0;
    this.#dueSeen = Infinity;
  }

  /**
   * Visits about `count` records from a cursor on and returns the next cursor, 0 at the end. Whatever changes between
   * the calls, a record that is there throughout is visited at least once. `visit` must not change the table.
   */
  scan(cursor: number, count: number, visit: (ref: Ref) => void): number {
    let start = Math.floor(cursor / CURSOR_START) % 2 ** 24 * 256;
    let tag = Math.floor(cursor / CURSOR_TAG) & 0xffff;
    let depth = cursor % CURSOR_TAG;
    let wanted = Math.max(1, count);
    let crossings = wanted * SLOTS_PER_RECORD;
    for (;;) {
      const segment = this.#segmentAt(start);
      // Merged with the segment before it or after it, whose lower tags have or have not been visited: begin again.
      if (segment.depth < depth) tag = 0;
      const { tags, refs, capacity } = segment;
      let slot = Math.imul(tag, capacity) >>> 16;
      while (tags[slot] < tag) slot++;
      for (; slot < tags.length; slot++) {
        const here = tags[slot];
        if (here === EMPTY_TAG) {
          if (--crossings > 0) continue;
          const next = segment.tagBehind(slot);
          if (next < EMPTY_TAG) return scanCursor(segment, next);
          break;
        }
        // Records of one tag cannot be told apart by a cursor, so they are visited together.
        if (wanted <= 0 && here !== tag) return scanCursor(segment, here);
        tag = here;
        wanted--;
        visit(refs[slot]);
      }
      start = segment.start + segment.span;
      if (start === TWO_TO_32) return 0;
      tag = 0;
      depth = 0;
      if (wanted <= 0 || crossings <= 0) return (start / 256) * CURSOR_START;
    }
  }

  /**
   * Visits all records of the segment at a position (a hash; 0 to begin) and returns the position of the next
   * segment, 0 at the end. `visit` must not change the table.
   */
  walk(position: number, visit: (ref: Ref) => void): number {
    const segment = this.#segmentAt(position);
    const { tags, refs } = segment;
    for (let slot = 0, left = segment.count; left > 0; slot++) {
      if (tags[slot] === EMPTY_TAG) continue;
      left--;
      visit(refs[slot]);
    }
    return (segment.start + segment.span) % TWO_TO_32;
  }

  /**
   * Like `walk`, but each record's ref is replaced by what `move` returns for it: the same ref, or that of a copy
   * with the same flags, key and expiry.
   */
  relocateAll(position: number, move: (ref: Ref) => Ref): number {
    const segment = this.#segmentAt(position);
    const { tags, refs } = segment;
    for (let slot = 0, left = segment.count; left > 0; slot++) {
      if (tags[slot] === EMPTY_TAG) continue;
      left--;
      refs[slot] = move(refs[slot]);
    }
    return (segment.start + segment.span) % TWO_TO_32;
  }

  /**
   * Like `walk`, but gives the visited segment's own memory up: takes a table apart that nobody uses any more. From
   * the first call on it is good for nothing else.
   */
  dismantle(position: number, visit?: (ref: Ref) => void): number {
    const segment = this.#segmentAt(position);
    const next = visit === undefined
      ? (segment.start + segment.span) % TWO_TO_32
      : this.walk(position, visit);
    this.#size -= segment.count;
    this.#slotBytes -= segment.bytes;
    segment.release();
    return next;
  }

  /** A random record, nearly uniformly chosen, or 0 in an empty table; `random` gives numbers in [0, 1). */
  randomRef(random: () => number): Ref {
    if (this.#size === 0) return 0;
    const segment = this.#filledSegment(random);
    const { tags, refs } = segment;
    let slot = 0;
    for (let i = 0; i < RANDOM_TRIES; i++) {
      slot = Math.floor(random() * tags.length);
      if (tags[slot] !== EMPTY_TAG) return refs[slot];
    }
    while (tags[slot] === EMPTY_TAG) slot = (slot + 1) % tags.length;
    return refs[slot];
  }

  /**
   * Appends up to `n` neighbouring records from a random place on to `out`: cheaper than `n` random ones and good
   * enough to compare ages. With `volatileOnly` only records that carry an expiry.
   */
  sample(random: () => number, n: number, out: Ref[], volatileOnly = false): void {
    const total = volatileOnly ? this.#volatileCount : this.#size;
    let left = Math.min(n, total);
    if (left === 0) return;
    const first = this.#filledSegment(random, volatileOnly);
    let segment = first;
    let from = Math.floor(random() * segment.tags.length);
    const words = this.#arena.u32;
    for (let seen = 0; seen < PLACES_PER_CALL; seen++) {
      const { tags, refs } = segment;
      const skip = volatileOnly ? segment.volatileCount === 0 : segment.count === 0;
      // The segment that the sample begins in goes round, so that its first slots are as likely as its last.
      for (let i = 0, slots = tags.length; i < slots && !skip; i++) {
        const slot = from + i < slots ? from + i : from + i - slots;
        if (tags[slot] === EMPTY_TAG) continue;
        const ref = refs[slot];
        if (volatileOnly && (words[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) === 0) continue;
        out.push(ref);
        if (--left === 0) return;
      }
      segment = this.#segmentAt((segment.start + segment.span) % TWO_TO_32);
      if (segment === first) return;
      from = 0;
    }
  }

  /** A record's expiry was written in place: it is `expiry` now, and it had one before if `already`. */
  noteExpiry(hash: number, expiry: number, already: boolean): void {
    const segment = this.#directory[(hash >>> 1) >>> this.#shift];
    if (already) this.#uncountExpiry(segment);
    this.#countExpiry(segment, expiry);
  }

  /** A record with this hash no longer carries an expiry. */
  dropExpiry(hash: number): void {
    this.#uncountExpiry(this.#directory[(hash >>> 1) >>> this.#shift]);
  }

  /**
   * Appends the records that are due at `now` to `out`, from at most `maxSegments` segments, and goes on from there
   * at the next call. The caller removes them at once. Segments without anything due are skipped without a look at
   * their records, and a table without anything due costs nothing.
   *
   * @returns the number of segments whose records were looked at; fewer than `maxSegments` when nothing more is due
   * or after a long way over segments that are not
   */
  collectDue(now: number, out: Ref[], maxSegments: number): number {
    if (now < this.#nextDue) return 0;
    let visited = 0;
    let position = this.#duePosition;
    for (let i = 0; i < PLACES_PER_CALL && visited < maxSegments; i++) {
      const segment = this.#segmentAt(position);
      if (segment.earliest <= now) {
        this.#collectFrom(segment, now, out);
        visited++;
      }
      if (segment.earliest < this.#dueSeen) this.#dueSeen = segment.earliest;
      position = (segment.start + segment.span) % TWO_TO_32;
      if (position === 0) {
        // A whole round: what it saw is all there is, since new expiries lower both numbers as they come.
        this.#nextDue = this.#dueSeen;
        this.#dueSeen = Infinity;
        if (now < this.#nextDue) break;
      }
    }
    this.#duePosition = position;
    return visited;
  }

  #collectFrom(segment: TableSegment, now: number, out: Ref[]): void {
    const { tags, refs } = segment;
    const arena = this.#arena;
    let earliest = Infinity;
    for (let slot = 0, left = segment.count; left > 0; slot++) {
      if (tags[slot] === EMPTY_TAG) continue;
      left--;
      const ref = refs[slot];
      if ((arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) === 0) continue;
      const expiry = readExpiry(arena, ref, this.#keyAt);
      if (expiry <= now) out.push(ref);
      else if (expiry < earliest) earliest = expiry;
    }
    segment.earliest = earliest;
  }

  #countExpiry(segment: TableSegment, expiry: number): void {
    segment.volatileCount++;
    this.#volatileCount++;
    if (expiry < segment.earliest) segment.earliest = expiry;
    if (expiry < this.#nextDue) this.#nextDue = expiry;
    if (expiry < this.#dueSeen) this.#dueSeen = expiry;
  }

  #uncountExpiry(segment: TableSegment): void {
    this.#volatileCount--;
    if (--segment.volatileCount === 0) segment.earliest = Infinity;
  }

  #segmentAt(hash: number): TableSegment {
    return this.#directory[(hash >>> 1) >>> this.#shift];
  }

  *#segments(): Generator<TableSegment> {
    for (let place = 0; place < this.#directory.length;) {
      const segment = this.#directory[place];
      yield segment;
      place += 1 << (this.#depth - segment.depth);
    }
  }

  /** A random segment that is not empty, one of those after it failing that; there must be one. */
  #filledSegment(random: () => number, volatileOnly = false): TableSegment {
    const places = this.#directory.length;
    for (let i = 0; i < RANDOM_TRIES; i++) {
      const segment = this.#directory[Math.floor(random() * places)];
      if (volatileOnly ? segment.volatileCount > 0 : segment.count > 0) return segment;
    }
    let place = Math.floor(random() * places);
    for (;;) {
      const segment = this.#directory[place];
      if (volatileOnly ? segment.volatileCount > 0 : segment.count > 0) return segment;
      place = (place + 1) % places;
    }
  }

  /** Grows or splits a full segment; returns the one that the hash leads to afterwards. */
  #makeRoom(segment: TableSegment, hash: number): TableSegment {
    const isFull = segment.count >= segment.limit && segment.capacity >= SPLIT_CAPACITY;
    if (isFull && this.#maySplit(segment)) {
      this.#split(segment);
      return this.#segmentAt(hash);
    }
    this.#slotBytes -= segment.bytes;
    segment.grow();
    this.#slotBytes += segment.bytes;
    return segment;
  }

  #maySplit(segment: TableSegment): boolean {
    if (segment.depth < this.#depth) return true;
    return this.#depth < MAX_DEPTH && this.#size >= this.#directory.length * RECORDS_PER_PLACE;
  }

  #split(segment: TableSegment): void {
    if (segment.depth === this.#depth) this.#doubleDirectory();
    const depth = segment.depth + 1;
    const half = segment.span / 2;
    const expected = segment.count / 2;
    const low = new TableSegment(segment.start, depth, expected);
    const high = new TableSegment(segment.start + half, depth, expected);
    const { tags, refs } = segment;
    const arena = this.#arena;
    for (let slot = 0, left = segment.count; left > 0; slot++) {
      const tag = tags[slot];
      if (tag === EMPTY_TAG) continue;
      left--;
      const ref = refs[slot];
      const to = this.hashOf(ref) < high.start ? low : high;
      while (to.count >= to.limit || !to.insert(ref, tag)) to.grow();
      if ((arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) === 0) continue;
      to.volatileCount++;
      const expiry = readExpiry(arena, ref, this.#keyAt);
      if (expiry < to.earliest) to.earliest = expiry;
    }
    this.#slotBytes += low.bytes + high.bytes - segment.bytes;
    segment.release();
    this.#place(low);
    this.#place(high);
    if (depth === this.#depth) this.#deepest += 2;
  }

  /** After a removal: merges the segment with its neighbour if both are sparse, or just takes a smaller capacity. */
  #giveUpRoom(segment: TableSegment): void {
    const neighbour = this.#neighbour(segment);
    if (neighbour !== null && segment.count + neighbour.count <= MERGE_COUNT) {
      this.#merge(segment, neighbour);
      return;
    }
    this.#slotBytes -= segment.bytes;
    segment.shrink();
    this.#slotBytes += segment.bytes;
  }

  /** The other half of what the segment was split from, unless that is split further. */
  #neighbour(segment: TableSegment): TableSegment | null {
    if (segment.depth === 0) return null;
    const neighbour = this.#segmentAt((segment.start ^ segment.span) >>> 0);
    return neighbour.depth === segment.depth ? neighbour : null;
  }

  #merge(segment: TableSegment, neighbour: TableSegment): void {
    const [low, high] = segment.start < neighbour.start
      ? [segment, neighbour]
      : [neighbour, segment];
    this.#slotBytes -= low.bytes + high.bytes;
    if (low.depth === this.#depth) this.#deepest -= 2;
    low.absorb(high);
    low.depth--;
    this.#slotBytes += low.bytes;
    this.#place(low);
    while (this.#deepest === 0 && this.#depth > 0) this.#halveDirectory();
  }

  /** Enters a segment at all its places in the directory. */
  #place(segment: TableSegment): void {
    const places = 1 << (this.#depth - segment.depth);
    const first = (segment.start >>> 1) >>> this.#shift;
    this.#directory.fill(segment, first, first + places);
  }

  #doubleDirectory(): void {
    const old = this.#directory;
    const doubled: TableSegment[] = [];
    for (const segment of old) doubled.push(segment, segment);
    this.#directory = doubled;
    this.#depth++;
    this.#shift--;
    this.#deepest = 0;
  }

  #halveDirectory(): void {
    const halved: TableSegment[] = [];
    this.#depth--;
    this.#shift++;
    this.#deepest = 0;
    for (let place = 0; place < this.#directory.length; place += 2) {
      const segment = this.#directory[place];
      halved.push(segment);
      if (segment.depth === this.#depth) this.#deepest++;
    }
    this.#directory = halved;
  }
}

function scanCursor(segment: TableSegment, tag: number): number {
  return (segment.start / 256) * CURSOR_START + tag * CURSOR_TAG + segment.depth;
}
