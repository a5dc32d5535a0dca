/**
 * A large hash: a table of fields, each a record with a value (../memory/record.ts) in the arena. A record's expiry is
 * the Unix time in ms at which the field is over.
 *
 * Finding, putting, removing and drawing a field cost O(1). Fields come in the order of their hashes. The table knows
 * which of its parts have fields that are over, so that those are found without a look at the others.
 *
 * @module
 */

import { CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import {
  areLong,
  HAS_EXPIRY,
  hasExpiry,
  headBytes,
  isLong,
  keyLength,
  keyStart,
  readExpiry,
  VALUED_KEY_AT,
  valueLength,
  writeExpiry,
  writeLengths,
} from "../memory/record.ts";
import { Table } from "../memory/table.ts";
import type { Collection, Heap } from "./collection.ts";
import { type Field, FieldTime, type HashFields } from "./hash_fields.ts";

/** A hash of any size. */
export class FieldTable implements Collection, HashFields {
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  readonly #heap: Heap;
  readonly #table: Table;
  readonly #over: Ref[] = [];
  /** What the heap's meter counts for the table. */
  #metered = 0;
  /** Where {@link dismantle} goes on. */
  #dismantled = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#table = new Table(heap.arena, heap.hasher, { keyAt: VALUED_KEY_AT, valued: true });
    this.#meter();
  }

  /** A table with the fields of another hash. O(n). */
  static from(fields: HashFields, heap: Heap): FieldTable {
    const table = new FieldTable(heap);
    fields.some((field) => {
      const expiry = fields.expiryOf(field);
      fields.showName(field);
      const { buf, off, len } = fields;
      fields.showValue(field);
      table.put(buf, off, len, fields.buf, fields.off, fields.len, expiry);
    });
    return table;
  }

  get size(): number {
    return this.#table.size;
  }

  /** How many fields have a time. */
  get volatileCount(): number {
    return this.#table.volatileCount;
  }

  get earliest(): number {
    return this.#table.volatileCount === 0 ? Infinity : this.#table.nextDue;
  }

  // --- fields --------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, off: number, len: number): Field {
    const table = this.#table;
    return table.find(buf, off, len, table.hash(buf, off, len));
  }

  expiryOf(field: Field): number {
    const { arena } = this.#heap;
    return hasExpiry(arena, field) ? readExpiry(arena, field, VALUED_KEY_AT) : FieldTime.none;
  }

  showName(field: Field): void {
    const chunk = field >>> CHUNK_SHIFT;
    const words = this.#heap.arena.u32[chunk];
    const word = (field & OFFSET_MASK) << 1;
    this.buf = this.#heap.arena.u8[chunk];
    this.off = (word << 2) + keyStart(words, word);
    this.len = keyLength(words, word);
  }

  showValue(field: Field): void {
    const chunk = field >>> CHUNK_SHIFT;
    const words = this.#heap.arena.u32[chunk];
    const word = (field & OFFSET_MASK) << 1;
    this.buf = this.#heap.arena.u8[chunk];
    this.off = (word << 2) + keyStart(words, word) + keyLength(words, word);
    this.len = valueLength(words, word);
  }

  some(visit: (field: Field) => boolean | void): boolean {
    let isEnded = false;
    let position = 0;
    do {
      position = this.#table.walk(position, (ref) => {
        if (!isEnded) isEnded = visit(ref) === true;
      });
    } while (position !== 0 && !isEnded);
    return isEnded;
  }

  draw(random: () => number): Field {
    return this.#table.randomRef(random);
  }

  /**
   * Visits about `count` fields from a cursor on and answers the next cursor, 0 at the end. A field that is there
   * throughout is visited exactly once, whatever changes between the calls. `visit` must not change the hash.
   */
  scan(cursor: number, count: number, visit: (field: Field) => void): number {
    return this.#table.scan(cursor, count, visit);
  }

  // --- changing ------------------------------------------------------------------------------------------------

  put(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    expiry: number,
  ): boolean {
    const table = this.#table;
    const { arena } = this.#heap;
    const hash = table.hash(nameBuf, nameOff, nameLen);
    const old = table.find(nameBuf, nameOff, nameLen, hash);
    const hadExpiry = old !== 0 && hasExpiry(arena, old);
    let time = expiry;
    if (expiry === FieldTime.keep) {
      time = hadExpiry ? readExpiry(arena, old, VALUED_KEY_AT) : FieldTime.none;
    }
    const willExpire = time !== FieldTime.none;
    const long = areLong(nameLen, valueLen);
    const valueAt = headBytes(willExpire, long) + nameLen;

    if (old !== 0 && hadExpiry === willExpire) {
      const chunk = old >>> CHUNK_SHIFT;
      const word = (old & OFFSET_MASK) << 1;
      const words = arena.u32[chunk];
      const end = valueAt + valueLen;
      // Blocks come in multiples of eight bytes: within one, there is no need to ask the arena.
      const isSameBlock = (end + 7) >>> 3 === (valueAt + valueLength(words, word) + 7) >>> 3;
      if (isLong(words, word) === long && (isSameBlock || arena.suits(old, end))) {
        writeLengths(words, word, nameLen, valueLen, long);
        copyBytes(valueBuf, valueOff, arena.u8[chunk], (word << 2) + valueAt, valueLen);
        if (willExpire) {
          writeExpiry(arena, old, VALUED_KEY_AT, time);
          table.noteExpiry(hash, time, true);
        }
        return false;
      }
    }

    const ref = arena.alloc(valueAt + valueLen);
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const words = arena.u32[chunk];
    words[word] = willExpire ? HAS_EXPIRY : 0;
    writeLengths(words, word, nameLen, valueLen, long);
    if (willExpire) writeExpiry(arena, ref, VALUED_KEY_AT, time);
    const bytes = arena.u8[chunk];
    copyBytes(nameBuf, nameOff, bytes, (word << 2) + valueAt - nameLen, nameLen);
    copyBytes(valueBuf, valueOff, bytes, (word << 2) + valueAt, valueLen);
    if (old === 0) {
      table.insert(ref, hash);
      this.#meter();
      return true;
    }
    table.replace(old, ref, hash, hadExpiry);
    arena.free(old);
    return false;
  }

  setExpiry(field: Field, expiry: number): void {
    const { arena } = this.#heap;
    const before = this.expiryOf(field);
    if (before === expiry) return;
    if (before !== FieldTime.none && expiry !== FieldTime.none) {
      writeExpiry(arena, field, VALUED_KEY_AT, expiry);
      this.#table.noteExpiry(this.#table.hashOf(field), expiry, true);
      return;
    }
    this.showValue(field);
    const valueLen = this.len;
    this.showName(field);
    const { buf, off, len } = this;
    // The record stays in its place, and so readable, until its copy is complete.
    this.put(buf, off, len, buf, off + len, valueLen, expiry);
  }

  remove(field: Field): void {
    this.#table.remove(field, this.#table.hashOf(field));
    this.#heap.arena.free(field);
    this.#meter();
  }

  /** Goes through one part of the table that has such fields, some thousand fields at the most. */
  removeOver(now: number, visit: (field: Field) => void): number {
    const table = this.#table;
    const over = this.#over;
    while (table.volatileCount > 0 && table.nextDue < now) {
      over.length = 0;
      table.collectDue(now - 1, over, 1);
      if (over.length === 0) continue;
      for (const field of over) {
        visit(field);
        this.remove(field);
      }
      return over.length;
    }
    return 0;
  }

  #meter(): void {
    const bytes = this.#table.indexBytes;
    this.#heap.meter.bytes += bytes - this.#metered;
    this.#metered = bytes;
  }

  // --- as a collection -----------------------------------------------------------------------------------------

  clone(): FieldTable {
    return FieldTable.from(this, this.#heap);
  }

  dismantle(): boolean {
    const { arena } = this.#heap;
    this.#dismantled = this.#table.dismantle(this.#dismantled, (ref) => arena.free(ref));
    this.#meter();
    if (this.#dismantled !== 0) return true;
    this.#heap.meter.bytes -= this.#metered;
    this.#metered = 0;
    return false;
  }

  relocate(position: number): number {
    return this.#table.relocateAll(position, (ref) => this.#heap.arena.evacuate(ref));
  }
}
