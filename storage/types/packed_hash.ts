/**
 * The packed hash: a small hash as a listpack in Redis's own formats.
 *
 *     plain   field, value, field, value, …       in the order in which the fields came
 *     timed   field, value, time, field, …        the fields that are over first come first, those that stay
 *                                                 (time 0) last
 *
 * Everything walks along the bytes, which for the few fields that are kept so beats any cleverer structure. Only a timed
 * hash has room for times; {@link timed} makes one of a plain one.
 *
 * This is a window: it is attached to bytes that somebody else owns and resizes. A field's handle is the position of
 * its name.
 *
 * @module
 */

import { copyBytes } from "../memory/bytes.ts";
import { type Field, FieldTime, type HashFields } from "./hash_fields.ts";
import {
  entryBytesFor,
  integerEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEmpty,
  writeEntry,
  writeIntegerEntry,
} from "./listpack.ts";

const LONGEST_INTEGER = 20;
/** The time of a field that stays. */
const STAYS = 0;
/** Bytes of the entry of a field's time if it stays. */
const STAYS_BYTES = 2;
/** Where a listpack's entries begin. */
const ENTRIES_AT = 6;

/** A window on the bytes of a small hash. */
export class PackedHash implements HashFields {
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  readonly #pack = new Listpack();
  readonly #owner: ListpackOwner;
  readonly #nameText = new Uint8Array(LONGEST_INTEGER);
  readonly #valueText = new Uint8Array(LONGEST_INTEGER);
  /** Entries of a field: 2 in a plain hash, 3 in a timed one. */
  #entries = 2;

  constructor(owner: ListpackOwner) {
    this.#owner = owner;
  }

  /** Looks at the listpack that begins at `start` from now on. */
  attach(buf: Uint8Array, start: number, isTimed: boolean): this {
    this.#pack.attach(buf, start);
    this.#entries = isTimed ? 3 : 2;
    return this;
  }

  /** Whether its fields can have times. */
  get isTimed(): boolean {
    return this.#entries === 3;
  }

  get size(): number {
    return this.#pack.count / this.#entries;
  }

  /** Bytes of the listpack. */
  get bytes(): number {
    return this.#pack.bytes;
  }

  get earliest(): number {
    const first = this.#pack.first();
    if (first === 0 || !this.isTimed) return Infinity;
    const expiry = this.expiryOf(first);
    return expiry === FieldTime.none ? Infinity : expiry;
  }

  // --- fields --------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, off: number, len: number): Field {
    return this.#pack.find(this.#pack.first(), buf, off, len, this.#entries - 1);
  }

  expiryOf(field: Field): number {
    if (!this.isTimed) return FieldTime.none;
    const pack = this.#pack;
    pack.read(this.#timeAt(field));
    return pack.int === STAYS ? FieldTime.none : Number(pack.int);
  }

  showName(field: Field): void {
    this.#show(field, this.#nameText);
  }

  showValue(field: Field): void {
    this.#show(this.#pack.next(field), this.#valueText);
  }

  #show(at: number, text: Uint8Array): void {
    const pack = this.#pack;
    this.buf = pack.readText(at, text);
    this.off = pack.stringOff;
    this.len = pack.stringLen;
  }

  /** Where the entry of a field's time is; in a timed hash. */
  #timeAt(field: Field): number {
    return this.#pack.next(this.#pack.next(field));
  }

  #nextField(field: Field): Field {
    const valueAt = this.#pack.next(field);
    return this.#pack.next(this.isTimed ? this.#pack.next(valueAt) : valueAt);
  }

  some(visit: (field: Field) => boolean | void): boolean {
    for (let at = this.#pack.first(); at !== 0; at = this.#nextField(at)) {
      if (visit(at) === true) return true;
    }
    return false;
  }

  draw(random: () => number): Field {
    return this.#pack.seek(Math.floor(random() * this.size) * this.#entries);
  }

  // --- changing ------------------------------------------------------------------------------------------------

  /** A time can be given to a field of a timed hash only. */
  put(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    expiry: number,
  ): boolean {
    const pack = this.#pack;
    const field = this.find(nameBuf, nameOff, nameLen);
    if (field !== 0) {
      const distance = field - pack.start;
      pack.replace(this.#owner, pack.next(field), valueBuf, valueOff, valueLen);
      if (expiry !== FieldTime.keep) this.setExpiry(pack.start + distance, expiry);
      return false;
    }
    const time = expiry < 0 ? STAYS : expiry;
    const name = entryBytesFor(nameBuf, nameOff, nameLen);
    const value = entryBytesFor(valueBuf, valueOff, valueLen);
    const room = name + value + (this.isTimed ? integerEntryBytes(time) : 0);
    const at = pack.splice(this.#owner, this.#placeFor(time), 0, room, this.#entries);
    writeEntry(pack.buf, at, nameBuf, nameOff, nameLen);
    writeEntry(pack.buf, at + name, valueBuf, valueOff, valueLen);
    if (this.isTimed) writeIntegerEntry(pack.buf, at + name + value, time);
    return true;
  }

  /** Where a field with this time belongs: before those that are over as late or later, or that stay. */
  #placeFor(time: number): number {
    const pack = this.#pack;
    if (time === STAYS) return pack.end();
    let at = pack.first();
    while (at !== 0) {
      const timeAt = this.#timeAt(at);
      pack.read(timeAt);
      if (pack.int === STAYS || pack.int >= time) return at;
      at = pack.next(timeAt);
    }
    return pack.end();
  }

  /** A time can be given to a field of a timed hash only. */
  setExpiry(field: Field, expiry: number): void {
    const before = this.expiryOf(field);
    if (before === expiry) return;
    const pack = this.#pack;
    const time = expiry === FieldTime.none ? STAYS : expiry;
    const timeAt = this.#timeAt(field);
    const content = pack.buf.slice(field, timeAt);
    pack.remove(this.#owner, field, 3);
    const room = content.length + integerEntryBytes(time);
    const at = pack.splice(this.#owner, this.#placeFor(time), 0, room, 3);
    copyBytes(content, 0, pack.buf, at, content.length);
    writeIntegerEntry(pack.buf, at + content.length, time);
  }

  remove(field: Field): void {
    this.#pack.remove(this.#owner, field, this.#entries);
  }

  removeOver(now: number, visit: (field: Field) => void): number {
    const pack = this.#pack;
    let removed = 0;
    if (!this.isTimed) return removed;
    for (let at = pack.first(); at !== 0; at = this.#nextField(at)) {
      const expiry = this.expiryOf(at);
      if (expiry === FieldTime.none || expiry >= now) break;
      visit(at);
      removed++;
    }
    if (removed > 0) pack.remove(this.#owner, pack.first(), removed * 3);
    return removed;
  }

  /** The bytes of this plain hash as a timed one, in which all fields stay. O(n). */
  timed(): Uint8Array {
    const pack = this.#pack;
    const size = this.size;
    const timed = new Uint8Array(pack.bytes + size * STAYS_BYTES);
    writeEmpty(timed, 0);
    let to = ENTRIES_AT;
    for (let at = pack.first(); at !== 0;) {
      const length = pack.entryBytes(at) + pack.entryBytes(pack.next(at));
      copyBytes(pack.buf, at, timed, to, length);
      at = this.#nextField(at);
      to += length;
      to += writeIntegerEntry(timed, to, STAYS);
    }
    const view = new DataView(timed.buffer);
    view.setUint32(0, timed.length, true);
    view.setUint16(4, Math.min(size * 3, 0xffff), true);
    timed[timed.length - 1] = 0xff;
    return timed;
  }
}
