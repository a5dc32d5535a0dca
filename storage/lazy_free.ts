/**
 * Flushing, which empties databases at once at any size, and lazy freeing, which gives back what they held in slices.
 *
 * Flushing only puts an empty table in the place of the old one: the keys are out of reach when it returns. The old table,
 * its records or the arena's old chunks, and large collections that were deleted, wait here until a slice of background
 * work, or whoever wants to wait for it ({@link LazyFree.drain}), takes them apart. Nothing that lies here can be reached
 * by a key.
 *
 * @module
 */

import type { Collection } from "./collections.ts";
import type { Database, Keyspace } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import type { Table } from "./memory/table.ts";

/** Empties every database and answers how many keys there were. */
export function flushAll(keyspace: Keyspace): number {
  const { arena, databases, hooks, lazyFree } = keyspace;
  let keys = 0;
  hooks.flushed?.();
  for (const db of databases) {
    hooks.replaced?.(db);
    keys += db.size;
  }
  if (keyspace.snapshots > 0 || keyspace.lodgers > 0) {
    for (const db of databases) giveUp(db);
    return keys;
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
  keyspace.hooks.flushed?.();
  keyspace.hooks.replaced?.(db);
  const keys = db.size;
  if (keys === 0) return 0;
  giveUp(db);
  return keys;
}

/** Puts an empty table in the place of a database's, whose records go one by one: others, or a snapshot, need theirs. */
export function giveUp(db: Database): void {
  const { keyspace, table, volatileHashes } = db;
  if (table.size > 0) {
    db.table = keyspace.newTable();
    const free = () => keyspace.lazyFree.addTable(table, (ref) => db.releaseRecord(ref));
    if (table.cut === undefined) free();
    else table.cut.whenDone(free);
  }
  if (volatileHashes !== undefined) keyspace.lazyFree.addCollection(volatileHashes);
  db.volatileHashes = undefined;
}

/** A table that has been thrown away. */
class OldTable {
  readonly #table: Table;
  #free: ((ref: Ref) => void) | undefined;
  #position = 0;

  constructor(table: Table, free: ((ref: Ref) => void) | undefined) {
    this.#table = table;
    this.#free = free;
  }

  /** How many keys are still in it. */
  get keys(): number {
    return this.#table.size;
  }

  /** Takes one segment apart, up to some 1,700 keys; answers whether there are more. */
  step(): boolean {
    this.#position = this.#table.dismantle(this.#position, this.#free);
    return this.#position !== 0;
  }

  forgetRecords(): void {
    this.#free = undefined;
  }
}

/** What is to be freed, first come, first served. */
export class LazyFree {
  readonly #clock: () => number;
  readonly #tables: OldTable[] = [];
  readonly #disposals: (() => boolean)[] = [];
  readonly #collections: Collection[] = [];
  /** How many keys have been freed here so far. */
  freedKeys = 0;

  /** @param clock a monotonic clock in ms */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  get isIdle(): boolean {
    return this.#tables.length === 0 && this.#disposals.length === 0 &&
      this.#collections.length === 0;
  }

  /** How many keys wait to be freed. */
  get pendingKeys(): number {
    return this.#tables.reduce((sum, table) => sum + table.keys, this.#collections.length);
  }

  /** Takes a table that nobody uses any more; `free` gives a record's memory back, unless that is gone already. */
  addTable(table: Table, free?: (ref: Ref) => void): void {
    this.#tables.push(new OldTable(table, free));
  }

  /** Takes a piece of work that is called until it answers false. */
  addDisposal(step: () => boolean): void {
    this.#disposals.push(step);
  }

  /** Takes a collection that no key leads to any more. */
  addCollection(collection: Collection): void {
    this.#collections.push(collection);
  }

  /** The records of all tables here have gone with their arena: only the tables are left to free. */
  forgetRecords(): void {
    for (const table of this.#tables) table.forgetRecords();
    this.#collections.length = 0;
  }

  /** Frees for about `budget` ms; answers whether more is left. */
  run(budget: number): boolean {
    if (this.isIdle) return false;
    const end = this.#clock() + budget;
    while (this.#step()) if (this.#clock() >= end) return true;
    return false;
  }

  /** Frees everything now. O(keys). */
  drain(): void {
    while (this.#step());
  }

  /** One small piece of work; answers whether more is left. */
  #step(): boolean {
    if (this.#disposals.length > 0) {
      if (!this.#disposals[0]()) this.#disposals.shift();
    } else if (this.#collections.length > 0) {
      if (!this.#collections[0].dismantle()) {
        this.#collections.shift();
        this.freedKeys++;
      }
    } else if (this.#tables.length > 0) {
      const table = this.#tables[0];
      const before = table.keys;
      const more = table.step();
      this.freedKeys += before - table.keys;
      if (!more) this.#tables.shift();
    }
    return !this.isIdle;
  }
}
