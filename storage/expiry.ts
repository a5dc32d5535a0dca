/**
 * Active expiry: deletes keys, and fields of hashes, whose time is over although nobody asks for them.
 *
 * The tables know for each of their segments when its earliest key is due, and each database when the next field of each
 * of its hashes is over, so a run goes straight to what has something to delete. Runs are short; whoever calls decides
 * how often.
 *
 * @module
 */

import { Type } from "./entry.ts";
import { Hashes } from "./hashes.ts";
import type { Database, Keyspace } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";

/** What one run weighs in the average of {@link Keyspace.expiredStale}; Redis's own figure. */
const STALE_WEIGHT = 0.05;

/** The clock is looked at after so many deleted keys: about 0.03 ms. */
const KEYS_PER_LOOK = 32;

/** Deletes a keyspace's due keys in slices. */
export class ActiveExpiry {
  readonly #keyspace: Keyspace;
  readonly #clock: () => number;
  readonly #due: Ref[] = [];
  #nextDatabase = 0;

  /** @param clock a monotonic clock in ms, to keep the budget by */
  constructor(keyspace: Keyspace, clock: () => number) {
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  /**
   * Deletes due keys until nothing is due or `budget` ms are over, give or take {@link KEYS_PER_LOOK} keys. Answers
   * whether more is due.
   */
  run(budget: number): boolean {
    const { databases, expiredKeys, now } = this.#keyspace;
    const volatile = databases.reduce((sum, db) => sum + db.table.volatileCount, 0);
    const more = this.#sweep(databases, now, budget);
    this.#noteStale(this.#keyspace.expiredKeys - expiredKeys, volatile);
    return more;
  }

  /** Averages which share of the keys that expire was found over, the last runs counting most. */
  #noteStale(found: number, of: number): void {
    const keyspace = this.#keyspace;
    const share = of === 0 ? 0 : found / of;
    keyspace.expiredStale += (share - keyspace.expiredStale) * STALE_WEIGHT;
  }

  #sweep(databases: readonly Database[], now: number, budget: number): boolean {
    const end = this.#clock() + budget;
    const due = this.#due;
    for (let i = 0; i < databases.length; i++) {
      const db = databases[this.#nextDatabase];
      while (db.table.volatileCount > 0) {
        due.length = 0;
        // A key is over only after its millisecond, as in Redis.
        const visited = db.table.collectDue(now - 1, due, 1);
        if (!this.#expireAll(db, due, end)) return true;
        if (visited === 0) break;
        if (this.#clock() >= end) return true;
      }
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
    }
    return false;
  }

  /** Deletes keys of one segment; false when the time is over before they all are. */
  #expireAll(db: Database, due: readonly Ref[], end: number): boolean {
    for (let i = 0; i < due.length; i++) {
      const ref = due[i];
      if (i > 0 && i % KEYS_PER_LOOK === 0 && this.#clock() >= end) {
        // The table believes that what it has told is gone: what is left must be told again.
        db.table.noteExpiry(db.table.hashOf(ref), db.expiry(ref), true);
        return false;
      }
      db.expire(ref);
    }
    return true;
  }
}

/** Removes due fields of a keyspace's hashes in slices. */
export class FieldExpiry {
  readonly #keyspace: Keyspace;
  readonly #clock: () => number;
  #nextDatabase = 0;

  /** @param clock a monotonic clock in ms, to keep the budget by */
  constructor(keyspace: Keyspace, clock: () => number) {
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  /**
   * Removes due fields until nothing is due or `budget` ms are over (a part of a hash, up to about a millisecond's
   * work, is finished). Answers whether more is due.
   */
  run(budget: number): boolean {
    const { databases, now } = this.#keyspace;
    const end = this.#clock() + budget;
    const isOver = () => this.#clock() >= end;
    for (let i = 0; i < databases.length; i++) {
      const db = databases[this.#nextDatabase];
      const visit = (key: Uint8Array) => this.#expireFields(db, key);
      if (db.volatileHashes?.visitDue(now, visit, isOver)) return true;
      this.#nextDatabase = (this.#nextDatabase + 1) % databases.length;
    }
    return false;
  }

  /** Removes some due fields of a key's hash; answers when the next one is due. */
  #expireFields(db: Database, key: Uint8Array): number {
    const ref = db.lookup(key, 0, key.length, false);
    if (ref === 0 || db.type(ref) !== Type.hash) return Infinity;
    const hashes = db.tool(Hashes);
    hashes.open(ref);
    return hashes.expireSome() ? Infinity : hashes.fields.earliest;
  }
}
