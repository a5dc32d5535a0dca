/**
 * The transactions group: commands that are queued and carried out together, unless a watched key has changed.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { discard, exec, multi, unwatch, watch } from "./multi.ts";

/** All commands of the group. */
export const transactionCommands: readonly CommandSpec[] = [discard, exec, multi, unwatch, watch];
