/**
 * The record of one key, as it lies in the arena: a record with a value as {@link ./memory/record.ts} describes it,
 * whose first word says
 *
 *     bits 0–2 type, 3–6 encoding, 7 "carries an expiry", 8–31 access clock (LRU seconds or LFU)
 *
 * A short key without an expiry takes eight bytes beside its own and its value's. A block may be larger than its
 * record; the room behind the value is slack for it to grow into.
 *
 * @module
 */

/** The types of values, as numbers in a record. */
export const Type = { string: 1, list: 2, set: 3, zset: 4, hash: 5, stream: 6 } as const;
export type Type = typeof Type[keyof typeof Type];

/** Names as the TYPE command answers them, by number. */
export const TYPE_NAMES = ["none", "string", "list", "set", "zset", "hash", "stream"] as const;

/** Encodings of a string. What OBJECT ENCODING calls int and embstr is told from the bytes when it is asked. */
export const StringEncoding = {
  /** Set as a whole. */
  plain: 0,
  /** Changed in part (APPEND, SETRANGE, SETBIT): reported as raw whatever its length. */
  raw: 1,
  /** Set as a whole to text that was computed (INCRBYFLOAT): never reported as int, even if it looks like one. */
  text: 2,
} as const;

/**
 * Set in the encoding of every value that is too large for its record and lives beside it: the record's value is then
 * the number of a {@link ./collections.ts | collection}, four bytes, little-endian.
 */
export const BESIDE = 8;

/** Encodings of the collection types; those from {@link BESIDE} on are collections beside their record. */
export const ListEncoding = { listpack: 0, quicklist: BESIDE } as const;
export const SetEncoding = { intset: 0, listpack: 1, hashtable: BESIDE } as const;
export const SortedSetEncoding = { listpack: 0, skiplist: BESIDE } as const;
export const HashEncoding = {
  listpack: 0,
  listpackWithExpiry: 1,
  hashtable: BESIDE,
  hashtableWithExpiry: BESIDE + 1,
} as const;
export const StreamEncoding = { stream: BESIDE } as const;

export const TYPE_MASK = 0x07;
export const ENCODING_SHIFT = 3;
export const ENCODING_MASK = 0x0f;
export const EXPIRY_FLAG = 0x80;
export const CLOCK_SHIFT = 8;
/**
 * In a record's first word: the type and the encodings whose fields may expire, which are the odd ones. See
 * {@link mayHaveFieldTimes}.
 */
const FIELD_TIMES_MASK = TYPE_MASK | (1 << ENCODING_SHIFT);
const FIELD_TIMES = Type.hash | (1 << ENCODING_SHIFT);
/** The longest value that a record may have, bytes: its length is 32 bits, and room to grow comes on top. */
export const LARGEST_VALUE = 0xfff00000;
/** No expiry: what a key's expiry is said to be when it has none. */
export const NO_EXPIRY = -1;
/** Keep the expiry that the key has. */
export const KEEP_EXPIRY = -2;

/** How reads and writes mark a key as used. */
export const AccessTracking = { none: 0, lru: 1, lfu: 2 } as const;
export type AccessTracking = typeof AccessTracking[keyof typeof AccessTracking];

/** Whether a record's first word, or its type and encoding, is that of a hash whose fields may expire. */
export function mayHaveFieldTimes(head: number): boolean {
  return (head & FIELD_TIMES_MASK) === FIELD_TIMES;
}
