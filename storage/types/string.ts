/**
 * The string: bytes, and what its bytes say about it.
 *
 * A string has one representation here whatever it holds. Redis has three and shows them to clients, so they are told
 * from the bytes when somebody asks.
 *
 * @module
 */

import { parseBigInt64 } from "../../server/resp/numbers.ts";
import { StringEncoding } from "../entry.ts";

/** The representations that Redis gives strings. */
export type StringEncodingName = "int" | "embstr" | "raw";

/** The longest string that can lie in one record, bytes. */
export const LARGEST_STRING = 0xfff00000;

/** Longest string that Redis keeps in one block with its header. */
const EMBEDDED_BYTES = 44;

/**
 * The representation that Redis would give a string.
 *
 * @param encoding one of {@link StringEncoding}: how it came to be
 */
export function stringEncoding(
  buf: Uint8Array,
  off: number,
  len: number,
  encoding: number,
): StringEncodingName {
  if (encoding === StringEncoding.raw) return "raw";
  if (encoding === StringEncoding.plain && parseBigInt64(buf, off, len) !== undefined) return "int";
  return len <= EMBEDDED_BYTES ? "embstr" : "raw";
}
