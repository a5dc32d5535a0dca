/**
 * A large set: a table of members, each one record in the arena.
 *
 *     u32 –  | u32 length of the member | the member's bytes
 *
 * Finding, adding, removing and drawing one cost O(1). Members come in the order of their hashes.
 *
 * @module
 */

import { CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { Table } from "../memory/table.ts";
import type { Collection, Heap } from "./collection.ts";
import type { ElementSink } from "./listpack.ts";
import type { MemberVisitor, SetMembers } from "./set_members.ts";

/** Bytes of a record before the member. */
const MEMBER_AT = 8;
/** To choose more than one of so many, all are walked over; fewer are drawn until enough differ. */
const SPARSE_SAMPLE = 3;

/** A set of byte strings of any size. */
export class MemberTable implements Collection, SetMembers {
  readonly #heap: Heap;
  readonly #table: Table;
  #memberBytes = 0;
  /** What the heap's meter counts for the table. */
  #metered = 0;
  /** Where {@link dismantle} goes on. */
  #dismantled = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#table = new Table(heap.arena, heap.hasher, { keyAt: MEMBER_AT });
    this.#meter();
  }

  /** A table with the members of another set. O(n). */
  static from(members: SetMembers, heap: Heap): MemberTable {
    const table = new MemberTable(heap);
    members.some((buf, off, len) => {
      table.add(buf, off, len);
    });
    return table;
  }

  get size(): number {
    return this.#table.size;
  }

  get memberBytes(): number {
    return this.#memberBytes;
  }

  has(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    return table.find(buf, off, len, table.hash(buf, off, len)) !== 0;
  }

  /** Adds a member; false if it is here already. */
  add(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    if (table.find(buf, off, len, hash) !== 0) return false;
    const { arena } = this.#heap;
    const ref = arena.alloc(MEMBER_AT + len);
    const chunk = ref >>> CHUNK_SHIFT;
    const word = (ref & OFFSET_MASK) << 1;
    const words = arena.u32[chunk];
    words[word] = 0;
    words[word + 1] = len;
    copyBytes(buf, off, arena.u8[chunk], (word << 2) + MEMBER_AT, len);
    table.insert(ref, hash);
    this.#memberBytes += len;
    this.#meter();
    return true;
  }

  /** Removes a member; false if it is not here. */
  remove(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    const ref = table.find(buf, off, len, hash);
    if (ref === 0) return false;
    table.remove(ref, hash);
    this.#free(ref);
    return true;
  }

  /** Removes random different members after handing them on; there must be as many. */
  take(count: number, random: () => number, sink: ElementSink): void {
    for (; count > 0; count--) {
      const ref = this.#table.takeRandom(random);
      this.#pass(ref, sink);
      this.#free(ref);
    }
  }

  /** Frees the record of a member that is in the table no more. */
  #free(ref: Ref): void {
    this.#memberBytes -= this.#length(ref);
    this.#heap.arena.free(ref);
    this.#meter();
  }

  #meter(): void {
    const bytes = this.#table.indexBytes;
    this.#heap.meter.bytes += bytes - this.#metered;
    this.#metered = bytes;
  }

  // --- walks ---------------------------------------------------------------------------------------------------

  some(visit: MemberVisitor): boolean {
    const { u8 } = this.#heap.arena;
    let ended = false;
    let position = 0;
    do {
      position = this.#table.walk(position, (ref) => {
        if (ended) return;
        const off = ((ref & OFFSET_MASK) << 3) + MEMBER_AT;
        ended = visit(u8[ref >>> CHUNK_SHIFT], off, this.#length(ref)) === true;
      });
    } while (position !== 0 && !ended);
    return ended;
  }

  copy(sink: ElementSink): void {
    let position = 0;
    do {
      position = this.#table.walk(position, (ref) => this.#pass(ref, sink));
    } while (position !== 0);
  }

  draw(count: number, random: () => number, sink: ElementSink): void {
    for (; count > 0; count--) this.#pass(this.#table.randomRef(random), sink);
  }

  sample(count: number, random: () => number, sink: ElementSink): void {
    if (count * SPARSE_SAMPLE <= this.size) {
      const chosen = new Set<Ref>();
      while (chosen.size < count) {
        const ref = this.#table.randomRef(random);
        if (chosen.has(ref)) continue;
        chosen.add(ref);
        this.#pass(ref, sink);
      }
      return;
    }
    // Each is taken with the chance that makes all choices equally likely (Knuth's algorithm S).
    let left = this.size;
    let position = 0;
    do {
      position = this.#table.walk(position, (ref) => {
        if (random() * left < count) {
          this.#pass(ref, sink);
          count--;
        }
        left--;
      });
    } while (position !== 0 && count > 0);
  }

  /**
   * Visits about `count` members from a cursor on and answers the next cursor, 0 at the end. Who is there throughout is
   * visited exactly once, whatever changes between the calls. `visit` must not change the set.
   */
  scan(cursor: number, count: number, visit: MemberVisitor): number {
    const { u8 } = this.#heap.arena;
    return this.#table.scan(cursor, count, (ref) => {
      const off = ((ref & OFFSET_MASK) << 3) + MEMBER_AT;
      visit(u8[ref >>> CHUNK_SHIFT], off, this.#length(ref));
    });
  }

  #length(ref: Ref): number {
    return this.#heap.arena.u32[ref >>> CHUNK_SHIFT][((ref & OFFSET_MASK) << 1) + 1];
  }

  #pass(ref: Ref, sink: ElementSink): void {
    const buf = this.#heap.arena.u8[ref >>> CHUNK_SHIFT];
    sink.bulkAt(buf, ((ref & OFFSET_MASK) << 3) + MEMBER_AT, this.#length(ref));
  }

  // --- as a collection -----------------------------------------------------------------------------------------

  clone(): MemberTable {
    return MemberTable.from(this, this.#heap);
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
