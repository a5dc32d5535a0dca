/**
 * The server group: looking after a server.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { restoreAsking } from "../generic/restore.ts";
import { commandCommand } from "./command.ts";
import { config } from "./config.ts";
import { debug } from "./debug.ts";
import { info } from "./info.ts";
import { keyspaceServerCommands } from "./keyspace_commands.ts";
import { latency } from "./latency.ts";
import { lolwut } from "./lolwut.ts";
import { memory } from "./memory.ts";
import { module } from "./module.ts";
import { monitor } from "./monitor.ts";
import { role } from "./role.ts";
import { shutdown } from "./shutdown.ts";
import { slowlog } from "./slowlog.ts";
import { lastsave, time } from "./time.ts";

/** All commands of the group. */
export const serverCommands: readonly CommandSpec[] = [
  ...keyspaceServerCommands,
  commandCommand,
  config,
  debug,
  info,
  lastsave,
  latency,
  lolwut,
  memory,
  module,
  monitor,
  restoreAsking,
  role,
  shutdown,
  slowlog,
  time,
];
