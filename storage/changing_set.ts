/**
 * A set while it is changed: sorted integers, a listpack or a table, whichever suits its members.
 *
 * A set begins as an intset if its first member is an integer, else as a listpack. It goes on as a listpack when
 * something else joins the integers, and as a table when there are too many members or one is too long. It never goes
 * back.
 *
 * Knows nothing of where the packed forms lie: in the record of a key (./sets.ts) or in a buffer ({@link LooseSet}).
 *
 * @module
 */

import { SetEncoding } from "./entry.ts";
import type { Heap } from "./types/collection.ts";
import {
  EMPTY_INTSET_BYTES,
  IntSet,
  type IntSetOwner,
  parseMember,
  writeEmptyIntSet,
} from "./types/intset.ts";
import {
  type ElementSink,
  EMPTY_BYTES,
  largestEntryBytes,
  type ListpackOwner,
  writeEmpty,
} from "./types/listpack.ts";
import { PackedSet, packIntegers } from "./types/packed_set.ts";
import { MemberTable } from "./types/set.ts";
import type { MemberVisitor, SetMembers } from "./types/set_members.ts";

/** An encoding of sets. */
export type SetForm = typeof SetEncoding[keyof typeof SetEncoding];

/** Up to what size sets are packed. */
export interface SetLimits {
  /** Most integers of an intset. */
  readonly setMaxIntsetEntries: number;
  /** Most members of a listpack … */
  readonly setMaxListpackEntries: number;
  /** … and the longest one, bytes. */
  readonly setMaxListpackValue: number;
}

/** An intset has no more members, whatever the limits say. */
const LARGEST_INTSET = 2 ** 30;
/** A listpack has no more bytes, whatever the limits say. */
const LARGEST_LISTPACK = 2 ** 30;

/** The two windows, of which only one is attached at a time. */
interface Window {
  attach(buf: Uint8Array, start: number): unknown;
}

/** The encoding in which a set of about `size` members begins, the first of which is given. */
export function formFor(
  buf: Uint8Array,
  off: number,
  len: number,
  size: number,
  limits: SetLimits,
): SetForm {
  if (size <= limits.setMaxIntsetEntries && parseMember(buf, off, len) !== undefined) {
    return SetEncoding.intset;
  }
  return size <= limits.setMaxListpackEntries ? SetEncoding.listpack : SetEncoding.hashtable;
}

/** The bytes of an empty set in a packed encoding. */
export function emptySetBytes(form: SetForm): Uint8Array {
  const bytes = new Uint8Array(form === SetEncoding.intset ? EMPTY_INTSET_BYTES : EMPTY_BYTES);
  if (form === SetEncoding.intset) writeEmptyIntSet(bytes, 0);
  else writeEmpty(bytes, 0);
  return bytes;
}

/** A set that can be added to and taken from. */
export abstract class ChangingSet implements SetMembers, IntSetOwner, ListpackOwner {
  protected readonly heap: Heap;
  #limits: SetLimits | undefined;
  #form: SetForm = SetEncoding.intset;
  readonly #integers = new IntSet();
  readonly #packed = new PackedSet();
  #table: MemberTable | undefined;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** Keeps the packed bytes elsewhere, with another length; attaches the window to them. */
  abstract resize(window: Window, length: number): void;
  /** Keeps other bytes, in another packed encoding; attaches the window to them. */
  protected abstract repack(form: SetForm, bytes: Uint8Array, window: Window): void;
  /** Keeps a table instead of bytes. */
  protected abstract enlarge(table: MemberTable): void;

  /** From now on this is the packed set that begins at `off`. */
  protected openPacked(form: SetForm, buf: Uint8Array, off: number, limits: SetLimits): void {
    this.#limits = limits;
    this.#form = form;
    this.#table = undefined;
    if (form === SetEncoding.intset) this.#integers.attach(buf, off);
    else this.#packed.attach(buf, off);
  }

  /** From now on this is that table. */
  protected openTable(table: MemberTable, limits: SetLimits): void {
    this.#limits = limits;
    this.#form = SetEncoding.hashtable;
    this.#table = table;
  }

  get form(): SetForm {
    return this.#form;
  }

  /** The large set that this is, if it is one. */
  get table(): MemberTable | undefined {
    return this.#table;
  }

  get #members(): SetMembers {
    if (this.#table !== undefined) return this.#table;
    return this.#form === SetEncoding.intset ? this.#integers : this.#packed;
  }

  get #most(): SetLimits {
    if (this.#limits === undefined) throw new Error("A set must be opened before it is changed");
    return this.#limits;
  }

  // --- reading -------------------------------------------------------------------------------------------------

  get size(): number {
    return this.#members.size;
  }

  get memberBytes(): number {
    return this.#members.memberBytes;
  }

  has(buf: Uint8Array, off: number, len: number): boolean {
    return this.#members.has(buf, off, len);
  }

  some(visit: MemberVisitor): boolean {
    return this.#members.some(visit);
  }

  copy(sink: ElementSink): void {
    this.#members.copy(sink);
  }

  draw(count: number, random: () => number, sink: ElementSink): void {
    this.#members.draw(count, random, sink);
  }

  sample(count: number, random: () => number, sink: ElementSink): void {
    this.#members.sample(count, random, sink);
  }

  // --- changing ------------------------------------------------------------------------------------------------

  /** Becomes a table at once if so many members will not fit the present form. */
  prepareFor(members: number): void {
    const limits = this.#most;
    if (
      (this.#form === SetEncoding.listpack && members > limits.setMaxListpackEntries) ||
      (this.#form === SetEncoding.intset && members > limits.setMaxIntsetEntries)
    ) {
      this.#becomeTable();
    }
  }

  /** Adds a member; false if it is here already. */
  add(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    if (table !== undefined) return table.add(buf, off, len);
    return this.#form === SetEncoding.intset
      ? this.#addToIntegers(buf, off, len)
      : this.#addToPacked(buf, off, len);
  }

  #addToPacked(buf: Uint8Array, off: number, len: number): boolean {
    const packed = this.#packed;
    if (packed.has(buf, off, len)) return false;
    const { setMaxListpackEntries, setMaxListpackValue } = this.#most;
    const fits = packed.size < setMaxListpackEntries && len <= setMaxListpackValue &&
      packed.pack.bytes + len < LARGEST_LISTPACK;
    if (fits) packed.append(this, buf, off, len);
    else this.#becomeTable().add(buf, off, len);
    return true;
  }

  #addToIntegers(buf: Uint8Array, off: number, len: number): boolean {
    const integers = this.#integers;
    const value = parseMember(buf, off, len);
    if (value !== undefined) {
      if (!integers.add(this, value)) return false;
      const most = Math.min(this.#most.setMaxIntsetEntries, LARGEST_INTSET);
      if (integers.size > most) this.#becomeTable();
      return true;
    }
    if (this.#integersFitListpack(len)) {
      this.#form = SetEncoding.listpack;
      this.repack(SetEncoding.listpack, packIntegers(integers), this.#packed);
      this.#packed.append(this, buf, off, len);
    } else {
      this.#becomeTable().add(buf, off, len);
    }
    return true;
  }

  /** Whether all integers and one more member of that length may lie in a listpack. */
  #integersFitListpack(len: number): boolean {
    const integers = this.#integers;
    const { setMaxListpackEntries, setMaxListpackValue } = this.#most;
    const size = integers.size;
    if (size >= setMaxListpackEntries || len > setMaxListpackValue) return false;
    if (size === 0) return true;
    // The longest text is that of the first or of the last.
    const longest = Math.max(String(integers.at(0)).length, String(integers.at(size - 1)).length);
    return longest <= setMaxListpackValue &&
      size * largestEntryBytes(longest) + len < LARGEST_LISTPACK;
  }

  /** Removes a member; false if it is not here. */
  remove(buf: Uint8Array, off: number, len: number): boolean {
    const table = this.#table;
    if (table !== undefined) return table.remove(buf, off, len);
    if (this.#form === SetEncoding.listpack) return this.#packed.remove(this, buf, off, len);
    const value = parseMember(buf, off, len);
    return value !== undefined && this.#integers.remove(this, value);
  }

  /** Removes random different members after handing them on; there must be as many. */
  take(count: number, random: () => number, sink: ElementSink): void {
    const table = this.#table;
    if (table !== undefined) return table.take(count, random, sink);
    if (this.#form === SetEncoding.listpack) return this.#packed.take(this, count, random, sink);
    const integers = this.#integers;
    for (; count > 0; count--) {
      const index = Math.floor(random() * integers.size);
      integers.pass(index, sink);
      integers.removeAt(this, index);
    }
  }

  #becomeTable(): MemberTable {
    const table = MemberTable.from(this.#members, this.heap);
    this.#form = SetEncoding.hashtable;
    this.#table = table;
    this.enlarge(table);
    return table;
  }
}

/** Fresh room for the packed form of a set that is no key's. */
const FIRST_ROOM = 256;

/** A set that is no key's: a result on its way to one, or to a client. */
export class LooseSet extends ChangingSet {
  /** The packed form, with room to grow. */
  #buf: Uint8Array = new Uint8Array(FIRST_ROOM);
  #length = 0;

  /** An empty set that begins in this form. */
  constructor(form: SetForm, heap: Heap, limits: SetLimits) {
    super(heap);
    if (form === SetEncoding.hashtable) {
      this.openTable(new MemberTable(heap), limits);
      return;
    }
    const empty = emptySetBytes(form);
    this.#buf.set(empty);
    this.#length = empty.length;
    this.openPacked(form, this.#buf, 0, limits);
  }

  /** The bytes of the packed form. */
  get bytes(): Uint8Array {
    return this.#buf.subarray(0, this.#length);
  }

  resize(window: Window, length: number): void {
    this.#length = length;
    if (length <= this.#buf.length) return;
    const larger = new Uint8Array(length * 2);
    larger.set(this.#buf);
    this.#buf = larger;
    window.attach(larger, 0);
  }

  protected repack(_form: SetForm, bytes: Uint8Array, window: Window): void {
    this.#buf = bytes;
    this.#length = bytes.length;
    window.attach(bytes, 0);
  }

  protected enlarge(_table: MemberTable): void {
    this.#buf = new Uint8Array(0);
    this.#length = 0;
  }
}
