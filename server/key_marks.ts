/**
 * Tells at a glance that nobody cares for a key.
 *
 * Every key that somebody waits for or watches sets one of a thousand marks, chosen by a few of the key's bytes. A key
 * without a mark is nobody's; one with a mark must be looked up by its {@link keyName}, which costs far more.
 *
 * @module
 */

import type { Database } from "../storage/keyspace.ts";
import { decodeLatin1 } from "./resp/args.ts";

/** How many marks there are; a power of two. */
const MARKS = 1024;

/** The marks of a set of keys; a key that is added twice must be removed twice. */
export class KeyMarks {
  readonly #counts = new Uint32Array(MARKS);

  add(key: Uint8Array): void {
    this.#counts[markOf(key, 0, key.length)]++;
  }

  remove(key: Uint8Array): void {
    this.#counts[markOf(key, 0, key.length)]--;
  }

  /** Whether the `len` bytes at `off` may be one of the keys; false is certain. */
  mayHave(buf: Uint8Array, off: number, len: number): boolean {
    return this.#counts[markOf(buf, off, len)] > 0;
  }
}

/** A key of a database as a map's key. */
export function keyName(db: Database, buf: Uint8Array, off: number, len: number): string {
  return `${db.id}:${decodeLatin1(buf.subarray(off, off + len))}`;
}

function markOf(buf: Uint8Array, off: number, len: number): number {
  if (len === 0) return 0;
  const last = off + len - 1;
  const middle = off + (len >> 1);
  return (len + buf[off] * 5 + buf[last] * 31 + buf[middle] * 211) & (MARKS - 1);
}
