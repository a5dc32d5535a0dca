/**
 * SHUTDOWN.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import type { Context, ShutdownOptions } from "../context.ts";

/** SHUTDOWN */
export const shutdown = command({
  name: "SHUTDOWN",
  summary: "Ends the server, after saving the data if it is set up to.",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) when saving, where N is the total number of keys in all databases when " +
    "saving data, otherwise O(1)",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "sentinel", "allow_busy"],
  args: [
    arg.oneOf("save-selector", [arg.token("NOSAVE"), arg.token("SAVE")], { optional: true }),
    arg.token("NOW", { since: "7.0.0", optional: true }),
    arg.token("FORCE", { since: "7.0.0", optional: true }),
    arg.token("ABORT", { since: "7.0.0", optional: true }),
  ],
  history: [["7.0.0", "The options `NOW`, `FORCE` and `ABORT` came."]],

  run(ctx, args) {
    const options = readOptions(args);
    // The client learns of success by the end of its connection.
    if (options !== "abort") return ctx.server.shutdown(options);
    abort(ctx);
  },
});

function abort(ctx: Context): void {
  if (!ctx.server.cancelShutdown()) throw new ReplyError("ERR No shutdown in progress.");
  ctx.reply.ok();
}

function readOptions(args: Args): ShutdownOptions | "abort" {
  const options: ShutdownOptions = {};
  let aborts = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "NOSAVE") && options.save !== true) options.save = false;
    else if (args.is(i, "SAVE") && options.save !== false) options.save = true;
    else if (args.is(i, "NOW")) options.now = true;
    else if (args.is(i, "FORCE")) options.force = true;
    else if (args.is(i, "ABORT")) aborts = true;
    else throw syntaxError();
  }
  if (aborts && Object.keys(options).length > 0) throw syntaxError();
  return aborts ? "abort" : options;
}
