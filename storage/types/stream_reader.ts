/**
 * Reads a stream's entries in either direction, between two IDs.
 *
 *     for (let more = reader.seek(from, to, reverse); more; more = reader.next()) {
 *       reader.id; reader.fieldCount;
 *       while (reader.nextItem()) take(reader.buf, reader.off, reader.len);   // field, value, field, value …
 *     }
 *
 * Finds the first node in O(log n) and walks inside it. What it answers is reused, and is good until the stream's next
 * change; only entries that are marked as deleted may appear or stay hidden as the reader is told.
 *
 * @module
 */

import { type Arena, CHUNK_SHIFT, OFFSET_MASK } from "../memory/arena.ts";
import { IdPlace, type IdTree } from "./id_tree.ts";
import { Listpack } from "./listpack.ts";
import { StreamId } from "./stream_id.ts";
import {
  addToMs,
  addToSeq,
  DELETED,
  LISTPACK_HEADER,
  readInteger,
  SAME_FIELDS,
} from "./stream_node.ts";

const END = 0xff;
const LONGEST_INTEGER = 20;

/** A reading place in a stream. */
export class StreamReader {
  /** The ID of the entry read. */
  readonly id: StreamId = new StreamId();
  /** How many pairs of field and value the entry has. */
  fieldCount = 0;
  /** The field or value that {@link nextItem} found. */
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;
  /** The node that the entry lies in, and where its flags stand: for the stream itself. */
  readonly place: IdPlace;
  readonly pack: Listpack = new Listpack();
  flagsAt = 0;

  readonly #arena: Arena;
  readonly #index: IdTree;
  readonly #digits = new Uint8Array(LONGEST_INTEGER);
  readonly #from = new StreamId();
  readonly #to = new StreamId();
  readonly #nodeId = new StreamId();
  #reverse = false;
  #tombstones = false;
  #nodeFields = 0;
  #nodeFieldsAt = 0;
  #sameFields = false;
  /** The element that comes next, and where the node's field names go on. */
  #at = 0;
  #nameAt = 0;
  /** Items of this entry not read yet. */
  #items = 0;
  /** Elements of this entry not read yet. */
  #elements = 0;

  constructor(arena: Arena, index: IdTree) {
    this.#arena = arena;
    this.#index = index;
    this.place = new IdPlace(index);
  }

  /**
   * Goes to the first entry between two IDs, both included, or to the last one in reverse; false when there is none.
   * With `tombstones`, entries marked as deleted are read too.
   */
  seek(from: StreamId, to: StreamId, reverse = false, tombstones = false): boolean {
    this.#from.set(from);
    this.#to.set(to);
    this.#reverse = reverse;
    this.#tombstones = tombstones;
    if (reverse) {
      if (!this.#index.seekAtMost(to, this.place)) return false;
      this.#enterNode();
      this.#at = this.pack.end();
      return this.#readBackward();
    }
    if (!this.#index.seekAtMost(from, this.place) && !this.#index.seekAtLeast(from, this.place)) {
      return false;
    }
    this.#enterNode();
    return this.#readForward();
  }

  /** Goes on to the next entry in the direction of reading; false when there is none. */
  next(): boolean {
    if (this.#reverse) {
      this.#at = this.flagsAt;
      return this.#readBackward();
    }
    this.#skipElements();
    return this.#readForward();
  }

  /** Goes on to the next field or value of the entry; false after the last value. */
  nextItem(): boolean {
    if (this.#items === 0) return false;
    const pack = this.pack;
    if (this.#sameFields && (this.#items & 1) === 0) {
      this.#take(this.#nameAt);
      this.#nameAt += pack.entryBytes(this.#nameAt);
    } else {
      this.#take(this.#at);
      this.#at += pack.entryBytes(this.#at);
      this.#elements--;
    }
    this.#items--;
    return true;
  }

  #take(at: number): void {
    const pack = this.pack;
    const first = pack.buf[at];
    if (first >= 0x80 && first < 0xc0) {
      this.buf = pack.buf;
      this.off = at + 1;
      this.len = first & 0x3f;
    } else {
      this.buf = pack.readText(at, this.#digits);
      this.off = pack.stringOff;
      this.len = pack.stringLen;
    }
  }

  /** Reads a node's head and goes to its first entry. */
  #enterNode(): void {
    const pack = this.pack;
    const ref = this.place.get(0);
    pack.attach(this.#arena.u8[ref >>> CHUNK_SHIFT], (ref & OFFSET_MASK) << 3);
    this.place.readId(this.#nodeId);
    let at = pack.start + LISTPACK_HEADER;
    at += pack.entryBytes(at);
    at += pack.entryBytes(at);
    this.#nodeFields = readInteger(pack.buf, at);
    at += pack.entryBytes(at);
    this.#nodeFieldsAt = at;
    for (let i = 0; i <= this.#nodeFields; i++) at += pack.entryBytes(at);
    this.#at = at;
  }

  /** Reads the next entry in range, from flags at `#at` on. */
  #readForward(): boolean {
    for (;;) {
      while (this.pack.buf[this.#at] === END) {
        if (!this.place.next()) return false;
        this.#enterNode();
      }
      const flags = this.#readHead();
      if (this.#isShown(flags) && this.id.compare(this.#from) >= 0) {
        return this.id.compare(this.#to) <= 0;
      }
      this.#skipElements();
    }
  }

  /** Reads the previous entry in range, the one that ends before `#at`. */
  #readBackward(): boolean {
    const pack = this.pack;
    for (;;) {
      this.#at = pack.prev(this.#at);
      let elements = readInteger(pack.buf, this.#at);
      if (elements === 0) {
        if (!this.place.previous()) return false;
        this.#enterNode();
        this.#at = pack.end();
        continue;
      }
      while (elements-- > 0) this.#at = pack.prev(this.#at);
      const flags = this.#readHead();
      if (this.#isShown(flags) && this.id.compare(this.#to) <= 0) {
        return this.id.compare(this.#from) >= 0;
      }
      this.#at = this.flagsAt;
    }
  }

  #isShown(flags: number): boolean {
    return this.#tombstones || (flags & DELETED) === 0;
  }

  /** Reads an entry up to its fields and answers its flags. */
  #readHead(): number {
    const pack = this.pack;
    const buf = pack.buf;
    let at = this.#at;
    this.flagsAt = at;
    const flags = buf[at];
    at += 2;
    const id = this.id.set(this.#nodeId);
    addToMs(id, buf, at);
    at += pack.entryBytes(at);
    addToSeq(id, buf, at);
    at += pack.entryBytes(at);
    this.#sameFields = (flags & SAME_FIELDS) !== 0;
    if (this.#sameFields) {
      this.fieldCount = this.#nodeFields;
      this.#elements = this.fieldCount;
      this.#nameAt = this.#nodeFieldsAt;
    } else {
      this.fieldCount = readInteger(buf, at);
      at += pack.entryBytes(at);
      this.#elements = this.fieldCount * 2;
    }
    this.#items = this.fieldCount * 2;
    this.#at = at;
    return flags;
  }

  /** Goes past the rest of an entry and its closing count. */
  #skipElements(): void {
    const pack = this.pack;
    let at = this.#at;
    for (let i = this.#elements; i >= 0; i--) at += pack.entryBytes(at);
    this.#at = at;
  }
}
