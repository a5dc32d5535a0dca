/**
 * The lists of a database: which of the two ways a key's list is kept, and how it gets from one to the other.
 *
 * Small lists are one listpack in their key's record, larger ones a quicklist beside it. When which is due is Redis's
 * rule, since OBJECT ENCODING tells: a list becomes a quicklist before it would outgrow one listpack, and is packed
 * again when it has shrunk to half of that.
 *
 * One small list is open at a time. Whatever changes a list may move its record: {@link Lists.ref} is where it is then.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ENCODING_SHIFT, ListEncoding, NO_EXPIRY, Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { type List, type ListLimits, listLimits } from "./types/list.ts";
import {
  EMPTY_BYTES,
  END,
  entryBytesFor,
  HEADER_BYTES,
  Listpack,
  type ListpackOwner,
  writeEmpty,
  writeEntry,
  writeHeader,
} from "./types/listpack.ts";
import { PackedList } from "./types/packed_list.ts";
import { Quicklist } from "./types/quicklist.ts";

const PACKED = Type.list | (ListEncoding.listpack << ENCODING_SHIFT);
const LARGE = Type.list | (ListEncoding.quicklist << ENCODING_SHIFT);

/** Opens, makes and converts the lists of one database. */
export class Lists implements ListpackOwner {
  readonly #db: Database;
  readonly #pack = new Listpack();
  readonly #packed = new PackedList(this.#pack, this);
  #ref: Ref = 0;
  #setting = 0;
  #limits: ListLimits = listLimits(0);
  /** New lists are composed here. */
  #scratch = new Uint8Array(256);

  constructor(db: Database) {
    this.#db = db;
  }

  /** The record of the list that is open. */
  get ref(): Ref {
    return this.#ref;
  }

  /** Opens the list of a record. */
  open(ref: Ref): List {
    const db = this.#db;
    this.#ref = ref;
    const large = largeList(db, ref);
    if (large !== undefined) return large;
    const { buf, off } = db.value(ref);
    this.#pack.attach(buf, off);
    return this.#packed;
  }

  /** Gives the open list's listpack another length. */
  resize(pack: Listpack, length: number): void {
    const db = this.#db;
    this.#ref = db.resizeValue(this.#ref, length);
    const { buf, off } = db.value(this.#ref);
    pack.attach(buf, off);
  }

  /** Adds an element at an end of a record's list, for which {@link grow} has made room. Answers the list's size. */
  push(ref: Ref, atHead: boolean, buf: Uint8Array, off: number, len: number): number {
    const db = this.#db;
    this.#ref = ref;
    if (db.isBeside(ref)) {
      const list = db.collection(ref) as Quicklist;
      if (atHead) list.pushHead(buf, off, len);
      else list.pushTail(buf, off, len);
      return list.size;
    }
    this.open(ref);
    const pack = this.#pack;
    pack.insert(this, atHead ? pack.front() : pack.end(), buf, off, len);
    return pack.count;
  }

  /**
   * Stores a list of the arguments from `first` on under the key in argument `i`, in place of what that held. Each is
   * pushed at the head if asked, so that the last one comes first.
   *
   * @param setting `list-max-listpack-size`
   */
  create(args: Args, i: number, first: number, atHead: boolean, setting: number): Ref {
    const { buf, off, len, count } = args;
    let bytes = 0;
    for (let k = first; k < count; k++) bytes += len[k];
    if (this.#exceeds(EMPTY_BYTES + bytes, count - first, setting)) {
      const list = new Quicklist(this.#db.keyspace.collections, this.#limits);
      for (let k = first; k < count; k++) {
        if (atHead) list.pushHead(buf, off[k], len[k]);
        else list.pushTail(buf, off[k], len[k]);
      }
      return this.#db.storeCollection(args, i, LARGE, list);
    }
    let total = EMPTY_BYTES;
    for (let k = first; k < count; k++) total += entryBytesFor(buf, off[k], len[k]);
    if (this.#scratch.length < total) this.#scratch = new Uint8Array(total * 2);
    const to = this.#scratch;
    let at = HEADER_BYTES;
    for (let k = first; k < count; k++) {
      const source = atHead ? count - 1 - k + first : k;
      at += writeEntry(to, at, buf, off[source], len[source]);
    }
    writeHeader(to, 0, total, count - first);
    to[at] = END;
    return this.#db.store(buf, off[i], len[i], PACKED, to, 0, total, NO_EXPIRY);
  }

  /** Stores an empty list under the key in argument `i`; the caller pushes to it at once. */
  createEmpty(args: Args, i: number): Ref {
    writeEmpty(this.#scratch, 0);
    return this.#db.store(
      args.buf,
      args.off[i],
      args.len[i],
      PACKED,
      this.#scratch,
      0,
      EMPTY_BYTES,
      NO_EXPIRY,
    );
  }

  /**
   * Makes a quicklist of a record's list if it would become too large for one listpack with so many bytes and elements
   * more. To be called before they are added.
   */
  grow(ref: Ref, bytes: number, elements: number, setting: number): Ref {
    const db = this.#db;
    if (db.isBeside(ref)) return ref;
    const { buf, off } = db.value(ref);
    const pack = this.#pack.attach(buf, off);
    const count = pack.count;
    if (!this.#exceeds(pack.bytes + bytes, count + elements, setting)) return ref;
    const list = new Quicklist(db.keyspace.collections, this.#limits);
    if (count > 0) list.appendNode(buf, off);
    return db.becomeCollection(ref, ListEncoding.quicklist, list);
  }

  /** Packs a record's list again if it has shrunk enough. To be called after elements have been removed or replaced. */
  shrink(ref: Ref, setting: number): Ref {
    const db = this.#db;
    if (!db.isBeside(ref)) return ref;
    const list = db.collection(ref) as Quicklist;
    const bytes = list.onlyNodeBytes;
    if (bytes === undefined) return ref;
    const limits = this.#limitsOf(setting);
    if (limits.byElements ? list.size > limits.elements >> 1 : bytes > limits.bytes >> 1) {
      return ref;
    }
    let packed = new Uint8Array(0);
    list.eachNode((buf, off, len) => packed = new Uint8Array(buf.subarray(off, off + len)));
    return db.becomePacked(ref, ListEncoding.listpack, packed);
  }

  /** Whether a listpack of that size is too large. */
  #exceeds(bytes: number, elements: number, setting: number): boolean {
    const limits = this.#limitsOf(setting);
    return bytes > limits.bytes || elements > limits.elements;
  }

  #limitsOf(setting: number): ListLimits {
    if (setting !== this.#setting) {
      this.#setting = setting;
      this.#limits = listLimits(setting);
    }
    return this.#limits;
  }
}

/** The list of a record if it is a quicklist. */
export function largeList(db: Database, ref: Ref): Quicklist | undefined {
  return db.collectionOf(ref) as Quicklist | undefined;
}
