/**
 * The hyperloglog group: estimates of how many different elements were seen.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { pfadd, pfcount, pfmerge } from "./count.ts";
import { pfdebug, pfselftest } from "./debug.ts";

/** All commands of the hyperloglog group. */
export const hyperloglogCommands: readonly CommandSpec[] = [
  pfadd,
  pfcount,
  pfdebug,
  pfmerge,
  pfselftest,
];
