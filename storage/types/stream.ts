/**
 * The stream: entries of fields and values, appended in the order of their IDs.
 *
 * Entries lie in nodes, listpacks in the arena in Redis's own format (./stream_node.ts), so that dumps copy them as they
 * are; an ID tree finds the node that an ID belongs to. The last node grows until a limit and is then cut to its size.
 * A deleted entry is only marked; a node goes when its last living entry does.
 *
 * Invariants: every node has a living entry; `length` counts those; `firstId` is the first of them, 0-0 without any.
 *
 * Knows nothing of keys, clients, RESP or time: who appends gives the ID.
 *
 * @module
 */

import type { Collection, Heap } from "./collection.ts";
import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { type IdPlace, IdTree } from "./id_tree.ts";
import {
  entryBytesFor,
  integerEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEmpty,
  writeEntry,
  writeIntegerEntry,
} from "./listpack.ts";
import { type Count, minus, plusOne } from "./stream_count.ts";
import { byName, ConsumerGroup, UNKNOWN_READS } from "./stream_group.ts";
import { StreamId } from "./stream_id.ts";
import {
  DELETED,
  type Difference,
  differenceBytes,
  growHeader,
  LISTPACK_HEADER,
  readInteger,
  SAME_FIELDS,
  subtract,
  writeDifference,
} from "./stream_node.ts";
import { elementsOf, StreamReader } from "./stream_reader.ts";

/** Stretches of bytes in one buffer: fields and values in turn. */
export interface Slices {
  readonly buf: Uint8Array;
  readonly off: ArrayLike<number>;
  readonly len: ArrayLike<number>;
}

/** When a node is full; 0 for no limit. */
export interface NodeLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** The most bytes of fields and values that an entry may have, and of a node. */
export const LARGEST_ENTRY = 1 << 30;

const END = 0xff;
/** A growing node doubles up to this size, bytes; that of a full one unless configured otherwise. */
const LARGEST_DOUBLING = 4096;
/** Blocks that one step of {@link Stream.dismantle} frees, or {@link Stream.relocate} looks at. */
const BLOCKS_PER_STEP = 256;
/** Roughly what a stream takes in the JavaScript heap, bytes. */
const OBJECT_BYTES = 1500;
const SMALLEST = new StreamId();

/** A stream with its consumer groups. */
export class Stream implements Collection, ListpackOwner {
  /** The greatest ID that the stream has had. */
  readonly lastId: StreamId = new StreamId();
  readonly firstId: StreamId = new StreamId();
  /** The greatest ID of a deleted entry; trimming does not count. */
  readonly maxDeletedId: StreamId = new StreamId();
  /** How many entries have ever been added. */
  entriesAdded: Count = 0;

  readonly #heap: Heap;
  readonly #arena: Arena;
  /** Nodes by ID; the payload is the listpack's ref. */
  readonly #index: IdTree;
  readonly #reader: StreamReader;
  readonly #pack = new Listpack();
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #msDifference: Difference = { high: 0, low: 0 };
  readonly #seqDifference: Difference = { high: 0, low: 0 };
  #length = 0;
  /** The node whose listpack is being edited. */
  #edited: IdPlace | undefined;
  #dismantling: Generator<void> | undefined;
  #relocating: Generator<void> | undefined;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#arena = heap.arena;
    this.#index = new IdTree(heap.arena, 1);
    this.#reader = new StreamReader(heap.arena, this.#index);
    heap.meter.bytes += OBJECT_BYTES;
  }

  /** The number of entries. */
  get length(): number {
    return this.#length;
  }

  get size(): number {
    return this.#length;
  }

  /** The number of nodes. */
  get nodeCount(): number {
    return this.#index.size;
  }

  // --- reading -------------------------------------------------------------------------------------------------

  /** The stream's one reader; whoever reads while somebody else does makes another ({@link newReader}). */
  get reader(): StreamReader {
    return this.#reader;
  }

  newReader(): StreamReader {
    return new StreamReader(this.#arena, this.#index);
  }

  /** Whether there is an entry of this ID. O(log n). */
  has(id: StreamId): boolean {
    return this.#reader.seek(id, id);
  }

  /** The ID of the last entry, 0-0 when there is none. */
  topId(): StreamId {
    return this.#reader.seek(SMALLEST, StreamId.max(), true)
      ? this.#reader.id.clone()
      : new StreamId();
  }

  /** The ID of the first entry, be it marked as deleted, or the greatest ID when there is none. */
  firstStoredId(): StreamId {
    return this.#reader.seek(SMALLEST, StreamId.max(), false, true)
      ? this.#reader.id.clone()
      : StreamId.max();
  }

  // --- changing --------------------------------------------------------------------------------------------------

  /**
   * Appends an entry; the ID must be greater than {@link lastId}. Of `data`, `fieldCount` pairs from index `first` on are
   * taken, at most {@link LARGEST_ENTRY} bytes. O(fields).
   */
  append(
    id: StreamId,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): void {
    let place = this.#index.last();
    if (place !== undefined && this.#isFull(place, data, first, fieldCount, limits)) {
      place.put(0, this.#arena.resize(place.get(0), this.#attach(place).bytes));
      place = undefined;
    }
    const isFirst = place === undefined;
    place ??= this.#newNode(id, data, first, fieldCount);
    const pack = this.#attach(place);
    const same = isFirst || this.#hasSameFields(pack, data, first, fieldCount);

    const ms = this.#msDifference;
    const seq = this.#seqDifference;
    const { words, at } = place;
    subtract(ms, id.msHigh, id.msLow, words[at], words[at + 1]);
    subtract(seq, id.seqHigh, id.seqLow, words[at + 2], words[at + 3]);
    const elements = elementsOf(fieldCount, same);
    let size = 2 + differenceBytes(ms) + differenceBytes(seq) + integerEntryBytes(elements);
    if (!same) size += integerEntryBytes(fieldCount);
    for (let i = first + (same ? 1 : 0); i < first + fieldCount * 2; i += same ? 2 : 1) {
      size += entryBytesFor(data.buf, data.off[i], data.len[i]);
    }
    if (!isFirst) this.#writeCounter(place, 0, this.#liveEntries(pack) + 1);
    this.#writeEntry(place, data, first, fieldCount, { same, size, elements });

    this.#length++;
    this.entriesAdded = plusOne(this.entriesAdded);
    this.lastId.set(id);
    if (this.#length === 1) this.firstId.set(id);
  }

  #writeEntry(
    place: IdPlace,
    data: Slices,
    first: number,
    fieldCount: number,
    entry: { same: boolean; size: number; elements: number },
  ): void {
    const { same, size, elements } = entry;
    const pack = this.#attach(place);
    const bytes = pack.bytes;
    this.#reserve(place, pack, bytes + size);
    const buf = pack.buf;
    let to = pack.start + bytes - 1;
    to += writeIntegerEntry(buf, to, same ? SAME_FIELDS : 0);
    to = writeDifference(buf, to, this.#msDifference);
    to = writeDifference(buf, to, this.#seqDifference);
    if (!same) to += writeIntegerEntry(buf, to, fieldCount);
    for (let i = first + (same ? 1 : 0); i < first + fieldCount * 2; i += same ? 2 : 1) {
      to += writeEntry(buf, to, data.buf, data.off[i], data.len[i]);
    }
    to += writeIntegerEntry(buf, to, elements);
    buf[to] = END;
    growHeader(buf, pack.start, bytes + size, elements + 1);
  }

  #isFull(
    place: IdPlace,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): boolean {
    let total = this.#attach(place).bytes;
    for (let i = first; i < first + fieldCount * 2; i++) total += data.len[i];
    const most = limits.bytes === 0 || limits.bytes > LARGEST_ENTRY ? LARGEST_ENTRY : limits.bytes;
    if (total >= most) return true;
    if (limits.entries === 0) return false;
    const pack = this.#pack;
    const live = pack.start + LISTPACK_HEADER;
    const stored = readInteger(pack.buf, live) +
      readInteger(pack.buf, live + pack.entryBytes(live));
    return stored >= limits.entries;
  }

  /** A node with a head only, which speaks of one entry already. */
  #newNode(id: StreamId, data: Slices, first: number, fieldCount: number): IdPlace {
    let size = 4 + integerEntryBytes(fieldCount) + 2;
    for (let i = first; i < first + fieldCount * 2; i += 2) {
      size += entryBytesFor(data.buf, data.off[i], data.len[i]);
    }
    const ref = this.#arena.alloc(LISTPACK_HEADER + size + 1);
    const buf = this.#arena.u8[ref >>> CHUNK_SHIFT];
    const start = (ref & OFFSET_MASK) << 3;
    writeEmpty(buf, start);
    let to = start + LISTPACK_HEADER;
    to += writeIntegerEntry(buf, to, 1);
    to += writeIntegerEntry(buf, to, 0);
    to += writeIntegerEntry(buf, to, fieldCount);
    for (let i = first; i < first + fieldCount * 2; i += 2) {
      to += writeEntry(buf, to, data.buf, data.off[i], data.len[i]);
    }
    to += writeIntegerEntry(buf, to, 0);
    buf[to] = END;
    growHeader(buf, start, LISTPACK_HEADER + size + 1, fieldCount + 4);
    const place = this.#index.insert(id);
    place.put(0, ref);
    return place;
  }

  #hasSameFields(pack: Listpack, data: Slices, first: number, fieldCount: number): boolean {
    let at = pack.start + LISTPACK_HEADER;
    at += pack.entryBytes(at);
    at += pack.entryBytes(at);
    if (readInteger(pack.buf, at) !== fieldCount) return false;
    at += pack.entryBytes(at);
    for (let i = first; i < first + fieldCount * 2; i += 2) {
      if (!pack.equals(at, data.buf, data.off[i], data.len[i])) return false;
      at += pack.entryBytes(at);
    }
    return true;
  }

  /** Marks an entry as deleted; false when there is none of this ID. O(log n). */
  delete(id: StreamId): boolean {
    if (!this.#reader.seek(id, id)) return false;
    const { place, pack, flagsAt } = this.#reader;
    const live = this.#liveEntries(pack);
    if (live === 1) {
      this.#removeNode(place);
    } else {
      pack.buf[flagsAt] |= DELETED;
      this.#countDeleted(place, live, 1);
    }
    this.#length--;
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.set(id);
    if (this.#length === 0 || id.compare(this.firstId) === 0) this.#findFirst();
    return true;
  }

  /**
   * Removes entries from the front until `maxLength` are left; answers how many went. With `wholeNodes`, only as many as
   * fill whole nodes, and no more than `limit` (0 for any number). O(nodes removed).
   */
  trimToLength(maxLength: number, wholeNodes: boolean, limit = 0): number {
    return this.#trim(limit, wholeNodes, (place, live) => {
      const surplus = this.#length - maxLength;
      if (surplus <= 0) return 0;
      if (live <= surplus) return live;
      return wholeNodes ? 0 : this.#markFirst(place, (_, marked) => marked < surplus);
    });
  }

  /** Removes the entries before an ID, as {@link trimToLength} does. */
  trimToId(minId: StreamId, wholeNodes: boolean, limit = 0): number {
    return this.#trim(limit, wholeNodes, (place, live) => {
      if (this.#lastOf(place).compare(minId) < 0) return live;
      return wholeNodes ? 0 : this.#markFirst(place, (id) => id.compare(minId) < 0);
    });
  }

  /**
   * Goes over the nodes from the first one on. `trimNode` answers how many of a node's `live` entries go: if all do, the
   * node goes; fewer it has marked itself, and the work is done.
   */
  #trim(
    limit: number,
    wholeNodes: boolean,
    trimNode: (place: IdPlace, live: number) => number,
  ): number {
    let removed = 0;
    for (let place = this.#index.first(); place !== undefined; place = this.#index.first()) {
      const live = this.#liveEntries(this.#attach(place));
      if (limit > 0 && removed + live > limit) break;
      const going = trimNode(place, live);
      removed += going;
      this.#length -= going;
      if (going < live) {
        if (!wholeNodes) this.#countDeleted(place, live, going);
        break;
      }
      this.#removeNode(place);
    }
    if (removed > 0) this.#findFirst();
    return removed;
  }

  /** Marks living entries from a node's front on as deleted, as long as `goes` says so; answers how many. */
  #markFirst(place: IdPlace, goes: (id: StreamId, marked: number) => boolean): number {
    const reader = this.#reader;
    let marked = 0;
    let more = reader.seek(place.readId(new StreamId()), StreamId.max());
    while (more && goes(reader.id, marked)) {
      reader.pack.buf[reader.flagsAt] |= DELETED;
      marked++;
      more = reader.next();
    }
    return marked;
  }

  /** The last ID in a node, living or not. The answer is reused. */
  #lastOf(place: IdPlace): StreamId {
    const reader = this.#reader;
    const first = place.readId(new StreamId());
    const following = first.clone();
    following.increment();
    const to = this.#index.seekAtLeast(following, reader.place)
      ? reader.place.readId(following)
      : undefined;
    to?.decrement();
    reader.seek(first, to ?? StreamId.max(), true, true);
    return reader.id;
  }

  #removeNode(place: IdPlace): void {
    this.#arena.free(place.get(0));
    this.#index.remove(place.readId(new StreamId()));
  }

  #findFirst(): void {
    if (this.#length > 0 && this.#reader.seek(SMALLEST, StreamId.max())) {
      this.firstId.set(this.#reader.id);
    } else {
      this.firstId.setZero();
    }
  }

  // --- a node's listpack -----------------------------------------------------------------------------------------

  #attach(place: IdPlace): Listpack {
    const ref = place.get(0);
    return this.#pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
  }

  #liveEntries(pack: Listpack): number {
    return readInteger(pack.buf, pack.start + LISTPACK_HEADER);
  }

  /** Moves `count` of a node's entries from the living ones to the deleted ones, in its head. */
  #countDeleted(place: IdPlace, live: number, count: number): void {
    if (count === 0) return;
    this.#writeCounter(place, 0, live - count);
    const pack = this.#attach(place);
    const at = pack.start + LISTPACK_HEADER;
    this.#writeCounter(place, 1, readInteger(pack.buf, at + pack.entryBytes(at)) + count);
  }

  /** Writes the number of living (0) or deleted (1) entries into a node's head. */
  #writeCounter(place: IdPlace, which: 0 | 1, value: number): void {
    const pack = this.#attach(place);
    let at = pack.start + LISTPACK_HEADER;
    if (which === 1) at += pack.entryBytes(at);
    const before = pack.entryBytes(at);
    const after = integerEntryBytes(value);
    if (before !== after) {
      this.#edited = place;
      at = pack.splice(this, at, before, after, 0);
      this.#edited = undefined;
    }
    writeIntegerEntry(pack.buf, at, value);
  }

  /** For the listpack only: gives the edited node's listpack another length. */
  resize(pack: Listpack, length: number): void {
    const place = this.#edited;
    if (place === undefined) throw new Error("No node is being edited");
    this.#reserve(place, pack, length);
  }

  /** Sees to it that a node's block has room for so many bytes, with more to come. */
  #reserve(place: IdPlace, pack: Listpack, bytes: number): void {
    const ref = place.get(0);
    const room = this.#arena.usable(ref);
    if (bytes <= room) return;
    const more = room < LARGEST_DOUBLING ? Math.min(room * 2, LARGEST_DOUBLING) : room * 1.25;
    const moved = this.#arena.resize(ref, Math.max(bytes, Math.floor(more)));
    place.put(0, moved);
    pack.attach(this.#arena.u8[moved >>> CHUNK_SHIFT], (moved & OFFSET_MASK) << 3);
  }

  /** All nodes in order, for dumps: the ID, and where the listpack's bytes lie. The view is reused. */
  *nodes(): Generator<{ id: StreamId; buf: Uint8Array; off: number; len: number }> {
    const id = new StreamId();
    const place = this.#index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      const pack = this.#attach(place);
      yield { id: place.readId(id), buf: pack.buf, off: pack.start, len: pack.bytes };
    }
  }

  /**
   * Takes in a node of a dump, behind all others; its bytes must have been checked. What the stream knows about itself
   * ({@link lastId}, {@link firstId} …) the caller sets at the end; only the length is counted.
   */
  addNode(id: StreamId, bytes: Uint8Array): void {
    const ref = this.#arena.alloc(bytes.length);
    copyBytes(
      bytes,
      0,
      this.#arena.u8[ref >>> CHUNK_SHIFT],
      (ref & OFFSET_MASK) << 3,
      bytes.length,
    );
    const place = this.#index.insert(id);
    place.put(0, ref);
    this.#length += this.#liveEntries(this.#attach(place));
  }

  /** Finds {@link firstId} anew, after nodes were taken in. */
  findFirst(): void {
    this.#findFirst();
  }

  // --- consumer groups ---------------------------------------------------------------------------------------------

  get groupCount(): number {
    return this.#groups.size;
  }

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  /** All groups by name. */
  groups(): ConsumerGroup[] {
    return [...this.#groups.values()].sort(byName);
  }

  /** Adds a group; there must be none of that name. */
  addGroup(name: string, lastId: StreamId, entriesRead: Count): ConsumerGroup {
    const group = new ConsumerGroup(this.#heap, name, lastId, entriesRead);
    this.#groups.set(name, group);
    return group;
  }

  /** Removes a group. O(pending). */
  removeGroup(group: ConsumerGroup): void {
    this.#groups.delete(group.name);
    for (const _ of group.dismantle());
  }

  /** Notes that a group has read an entry, if it is ahead of what the group had read. */
  advance(group: ConsumerGroup, id: StreamId): boolean {
    if (id.compare(group.lastId) <= 0) return false;
    if (group.entriesRead !== UNKNOWN_READS && !this.#hasDeletedFrom(id)) {
      group.entriesRead = plusOne(group.entriesRead);
    } else if (this.entriesAdded !== 0) {
      group.entriesRead = this.#readsUpTo(id);
    }
    group.lastId.set(id);
    return true;
  }

  /** How many entries a group has still to read; undefined when deletions make that unknown. */
  lag(group: ConsumerGroup): Count | undefined {
    if (this.entriesAdded === 0) return 0;
    const { entriesRead, lastId } = group;
    if (entriesRead !== UNKNOWN_READS && !this.#hasDeletedFrom(lastId)) {
      return minus(this.entriesAdded, entriesRead);
    }
    const reads = this.#readsUpTo(lastId);
    return reads === UNKNOWN_READS ? undefined : minus(this.entriesAdded, reads);
  }

  /** Whether any entry from an ID on may have been deleted. */
  #hasDeletedFrom(id: StreamId): boolean {
    if (this.#length === 0 || this.maxDeletedId.isZero) return false;
    if (this.firstId.compare(this.maxDeletedId) > 0) return false;
    return id.compare(this.maxDeletedId) <= 0;
  }

  /** How many entries were ever added up to an ID; unknown where deletions leave holes. */
  #readsUpTo(id: StreamId): Count {
    if (this.entriesAdded === 0) return 0;
    const toLast = id.compare(this.lastId);
    if (toLast === 0 || (this.#length === 0 && toLast < 0)) return this.entriesAdded;
    if (toLast > 0) return UNKNOWN_READS;
    const toFirst = id.compare(this.firstId);
    if (this.maxDeletedId.isZero || this.maxDeletedId.compare(this.firstId) < 0) {
      const before = minus(this.entriesAdded, this.#length);
      if (toFirst < 0) return before;
      if (toFirst === 0) return plusOne(before);
    }
    return UNKNOWN_READS;
  }

  // --- as a collection -----------------------------------------------------------------------------------------------

  clone(): Stream {
    const copy = new Stream(this.#heap);
    for (const { id, buf, off, len } of this.nodes()) {
      copy.addNode(id, buf.subarray(off, off + len));
    }
    copy.lastId.set(this.lastId);
    copy.firstId.set(this.firstId);
    copy.maxDeletedId.set(this.maxDeletedId);
    copy.entriesAdded = this.entriesAdded;
    for (const [name, group] of this.#groups) copy.#groups.set(name, group.clone());
    return copy;
  }

  dismantle(): boolean {
    this.#dismantling ??= this.#takeApart();
    return advance(this.#dismantling);
  }

  *#takeApart(): Generator<void> {
    const place = this.#index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      this.#arena.free(place.get(0));
      yield;
    }
    yield* this.#index.dismantle();
    for (const group of this.#groups.values()) yield* group.dismantle();
    this.#heap.meter.bytes -= OBJECT_BYTES;
  }

  relocate(position: number): number {
    if (position === 0) this.#relocating = this.#move();
    if (this.#relocating !== undefined && advance(this.#relocating)) return position + 1;
    this.#relocating = undefined;
    return 0;
  }

  *#move(): Generator<void> {
    yield* this.#index.relocate();
    const id = new StreamId();
    const place = this.newReader().place;
    // The stream may change in between, so that each step finds its place anew.
    while (this.#index.seekAtLeast(id, place)) {
      this.#moveNode(place.get(0), place);
      place.readId(id).increment();
      yield;
    }
    for (const group of this.groups()) yield* group.relocate();
  }

  #moveNode(ref: Ref, place: IdPlace): void {
    if (!this.#arena.isEvacuating(ref)) return;
    place.put(0, this.#arena.resize(ref, this.#arena.usable(ref)));
  }
}

/** Takes a number of steps; answers whether there are more. */
function advance(steps: Generator<void>): boolean {
  for (let i = 0; i < BLOCKS_PER_STEP; i++) if (steps.next().done) return false;
  return true;
}
