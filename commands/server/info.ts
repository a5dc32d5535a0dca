/**
 * INFO.
 *
 * @module
 */

import { arg, command } from "../command.ts";

/** INFO */
export const info = command({
  name: "INFO",
  summary: "Answers figures about the server, in sections.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["loading", "stale", "sentinel"],
  categories: ["dangerous"],
  args: [arg.string("section", { optional: true, multiple: true })],
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  history: [["7.0.0", "More than one section may be given."]],

  run(ctx, args) {
    const sections = Array.from({ length: args.count - 1 }, (_, i) => args.lower(i + 1));
    ctx.reply.verbatim("txt", ctx.server.info(sections));
  },
});
