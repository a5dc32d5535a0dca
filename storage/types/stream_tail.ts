/**
 * The last node of a stream, to which entries are appended.
 *
 * It grows by doubling until it is full and is then cut to its size. What an append must know of it (where it lies, how
 * much it holds) is kept here from one append to the next; whoever changes nodes otherwise says so ({@link forget}).
 * That saves a third of an append.
 *
 * @module
 */

import { type Arena, bytesEqual, CHUNK_SHIFT, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { IdPlace, type IdTree } from "./id_tree.ts";
import {
  entryBytesFor,
  integerEntryBytes,
  isPlain,
  largestEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEmpty,
  writeEntry,
  writeIntegerEntry,
  writePlain,
} from "./listpack.ts";
import type { StreamId } from "./stream_id.ts";
import {
  deletedEntries,
  type Difference,
  differenceBytes,
  elementsOf,
  growHeader,
  LARGEST_SMALL,
  LISTPACK_HEADER,
  liveEntries,
  namesAt,
  readInteger,
  SAME_FIELDS,
  subtract,
  writeCounter,
  writeDifference,
} from "./stream_node.ts";
import { MAX_ID } from "./stream_id.ts";

/** Stretches of bytes in one buffer: fields and values in turn. */
export interface Slices {
  readonly buf: Uint8Array;
  readonly off: ArrayLike<number>;
  readonly len: ArrayLike<number>;
}

/** When a node is full, by the directives of these names; 0 for no limit. */
export interface NodeLimits {
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
}

/** The most bytes of fields and values that an entry may have, and of a node. */
export const LARGEST_ENTRY = 1 << 30;

const END = 0xff;
/** Bytes that the integers of an entry take at the most: flags, two differences, two counts. */
const MOST_FIXED_BYTES = 2 + 4 * 10;
/** A growing node doubles up to this size, bytes; that of a full one unless configured otherwise. */
const LARGEST_DOUBLING = 4096;

/** Appends entries to the nodes of an index. */
export class StreamTail implements ListpackOwner {
  readonly #arena: Arena;
  readonly #index: IdTree;
  readonly #place: IdPlace;
  readonly #pack = new Listpack();
  readonly #ms: Difference = { high: 0, low: 0 };
  readonly #seq: Difference = { high: 0, low: 0 };
  #known = false;
  /** Of the last node: its living entries (0: there is no node), and the deleted ones with them. */
  #live = 0;
  #stored = 0;
  /** Bytes of its listpack and of its block, and how far from its beginning the field names are. */
  #bytes = 0;
  #room = 0;
  #names = 0;

  /** @param index nodes by ID; the payload is the listpack's ref */
  constructor(arena: Arena, index: IdTree) {
    this.#arena = arena;
    this.#index = index;
    this.#place = new IdPlace(index);
  }

  /** Says that a node, or the index, has been changed by others. */
  forget(): void {
    this.#known = false;
  }

  /** Appends an entry; see {@link ./stream.ts}. */
  append(
    id: StreamId,
    data: Slices,
    first: number,
    fieldCount: number,
    limits: NodeLimits,
  ): void {
    if (!this.#known) this.#learn();
    if (this.#live > 0 && this.#isFull(data, first, fieldCount, limits)) {
      this.#place.put(0, this.#arena.resize(this.#place.get(0), this.#bytes));
      this.#live = 0;
    }
    const isFirst = this.#live === 0;
    if (isFirst) this.#beginNode(id, data, first, fieldCount);
    else this.#countOne();
    const same = isFirst || this.#hasSameFields(data, first, fieldCount);

    const ms = this.#ms;
    const seq = this.#seq;
    const { words, at } = this.#place;
    subtract(ms, id.msHigh, id.msLow, words[at], words[at + 1]);
    subtract(seq, id.seqHigh, id.seqLow, words[at + 2], words[at + 3]);
    const elements = elementsOf(fieldCount, same);
    const begin = same ? first + 1 : first;
    const end = first + fieldCount * 2;
    const step = same ? 2 : 1;
    let most = MOST_FIXED_BYTES;
    for (let i = begin; i < end; i += step) most += largestEntryBytes(data.len[i]);

    const bytes = this.#bytes;
    if (bytes + most > this.#room) {
      // Not surely enough: here, once in a node or twice, it is worth knowing exactly.
      let size = 2 + differenceBytes(ms) + differenceBytes(seq) + integerEntryBytes(elements);
      if (!same) size += integerEntryBytes(fieldCount);
      for (let i = begin; i < end; i += step) {
        size += entryBytesFor(data.buf, data.off[i], data.len[i]);
      }
      if (bytes + size > this.#room) this.#reserve(bytes + size);
    }
    const { buf, start } = this.#pack;
    const from = start + bytes - 1;
    let to = from;
    to += writeIntegerEntry(buf, to, same ? SAME_FIELDS : 0);
    to = writeDifference(buf, to, ms);
    to = writeDifference(buf, to, seq);
    if (!same) to += writeIntegerEntry(buf, to, fieldCount);
    for (let i = begin; i < end; i += step) {
      const len = data.len[i];
      if (isPlain(data.buf, data.off[i], len)) {
        writePlain(buf, to, data.buf, data.off[i], len);
        to += len + 2;
      } else {
        to += writeEntry(buf, to, data.buf, data.off[i], len);
      }
    }
    to += writeIntegerEntry(buf, to, elements);
    buf[to] = END;
    this.#bytes = bytes + to - from;
    growHeader(buf, start, this.#bytes, elements + 1);
  }

  #learn(): void {
    this.#known = true;
    this.#live = 0;
    if (!this.#index.seekAtMost(MAX_ID, this.#place)) return;
    this.#attach(this.#place.get(0));
    this.#live = liveEntries(this.#pack);
    this.#stored = this.#live + deletedEntries(this.#pack);
    this.#measure();
  }

  #attach(ref: Ref): void {
    this.#pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
    this.#room = this.#arena.usable(ref);
  }

  #measure(): void {
    this.#bytes = this.#pack.bytes;
    this.#names = namesAt(this.#pack) - this.#pack.start;
  }

  #isFull(data: Slices, first: number, fieldCount: number, limits: NodeLimits): boolean {
    let total = this.#bytes;
    for (let i = first; i < first + fieldCount * 2; i++) total += data.len[i];
    const { streamNodeMaxBytes: bytes, streamNodeMaxEntries: entries } = limits;
    const most = bytes === 0 || bytes > LARGEST_ENTRY ? LARGEST_ENTRY : bytes;
    return total >= most || (entries > 0 && this.#stored >= entries);
  }

  /** Makes a node with a head only, which speaks of one entry already. */
  #beginNode(id: StreamId, data: Slices, first: number, fieldCount: number): void {
    let size = 4 + integerEntryBytes(fieldCount) + 2;
    for (let i = first; i < first + fieldCount * 2; i += 2) {
      size += entryBytesFor(data.buf, data.off[i], data.len[i]);
    }
    const ref = this.#arena.alloc(LISTPACK_HEADER + size + 1);
    this.#index.insert(id).put(0, ref);
    this.#index.seekAtMost(id, this.#place);
    this.#attach(ref);
    const { buf, start } = this.#pack;
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
    this.#live = this.#stored = 1;
    this.#measure();
  }

  #countOne(): void {
    this.#live++;
    this.#stored++;
    if (this.#live <= LARGEST_SMALL) {
      // One byte, as it was before.
      const { buf, start } = this.#pack;
      buf[start + LISTPACK_HEADER] = this.#live;
      return;
    }
    if (writeCounter(this, this.#pack, 0, this.#live)) this.#measure();
  }

  #hasSameFields(data: Slices, first: number, fieldCount: number): boolean {
    const pack = this.#pack;
    let at = pack.start + this.#names;
    if (readInteger(pack.buf, at) !== fieldCount) return false;
    at += pack.entryBytes(at);
    for (let i = first; i < first + fieldCount * 2; i += 2) {
      const len = data.len[i];
      if (len < 64 && pack.buf[at] === (0x80 | len)) {
        // The usual name: a short string.
        if (!bytesEqual(pack.buf, at + 1, data.buf, data.off[i], len)) return false;
        at += len + 2;
      } else {
        if (!pack.equals(at, data.buf, data.off[i], len)) return false;
        at += pack.entryBytes(at);
      }
    }
    return true;
  }

  /** For the listpack only: gives it another length. */
  resize(_pack: Listpack, length: number): void {
    if (length > this.#room) this.#reserve(length);
  }

  /** Gives the node a block for so many bytes, with more to come. */
  #reserve(bytes: number): void {
    const room = this.#room;
    const more = room < LARGEST_DOUBLING ? Math.min(room * 2, LARGEST_DOUBLING) : room * 1.25;
    const ref = this.#arena.resize(this.#place.get(0), Math.max(bytes, Math.floor(more)));
    this.#place.put(0, ref);
    this.#attach(ref);
  }
}
