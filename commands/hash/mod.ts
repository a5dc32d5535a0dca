/**
 * The commands about hashes and their fields.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { hdel, hgetdel } from "./hdel.ts";
import {
  hexpire,
  hexpireat,
  hexpiretime,
  hpersist,
  hpexpire,
  hpexpireat,
  hpexpiretime,
  hpttl,
  httl,
} from "./hexpire.ts";
import { hexists, hget, hlen, hmget, hstrlen } from "./hget.ts";
import { hgetall, hkeys, hscan, hvals } from "./hgetall.ts";
import { hgetex } from "./hgetex.ts";
import { hincrby, hincrbyfloat } from "./hincrby.ts";
import { hrandfield } from "./hrandfield.ts";
import { hmset, hset, hsetnx } from "./hset.ts";
import { hsetex } from "./hsetex.ts";

/** All commands of the group hash. */
export const hashCommands: readonly CommandSpec[] = [
  hdel,
  hexists,
  hexpire,
  hexpireat,
  hexpiretime,
  hget,
  hgetall,
  hgetdel,
  hgetex,
  hincrby,
  hincrbyfloat,
  hkeys,
  hlen,
  hmget,
  hmset,
  hpersist,
  hpexpire,
  hpexpireat,
  hpexpiretime,
  hpttl,
  hrandfield,
  hscan,
  hset,
  hsetex,
  hsetnx,
  hstrlen,
  httl,
  hvals,
];
