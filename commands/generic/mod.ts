/**
 * The generic group: commands about keys of any type.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { del, exists, touch, type, unlink } from "./del.ts";
import { dump, restore } from "./dump.ts";
import {
  expire,
  expireat,
  expiretime,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  ttl,
} from "./expire.ts";
import { copy, move, rename, renamenx } from "./move.ts";
import { migrate } from "./migrate.ts";
import { object } from "./object.ts";
import { keys, randomkey, scan } from "./scan.ts";
import { sort, sortRo } from "./sort.ts";
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
  migrate,
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
