/**
 * Refusals of the HyperLogLog commands, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** The key holds a string that is no HyperLogLog. */
export function notAHyperLogLog(): ReplyError {
  return new ReplyError("WRONGTYPE Key is not a valid HyperLogLog string value.");
}

/** The string begins like a HyperLogLog but goes on like none. */
export function corruptHyperLogLog(): ReplyError {
  return new ReplyError("INVALIDOBJ Corrupted HLL object detected");
}

/** PFDEBUG of an absent key. */
export function keyDoesNotExist(): ReplyError {
  return new ReplyError("ERR The specified key does not exist");
}

/** PFDEBUG DECODE shows runs, which only a sparse one has. */
export function notSparse(): ReplyError {
  return new ReplyError("ERR HLL encoding is not sparse");
}

/** PFDEBUG knows no such subcommand. */
export function unknownDebugSubcommand(name: string): ReplyError {
  return new ReplyError(`ERR Unknown PFDEBUG subcommand '${name}'`);
}

/** PFSELFTEST found that something is wrong. */
export function selfTestFailed(what: string): ReplyError {
  return new ReplyError(`ERR TESTFAILED ${what}`);
}
