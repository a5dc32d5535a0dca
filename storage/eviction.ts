/**
 * Eviction: makes room under `maxmemory` by deleting the keys that the policy can spare best.
 *
 * As in Redis the best key of all is not looked for, only the best of a small sample; a pool keeps the best of former
 * samples, which makes the choice nearly as good as an exact one (https://antirez.com/news/109).
 *
 * @module
 */

import type { Database, Keyspace } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";

/** The policies of `maxmemory-policy`. */
export type EvictionPolicy =
  | "noeviction"
  | "allkeys-lru"
  | "allkeys-lfu"
  | "allkeys-random"
  | "volatile-lru"
  | "volatile-lfu"
  | "volatile-random"
  | "volatile-ttl";

/** What eviction goes by; read afresh each time. */
export interface EvictionSettings {
  /** Bytes; 0 for no limit. */
  readonly maxmemory: number;
  readonly maxmemoryPolicy: string;
  readonly maxmemorySamples: number;
}

/** A key that was found worth evicting. Kept by its bytes, since its record may move meanwhile. */
interface Candidate {
  readonly db: Database;
  readonly key: Uint8Array;
  /** The higher, the sooner it goes. */
  readonly score: number;
}

const POOL_SIZE = 16;
/** The clock is looked at after so many evicted keys. */
const KEYS_PER_LOOK = 16;

/** Keeps a keyspace under its memory limit. */
export class Evictor {
  readonly #keyspace: Keyspace;
  readonly #settings: EvictionSettings;
  readonly #otherBytes: () => number;
  readonly #clock: () => number;
  /** Best candidate last. */
  #pool: Candidate[] = [];
  #poolPolicy = "";
  readonly #sample: Ref[] = [];

  /**
   * @param otherBytes memory beside the data that counts, such as clients' buffers
   * @param clock a monotonic clock in ms
   */
  constructor(
    keyspace: Keyspace,
    settings: EvictionSettings,
    otherBytes: () => number,
    clock: () => number,
  ) {
    this.#keyspace = keyspace;
    this.#settings = settings;
    this.#otherBytes = otherBytes;
    this.#clock = clock;
  }

  /** Bytes that count against the limit. */
  get usedBytes(): number {
    return this.#keyspace.usedBytes + this.#otherBytes();
  }

  /**
   * Evicts keys until the data fits the limit. Answers false when it does not fit and nothing can be evicted. After
   * `budget` ms it leaves the rest to the next call and answers true, since room is being made.
   */
  makeRoom(budget = 1): boolean {
    const limit = this.#settings.maxmemory;
    if (limit === 0 || this.usedBytes <= limit) return true;
    // What was flushed goes before anything that is still there.
    const { lazyFree } = this.#keyspace;
    if (!lazyFree.isIdle && (lazyFree.run(budget) || this.usedBytes <= limit)) return true;
    const policy = this.#settings.maxmemoryPolicy;
    if (policy === "noeviction") return false;
    const end = this.#clock() + budget;
    for (let evicted = 1; this.usedBytes > limit; evicted++) {
      if (!this.#evictOne(policy)) return false;
      if (evicted % KEYS_PER_LOOK === 0 && this.#clock() >= end) break;
    }
    return true;
  }

  #evictOne(policy: string): boolean {
    const volatileOnly = policy.startsWith("volatile-");
    if (policy.endsWith("-random")) {
      const db = this.#databaseWithKeys(volatileOnly);
      if (db === undefined) return false;
      this.#sample.length = 0;
      db.table.sample(this.#keyspace.random, 1, this.#sample, volatileOnly);
      db.evict(this.#sample[0]);
      return true;
    }
    if (policy !== this.#poolPolicy) {
      this.#pool = [];
      this.#poolPolicy = policy;
    }
    for (;;) {
      if (!this.#fillPool(policy, volatileOnly)) return false;
      while (this.#pool.length > 0) {
        const { db, key } = this.#pool.pop()!;
        const ref = db.lookup(key, 0, key.length, false);
        if (ref === 0 || (volatileOnly && db.expiry(ref) < 0)) continue;
        db.evict(ref);
        return true;
      }
    }
  }

  /** Adds a sample of each database's keys to the pool; false when there is no key at all. */
  #fillPool(policy: string, volatileOnly: boolean): boolean {
    let any = false;
    for (const db of this.#keyspace.databases) {
      const total = volatileOnly ? db.table.volatileCount : db.size;
      if (total === 0) continue;
      any = true;
      const sample = this.#sample;
      sample.length = 0;
      db.table.sample(this.#keyspace.random, this.#settings.maxmemorySamples, sample, volatileOnly);
      for (const ref of sample) this.#offer(db, ref, this.#score(policy, db, ref));
    }
    return any;
  }

  #score(policy: string, db: Database, ref: Ref): number {
    if (policy === "volatile-ttl") return -db.expiry(ref);
    const clock = db.clock(ref);
    return policy.endsWith("-lfu")
      ? 255 - this.#keyspace.decayedFrequency(clock)
      : this.#keyspace.idleSeconds(clock);
  }

  #offer(db: Database, ref: Ref, score: number): void {
    const pool = this.#pool;
    if (pool.length === POOL_SIZE && score <= pool[0].score) return;
    const key = db.keyBytes(ref);
    if (pool.some((each) => each.db === db && sameBytes(each.key, key))) return;
    let at = pool.length;
    while (at > 0 && pool[at - 1].score > score) at--;
    pool.splice(at, 0, { db, key, score });
    if (pool.length > POOL_SIZE) pool.shift();
  }

  /** A database that has keys, chosen by chance in proportion to how many. */
  #databaseWithKeys(volatileOnly: boolean): Database | undefined {
    const counts = this.#keyspace.databases.map((db) =>
      volatileOnly ? db.table.volatileCount : db.size
    );
    let left = this.#keyspace.random() * counts.reduce((sum, each) => sum + each, 0);
    let found: Database | undefined;
    for (const [i, count] of counts.entries()) {
      if (count === 0) continue;
      found = this.#keyspace.databases[i];
      left -= count;
      if (left < 0) break;
    }
    return found;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
