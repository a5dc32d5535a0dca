/**
 * The server group: looking after a server.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { restoreAsking } from "../generic/dump.ts";
import { acl } from "./acl.ts";
import { bgrewriteaof } from "./bgrewriteaof.ts";
import { commandCommand } from "./command.ts";
import { config } from "./config.ts";
import { keyspaceServerCommands } from "./databases.ts";
import { debug } from "./debug.ts";
import { info, monitor, time } from "./info.ts";
import { latency } from "./latency.ts";
import { lolwut } from "./lolwut.ts";
import { memory } from "./memory.ts";
import { module } from "./module.ts";
import { failover, replicaof, slaveof } from "./replicaof.ts";
import { psync, replconf, role, sync } from "./replication.ts";
import { saveCommands } from "./save.ts";
import { shutdown } from "./shutdown.ts";
import { slowlog } from "./slowlog.ts";

/** All commands of the group. */
export const serverCommands: readonly CommandSpec[] = [
  ...keyspaceServerCommands,
  acl,
  bgrewriteaof,
  commandCommand,
  config,
  debug,
  failover,
  info,
  latency,
  lolwut,
  memory,
  module,
  monitor,
  psync,
  replconf,
  replicaof,
  restoreAsking,
  role,
  ...saveCommands,
  shutdown,
  slaveof,
  slowlog,
  sync,
  time,
];
