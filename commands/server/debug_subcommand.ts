/**
 * What a subcommand of DEBUG is, and how its numbers are read.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Context } from "../context.ts";

/** One subcommand of DEBUG. */
export interface DebugSubcommand {
  /** Upper case. */
  readonly name: string;
  /** Fewest arguments, DEBUG and the name included. */
  readonly least: number;
  /** Most arguments; as many as the fewest if absent. */
  readonly most?: number;
  /** Its form, and what it does. */
  readonly help: readonly string[];
  run(ctx: Context, args: Args): void;
}

/** Whether an argument is a number other than 0, read as leniently as C's atoi does. */
export function isOn(args: Args, i: number): boolean {
  return (Number.parseInt(args.text(i), 10) || 0) !== 0;
}
