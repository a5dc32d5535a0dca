/**
 * QUIT.
 *
 * @module
 */

import { command } from "../command.ts";

/** QUIT */
export const quit = command({
  name: "QUIT",
  summary: "Closes the connection once everything is answered.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  deprecatedSince: "7.2.0",
  replacedBy: "just closing the connection",
  docFlags: ["deprecated"],
  arity: -1,
  flags: ["allow_busy", "noscript", "loading", "stale", "fast", "no_auth"],

  run(ctx) {
    ctx.reply.ok();
    ctx.client.closeAfterReply();
  },
});
