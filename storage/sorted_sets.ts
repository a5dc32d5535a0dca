/**
 * The sorted sets of a database: which of the two ways a key's sorted set is kept, and how it gets from one to the
 * other.
 *
 * Small ones are packed into their keys' records, large ones live beside them. One sorted set is open at a time; who
 * needs several opens the others {@link SortedSets.openApart | apart}, for reading only.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ENCODING_SHIFT, SortedSetEncoding, Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";
import {
  EMPTY_BYTES,
  type Listpack,
  ListpackDraft,
  type ListpackOwner,
  writeEmpty,
} from "./types/listpack.ts";
import { PackedSortedSet } from "./types/packed_sorted_set.ts";
import type { SortedMembers } from "./types/sorted_members.ts";
import { SortedSet } from "./types/sorted_set.ts";

const PACKED = Type.zset | (SortedSetEncoding.listpack << ENCODING_SHIFT);
const LARGE = Type.zset | (SortedSetEncoding.skiplist << ENCODING_SHIFT);
/** Results of up to so many members are freed where they stand, larger ones in slices. */
const FREED_AT_ONCE = 64;

/** Up to what size sorted sets are packed. */
export interface PackingLimits {
  /** Most members. */
  readonly zsetMaxListpackEntries: number;
  /** Longest member, bytes. */
  readonly zsetMaxListpackValue: number;
}

/** The sorted set of a record if it is a large one, which it stays whatever happens to it. */
export function largeSortedSet(db: Database, ref: Ref): SortedSet | undefined {
  return db.collectionOf(ref) as SortedSet | undefined;
}

/** Opens the sorted sets of one database. */
export class SortedSets implements ListpackOwner {
  readonly #db: Database;
  readonly #packed = new PackedSortedSet(this);
  readonly #empty = new Uint8Array(EMPTY_BYTES);
  #ref: Ref = 0;

  constructor(db: Database) {
    this.#db = db;
    writeEmpty(this.#empty, 0);
  }

  /** The record of the key that is open. */
  get ref(): Ref {
    return this.#ref;
  }

  /**
   * Opens the sorted set of the key in argument `i`, for reading as {@link Database.read} does; undefined when there
   * is no key.
   *
   * @throws {ReplyError} WRONGTYPE
   */
  read(args: Args, i: number): SortedMembers | undefined {
    const ref = this.#db.read(args, i, Type.zset);
    return ref === 0 ? undefined : this.open(ref);
  }

  /** {@link read} for changing it, as {@link Database.find} does. */
  find(args: Args, i: number): SortedMembers | undefined {
    const ref = this.#db.find(args, i, Type.zset);
    return ref === 0 ? undefined : this.open(ref);
  }

  /** Opens the sorted set of a record. */
  open(ref: Ref): SortedMembers {
    const db = this.#db;
    this.#ref = ref;
    const large = largeSortedSet(db, ref);
    if (large !== undefined) return large;
    const { buf, off } = db.value(ref);
    return this.#packed.attach(buf, off);
  }

  /** Opens a sorted set for reading while another one is open. */
  openApart(ref: Ref): SortedMembers {
    const db = this.#db;
    const large = largeSortedSet(db, ref);
    if (large !== undefined) return large;
    const { buf, off } = db.value(ref);
    return new PackedSortedSet(readOnly).attach(buf, off);
  }

  /** Opens a new sorted set under the key in argument `i`; it must not stay empty. */
  create(args: Args, i: number, isLarge: boolean): SortedMembers {
    const db = this.#db;
    return this.open(
      isLarge
        ? db.storeCollection(args, i, LARGE, new SortedSet(db.keyspace.collections))
        : db.storeValue(args, i, PACKED, this.#empty),
    );
  }

  /** Adds a member to the open set, which becomes a large one if it must; answers the set as it is then. */
  add(
    set: SortedMembers,
    buf: Uint8Array,
    off: number,
    len: number,
    score: number,
    limits: PackingLimits,
  ): SortedMembers {
    let target = set;
    if (set === this.#packed) {
      const fits = set.size < limits.zsetMaxListpackEntries && len <= limits.zsetMaxListpackValue;
      if (!fits) target = this.#enlarge();
    }
    target.add(buf, off, len, score);
    return target;
  }

  /** Makes the open set a large one if it is to have more members than a packed one may. */
  prepareFor(set: SortedMembers, members: number, limits: PackingLimits): SortedMembers {
    return set === this.#packed && members > limits.zsetMaxListpackEntries ? this.#enlarge() : set;
  }

  #enlarge(): SortedSet {
    const db = this.#db;
    const large = SortedSet.from(this.#packed, db.keyspace.collections);
    this.#ref = db.becomeCollection(this.#ref, SortedSetEncoding.skiplist, large);
    return large;
  }

  /** Deletes the key that is open if its set has become empty; answers whether it has. */
  deleteIfEmpty(set: SortedMembers): boolean {
    if (set.size > 0) return false;
    this.#db.deleteRef(this.#ref);
    return true;
  }

  resize(pack: Listpack, length: number): void {
    this.#ref = this.#db.resizeValue(this.#ref, length);
    const { buf, off } = this.#db.value(this.#ref);
    pack.attach(buf, off);
  }

  // --- results -------------------------------------------------------------------------------------------------

  /** An empty set of no key, for a result: to be {@link store | stored} or {@link release | released}. */
  newResult(): SortedSet {
    return new SortedSet(this.#db.keyspace.collections);
  }

  /** Stores a result that is not empty under the key in argument `i`, in place of what that held. */
  store(args: Args, i: number, result: SortedSet, limits: PackingLimits): void {
    const packed = packSortedSet(result, limits);
    if (packed === undefined) {
      this.#db.storeCollection(args, i, LARGE, result);
    } else {
      this.#db.storeValue(args, i, PACKED, packed);
      this.release(result);
    }
  }

  /** Gives a result's memory back. */
  release(result: SortedSet): void {
    if (result.size > FREED_AT_ONCE) this.#db.keyspace.lazyFree.addCollection(result);
    else while (result.dismantle());
  }
}

/** Owns the bytes of a set that is opened for reading. */
const readOnly: ListpackOwner = {
  resize() {
    throw new Error("A sorted set that is opened apart must not be changed");
  },
};

/** A set's members as a packed set, if that may have them. */
export function packSortedSet(set: SortedSet, limits: PackingLimits): Uint8Array | undefined {
  const { size } = set;
  if (size > limits.zsetMaxListpackEntries) return undefined;
  const draft = new ListpackDraft();
  const packed = new PackedSortedSet(draft).attach(draft.buf, 0);
  set.seek(0);
  for (let rank = 0; rank < size; rank++) {
    if (set.len > limits.zsetMaxListpackValue) return undefined;
    packed.add(set.buf, set.off, set.len, set.score);
    set.forward();
  }
  return draft.bytes;
}
