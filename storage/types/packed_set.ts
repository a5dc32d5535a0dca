/**
 * A small set: the entries of a listpack, in the order in which they came.
 *
 * Knows nothing of where the listpack lies: its owner gives it another length.
 *
 * @module
 */

import type { IntSet } from "./intset.ts";
import {
  type ElementSink,
  EMPTY_BYTES,
  integerEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEmpty,
} from "./listpack.ts";
import type { MemberVisitor, SetMembers } from "./set_members.ts";

/** So many draws are worth finding out where all entries begin. */
const MANY_DRAWS = 8;
const LONGEST_TEXT = 20;
/** Bytes of an entry with 64 bits. */
const WIDEST_INTEGER_ENTRY = 10;

/** A window on the bytes of a listpack whose entries are a set. */
export class PackedSet implements SetMembers {
  readonly pack = new Listpack();
  readonly #digits = new Uint8Array(LONGEST_TEXT);

  attach(buf: Uint8Array, start: number): this {
    this.pack.attach(buf, start);
    return this;
  }

  get size(): number {
    return this.pack.count;
  }

  get memberBytes(): number {
    return this.pack.bytes;
  }

  /** O(n). */
  has(buf: Uint8Array, off: number, len: number): boolean {
    const { pack } = this;
    return pack.find(pack.first(), buf, off, len, 0) !== 0;
  }

  /** Adds a member that is not here yet. */
  append(owner: ListpackOwner, buf: Uint8Array, off: number, len: number): void {
    this.pack.append(owner, buf, off, len);
  }

  /** Removes a member; false if it is not here. O(n). */
  remove(owner: ListpackOwner, buf: Uint8Array, off: number, len: number): boolean {
    const { pack } = this;
    const at = pack.find(pack.first(), buf, off, len, 0);
    if (at === 0) return false;
    pack.remove(owner, at);
    return true;
  }

  /** Removes random different members after handing them on; there must be as many. O(n) for each. */
  take(owner: ListpackOwner, count: number, random: () => number, sink: ElementSink): void {
    const { pack } = this;
    if (count === 1) {
      const at = pack.seek(Math.floor(random() * pack.count));
      pack.pass(at, sink);
      pack.remove(owner, at);
      return;
    }
    let at = pack.first();
    for (let left = pack.count; count > 0; left--) {
      if (random() * left >= count) {
        at = pack.next(at);
        continue;
      }
      pack.pass(at, sink);
      at = pack.remove(owner, at);
      count--;
    }
  }

  some(visit: MemberVisitor): boolean {
    const { pack } = this;
    for (let at = pack.first(); at !== 0; at = pack.next(at)) {
      const bytes = pack.readText(at, this.#digits);
      if (visit(bytes, pack.stringOff, pack.stringLen) === true) return true;
    }
    return false;
  }

  copy(sink: ElementSink): void {
    const { pack } = this;
    for (let at = pack.first(); at !== 0; at = pack.next(at)) pack.pass(at, sink);
  }

  draw(count: number, random: () => number, sink: ElementSink): void {
    const { pack } = this;
    const size = pack.count;
    if (count < MANY_DRAWS) {
      for (; count > 0; count--) pack.pass(pack.seek(Math.floor(random() * size)), sink);
      return;
    }
    const places: number[] = [];
    for (let at = pack.first(); at !== 0; at = pack.next(at)) places.push(at);
    for (; count > 0; count--) pack.pass(places[Math.floor(random() * size)], sink);
  }

  sample(count: number, random: () => number, sink: ElementSink): void {
    const { pack } = this;
    let at = pack.first();
    for (let left = pack.count; count > 0; left--) {
      if (random() * left < count) {
        pack.pass(at, sink);
        count--;
      }
      at = pack.next(at);
    }
  }
}

/** A listpack with the integers of an intset. */
export function packIntegers(set: IntSet): Uint8Array {
  let bytes = EMPTY_BYTES;
  for (let i = 0, size = set.size; i < size; i++) {
    const value = set.at(i);
    bytes += typeof value === "number" ? integerEntryBytes(value) : WIDEST_INTEGER_ENTRY;
  }
  const packed = new Uint8Array(bytes);
  writeEmpty(packed, 0);
  const pack = new Listpack().attach(packed, 0);
  // All the room is there already.
  const owner: ListpackOwner = { resize: () => {} };
  set.some((buf, off, len) => {
    pack.append(owner, buf, off, len);
  });
  return packed;
}
