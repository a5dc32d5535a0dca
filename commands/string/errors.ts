/**
 * Refusals of the string commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** MSET and its like got a key without a value; the name in lower case. */
export function wrongNumberOfArguments(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}

/** An expiry that is not above zero, or beyond 64 bits of milliseconds; the command's name in lower case. */
export function invalidExpireTime(name: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${name}' command`);
}

/** A sum would not fit 64 bits. */
export function incrementOverflows(): ReplyError {
  return new ReplyError("ERR increment or decrement would overflow");
}

/** The decrement has no opposite within 64 bits. */
export function decrementOverflows(): ReplyError {
  return new ReplyError("ERR decrement would overflow");
}

/** A floating-point sum is not finite. */
export function incrementNotFinite(): ReplyError {
  return new ReplyError("ERR increment would produce NaN or Infinity");
}

/** A string would grow beyond `proto-max-bulk-len`. */
export function stringTooLong(): ReplyError {
  return new ReplyError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}

/** An offset into a string is negative. */
export function offsetOutOfRange(): ReplyError {
  return new ReplyError("ERR offset is out of range");
}
