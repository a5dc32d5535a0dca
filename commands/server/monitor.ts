/**
 * MONITOR.
 *
 * @module
 */

import { command } from "../command.ts";

/** MONITOR */
export const monitor = command({
  name: "MONITOR",
  summary: "Shows the client every command that the server runs from now on.",
  group: "server",
  since: "1.0.0",
  arity: 1,
  flags: ["admin", "noscript", "loading", "stale"],

  run(ctx) {
    // Who monitors already gets no reply, as in Redis.
    if (ctx.client.isMonitor) return;
    ctx.reply.ok();
    ctx.server.monitor(ctx.client);
  },
});
