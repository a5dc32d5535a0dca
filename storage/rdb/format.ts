/**
 * The codes of the RDB format: types of values and the marks of lengths and strings; and what is thrown when bytes that
 * should be RDB are not.
 *
 * @module
 */

/** How a value is laid out, by the code in front of it. */
export const RdbType = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  zset2: 5,
  /** A value of a module, before and since the release of the version that brought modules. */
  modulePrerelease: 6,
  module: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  quicklist: 14,
  stream: 15,
  hashListpack: 16,
  zsetListpack: 17,
  quicklist2: 18,
  stream2: 19,
  setListpack: 20,
  stream3: 21,
  hashWithExpiry: 24,
  hashListpackWithExpiry: 25,
} as const;

/** What stands in a type's place and is none. */
export const RdbOpcode = {
  /** A library of functions … */
  function2: 245,
  /** … and the form of one that no release of Redis has written. */
  functionPrerelease: 246,
  /** An LFU counter, or idle seconds, of the key that follows. */
  frequency: 249,
  idle: 248,
  /** A field about the whole: name and value. */
  aux: 250,
  /** What a module keeps beside the keys. */
  moduleAux: 247,
  /** How many keys a slot of a cluster has. */
  slot: 244,
  /** How many keys a database has, and how many of them have an expiry. */
  sizes: 251,
  /** When the key that follows expires, Unix time in seconds, or in ms. */
  expirySeconds: 253,
  expiryMillis: 252,
  /** The number of the database that the following keys belong to. */
  database: 254,
  end: 255,
} as const;

/** The first versions of the format in which a type may occur, where that is after {@link COMMON_VERSION}. */
export const SET_LISTPACK_VERSION = 11;
export const STREAM3_VERSION = 11;
export const HASH_EXPIRY_VERSION = 12;
/** The version of Redis 7.0, which everybody reads who matters. */
export const COMMON_VERSION = 10;
/** The newest version that is understood. */
export const NEWEST_VERSION = 12;

/** The two highest bits of a length's first byte. */
export const LengthForm = { six: 0x00, fourteen: 0x40, wide: 0x80, special: 0xc0 } as const;
/** Lengths of four and of eight bytes. */
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
/** What stands in a string's place under {@link LengthForm.special}. */
export const SpecialString = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;

/** What a node of a quicklist is: one large element as it is, or a listpack. */
export const ListContainer = { plain: 1, packed: 2 } as const;

/** The bytes cannot be what they should be; the message says why. */
export class CorruptRdb extends Error {
  override readonly name = "CorruptRdb";
}

/** A value that ends where it should and has no elements: there is no such key. */
export class EmptyCollection extends CorruptRdb {}

/** The bytes end before what they should hold does; more of them may follow. */
export class ShortRdb extends CorruptRdb {}
