/**
 * A table that also knows which of its records' keys belong to each hash slot of a cluster.
 *
 * For each slot there is a bag of the hashes of its keys (not of their refs, which compaction moves); with a hash the
 * table finds the records. It costs 6 to 12 bytes a key and a CRC16 for each key that comes or goes, so that only
 * nodes of clusters have such tables.
 *
 * @module
 */

import type { Arena, Ref } from "./arena.ts";
import type { Hasher } from "./hash.ts";
import { keySlot, SLOTS } from "./key_slot.ts";
import { keyLength, keyStart } from "./record.ts";
import { Table, type TableOptions } from "./table.ts";

/** At least one entry of every four is free: searches end there. */
const FIRST_CAPACITY = 4;
const EMPTY = 0;

/** A table of records with values. */
export class SlottedTable extends Table {
  readonly #records: Arena;
  #bags: (HashBag | undefined)[] = new Array(SLOTS).fill(undefined);
  #bagBytes = 0;

  constructor(arena: Arena, hasher: Hasher, options: TableOptions) {
    super(arena, hasher, options);
    this.#records = arena;
  }

  override insert(ref: Ref, hash: number): void {
    super.insert(ref, hash);
    const slot = this.#slotOf(ref);
    const bag = this.#bags[slot] ??= new HashBag();
    this.#bagBytes -= bag.bytes;
    bag.add(hash);
    this.#bagBytes += bag.bytes;
  }

  override remove(ref: Ref, hash: number): boolean {
    const slot = this.#slotOf(ref);
    if (!super.remove(ref, hash)) return false;
    const bag = this.#bags[slot]!;
    this.#bagBytes -= bag.bytes;
    bag.remove(hash);
    if (bag.count === 0) this.#bags[slot] = undefined;
    else this.#bagBytes += bag.bytes;
    return true;
  }

  override clear(): void {
    super.clear();
    this.#bags = new Array(SLOTS).fill(undefined);
    this.#bagBytes = 0;
  }

  override get indexBytes(): number {
    return super.indexBytes + this.#bagBytes;
  }

  /** Bytes that it takes to know the slots. */
  get slotBytes(): number {
    return this.#bagBytes;
  }

  /** How many keys a slot has. O(1). */
  countInSlot(slot: number): number {
    return this.#bags[slot]?.count ?? 0;
  }

  /** At most `most` of the records whose keys belong to a slot, in no order. O(records). */
  refsInSlot(slot: number, most = Infinity): Ref[] {
    const refs: Ref[] = [];
    const seen = new Set<number>();
    for (const hash of this.#bags[slot]?.hashes() ?? []) {
      if (refs.length >= most) break;
      // Keys of one hash are in the bag several times, but found together.
      if (seen.has(hash)) continue;
      seen.add(hash);
      this.scan(hash, 1, (ref) => {
        if (refs.length < most && this.#slotOf(ref) === slot) refs.push(ref);
      });
    }
    return refs;
  }

  #slotOf(ref: Ref): number {
    const chunk = ref >>> 17;
    const words = this.#records.u32[chunk];
    const word = (ref & 0x1ffff) << 1;
    const key = (word << 2) + keyStart(words, word);
    return keySlot(this.#records.u8[chunk], key, keyLength(words, word));
  }
}

/** Hashes, each as often as it was added: open addressing, and what follows a gap moves up into it. */
class HashBag {
  count = 0;
  #entries = new Uint32Array(FIRST_CAPACITY);

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#entries.byteLength;
  }

  add(hash: number): void {
    if (this.count * 4 >= this.#entries.length * 3) this.#resize(this.#entries.length * 2);
    this.#place(hash + 1);
    this.count++;
  }

  #place(entry: number): void {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = (entry - 1) & mask;
    while (entries[at] !== EMPTY) at = (at + 1) & mask;
    entries[at] = entry;
  }

  /** Takes out one of these hashes, of which there is one. */
  remove(hash: number): void {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = hash & mask;
    while (entries[at] !== hash + 1) {
      if (entries[at] === EMPTY) throw new Error("A key's hash is not in its slot");
      at = (at + 1) & mask;
    }
    for (let next = (at + 1) & mask; entries[next] !== EMPTY; next = (next + 1) & mask) {
      const home = (entries[next] - 1) & mask;
      // It may move up only as far as where it would be looked for first.
      if (((next - home) & mask) < ((next - at) & mask)) continue;
      entries[at] = entries[next];
      at = next;
    }
    entries[at] = EMPTY;
    this.count--;
    if (this.count * 8 < entries.length && entries.length > FIRST_CAPACITY) {
      this.#resize(entries.length / 2);
    }
  }

  #resize(capacity: number): void {
    const before = this.#entries;
    this.#entries = new Uint32Array(capacity);
    for (const entry of before) if (entry !== EMPTY) this.#place(entry);
  }

  *hashes(): Generator<number> {
    for (const entry of this.#entries) if (entry !== EMPTY) yield entry - 1;
  }
}
