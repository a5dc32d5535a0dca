/**
 * The head of a keyed record: the part that tables read, whatever the rest holds.
 *
 *     word 0   uint32, bit 7 (0x80): the record carries an expiry; the other bits are the owner's
 *     word 1   uint32, length of the key in bytes
 *     ...      the owner's words, up to `keyAt` (8 or 12, the same for all records of a table)
 *     keyAt    with an expiry: two uint32, low then high, a Unix time in ms
 *              the key
 *
 * All words have the machine's byte order, which is little-endian wherever Deno runs.
 *
 * @module
 */

import type { Arena, Ref } from "./arena.ts";

/** The bit of a record's first word that says it carries an expiry. */
export const HAS_EXPIRY = 0x80;

/** Bytes that an expiry takes in front of the key. */
export const EXPIRY_BYTES = 8;

const TWO_TO_32 = 4294967296;

/** Whether the record carries an expiry. */
export function hasExpiry(arena: Arena, ref: Ref): boolean {
  return (arena.u32[ref >>> 17][(ref & 0x1ffff) << 1] & HAS_EXPIRY) !== 0;
}

/** The expiry of a record that carries one, as a Unix time in ms. */
export function readExpiry(arena: Arena, ref: Ref, keyAt: number): number {
  const words = arena.u32[ref >>> 17];
  const at = ((ref & 0x1ffff) << 1) + (keyAt >>> 2);
  return words[at] + (words[at + 1] | 0) * TWO_TO_32;
}

/** Writes the expiry of a record that has the room for it; a Unix time in whole ms. */
export function writeExpiry(arena: Arena, ref: Ref, keyAt: number, expiry: number): void {
  const words = arena.u32[ref >>> 17];
  const at = ((ref & 0x1ffff) << 1) + (keyAt >>> 2);
  words[at] = expiry >>> 0;
  words[at + 1] = Math.floor(expiry / TWO_TO_32) >>> 0;
}
