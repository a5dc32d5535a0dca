/**
 * Snapshots: all data as it is at one moment, as a stream of RDB.
 *
 *     "REDIS" four digits of the version | fields: 250, name, value
 *     libraries of functions: 245, source
 *     databases: 254, number | 251, keys, keys with an expiry | keys: (252, Unix time in ms)? (248, idle | 249, use)? type, key, value
 *     255 | checksum of all before
 *
 * The cut is taken at once, in memory: whoever asks waits for as long as it takes to write the data, and until the stream
 * has been read there is a second, compressed copy of it. Who reads the stream must not rely on that.
 *
 * @module
 */

import { NO_EXPIRY } from "./entry.ts";
import type { Database, Keyspace } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { Crc64 } from "./rdb/crc64.ts";
import { COMMON_VERSION, RdbOpcode } from "./rdb/format.ts";
import { saveValue, valueType } from "./rdb/value.ts";
import { RdbWriter } from "./rdb/writer.ts";

/** The stream comes in pieces of about so many bytes. */
const CHUNK_BYTES = 256 * 1024;
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
}

/** All data as it is now. O(bytes), before this returns. */
export function snapshot(
  keyspace: Keyspace,
  options: SnapshotOptions,
): ReadableStream<Uint8Array> {
  const chunks = new SnapshotWriter(options).write(keyspace);
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next];
      if (chunk === undefined) return controller.close();
      // What has been read is not kept.
      chunks[next++] = new Uint8Array(0);
      controller.enqueue(chunk);
    },
    cancel() {
      chunks.length = 0;
    },
  }, { highWaterMark: 0 });
}

/** Writes one snapshot. */
class SnapshotWriter {
  readonly #options: SnapshotOptions;
  readonly #writer: RdbWriter;
  readonly #checksum = new Crc64();
  readonly #chunks: Uint8Array[] = [];

  constructor(options: SnapshotOptions) {
    this.#options = options;
    const { version = COMMON_VERSION, compress } = options;
    this.#writer = new RdbWriter({ version, compress });
  }

  /** Writes everything and answers it in pieces. */
  write(keyspace: Keyspace): Uint8Array[] {
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
    if (this.#options.includesKeys) {
      for (const db of keyspace.databases) this.#writeDatabase(db);
    }
    writer.byte(RdbOpcode.end);
    this.#cut();
    const checksum = new Uint8Array(CHECKSUM_BYTES);
    this.#checksum.write(checksum, 0);
    this.#chunks.push(checksum);
    return this.#chunks;
  }

  #writeDatabase(db: Database): void {
    if (db.size === 0) return;
    const writer = this.#writer;
    writer.byte(RdbOpcode.database);
    writer.count(db.id);
    writer.byte(RdbOpcode.sizes);
    writer.count(db.size);
    writer.count(db.table.volatileCount);
    let position = 0;
    do {
      position = db.table.walk(position, (ref) => this.#writeKey(db, ref));
    } while (position !== 0);
  }

  #writeKey(db: Database, ref: Ref): void {
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
    if (writer.length >= CHUNK_BYTES) this.#cut();
  }

  /** Ends a piece. */
  #cut(): void {
    const chunk = this.#writer.take();
    this.#checksum.update(chunk);
    this.#chunks.push(chunk);
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
