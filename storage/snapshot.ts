/**
 * Snapshots: all data as it is at one moment, as a stream of bytes, while commands go on. As RDB:
 *
 *     "REDIS" four digits of the version | fields: 250, name, value
 *     libraries of functions: 245, source
 *     databases: 254, number | 251, keys, keys with an expiry | keys: (252, Unix time in ms)? (248, idle | 249, use)? type, key, value
 *     255 | checksum of all before
 *
 * Whoever reads the stream walks the tables, in the order of the hashes, a piece at a time. A record that is about to
 * change, come or go before the walk has reached it is written first, and its hash remembered, so that the walk leaves
 * it out ({@link TableCut}). Tables say so themselves, as they are asked for every record before it changes; SWAPDB
 * only gives them to other databases, and flushed ones are kept until they are written.
 *
 * No copy of the data is made: what is written and not yet read is one piece, and what has changed meanwhile.
 *
 * @module
 */

import { NO_EXPIRY } from "./entry.ts";
import type { Database, Keyspace } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import type { Table, TableCut } from "./memory/table.ts";
import { Crc64 } from "./rdb/crc64.ts";
import { COMMON_VERSION, RdbOpcode } from "./rdb/format.ts";
import { saveValue, valueType } from "./rdb/value.ts";
import { RdbWriter } from "./rdb/writer.ts";

/** The stream comes in pieces of about so many bytes: less than a millisecond's work, unless a value is larger. */
const CHUNK_BYTES = 64 * 1024;
/** So many records are written between two looks at how much that was. */
const RECORDS_PER_STEP = 16;
const CHECKSUM_BYTES = 8;

/** What goes into a snapshot beside the keys, and how they are written. */
export interface SnapshotOptions {
  /** What is told of the data, by name. */
  readonly fields: readonly (readonly [name: string, value: string | number])[];
  /** The sources of the libraries of functions. */
  readonly functions: Iterable<Uint8Array>;
  /** Whether the keys are written at all. */
  readonly includesKeys: boolean;
  /** What is told of each key's last use: seconds, or the LFU counter. */
  readonly use: "idle" | "frequency" | "none";
  /** Whether strings are compressed where that helps. */
  readonly compress: boolean;
  /** The version of the format; that of Redis 7.0 unless given, which has no times of single fields. */
  readonly version?: number;
  /** Whether it ends with a checksum, or (false) with zeros in its place. Default true. */
  readonly checksum?: boolean;
}

/** A snapshot as a stream. */
export interface SnapshotStreamOptions extends SnapshotOptions {
  /** Lets others work between two pieces, however fast the stream is read. */
  readonly pause: () => Promise<void>;
}

/** How a snapshot is written: what comes is to be kept until it is taken. */
export interface SnapshotFormat {
  /** Bytes that can be taken. */
  readonly length: number;
  take(): Uint8Array;
  /** Writes what comes before all databases. */
  begin(): void;
  /** The keys that follow belong to this database … */
  select(database: number): void;
  /** … which has so many; each database is announced before the first key. */
  sizes(keys: number, volatileKeys: number): void;
  /** Writes a record of a table that was this database's at the snapshot's moment. */
  key(db: Database, ref: Ref): void;
  /** What there is, and the end of the snapshot. */
  end(): Uint8Array;
}

/**
 * All data as it is now, in RDB. Must be read to its end or cancelled; a database that is flushed meanwhile keeps its
 * memory.
 */
export function snapshot(
  keyspace: Keyspace,
  options: SnapshotStreamOptions,
): ReadableStream<Uint8Array> {
  return snapshotIn(new RdbFormat(options), keyspace, options);
}

/** The same in any format. */
export function snapshotIn(
  format: SnapshotFormat,
  keyspace: Keyspace,
  options: Pick<SnapshotStreamOptions, "includesKeys" | "pause">,
): ReadableStream<Uint8Array> {
  const writer = new SnapshotWriter(keyspace, format, options);
  return new ReadableStream({
    async pull(controller) {
      try {
        const chunk = writer.next();
        if (chunk === undefined) return controller.close();
        controller.enqueue(chunk);
      } catch (error) {
        writer.end();
        throw error;
      }
      await options.pause();
    },
    cancel() {
      writer.end();
    },
  }, { highWaterMark: 0 });
}

/**
 * Writes one snapshot: all data as it is when this is made. Must be read to its end, or be ended; a database that is
 * flushed meanwhile keeps its memory.
 */
export class SnapshotWriter {
  /** How many keys have been written. */
  keys = 0;
  /** Whether each key comes in a piece of its own. */
  readonly #oneByOne: boolean;
  readonly #keyspace: Keyspace;
  readonly #format: SnapshotFormat;
  /** What is still to be walked. */
  #cuts: DatabaseCut[] = [];
  /** The database that the next record is taken to belong to. */
  #database = -1;
  #isComplete = false;

  constructor(
    keyspace: Keyspace,
    format: SnapshotFormat,
    { includesKeys = true, oneByOne = false },
  ) {
    this.#keyspace = keyspace;
    this.#oneByOne = oneByOne;
    this.#format = format;
    format.begin();
    keyspace.snapshots++;
    if (!includesKeys) return;
    for (const db of keyspace.databases) {
      if (db.size > 0) this.#cuts.push(new DatabaseCut(db, (ref) => this.#writeKey(db, ref)));
    }
    for (const { db: { id, table } } of this.#cuts) {
      this.#select(id);
      format.sizes(table.size, table.volatileCount);
    }
  }

  /** The next piece; undefined at the end. */
  next(): Uint8Array | undefined {
    if (this.#isComplete) return undefined;
    const format = this.#format;
    const records = this.#oneByOne ? 1 : RECORDS_PER_STEP;
    const before = this.keys;
    while (format.length < CHUNK_BYTES && this.#cuts.length > 0) {
      if (!this.#cuts[0].step(records)) this.#cuts.shift();
      if (this.#oneByOne && this.keys > before) break;
    }
    if (this.#cuts.length > 0) return format.take();
    const last = format.end();
    this.end();
    return last;
  }

  /** Lets go of all tables: there will be nothing more. */
  end(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    for (const cut of this.#cuts) cut.end();
    this.#cuts = [];
    this.#keyspace.snapshots--;
  }

  /** Records that change are written while another database is walked. */
  #select(database: number): void {
    if (database === this.#database) return;
    this.#database = database;
    this.#format.select(database);
  }

  #writeKey(db: Database, ref: Ref): void {
    this.#select(db.id);
    this.keys++;
    this.#format.key(db, ref);
  }
}

/** Writes one snapshot in RDB. */
export class RdbFormat implements SnapshotFormat {
  readonly #options: SnapshotOptions;
  readonly #writer: RdbWriter;
  readonly #checksum: Crc64 | undefined;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    const { version = COMMON_VERSION, compress, checksum = true } = options;
    this.#checksum = checksum ? new Crc64() : undefined;
    this.#writer = new RdbWriter({ version, compress });
  }

  get length(): number {
    return this.#writer.length;
  }

  take(): Uint8Array {
    const chunk = this.#writer.take();
    this.#checksum?.update(chunk);
    return chunk;
  }

  begin(): void {
    const writer = this.#writer;
    writer.raw(bytesOf(`REDIS${String(writer.version).padStart(4, "0")}`));
    for (const [name, value] of this.#options.fields) {
      writer.byte(RdbOpcode.aux);
      writer.string(bytesOf(name));
      writer.string(bytesOf(String(value)));
    }
    for (const source of this.#options.functions) {
      writer.byte(RdbOpcode.function2);
      writer.string(source);
    }
  }

  select(database: number): void {
    this.#writer.byte(RdbOpcode.database);
    this.#writer.count(database);
  }

  sizes(keys: number, volatileKeys: number): void {
    this.#writer.byte(RdbOpcode.sizes);
    this.#writer.count(keys);
    this.#writer.count(volatileKeys);
  }

  key(db: Database, ref: Ref): void {
    const writer = this.#writer;
    const expiry = db.expiry(ref);
    if (expiry !== NO_EXPIRY) {
      writer.byte(RdbOpcode.expiryMillis);
      writer.int64(expiry);
    }
    const clock = db.clock(ref);
    if (this.#options.use === "idle") {
      writer.byte(RdbOpcode.idle);
      writer.count(db.keyspace.idleSeconds(clock));
    } else if (this.#options.use === "frequency") {
      writer.byte(RdbOpcode.frequency);
      writer.byte(db.keyspace.decayedFrequency(clock));
    }
    writer.byte(valueType(db, ref, writer.version));
    const { buf, off, len } = db.key(ref);
    writer.string(buf, off, len);
    saveValue(writer, db, ref);
  }

  end(): Uint8Array {
    this.#writer.byte(RdbOpcode.end);
    const last = this.take();
    const whole = new Uint8Array(last.length + CHECKSUM_BYTES);
    whole.set(last);
    this.#checksum?.write(whole, last.length);
    return whole;
  }
}

/** One database on its way into a snapshot. */
class DatabaseCut implements TableCut {
  readonly db: Database;
  /** The table that was the database's. */
  readonly #table: Table;
  readonly #write: (ref: Ref) => void;
  /** Records of lesser hashes have been written. */
  #position = 0;
  /** Hashes from there on whose records need not be written any more. */
  readonly #touched = new Set<number>();
  readonly #onDone: (() => void)[] = [];
  /** The cut of an earlier snapshot that has not ended either. */
  #earlier: DatabaseCut | undefined;
  #isDone = false;

  constructor(db: Database, write: (ref: Ref) => void) {
    this.db = db;
    this.#table = db.table;
    this.#write = write;
    this.#earlier = db.table.cut as DatabaseCut | undefined;
    db.table.cut = this;
  }

  touch(hash: number): void {
    this.#earlier?.touch(hash);
    if (this.#isDone || hash < this.#position || this.#touched.has(hash)) return;
    this.#touched.add(hash);
    // The first records from there on, which may be of another hash.
    this.#table.scan(hash, 1, (ref) => {
      if (this.#table.hashOf(ref) === hash) this.#write(ref);
    });
  }

  whenDone(action: () => void): void {
    if (this.#earlier !== undefined) this.#earlier.whenDone(() => this.#whenDone(action));
    else this.#whenDone(action);
  }

  #whenDone(action: () => void): void {
    if (this.#isDone) action();
    else this.#onDone.push(action);
  }

  /** Writes about so many records; answers whether there are more. */
  step(records: number): boolean {
    const next = this.#table.scan(this.#position, records, (ref) => {
      if (this.#touched.size === 0 || !this.#touched.has(this.#table.hashOf(ref))) {
        this.#write(ref);
      }
    });
    if (next === 0) {
      this.end();
      return false;
    }
    this.#position = next;
    return true;
  }

  /** Forgets the table. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#touched.clear();
    this.#unchain();
    for (const action of this.#onDone) action();
  }

  #unchain(): void {
    if (this.#table.cut === this) {
      this.#table.cut = this.#earlier;
      return;
    }
    let later = this.#table.cut as DatabaseCut | undefined;
    while (later !== undefined && later.#earlier !== this) later = later.#earlier;
    if (later !== undefined) later.#earlier = this.#earlier;
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
