/**
 * PUBLISH and SPUBLISH.
 *
 * @module
 */

import { arg, command } from "../command.ts";

/** PUBLISH */
export const publish = command({
  name: "PUBLISH",
  summary: "Sends a message to all who listen to a channel.",
  group: "pubsub",
  since: "2.0.0",
  complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M " +
    "is the total number of subscribed patterns (by any client).",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate", "sentinel"],
  channels: { first: 1, last: 1 },
  args: [arg.string("channel"), arg.string("message")],

  run(ctx, args) {
    const receivers = ctx.server.pubsub.publish(args.view(1), args.view(2));
    const { cluster } = ctx.server;
    // In a cluster replicas hear of it as all nodes do.
    if (cluster === undefined) ctx.replicate();
    else cluster.publish(args.view(1), args.view(2), "channel");
    ctx.reply.int(receivers);
  },
});

/** SPUBLISH */
export const spublish = command({
  name: "SPUBLISH",
  summary: "Sends a message to all who listen to a shard channel.",
  group: "pubsub",
  since: "7.0.0",
  complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
  keys: [{ effects: ["not_key"], at: 1 }],
  channels: { first: 1, last: 1 },
  args: [arg.string("shardchannel"), arg.string("message")],

  run(ctx, args) {
    const receivers = ctx.server.pubsub.publishToShard(args.view(1), args.view(2));
    const { cluster } = ctx.server;
    if (cluster === undefined) ctx.replicate();
    else cluster.publish(args.view(1), args.view(2), "shard");
    ctx.reply.int(receivers);
  },
});
