/**
 * Loads RDB into a keyspace while its bytes come: what ../snapshot.ts writes, and the files of Redis (versions 1 to 12).
 *
 * What lies in memory beside the data is one chunk, or one value where that is larger. Records are read one after the
 * other, in slices that let others work; one whose bytes are not all there yet is looked at again when they are
 * (./skim.ts), so reading never waits in the middle of one, nor for a byte beyond the end.
 *
 * @module
 */

import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { NO_EXPIRY, StringEncoding, Type } from "../entry.ts";
import { AccessTracking, type Database, type Keyspace } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { Crc64 } from "./crc64.ts";
import {
  CorruptRdb,
  EmptyCollection,
  NEWEST_VERSION,
  RdbOpcode,
  RdbType,
  ShortRdb,
} from "./format.ts";
import {
  kindOf,
  type LoadedValue,
  type LoadOptions,
  type PackingLimits,
  release,
  storeLoaded,
} from "./loaded.ts";
import { RdbReader } from "./reader.ts";
import { skim } from "./skim.ts";
import { loadValue } from "./value.ts";

/** Others may work after so many bytes: about a millisecond's work, unless a value is larger. */
const SLICE_BYTES = 64 * 1024;
const HEAD_BYTES = "REDIS0010".length;
const CHECKSUM_BYTES = 8;
/** The first version that ends with a checksum. */
const CHECKSUM_VERSION = 5;
/** Codes from there on are no types. */
const LEAST_OPCODE = 240;
/** The latest time that 64 bits and a number can both hold, ms. */
const LATEST_EXPIRY = 2 ** 63 - 1024;
const PLAIN_STRING = kindOf(Type.string, StringEncoding.plain);

/** How a snapshot is loaded. */
export interface LoadSnapshotOptions {
  /** Up to what size collections are packed. */
  readonly limits: PackingLimits;
  /** Unix time in ms. */
  readonly now: number;
  /** Whether keys whose time is over are loaded all the same: at a replica, whose primary deletes them. */
  readonly keepsExpired: boolean;
  /** Whether the checksum is looked at, if there is one. */
  readonly verifiesChecksum: boolean;
  /** Where the keys go, by number; into the keyspace's own databases unless given. */
  readonly databases?: readonly Database[];
  /** Whether a key that is there already is replaced. Otherwise it ends the load. */
  readonly replacesKeys?: boolean;
  /** Lets others work. */
  pause(): Promise<void>;
  /** Is called after each key; the load waits for what it answers. */
  afterKey?(): Promise<void> | undefined;
  /** Is told of each key that is left out because its time is over; the bytes are good during the call. */
  expired?(database: number, key: Uint8Array): void;
  /** Takes the source of a library of functions. What it throws ends the load. */
  functions(source: Uint8Array): void;
  /** Is told of the fields about the whole, such as `repl-id`. */
  field?(name: string, value: string): void;
  /** Is told how many bytes have been read so far. */
  progress?(bytes: number): void;
}

/** What has been loaded. */
export interface LoadedSnapshot {
  /** The version of the format. */
  readonly version: number;
  /** How many keys there are now that were not there before. */
  readonly keys: number;
  /** Keys that were left out as their time is over, and as they had no elements. */
  readonly expiredKeys: number;
  readonly emptyKeys: number;
  /** Whether there was a checksum: writers may leave it out. */
  readonly hasChecksum: boolean;
  /** Bytes from the signature to the checksum. */
  readonly bytes: number;
  /** Bytes behind the checksum that had come with the last chunk. */
  readonly leftover: Uint8Array;
}

/** Why a snapshot cannot be loaded. */
export type SnapshotFault =
  /** It ends too early. */
  | "end"
  /** It is no RDB. */
  | "signature"
  /** Of a version that is not understood. */
  | "version"
  | "checksum"
  | "corrupt"
  /** Something that only modules, or a release candidate, could have written. */
  | "unsupported"
  /** A database's number is too high. */
  | "database"
  | "duplicate";

/** A snapshot cannot be loaded; the keys before the fault have been. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
  readonly fault: SnapshotFault;
  /** Where in the snapshot, bytes. */
  readonly offset: number;

  constructor(fault: SnapshotFault, offset: number, message: string) {
    super(`${message} (at byte ${offset})`);
    this.fault = fault;
    this.offset = offset;
  }
}

/**
 * Loads a snapshot; databases are not emptied before. Takes chunks until the checksum has come and no further: of the
 * iterator of `chunks`, which is left open, whoever has given it (a generator) can take what follows
 * {@link LoadedSnapshot.leftover}. A chunk must stay as it is until the next one has come.
 *
 * @throws {SnapshotError}
 */
export function loadSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  keyspace: Keyspace,
  options: LoadSnapshotOptions,
): Promise<LoadedSnapshot> {
  return new SnapshotReader(chunks[Symbol.asyncIterator](), keyspace, options).load();
}

/** What has come of a snapshot and is not done with. */
class Window {
  readonly reader = new RdbReader(new Uint8Array(0), 0, 0, true);
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #checksum: Crc64 | undefined;
  #buf: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** Whether the bytes are this window's own, so that more can be written behind them. */
  #isOwn = false;
  /** All before this is done with: it is in the checksum, and never looked at again. */
  #start = 0;
  /** How many bytes have been done with. */
  #done = 0;

  constructor(chunks: AsyncIterator<Uint8Array>, verifies: boolean) {
    this.#chunks = chunks;
    this.#checksum = verifies ? new Crc64() : undefined;
  }

  /** Where the reader stands in the snapshot, bytes. */
  get offset(): number {
    return this.#done + this.reader.at - this.#start;
  }

  /** Says that what the reader has read is done with. */
  settle(): void {
    const { at } = this.reader;
    this.#checksum?.update(this.#buf, this.#start, at - this.#start);
    this.#done += at - this.#start;
    this.#start = at;
  }

  /** Lets the reader go back to where the last one that is done with ends. */
  goBack(): void {
    this.reader.at = this.#start;
  }

  /** Waits for more bytes; false at the end of all. The reader stays where it is in the snapshot. */
  async more(): Promise<boolean> {
    const { done, value: chunk } = await this.#chunks.next();
    if (done) return false;
    const ahead = this.reader.at - this.#start;
    const kept = this.#end - this.#start;
    if (kept === 0) {
      this.#buf = chunk;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = chunk.length;
    } else {
      if (!this.#isOwn || this.#end + chunk.length > this.#buf.length) this.#makeRoom(chunk.length);
      this.#buf.set(chunk, this.#end);
      this.#end += chunk.length;
    }
    this.reader.attach(this.#buf, this.#start + ahead, this.#end);
    return true;
  }

  /** Makes room for so many bytes behind those that are not done with, which come to the front. */
  #makeRoom(bytes: number): void {
    const kept = this.#buf.subarray(this.#start, this.#end);
    const needed = kept.length + bytes;
    // What a large value has left behind is not kept for small ones.
    const suits = this.#isOwn && needed <= this.#buf.length && this.#buf.length < needed * 8;
    if (!suits) this.#buf = new Uint8Array(needed * 2);
    this.#buf.set(kept);
    this.#isOwn = true;
    this.#start = 0;
    this.#end = kept.length;
  }

  /** The checksum of what is done with; undefined if it is not to be looked at. */
  get checksum(): bigint | undefined {
    return this.#checksum?.value;
  }

  /** What lies behind the reader, copied. */
  get leftover(): Uint8Array {
    return this.#buf.slice(this.reader.at, this.#end);
  }
}

/** Loads one snapshot. */
class SnapshotReader {
  readonly #keyspace: Keyspace;
  readonly #options: LoadSnapshotOptions;
  readonly #window: Window;
  readonly #reader: RdbReader;
  /** The key at hand. */
  readonly #key = Args.of("");
  readonly #databases: readonly Database[];
  #db: Database;
  // What is known of the key that comes next.
  #expiry = NO_EXPIRY;
  #idle: number | undefined;
  #frequency: number | undefined;
  #isAtEnd = false;
  #keys = 0;
  #expiredKeys = 0;
  #emptyKeys = 0;

  constructor(
    chunks: AsyncIterator<Uint8Array>,
    keyspace: Keyspace,
    options: LoadSnapshotOptions,
  ) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.#window = new Window(chunks, options.verifiesChecksum);
    this.#reader = this.#window.reader;
    this.#databases = options.databases ?? keyspace.databases;
    this.#db = this.#databases[0];
  }

  async load(): Promise<LoadedSnapshot> {
    try {
      return await this.#loadAll();
    } catch (error) {
      if (!(error instanceof CorruptRdb)) throw error;
      throw this.#fault("corrupt", error.message);
    }
  }

  async #loadAll(): Promise<LoadedSnapshot> {
    const window = this.#window;
    const version = await this.#readHead();
    let rested = 0;
    while (!this.#isAtEnd) {
      const halt = this.#readSlice();
      window.settle();
      if (halt === "short") await this.#complete();
      else if (halt !== "slice") await halt;
      if (window.offset - rested < SLICE_BYTES) continue;
      rested = window.offset;
      this.#options.progress?.(rested);
      await this.#options.pause();
    }
    const hasChecksum = version >= CHECKSUM_VERSION && await this.#readChecksum();
    this.#options.progress?.(window.offset);
    return {
      version,
      keys: this.#keys,
      expiredKeys: this.#expiredKeys,
      emptyKeys: this.#emptyKeys,
      hasChecksum,
      bytes: window.offset,
      leftover: window.leftover,
    };
  }

  #fault(fault: SnapshotFault, message: string): SnapshotError {
    return new SnapshotError(fault, this.#window.offset, message);
  }

  /** Waits for bytes, which there must be. */
  async #more(): Promise<void> {
    if (await this.#window.more()) return;
    throw this.#fault("end", "The data ends too early");
  }

  /** Reads the signature and answers the version. */
  async #readHead(): Promise<number> {
    while (this.#reader.left < HEAD_BYTES) await this.#more();
    const { buf, off, len } = this.#reader.raw(HEAD_BYTES);
    const head = decodeLatin1(buf.subarray(off, off + len));
    if (!head.startsWith("REDIS")) throw this.#fault("signature", "The data is no RDB");
    const version = Number.parseInt(head.slice("REDIS".length), 10);
    if (!(version >= 1 && version <= NEWEST_VERSION)) {
      throw this.#fault("version", `RDB version ${head.slice("REDIS".length)} is unknown`);
    }
    return version;
  }

  /** Reads the checksum; false when there is none. */
  async #readChecksum(): Promise<boolean> {
    const expected = this.#window.checksum;
    while (this.#reader.left < CHECKSUM_BYTES) await this.#more();
    const checksum = BigInt.asUintN(64, this.#reader.int64());
    if (checksum === 0n) return false;
    if (expected !== undefined && checksum !== expected) {
      throw this.#fault(
        "checksum",
        `RDB CRC error: the checksum is ${expected.toString(16)}, not ${
          checksum.toString(16)
        } as it should be`,
      );
    }
    return true;
  }

  /**
   * Reads records until there has been enough of it, or bytes of the next one are missing, or a key is to be waited
   * after.
   */
  #readSlice(): "short" | "slice" | Promise<void> {
    const reader = this.#reader;
    const { afterKey } = this.#options;
    const end = reader.at + SLICE_BYTES;
    while (reader.at < end && !this.#isAtEnd) {
      const start = reader.at;
      const keys = this.#keys;
      try {
        this.#readRecord();
      } catch (error) {
        if (!(error instanceof ShortRdb)) throw error;
        reader.at = start;
        return "short";
      }
      const wait = keys === this.#keys ? undefined : afterKey?.();
      if (wait !== undefined) return wait;
    }
    return "slice";
  }

  /** Waits for all of the record that the reader stands in front of, or for some more, where it is none of a key. */
  async #complete(): Promise<void> {
    const reader = this.#reader;
    const { left } = reader;
    const type = left > 0 ? reader.byte() : RdbOpcode.end;
    if (type >= LEAST_OPCODE) {
      reader.at -= left - reader.left;
      await this.#more();
      return;
    }
    for (const _ of skim(reader, type)) await this.#more();
    this.#window.goBack();
  }

  /** Reads one record, which changes nothing before all of it has been read. */
  #readRecord(): void {
    const reader = this.#reader;
    const code = reader.byte();
    switch (code) {
      case RdbOpcode.end:
        this.#isAtEnd = true;
        break;
      case RdbOpcode.database:
        this.#select(reader.count());
        break;
      case RdbOpcode.sizes:
        reader.bigCount();
        reader.bigCount();
        break;
      case RdbOpcode.slot:
        reader.bigCount();
        reader.bigCount();
        reader.bigCount();
        break;
      case RdbOpcode.expirySeconds:
        this.#expiry = expiryOf(reader.int32() * 1000);
        break;
      case RdbOpcode.expiryMillis:
        this.#expiry = expiryOf(Number(reader.int64()));
        break;
      case RdbOpcode.idle:
        this.#idle = reader.count();
        break;
      case RdbOpcode.frequency:
        this.#frequency = reader.byte();
        break;
      case RdbOpcode.aux: {
        const name = decodeLatin1(reader.bytes());
        const value = decodeLatin1(reader.bytes());
        this.#options.field?.(name, value);
        break;
      }
      case RdbOpcode.function2:
        this.#options.functions(reader.bytes());
        break;
      case RdbOpcode.functionPrerelease:
        throw this.#fault("unsupported", "Functions of a release candidate cannot be loaded");
      case RdbOpcode.moduleAux:
      case RdbType.modulePrerelease:
      case RdbType.module:
        this.#refuseModule(code);
        break;
      default:
        this.#readKey(code);
    }
  }

  #refuseModule(code: number): never {
    if (code !== RdbOpcode.moduleAux) this.#reader.skipString();
    const name = moduleName(this.#reader.bigCount());
    throw this.#fault("unsupported", `Data of the module type ${name} cannot be loaded`);
  }

  #select(number: number): void {
    const databases = this.#databases;
    if (number >= databases.length) {
      throw this.#fault(
        "database",
        `There is data of database ${number}, and only ${databases.length} databases`,
      );
    }
    this.#db = databases[number];
  }

  /** Reads a key and its value and stores them. */
  #readKey(type: number): void {
    const reader = this.#reader;
    const db = this.#db;
    const { now, keepsExpired, limits, replacesKeys = false } = this.#options;
    const { buf, off, len } = reader.string();
    const expiry = this.#expiry;
    const isOver = expiry !== NO_EXPIRY && expiry < now && !keepsExpired;

    let ref: Ref;
    if (type === RdbType.string) {
      const value = reader.string();
      ref = isOver ? 0 : db.store(
        buf,
        off,
        len,
        PLAIN_STRING,
        value.buf,
        value.off,
        value.len,
        expiry,
      );
    } else {
      const heap = this.#keyspace.collections;
      const loaded = loadUnlessEmpty(reader, type, { heap, limits, now });
      if (loaded === undefined) {
        this.#emptyKeys++;
        this.#forgetFacts();
        return;
      }
      if (isOver) release(this.#keyspace, loaded);
      ref = isOver ? 0 : storeLoaded(db, this.#keyAt(buf, off, len), 0, { ...loaded, expiry });
    }
    if (isOver) {
      this.#expiredKeys++;
      this.#options.expired?.(db.id, buf.subarray(off, off + len));
      this.#forgetFacts();
      return;
    }
    if (!db.created && !replacesKeys) {
      const name = decodeLatin1(buf.subarray(off, off + len));
      throw this.#fault("duplicate", `There are two keys ${name} in database ${db.id}`);
    }
    if (db.created) this.#keys++;
    this.#setClock(ref);
    this.#forgetFacts();
  }

  #keyAt(buf: Uint8Array, off: number, len: number): Args {
    const key = this.#key;
    key.buf = buf;
    key.off[0] = off;
    key.len[0] = len;
    return key;
  }

  #setClock(ref: Ref): void {
    const keyspace = this.#keyspace;
    if (keyspace.tracking === AccessTracking.lfu) {
      if (this.#frequency === undefined) return;
      this.#db.setClock(ref, keyspace.clockOfFrequency(this.#frequency));
    } else if (this.#idle !== undefined) {
      this.#db.setClock(ref, keyspace.clockOfIdle(this.#idle));
    }
  }

  #forgetFacts(): void {
    this.#expiry = NO_EXPIRY;
    this.#idle = undefined;
    this.#frequency = undefined;
  }
}

/** A value; undefined when it has no elements, which Redis once wrote by mistake. */
function loadUnlessEmpty(
  reader: RdbReader,
  type: number,
  options: LoadOptions,
): LoadedValue | undefined {
  try {
    return loadValue(reader, type, options);
  } catch (error) {
    if (error instanceof EmptyCollection) return undefined;
    throw error;
  }
}

/** An expiry as the keyspace can hold it; -1 is none. */
function expiryOf(time: number): number {
  return time === -1 ? NO_EXPIRY : Math.min(Math.max(time, 0), LATEST_EXPIRY);
}

/** The name that a module's number stands for: nine letters of six bits each, then the version of its encoding. */
function moduleName(id: bigint): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  let name = "";
  for (let shift = 58n; shift >= 10n; shift -= 6n) name += alphabet[Number((id >> shift) & 63n)];
  return name;
}
