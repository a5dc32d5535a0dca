/**
 * EX, PX, EXAT and PXAT: how HGETEX and HSETEX are given times.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { TimeUnit } from "../generic/expire.ts";

const EX: TimeUnit = { unit: 1000, fromNow: true };
const PX: TimeUnit = { unit: 1, fromNow: true };
const EXAT: TimeUnit = { unit: 1000, fromNow: false };
const PXAT: TimeUnit = { unit: 1, fromNow: false };

/** What the time means that follows the word in argument `i`; undefined when the word is another. */
export function readTimeWord(args: Args, i: number): TimeUnit | undefined {
  if (args.is(i, "EX")) return EX;
  if (args.is(i, "PX")) return PX;
  if (args.is(i, "EXAT")) return EXAT;
  return args.is(i, "PXAT") ? PXAT : undefined;
}
