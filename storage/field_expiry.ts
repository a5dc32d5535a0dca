/**
 * Active expiry of the fields of hashes: removes those whose time is over although nobody asks for them.
 *
 * Each database knows when the next field of each of its hashes is over, so a run goes straight to the hashes that have
 * something to remove. Runs are short; whoever calls decides how often.
 *
 * @module
 */

import { Type } from "./entry.ts";
import { Hashes } from "./hashes.ts";
import type { Database, Keyspace } from "./keyspace.ts";

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
