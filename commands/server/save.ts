/**
 * Saving: SAVE, BGSAVE, LASTSAVE.
 *
 * @module
 */

import { syntaxError } from "../../server/resp/errors.ts";
import { arg, command, type CommandSpec } from "../command.ts";

/** SAVE */
export const save = command({
  name: "SAVE",
  summary: "Saves all data to a file, while everybody waits.",
  group: "server",
  since: "1.0.0",
  complexity: "O(N) in the number of keys of all databases",
  arity: 1,
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],

  run(ctx) {
    ctx.server.saves.save();
    ctx.reply.ok();
  },
});

/** BGSAVE */
export const bgsave = command({
  name: "BGSAVE",
  summary: "Saves all data as it is now to a file, while commands go on.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["admin", "noscript", "no_async_loading"],
  args: [arg.token("SCHEDULE", { optional: true, since: "3.2.2" })],
  history: [["3.2.2", "The option `SCHEDULE` came."]],

  run(ctx, args) {
    if (args.count > 2 || (args.count === 2 && !args.is(1, "SCHEDULE"))) throw syntaxError();
    const outcome = ctx.server.saves.saveInBackground({
      mayWait: args.count > 1,
      mustWait: ctx.client.inTransaction,
    });
    ctx.reply.simple(`Background saving ${outcome}`);
  },
});

/** LASTSAVE */
export const lastsave = command({
  name: "LASTSAVE",
  summary: "Answers when the data was last saved, in Unix seconds.",
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  categories: ["admin", "dangerous"],
  tips: ["nondeterministic_output"],

  run(ctx) {
    ctx.reply.int(ctx.server.saves.lastSave);
  },
});

/** SAVE, BGSAVE and LASTSAVE. */
export const saveCommands: readonly CommandSpec[] = [bgsave, lastsave, save];
