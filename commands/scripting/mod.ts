/**
 * The scripting group.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { evalsha, evalshaReadOnly, evaluate, evaluateReadOnly } from "./eval.ts";
import { fcall, fcallReadOnly, functionCommand } from "./functions.ts";
import { script } from "./script.ts";

/** All commands of the scripting group. */
export const scriptingCommands: readonly CommandSpec[] = [
  evaluate,
  evaluateReadOnly,
  evalsha,
  evalshaReadOnly,
  fcall,
  fcallReadOnly,
  functionCommand,
  script,
];
