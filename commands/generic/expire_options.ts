/**
 * The arguments that EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT share: a time, and on which condition it is set.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { INT64_MAX, INT64_MIN } from "../../server/resp/numbers.ts";
import { NO_EXPIRY } from "../../storage/entry.ts";
import { invalidExpireTime } from "../string/errors.ts";
import { greaterContradictsLess, newContradictsOthers, unsupportedOption } from "./errors.ts";

/** The conditions, as bits. */
export const Condition = { none: 0, nx: 1, xx: 2, gt: 4, lt: 8 } as const;

/** Up to this amount a time can be multiplied and added to without a rounding error. */
const PLAIN_TIME = 4e12;
/** The latest time that is both a double and 64 bits of milliseconds. */
const LATEST = 2 ** 63 - 1024;

/**
 * Reads the conditions from argument `from` on; answers {@link Condition} bits.
 *
 * @throws {ReplyError} for an unknown word, or conditions that contradict each other
 */
export function readConditions(args: Args, from: number): number {
  let conditions: number = Condition.none;
  for (let i = from; i < args.count; i++) {
    if (args.is(i, "NX")) conditions |= Condition.nx;
    else if (args.is(i, "XX")) conditions |= Condition.xx;
    else if (args.is(i, "GT")) conditions |= Condition.gt;
    else if (args.is(i, "LT")) conditions |= Condition.lt;
    else throw unsupportedOption(args.binary(i));
  }
  if ((conditions & Condition.nx) !== 0 && conditions !== Condition.nx) {
    throw newContradictsOthers();
  }
  if ((conditions & Condition.gt) !== 0 && (conditions & Condition.lt) !== 0) {
    throw greaterContradictsLess();
  }
  return conditions;
}

/** Whether the conditions let a key that expires at `current` expire at `expiry` instead. */
export function conditionsHold(conditions: number, expiry: number, current: number): boolean {
  const persists = current === NO_EXPIRY;
  if ((conditions & Condition.nx) !== 0 && !persists) return false;
  if ((conditions & Condition.xx) !== 0 && persists) return false;
  // A key that persists counts as one that expires at the end of time.
  if ((conditions & Condition.gt) !== 0 && (persists || expiry <= current)) return false;
  if ((conditions & Condition.lt) !== 0 && !persists && expiry >= current) return false;
  return true;
}

/** How a time is given. */
export interface TimeUnit {
  /** Milliseconds in one unit. */
  readonly unit: 1 | 1000;
  /** Whether it counts from now on; else from 1970. */
  readonly fromNow: boolean;
}

/**
 * The Unix time in ms that argument `i` stands for; it may lie before 1970. Beyond 2^53 ms, some 280,000 years from
 * now, it is rounded to a double.
 *
 * @param name the command's, in lower case, for the refusal
 * @throws {ReplyError} when it is no integer, or no 64-bit number of ms
 */
export function readTime(
  args: Args,
  i: number,
  { unit, fromNow }: TimeUnit,
  now: number,
  name: string,
): number {
  const base = fromNow ? now : 0;
  const time = args.safeInt(i);
  if (time >= -PLAIN_TIME && time <= PLAIN_TIME) return time * unit + base;

  let exact = args.bigint(i);
  if (unit === 1000) {
    if (exact > INT64_MAX / 1000n || exact < INT64_MIN / 1000n) throw invalidExpireTime(name);
    exact *= 1000n;
  }
  if (exact > INT64_MAX - BigInt(base)) throw invalidExpireTime(name);
  return Math.min(Number(exact + BigInt(base)), LATEST);
}
