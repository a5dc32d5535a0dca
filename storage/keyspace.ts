/**
 * The keyspace: numbered databases (./database.ts) over one arena, and what they share: the time, how uses of keys are
 * marked, and what is counted.
 *
 * Time is {@link Keyspace.now}, which the caller sets; it stands still while a command runs.
 *
 * Knows nothing of clients, commands or replies.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { Collections } from "./collections.ts";
import { Database } from "./database.ts";
import { AccessTracking } from "./entry.ts";
import { LazyFree } from "./lazy_free.ts";
import { Arena, type Ref } from "./memory/arena.ts";
import type { Discard } from "./memory/pages.ts";
import { Hasher } from "./memory/hash.ts";
import { KeyWindow } from "./memory/look_ahead.ts";
import { VALUED_KEY_AT } from "./memory/record.ts";
import { Table, type TableKind } from "./memory/table.ts";

export { AccessTracking } from "./entry.ts";
export { Database } from "./database.ts";
export type { ByteView } from "./records.ts";

/** What the owner of a keyspace is told of keys that go by themselves. Called just before the key goes. */
export interface KeyspaceHooks {
  /** The key's time is over. */
  expired(db: Database, ref: Ref): void;
  /** The key makes room under `maxmemory`. */
  evicted(db: Database, ref: Ref): void;
  /** The time of a hash's field is over: `len` bytes at `off` are its name. Called just before the field goes. */
  fieldExpired?(db: Database, ref: Ref, buf: Uint8Array, off: number, len: number): void;
  /** Fields of a hash have gone because their time was over; `isGone` says whether the key went with the last. */
  fieldsExpired?(db: Database, key: Uint8Array, isGone: boolean): void;
  /** A key that did not exist has been stored. Undefined while nobody wants to know. */
  created?: ((db: Database, ref: Ref) => void) | undefined;
  /** The key in argument `i` was read and is not there. Undefined while nobody wants to know. */
  missed?: ((db: Database, args: Args, i: number) => void) | undefined;
  /**
   * All keys of the database are about to go at once (FLUSHDB, FLUSHALL), or to be exchanged for those of the database
   * `by` (SWAPDB).
   */
  replaced?(db: Database, by?: Database): void;
  /** One or all databases are about to be emptied: called once, whether there are keys or not. */
  flushed?(): void;
}

/** What a keyspace is made with. */
export interface KeyspaceOptions {
  databases: number;
  random: () => number;
  hooks: KeyspaceHooks;
  /** A monotonic clock in ms, to keep the budgets of background work by; that of the process unless given. */
  clock?: () => number;
  /** How memory is given back ({@link ArenaOptions.discard}). */
  discard?: Discard;
  /** What databases find their records with: {@link Table} unless given. */
  table?: TableKind;
}

const LFU_INITIAL = 5;
/** An LRU clock has 24 bits. */
const CLOCK_RANGE = 0x1000000;

/** All databases of one server. */
export class Keyspace {
  /** Unix time in ms; set by the owner before each batch of commands. */
  now = 0;
  /** The 24 bits that a key's record keeps about its last use under LRU: Unix time in seconds. */
  lruClock = 0;
  /** How the policy wants uses to be marked. */
  tracking: AccessTracking = AccessTracking.lru;
  /** How lookups mark them: as {@link tracking} says, or not at all (CLIENT NO-TOUCH). */
  touching: AccessTracking = AccessTracking.lru;
  /** `lfu-log-factor` and `lfu-decay-time` (minutes). */
  lfuLogFactor = 10;
  lfuDecayMinutes = 1;
  /** Whether expired keys are deleted when met; a replica only hides them, and so does who is paused. */
  deletesExpired = true;
  /**
   * Whether what has expired but may not be deleted is hidden. Not from a replica's primary: its commands were carried
   * out when the keys and fields were still there.
   */
  hidesExpired = true;

  hits = 0;
  misses = 0;
  expiredKeys = 0;
  /** Fields of hashes. */
  expiredFields = 0;
  evictedKeys = 0;
  /** How many loads fill databases that are none of {@link databases}, from the same arena. */
  lodgers = 0;
  /** How many snapshots are being written, which need the records as they were. */
  snapshots = 0;
  /** The share of expiring keys that active expiry finds over, as a running average. */
  expiredStale = 0;

  readonly arena: Arena;
  readonly random: () => number;
  readonly hooks: KeyspaceHooks;
  readonly databases: readonly Database[];
  /** What flushed databases have left behind. */
  readonly lazyFree: LazyFree;
  /** The large values, which live beside their records. */
  readonly collections: Collections;
  /** Hashes all keys and members. */
  readonly hasher: Hasher;
  /** For commands of many keys. */
  readonly manyKeys: KeyWindow;
  readonly #Table: TableKind;

  constructor(options: KeyspaceOptions) {
    this.arena = new Arena(options.discard && { discard: options.discard });
    this.#Table = options.table ?? Table;
    this.random = options.random;
    this.hooks = options.hooks;
    this.hasher = new Hasher(
      Math.floor(options.random() * 2 ** 32),
      Math.floor(options.random() * 2 ** 32),
    );
    this.manyKeys = new KeyWindow(this.hasher);
    this.collections = new Collections(this.arena, this.hasher, options.random);
    this.databases = Array.from({ length: options.databases }, (_, id) => new Database(this, id));
    this.lazyFree = new LazyFree(options.clock ?? (() => performance.now()));
  }

  /** Sets the clock that everything below goes by. */
  setTime(now: number): void {
    this.now = now;
    this.lruClock = Math.floor(now / 1000) % CLOCK_RANGE;
  }

  /** An empty table for a database. */
  newTable(): Table {
    return new this.#Table(this.arena, this.hasher, { keyAt: VALUED_KEY_AT, valued: true });
  }

  /** Bytes that the data takes: records and indexes, exactly. */
  get usedBytes(): number {
    let bytes = this.arena.usedBytes + this.collections.indexBytes;
    for (const db of this.databases) bytes += db.table.indexBytes;
    return bytes;
  }

  /** Exchanges the contents of two databases. O(1). */
  swap(a: number, b: number): void {
    this.exchange(this.databases[a], this.databases[b]);
  }

  /** Exchanges the contents of two databases, one of which may be none of {@link databases}. O(1). */
  exchange(first: Database, second: Database): void {
    this.hooks.replaced?.(first, second);
    this.hooks.replaced?.(second, first);
    const table = first.table;
    first.table = second.table;
    second.table = table;
    const hashes = first.volatileHashes;
    first.volatileHashes = second.volatileHashes;
    second.volatileHashes = hashes;
  }

  /** The initial contents of a record's clock. */
  freshClock(): number {
    if (this.tracking === AccessTracking.lfu) return (this.#minutes() << 8) | LFU_INITIAL;
    return this.lruClock;
  }

  #minutes(): number {
    return Math.floor(this.now / 60000) & 0xffff;
  }

  /** An LFU counter after the time that has passed since it was last looked at. */
  decayedFrequency(clock: number): number {
    const elapsed = (this.#minutes() - (clock >>> 8)) & 0xffff;
    const periods = this.lfuDecayMinutes > 0 ? Math.floor(elapsed / this.lfuDecayMinutes) : 0;
    return Math.max(0, (clock & 0xff) - periods);
  }

  /** A record's clock after one more use. */
  usedClock(clock: number): number {
    if (this.tracking !== AccessTracking.lfu) return this.lruClock;
    if (this.touching === AccessTracking.none) return clock;
    let counter = this.decayedFrequency(clock);
    if (counter < 255) {
      const base = Math.max(0, counter - LFU_INITIAL);
      if (this.random() < 1 / (base * this.lfuLogFactor + 1)) counter++;
    }
    return (this.#minutes() << 8) | counter;
  }

  /** The clock of a record that was last used so many seconds ago, under LRU. */
  clockOfIdle(seconds: number): number {
    // Idle times wrap around in the clock: what is longer than it can tell counts as half of that.
    const idle = seconds <= this.lruClock ? seconds : CLOCK_RANGE / 2;
    return (this.lruClock - idle + CLOCK_RANGE) % CLOCK_RANGE;
  }

  /** The clock of a record of this LFU counter, as if it had just been looked at. */
  clockOfFrequency(counter: number): number {
    return (this.#minutes() << 8) | counter;
  }

  /** How long a key has not been used, in seconds, by its LRU clock. */
  idleSeconds(clock: number): number {
    return (this.lruClock - clock + CLOCK_RANGE) % CLOCK_RANGE;
  }
}
