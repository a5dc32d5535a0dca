/**
 * The connection group: who a client is, and how the server treats it.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { client } from "./client.ts";
import { echo, ping, quit, select } from "./connection.ts";
import { auth, hello } from "./hello.ts";
import { reset } from "./reset.ts";

/** All commands of the group. */
export const connectionCommands: readonly CommandSpec[] = [
  auth,
  client,
  echo,
  hello,
  ping,
  quit,
  reset,
  select,
];
