/**
 * The head of a keyed record: the part that tables read, whatever the rest holds.
 *
 *     word 0   uint32, bit 7 (0x80): the record carries an expiry; the other bits are the owner's
 *     word 1   uint32, length of the key in bytes
 *     ...      the owner's words, up to `keyAt` (the same for all records of a table)
 *     keyAt    with an expiry: two uint32, low then high, a Unix time in ms
 *              the key
 *
 * A **record with a value** (a table is told that it has those) keeps both lengths in word 1, since nearly all are
 * short, and has no words of its owner's:
 *
 *     word 1   bits 0–11 length of the key, bits 12–31 length of the value; or, if bits 0–11 are all set, nothing
 *     word 2   with an expiry: two uint32, a Unix time in ms
 *              if bits 0–11 of word 1 are all set: uint32 length of the key, uint32 length of the value
 *              the key, the value
 *
 * Every record may have its lengths in words of their own; one with a key from 4095 bytes on or a value from 1 MiB on
 * must.
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

/** Bytes before the expiry or the key of a record with a value. */
export const VALUED_KEY_AT = 8;

/** The bits of a key's length in word 1 of a record with a value; all set if the lengths have words of their own. */
export const LONG = 0xfff;
const VALUE_SHIFT = 12;
const LARGEST_SHORT_VALUE = 0xfffff;
/** Bytes that lengths take in words of their own. */
export const LENGTHS_BYTES = 8;

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

// --- records with a value: `word` is the first word of one, `words` its chunk's --------------------------------------

/** Whether lengths like these need words of their own. */
export function areLong(keyLength: number, valueLength: number): boolean {
  return keyLength >= LONG || valueLength > LARGEST_SHORT_VALUE;
}

/** Whether the record's lengths have words of their own. */
export function isLong(words: Uint32Array, word: number): boolean {
  return (words[word + 1] & LONG) === LONG;
}

/** Bytes before the key. */
export function headBytes(isVolatile: boolean, isLong: boolean): number {
  return VALUED_KEY_AT + (isVolatile ? EXPIRY_BYTES : 0) + (isLong ? LENGTHS_BYTES : 0);
}

/** Bytes before the key of a record that there is. */
export function keyStart(words: Uint32Array, word: number): number {
  // The expiry's eight bytes, without a branch.
  const start = VALUED_KEY_AT + ((words[word] & HAS_EXPIRY) >>> 4);
  return (words[word + 1] & LONG) === LONG ? start + LENGTHS_BYTES : start;
}

export function keyLength(words: Uint32Array, word: number): number {
  const length = words[word + 1] & LONG;
  return length !== LONG ? length : words[lengthsAt(words, word)];
}

export function valueLength(words: Uint32Array, word: number): number {
  const lengths = words[word + 1];
  return (lengths & LONG) !== LONG ? lengths >>> VALUE_SHIFT : words[lengthsAt(words, word) + 1];
}

/** Writes the lengths where they belong; whether the record carries an expiry must be written already. */
export function writeLengths(
  words: Uint32Array,
  word: number,
  keyLength: number,
  valueLength: number,
  isLong: boolean,
): void {
  if (!isLong) {
    words[word + 1] = keyLength | (valueLength << VALUE_SHIFT);
    return;
  }
  words[word + 1] = LONG;
  const at = lengthsAt(words, word);
  words[at] = keyLength;
  words[at + 1] = valueLength;
}

function lengthsAt(words: Uint32Array, word: number): number {
  return word + (VALUED_KEY_AT >>> 2) + ((words[word] & HAS_EXPIRY) >>> 6);
}
