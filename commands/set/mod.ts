/**
 * The set group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { smembers, sscan } from "./members.ts";
import { sadd, scard, sismember, smismember, smove, srem } from "./membership.ts";
import {
  sdiff,
  sdiffstore,
  sinter,
  sintercard,
  sinterstore,
  sunion,
  sunionstore,
} from "./operations.ts";
import { spop, srandmember } from "./random.ts";

/** All commands of the set group. */
export const setCommands: readonly CommandSpec[] = [
  sadd,
  scard,
  sdiff,
  sdiffstore,
  sinter,
  sintercard,
  sinterstore,
  sismember,
  smembers,
  smismember,
  smove,
  spop,
  srandmember,
  srem,
  sscan,
  sunion,
  sunionstore,
];
