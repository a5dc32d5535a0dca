/**
 * XTRIM: removes entries from the front of a stream.
 *
 * @module
 */

import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { findStream } from "./lookup.ts";
import { exactParts, readTrimOptions, trim, trimGrammar } from "./trim_options.ts";

/** XTRIM */
export const xtrim = command({
  name: "XTRIM",
  summary: "Removes entries from the front of a stream.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N), with N being the number of evicted entries. Constant times are very small " +
    "however, since entries are organized in macro nodes containing multiple entries that can be " +
    "released with a single deallocation.",
  arity: -4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), trimGrammar({ optional: false })],
  tips: ["nondeterministic_output"],
  history: [["6.2.0", "Trimming by `MINID` and the option `LIMIT` came."]],

  run(ctx, args) {
    const trimming = readTrimOptions(ctx, args);
    const stream = findStream(ctx.db, args, 1);
    const removed = stream === undefined ? 0 : trim(stream, trimming);
    if (stream !== undefined && removed > 0) {
      ctx.changed(args, 1, EventClass.stream, "xtrim");
      ctx.dirty(removed - 1);
      if (trimming.approximate && ctx.propagates) {
        ctx.propagate(...exactParts(args, stream, trimming));
      }
    }
    ctx.reply.int(removed);
  },
});
