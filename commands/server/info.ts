/**
 * What a server tells of itself: INFO, TIME, and MONITOR, which goes on telling.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
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
    // For a script time stands still.
    const now = ctx.isScript ? BigInt(Math.floor(ctx.now * 1000)) : ctx.server.timeMicros();
    ctx.reply.array(2);
    ctx.reply.bulk(String(now / MICROS));
    ctx.reply.bulk(String(now % MICROS));
  },
});

/** MONITOR */
export const monitor = command({
  name: "MONITOR",
  summary: "Shows the client every command that the server runs from now on.",
  group: "server",
  since: "1.0.0",
  arity: 1,
  flags: ["admin", "noscript", "loading", "stale"],

  run(ctx) {
    if (ctx.denyBlocking) {
      throw new ReplyError("ERR MONITOR isn't allowed for DENY BLOCKING client");
    }
    // Who monitors already gets no reply, as in Redis.
    if (ctx.client.isMonitor) return;
    ctx.reply.ok();
    ctx.server.monitor(ctx.client);
  },
});
