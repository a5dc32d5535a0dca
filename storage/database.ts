/**
 * One database: keys, their values and expiries.
 *
 * A key and its value are one record (./records.ts, ./entry.ts), found through a table. Every lookup first drops a key
 * whose time is over, so nobody ever sees one.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import type { Collection } from "./collections.ts";
import {
  AccessTracking,
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
import type { Keyspace } from "./keyspace.ts";
import { WINDOW } from "./memory/look_ahead.ts";
import { CHUNK_SHIFT, copyBytes, OFFSET_MASK, type Ref } from "./memory/arena.ts";
import {
  areLong,
  headBytes,
  isLong,
  keyLength,
  keyStart,
  VALUED_KEY_AT,
  valueLength,
  writeExpiry,
  writeLengths,
} from "./memory/record.ts";
import { BESIDE_FLAG, Records } from "./records.ts";
import { DueKeys } from "./types/due_keys.ts";

/** Digits and other short values are composed here. */
const SCRATCH_BYTES = 512;
/** Collections of up to so many elements are freed where they stand, larger ones in slices. */
const FREED_AT_ONCE = 64;

const encoder = new TextEncoder();

/** One numbered database. */
export class Database extends Records {
  /**
   * The keys of the hashes that have fields that expire, each with a time before which none does; undefined before
   * there was one.
   */
  volatileHashes: DueKeys | undefined;
  /** Whether the last {@link store} made a key that did not exist. */
  created = false;
  readonly id: number;
  readonly #scratch = new Uint8Array(SCRATCH_BYTES);
  readonly #tools = new Map<new (db: Database) => object, object>();
  /** The one asked for last. */
  #lastKind: (new (db: Database) => object) | undefined;
  #lastTool: object | undefined;

  constructor(keyspace: Keyspace, id: number) {
    super(keyspace);
    this.id = id;
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

  // --- lookups -----------------------------------------------------------------------------------------------

  /**
   * Looks ahead for a command whose keys are the arguments from 1 on, or every `step`th: to be called with each of them
   * before it is looked up, and {@link closeWindow} in the end.
   */
  lookAhead(args: Args, i: number, step: number): void {
    if ((i - 1) % (WINDOW * step) !== 0) return;
    const { manyKeys } = this.keyspace;
    let count = 0;
    for (; count < WINDOW && i < args.count; count++, i += step) {
      manyKeys.off[count] = args.off[i];
      manyKeys.len[count] = args.len[i];
    }
    manyKeys.open(args.buf, count, this.table);
  }

  closeWindow(): void {
    this.keyspace.manyKeys.close();
  }

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
    const words = this.arena.u32[ref >>> CHUNK_SHIFT];
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
    const collection = collections.remove(this.collectionNumber(ref));
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
    if (mayHaveFieldTimes(this.head(ref))) this.noteFieldTime(ref, Infinity);
    this.releaseRecord(ref);
  }

  /** {@link freeRecord} for a record of a table that the database has given up. */
  releaseRecord(ref: Ref): void {
    this.#letCollectionGo(ref);
    this.arena.free(ref);
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
    const arena = this.arena;
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
      if (mayHaveFieldTimes(this.head(old))) this.noteFieldTime(old, Infinity);
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
      writeExpiry(arena, ref, VALUED_KEY_AT, expiry);
    }
    writeLengths(words, word, keyLen, len, long);
    copyBytes(keyBuf, keyOff, bytes, at, keyLen);
    at += keyLen;
    copyBytes(buf, off, bytes, at, len);
    if (old === 0) {
      table.insert(ref, hash);
      if (this.keyspace.hooks.created !== undefined) this.keyspace.hooks.created(this, ref);
    } else {
      const hadExpiry = (this.head(old) & EXPIRY_FLAG) !== 0;
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
    const arena = this.arena;
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
   * Copies a key's value and expiry to the key in argument `i` of the target database, in place of what that key held.
   * The one place where a value is duplicated. O(value).
   */
  copyTo(ref: Ref, target: Database, args: Args, i: number): Ref {
    const kind = this.head(ref) & (TYPE_MASK | (ENCODING_MASK << ENCODING_SHIFT));
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
    const arena = this.arena;
    const hasFieldTimes = mayHaveFieldTimes(this.head(ref));
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
}

function writeText(text: string, to: Uint8Array): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 128) return encoder.encodeInto(text, to).written;
    to[i] = c;
  }
  return text.length;
}
