/**
 * Refusals of the list commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** LSET beyond the list. */
export function indexOutOfRange(): ReplyError {
  return new ReplyError("ERR index out of range");
}

/** LSET of a key that does not exist. */
export function noSuchKey(): ReplyError {
  return new ReplyError("ERR no such key");
}

/** LPOP and its like got more than a count; the name in lower case. */
export function wrongNumberOfArguments(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}

/** LPOS counts matches from 1, or from -1 backwards. */
export function rankIsZero(): ReplyError {
  return new ReplyError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      "or use negative to start from the end of the list",
  );
}

/** A rank has no opposite within 64 bits. */
export function rankOutOfRange(): ReplyError {
  return new ReplyError(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  );
}

/** LPOP's count is no number from zero on. */
export const POP_COUNT_NEGATIVE = "ERR value is out of range, must be positive";

/** LPOS's count is no number from zero on. */
export const COUNT_NEGATIVE = "ERR COUNT can't be negative";

/** LPOS's number of comparisons is no number from zero on. */
export const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";

/** LMPOP's count of keys is no number above zero. */
export const KEY_COUNT_TOO_SMALL = "ERR numkeys should be greater than 0";

/** LMPOP's count of elements is no number above zero. */
export const COUNT_TOO_SMALL = "ERR count should be greater than 0";
