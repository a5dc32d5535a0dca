/**
 * coolcache-cli, the command-line client.
 *
 * @module
 */

import { runCli } from "./client/cli/main.ts";
import { processSystem } from "./client/cli/system.ts";

Deno.exit(await runCli(Deno.args, processSystem()));
