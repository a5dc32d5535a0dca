/**
 * Values on their way from RDB to a key.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { SetLimits } from "../changing_set.ts";
import { ENCODING_SHIFT, type Type } from "../entry.ts";
import type { HashLimits } from "../hashes.ts";
import type { Database, Keyspace } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import type { PackingLimits as SortedSetLimits } from "../sorted_sets.ts";
import type { Collection, Heap } from "../types/collection.ts";

/** Up to what size collections are packed. */
export interface PackingLimits extends HashLimits, SetLimits, SortedSetLimits {
  readonly listMaxListpackSize: number;
}

/** What loading needs to know. */
export interface LoadOptions {
  /** Where collections are made. */
  readonly heap: Heap;
  readonly limits: PackingLimits;
  /** Unix time in ms. */
  readonly now: number;
}

/** A value that no key has yet: bytes for a record, or a collection. */
export interface LoadedValue {
  /** `type | encoding << 3`. */
  readonly kind: number;
  readonly value: Uint8Array | Collection;
}

/** Collections of up to so many elements are freed where they stand, larger ones in slices. */
const FREED_AT_ONCE = 64;

/** Puts a type and an encoding together. */
export function kindOf(type: Type, encoding: number): number {
  return type | (encoding << ENCODING_SHIFT);
}

/** Stores a value under the key in argument `i`, in place of what that held; it is not the caller's any more. */
export function storeLoaded(
  db: Database,
  args: Args,
  i: number,
  loaded: LoadedValue & { readonly expiry: number },
): Ref {
  const { kind, value, expiry } = loaded;
  return value instanceof Uint8Array
    ? db.storeValue(args, i, kind, value, expiry)
    : db.storeCollection(args, i, kind, value, expiry);
}

/** Gives back the memory of a value that no key is to have. */
export function release(keyspace: Keyspace, { value }: LoadedValue): void {
  if (value instanceof Uint8Array) return;
  if (value.size > FREED_AT_ONCE) keyspace.lazyFree.addCollection(value);
  else while (value.dismantle());
}

/** Fills a collection; one that cannot be filled is taken apart at once. */
export function filled<C extends Collection>(collection: C, fill: (collection: C) => void): C {
  try {
    fill(collection);
  } catch (error) {
    while (collection.dismantle());
    throw error;
  }
  return collection;
}
