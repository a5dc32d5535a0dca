/**
 * BGREWRITEAOF.
 *
 * @module
 */

import { command } from "../command.ts";

/** BGREWRITEAOF */
export const bgrewriteaof = command({
  name: "BGREWRITEAOF",
  summary: "Writes the append-only file anew, beside other work.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["no_async_loading", "admin", "noscript"],

  run(ctx) {
    const what = ctx.server.aof.rewrite();
    ctx.reply.simple(`Background append only file rewriting ${what}`);
  },
});
