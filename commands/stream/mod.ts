/**
 * The stream group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { xadd } from "./add.ts";
import { xautoclaim, xclaim } from "./claim.ts";
import { xack, xackdel, xdel, xdelex } from "./delete.ts";
import { xgroup } from "./group.ts";
import { xinfo } from "./info.ts";
import { xpending } from "./pending.ts";
import { xlen, xrange, xrevrange } from "./range.ts";
import { xread } from "./read.ts";
import { xreadgroup } from "./read_group.ts";
import { xsetid } from "./set_id.ts";
import { xtrim } from "./trim.ts";

/** All commands of the stream group. */
export const streamCommands: readonly CommandSpec[] = [
  xack,
  xackdel,
  xadd,
  xautoclaim,
  xclaim,
  xdel,
  xdelex,
  xgroup,
  xinfo,
  xlen,
  xpending,
  xrange,
  xread,
  xreadgroup,
  xrevrange,
  xsetid,
  xtrim,
];
