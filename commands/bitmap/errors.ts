/**
 * Refusals of the bitmap commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** An offset is no integer, negative, or beyond the longest string. */
export const BIT_OFFSET_OUT_OF_RANGE = "ERR bit offset is not an integer or out of range";

/** SETBIT takes 0 and 1. */
export const BIT_OUT_OF_RANGE = "ERR bit is not an integer or out of range";

/** BITPOS looks for 0 or 1. */
export function bitNeitherZeroNorOne(): ReplyError {
  return new ReplyError("ERR The bit argument must be 1 or 0.");
}

/** BITOP NOT of several keys. */
export function notTakesOneKey(): ReplyError {
  return new ReplyError("ERR BITOP NOT must be called with a single source key.");
}

/** A field's type is none. */
export function invalidFieldType(): ReplyError {
  return new ReplyError(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but " +
      "i64 is.",
  );
}

/** BITFIELD knows no such way to overflow. */
export function invalidOverflow(): ReplyError {
  return new ReplyError("ERR Invalid OVERFLOW type specified");
}

/** BITFIELD_RO was told to write. */
export function onlyGet(): ReplyError {
  return new ReplyError("ERR BITFIELD_RO only supports the GET subcommand");
}
