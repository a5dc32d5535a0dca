/**
 * Collections: values too large to be packed into their key's record.
 *
 * Each is one long-lived object that keeps its elements in the arena and in typed arrays; the key's record holds its
 * number here. What a collection can do as a list, a set or a stream is its own class's business
 * (./types/); this is what the keyspace must be able to do with any of them.
 *
 * @module
 */

import type { Arena } from "./memory/arena.ts";
import type { Hasher } from "./memory/hash.ts";
import type { Collection, Heap, Meter } from "./types/collection.ts";

export type { Collection, Heap, Meter } from "./types/collection.ts";

/** All collections of a keyspace, by number. */
export class Collections implements Heap {
  readonly arena: Arena;
  readonly hasher: Hasher;
  readonly meter: Meter = { bytes: 0 };
  readonly random: () => number;
  readonly #all: (Collection | undefined)[] = [];
  readonly #vacant: number[] = [];

  constructor(arena: Arena, hasher: Hasher, random: () => number) {
    this.arena = arena;
    this.hasher = hasher;
    this.random = random;
  }

  /** Bytes of all collections beside the arena. */
  get indexBytes(): number {
    return this.meter.bytes;
  }

  /** How many collections there are. */
  get count(): number {
    return this.#all.length - this.#vacant.length;
  }

  /** Takes a collection in and answers its number. */
  add(collection: Collection): number {
    const number = this.#vacant.pop() ?? this.#all.length;
    this.#all[number] = collection;
    return number;
  }

  get(number: number): Collection {
    const collection = this.#all[number];
    if (collection === undefined) throw new Error(`There is no collection ${number}`);
    return collection;
  }

  /** Gives a number back; answers the collection that had it. */
  remove(number: number): Collection {
    const collection = this.get(number);
    this.#all[number] = undefined;
    this.#vacant.push(number);
    return collection;
  }

  /** Numbers in use are below this. */
  get numbers(): number {
    return this.#all.length;
  }

  /** {@link Collection.relocate} of a number that may be vacant. */
  relocate(number: number, position: number): number {
    return this.#all[number]?.relocate(position) ?? 0;
  }

  /** Forgets all collections, whose blocks have gone with the arena. */
  clear(): void {
    this.#all.length = this.#vacant.length = 0;
    this.meter.bytes = 0;
  }
}
