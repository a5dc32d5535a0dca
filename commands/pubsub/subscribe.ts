/**
 * SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites.
 *
 * Each name is confirmed by a message of its own, in either protocol; CLIENT REPLY does not silence these.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { arg, type ArgSpec, command, type CommandSpec, type KeySpec } from "../command.ts";
import type { Context, SubscriptionKind } from "../context.ts";

/** Shard channels belong to slots as keys do, and are found like keys, but are none. */
const SHARD_CHANNELS: readonly KeySpec[] = [{ effects: ["not_key"], at: 1, last: -1 }];

/** SUBSCRIBE */
export const subscribe = command({
  name: "SUBSCRIBE",
  summary: "Listens to channels.",
  complexity: "O(N) where N is the number of channels to subscribe to.",
  since: "2.0.0",
  ...subscribing("channel", arg.string("channel", { multiple: true })),
});

/** PSUBSCRIBE */
export const psubscribe = command({
  name: "PSUBSCRIBE",
  summary: "Listens to all channels whose names match patterns.",
  complexity: "O(N) where N is the number of patterns to subscribe to.",
  since: "2.0.0",
  ...subscribing("pattern", arg.pattern("pattern", { multiple: true })),
});

/** SSUBSCRIBE */
export const ssubscribe = command({
  name: "SSUBSCRIBE",
  summary: "Listens to shard channels.",
  complexity: "O(N) where N is the number of shard channels to subscribe to.",
  since: "7.0.0",
  keys: SHARD_CHANNELS,
  ...subscribing("shard", arg.string("shardchannel", { multiple: true })),
});

/** UNSUBSCRIBE */
export const unsubscribe = command({
  name: "UNSUBSCRIBE",
  summary: "Listens no more to these channels, or to any when none is named.",
  complexity: "O(N) where N is the number of channels to unsubscribe.",
  since: "2.0.0",
  ...unsubscribing("channel", arg.string("channel", { optional: true, multiple: true })),
});

/** PUNSUBSCRIBE */
export const punsubscribe = command({
  name: "PUNSUBSCRIBE",
  summary: "Listens no more to what matches these patterns, or any when none is given.",
  complexity: "O(N) where N is the number of patterns to unsubscribe.",
  since: "2.0.0",
  ...unsubscribing("pattern", arg.pattern("pattern", { optional: true, multiple: true })),
});

/** SUNSUBSCRIBE */
export const sunsubscribe = command({
  name: "SUNSUBSCRIBE",
  summary: "Listens no more to these shard channels, or to any when none is named.",
  complexity: "O(N) where N is the number of shard channels to unsubscribe.",
  since: "7.0.0",
  keys: SHARD_CHANNELS,
  ...unsubscribing("shard", arg.string("shardchannel", { optional: true, multiple: true })),
});

/** What a command that subscribes shares with its kin. */
type Shared = Pick<
  CommandSpec,
  "group" | "arity" | "flags" | "channels" | "args" | "whileSubscribed" | "run"
>;

function flagsFor(kind: SubscriptionKind): NonNullable<CommandSpec["flags"]> {
  const flags = ["pubsub", "noscript", "loading", "stale"] as const;
  return kind === "shard" ? flags : [...flags, "sentinel"];
}

function subscribing(kind: SubscriptionKind, names: ArgSpec): Shared {
  return {
    group: "pubsub",
    arity: -2,
    flags: flagsFor(kind),
    channels: { first: 1, last: -1, ...(kind === "pattern" && { arePatterns: true }) },
    args: [names],
    whileSubscribed: true,
    run(ctx, args) {
      refuseWhereRepliesAreCounted(ctx, kind);
      const { client, server } = ctx;
      for (let i = 1; i < args.count; i++) {
        server.pubsub.subscribe(client, kind, args.view(i));
        confirm(ctx, `${PREFIXES[kind]}subscribe`, kind, args.view(i));
      }
    },
  };
}

function unsubscribing(kind: SubscriptionKind, names: ArgSpec): Shared {
  return {
    group: "pubsub",
    arity: -1,
    flags: flagsFor(kind),
    args: [names],
    whileSubscribed: true,
    run(ctx, args) {
      const { client, server } = ctx;
      const word = `${PREFIXES[kind]}unsubscribe`;
      const names = args.count > 1 ? namesIn(args) : server.pubsub.subscriptions(client, kind);
      for (const name of names) {
        server.pubsub.unsubscribe(client, kind, name);
        confirm(ctx, word, kind, name);
      }
      if (names.length === 0) confirm(ctx, word, kind, undefined);
    },
  };
}

/** What the words of confirmations begin with. */
const PREFIXES: Readonly<Record<SubscriptionKind, string>> = {
  channel: "",
  pattern: "p",
  shard: "s",
};

function namesIn(args: Args): Uint8Array[] {
  return Array.from({ length: args.count - 1 }, (_, i) => args.view(i + 1));
}

/** Says that a subscription began or ended; `name` is undefined when there was none to end. */
function confirm(
  ctx: Context,
  word: string,
  kind: SubscriptionKind,
  name: Uint8Array | undefined,
): void {
  const { client, server } = ctx;
  const count = (each: SubscriptionKind) => server.pubsub.subscriptionCount(client, each);
  client.sayEvenInSilence(ctx.reply, (reply) => {
    reply.push(3);
    reply.bulk(word);
    if (name === undefined) reply.null();
    else reply.bulk(name);
    reply.int(kind === "shard" ? count("shard") : count("channel") + count("pattern"));
  });
}

/**
 * A caller that counts on one reply a command cannot be given several. A transaction is such a caller, too, but one
 * that has always been let through, except for shard channels.
 */
function refuseWhereRepliesAreCounted(ctx: Context, kind: SubscriptionKind): void {
  if (!ctx.denyBlocking || (ctx.client.inTransaction && kind !== "shard")) return;
  const name = `${PREFIXES[kind]}subscribe`.toUpperCase();
  throw new ReplyError(`ERR ${name} isn't allowed for a DENY BLOCKING client`);
}
