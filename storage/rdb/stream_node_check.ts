/**
 * Whether a listpack is a stream's node (../types/stream_node.ts): readers of streams rely on it.
 *
 * @module
 */

import { Listpack } from "../types/listpack.ts";
import type { StreamId } from "../types/stream_id.ts";
import { addToMs, addToSeq, DELETED, elementsOf, SAME_FIELDS } from "../types/stream_node.ts";
import { CorruptRdb } from "./corrupt.ts";

/** What a node holds. */
export interface NodeFacts {
  /** Entries that are not marked as deleted. */
  readonly living: number;
  /** The ID of the last entry. */
  readonly last: StreamId;
}

/**
 * Walks over a checked listpack as the node of an ID.
 *
 * @throws {CorruptRdb} unless it is one through and through, its entries in order
 */
export function checkStreamNode(bytes: Uint8Array, nodeId: StreamId): NodeFacts {
  const walk = new Walk(bytes);
  const living = walk.integer();
  const deleted = walk.integer();
  const fields = walk.integer();
  walk.skip(fields);
  if (walk.integer() !== 0) throw new CorruptRdb("a stream's node has a broken head");

  let last: StreamId | undefined;
  let found = 0;
  let foundDeleted = 0;
  while (!walk.isOver) {
    const flags = walk.integer();
    const id = nodeId.clone();
    walk.requireInteger();
    addToMs(id, bytes, walk.at);
    walk.skip(1);
    walk.requireInteger();
    addToSeq(id, bytes, walk.at);
    walk.skip(1);
    if (last !== undefined && id.compare(last) <= 0) {
      throw new CorruptRdb("a stream's entries are out of order");
    }
    const sameFields = (flags & SAME_FIELDS) !== 0;
    const count = sameFields ? fields : walk.integer();
    walk.skip(sameFields ? count : count * 2);
    if (walk.integer() !== elementsOf(count, sameFields)) {
      throw new CorruptRdb("a stream's entry is counted wrong");
    }
    if ((flags & DELETED) !== 0) foundDeleted++;
    else found++;
    last = id;
  }
  if (found !== living || foundDeleted !== deleted || last === undefined) {
    throw new CorruptRdb("a stream's node is counted wrong");
  }
  return { living, last };
}

/** A walk along the elements of a listpack, which must not end before it is done. */
class Walk {
  readonly #pack = new Listpack();
  at: number;

  constructor(bytes: Uint8Array) {
    this.#pack.attach(bytes, 0);
    this.at = this.#pack.first();
  }

  get isOver(): boolean {
    return this.at === 0;
  }

  requireInteger(): void {
    if (this.at === 0) throw new CorruptRdb("a stream's node ends too early");
    this.#pack.read(this.at);
    if (!this.#pack.isInt) throw new CorruptRdb("a stream's node has text for a number");
  }

  /** A number that counts something. */
  integer(): number {
    this.requireInteger();
    const value = Number(this.#pack.int);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new CorruptRdb("a stream's node has a number out of range");
    }
    this.skip(1);
    return value;
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) {
      if (this.at === 0) throw new CorruptRdb("a stream's node ends too early");
      this.at = this.#pack.next(this.at);
    }
  }
}
