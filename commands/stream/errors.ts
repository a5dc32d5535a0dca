/**
 * Refusals of the stream commands, in Redis's words.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";

/** An argument is no ID. */
export function invalidId(): ReplyError {
  return new ReplyError("ERR Invalid stream ID specified as stream command argument");
}

/** An interval that does not include its start begins behind the greatest ID. */
export function invalidIntervalStart(): ReplyError {
  return new ReplyError("ERR invalid start ID for the interval");
}

/** An interval that does not include its end ends before 0-0. */
export function invalidIntervalEnd(): ReplyError {
  return new ReplyError("ERR invalid end ID for the interval");
}

/** XADD with the ID 0-0. */
export function idNotAboveZero(): ReplyError {
  return new ReplyError("ERR The ID specified in XADD must be greater than 0-0");
}

/** XADD with an ID that is not above all others. */
export function idNotAboveTop(): ReplyError {
  return new ReplyError(
    "ERR The ID specified in XADD is equal or smaller than the target stream top item",
  );
}

/** There is no ID left. */
export function idsExhausted(): ReplyError {
  return new ReplyError(
    "ERR The stream has exhausted the last possible ID, unable to add more items",
  );
}

/** The fields and values of an entry are too many bytes. */
export function entryTooLarge(): ReplyError {
  return new ReplyError("ERR Elements are too large to be stored");
}

/** XREADGROUP of a key or group that does not exist, each given by an argument. */
export function noGroupToRead(args: Args, key: number, group: number): ReplyError {
  return new ReplyError(
    `NOGROUP No such key '${shown(args, key)}' or consumer group '${shown(args, group)}' ` +
      "in XREADGROUP with GROUP option",
  );
}

/** The key or the group does not exist. */
export function noKeyOrGroup(args: Args, key: number, group: number): ReplyError {
  return new ReplyError(
    `NOGROUP No such key '${shown(args, key)}' or consumer group '${shown(args, group)}'`,
  );
}

/** The key exists, the group does not. */
export function noGroup(args: Args, key: number, group: number): ReplyError {
  return new ReplyError(
    `NOGROUP No such consumer group '${shown(args, group)}' for key name '${shown(args, key)}'`,
  );
}

/** There is a group of that name already. */
export function groupExists(): ReplyError {
  return new ReplyError("BUSYGROUP Consumer Group name already exists");
}

/** XGROUP of a key that does not exist. */
export function groupNeedsKey(): ReplyError {
  return new ReplyError(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to " +
      "use the MKSTREAM option to create an empty stream automatically.",
  );
}

/** An argument as an error shows it: Redis formats errors as C strings, which end at a NUL. */
function shown(args: Args, i: number): string {
  return args.binary(i).split("\0", 1)[0];
}
