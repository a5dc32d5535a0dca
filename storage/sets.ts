/**
 * The sets of a database: reads and changes the sets that keys hold, and stores results.
 *
 * Small ones are packed into their keys' records, large ones live beside them. One set is open for changes at a time;
 * for reading any number can be, see {@link membersOf}.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import {
  ChangingSet,
  emptySetBytes,
  formFor,
  LooseSet,
  type SetForm,
  type SetLimits,
} from "./changing_set.ts";
import { ENCODING_SHIFT, NO_EXPIRY, SetEncoding, Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import { IntSet } from "./types/intset.ts";
import { PackedSet } from "./types/packed_set.ts";
import { MemberTable } from "./types/set.ts";
import type { MemberVisitor, SetMembers } from "./types/set_members.ts";

const LARGE = Type.set | (SetEncoding.hashtable << ENCODING_SHIFT);
/** Tables of up to so many members are freed where they stand, larger ones in slices. */
const FREED_AT_ONCE = 64;

/** The members of the set that a record holds, until the record changes. */
export function membersOf(db: Database, ref: Ref): SetMembers {
  const large = largeSet(db, ref);
  if (large !== undefined) return large;
  const { buf, off } = db.value(ref);
  const window = db.encoding(ref) === SetEncoding.intset ? new IntSet() : new PackedSet();
  return window.attach(buf, off);
}

/** Visits every member of the set that a record holds, until one visit answers true. The record must not change. */
export function forEachMember(db: Database, ref: Ref, visit: MemberVisitor): void {
  membersOf(db, ref).some(visit);
}

/** Whether the set that a record holds has this member. */
export function hasMember(
  db: Database,
  ref: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
): boolean {
  return membersOf(db, ref).has(buf, off, len);
}

/** How many members the set that a record holds has. */
export function memberCount(db: Database, ref: Ref): number {
  return membersOf(db, ref).size;
}

/** The set of a record if it is a large one, which it stays whatever happens to it. */
export function largeSet(db: Database, ref: Ref): MemberTable | undefined {
  return db.collectionOf(ref) as MemberTable | undefined;
}

/** The set of one key of a database, open for changes. */
export class Sets extends ChangingSet {
  readonly #db: Database;
  #ref: Ref = 0;

  constructor(db: Database) {
    super(db.keyspace.collections);
    this.#db = db;
  }

  /** The record of the key whose set is open. */
  get ref(): Ref {
    return this.#ref;
  }

  /** Opens the set that a record holds. */
  open(ref: Ref, limits: SetLimits): this {
    const db = this.#db;
    this.#ref = ref;
    const large = largeSet(db, ref);
    if (large !== undefined) {
      this.openTable(large, limits);
    } else {
      const { buf, off } = db.value(ref);
      this.openPacked(db.encoding(ref) as SetForm, buf, off, limits);
    }
    return this;
  }

  /**
   * Opens a new set under the key in argument `i`, in the form that suits about `size` members of which that in
   * argument `m` is the first. It must not stay empty.
   */
  create(args: Args, i: number, m: number, size: number, limits: SetLimits): this {
    const form = formFor(args.buf, args.off[m], args.len[m], size, limits);
    const db = this.#db;
    const ref = form === SetEncoding.hashtable
      ? db.storeCollection(args, i, LARGE, new MemberTable(this.heap))
      : db.storeValue(args, i, kindOf(form), emptySetBytes(form));
    return this.open(ref, limits);
  }

  /** Deletes the open key if its set has become empty; answers whether it has. */
  deleteIfEmpty(): boolean {
    if (this.size > 0) return false;
    this.#db.deleteRef(this.#ref);
    return true;
  }

  resize(window: { attach(buf: Uint8Array, start: number): unknown }, length: number): void {
    this.#ref = this.#db.resizeValue(this.#ref, length);
    const { buf, off } = this.#db.value(this.#ref);
    window.attach(buf, off);
  }

  protected repack(
    form: SetForm,
    bytes: Uint8Array,
    window: { attach(buf: Uint8Array, start: number): unknown },
  ): void {
    this.#ref = this.#db.becomePacked(this.#ref, form, bytes);
    const { buf, off } = this.#db.value(this.#ref);
    window.attach(buf, off);
  }

  protected enlarge(table: MemberTable): void {
    this.#ref = this.#db.becomeCollection(this.#ref, SetEncoding.hashtable, table);
  }

  // --- results -------------------------------------------------------------------------------------------------

  /** An empty set of no key, for a result: to be {@link store | stored} or {@link release | released}. */
  newResult(form: SetForm, limits: SetLimits): LooseSet {
    return new LooseSet(form, this.heap, limits);
  }

  /** Stores a result under the key in argument `i`, in place of what that held. */
  store(args: Args, i: number, result: LooseSet, expiry = NO_EXPIRY): void {
    const { table, form } = result;
    if (table !== undefined) this.#db.storeCollection(args, i, LARGE, table, expiry);
    else this.#db.storeValue(args, i, kindOf(form), result.bytes, expiry);
  }

  /** Gives a result's memory back. */
  release(result: LooseSet): void {
    const { table } = result;
    if (table === undefined) return;
    if (table.size > FREED_AT_ONCE) this.#db.keyspace.lazyFree.addCollection(table);
    else while (table.dismantle());
  }
}

function kindOf(form: SetForm): number {
  return Type.set | (form << ENCODING_SHIFT);
}
