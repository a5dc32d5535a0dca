/**
 * TIME and LASTSAVE.
 *
 * @module
 */

import { command } from "../command.ts";

const MICROS = 1_000_000n;

/** TIME */
export const time = command({
  name: "TIME",
  summary: "Answers the server's time: Unix seconds, and the microseconds of the present one.",
  group: "server",
  since: "2.6.0",
  complexity: "O(1)",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  tips: ["nondeterministic_output"],

  run(ctx) {
    const now = ctx.server.timeMicros();
    ctx.reply.array(2);
    ctx.reply.bulk(String(now / MICROS));
    ctx.reply.bulk(String(now % MICROS));
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
    // Nothing is saved yet; a server that has not saved names the time of its start.
    ctx.reply.int(Math.floor(ctx.server.startedAt / 1000));
  },
});
