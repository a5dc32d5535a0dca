/**
 * Refusals of the set commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** SINTERCARD's count of keys is no number above zero. */
export const KEY_COUNT_TOO_SMALL = "ERR numkeys should be greater than 0";

/** SINTERCARD's limit is no number from zero on. */
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

/** SPOP's count is no number from zero on. */
export const COUNT_NEGATIVE = "ERR value is out of range, must be positive";

/** SINTERCARD announces more keys than follow. */
export function tooFewKeys(): ReplyError {
  return new ReplyError("ERR Number of keys can't be greater than number of args");
}

/** A count has no opposite within 64 bits. */
export function countOutOfRange(): ReplyError {
  return new ReplyError(
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
  );
}

/** A reply to so large a count would be larger than any reply may be. */
export function replyTooLarge(): ReplyError {
  return new ReplyError("ERR value is out of range");
}
