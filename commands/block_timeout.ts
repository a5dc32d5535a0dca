/**
 * The timeout of commands that wait: in seconds for keys, in milliseconds for streams and replicas.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { ReplyError } from "../server/resp/errors.ts";
import { INT64_MAX } from "../server/resp/numbers.ts";
import { parseLongDouble } from "../storage/long_double.ts";
import { timeoutNegative, timeoutOutOfRange } from "./errors.ts";

/**
 * Reads a timeout in seconds, with fractions; answers ms, rounded up. 0 stands for "as long as it takes".
 *
 * @throws {ReplyError} when it is no number, negative, or ends beyond 64 bits of ms
 */
export function readBlockTimeout(args: Args, i: number, now: number): number {
  const seconds = parseLongDouble(args.buf, args.off[i], args.len[i]);
  if (seconds === undefined) throw timeoutNotAFloat();
  const ms = Math.ceil(Number(seconds.mantissa) * 2 ** seconds.exponent * 1000);
  if (ms < 0) throw timeoutNegative();
  if (ms > Number(INT64_MAX) - now) throw timeoutOutOfRange();
  return ms;
}

/**
 * Reads a timeout in whole ms. 0 stands for "as long as it takes".
 *
 * @throws {ReplyError} when it is no integer, negative, or ends beyond 64 bits of ms
 */
export function readMillisTimeout(args: Args, i: number, now: number): number {
  const timeout = args.int(i, "ERR timeout is not an integer or out of range");
  if (timeout < 0) throw timeoutNegative();
  if (!Number.isSafeInteger(timeout) && args.bigint(i) > INT64_MAX - BigInt(now)) {
    throw timeoutOutOfRange();
  }
  return timeout;
}

function timeoutNotAFloat(): ReplyError {
  return new ReplyError("ERR timeout is not a float or out of range");
}
