/**
 * Where a stream's entries lie: nodes, listpacks in the arena in Redis's own format (./stream_node.ts), so that dumps copy
 * them as they are. An ID tree finds the node that an ID belongs to.
 *
 * The last node grows until it is full and is then cut to its size. A deleted entry is only marked; a node goes when its
 * last living entry does.
 *
 * Invariant: every node has a living entry, and its head says how many.
 *
 * Knows nothing of what a stream remembers about its past.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK } from "../memory/arena.ts";
import { IdPlace, IdTree } from "./id_tree.ts";
import {
  entryBytesFor,
  integerEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEmpty,
  writeEntry,
  writeIntegerEntry,
} from "./listpack.ts";
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

/** The nodes of one stream. */
export class StreamNodes implements ListpackOwner {
  /** How many living entries there are. */
  length = 0;
  /** Nodes by ID; the payload is the listpack's ref. */
  readonly index: IdTree;
  readonly #arena: Arena;
  readonly #reader: StreamReader;
  readonly #pack = new Listpack();
  readonly #msDifference: Difference = { high: 0, low: 0 };
  readonly #seqDifference: Difference = { high: 0, low: 0 };
  /** The node whose listpack is being edited. */
  #edited: IdPlace | undefined;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.index = new IdTree(arena, 1);
    this.#reader = new StreamReader(arena, this.index);
  }

  /** Appends an entry; see {@link ./stream.ts}. */
  append(
    id: StreamId,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): void {
    // The one listpack window of this object stays attached to the last node from here on.
    let place = this.index.last();
    const pack = this.#pack;
    if (place !== undefined) {
      this.#attach(place);
      if (this.#isFull(data, first, fieldCount, limits)) {
        place.put(0, this.#arena.resize(place.get(0), pack.bytes));
        place = undefined;
      }
    }
    const isFirst = place === undefined;
    place ??= this.#newNode(id, data, first, fieldCount);
    const same = isFirst || this.#hasSameFields(data, first, fieldCount);
    if (!isFirst) this.#writeCounter(place, 0, this.#liveEntries() + 1);

    const { words, at } = place;
    const ms = this.#msDifference;
    const seq = this.#seqDifference;
    subtract(ms, id.msHigh, id.msLow, words[at], words[at + 1]);
    subtract(seq, id.seqHigh, id.seqLow, words[at + 2], words[at + 3]);
    const elements = elementsOf(fieldCount, same);
    const begin = same ? first + 1 : first;
    const end = first + fieldCount * 2;
    const step = same ? 2 : 1;
    let size = 2 + differenceBytes(ms) + differenceBytes(seq) + integerEntryBytes(elements);
    if (!same) size += integerEntryBytes(fieldCount);
    for (let i = begin; i < end; i += step) {
      size += entryBytesFor(data.buf, data.off[i], data.len[i]);
    }

    const bytes = pack.bytes;
    this.#reserve(place, bytes + size);
    const buf = pack.buf;
    let to = pack.start + bytes - 1;
    to += writeIntegerEntry(buf, to, same ? SAME_FIELDS : 0);
    to = writeDifference(buf, to, ms);
    to = writeDifference(buf, to, seq);
    if (!same) to += writeIntegerEntry(buf, to, fieldCount);
    for (let i = begin; i < end; i += step) {
      to += writeEntry(buf, to, data.buf, data.off[i], data.len[i]);
    }
    to += writeIntegerEntry(buf, to, elements);
    buf[to] = END;
    growHeader(buf, pack.start, bytes + size, elements + 1);
    this.length++;
  }

  /** Whether the attached node has no room for this entry. */
  #isFull(data: Slices, first: number, fieldCount: number, limits: NodeLimits): boolean {
    const pack = this.#pack;
    let total = pack.bytes;
    for (let i = first; i < first + fieldCount * 2; i++) total += data.len[i];
    const most = limits.bytes === 0 || limits.bytes > LARGEST_ENTRY ? LARGEST_ENTRY : limits.bytes;
    if (total >= most) return true;
    if (limits.entries === 0) return false;
    const live = pack.start + LISTPACK_HEADER;
    const stored = readInteger(pack.buf, live) +
      readInteger(pack.buf, live + pack.entryBytes(live));
    return stored >= limits.entries;
  }

  /** A node with a head only, which speaks of one entry already; it is attached. */
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
    const place = this.index.insert(id);
    place.put(0, ref);
    this.#attach(place);
    return place;
  }

  /** Whether the attached node's field names are these. */
  #hasSameFields(data: Slices, first: number, fieldCount: number): boolean {
    const pack = this.#pack;
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

  /** Marks the entry that a reader is at as deleted. */
  delete({ place, pack, flagsAt }: StreamReader): void {
    pack.buf[flagsAt] |= DELETED;
    this.#attach(place);
    const live = this.#liveEntries();
    if (live === 1) this.#remove(place);
    else this.#countDeleted(place, live, 1);
    this.length--;
  }

  /**
   * Removes entries from the front until `maxLength` are left; answers how many went. With `wholeNodes`, only as many as
   * fill whole nodes, and no more than `limit` (0 for any number). O(nodes removed).
   */
  trimToLength(maxLength: number, wholeNodes: boolean, limit = 0): number {
    return this.#trim(limit, wholeNodes, (place, live) => {
      const surplus = this.length - maxLength;
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
    for (let place = this.index.first(); place !== undefined; place = this.index.first()) {
      this.#attach(place);
      const live = this.#liveEntries();
      if (limit > 0 && removed + live > limit) break;
      const going = trimNode(place, live);
      removed += going;
      this.length -= going;
      if (going < live) {
        if (!wholeNodes) this.#countDeleted(place, live, going);
        break;
      }
      this.#remove(place);
    }
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
    const to = this.index.seekAtLeast(following, reader.place)
      ? reader.place.readId(following)
      : undefined;
    to?.decrement();
    reader.seek(first, to ?? StreamId.max(), true, true);
    return reader.id;
  }

  #remove(place: IdPlace): void {
    this.#arena.free(place.get(0));
    this.index.remove(place.readId(new StreamId()));
  }

  // --- a node's listpack -----------------------------------------------------------------------------------------

  #attach(place: IdPlace): void {
    const ref = place.get(0);
    this.#pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
  }

  /** How many living entries the attached node has. */
  #liveEntries(): number {
    return readInteger(this.#pack.buf, this.#pack.start + LISTPACK_HEADER);
  }

  /** Moves `count` of a node's entries from the living ones to the deleted ones, in its head. */
  #countDeleted(place: IdPlace, live: number, count: number): void {
    if (count === 0) return;
    this.#attach(place);
    this.#writeCounter(place, 0, live - count);
    const pack = this.#pack;
    const at = pack.start + LISTPACK_HEADER;
    this.#writeCounter(place, 1, readInteger(pack.buf, at + pack.entryBytes(at)) + count);
  }

  /** Writes the number of living (0) or deleted (1) entries into the head of a node, which is attached. */
  #writeCounter(place: IdPlace, which: 0 | 1, value: number): void {
    const pack = this.#pack;
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
  resize(_pack: Listpack, length: number): void {
    if (this.#edited === undefined) throw new Error("No node is being edited");
    this.#reserve(this.#edited, length);
  }

  /** Sees to it that the block of a node, which is attached, has room for so many bytes, with more to come. */
  #reserve(place: IdPlace, bytes: number): void {
    const ref = place.get(0);
    const room = this.#arena.usable(ref);
    if (bytes <= room) return;
    const more = room < LARGEST_DOUBLING ? Math.min(room * 2, LARGEST_DOUBLING) : room * 1.25;
    place.put(0, this.#arena.resize(ref, Math.max(bytes, Math.floor(more))));
    this.#attach(place);
  }

  // --- as a whole ------------------------------------------------------------------------------------------------

  /** All nodes in order: the ID, and where the listpack's bytes lie. What is answered is reused. */
  *all(): Generator<{ id: StreamId; buf: Uint8Array; off: number; len: number }> {
    const id = new StreamId();
    const pack = new Listpack();
    const place = this.index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      const ref = place.get(0);
      pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
      yield { id: place.readId(id), buf: pack.buf, off: pack.start, len: pack.bytes };
    }
  }

  /** Takes in a node behind all others; its bytes must have been checked. */
  add(id: StreamId, bytes: Uint8Array): void {
    const ref = this.#arena.alloc(bytes.length);
    const to = (ref & OFFSET_MASK) << 3;
    copyBytes(bytes, 0, this.#arena.u8[ref >>> CHUNK_SHIFT], to, bytes.length);
    const place = this.index.insert(id);
    place.put(0, ref);
    this.#attach(place);
    this.length += this.#liveEntries();
  }

  /** Gives the memory back, yielding after each block. */
  *dismantle(): Generator<void> {
    const place = this.index.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      this.#arena.free(place.get(0));
      yield;
    }
    yield* this.index.dismantle();
  }

  /** Moves blocks that lie in chunks being emptied, yielding after some. Entries may come and go in between. */
  *relocate(): Generator<void> {
    yield* this.index.relocate();
    const id = new StreamId();
    const place = new IdPlace(this.index);
    // Each step finds its place anew.
    while (this.index.seekAtLeast(id, place)) {
      const ref = place.get(0);
      if (this.#arena.isEvacuating(ref)) {
        place.put(0, this.#arena.resize(ref, this.#arena.usable(ref)));
      }
      if (!place.readId(id).increment()) return;
      yield;
    }
  }
}
