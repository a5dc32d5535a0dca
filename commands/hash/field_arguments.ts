/**
 * `FIELDS numfields field [field …]`: how the commands about fields' times are told which fields they are about.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { arg, type ArgSpec } from "../command.ts";
import { fieldCountDiffers, fieldsMissing } from "../errors.ts";

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
