/**
 * Flushing: empties databases at once, at any size.
 *
 * The keys are out of reach when these functions return. Their memory is left to {@link Keyspace.lazyFree}: let it run
 * in slices, or drain it to wait.
 *
 * @module
 */

import type { Database, Keyspace } from "./keyspace.ts";

/** Empties every database and answers how many keys there were. */
export function flushAll(keyspace: Keyspace): number {
  const { arena, databases, hooks, lazyFree } = keyspace;
  let keys = 0;
  for (const db of databases) {
    hooks.replaced?.(db);
    keys += db.size;
  }
  // The whole arena goes, chunk by chunk instead of record by record, and with it the records flushed before.
  lazyFree.forgetRecords();
  lazyFree.addDisposal(arena.clear());
  keyspace.collections.clear();
  for (const db of databases) {
    db.volatileHashes = undefined;
    if (db.size === 0) continue;
    lazyFree.addTable(db.table);
    db.table = keyspace.newTable();
  }
  return keys;
}

/** Empties one database and answers how many keys it had. */
export function flushDatabase(db: Database): number {
  const { keyspace } = db;
  if (keyspace.databases.every((other) => other === db || other.size === 0)) {
    return flushAll(keyspace);
  }
  keyspace.hooks.replaced?.(db);
  const keys = db.size;
  if (keys === 0) return 0;
  keyspace.lazyFree.addTable(db.table, (ref) => db.releaseRecord(ref));
  db.table = keyspace.newTable();
  if (db.volatileHashes !== undefined) keyspace.lazyFree.addCollection(db.volatileHashes);
  db.volatileHashes = undefined;
  return keys;
}
