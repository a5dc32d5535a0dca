/**
 * Times of fields as commands are given them.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { expireTimeNegative, invalidExpireTime } from "../errors.ts";
import type { TimeUnit } from "../generic/expire.ts";

/** The latest time that a field may have, Unix ms: 46 bits. */
const LATEST = 2 ** 46 - 1;

/**
 * The Unix time in ms that argument `i` stands for.
 *
 * @param name the command's, in lower case, for the refusal
 * @throws {ReplyError} when it is no integer, below zero, or too late
 */
export function readFieldTime(
  args: Args,
  i: number,
  { unit, fromNow }: TimeUnit,
  now: number,
  name: string,
): number {
  const time = args.int(i);
  if (time < 0) throw expireTimeNegative();
  if (time > Math.floor(LATEST / unit)) throw invalidExpireTime(name);
  const base = fromNow ? now : 0;
  if (time * unit > LATEST - base) throw invalidExpireTime(name);
  return time * unit + base;
}
