/**
 * The elements of a list within one listpack: copying, finding and removing several at once.
 *
 * A list that is kept in one listpack has them all there; a quicklist goes from node to node.
 *
 * @module
 */

import type { ElementSink, Listpack, ListpackOwner } from "./listpack.ts";

/** Hands `count` elements from the entry at `at` on to a sink, towards the head if asked. */
export function copyElements(
  pack: Listpack,
  at: number,
  count: number,
  backwards: boolean,
  sink: ElementSink,
): void {
  const buf = pack.buf;
  if (backwards) {
    for (; count > 0; count--) {
      pack.pass(at, sink);
      at = pack.prev(at);
    }
    return;
  }
  for (; count > 0; count--) {
    const first = buf[at];
    if (first >= 0x80 && first < 0xc0) {
      // A string of up to 63 bytes, the usual element: one byte before it and one behind it.
      const length = first & 0x3f;
      sink.bulkAt(buf, at + 1, length);
      at += length + 2;
    } else {
      pack.pass(at, sink);
      at += pack.entryBytes(at);
    }
  }
}

/** Removes `count` elements from the entry at `at` on. */
export function removeElements(
  pack: Listpack,
  owner: ListpackOwner,
  at: number,
  count: number,
): void {
  let end = at;
  for (let i = 0; i < count; i++) end += pack.entryBytes(end);
  pack.splice(owner, at, end - at, 0, -count);
}

/** Removes the elements equal to these bytes, `most` at the most; answers how many. */
export function removeEqualElements(
  pack: Listpack,
  owner: ListpackOwner,
  buf: Uint8Array,
  off: number,
  len: number,
  most: number,
  backwards: boolean,
): number {
  let removed = 0;
  if (!backwards) {
    let at = pack.find(pack.first(), buf, off, len, 0);
    while (at !== 0 && removed < most) {
      removed++;
      at = pack.remove(owner, at);
      if (at !== 0) at = pack.find(at, buf, off, len, 0);
    }
    return removed;
  }
  // The window may move with every removal: only distances from its start last.
  let at = pack.last();
  while (at !== 0 && removed < most) {
    const before = pack.prev(at);
    const distance = before - pack.start;
    if (pack.equals(at, buf, off, len)) {
      removed++;
      pack.remove(owner, at);
      at = before === 0 ? 0 : pack.start + distance;
    } else {
      at = before;
    }
  }
  return removed;
}

/**
 * Calls `visit` with the index, within the listpack, of each element equal to these bytes, until it answers false or
 * `most` elements have been looked at. Answers whether it may go on.
 */
export function searchElements(
  pack: Listpack,
  buf: Uint8Array,
  off: number,
  len: number,
  most: number,
  backwards: boolean,
  visit: (index: number) => boolean,
): boolean {
  let looked = 0;
  if (backwards) {
    let index = pack.count - 1;
    for (let at = pack.last(); at !== 0 && looked < most; at = pack.prev(at), index--, looked++) {
      if (pack.equals(at, buf, off, len) && !visit(index)) return false;
    }
    return true;
  }
  for (let at = pack.first(); at !== 0 && looked < most; at = pack.next(at), looked++) {
    if (pack.equals(at, buf, off, len) && !visit(looked)) return false;
  }
  return true;
}
