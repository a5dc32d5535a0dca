/**
 * The keyspace: numbered databases of keys, their values and expiries, over one arena.
 *
 * A key and its value are one record in the arena (see ./entry.ts), found through a table per database. A reference
 * (`Ref`) to a record is good until the next change of that key: whatever changes a record answers the reference
 * that holds from then on.
 *
 * Every lookup first drops a key whose time is over, so nobody ever sees one. Time is {@link Keyspace.now}, which the
 * caller sets; it stands still while a command runs.
 *
 * Knows nothing of clients, commands or replies.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { type Collection, Collections } from "./collections.ts";
import {
  BESIDE,
  CLOCK_SHIFT,
  ENCODING_MASK,
  ENCODING_SHIFT,
  EXPIRY_FLAG,
  KEEP_EXPIRY,
  mayHaveFieldTimes,
  NO_EXPIRY,
  type Type,
  TYPE_MASK,
} from "./entry.ts";
import { wrongType } from "./errors.ts";
import { earliestFieldTime } from "./field_times.ts";
import { LazyFree } from "./lazy_free.ts";
import { Arena, CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "./memory/arena.ts";
import { Hasher } from "./memory/hash.ts";
import {
  areLong,
  headBytes,
  isLong,
  keyLength,
  keyStart,
  VALUED_KEY_AT,
  valueLength,
  writeLengths,
} from "./memory/record.ts";
import { Table } from "./memory/table.ts";
import { DueKeys } from "./types/due_keys.ts";

/** Bytes inside a larger buffer. Those that the keyspace answers are reused: read them before the next call. */
export interface ByteView {
  buf: Uint8Array;
  off: number;
  len: number;
}

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

/** How reads and writes mark a key as used. */
export const AccessTracking = { none: 0, lru: 1, lfu: 2 } as const;
export type AccessTracking = typeof AccessTracking[keyof typeof AccessTracking];

/** What a keyspace is made with. */
export interface KeyspaceOptions {
  databases: number;
  random: () => number;
  hooks: KeyspaceHooks;
  /** A monotonic clock in ms, to keep the budgets of background work by; that of the process unless given. */
  clock?: () => number;
}

/** Spare room that a growing value is given: as much again, up to this many bytes. */
const LARGEST_SLACK = 1024 * 1024;
/** Digits and other short values are composed here. */
const SCRATCH_BYTES = 512;
const LFU_INITIAL = 5;
/** An LRU clock has 24 bits. */
const CLOCK_RANGE = 0x1000000;
/** Collections of up to so many elements are freed where they stand, larger ones in slices. */
const FREED_AT_ONCE = 64;
/** {@link BESIDE} as it stands in a record's first word. */
const BESIDE_FLAG = BESIDE << ENCODING_SHIFT;

const encoder = new TextEncoder();

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
  /** Whether expired keys are deleted when met; a replica only hides them. */
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
  readonly #hasher: Hasher;

  constructor(options: KeyspaceOptions) {
    this.arena = new Arena();
    this.random = options.random;
    this.hooks = options.hooks;
    this.#hasher = new Hasher(
      Math.floor(options.random() * 2 ** 32),
      Math.floor(options.random() * 2 ** 32),
    );
    this.collections = new Collections(this.arena, this.#hasher, options.random);
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
    return new Table(this.arena, this.#hasher, { keyAt: VALUED_KEY_AT, valued: true });
  }

  /** Bytes that the data takes: records and indexes, exactly. */
  get usedBytes(): number {
    let bytes = this.arena.usedBytes + this.collections.indexBytes;
    for (const db of this.databases) bytes += db.table.indexBytes;
    return bytes;
  }

  /** Exchanges the contents of two databases. O(1). */
  swap(a: number, b: number): void {
    const first = this.databases[a];
    const second = this.databases[b];
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

/** One numbered database. */
export class Database {
  /** Which records the keys lead to. SWAPDB exchanges tables, FLUSHDB replaces them. */
  table: Table;
  /**
   * The keys of the hashes that have fields that expire, each with a time before which none does; undefined before
   * there was one.
   */
  volatileHashes: DueKeys | undefined;
  /** Whether the last {@link store} made a key that did not exist. */
  created = false;
  /** The next lookups leave access clocks and statistics alone (CLIENT NO-TOUCH, OBJECT). */
  readonly keyspace: Keyspace;
  readonly id: number;
  readonly #arena: Arena;
  readonly #view: ByteView = { buf: new Uint8Array(0), off: 0, len: 0 };
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #tools = new Map<new (db: Database) => object, object>();
  /** The one asked for last. */
  #lastKind: (new (db: Database) => object) | undefined;
  #lastTool: object | undefined;

  constructor(keyspace: Keyspace, id: number) {
    this.keyspace = keyspace;
    this.id = id;
    this.#arena = keyspace.arena;
    this.table = keyspace.newTable();
  }

  /** The tool of a kind that works on this database's values, made when it is first asked for. */
  tool<T extends object>(kind: new (db: Database) => T): T {
    // Commands of a kind come in a row: asking the map costs ten times as much.
    if (kind === this.#lastKind) return this.#lastTool as T;
    let tool = this.#tools.get(kind);
    if (tool === undefined) this.#tools.set(kind, tool = new kind(this));
    this.#lastKind = kind;
    this.#lastTool = tool;
    return tool as T;
  }

  /** How many keys there are, those included whose time is over but that nobody has met yet. */
  get size(): number {
    return this.table.size;
  }

  // --- lookups -----------------------------------------------------------------------------------------------

  /**
   * The key in argument `i`, for reading: counts a hit or a miss and marks the key as used. 0 when there is none.
   *
   * @throws {ReplyError} WRONGTYPE when a type is given and the key holds another
   */
  read(args: Args, i: number, type?: Type): Ref {
    const ref = this.lookup(args.buf, args.off[i], args.len[i], true);
    if (ref === 0) {
      const keyspace = this.keyspace;
      keyspace.misses++;
      if (keyspace.hooks.missed !== undefined) keyspace.hooks.missed(this, args, i);
      return 0;
    }
    this.keyspace.hits++;
    if (type !== undefined && this.type(ref) !== type) throw wrongType();
    return ref;
  }

  /**
   * The key in argument `i`, for changing it: marks it as used, counts nothing. 0 when there is none.
   *
   * @throws {ReplyError} WRONGTYPE when a type is given and the key holds another
   */
  find(args: Args, i: number, type?: Type): Ref {
    const ref = this.lookup(args.buf, args.off[i], args.len[i], true);
    if (ref !== 0 && type !== undefined && this.type(ref) !== type) throw wrongType();
    return ref;
  }

  /** {@link read} without marking the key as used: for those who ask about a key, not for its value. */
  inspect(args: Args, i: number): Ref {
    const keyspace = this.keyspace;
    const ref = this.lookup(args.buf, args.off[i], args.len[i], false);
    if (ref !== 0) {
      keyspace.hits++;
    } else {
      keyspace.misses++;
      if (keyspace.hooks.missed !== undefined) keyspace.hooks.missed(this, args, i);
    }
    return ref;
  }

  /** The key in argument `i`, without a trace: no statistics, no access clock. */
  peek(args: Args, i: number): Ref {
    return this.lookup(args.buf, args.off[i], args.len[i], false);
  }

  /** {@link find} for a key that is no argument. */
  findKey(key: Uint8Array, type?: Type): Ref {
    const ref = this.lookup(key, 0, key.length, true);
    if (ref !== 0 && type !== undefined && this.type(ref) !== type) throw wrongType();
    return ref;
  }

  /** The record of a key given by its bytes, unless its time is over; `touch` marks it as used. */
  lookup(buf: Uint8Array, off: number, len: number, touch: boolean): Ref {
    const table = this.table;
    if (table.size === 0) return 0;
    const ref = table.find(buf, off, len, table.hash(buf, off, len));
    if (ref === 0) return 0;
    const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const head = words[word];
    if ((head & EXPIRY_FLAG) !== 0) {
      const at = words[word + 2] + words[word + 3] * 0x100000000;
      if (this.keyspace.now > at) {
        if (this.keyspace.deletesExpired) {
          this.expire(ref);
          return 0;
        }
        if (this.keyspace.hidesExpired) return 0;
      }
    }
    if (touch) {
      const keyspace = this.keyspace;
      if (keyspace.touching === AccessTracking.lru) {
        words[word] = (head & 0xff) | (keyspace.lruClock << CLOCK_SHIFT);
      } else if (keyspace.touching === AccessTracking.lfu) {
        words[word] = (head & 0xff) | (keyspace.usedClock(head >>> CLOCK_SHIFT) << CLOCK_SHIFT);
      }
    }
    return ref;
  }

  // --- what a record says ---------------------------------------------------------------------------------

  type(ref: Ref): Type {
    return (this.#head(ref) & TYPE_MASK) as Type;
  }

  encoding(ref: Ref): number {
    return (this.#head(ref) >>> ENCODING_SHIFT) & ENCODING_MASK;
  }

  /** The access clock as stored: LRU seconds or LFU minutes and counter. */
  clock(ref: Ref): number {
    return this.#head(ref) >>> CLOCK_SHIFT;
  }

  setClock(ref: Ref, clock: number): void {
    const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    words[word] = (words[word] & 0xff) | (clock << CLOCK_SHIFT);
  }

  setEncoding(ref: Ref, encoding: number): void {
    const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    words[word] = (words[word] & ~(ENCODING_MASK << ENCODING_SHIFT)) | (encoding << ENCODING_SHIFT);
  }

  /** When the key goes, Unix time in ms; {@link NO_EXPIRY} when it stays. */
  expiry(ref: Ref): number {
    const words = this.#arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    if ((words[word] & EXPIRY_FLAG) === 0) return NO_EXPIRY;
    return words[word + 2] + words[word + 3] * 0x100000000;
  }

  /** Whether the key's time is over. Lookups never answer such a key; walks and scans meet it. */
  isOver(ref: Ref): boolean {
    const expiry = this.expiry(ref);
    return expiry !== NO_EXPIRY && this.keyspace.now > expiry;
  }

  #head(ref: Ref): number {
    return this.#arena.u32[ref >>> CHUNK_SHIFT][(ref & OFFSET_MASK) << 1];
  }

  /** Where the value's bytes lie. The view is reused by the next call. */
  value(ref: Ref): ByteView {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.#arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const view = this.#view;
    view.buf = this.#arena.u8[chunk];
    view.off = (word << 2) + keyStart(words, word) + keyLength(words, word);
    view.len = valueLength(words, word);
    return view;
  }

  /** Where the key's bytes lie. The view is reused by the next call. */
  key(ref: Ref): ByteView {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.#arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const view = this.#view;
    view.buf = this.#arena.u8[chunk];
    view.off = (word << 2) + keyStart(words, word);
    view.len = keyLength(words, word);
    return view;
  }

  /** Whether the value lives beside the record, as a collection. */
  isBeside(ref: Ref): boolean {
    return (this.#head(ref) & BESIDE_FLAG) !== 0;
  }

  /** The collection that is the key's value; only where {@link isBeside}. */
  collection(ref: Ref): Collection {
    return this.keyspace.collections.get(this.#collectionNumber(ref));
  }

  /** The collection that is the key's value; undefined where the value is packed into the record. */
  collectionOf(ref: Ref): Collection | undefined {
    const chunk = ref >>> CHUNK_SHIFT;
    const words = this.#arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const head = words[word];
    if ((head & BESIDE_FLAG) === 0) return undefined;
    const at = (word << 2) + keyStart(words, word) + keyLength(words, word);
    return this.keyspace.collections.get(readNumber(this.#arena.u8[chunk], at));
  }

  #collectionNumber(ref: Ref): number {
    const { buf, off } = this.value(ref);
    return readNumber(buf, off);
  }

  /** The key's bytes, copied. */
  keyBytes(ref: Ref): Uint8Array {
    const { buf, off, len } = this.key(ref);
    return buf.slice(off, off + len);
  }

  /** The value's bytes, copied. */
  valueBytes(ref: Ref): Uint8Array {
    const { buf, off, len } = this.value(ref);
    return buf.slice(off, off + len);
  }

  /** Bytes of memory that the key and its value take, with what their index entry takes. */
  memoryUsage(ref: Ref): number {
    return this.#arena.usable(ref) + Math.ceil(this.table.indexBytes / Math.max(1, this.size));
  }

  // --- changes ------------------------------------------------------------------------------------------------

  /**
   * Stores a string under the key in argument `i`, replacing whatever was there.
   *
   * @param expiry Unix time in ms, {@link NO_EXPIRY} or {@link KEEP_EXPIRY}
   */
  setString(args: Args, i: number, value: string | Uint8Array, expiry = NO_EXPIRY): Ref {
    let bytes: Uint8Array;
    let length: number;
    if (typeof value !== "string") {
      bytes = value;
      length = value.length;
    } else if (value.length * 3 <= SCRATCH_BYTES) {
      bytes = this.#scratch;
      length = writeText(value, bytes);
    } else {
      bytes = encoder.encode(value);
      length = bytes.length;
    }
    return this.store(args.buf, args.off[i], args.len[i], 1, bytes, 0, length, expiry);
  }

  /** {@link setString} with the value taken from argument `v`: the hot path of SET. */
  setArg(args: Args, i: number, v: number, expiry: number): Ref {
    const { buf, off, len } = args;
    return this.store(buf, off[i], len[i], 1, buf, off[v], len[v], expiry);
  }

  /** {@link store} for a value given as bytes, under the key in argument `i`. */
  storeValue(args: Args, i: number, kind: number, value: Uint8Array, expiry = NO_EXPIRY): Ref {
    return this.store(args.buf, args.off[i], args.len[i], kind, value, 0, value.length, expiry);
  }

  /**
   * Stores a collection under the key in argument `i`, replacing whatever was there. `kind` is
   * `type | encoding << 3`, the encoding one from {@link BESIDE} on.
   */
  storeCollection(
    args: Args,
    i: number,
    kind: number,
    collection: Collection,
    expiry = NO_EXPIRY,
  ): Ref {
    return this.storeValue(args, i, kind, this.#numberBytes(collection), expiry);
  }

  /** Puts a collection in the place of the value of an existing key, whose expiry and clock stay. */
  becomeCollection(ref: Ref, encoding: number, collection: Collection): Ref {
    const bytes = this.#numberBytes(collection);
    const moved = this.resizeValue(ref, bytes.length);
    this.setEncoding(moved, encoding);
    const { buf, off } = this.value(moved);
    buf.set(bytes, off);
    return moved;
  }

  #numberBytes(collection: Collection): Uint8Array {
    const number = this.keyspace.collections.add(collection);
    return new Uint8Array([number, number >>> 8, number >>> 16, number >>> 24]);
  }

  /** Puts packed bytes in the place of a collection; the collection is let go. */
  becomePacked(ref: Ref, encoding: number, value: Uint8Array): Ref {
    this.#letCollectionGo(ref);
    this.setEncoding(ref, encoding);
    const moved = this.resizeValue(ref, value.length);
    const { buf, off } = this.value(moved);
    buf.set(value, off);
    return moved;
  }

  /** Gives a value's memory beside the record back, in slices where it is large. */
  #letCollectionGo(ref: Ref): void {
    if (!this.isBeside(ref)) return;
    const { collections, lazyFree } = this.keyspace;
    const collection = collections.remove(this.#collectionNumber(ref));
    if (collection.size > FREED_AT_ONCE) lazyFree.addCollection(collection);
    else while (collection.dismantle());
  }

  /** Notes that a field of the hash at `ref` expires at a time, perhaps before all others; Infinity: none does. */
  noteFieldTime(ref: Ref, time: number): void {
    const { buf, off, len } = this.key(ref);
    if (time === Infinity) {
      this.volatileHashes?.remove(buf, off, len);
    } else {
      this.volatileHashes ??= new DueKeys(this.keyspace.collections);
      this.volatileHashes.lower(buf, off, len, time);
    }
  }

  /** Gives the memory of a record and its value back; the caller has taken it out of the table. */
  freeRecord(ref: Ref): void {
    if (mayHaveFieldTimes(this.#head(ref))) this.noteFieldTime(ref, Infinity);
    this.releaseRecord(ref);
  }

  /** {@link freeRecord} for a record of a table that the database has given up. */
  releaseRecord(ref: Ref): void {
    this.#letCollectionGo(ref);
    this.#arena.free(ref);
  }

  /**
   * Stores a record: the key's bytes, type and encoding (`type | encoding << 3`), the value's bytes, the expiry (or
   * {@link KEEP_EXPIRY}). Replaces whatever the key held. The value's bytes may lie in the arena, but not in the
   * record that is replaced.
   */
  store(
    keyBuf: Uint8Array,
    keyOff: number,
    keyLen: number,
    kind: number,
    buf: Uint8Array,
    off: number,
    len: number,
    expiry: number,
  ): Ref {
    const table = this.table;
    const arena = this.#arena;
    const hash = table.hash(keyBuf, keyOff, keyLen);
    let old = table.find(keyBuf, keyOff, keyLen, hash);
    if (old !== 0 && expiry < 0 && this.#overwrite(old, kind, buf, off, len)) return old;
    let oldExpiry = NO_EXPIRY;
    if (old !== 0) {
      oldExpiry = this.expiry(old);
      if (this.keyspace.hidesExpired && this.isOver(old)) {
        oldExpiry = NO_EXPIRY;
        // Whoever watches sees the old key expire before the new one comes, as if it had been looked up.
        if (this.keyspace.deletesExpired) {
          this.expire(old);
          old = 0;
        }
      }
    }
    if (old !== 0) {
      if (mayHaveFieldTimes(this.#head(old))) this.noteFieldTime(old, Infinity);
      this.#letCollectionGo(old);
      if (expiry === KEEP_EXPIRY) expiry = oldExpiry;
      this.created = false;
    } else {
      if (expiry === KEEP_EXPIRY) expiry = NO_EXPIRY;
      this.created = true;
    }
    const long = areLong(keyLen, len);
    const keyAt = headBytes(expiry !== NO_EXPIRY, long);
    const size = keyAt + keyLen + len;
    const clock = old === 0 ? this.keyspace.freshClock() : this.keyspace.usedClock(this.clock(old));

    const ref = arena.alloc(size);
    const chunk = ref >>> CHUNK_SHIFT;
    const words = arena.u32[chunk];
    const bytes = arena.u8[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    let at = (word << 2) + keyAt;
    if (expiry === NO_EXPIRY) {
      words[word] = kind | (clock << CLOCK_SHIFT);
    } else {
      words[word] = kind | EXPIRY_FLAG | (clock << CLOCK_SHIFT);
      writeTime(words, word, expiry);
    }
    writeLengths(words, word, keyLen, len, long);
    copyBytes(keyBuf, keyOff, bytes, at, keyLen);
    at += keyLen;
    copyBytes(buf, off, bytes, at, len);
    if (old === 0) {
      table.insert(ref, hash);
      if (this.keyspace.hooks.created !== undefined) this.keyspace.hooks.created(this, ref);
    } else {
      const hadExpiry = (this.#head(old) & EXPIRY_FLAG) !== 0;
      arena.free(old);
      table.replace(old, ref, hash, hadExpiry);
    }
    if (mayHaveFieldTimes(kind)) this.noteFieldTime(ref, earliestFieldTime(this, ref));
    return ref;
  }

  /**
   * Writes a value over another one where it lies, if neither has an expiry or fields with one or lives beside its
   * record, and the block suits both; false, with nothing changed, else. Most writes to existing keys end here.
   */
  #overwrite(ref: Ref, kind: number, buf: Uint8Array, off: number, len: number): boolean {
    const arena = this.#arena;
    const chunk = ref >>> CHUNK_SHIFT;
    const words = arena.u32[chunk];
    const word = (ref & OFFSET_MASK) << 1;
    const head = words[word];
    if ((head & (EXPIRY_FLAG | BESIDE_FLAG)) !== 0) return false;
    if (mayHaveFieldTimes(head) || mayHaveFieldTimes(kind)) return false;
    const keyLen = keyLength(words, word);
    const long = isLong(words, word);
    if (areLong(keyLen, len) !== long) return false;
    const start = keyStart(words, word) + keyLen;
    // Blocks come in multiples of eight bytes: within one, there is no need to ask the arena.
    const sameBlock = (start + len + 7) >>> 3 === (start + valueLength(words, word) + 7) >>> 3;
    if (!sameBlock && !arena.suits(ref, start + len)) return false;
    words[word] = kind | (this.keyspace.usedClock(head >>> CLOCK_SHIFT) << CLOCK_SHIFT);
    writeLengths(words, word, keyLen, len, long);
    copyBytes(buf, off, arena.u8[chunk], (word << 2) + start, len);
    this.created = false;
    return true;
  }

  /**
   * Gives a value another length, keeping its bytes; what is new is zero. A growing value gets spare room, so that
   * growing by small steps costs O(1) each on average.
   *
   * @param spare how many bytes of spare room a growing value gets
   */
  resizeValue(ref: Ref, length: number, spare = Math.min(length, LARGEST_SLACK)): Ref {
    const arena = this.#arena;
    let words = arena.u32[ref >>> CHUNK_SHIFT];
    let word = (ref & OFFSET_MASK) << 1;
    const keyLen = keyLength(words, word);
    const before = valueLength(words, word);
    if (!isLong(words, word) && areLong(keyLen, length)) {
      ref = this.#lengthen(ref, length + spare);
      words = arena.u32[ref >>> CHUNK_SHIFT];
      word = (ref & OFFSET_MASK) << 1;
    }
    const long = isLong(words, word);
    const start = keyStart(words, word) + keyLen;
    let moved = ref;
    if (start + length > arena.usable(ref) || start + length < arena.usable(ref) >>> 1) {
      const slack = length > before ? spare : 0;
      moved = this.#move(ref, start + Math.min(before, length), start + length + slack);
    }
    const to = moved >>> CHUNK_SHIFT;
    const at = (moved & OFFSET_MASK) << 1;
    writeLengths(arena.u32[to], at, keyLen, length, long);
    if (length > before) {
      const from = (at << 2) + start;
      arena.u8[to].fill(0, from + before, from + length);
    }
    return moved;
  }

  /** Moves a record to a block that has words for its lengths and room for a value of so many bytes. */
  #lengthen(ref: Ref, room: number): Ref {
    const arena = this.#arena;
    const from = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const hash = this.table.hashOf(ref);
    const hasExpiry = (from[word] & EXPIRY_FLAG) !== 0;
    const keyLen = keyLength(from, word);
    const valueLen = valueLength(from, word);
    const start = keyStart(from, word);
    const longStart = headBytes(hasExpiry, true);
    const moved = arena.alloc(longStart + keyLen + room);
    const to = arena.u32[moved >>> CHUNK_SHIFT];
    const at = (moved & OFFSET_MASK) << 1;
    const source = arena.u8[ref >>> CHUNK_SHIFT];
    const target = arena.u8[moved >>> CHUNK_SHIFT];
    copyBytes(source, word << 2, target, at << 2, start);
    writeLengths(to, at, keyLen, valueLen, true);
    copyBytes(source, (word << 2) + start, target, (at << 2) + longStart, keyLen + valueLen);
    arena.free(ref);
    this.table.replace(ref, moved, hash, hasExpiry);
    return moved;
  }

  /** Moves a record to a block of another size, with its first `keep` bytes. */
  #move(ref: Ref, keep: number, size: number): Ref {
    const arena = this.#arena;
    const hash = this.table.hashOf(ref);
    const hadExpiry = (this.#head(ref) & EXPIRY_FLAG) !== 0;
    const moved = arena.alloc(size);
    copyBytes(
      arena.u8[ref >>> CHUNK_SHIFT],
      (ref & OFFSET_MASK) << 3,
      arena.u8[moved >>> CHUNK_SHIFT],
      (moved & OFFSET_MASK) << 3,
      keep,
    );
    arena.free(ref);
    this.table.replace(ref, moved, hash, hadExpiry);
    return moved;
  }

  /** Sets when the key goes (Unix time in ms), or {@link NO_EXPIRY} for never. */
  setExpiry(ref: Ref, expiry: number): Ref {
    const arena = this.#arena;
    const words = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const has = (words[word] & EXPIRY_FLAG) !== 0;
    if (!has && expiry === NO_EXPIRY) return ref;
    const hash = this.table.hashOf(ref);
    if (has && expiry !== NO_EXPIRY) {
      writeTime(words, word, expiry);
      this.table.noteExpiry(hash, expiry, true);
      return ref;
    }
    // What follows moves by the expiry's eight bytes: into another block, or within this one.
    const from = headBytes(has, false);
    const to = headBytes(!has, false);
    const body = keyStart(words, word) - from + keyLength(words, word) + valueLength(words, word);
    const inPlace = arena.suits(ref, to + body);
    const target = inPlace ? ref : arena.alloc(to + body);
    const bytes = arena.u8[target >>> CHUNK_SHIFT];
    const base = (target & OFFSET_MASK) << 3;
    if (inPlace) {
      bytes.copyWithin(base + to, base + from, base + from + body);
    } else {
      const source = arena.u8[ref >>> CHUNK_SHIFT];
      const start = (ref & OFFSET_MASK) << 3;
      copyBytes(source, start, bytes, base, VALUED_KEY_AT);
      copyBytes(source, start + from, bytes, base + to, body);
      arena.free(ref);
    }
    const head = arena.u32[target >>> CHUNK_SHIFT];
    const at = (target & OFFSET_MASK) << 1;
    if (has) {
      head[at] &= ~EXPIRY_FLAG;
    } else {
      head[at] |= EXPIRY_FLAG;
      writeTime(head, at, expiry);
    }
    this.table.replace(ref, target, hash, has);
    return target;
  }

  /**
   * Copies a key's value and expiry to the key in argument `i` of the target database, in place of what that key held.
   * The one place where a value is duplicated. O(value).
   */
  copyTo(ref: Ref, target: Database, args: Args, i: number): Ref {
    const kind = this.#head(ref) & (TYPE_MASK | (ENCODING_MASK << ENCODING_SHIFT));
    const expiry = this.expiry(ref);
    if (this.isBeside(ref)) {
      return target.storeCollection(args, i, kind, this.collection(ref).clone(), expiry);
    }
    const { buf, off, len } = this.value(ref);
    return target.store(args.buf, args.off[i], args.len[i], kind, buf, off, len, expiry);
  }

  /**
   * Takes a key's value and expiry away from it and gives them to the key in argument `i` of the target database,
   * which must not exist there. The one place where a value changes hands. O(1) when both keys have the same length,
   * else the value's bytes move by the difference.
   */
  moveTo(ref: Ref, target: Database, args: Args, i: number): Ref {
    const arena = this.#arena;
    const hasFieldTimes = mayHaveFieldTimes(this.#head(ref));
    if (hasFieldTimes) this.noteFieldTime(ref, Infinity);
    this.table.remove(ref, this.table.hashOf(ref));
    const words = arena.u32[ref >>> CHUNK_SHIFT];
    const word = (ref & OFFSET_MASK) << 1;
    const wasLong = isLong(words, word);
    const keyLen = args.len[i];
    const valueLen = valueLength(words, word);
    const long = wasLong || areLong(keyLen, valueLen);
    const keyAt = headBytes((words[word] & EXPIRY_FLAG) !== 0, long);
    const from = (word << 2) + keyStart(words, word) + keyLength(words, word);
    const bytes = arena.u8[ref >>> CHUNK_SHIFT];

    let moved = ref;
    if (keyLen !== keyLength(words, word)) {
      const size = keyAt + keyLen + valueLen;
      if (long === wasLong && arena.suits(ref, size)) {
        bytes.copyWithin((word << 2) + keyAt + keyLen, from, from + valueLen);
      } else {
        moved = arena.alloc(size);
        const to = arena.u8[moved >>> CHUNK_SHIFT];
        const base = (moved & OFFSET_MASK) << 3;
        copyBytes(bytes, word << 2, to, base, keyStart(words, word));
        copyBytes(bytes, from, to, base + keyAt + keyLen, valueLen);
        arena.free(ref);
      }
    }
    const chunk = moved >>> CHUNK_SHIFT;
    const head = arena.u32[chunk];
    const at = (moved & OFFSET_MASK) << 1;
    head[at] = (head[at] & 0xff) | (this.keyspace.freshClock() << CLOCK_SHIFT);
    writeLengths(head, at, keyLen, valueLen, long);
    copyBytes(args.buf, args.off[i], arena.u8[chunk], (at << 2) + keyAt, keyLen);
    target.table.insert(moved, target.table.hash(args.buf, args.off[i], keyLen));
    if (hasFieldTimes) target.noteFieldTime(moved, earliestFieldTime(target, moved));
    if (this.keyspace.hooks.created !== undefined) this.keyspace.hooks.created(target, moved);
    return moved;
  }

  /**
   * Removes the key in argument `i`; answers whether there was one. A key whose time is over expires instead, except
   * where only the primary may say so: there the record goes, as the primary's DEL wants it.
   */
  delete(args: Args, i: number): boolean {
    const table = this.table;
    if (table.size === 0) return false;
    const { buf, off, len } = args;
    const hash = table.hash(buf, off[i], len[i]);
    const ref = table.find(buf, off[i], len[i], hash);
    if (ref === 0) return false;
    if (this.keyspace.deletesExpired && this.isOver(ref)) {
      this.expire(ref);
      return false;
    }
    table.remove(ref, hash);
    this.freeRecord(ref);
    return true;
  }

  deleteRef(ref: Ref): void {
    this.table.remove(ref, this.table.hashOf(ref));
    this.freeRecord(ref);
  }

  /** Removes a key whose time is over. */
  expire(ref: Ref): void {
    this.keyspace.expiredKeys++;
    this.keyspace.hooks.expired(this, ref);
    this.deleteRef(ref);
  }

  /** Removes a key to make room. */
  evict(ref: Ref): void {
    this.keyspace.evictedKeys++;
    this.keyspace.hooks.evicted(this, ref);
    this.deleteRef(ref);
  }

  /** Copies a record elsewhere and frees the old block; the caller sees to it that the table follows. */
  copyRecord(ref: Ref): Ref {
    const arena = this.#arena;
    const size = arena.usable(ref);
    const copy = arena.alloc(size);
    copyBytes(
      arena.u8[ref >>> CHUNK_SHIFT],
      (ref & OFFSET_MASK) << 3,
      arena.u8[copy >>> CHUNK_SHIFT],
      (copy & OFFSET_MASK) << 3,
      size,
    );
    arena.free(ref);
    return copy;
  }
}

/** Writes the expiry of the record at a word, Unix time in ms. */
function writeTime(words: Uint32Array, word: number, expiry: number): void {
  words[word + 2] = expiry % 0x100000000;
  words[word + 3] = Math.floor(expiry / 0x100000000);
}

/** A collection's number, as a record holds it. */
function readNumber(buf: Uint8Array, off: number): number {
  return (buf[off] | (buf[off + 1] << 8) | (buf[off + 2] << 16) | (buf[off + 3] << 24)) >>> 0;
}

function writeText(text: string, to: Uint8Array): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 128) return encoder.encodeInto(text, to).written;
    to[i] = c;
  }
  return text.length;
}
