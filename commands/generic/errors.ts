/**
 * Refusals of the commands about keys, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";

/** RENAME of a key that does not exist. */
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
