/**
 * Compaction: gives memory back that is held by sparse chunks.
 *
 * Values that change size leave holes. When holes make up too much of the arena, the sparsest chunks are marked, a
 * walk over all tables and collections copies every block out of them, and the emptied chunks return to the system. The walk goes a
 * few segments at a time, between commands.
 *
 * @module
 */

import type { Keyspace } from "./keyspace.ts";

/** Moves a keyspace's records together in slices. */
export class Compaction {
  readonly #keyspace: Keyspace;
  readonly #clock: () => number;
  #running = false;
  #database = 0;
  /** The database whose index of volatile hashes is next. */
  #due = 0;
  #collection = 0;
  #position = 0;
  /** Bytes copied so far, over all runs. */
  movedBytes = 0;

  /** @param clock a monotonic clock in ms */
  constructor(keyspace: Keyspace, clock: () => number) {
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  /** Works for about `budget` ms, beginning a round when one is worth it. Answers whether there is more to do. */
  run(budget: number): boolean {
    const { arena, collections, databases } = this.#keyspace;
    if (!this.#running) {
      if (!arena.beginEvacuation()) return false;
      this.#running = true;
      this.#database =
        this.#due =
        this.#collection =
        this.#position =
          0;
    }
    const end = this.#clock() + budget;
    while (this.#database < databases.length) {
      const db = databases[this.#database];
      this.#position = db.table.relocateAll(this.#position, (ref) => {
        const moved = arena.evacuate(ref);
        if (moved !== ref) this.movedBytes += arena.usable(moved);
        return moved;
      });
      if (this.#position === 0) this.#database++;
      if (this.#clock() >= end) return true;
    }
    while (this.#due < databases.length) {
      this.#position = databases[this.#due].volatileHashes?.relocate(this.#position) ?? 0;
      if (this.#position === 0) this.#due++;
      if (this.#clock() >= end) return true;
    }
    while (this.#collection < collections.numbers) {
      this.#position = collections.relocate(this.#collection, this.#position);
      if (this.#position === 0) this.#collection++;
      if (this.#clock() >= end) return true;
    }
    arena.endEvacuation();
    this.#running = false;
    return false;
  }
}
