/**
 * When the fields of a stored hash expire.
 *
 * @module
 */

import { HashEncoding } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { FieldTable } from "./types/hash.ts";
import type { ListpackOwner } from "./types/listpack.ts";
import { PackedHash } from "./types/packed_hash.ts";

/** No field of the hash at `ref` expires before this Unix time in ms; Infinity when all stay. O(1). */
export function earliestFieldTime(db: Database, ref: Ref): number {
  if (db.isBeside(ref)) {
    const table = db.collection(ref);
    if (!(table instanceof FieldTable)) throw new Error("A key's hash is no table of fields");
    return table.earliest;
  }
  const { buf, off } = db.value(ref);
  const isTimed = db.encoding(ref) === HashEncoding.listpackWithExpiry;
  return new PackedHash(readOnly).attach(buf, off, isTimed).earliest;
}

/** Owns the bytes of a hash that is only looked at. */
export const readOnly: ListpackOwner = {
  resize() {
    throw new Error("A hash that is only looked at must not be changed");
  },
};
