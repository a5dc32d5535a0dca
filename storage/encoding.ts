/**
 * The names of representations that Redis would give the values here, for OBJECT ENCODING and DEBUG OBJECT.
 *
 * @module
 */

import { parseBigInt64 } from "../server/resp/numbers.ts";
import { HashEncoding, SetEncoding, StringEncoding, Type } from "./entry.ts";
import type { Database } from "./keyspace.ts";
import type { Ref } from "./memory/arena.ts";

const SET_ENCODINGS: Readonly<Record<number, string>> = {
  [SetEncoding.intset]: "intset",
  [SetEncoding.listpack]: "listpack",
  [SetEncoding.hashtable]: "hashtable",
};

const HASH_ENCODINGS: Readonly<Record<number, string>> = {
  [HashEncoding.listpack]: "listpack",
  [HashEncoding.listpackWithExpiry]: "listpackex",
  [HashEncoding.hashtable]: "hashtable",
  [HashEncoding.hashtableWithExpiry]: "hashtable",
};

/** What OBJECT ENCODING calls a value's representation. */
export function encodingName(db: Database, ref: Ref): string {
  const type = db.type(ref);
  switch (type) {
    case Type.string: {
      const { buf, off, len } = db.value(ref);
      return stringEncoding(buf, off, len, db.encoding(ref));
    }
    case Type.list:
      return db.isBeside(ref) ? "quicklist" : "listpack";
    case Type.set:
      return SET_ENCODINGS[db.encoding(ref)];
    case Type.zset:
      return db.isBeside(ref) ? "skiplist" : "listpack";
    case Type.hash:
      return HASH_ENCODINGS[db.encoding(ref)];
    case Type.stream:
      return "stream";
  }
}

/** Longest string that Redis keeps in one block with its header. */
const EMBEDDED_BYTES = 44;

/**
 * What OBJECT ENCODING calls the representation that Redis would give a string. Here it has one, whatever it holds.
 *
 * @param encoding one of {@link StringEncoding}: how it came to be
 */
export function stringEncoding(
  buf: Uint8Array,
  off: number,
  len: number,
  encoding: number,
): "int" | "embstr" | "raw" {
  if (encoding === StringEncoding.raw) return "raw";
  if (encoding === StringEncoding.plain && parseBigInt64(buf, off, len) !== undefined) return "int";
  return len <= EMBEDDED_BYTES ? "embstr" : "raw";
}
