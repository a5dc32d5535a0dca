/**
 * Refusals of the hash commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** HINCRBY of a field that holds something else. */
export function valueNotAnInteger(): ReplyError {
  return new ReplyError("ERR hash value is not an integer");
}

/** HINCRBYFLOAT of a field that holds something else. */
export function valueNotAFloat(): ReplyError {
  return new ReplyError("ERR hash value is not a float");
}

/** HINCRBYFLOAT by an infinite number. */
export function incrementInfinite(): ReplyError {
  return new ReplyError("ERR value is NaN or Infinity");
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

/** The word FIELDS does not stand where it must. */
export function fieldsMissing(): ReplyError {
  return new ReplyError("ERR Mandatory argument FIELDS is missing or not at the right position");
}

/** More or fewer fields follow than the count says. */
export function fieldCountDiffers(): ReplyError {
  return new ReplyError("ERR The `numfields` parameter must match the number of arguments");
}

/** The count of fields is no number above zero. */
export const FIELD_COUNT_NOT_POSITIVE = "ERR Number of fields must be a positive integer";

/** The same, as the commands say it that set a time. */
export const FIELD_COUNT_NOT_ABOVE_ZERO = "ERR Parameter `numFields` should be greater than 0";

/** The same, as HSETEX says it. */
export const FIELD_COUNT_INVALID = "ERR invalid number of fields";

/** A field's time is below zero. */
export function expireTimeNegative(): ReplyError {
  return new ReplyError("ERR invalid expire time, must be >= 0");
}

/** HSETEX knows no such word. */
export function unknownArgument(word: string): ReplyError {
  return new ReplyError(`ERR unknown argument: ${word}`);
}

/** HSETEX names no fields. */
export function missingFields(): ReplyError {
  return new ReplyError("ERR missing FIELDS argument");
}

/** HSETEX got a word for a time but no time. */
export function missingExpireTime(): ReplyError {
  return new ReplyError("ERR missing expire time");
}

/** HSETEX got both conditions, or one twice. */
export function conditionTwice(): ReplyError {
  return new ReplyError("ERR Only one of FXX or FNX arguments can be specified");
}

/** HSETEX got more than one word about times. */
export function expirationTwice(): ReplyError {
  return new ReplyError(
    "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
  );
}
