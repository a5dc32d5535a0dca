/**
 * PUBSUB: what is listened to, and by how many.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { arg, command } from "../command.ts";
import type { Context, SubscriptionKind } from "../context.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";

const channels = command({
  name: "CHANNELS",
  summary: "Names the channels that somebody listens to.",
  group: "pubsub",
  since: "2.8.0",
  complexity: "O(N) where N is the number of active channels, and assuming constant time pattern " +
    "matching (relatively short channels and patterns)",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  args: [arg.pattern("pattern", { optional: true })],

  run: (ctx, args) => replyWithNames(ctx, args, "channel"),
});

const numpat = command({
  name: "NUMPAT",
  summary: "Counts the different patterns that somebody listens to.",
  group: "pubsub",
  since: "2.8.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["pubsub", "loading", "stale"],

  run(ctx) {
    ctx.reply.int(ctx.server.pubsub.patterns);
  },
});

const numsub = command({
  name: "NUMSUB",
  summary: "Counts the subscribers of channels.",
  group: "pubsub",
  since: "2.8.0",
  complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  args: [arg.string("channel", { optional: true, multiple: true })],

  run: (ctx, args) => replyWithCounts(ctx, args, "channel"),
});

const shardchannels = command({
  name: "SHARDCHANNELS",
  summary: "Names the shard channels that somebody listens to.",
  group: "pubsub",
  since: "7.0.0",
  complexity: "O(N) where N is the number of active shard channels, and assuming constant time " +
    "pattern matching (relatively short shard channels).",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  args: [arg.pattern("pattern", { optional: true })],

  run: (ctx, args) => replyWithNames(ctx, args, "shard"),
});

const shardnumsub = command({
  name: "SHARDNUMSUB",
  summary: "Counts the subscribers of shard channels.",
  group: "pubsub",
  since: "7.0.0",
  complexity:
    "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
  arity: -2,
  flags: ["pubsub", "loading", "stale"],
  args: [arg.string("shardchannel", { optional: true, multiple: true })],

  run: (ctx, args) => replyWithCounts(ctx, args, "shard"),
});

const help = helpCommand({
  container: "PUBSUB",
  group: "pubsub",
  since: "6.2.0",
  categories: ["-pubsub"],
  lines: [
    "CHANNELS [<pattern>]",
    "    The channels that somebody listens to, all or those that match <pattern>.",
    "NUMPAT",
    "    How many different patterns somebody listens to.",
    "NUMSUB [<channel> ...]",
    "    How many listen to each of these channels, not through patterns.",
    "SHARDCHANNELS [<pattern>]",
    "    The shard channels that somebody listens to, all or those that match <pattern>.",
    "SHARDNUMSUB [<shardchannel> ...]",
    "    How many listen to each of these shard channels.",
  ],
});

/** PUBSUB */
export const pubsub = command({
  name: "PUBSUB",
  summary: "A container for what tells of channels and their subscribers.",
  group: "pubsub",
  since: "2.8.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [channels, help, numpat, numsub, shardchannels, shardnumsub],
});

function replyWithNames({ reply, server }: Context, args: Args, kind: SubscriptionKind): void {
  if (args.count > 3) throw subcommandSyntaxError(args, "PUBSUB");
  const names = server.pubsub.names(kind, args.count === 3 ? args.view(2) : undefined);
  reply.array(names.length);
  for (const name of names) reply.bulk(name);
}

function replyWithCounts({ reply, server }: Context, args: Args, kind: SubscriptionKind): void {
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    const name = args.view(i);
    reply.bulk(name);
    reply.int(server.pubsub.subscriberCount(kind, name));
  }
}
