/**
 * The table: finds keyed records (record.ts) in an arena by their keys.
 *
 * Extendible hashing: a directory indexed by the top bits of the hash leads to segments (table_segment.ts). A full
 * segment splits in two, two sparse neighbours merge, and nothing else is touched, so that no operation stops for
 * longer than it takes to copy 2048 slots, whatever the size. Only the directory, a few bytes for a thousand records,
 * is copied when it doubles.
 *
 * Invariants: a segment of depth d fills 2^(directory depth - d) directory places in a row, and every record lies in
 * the segment that its hash leads to. Each segment knows how many of its records carry an expiry and a time before
 * which none is due.
 *
 * Segments are in order and the records in them too, so the whole table is in the order of the hashes, from 0 up.
 * Scans and walks say where they are by a hash: whatever splits or merges meanwhile, what lies before that hash has
 * been visited and what lies behind it has not.
 *
 * The table owns no record: it neither frees nor changes any.
 *
 * @module
 */

import type { Arena, Ref } from "./arena.ts";
import { HASH_BITS, type Hasher } from "./hash.ts";
import { EXPIRY_BYTES, HAS_EXPIRY, LENGTHS_BYTES, LONG, readExpiry } from "./record.ts";
import { EMPTY, SPLIT_CAPACITY, TableSegment } from "./table_segment.ts";

/** Deeper segments would have too few bits of the hash left to spread their records. */
const MAX_DEPTH = HASH_BITS - 10;
const HASHES = 2 ** HASH_BITS;
/** Two segments merge when together they hold at most this: half of what made them split. */
const MERGE_COUNT = Math.floor(SPLIT_CAPACITY * 0.44);
/** A directory place for fewer records than this means that the hash is not spreading them. */
const RECORDS_PER_PLACE = 128;
/** Segments that one call looks at in search of something due or of a sample. */
const SEGMENTS_PER_CALL = 4096;
const RANDOM_TRIES = 16;
/** So often a record is drawn blindly before a segment's records are counted off. */
const FAIR_TRIES = 64;
/** Slots that a segment has for each record, at the most and a little more. */
const SLOTS_PER_RECORD = 4;

/** How a table reads its records. */
export interface TableOptions {
  /** Bytes before a record's expiry or key; a multiple of 4. */
  keyAt: number;
  /** Whether they are records with a value, as record.ts describes them. */
  valued?: boolean;
}

/** {@link Table}, or one that knows more of its records. */
export type TableKind = new (arena: Arena, hasher: Hasher, options: TableOptions) => Table;

/** What a snapshot wants to know of a table that it goes through. */
export interface TableCut {
  /** Called before records of this hash change, come or go: writes those that are not written yet. */
  touch(hash: number): void;
  /** Calls `action` when the table and its records are not needed any more. */
  whenDone(action: () => void): void;
}

/** Maps byte-string keys to the refs of records that begin with their keys. */
export class Table {
  /** Who is told of records before they change or go, while a snapshot has not written them yet. */
  cut: TableCut | undefined;
  readonly #arena: Arena;
  readonly #hasher: Hasher;
  readonly #keyAt: number;
  /** The bits of word 1 that are the key's length, and the length that stands for one in a word of its own. */
  readonly #lengthMask: number;
  readonly #long: number;
  #directory: TableSegment[];
  #depth = 0;
  /** `hash >>> shift` is the directory place. */
  #shift = HASH_BITS;
  /** Segments whose depth is the directory's; without any the directory halves. */
  #deepest = 1;
  #size = 0;
  #volatileCount = 0;
  #slotBytes: number;
  /** No segment has anything due before this time. */
  #nextDue = Infinity;
  /** The place that {@link #goToRandom} has drawn. */
  #drawn = 0;
  /** Where the search for what is due goes on, and the earliest time that it has seen in this round. */
  #duePosition = 0;
  #dueSeen = Infinity;

  /** An empty table; tables of one process may share the hasher. */
  constructor(arena: Arena, hasher: Hasher, options: TableOptions) {
    this.#arena = arena;
    this.#hasher = hasher;
    this.#keyAt = options.keyAt;
    this.#lengthMask = options.valued ? LONG : -1;
    this.#long = options.valued ? LONG : -1;
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

  /** No record is due before this Unix time in ms: often exact, else too early. Infinity before there is one. */
  get nextDue(): number {
    return this.#nextDue;
  }

  /** Bytes in the slots of all segments and in the directory. */
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
    let keyAt = (word << 2) + this.#keyAt + ((words[word] & HAS_EXPIRY) === 0 ? 0 : EXPIRY_BYTES);
    let length = words[word + 1] & this.#lengthMask;
    if (length === this.#long) {
      length = words[keyAt >>> 2];
      keyAt += LENGTHS_BYTES;
    }
    return this.#hasher.hash(this.#arena.u8[chunk], keyAt, length);
  }

  /** The record with this key, or 0. `hash` is the key's. */
  find(buffer: Uint8Array, offset: number, length: number, hash: number): Ref {
    const segment = this.#directory[hash >>> this.#shift];
    const slots = segment.slots;
    const entry = (hash << 1) >>> 0;
    let at = (Math.imul((hash << segment.shift) >>> 16, segment.capacity) >>> 16) << 1;
    while (slots[at] < entry) at += 2;
    for (; slots[at] <= entry + 1; at += 2) {
      const ref = slots[at + 1];
      const words = this.#arena.u32[ref >>> 17];
      const record = (ref & 0x1ffff) << 1;
      const stored = words[record + 1] & this.#lengthMask;
      if (stored !== length && stored !== this.#long) continue;
      // An expiry takes two words and its flag is 0x80.
      let word = record + (this.#keyAt >>> 2) + ((words[record] & HAS_EXPIRY) >>> 6);
      if (stored === this.#long) {
        if (words[word] !== length) continue;
        word += LENGTHS_BYTES >>> 2;
      }
      if (keyEquals(words, word, buffer, offset, length)) {
        // Whoever finds a record may change it.
        if (this.cut !== undefined) this.cut.touch(hash);
        return ref;
      }
    }
    return 0;
  }

  /**
   * Loads what finding the keys of these hashes reads, for all of them side by side, so that they wait for memory
   * once and not one after the other: the caller looks them up at once. Answers nothing of use.
   */
  touch(hashes: Int32Array, count: number): number {
    const { u32 } = this.#arena;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const segment = this.#directory[hash >>> this.#shift];
      sum ^= segment.slots[
        (Math.imul((hash << segment.shift) >>> 16, segment.capacity) >>> 16) << 1
      ];
    }
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const segment = this.#directory[hash >>> this.#shift];
      const slots = segment.slots;
      const entry = (hash << 1) >>> 0;
      let at = (Math.imul((hash << segment.shift) >>> 16, segment.capacity) >>> 16) << 1;
      while (slots[at] < entry) at += 2;
      if (slots[at] > entry + 1) continue;
      const ref = slots[at + 1];
      const word = (ref & 0x1ffff) << 1;
      const words = u32[ref >>> 17];
      // A record of the usual size lies in two cache lines.
      sum ^= words[word] ^ words[word + 7];
    }
    return sum;
  }

  /** Adds a record whose key is known to be absent. */
  insert(ref: Ref, hash: number): void {
    if (this.cut !== undefined) this.cut.touch(hash);
    const arena = this.#arena;
    const isVolatile = (arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) === 0 ? 0 : 1;
    const entry = ((hash << 1) | isVolatile) >>> 0;
    let segment = this.#directory[hash >>> this.#shift];
    while (segment.count >= segment.limit || !segment.insert(entry, ref)) {
      segment = this.#makeRoom(segment, hash);
    }
    this.#size++;
    if (isVolatile === 1) this.#countExpiry(segment, readExpiry(arena, ref, this.#keyAt));
  }

  /**
   * Puts a record in the place of another with the same key. The old one may be freed already, so the caller says
   * whether it carried an expiry. The two may be the same, if one came or went in place.
   */
  replace(oldRef: Ref, newRef: Ref, hash: number, oldHadExpiry: boolean): void {
    const segment = this.#directory[hash >>> this.#shift];
    const at = segment.find(oldRef, hash);
    if (at === -1) throw new Error("Cannot replace a record that is not in the table");
    segment.slots[at + 1] = newRef;
    if (oldHadExpiry) this.#uncountExpiry(segment);
    const arena = this.#arena;
    if ((arena.u32[newRef >>> 17][(newRef & 0x1ffff) << 1] & HAS_EXPIRY) === 0) {
      segment.slots[at] &= ~1;
    } else {
      segment.slots[at] |= 1;
      this.#countExpiry(segment, readExpiry(arena, newRef, this.#keyAt));
    }
  }

  /** Puts a moved record's new ref in the place of the old one; flags, key and expiry are the same. */
  relocate(oldRef: Ref, newRef: Ref, hash: number): void {
    const segment = this.#directory[hash >>> this.#shift];
    const at = segment.find(oldRef, hash);
    if (at === -1) throw new Error("Cannot relocate a record that is not in the table");
    segment.slots[at + 1] = newRef;
  }

  /** Takes a record out of the table, whether freed already or not; false if it is not in it. */
  remove(ref: Ref, hash: number): boolean {
    if (this.cut !== undefined) this.cut.touch(hash);
    const segment = this.#directory[hash >>> this.#shift];
    const at = segment.find(ref, hash);
    if (at === -1) return false;
    this.#removeAt(segment, at);
    return true;
  }

  #removeAt(segment: TableSegment, at: number): void {
    if ((segment.slots[at] & 1) === 1) this.#uncountExpiry(segment);
    segment.removeAt(at);
    this.#size--;
    if (segment.isSparse) this.#giveUpRoom(segment);
  }

  /** Forgets all records; their blocks are the caller's to free. */
  clear(): void {
    let position = 0;
    do {
      const segment = this.#segmentAt(position);
      segment.release();
      position = segment.end % HASHES;
    } while (position !== 0);
    const segment = new TableSegment(0, 0, 0);
    this.#directory = [segment];
    this.#slotBytes = segment.bytes;
    this.#depth = 0;
    this.#shift = HASH_BITS;
    this.#deepest = 1;
    this.#size = 0;
    this.#volatileCount = 0;
    this.#nextDue = Infinity;
    this.#duePosition = 0;
    this.#dueSeen = Infinity;
  }

  /**
   * Visits about `count` records from a cursor on and returns the next cursor, 0 at the end. A record that is there
   * throughout is visited exactly once, whatever changes between the calls. `visit` must not change the table.
   */
  scan(cursor: number, count: number, visit: (ref: Ref) => void): number {
    let position = cursor % HASHES;
    let left = Math.max(1, count);
    do {
      const segment = this.#segmentAt(position);
      const slots = segment.slots;
      let at = segment.nextFilled(segment.firstAt(position));
      while (at !== -1) {
        const hash = slots[at] >>> 1;
        if (left <= 0) return hash;
        // A cursor cannot tell records of one hash apart, so they are visited together.
        for (; slots[at] >>> 1 === hash; at += 2) {
          visit(slots[at + 1]);
          left--;
        }
        at = segment.nextFilled(at);
      }
      position = segment.end % HASHES;
    } while (position !== 0);
    return 0;
  }

  /**
   * Visits the records from a position (a hash; 0 to begin) to the end of its segment and returns the next position,
   * 0 at the end: a record has been visited if its hash is less. `visit` must not change the table.
   */
  walk(position: number, visit: (ref: Ref) => void): number {
    const segment = this.#segmentAt(position);
    const slots = segment.slots;
    for (let at = segment.firstAt(position); at < slots.length; at += 2) {
      if (slots[at] !== EMPTY) visit(slots[at + 1]);
    }
    return segment.end % HASHES;
  }

  /**
   * Like `walk`, but each record's ref is replaced by what `move` returns for it: the same ref, or that of a copy
   * with the same flags, key and expiry.
   */
  relocateAll(position: number, move: (ref: Ref) => Ref): number {
    const segment = this.#segmentAt(position);
    const slots = segment.slots;
    for (let at = segment.firstAt(position); at < slots.length; at += 2) {
      if (slots[at] !== EMPTY) slots[at + 1] = move(slots[at + 1]);
    }
    return segment.end % HASHES;
  }

  /**
   * Like `walk`, but gives the visited segment's own memory up: takes a table apart that nobody uses any more. From
   * the first call on it is good for nothing else.
   */
  dismantle(position: number, visit?: (ref: Ref) => void): number {
    const segment = this.#segmentAt(position);
    if (visit !== undefined) this.walk(position, visit);
    this.#size -= segment.count;
    this.#slotBytes -= segment.bytes;
    segment.release();
    return segment.end % HASHES;
  }

  /**
   * A random record, each as likely as any other, or 0 in an empty table; `random` gives numbers in [0, 1). O(1): some
   * four tries.
   */
  randomRef(random: () => number): Ref {
    if (this.#size === 0) return 0;
    const segment = this.#goToRandom(random);
    return segment.slots[this.#drawn + 1];
  }

  /** Takes a random record out of the table, which has one, and answers it. Spares hashing and looking for its key. */
  takeRandom(random: () => number): Ref {
    const segment = this.#goToRandom(random);
    const ref = segment.slots[this.#drawn + 1];
    this.#removeAt(segment, this.#drawn);
    return ref;
  }

  /** Draws a record's place: the segment is answered, the slot's first word is in {@link #drawn}. */
  #goToRandom(random: () => number): TableSegment {
    const directory = this.#directory;
    for (let i = 0; i < FAIR_TRIES; i++) {
      // One number is good for both: its 53 bits are more than a directory and a segment have slots.
      const place = random() * directory.length;
      const index = Math.floor(place);
      const segment = directory[index];
      const { slots, depth } = segment;
      // As if all segments had the slots of a very sparse one: a try that goes past the real ones has failed.
      const room = depth === 0 ? slots.length / 2 : this.#size * SLOTS_PER_RECORD / (1 << depth);
      const at = Math.floor((place - index) * room) * 2;
      if (at < slots.length && slots[at] !== EMPTY) {
        this.#drawn = at;
        return segment;
      }
    }
    // Very few records, or hashes that are not spread.
    const segment = this.#randomSegment(random, false);
    let at = segment.nextFilled(0);
    for (let i = Math.floor(random() * segment.count); i > 0; i--) at = segment.nextFilled(at + 2);
    this.#drawn = at;
    return segment;
  }

  /**
   * Appends up to `n` neighbouring records from a random place on to `out`: cheaper than `n` random ones and good
   * enough to compare ages. With `volatileOnly` only records that carry an expiry.
   */
  sample(random: () => number, n: number, out: Ref[], volatileOnly = false): void {
    let left = Math.min(n, volatileOnly ? this.#volatileCount : this.#size);
    if (left === 0) return;
    const first = this.#randomSegment(random, volatileOnly);
    let segment = first;
    let from = Math.floor(random() * first.slots.length / 2) * 2;
    for (let seen = 0; seen < SEGMENTS_PER_CALL; seen++) {
      const slots = segment.slots;
      const isWorthIt = volatileOnly ? segment.volatileCount > 0 : segment.count > 0;
      // The segment that the sample begins in goes round, so that its first slots are as likely as its last.
      for (let i = 0; i < slots.length && isWorthIt; i += 2) {
        const at = (from + i) % slots.length;
        if (slots[at] === EMPTY || (volatileOnly && (slots[at] & 1) === 0)) continue;
        out.push(slots[at + 1]);
        if (--left === 0) return;
      }
      segment = this.#segmentAt(segment.end % HASHES);
      if (segment === first) return;
      from = 0;
    }
  }

  /**
   * The expiry of a record with this hash was written in place: it is `expiry` now, and there was another before if
   * `already`.
   */
  noteExpiry(hash: number, expiry: number, already: boolean): void {
    const segment = this.#directory[hash >>> this.#shift];
    if (!already) this.#readFlags(segment, hash);
    this.#lowerBounds(segment, expiry);
  }

  /** A record with this hash lost its expiry in place. */
  dropExpiry(hash: number): void {
    this.#readFlags(this.#directory[hash >>> this.#shift], hash);
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
    let visited = 0;
    for (let i = 0; i < SEGMENTS_PER_CALL; i++) {
      if (now < this.#nextDue || visited >= maxSegments) break;
      const segment = this.#segmentAt(this.#duePosition);
      if (segment.earliest <= now) {
        this.#collectFrom(segment, now, out);
        visited++;
      }
      if (segment.earliest < this.#dueSeen) this.#dueSeen = segment.earliest;
      this.#duePosition = segment.end % HASHES;
      if (this.#duePosition === 0) {
        // A whole round: what it saw is all there is, since new expiries lower both numbers as they come.
        this.#nextDue = this.#dueSeen;
        this.#dueSeen = Infinity;
      }
    }
    return visited;
  }

  #collectFrom(segment: TableSegment, now: number, out: Ref[]): void {
    const slots = segment.slots;
    let earliest = Infinity;
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at] === EMPTY || (slots[at] & 1) === 0) continue;
      const ref = slots[at + 1];
      const expiry = readExpiry(this.#arena, ref, this.#keyAt);
      if (expiry <= now) out.push(ref);
      else if (expiry < earliest) earliest = expiry;
    }
    segment.earliest = earliest;
  }

  #countExpiry(segment: TableSegment, expiry: number): void {
    segment.volatileCount++;
    this.#volatileCount++;
    this.#lowerBounds(segment, expiry);
  }

  #lowerBounds(segment: TableSegment, expiry: number): void {
    if (expiry < segment.earliest) segment.earliest = expiry;
    if (expiry < this.#nextDue) this.#nextDue = expiry;
    if (expiry < this.#dueSeen) this.#dueSeen = expiry;
  }

  #uncountExpiry(segment: TableSegment): void {
    this.#volatileCount--;
    if (--segment.volatileCount === 0) segment.earliest = Infinity;
  }

  /** Brings the entries of one hash into line with the flags in their records. */
  #readFlags(segment: TableSegment, hash: number): void {
    const slots = segment.slots;
    for (let at = segment.firstAt(hash); slots[at] >>> 1 === hash; at += 2) {
      const ref = slots[at + 1];
      const flags = this.#arena.u32[ref >>> 17][(ref & 0x1ffff) << 1];
      const isVolatile = (flags & HAS_EXPIRY) === 0 ? 0 : 1;
      if (isVolatile === (slots[at] & 1)) continue;
      slots[at] ^= 1;
      if (isVolatile === 1) this.#countExpiry(segment, readExpiry(this.#arena, ref, this.#keyAt));
      else this.#uncountExpiry(segment);
    }
  }

  #segmentAt(hash: number): TableSegment {
    return this.#directory[hash >>> this.#shift];
  }

  /** A random segment that has something, the next one failing that; there must be one. */
  #randomSegment(random: () => number, volatileOnly: boolean): TableSegment {
    const places = this.#directory.length;
    let place = 0;
    for (let i = 0; i < RANDOM_TRIES; i++) {
      place = Math.floor(random() * places);
      const segment = this.#directory[place];
      if (volatileOnly ? segment.volatileCount > 0 : segment.count > 0) return segment;
    }
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
    this.#slotBytes -= segment.bytes;
    for (const half of segment.split()) {
      this.#place(half);
      this.#slotBytes += half.bytes;
      if (half.depth === this.#depth) this.#deepest++;
    }
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
    const neighbour = this.#segmentAt(segment.start ^ (segment.end - segment.start));
    return neighbour.depth === segment.depth ? neighbour : null;
  }

  #merge(segment: TableSegment, neighbour: TableSegment): void {
    this.#slotBytes -= segment.bytes + neighbour.bytes;
    if (segment.depth === this.#depth) this.#deepest -= 2;
    const merged = segment.start < neighbour.start
      ? TableSegment.merge(segment, neighbour)
      : TableSegment.merge(neighbour, segment);
    this.#slotBytes += merged.bytes;
    this.#place(merged);
    while (this.#deepest === 0 && this.#depth > 0) this.#halveDirectory();
  }

  /** Enters a segment at all its places in the directory. */
  #place(segment: TableSegment): void {
    const places = 1 << (this.#depth - segment.depth);
    const first = segment.start >>> this.#shift;
    this.#directory.fill(segment, first, first + places);
  }

  #doubleDirectory(): void {
    const doubled: TableSegment[] = [];
    for (const segment of this.#directory) doubled.push(segment, segment);
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

/**
 * Whether a key that begins at a word of the arena equals a stretch of a buffer. By words, since the buffer's words
 * are put together faster than the record's are taken apart, and its byte view would be another cache line to load.
 */
function keyEquals(
  words: Uint32Array,
  word: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const end = offset + (length & ~3);
  while (offset < end) {
    const bytes = buffer[offset] | (buffer[offset + 1] << 8) | (buffer[offset + 2] << 16) |
      (buffer[offset + 3] << 24);
    if (((words[word] ^ bytes) | 0) !== 0) return false;
    offset += 4;
    word++;
  }
  const rest = length & 3;
  if (rest === 0) return true;
  let difference = words[word] ^ buffer[offset];
  if (rest > 1) difference ^= buffer[offset + 1] << 8;
  if (rest > 2) difference ^= buffer[offset + 2] << 16;
  return difference << (32 - 8 * rest) === 0;
}
