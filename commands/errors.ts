/**
 * Refusals of the commands, in Redis's words: clients match on these texts. They stand in the order of the groups, each
 * text once.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ReplyError } from "../server/resp/errors.ts";
import { formatFixed } from "../server/resp/numbers.ts";

// Keys of any type

/** RENAME or LSET of a key that does not exist. */
export function noSuchKey(): ReplyError {
  return new ReplyError("ERR no such key");
}

/** There is no database of that number. */
export function databaseOutOfRange(): ReplyError {
  return new ReplyError("ERR DB index is out of range");
}

/** A key would be copied or moved onto itself. */
export function sameObject(): ReplyError {
  return new ReplyError("ERR source and destination objects are the same");
}

/** SCAN's cursor is no unsigned 64-bit number. */
export function invalidCursor(): ReplyError {
  return new ReplyError("ERR invalid cursor");
}

/** EXPIRE knows no such condition. */
export function unsupportedOption(option: string): ReplyError {
  return new ReplyError(`ERR Unsupported option ${option}`);
}

/** NX contradicts the other conditions of EXPIRE. */
export function newContradictsOthers(): ReplyError {
  return new ReplyError(
    "ERR NX and XX, GT or LT options at the same time are not compatible",
  );
}

/** GT contradicts LT. */
export function greaterContradictsLess(): ReplyError {
  return new ReplyError("ERR GT and LT options at the same time are not compatible");
}

/** OBJECT IDLETIME under an LFU policy. */
export function idleTimeNotTracked(): ReplyError {
  return new ReplyError(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when " +
      "switching between policies at runtime LRU and LFU data will take some time to adjust.",
  );
}

/** OBJECT FREQ under any other policy. */
export function frequencyNotTracked(): ReplyError {
  return new ReplyError(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note " +
      "that when switching between policies at runtime LRU and LFU data will take some time to " +
      "adjust.",
  );
}

/** The timeout is below zero. */
export function timeoutNegative(): ReplyError {
  return new ReplyError("ERR timeout is negative");
}

/** The timeout ends beyond 64 bits of milliseconds. */
export function timeoutOutOfRange(): ReplyError {
  return new ReplyError("ERR timeout is out of range");
}

/** WAIT at a replica. */
export function waitAtReplica(): ReplyError {
  return new ReplyError(
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a " +
      "replica is configured to be writable (which is not the default) writes to replicas are " +
      "just local and are not propagated.",
  );
}

/** WAITAOF at a replica. */
export function waitaofAtReplica(): ReplyError {
  return new ReplyError(
    "ERR WAITAOF cannot be used with replica instances. Please also note that writes to " +
      "replicas are just local and are not propagated.",
  );
}

/** A write at a replica that follows its primary in everything. */
export function readOnlyReplica(): ReplyError {
  return new ReplyError("READONLY You can't write against a read only replica.");
}

/** A replica without a link to its primary that does not show what may be old. */
export function primaryIsDown(): ReplyError {
  return new ReplyError(
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  );
}

/** WAITAOF asks for the local AOF, but there is none. */
export function appendOnlyDisabled(): ReplyError {
  return new ReplyError(
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.",
  );
}

/** RESTORE to a key that exists. */
export function busyKey(): ReplyError {
  return new ReplyError("BUSYKEY Target key name already exists.");
}

/** Fewer replicas follow than `min-replicas-to-write` wants. */
export function tooFewReplicas(): ReplyError {
  return new ReplyError("NOREPLICAS Not enough good replicas to write.");
}

/** Effects cannot be written to the append-only file, for this reason; for a script that may write, in other words. */
export function cannotAppend(reason: string, { forScript = false } = {}): ReplyError {
  return new ReplyError(
    forScript
      ? "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. " +
        "Writable scripts are blocked. Use 'no-writes' flag for read only scripts. " +
        `AOF error: ${reason}`
      : `MISCONF Errors writing to the AOF file: ${reason}`,
  );
}

/** The data are not there yet. */
export function isLoading(): ReplyError {
  return new ReplyError("LOADING Redis is loading the dataset in memory");
}

/** A file could not be written; why is in the log. */
export function saveFailure(): ReplyError {
  return new ReplyError("ERR");
}

/** SHUTDOWN could not save, or was called off. */
export function shutdownFailure(): ReplyError {
  return new ReplyError("ERR Errors trying to SHUTDOWN. Check logs.");
}

/** Writes are refused while snapshots cannot be saved; for a script that says that it may write, in other words. */
export function cannotSave({ forScript = false } = {}): ReplyError {
  const why =
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. ";
  return new ReplyError(
    why +
      (forScript
        ? "Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
        : "Commands that may modify the data set are disabled, because this instance is configured to report errors " +
          "during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs " +
          "for details about the RDB error."),
  );
}

/** RESTORE with a time to live below zero. */
export function invalidTtl(): ReplyError {
  return new ReplyError("ERR Invalid TTL value, must be >= 0");
}

/** RESTORE with an idle time below zero. */
export function invalidIdleTime(): ReplyError {
  return new ReplyError("ERR Invalid IDLETIME value, must be >= 0");
}

/** RESTORE with a frequency that is no LFU counter. */
export function invalidFrequency(): ReplyError {
  return new ReplyError("ERR Invalid FREQ value, must be >= 0 and <= 255");
}

/** What RESTORE was given ends as no payload does. */
export function notADump(): ReplyError {
  return new ReplyError("ERR DUMP payload version or checksum are wrong");
}

/** What RESTORE was given holds no value. */
export function badDumpFormat(): ReplyError {
  return new ReplyError("ERR Bad data format");
}

// Strings

/** The count of arguments fits, but not their sense: a key without a value; the name in lower case. */
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

// Bitmaps

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

// HyperLogLogs

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

// Lists

/** LSET beyond the list. */
export function indexOutOfRange(): ReplyError {
  return new ReplyError("ERR index out of range");
}

/** LPOS counts matches from 1, or from -1 backwards. */
export function rankIsZero(): ReplyError {
  return new ReplyError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      "or use negative to start from the end of the list",
  );
}

/** The count of LPOP, of SPOP, is no number from zero on. */
export const POP_COUNT_NEGATIVE = "ERR value is out of range, must be positive";

/** LPOS's count is no number from zero on. */
export const COUNT_NEGATIVE = "ERR COUNT can't be negative";

/** LPOS's number of comparisons is no number from zero on. */
export const MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";

/** The count of keys (LMPOP, SINTERCARD) is no number above zero. */
export const KEY_COUNT_TOO_SMALL = "ERR numkeys should be greater than 0";

/** LMPOP's count of elements is no number above zero. */
export const COUNT_TOO_SMALL = "ERR count should be greater than 0";

// Hashes

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

/** A count, or a rank, has no opposite within 64 bits. */
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

// Sets

/** SINTERCARD's limit is no number from zero on. */
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

/** SINTERCARD announces more keys than follow. */
export function tooFewKeys(): ReplyError {
  return new ReplyError("ERR Number of keys can't be greater than number of args");
}

// Sorted sets

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

// Places

/** A place that the grid has not. */
export function placeOutOfRange(longitude: number, latitude: number): ReplyError {
  const pair = `${formatFixed(longitude, 6)},${formatFixed(latitude, 6)}`;
  return new ReplyError(`ERR invalid longitude,latitude pair ${pair}`);
}

/** Not one of m, km, ft and mi. */
export function unknownUnit(): ReplyError {
  return new ReplyError("ERR unsupported unit provided. please use M, KM, FT, MI");
}

/** A radius below zero. */
export function radiusNegative(): ReplyError {
  return new ReplyError("ERR radius cannot be negative");
}

/** A box with a side below zero. */
export function sideNegative(): ReplyError {
  return new ReplyError("ERR height or width cannot be negative");
}

/** The member to search around is not there. */
export function noSuchPlace(): ReplyError {
  return new ReplyError("ERR could not decode requested zset member");
}

/** COUNT 0, or below. */
export function countNotPositive(): ReplyError {
  return new ReplyError("ERR COUNT must be > 0");
}

/** ANY without COUNT. */
export function anyNeedsCount(): ReplyError {
  return new ReplyError("ERR the ANY argument requires COUNT argument");
}

/** Stored results have no distances, hashes and coordinates beside them. */
export function storedWithoutExtras(what: string): ReplyError {
  return new ReplyError(
    `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`,
  );
}

/** GEOSEARCH without a middle; the command's name as it was sent. */
export function middleMissing(command: string): ReplyError {
  return new ReplyError(
    `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`,
  );
}

/** GEOSEARCH without a shape; the command's name as it was sent. */
export function shapeMissing(command: string): ReplyError {
  return new ReplyError(
    `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`,
  );
}

// Streams

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
export function shown(args: Args, i: number): string {
  return args.binary(i).split("\0", 1)[0];
}

/** A node of a cluster has one database, and no other roles than its cluster gives it; `what` is such as `SELECT is`. */
export function notInCluster(what: string): ReplyError {
  return new ReplyError(`ERR ${what} not allowed in cluster mode`);
}

/** SCRIPT DEBUG YES wants the effects of a script undone when its debugging ends. */
export function cannotUndoScripts(): ReplyError {
  return new ReplyError(
    "ERR This server cannot undo what a debugged script changes: use SCRIPT DEBUG SYNC",
  );
}
