/**
 * A snapshot as commands: those that make the data anew, as an append-only file holds them.
 *
 *     FUNCTION LOAD for each library | for each database: SELECT, then its keys:
 *     SET | RPUSH | SADD | ZADD | HMSET (HPEXPIREAT)* | XADD* XSETID (XGROUP XCLAIM*)*, then PEXPIREAT if it expires
 *
 * Large collections come in commands of {@link ITEMS_PER_COMMAND} elements. Keys are only looked at, by readers of our
 * own: this may happen in the middle of a command that works on another key.
 *
 * @module
 */

import { encodeLatin1 } from "../../server/resp/args.ts";
import { formatDouble } from "../../server/resp/numbers.ts";
import { NO_EXPIRY, Type } from "../entry.ts";
import type { Database } from "../keyspace.ts";
import type { Ref } from "../memory/arena.ts";
import { copyBytes } from "../memory/bytes.ts";
import { fieldsOf } from "../rdb/hash.ts";
import { forEachMember, memberCount } from "../sets.ts";
import type { SnapshotFormat } from "../snapshot.ts";
import { SortedSets } from "../sorted_sets.ts";
import { FieldTime } from "../types/hash_fields.ts";
import { Listpack } from "../types/listpack.ts";
import type { Quicklist } from "../types/quicklist.ts";
import type { Stream } from "../types/stream.ts";
import type { ConsumerGroup } from "../types/stream_group.ts";
import { StreamId } from "../types/stream_id.ts";

/** As many elements as a command of Redis's own has. */
const ITEMS_PER_COMMAND = 64;
const INITIAL_BYTES = 4096;
const CR = 13;
const LF = 10;

const encoder = new TextEncoder();

/** What precedes the keys. */
export interface CommandFormatOptions {
  /** The sources of the libraries of functions. */
  readonly functions: Iterable<Uint8Array>;
  /** Unix time in seconds to begin with, as an annotation; none unless given. */
  readonly stamp?: number;
}

/** Writes one snapshot as commands. */
export class CommandFormat implements SnapshotFormat {
  readonly #options: CommandFormatOptions;
  #buf = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  constructor(options: CommandFormatOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#length;
  }

  take(): Uint8Array {
    const bytes = this.#buf.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  begin(): void {
    const { functions, stamp } = this.#options;
    if (stamp !== undefined) this.#raw(encoder.encode(`#TS:${stamp}\r\n`));
    for (const source of functions) this.#command("FUNCTION", "LOAD", source);
  }

  select(database: number): void {
    this.#command("SELECT", database);
  }

  sizes(): void {}

  end(): Uint8Array {
    return this.take();
  }

  key(db: Database, ref: Ref): void {
    const key = db.keyBytes(ref);
    switch (db.type(ref)) {
      case Type.string: {
        const { buf, off, len } = db.value(ref);
        this.#head(3);
        this.#word("SET");
        this.#bytes(key);
        this.#bytesAt(buf, off, len);
        break;
      }
      case Type.list:
        this.#list(key, db, ref);
        break;
      case Type.set:
        this.#set(key, db, ref);
        break;
      case Type.zset:
        this.#sortedSet(key, db, ref);
        break;
      case Type.hash:
        this.#hash(key, db, ref);
        break;
      case Type.stream:
        this.#stream(key, db.collection(ref) as Stream);
        break;
    }
    const expiry = db.expiry(ref);
    if (expiry !== NO_EXPIRY) this.#command("PEXPIREAT", key, expiry);
  }

  /** Begins a command on a key for the next of `left` elements of so many arguments each, where one is due. */
  #chunk(name: string, key: Uint8Array, index: number, size: number, argumentsEach: number): void {
    if (index % ITEMS_PER_COMMAND !== 0) return;
    this.#head(2 + Math.min(ITEMS_PER_COMMAND, size - index) * argumentsEach);
    this.#word(name);
    this.#bytes(key);
  }

  #list(key: Uint8Array, db: Database, ref: Ref): void {
    const pack = new Listpack();
    let index = 0;
    const add = (size: number) => (buf: Uint8Array, off: number) => {
      pack.attach(buf, off);
      for (let at = pack.first(); at !== 0; at = pack.next(at)) {
        this.#chunk("RPUSH", key, index++, size, 1);
        this.#element(pack, at);
      }
    };
    if (db.isBeside(ref)) {
      const list = db.collection(ref) as Quicklist;
      list.eachNode(add(list.size));
    } else {
      const { buf, off } = db.value(ref);
      add(pack.attach(buf, off).count)(buf, off);
    }
  }

  #element(pack: Listpack, at: number): void {
    pack.read(at);
    if (pack.isInt) this.#word(String(pack.int));
    else this.#bytesAt(pack.buf, pack.stringOff, pack.stringLen);
  }

  #set(key: Uint8Array, db: Database, ref: Ref): void {
    const size = memberCount(db, ref);
    let index = 0;
    forEachMember(db, ref, (buf, off, len) => {
      this.#chunk("SADD", key, index++, size, 1);
      this.#bytesAt(buf, off, len);
    });
  }

  #sortedSet(key: Uint8Array, db: Database, ref: Ref): void {
    const set = db.tool(SortedSets).openApart(ref);
    const { size } = set;
    set.seek(0);
    for (let index = 0; index < size; index++, set.forward()) {
      this.#chunk("ZADD", key, index, size, 2);
      this.#word(formatDouble(set.score));
      this.#bytesAt(set.buf, set.off, set.len);
    }
  }

  #hash(key: Uint8Array, db: Database, ref: Ref): void {
    const fields = fieldsOf(db, ref);
    let index = 0;
    fields.some((field) => {
      this.#chunk("HMSET", key, index++, fields.size, 2);
      fields.showName(field);
      this.#bytesAt(fields.buf, fields.off, fields.len);
      fields.showValue(field);
      this.#bytesAt(fields.buf, fields.off, fields.len);
    });
    if (fields.earliest === Infinity) return;
    fields.some((field) => {
      const expiry = fields.expiryOf(field);
      if (expiry === FieldTime.none) return;
      this.#head(6);
      this.#word("HPEXPIREAT");
      this.#bytes(key);
      this.#word(String(expiry));
      this.#word("FIELDS");
      this.#word("1");
      fields.showName(field);
      this.#bytesAt(fields.buf, fields.off, fields.len);
    });
  }

  #stream(key: Uint8Array, stream: Stream): void {
    const { reader } = stream;
    for (let more = reader.seek(new StreamId(), StreamId.max()); more; more = reader.next()) {
      this.#head(3 + reader.fieldCount * 2);
      this.#word("XADD");
      this.#bytes(key);
      this.#word(String(reader.id));
      while (reader.nextItem()) this.#bytesAt(reader.buf, reader.off, reader.len);
    }
    // No command makes an empty stream but one that removes what it adds.
    if (stream.length === 0) this.#command("XADD", key, "MAXLEN", 0, "0-1", "x", "y");
    this.#command(
      "XSETID",
      key,
      String(stream.lastId),
      "ENTRIESADDED",
      stream.entriesAdded,
      "MAXDELETEDID",
      String(stream.maxDeletedId),
    );
    for (const group of stream.groups()) this.#group(key, group);
  }

  #group(key: Uint8Array, group: ConsumerGroup): void {
    const name = encodeLatin1(group.name);
    this.#command(
      "XGROUP",
      "CREATE",
      key,
      name,
      String(group.lastId),
      "ENTRIESREAD",
      group.entriesRead,
    );
    const id = new StreamId();
    for (const consumer of group.consumers()) {
      const consumerName = encodeLatin1(consumer.name);
      if (consumer.pending.size === 0) {
        this.#command("XGROUP", "CREATECONSUMER", key, name, consumerName);
      }
      const place = consumer.pending.first();
      for (let more = place !== undefined; place && more; more = place.next()) {
        const entry = group.pending.find(place.readId(id));
        if (entry === undefined) throw new Error("A consumer's entry is not its group's");
        this.#command(
          "XCLAIM",
          key,
          name,
          consumerName,
          0,
          String(id),
          "TIME",
          group.deliveryTime(entry),
          "RETRYCOUNT",
          group.deliveryCount(entry),
          "JUSTID",
          "FORCE",
        );
      }
    }
  }

  // --- bytes --------------------------------------------------------------------------------------------------

  #command(...parts: (string | number | bigint | Uint8Array)[]): void {
    this.#head(parts.length);
    for (const part of parts) {
      if (part instanceof Uint8Array) this.#bytes(part);
      else this.#word(String(part));
    }
  }

  #head(count: number): void {
    this.#raw(encoder.encode(`*${count}\r\n`));
  }

  /** An argument of ASCII characters. */
  #word(text: string): void {
    this.#raw(encoder.encode(`$${text.length}\r\n${text}\r\n`));
  }

  #bytes(bytes: Uint8Array): void {
    this.#bytesAt(bytes, 0, bytes.length);
  }

  #bytesAt(buf: Uint8Array, off: number, len: number): void {
    this.#raw(encoder.encode(`$${len}\r\n`));
    this.#reserve(len + 2);
    copyBytes(buf, off, this.#buf, this.#length, len);
    this.#length += len;
    this.#buf[this.#length++] = CR;
    this.#buf[this.#length++] = LF;
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buf.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buf.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buf.length * 2));
    larger.set(this.#buf.subarray(0, this.#length));
    this.#buf = larger;
  }
}
