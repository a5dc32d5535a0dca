/**
 * Who has read which keys: byte strings, each with a set of numbers that stand for its readers.
 *
 * Each key is one record in an arena of its own, so that all of it can go at once and is counted exactly:
 *
 *     u32 0 | u32 length of the key | u32 readers | the key's bytes | padding to 8 | a double for each reader
 *
 * A key that more than {@link MOST_INLINE} have read keeps them in a Set instead, since looking through them would take
 * too long; there are few such keys, and the record then holds {@link CROWD} and the Set's number.
 *
 * Knows nothing of databases, clients or caches.
 *
 * @module
 */

import { Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import type { Hasher } from "../memory/hash.ts";
import { Table } from "../memory/table.ts";

const KEY_AT = 12;
const READER_BYTES = 8;
/** The most readers that a record holds itself. */
export const MOST_INLINE = 8;
/** Set in the count of a record whose readers are a Set; the other bits are its number. */
const CROWD = 0x80000000;
/** About what a reader takes in a Set, bytes. */
const CROWD_READER_BYTES = 24;

const NOBODY: readonly number[] = [];

/** Keys and their readers. */
export class KeyReaders {
  readonly #hasher: Hasher;
  readonly #random: () => number;
  #arena = new Arena();
  #table: Table;
  #crowds: (Set<number> | undefined)[] = [];
  #vacant: number[] = [];
  #inCrowds = 0;
  #pairs = 0;

  /** @param random numbers in [0, 1), for {@link randomKey} */
  constructor(hasher: Hasher, random: () => number) {
    this.#hasher = hasher;
    this.#random = random;
    this.#table = new Table(this.#arena, hasher, { keyAt: KEY_AT });
  }

  /** How many keys there are. */
  get keys(): number {
    return this.#table.size;
  }

  /** How many readers all keys have together. */
  get pairs(): number {
    return this.#pairs;
  }

  /** Bytes of memory, those in Sets estimated. */
  get memory(): number {
    if (this.#table.size === 0) return 0;
    return this.#arena.usedBytes + this.#table.indexBytes + this.#inCrowds * CROWD_READER_BYTES;
  }

  /** Notes a reader of the key of `len` bytes at `off`; false if it was known. O(1). */
  add(buf: Uint8Array, off: number, len: number, reader: number): boolean {
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    const ref = table.find(buf, off, len, hash);
    if (ref === 0) this.#insert(buf, off, len, hash, reader);
    else if (!this.#join(ref, hash, reader)) return false;
    this.#pairs++;
    return true;
  }

  #insert(buf: Uint8Array, off: number, len: number, hash: number, reader: number): void {
    const arena = this.#arena;
    const readersAt = align(KEY_AT + len);
    const ref = arena.alloc(readersAt + READER_BYTES);
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const words = arena.u32[chunk];
    words[word] = 0;
    words[word + 1] = len;
    words[word + 2] = 1;
    copyBytes(buf, off, arena.u8[chunk], (word << 2) + KEY_AT, len);
    arena.f64[chunk][((word << 2) + readersAt) >>> 3] = reader;
    this.#table.insert(ref, hash);
  }

  /** Adds a reader to a key that is here. */
  #join(ref: Ref, hash: number, reader: number): boolean {
    const arena = this.#arena;
    const words = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const count = words[word + 2];
    if (count >= CROWD) {
      const crowd = this.#crowd(count);
      if (crowd.has(reader)) return false;
      crowd.add(reader);
      this.#inCrowds++;
      return true;
    }
    const known = this.#inline(ref, count);
    if (known.includes(reader)) return false;
    if (count === MOST_INLINE) {
      const number = this.#vacant.pop() ?? this.#crowds.length;
      this.#crowds[number] = new Set([...known, reader]);
      this.#inCrowds += count + 1;
      words[word + 2] = CROWD + number;
      return true;
    }
    const used = align(KEY_AT + words[word + 1]) + count * READER_BYTES;
    const roomy = arena.suits(ref, used + READER_BYTES) ? ref : this.#move(ref, hash, used);
    const chunk = roomy >>> CHUNK_SHIFT;
    const at = (roomy & OFFSET_MASK) << 1;
    arena.u32[chunk][at + 2] = count + 1;
    arena.f64[chunk][((at << 2) + used) >>> 3] = reader;
    return true;
  }

  /** Moves a record of `used` bytes to a block with room for one more reader. */
  #move(ref: Ref, hash: number, used: number): Ref {
    const arena = this.#arena;
    const moved = arena.alloc(used + READER_BYTES);
    copyBytes(
      arena.u8[ref >>> CHUNK_SHIFT],
      (ref & OFFSET_MASK) << 3,
      arena.u8[moved >>> CHUNK_SHIFT],
      (moved & OFFSET_MASK) << 3,
      used,
    );
    arena.free(ref);
    this.#table.replace(ref, moved, hash, false);
    return moved;
  }

  #crowd(count: number): Set<number> {
    const crowd = this.#crowds[count - CROWD];
    if (crowd === undefined) throw new Error(`There are no readers ${count - CROWD}`);
    return crowd;
  }

  #inline(ref: Ref, count: number): Float64Array {
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const from = ((word << 2) + align(KEY_AT + this.#arena.u32[chunk][word + 1])) >>> 3;
    return this.#arena.f64[chunk].subarray(from, from + count);
  }

  /** Removes a key and answers who had read it. */
  take(buf: Uint8Array, off: number, len: number): readonly number[] {
    const table = this.#table;
    if (table.size === 0) return NOBODY;
    const hash = table.hash(buf, off, len);
    const ref = table.find(buf, off, len, hash);
    if (ref === 0) return NOBODY;
    const count = this.#arena.u32[ref >>> CHUNK_SHIFT][((ref & OFFSET_MASK) << 1) + 2];
    let readers: number[];
    if (count >= CROWD) {
      readers = [...this.#crowd(count)];
      this.#crowds[count - CROWD] = undefined;
      this.#vacant.push(count - CROWD);
      this.#inCrowds -= readers.length;
    } else {
      readers = [...this.#inline(ref, count)];
    }
    this.#pairs -= readers.length;
    table.remove(ref, hash);
    this.#arena.free(ref);
    return readers;
  }

  /** Some key's bytes, each key as likely as any other; undefined when there is none. */
  randomKey(): Uint8Array | undefined {
    const ref = this.#table.randomRef(this.#random);
    if (ref === 0) return undefined;
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const from = (word << 2) + KEY_AT;
    return this.#arena.u8[chunk].slice(from, from + this.#arena.u32[chunk][word + 1]);
  }

  /** Forgets all keys at once. The memory is left to the garbage collector, which walks no part of it. */
  clear(): void {
    if (this.#table.size === 0) return;
    this.#arena = new Arena();
    this.#table = new Table(this.#arena, this.#hasher, { keyAt: KEY_AT });
    this.#crowds = [];
    this.#vacant = [];
    this.#inCrowds = this.#pairs = 0;
  }
}

function align(bytes: number): number {
  return (bytes + 7) & ~7;
}
