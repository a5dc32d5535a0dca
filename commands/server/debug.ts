/**
 * DEBUG: what the public test suites need in order to look inside a server, and to hinder it.
 *
 * Ways to crash a server are left out: they answer as unknown subcommands.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { command } from "../command.ts";
import type { Context } from "../context.ts";
import { replyWithHelp, subcommandSyntaxError } from "../help.ts";
import { dataSubcommands } from "./debug_data.ts";
import { protocolSubcommand } from "./debug_protocol.ts";
import { serverSubcommands } from "./debug_server.ts";
import type { DebugSubcommand } from "./debug_subcommand.ts";

const SUBCOMMANDS: readonly DebugSubcommand[] = [
  ...dataSubcommands,
  protocolSubcommand,
  ...serverSubcommands,
].sort((a, b) => a.name < b.name ? -1 : 1);

/** DEBUG. Its subcommands are no commands of their own for COMMAND and ACL, as in Redis. */
export const debug = command({
  name: "DEBUG",
  summary: "Holds the commands for tests of the server.",
  group: "server",
  since: "1.0.0",
  complexity: "Depends on subcommand.",
  docFlags: ["syscmd"],
  arity: -2,
  flags: ["admin", "noscript", "loading", "stale", "protected"],

  run(ctx, args) {
    if (args.count === 2 && args.is(1, "HELP")) replyWithAllHelp(ctx);
    else findSubcommand(args).run(ctx, args);
  },
});

function findSubcommand(args: Args): DebugSubcommand {
  const found = SUBCOMMANDS.find(({ name, least, most = least }) =>
    args.is(1, name) && args.count >= least && args.count <= most
  );
  if (found === undefined) throw subcommandSyntaxError(args, "DEBUG");
  return found;
}

function replyWithAllHelp(ctx: Context): void {
  replyWithHelp(ctx.reply, "DEBUG", SUBCOMMANDS.flatMap(({ help }) => help));
}
