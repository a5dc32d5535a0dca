/**
 * The string group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { get, getdel, getex, mget } from "./get.ts";
import { decr, decrby, incr, incrby, incrbyfloat } from "./incr.ts";
import { lcs } from "./lcs.ts";
import { append, getrange, setrange, strlen, substr } from "./range.ts";
import { getset, mset, msetnx, psetex, set, setex, setnx } from "./set.ts";

/** All commands of the string group. */
export const stringCommands: readonly CommandSpec[] = [
  append,
  decr,
  decrby,
  get,
  getdel,
  getex,
  getrange,
  getset,
  incr,
  incrby,
  incrbyfloat,
  lcs,
  mget,
  mset,
  msetnx,
  psetex,
  set,
  setex,
  setnx,
  setrange,
  strlen,
  substr,
];
