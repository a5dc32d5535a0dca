/**
 * ECHO.
 *
 * @module
 */

import { arg, command } from "../command.ts";

/** ECHO */
export const echo = command({
  name: "ECHO",
  summary: "Answers what it was given.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["loading", "stale", "fast"],
  args: [arg.string("message")],

  run(ctx, args) {
    ctx.reply.bulkAt(args.buf, args.off[1], args.len[1]);
  },
});
