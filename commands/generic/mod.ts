/**
 * The generic group: commands about keys of any type.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { del, unlink } from "./del.ts";
import { dump } from "./dump.ts";
import { exists, touch, type } from "./exists.ts";
import { expire, expireat, persist, pexpire, pexpireat } from "./expire.ts";
import { copy, move } from "./move.ts";
import { object } from "./object.ts";
import { rename, renamenx } from "./rename.ts";
import { restore } from "./restore.ts";
import { keys, randomkey, scan } from "./scan.ts";
import { sort, sortRo } from "./sort.ts";
import { expiretime, pexpiretime, pttl, ttl } from "./ttl.ts";
import { wait, waitaof } from "./wait.ts";

/** All commands of the generic group. */
export const genericCommands: readonly CommandSpec[] = [
  copy,
  del,
  dump,
  exists,
  expire,
  expireat,
  expiretime,
  keys,
  move,
  object,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  randomkey,
  rename,
  renamenx,
  restore,
  scan,
  sort,
  sortRo,
  touch,
  ttl,
  type,
  unlink,
  wait,
  waitaof,
];
