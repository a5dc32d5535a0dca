/**
 * What a list can do, whichever way it is kept, and how large its parts may be.
 *
 * Elements are bytes, given as `len` bytes at `off` of a buffer, and counted from 0 at the head.
 *
 * @module
 */

import type { ElementSink, ElementView } from "./listpack.ts";

/** A list: packed into one listpack, or a {@link ./quicklist.ts | quicklist} of many. */
export interface List {
  /** The number of elements. */
  readonly size: number;
  /**
   * The bytes of the element at an index, which must exist. The view is reused, and good until the list is changed or
   * read again.
   */
  read(index: number): ElementView;
  /**
   * Hands `count` elements from index `start` on to a sink, backwards from `start + count - 1` on if asked. All of
   * them must exist. Costs a look at each part of the list before the first element, then O(count).
   */
  copy(start: number, count: number, backwards: boolean, sink: ElementSink): void;
  /** Removes `count` elements from index `start` on; all of them must exist. */
  remove(start: number, count: number): void;
  /** Gives the element at an index, which must exist, other bytes. */
  replace(index: number, buf: Uint8Array, off: number, len: number): void;
  /** Inserts an element so that it has this index from then on; the list's size appends it. */
  insert(index: number, buf: Uint8Array, off: number, len: number): void;
  /** Removes the elements equal to these bytes, `most` at the most, from the tail on if asked; answers how many. O(n). */
  removeEqual(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
  ): number;
  /**
   * Calls `visit` with the index of each element equal to these bytes, from the tail on if asked, until it answers
   * false or `most` elements have been looked at. O(n).
   */
  search(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
    visit: (index: number) => boolean,
  ): void;
}

/** By `list-max-listpack-size` from -1 down: the most bytes that a listpack may have. */
const LEVELS = [4096, 8192, 16384, 32768, 65536];
/** … and where that directive limits the number of elements instead. */
const SAFE_BYTES = 8192;

/** How large a listpack of a list may become. */
export interface ListLimits {
  readonly bytes: number;
  readonly elements: number;
  /** Whether the number of elements is what is limited, and bytes only so that no listpack becomes unwieldy. */
  readonly byElements: boolean;
}

/** The limits that a value of `list-max-listpack-size` stands for. */
export function listLimits(setting: number): ListLimits {
  if (setting < 0) {
    const bytes = LEVELS[Math.min(-setting, LEVELS.length) - 1];
    return { bytes, elements: Infinity, byElements: false };
  }
  return { bytes: SAFE_BYTES, elements: Math.max(setting, 1), byElements: true };
}
