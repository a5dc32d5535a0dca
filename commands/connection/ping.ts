/**
 * PING.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";

/** PING */
export const ping = command({
  name: "PING",
  summary: "Shows that the server is there, or gives a message back.",
  group: "connection",
  since: "1.0.0",
  complexity: "O(1)",
  arity: -1,
  flags: ["fast", "sentinel"],
  args: [arg.string("message", { optional: true })],
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],

  run(ctx, args) {
    if (args.count > 2) throw new ReplyError("ERR wrong number of arguments for 'ping' command");
    if (args.count === 1) ctx.reply.simple("PONG");
    else ctx.reply.bulkAt(args.buf, args.off[1], args.len[1]);
  },
});
