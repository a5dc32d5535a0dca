/**
 * Which keys are due when: a set of byte strings, each with a Unix time in ms.
 *
 * A table that is never read in the order of its times, but that knows for each of its parts when something there is
 * due first. Each key is one record in the arena:
 *
 *     u32 0x80 | u32 length of the key | u64 the time | the key's bytes
 *
 * Noting, lowering and removing a key cost O(1); finding what is due costs a look at those parts that have something.
 *
 * @module
 */

import { CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { EXPIRY_BYTES, HAS_EXPIRY, readExpiry, writeExpiry } from "../memory/record.ts";
import { Table } from "../memory/table.ts";
import type { Collection, Heap } from "./collection.ts";

const TIME_AT = 8;
const KEY_AT = TIME_AT + EXPIRY_BYTES;

/** Keys and the times at which they are due. */
export class DueKeys implements Collection {
  readonly #heap: Heap;
  readonly #table: Table;
  readonly #due: Ref[] = [];
  #metered = 0;
  #dismantled = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#table = new Table(heap.arena, heap.hasher, { keyAt: TIME_AT });
    this.#meter();
  }

  get size(): number {
    return this.#table.size;
  }

  /** Gives a key a time unless it has an earlier one. */
  lower(buf: Uint8Array, off: number, len: number, time: number): void {
    const { arena } = this.#heap;
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    const known = table.find(buf, off, len, hash);
    if (known !== 0) {
      if (readExpiry(arena, known, TIME_AT) <= time) return;
      writeExpiry(arena, known, TIME_AT, time);
      table.noteExpiry(hash, time, true);
      return;
    }
    const ref = arena.alloc(KEY_AT + len);
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    arena.u32[chunk][word] = HAS_EXPIRY;
    arena.u32[chunk][word + 1] = len;
    writeExpiry(arena, ref, TIME_AT, time);
    copyBytes(buf, off, arena.u8[chunk], (word << 2) + KEY_AT, len);
    table.insert(ref, hash);
    this.#meter();
  }

  /** Removes a key; false if it is not here. */
  remove(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    const ref = table.find(buf, off, len, hash);
    if (ref === 0) return false;
    table.remove(ref, hash);
    this.#heap.arena.free(ref);
    this.#meter();
    return true;
  }

  /**
   * Visits keys that were due before `now`. A visit answers when the key is due next, Infinity to have it removed; it
   * may do so itself meanwhile, and note or remove other keys. Ends when none is left that was due, or as soon as
   * `isEnough` answers true, asked after each visit. Answers whether some may be left.
   */
  visitDue(
    now: number,
    visit: (key: Uint8Array) => number,
    isEnough: () => boolean,
  ): boolean {
    const table = this.#table;
    const due = this.#due;
    while (table.size > 0 && table.nextDue < now) {
      due.length = 0;
      table.collectDue(now - 1, due, 1);
      let enough = false;
      // Visits may free any record, so the keys are copied before the first.
      const keys = due.map((ref) => this.#keyOf(ref));
      for (const key of keys) {
        if (enough) this.#noteAgain(key);
        else {
          this.#setTime(key, visit(key));
          enough = isEnough();
        }
      }
      if (enough) return true;
    }
    return false;
  }

  #keyOf(ref: Ref): Uint8Array {
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const from = (word << 2) + KEY_AT;
    return this.#heap.arena.u8[chunk].slice(from, from + this.#heap.arena.u32[chunk][word + 1]);
  }

  #setTime(key: Uint8Array, time: number): void {
    if (time === Infinity) {
      this.remove(key, 0, key.length);
      return;
    }
    const hash = this.#table.hash(key, 0, key.length);
    const ref = this.#table.find(key, 0, key.length, hash);
    if (ref === 0) return;
    writeExpiry(this.#heap.arena, ref, TIME_AT, time);
    this.#table.noteExpiry(hash, time, true);
  }

  /** The table takes what it has found for removed: tells it of a key that stays. */
  #noteAgain(key: Uint8Array): void {
    const hash = this.#table.hash(key, 0, key.length);
    const ref = this.#table.find(key, 0, key.length, hash);
    if (ref === 0) return;
    this.#table.noteExpiry(hash, readExpiry(this.#heap.arena, ref, TIME_AT), true);
  }

  #meter(): void {
    const bytes = this.#table.indexBytes;
    this.#heap.meter.bytes += bytes - this.#metered;
    this.#metered = bytes;
  }

  // --- as a collection -----------------------------------------------------------------------------------------

  clone(): DueKeys {
    const copy = new DueKeys(this.#heap);
    let position = 0;
    do {
      position = this.#table.walk(position, (ref) => {
        const key = this.#keyOf(ref);
        copy.lower(key, 0, key.length, readExpiry(this.#heap.arena, ref, TIME_AT));
      });
    } while (position !== 0);
    return copy;
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
