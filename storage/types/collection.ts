/**
 * What the keyspace asks of every value that is too large to be packed into its key's record.
 *
 * @module
 */

import type { Arena } from "../memory/arena.ts";
import type { Hasher } from "../memory/hash.ts";

/** What the keyspace asks of any large value. */
export interface Collection {
  /** The number of elements. */
  readonly size: number;
  /** A copy that shares nothing. O(n). */
  clone(): Collection;
  /**
   * Gives a part of its memory back, some hundred blocks at the most, and answers whether there is more. The collection
   * is not used any more once this has been called.
   */
  dismantle(): boolean;
  /**
   * Moves those of its blocks that lie in chunks being emptied ({@link Arena.isEvacuating}), a part at a time: begins
   * at a position (0 first), answers the next one, 0 at the end.
   */
  relocate(position: number): number;
}

/** Counts bytes that lie neither in the arena nor in a database's own table: collections' indexes and arrays. */
export interface Meter {
  bytes: number;
}

/** What a collection is built from. */
export interface Heap {
  readonly arena: Arena;
  readonly hasher: Hasher;
  readonly meter: Meter;
  readonly random: () => number;
}
