/**
 * Fields and their times among the arguments.
 *
 * `FIELDS numfields field [field …]` is how the commands about fields' times are told which fields they are about; EX, PX,
 * EXAT and PXAT is how HGETEX and HSETEX are given times.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { arg, type ArgSpec } from "../command.ts";
import {
  expireTimeNegative,
  fieldCountDiffers,
  fieldsMissing,
  invalidExpireTime,
} from "../errors.ts";
import { EX, EXAT, PX, PXAT, type TimeUnit } from "../generic/expire.ts";

/** The grammar of those arguments. */
export function fieldsArgument(): ArgSpec {
  return arg.block("fields", [
    arg.integer("numfields"),
    arg.string("field", { multiple: true }),
  ], { token: "FIELDS" });
}

/**
 * Reads the fields announced from argument `at` on, which end the request; answers where the first one is.
 *
 * @param notPositive how a count that is no number above zero is refused
 * @throws {ReplyError}
 */
export function readFields(args: Args, at: number, notPositive: string): number {
  const first = at + 2;
  if (first > args.count || !args.is(at, "FIELDS")) throw fieldsMissing();
  const count = args.intBetween(at + 1, 1, Infinity, notPositive);
  if (count !== args.count - first) throw fieldCountDiffers();
  return first;
}

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

/** What the time means that follows the word in argument `i`; undefined when the word is another. */
export function readTimeWord(args: Args, i: number): TimeUnit | undefined {
  if (args.is(i, "EX")) return EX;
  if (args.is(i, "PX")) return PX;
  if (args.is(i, "EXAT")) return EXAT;
  return args.is(i, "PXAT") ? PXAT : undefined;
}
