/**
 * RESET.
 *
 * @module
 */

import { command } from "../command.ts";

/** RESET */
export const reset = command({
  name: "RESET",
  summary: "Makes the connection as it was when it was new.",
  group: "connection",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  whileSubscribed: true,
  inTransaction: "at-once",

  run(ctx) {
    ctx.client.reset();
    // The reset chose the protocol anew, and with it where the reply goes.
    ctx.reply.simple("RESET");
  },
});
