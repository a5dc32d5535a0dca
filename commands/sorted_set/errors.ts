/**
 * Refusals of the commands on sorted sets, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** ZADD: new members only, and existing ones only. */
export function existingContradictsNew(): ReplyError {
  return new ReplyError("ERR XX and NX options at the same time are not compatible");
}

/** ZADD: GT, LT and NX exclude each other. */
export function comparisonsContradict(): ReplyError {
  return new ReplyError(
    "ERR GT, LT, and/or NX options at the same time are not compatible",
  );
}

/** ZADD with INCR changes one member. */
export function incrementsOne(): ReplyError {
  return new ReplyError("ERR INCR option supports a single increment-element pair");
}

/** Infinities of both signs were added. */
export function scoreNotANumber(): ReplyError {
  return new ReplyError("ERR resulting score is not a number (NaN)");
}

/** A bound of a range of scores is no number. */
export function boundNotAFloat(): ReplyError {
  return new ReplyError("ERR min or max is not a float");
}

/** A bound of a range of members is not `-`, `+`, `[member` or `(member`. */
export function boundNotAString(): ReplyError {
  return new ReplyError("ERR min or max not valid string range item");
}

/** ZRANGE by rank with LIMIT. */
export function limitNeedsBounds(): ReplyError {
  return new ReplyError(
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX",
  );
}

/** ZRANGE BYLEX with WITHSCORES. */
export function scoresAreEqual(): ReplyError {
  return new ReplyError(
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
  );
}

/** ZUNION and its like without a key. */
export function noInputKeys(command: string): ReplyError {
  return new ReplyError(`ERR at least 1 input key is needed for '${command}' command`);
}

/** ZRANDMEMBER of more members than a reply may have. */
export function countOutOfRange(): ReplyError {
  return new ReplyError("ERR value is out of range");
}
