/**
 * The records of one database: what each says of its key and value, and how they change shape.
 *
 * A reference (`Ref`) to a record is good until the next change of that key: whatever changes a record answers the
 * reference that holds from then on, and has told the table of it.
 *
 * Knows nothing of looking keys up: ./database.ts does that with it.
 *
 * @module
 */

import type { Collection } from "./collections.ts";
import {
  BESIDE,
  CLOCK_SHIFT,
  ENCODING_MASK,
  ENCODING_SHIFT,
  EXPIRY_FLAG,
  NO_EXPIRY,
  type Type,
  TYPE_MASK,
} from "./entry.ts";
import type { Keyspace } from "./keyspace.ts";
import { type Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "./memory/arena.ts";
import {
  areLong,
  headBytes,
  isLong,
  keyLength,
  keyStart,
  readExpiry,
  VALUED_KEY_AT,
  valueLength,
  writeExpiry,
  writeLengths,
} from "./memory/record.ts";
import type { Table } from "./memory/table.ts";

/** Bytes inside a larger buffer. Those that records answer are reused: read them before the next call. */
export interface ByteView {
  buf: Uint8Array;
  off: number;
  len: number;
}

/** Spare room that a growing value is given: as much again, up to this many bytes. */
const LARGEST_SLACK = 1024 * 1024;
/** {@link BESIDE} as it stands in a record's first word. */
export const BESIDE_FLAG = BESIDE << ENCODING_SHIFT;

/** Reads and reshapes the records that a table leads to. */
export class Records {
  /** Which records the keys lead to. SWAPDB exchanges tables, FLUSHDB replaces them. */
  table: Table;
  readonly keyspace: Keyspace;
  protected readonly arena: Arena;
  readonly #view: ByteView = { buf: new Uint8Array(0), off: 0, len: 0 };

  constructor(keyspace: Keyspace) {
    this.keyspace = keyspace;
    this.arena = keyspace.arena;
    this.table = keyspace.newTable();
  }

  /** How many keys there are, those included whose time is over but that nobody has met yet. */
  get size(): number {
    return this.table.size;
  }

  // --- what a record says --------------------------------------------------------------------------------------

  type(ref: Ref): Type {
    return (this.head(ref) & TYPE_MASK) as Type;
  }

  encoding(ref: Ref): number {
    return (this.head(ref) >>> ENCODING_SHIFT) & ENCODING_MASK;
  }

  /** The access clock as stored: LRU seconds or LFU minutes and counter. */
  clock(ref: Ref): number {
    return this.head(ref) >>> CLOCK_SHIFT;
  }

  setClock(ref: Ref, clock: number): void {
    const words = this.arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    words[word] = (words[word] & 0xff) | (clock << CLOCK_SHIFT);
  }

  setEncoding(ref: Ref, encoding: number): void {
    const words = this.arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    words[word] = (words[word] & ~(ENCODING_MASK << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT);
  }

  /** When the key goes, Unix time in ms; {@link NO_EXPIRY} when it stays. */
  expiry(ref: Ref): number {
    const words = this.arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    if ((words[word] & EXPIRY_FLAG) === 0) return NO_EXPIRY;
    return readExpiry(this.arena, ref, VALUED_KEY_AT);
  }

  /** Whether the key's time is over. Lookups never answer such a key; walks and scans meet it. */
  isOver(ref: Ref): boolean {
    const expiry = this.expiry(ref);
    return expiry !== NO_EXPIRY && this.keyspace.now > expiry;
  }

  /** The record's first word. */
  protected head(ref: Ref): number {
    return this.arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1];
  }

  /** Where the value's bytes lie. The view is reused by the next call. */
  value(ref: Ref): ByteView {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const view = this.#view;
    view.buf = this.arena.u8[chunk];
    view.off = (word << 2) + keyStart(words, word) + keyLength(words, word);
    view.len = valueLength(words, word);
    return view;
  }

  /** Where the key's bytes lie. The view is reused by the next call. */
  key(ref: Ref): ByteView {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const view = this.#view;
    view.buf = this.arena.u8[chunk];
    view.off = (word << 2) + keyStart(words, word);
    view.len = keyLength(words, word);
    return view;
  }

  /** Whether the value lives beside the record, as a collection. */
  isBeside(ref: Ref): boolean {
    return (this.head(ref) & BESIDE_FLAG) !== 0;
  }

  /** The collection that is the key's value; only where {@link isBeside}. */
  collection(ref: Ref): Collection {
    return this.keyspace.collections.get(this.collectionNumber(ref));
  }

  /** The collection that is the key's value; undefined where the value is packed into the record. */
  collectionOf(ref: Ref): Collection | undefined {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const head = words[word];
    if ((head & BESIDE_FLAG) === 0) return undefined;
    const at = (word << 2) + keyStart(words, word) + keyLength(words, word);
    return this.keyspace.collections.get(readNumber(this.arena.u8[chunk], at));
  }

  protected collectionNumber(ref: Ref): number {
    const { buf, off } = this.value(ref);
    return readNumber(buf, off);
  }

  /** The key's bytes, copied. */
  keyBytes(ref: Ref): Uint8Array {
    const { buf, off, len } = this.key(ref);
    return buf.slice(off, off + len);
  }

  /** The value's bytes, copied. */
  valueBytes(ref: Ref): Uint8Array {
    const { buf, off, len } = this.value(ref);
    return buf.slice(off, off + len);
  }

  /** Bytes of memory that the key and its value take, with what their index entry takes. */
  memoryUsage(ref: Ref): number {
    return this.arena.usable(ref) + Math.ceil(this.table.indexBytes / Math.max(1, this.size));
  }

  // --- its shape -----------------------------------------------------------------------------------------------

  /**
   * Gives a value another length, keeping its bytes; what is new is zero. A growing value gets spare room, so that
   * growing by small steps costs O(1) each on average.
   *
   * @param spare how many bytes of spare room a growing value gets
   */
  resizeValue(ref: Ref, length: number, spare = Math.min(length, LARGEST_SLACK)): Ref {
    const arena = this.arena;
    let words = arena.u32[ref >>> CHUNK_SHIFT];
    let word = (ref & OFFSET_MASK) << 1;
    const keyLen = keyLength(words, word);
    const before = valueLength(words, word);
    if (!isLong(words, word) && areLong(keyLen, length)) {
      ref = this.#lengthen(ref, length + spare);
      words = arena.u32[ref >>> CHUNK_SHIFT];
      word = (ref & OFFSET_MASK) << 1;
    }
    const long = isLong(words, word);
    const start = keyStart(words, word) + keyLen;
    let moved = ref;
    if (start + length > arena.usable(ref) || start + length < arena.usable(ref) >>> 1) {
      const slack = length > before ? spare : 0;
      moved = this.#move(ref, start + Math.min(before, length), start + length + slack);
    }
    const to = moved >>> CHUNK_SHIFT;
    const at = (moved & OFFSET_MASK) << 1;
    writeLengths(arena.u32[to], at, keyLen, length, long);
    if (length > before) {
      const from = (at << 2) + start;
      arena.u8[to].fill(0, from + before, from + length);
    }
    return moved;
  }

  /** Moves a record to a block that has words for its lengths and room for a value of so many bytes. */
  #lengthen(ref: Ref, room: number): Ref {
    const arena = this.arena;
    const from = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const hash = this.table.hashOf(ref);
    const hasExpiry = (from[word] & EXPIRY_FLAG) !== 0;
    const keyLen = keyLength(from, word);
    const valueLen = valueLength(from, word);
    const start = keyStart(from, word);
    const longStart = headBytes(hasExpiry, true);
    const moved = arena.alloc(longStart + keyLen + room);
    const to = arena.u32[moved >>> CHUNK_SHIFT];
    const at = (moved & OFFSET_MASK) << 1;
    const source = arena.u8[ref >>> CHUNK_SHIFT];
    const target = arena.u8[moved >>> CHUNK_SHIFT];
    copyBytes(source, word << 2, target, at << 2, start);
    writeLengths(to, at, keyLen, valueLen, true);
    copyBytes(source, (word << 2) + start, target, (at << 2) + longStart, keyLen + valueLen);
    arena.free(ref);
    this.table.replace(ref, moved, hash, hasExpiry);
    return moved;
  }

  /** Moves a record to a block of another size, with its first `keep` bytes. */
  #move(ref: Ref, keep: number, size: number): Ref {
    const arena = this.arena;
    const hash = this.table.hashOf(ref);
    const hadExpiry = (this.head(ref) & EXPIRY_FLAG) !== 0;
    const moved = arena.alloc(size);
    copyBytes(
      arena.u8[ref >>> CHUNK_SHIFT],
      (ref & OFFSET_MASK) << 3,
      arena.u8[moved >>> CHUNK_SHIFT],
      (moved & OFFSET_MASK) << 3,
      keep,
    );
    arena.free(ref);
    this.table.replace(ref, moved, hash, hadExpiry);
    return moved;
  }

  /** Sets when the key goes (Unix time in ms), or {@link NO_EXPIRY} for never. */
  setExpiry(ref: Ref, expiry: number): Ref {
    const arena = this.arena;
    const words = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const has = (words[word] & EXPIRY_FLAG) !== 0;
    if (!has && expiry === NO_EXPIRY) return ref;
    const hash = this.table.hashOf(ref);
    if (has && expiry !== NO_EXPIRY) {
      writeExpiry(arena, ref, VALUED_KEY_AT, expiry);
      this.table.noteExpiry(hash, expiry, true);
      return ref;
    }
    // What follows moves by the expiry's eight bytes: into another block, or within this one.
    const from = headBytes(has, false);
    const to = headBytes(!has, false);
    const body = keyStart(words, word) - from + keyLength(words, word) + valueLength(words, word);
    const inPlace = arena.suits(ref, to + body);
    const target = inPlace ? ref : arena.alloc(to + body);
    const bytes = arena.u8[target >>> CHUNK_SHIFT];
    const base = (target & OFFSET_MASK) << 3;
    if (inPlace) {
      bytes.copyWithin(base + to, base + from, base + from + body);
    } else {
      const source = arena.u8[ref >>> CHUNK_SHIFT];
      const start = (ref & OFFSET_MASK) << 3;
      copyBytes(source, start, bytes, base, VALUED_KEY_AT);
      copyBytes(source, start + from, bytes, base + to, body);
      arena.free(ref);
    }
    const head = arena.u32[target >>> CHUNK_SHIFT];
    const at = (target & OFFSET_MASK) << 1;
    if (has) {
      head[at] &= ~EXPIRY_FLAG;
    } else {
      head[at] |= EXPIRY_FLAG;
      writeExpiry(arena, target, VALUED_KEY_AT, expiry);
    }
    this.table.replace(ref, target, hash, has);
    return target;
  }
}

/** A collection's number, as a record holds it. */
function readNumber(buf: Uint8Array, off: number): number {
  return (buf[off] | (buf[off + 1] << 8) | (buf[off + 2] << 16) | (buf[off + 3] << 24)) >>> 0;
}
