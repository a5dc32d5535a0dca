/**
 * The sorted set: unique members ordered by score, then by bytes.
 *
 * Two views of the same members are kept in step. A table answers "what is this member's score?"; a counted tree
 * answers "who ranks third?". A method that changes one view changes the other before it returns. Both lead to one
 * record a member, a block in the arena:
 *
 *     u32 hash of the member | u32 length of the member | f64 score | the member's bytes
 *
 * The hash leaves out bit 7, which a table takes for the sign of an expiry. It is kept because who is taken from the
 * order must be found in the table.
 *
 * Knows nothing of keys, clients, RESP or time: see ../keyspace.ts for those.
 *
 * @module
 */

import type { Collection, Heap } from "./collection.ts";
import { CHUNK_SHIFT, compareBytes, copyBytes, OFFSET_MASK, type Ref } from "../memory/arena.ts";
import { Table } from "../memory/table.ts";
import { MEMBER_AT, ScoreTree } from "./score_tree.ts";
import type { Member, SortedMembers } from "./sorted_members.ts";

/** The bits of a hash below the one that a table looks at. */
const LOW_BITS = 0x7f;

/** A large sorted set. */
export class SortedSet implements Collection, SortedMembers {
  score = 0;
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  readonly #heap: Heap;
  readonly #table: Table;
  readonly #tree: ScoreTree;
  /** What the heap's meter counts for the table. */
  #metered = 0;
  #dismantled = 0;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#table = new Table(heap.arena, heap.hasher, { keyAt: MEMBER_AT });
    this.#tree = new ScoreTree(heap.arena);
    this.#meter();
  }

  /** A sorted set with the members of another one. O(n log n). */
  static from(members: SortedMembers, heap: Heap): SortedSet {
    const set = new SortedSet(heap);
    const size = members.size;
    if (size > 0) members.seek(0);
    for (let i = 0; i < size; i++) {
      set.add(members.buf, members.off, members.len, members.score);
      members.forward();
    }
    return set;
  }

  get size(): number {
    return this.#table.size;
  }

  // --- members -------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, off: number, len: number): Ref {
    const table = this.#table;
    return table.find(buf, off, len, table.hash(buf, off, len));
  }

  scoreOf(member: Ref): number {
    return this.#heap.arena.f64[member >>> CHUNK_SHIFT][(member & OFFSET_MASK) + 1];
  }

  add(buf: Uint8Array, off: number, len: number, score: number): void {
    this.#add(buf, off, len, score, this.#table.hash(buf, off, len));
  }

  /**
   * Gives a member a score, whether it is there or not; answers whether anything has changed. Hashes the member once,
   * where {@link find} and {@link add} would do it twice.
   */
  put(buf: Uint8Array, off: number, len: number, score: number): boolean {
    const table = this.#table;
    const hash = table.hash(buf, off, len);
    const member = table.find(buf, off, len, hash);
    if (member === 0) {
      this.#add(buf, off, len, score, hash);
      return true;
    }
    if (this.scoreOf(member) === score) return false;
    this.rescore(member, score);
    return true;
  }

  #add(buf: Uint8Array, off: number, len: number, score: number, hash: number): void {
    const { arena } = this.#heap;
    const ref = arena.alloc(MEMBER_AT + len);
    const chunk = ref >>> CHUNK_SHIFT;
    const unit = ref & OFFSET_MASK;
    const words = arena.u32[chunk];
    words[unit << 1] = (hash & LOW_BITS) | ((hash & ~LOW_BITS) << 1);
    words[(unit << 1) + 1] = len;
    arena.f64[chunk][unit + 1] = score;
    copyBytes(buf, off, arena.u8[chunk], (unit << 3) + MEMBER_AT, len);
    this.#table.insert(ref, hash);
    this.#tree.insert(score, ref);
    this.#meter();
  }

  rescore(member: Ref, score: number): void {
    this.#tree.move(this.scoreOf(member), member, score);
    this.#heap.arena.f64[member >>> CHUNK_SHIFT][(member & OFFSET_MASK) + 1] = score;
  }

  remove(member: Ref): void {
    this.#tree.remove(this.scoreOf(member), member);
    this.#forget(member);
    this.#meter();
  }

  removeRange(rank: number, length: number): void {
    this.#tree.removeRange(rank, length, (ref) => this.#forget(ref));
    this.#meter();
  }

  removeHere(): void {
    this.#forget(this.#tree.removeHere());
    this.#meter();
  }

  #forget(ref: Ref): void {
    this.#table.remove(ref, this.#hashOf(ref));
    this.#heap.arena.free(ref);
  }

  #hashOf(ref: Ref): number {
    const kept = this.#heap.arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1];
    return (kept & LOW_BITS) | ((kept >>> 1) & ~LOW_BITS);
  }

  #meter(): void {
    const bytes = this.#table.indexBytes;
    this.#heap.meter.bytes += bytes - this.#metered;
    this.#metered = bytes;
  }

  // --- order ---------------------------------------------------------------------------------------------------

  rankOf(member: Ref): number {
    return this.#tree.rank(this.scoreOf(member), member);
  }

  countBelow(bound: number, inclusive: boolean): number {
    return this.#tree.countBelow(bound, inclusive);
  }

  countBelowBytes(buf: Uint8Array, off: number, len: number, inclusive: boolean): number {
    const { u8, u32 } = this.#heap.arena;
    const limit = inclusive ? 1 : 0;
    return this.#tree.countWhile((ref) => {
      const chunk = ref >>> CHUNK_SHIFT;
      const unit = ref & OFFSET_MASK;
      const length = u32[chunk][(unit << 1) + 1];
      return compareBytes(u8[chunk], (unit << 3) + MEMBER_AT, length, buf, off, len) < limit;
    });
  }

  seek(rank: number): void {
    this.#tree.seek(rank);
    this.#arrive(this.#tree.ref);
  }

  forward(): void {
    this.#tree.forward();
    this.#arrive(this.#tree.ref);
  }

  back(): void {
    this.#tree.back();
    this.#arrive(this.#tree.ref);
  }

  #arrive(ref: Ref): void {
    const { arena } = this.#heap;
    const chunk = ref >>> CHUNK_SHIFT;
    const unit = ref & OFFSET_MASK;
    this.score = this.#tree.score;
    this.buf = arena.u8[chunk];
    this.off = (unit << 3) + MEMBER_AT;
    this.len = arena.u32[chunk][(unit << 1) + 1];
  }

  /** Shows a member where {@link seek} shows one; there is no way on from it. */
  show(member: Member): void {
    this.#arrive(member);
    this.score = this.scoreOf(member);
  }

  /**
   * Visits about `count` members from a cursor on, in no order, and answers the next cursor, 0 at the end. Who is
   * there throughout is visited exactly once, whatever changes between the calls. `visit` must not change the set.
   */
  scan(cursor: number, count: number, visit: (member: Member) => void): number {
    return this.#table.scan(cursor, count, visit);
  }

  // --- as a collection -----------------------------------------------------------------------------------------

  clone(): SortedSet {
    return SortedSet.from(this, this.#heap);
  }

  dismantle(): boolean {
    if (this.#dismantled >= 0) {
      const { arena } = this.#heap;
      const position = this.#table.dismantle(this.#dismantled, (ref) => arena.free(ref));
      this.#meter();
      this.#dismantled = position === 0 ? -1 : position;
      return true;
    }
    if (this.#tree.dismantle()) return true;
    this.#heap.meter.bytes -= this.#metered;
    this.#metered = 0;
    return false;
  }

  relocate(position: number): number {
    return this.#tree.relocate(position, (ref) => this.#moveRecord(ref));
  }

  #moveRecord(ref: Ref): Ref {
    const { arena } = this.#heap;
    if (!arena.isEvacuating(ref)) return ref;
    const hash = this.#hashOf(ref);
    const moved = arena.copy(ref);
    this.#table.relocate(ref, moved, hash);
    arena.free(ref);
    return moved;
  }
}
