/**
 * The hashes of a database: which of the ways a key's hash is kept, how it gets from one to the other, and how its
 * fields expire.
 *
 * Small ones are packed into their keys' records, large ones live beside them; both exist with and without times for
 * fields. A hash never goes back. One hash is open at a time.
 *
 * The database is told of every time that a field gets, and when no field has one any more
 * ({@link Database.noteFieldTime}).
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ENCODING_SHIFT, HashEncoding, NO_EXPIRY, Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { FieldTable } from "./types/hash.ts";
import { type Field, FieldTime, type HashFields } from "./types/hash_fields.ts";
import {
  EMPTY_BYTES,
  type Listpack,
  ListpackDraft,
  type ListpackOwner,
  writeEmpty,
  writeInteger,
} from "./types/listpack.ts";
import { PackedHash } from "./types/packed_hash.ts";

const PACKED = Type.hash | (HashEncoding.listpack << ENCODING_SHIFT);
const LARGE = Type.hash | (HashEncoding.hashtable << ENCODING_SHIFT);
/** A listpack has no more bytes, whatever the limits say. */
const LARGEST_LISTPACK = 2 ** 30;
/** A growing packed hash gets this part of its bytes as spare room: most keep the size that they get first. */
const SPARE_SHIFT = 3;

const LONGEST_INTEGER = 20;
/** Room in which packed hashes are put together: at first, and the most that is kept for the next one. */
const FIRST_DRAFT = 1024;
const LARGEST_DRAFT = 65536;

/** Up to what size hashes are packed. */
export interface HashLimits {
  /** Most fields. */
  readonly hashMaxListpackEntries: number;
  /** Longest name or value, bytes. */
  readonly hashMaxListpackValue: number;
}

/** Opens the hashes of one database. */
export class Hashes implements ListpackOwner {
  readonly #db: Database;
  readonly #packed = new PackedHash(this);
  readonly #draft = new Draft();
  readonly #empty = new Uint8Array(EMPTY_BYTES);
  readonly #digits = new Uint8Array(LONGEST_INTEGER);
  readonly #expireField: (field: Field) => void;
  #fields: HashFields = this.#packed;
  #ref: Ref = 0;
  #mayExpire = false;
  /** How many fields {@link live} has removed since the hash was opened. */
  #expired = 0;

  constructor(db: Database) {
    this.#db = db;
    writeEmpty(this.#empty, 0);
    this.#expireField = (field) => this.#tellOfExpiry(field);
  }

  /** The record of the key that is open; 0 when there was none or it has gone. */
  get ref(): Ref {
    return this.#ref;
  }

  /** The hash that is open. */
  get fields(): HashFields {
    return this.#fields;
  }

  /**
   * Opens the hash of the key in argument `i`, for reading as {@link Database.read} does; undefined when there is no
   * key.
   *
   * @throws {ReplyError} WRONGTYPE
   */
  read(args: Args, i: number): HashFields | undefined {
    return this.#openIf(this.#db.read(args, i, Type.hash));
  }

  /** {@link read} for changing it, as {@link Database.find} does. */
  find(args: Args, i: number): HashFields | undefined {
    return this.#openIf(this.#db.find(args, i, Type.hash));
  }

  #openIf(ref: Ref): HashFields | undefined {
    if (ref !== 0) return this.open(ref);
    this.#ref = 0;
    return undefined;
  }

  /** Opens the hash of a record. */
  open(ref: Ref): HashFields {
    const db = this.#db;
    const collection = db.collectionOf(ref);
    this.#ref = ref;
    this.#expired = 0;
    this.#mayExpire = (db.encoding(ref) & 1) !== 0;
    if (collection !== undefined) return this.#fields = collection as FieldTable;
    const { buf, off } = db.value(ref);
    return this.#fields = this.#packed.attach(buf, off, this.#mayExpire);
  }

  // --- adding fields -------------------------------------------------------------------------------------------

  /** Opens a new hash under the key in argument `i`; it must not stay empty. */
  create(args: Args, i: number): HashFields {
    return this.open(this.#db.storeValue(args, i, PACKED, this.#empty));
  }

  /**
   * Stores a new hash under the key in argument `i` with the names and values in the arguments from `first` to before
   * `end`; answers how many different fields there were.
   */
  createFrom(args: Args, i: number, first: number, end: number, limits: HashLimits): number {
    const { buf, off, len } = args;
    const isLarge = exceeds(args, first, end, limits);
    const fields = isLarge ? new FieldTable(this.#db.keyspace.collections) : this.#draft.begin();
    for (let k = first; k < end; k += 2) {
      const v = k + 1;
      fields.put(buf, off[k], len[k], buf, off[v], len[v], FieldTime.none);
    }
    const added = fields.size;
    if (fields instanceof FieldTable) this.#db.storeCollection(args, i, LARGE, fields);
    else this.#draft.store(this.#db, args, i);
    return added;
  }

  /** Makes the open hash a large one if the names and values in these arguments do not suit a packed one. */
  prepareFor(args: Args, first: number, end: number, limits: HashLimits): void {
    if (this.#fields === this.#packed && exceeds(args, first, end, limits)) this.#enlarge();
  }

  /** Puts a field into the open hash ({@link HashFields.put}), which becomes a large one if it must. */
  put(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    expiry: number,
    limits: HashLimits,
  ): boolean {
    const packed = this.#packed;
    if (this.#fields === packed) {
      const longest = limits.hashMaxListpackValue;
      const total = packed.bytes + nameLen + valueLen;
      if (nameLen > longest || valueLen > longest || total > LARGEST_LISTPACK) this.#enlarge();
    }
    if (expiry >= 0) this.allowTimes();
    const fields = this.#fields;
    const isNew = fields.put(nameBuf, nameOff, nameLen, valueBuf, valueOff, valueLen, expiry);
    if (fields === packed && isNew && packed.size > limits.hashMaxListpackEntries) {
      this.#enlarge();
    }
    if (this.#mayExpire) this.#noteTime(expiry);
    return isNew;
  }

  /** {@link put} for an integer of up to 64 bits, in decimal. */
  putInteger(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    value: number | bigint,
    expiry: number,
    limits: HashLimits,
  ): boolean {
    const digits = this.#digits;
    const length = writeInteger(value, digits);
    return this.put(nameBuf, nameOff, nameLen, digits, 0, length, expiry, limits);
  }

  #enlarge(): void {
    const db = this.#db;
    const table = FieldTable.from(this.#packed, db.keyspace.collections);
    this.#mayExpire = table.earliest !== Infinity;
    const encoding = this.#mayExpire ? HashEncoding.hashtableWithExpiry : HashEncoding.hashtable;
    this.#ref = db.becomeCollection(this.#ref, encoding, table);
    this.#fields = table;
  }

  resize(pack: Listpack, length: number): void {
    this.#ref = this.#db.resizeValue(this.#ref, length, length >> SPARE_SHIFT);
    const { buf, off } = this.#db.value(this.#ref);
    pack.attach(buf, off);
  }

  // --- removing fields -----------------------------------------------------------------------------------------

  /** Removes a field of the open hash. */
  remove(field: Field): void {
    this.#fields.remove(field);
    if (this.#mayExpire) this.#noteTime(FieldTime.none);
  }

  /** Deletes the key that is open if its hash has become empty; answers whether it has. */
  deleteIfEmpty(): boolean {
    if (this.#fields.size > 0) return false;
    this.#db.deleteRef(this.#ref);
    this.#ref = 0;
    return true;
  }

  // --- times ---------------------------------------------------------------------------------------------------

  /** Makes the open hash one whose fields can have times. */
  allowTimes(): void {
    if (this.#mayExpire) return;
    const db = this.#db;
    this.#mayExpire = true;
    if (this.#fields === this.#packed) {
      const timed = this.#packed.timed();
      this.#ref = db.becomePacked(this.#ref, HashEncoding.listpackWithExpiry, timed);
      const { buf, off } = db.value(this.#ref);
      this.#packed.attach(buf, off, true);
    } else {
      db.setEncoding(this.#ref, HashEncoding.hashtableWithExpiry);
    }
  }

  /** Gives a field of the open hash a time, which it must {@link allowTimes | allow}, or takes it away. */
  setExpiry(field: Field, expiry: number): void {
    this.#fields.setExpiry(field, expiry);
    this.#noteTime(expiry);
  }

  /** Tells the database that a field has got a time, or that perhaps the last one has lost its own. */
  #noteTime(expiry: number): void {
    if (expiry >= 0) this.#db.noteFieldTime(this.#ref, expiry);
    else if (this.#fields.earliest === Infinity) this.#db.noteFieldTime(this.#ref, Infinity);
  }

  /** Whether a field's time is over. */
  isOver(field: Field): boolean {
    if (!this.#mayExpire) return false;
    const { keyspace } = this.#db;
    const expiry = this.#fields.expiryOf(field);
    return expiry !== FieldTime.none && keyspace.now > expiry && keyspace.hidesExpired;
  }

  /** Whether some field of the open hash may be over. */
  get mayBeOver(): boolean {
    const { keyspace } = this.#db;
    return this.#mayExpire && this.#fields.earliest < keyspace.now && keyspace.hidesExpired;
  }

  /**
   * The field with these bytes of the open hash, or 0. One whose time is over is removed, where that may be done; call
   * {@link endExpiry} then, before the hash is used for anything else.
   */
  live(buf: Uint8Array, off: number, len: number): Field {
    if (this.#ref === 0) return 0;
    const field = this.#fields.find(buf, off, len);
    if (field === 0 || !this.#mayExpire || !this.isOver(field)) return field;
    if (this.#db.keyspace.deletesExpired) {
      this.#tellOfExpiry(field);
      this.remove(field);
    }
    return 0;
  }

  /** {@link live} for a single field, ended at once. */
  findLive(buf: Uint8Array, off: number, len: number): Field {
    const field = this.live(buf, off, len);
    if (this.#expired > 0) this.endExpiry();
    return field;
  }

  /** {@link live} for the names in the arguments from `first` to before `end`; answers whether the key has gone. */
  expireNamed(args: Args, first: number, end: number, step = 1): boolean {
    if (!this.mayBeOver) return false;
    for (let i = first; i < end; i += step) this.live(args.buf, args.off[i], args.len[i]);
    return this.endExpiry();
  }

  /** Ends what {@link live} has begun: tells of it, and deletes an empty hash. Answers whether the key has gone. */
  endExpiry(): boolean {
    if (this.#expired === 0) return false;
    this.#expired = 0;
    const db = this.#db;
    const key = db.keyBytes(this.#ref);
    const isGone = this.deleteIfEmpty();
    db.keyspace.hooks.fieldsExpired?.(db, key, isGone);
    return isGone;
  }

  /** Removes all fields of the open hash whose time is over, where that may be done; answers whether the key has gone. */
  expireAll(): boolean {
    if (!this.mayBeOver || !this.#db.keyspace.deletesExpired) return false;
    while (this.#removeOver() > 0);
    return this.endExpiry();
  }

  /** {@link expireAll} for a part of the fields. */
  expireSome(): boolean {
    this.#removeOver();
    return this.endExpiry();
  }

  #removeOver(): number {
    const removed = this.#fields.removeOver(this.#db.keyspace.now, this.#expireField);
    if (removed > 0) this.#noteTime(FieldTime.none);
    return removed;
  }

  /** Tells that a field goes. */
  #tellOfExpiry(field: Field): void {
    const { keyspace } = this.#db;
    keyspace.expiredFields++;
    this.#expired++;
    if (keyspace.hooks.fieldExpired === undefined) return;
    const fields = this.#fields;
    fields.showName(field);
    keyspace.hooks.fieldExpired(this.#db, this.#ref, fields.buf, fields.off, fields.len);
  }
}

/** The hash of a record if it is a large one in which no field has a time: nothing needs to be minded when it changes. */
export function untimedTable(db: Database, ref: Ref): FieldTable | undefined {
  return db.encoding(ref) === HashEncoding.hashtable
    ? db.collectionOf(ref) as FieldTable
    : undefined;
}

/** Whether names and values do not suit a packed hash. */
function exceeds(args: Args, first: number, end: number, limits: HashLimits): boolean {
  const { hashMaxListpackEntries, hashMaxListpackValue } = limits;
  if ((end - first) / 2 > hashMaxListpackEntries) return true;
  let total = 0;
  for (let i = first; i < end; i++) {
    const len = args.len[i];
    if (len > hashMaxListpackValue) return true;
    total += len;
  }
  return total > LARGEST_LISTPACK;
}

/** Where a packed hash is put together before it is stored, so that its record gets just the bytes that it takes. */
class Draft extends ListpackDraft {
  readonly #hash = new PackedHash(this);

  constructor() {
    super(FIRST_DRAFT);
  }

  /** Begins anew. */
  begin(): PackedHash {
    writeEmpty(this.buf, 0);
    this.length = EMPTY_BYTES;
    return this.#hash.attach(this.buf, 0, false);
  }

  /** Stores what has been put together under the key in argument `i`. */
  store(db: Database, args: Args, i: number): Ref {
    const { buf } = this;
    if (buf.length > LARGEST_DRAFT) this.buf = new Uint8Array(FIRST_DRAFT);
    const { off, len } = args;
    return db.store(args.buf, off[i], len[i], PACKED, buf, 0, this.length, NO_EXPIRY);
  }
}
