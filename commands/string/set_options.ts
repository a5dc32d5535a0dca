/**
 * The options that SET and GETEX share, and the record that SETEX and PSETEX fill in by themselves.
 *
 * Reading has two steps, because clients see the first refusal: the grammar of all options first, then the time.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { INT64_MAX } from "../../server/resp/numbers.ts";
import { invalidExpireTime } from "../errors.ts";

/** What is to become of the key's expiry. Only one may be asked for. */
export const Expiration = {
  /** Not said. */
  none: 0,
  /** EX, PX: from now on. */
  seconds: 1,
  milliseconds: 2,
  /** EXAT, PXAT: Unix time. */
  atSecond: 3,
  atMillisecond: 4,
  /** KEEPTTL */
  keep: 5,
  /** PERSIST */
  remove: 6,
} as const;
export type Expiration = typeof Expiration[keyof typeof Expiration];

/** Options of SET. */
export interface SetOptions {
  /** NX */
  onlyNew: boolean;
  /** XX */
  onlyExisting: boolean;
  /** GET */
  get: boolean;
  expiration: Expiration;
  /** The argument that holds the time, 0 for none. */
  timeAt: number;
}

/** Times below this many seconds or milliseconds need no exact arithmetic. */
const PLAIN_TIME = 1e12;
/** The latest time that is both a double and 64 bits of milliseconds. */
const LATEST = 2 ** 63 - 1024;

/**
 * Reads the options of SET.
 *
 * @param from the first argument that may be one
 * @throws {ReplyError} `ERR syntax error`
 */
export function readSetOptions(args: Args, from: number): SetOptions {
  const options: SetOptions = {
    onlyNew: false,
    onlyExisting: false,
    get: false,
    expiration: Expiration.none,
    timeAt: 0,
  };
  for (let i = from; i < args.count; i++) {
    if (args.is(i, "NX") && !options.onlyExisting) options.onlyNew = true;
    else if (args.is(i, "XX") && !options.onlyNew) options.onlyExisting = true;
    else if (args.is(i, "GET")) options.get = true;
    else i = readExpiration(args, i, args.is(i, "KEEPTTL") ? Expiration.keep : undefined, options);
  }
  return options;
}

/**
 * Reads the options of GETEX.
 *
 * @throws {ReplyError} `ERR syntax error`
 */
export function readGetexOptions(
  args: Args,
  from: number,
): Pick<SetOptions, "expiration" | "timeAt"> {
  const options: Pick<SetOptions, "expiration" | "timeAt"> = {
    expiration: Expiration.none,
    timeAt: 0,
  };
  for (let i = from; i < args.count; i++) {
    const alone = args.is(i, "PERSIST") ? Expiration.remove : undefined;
    i = readExpiration(args, i, alone, options);
  }
  return options;
}

/** Reads one option about the expiry at argument `i`; answers the last argument that belongs to it. */
function readExpiration(
  args: Args,
  i: number,
  alone: Expiration | undefined,
  options: Pick<SetOptions, "expiration" | "timeAt">,
): number {
  const expiration = alone ?? timedExpiration(args, i);
  const before = options.expiration;
  // The same option may be repeated, and the last one counts.
  if (expiration === undefined || (before !== Expiration.none && before !== expiration)) {
    throw syntaxError();
  }
  options.expiration = expiration;
  if (alone !== undefined) return i;
  if (i + 1 === args.count) throw syntaxError();
  options.timeAt = i + 1;
  return i + 1;
}

function timedExpiration(args: Args, i: number): Expiration | undefined {
  if (args.is(i, "EX")) return Expiration.seconds;
  if (args.is(i, "PX")) return Expiration.milliseconds;
  if (args.is(i, "EXAT")) return Expiration.atSecond;
  if (args.is(i, "PXAT")) return Expiration.atMillisecond;
  return undefined;
}

/**
 * The Unix time in ms that argument `i` stands for.
 *
 * @param name the command's, in lower case, for the refusal
 * @throws {ReplyError} when it is no integer, not above zero or too late
 */
export function readExpireTime(
  args: Args,
  i: number,
  expiration: Expiration,
  now: number,
  name: string,
): number {
  const inSeconds = expiration === Expiration.seconds || expiration === Expiration.atSecond;
  const fromNow = expiration === Expiration.seconds || expiration === Expiration.milliseconds;
  const time = args.safeInt(i);
  if (time > 0 && time < PLAIN_TIME) {
    return (inSeconds ? time * 1000 : time) + (fromNow ? now : 0);
  }
  const exact = args.bigint(i);
  const at = (inSeconds ? exact * 1000n : exact) + (fromNow ? BigInt(now) : 0n);
  if (exact <= 0n || at > INT64_MAX) throw invalidExpireTime(name);
  return Math.min(Number(at), LATEST);
}
