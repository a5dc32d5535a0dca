/**
 * Those commands of the server group that are about databases and their keys.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { dbsize } from "./dbsize.ts";
import { flushall, flushdb } from "./flush.ts";
import { swapdb } from "./swapdb.ts";

/** DBSIZE, FLUSHALL, FLUSHDB and SWAPDB. */
export const keyspaceServerCommands: readonly CommandSpec[] = [dbsize, flushall, flushdb, swapdb];
