/**
 * The list group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { lindex, linsert, llen, lset } from "./element.ts";
import { blmove, brpoplpush, lmove, rpoplpush } from "./move.ts";
import { blmpop, blpop, brpop, lmpop, lpop, rpop } from "./pop.ts";
import { lpush, lpushx, rpush, rpushx } from "./push.ts";
import { lrange, ltrim } from "./range.ts";
import { lpos, lrem } from "./search.ts";

/** Every command about lists. */
export const listCommands: readonly CommandSpec[] = [
  blmove,
  blmpop,
  blpop,
  brpop,
  brpoplpush,
  lindex,
  linsert,
  llen,
  lmove,
  lmpop,
  lpop,
  lpos,
  lpush,
  lpushx,
  lrange,
  lrem,
  lset,
  ltrim,
  rpop,
  rpoplpush,
  rpush,
  rpushx,
];
