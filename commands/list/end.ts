/**
 * The words for a list's two ends.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";

/**
 * Whether argument `i` says LEFT, the head, rather than RIGHT.
 *
 * @throws {ReplyError} when it says neither
 */
export function readEnd(args: Args, i: number): boolean {
  if (args.is(i, "LEFT")) return true;
  if (args.is(i, "RIGHT")) return false;
  throw syntaxError();
}
