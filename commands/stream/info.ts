/**
 * XINFO: what there is to know about streams, groups and consumers.
 *
 * @module
 */

import { type Args, encodeLatin1 } from "../../server/resp/args.ts";
import { IdPlace, type IdTree } from "../../storage/types/id_tree.ts";
import type { Stream } from "../../storage/types/stream.ts";
import {
  type Consumer,
  type ConsumerGroup,
  NEVER_ACTIVE,
  UNKNOWN_READS,
} from "../../storage/types/stream_group.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { noGroup, noSuchKey } from "../errors.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";
import {
  readStream,
  replyWithCount,
  replyWithEntry,
  replyWithId,
  replyWithRange,
} from "./lookup.ts";

/** How much of each list FULL shows unless told otherwise. */
const USUAL_COUNT = 10;

const consumers = command({
  name: "CONSUMERS",
  summary: "Tells about the consumers of a group.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["readonly"],
  keys: [{ at: 2, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("group")],
  tips: ["nondeterministic_output"],
  history: [["7.2.0", "The field `inactive` came."]],

  run(ctx, args) {
    const { reply, now } = ctx;
    const group = needStream(ctx, args).group(args.binary(3));
    if (group === undefined) throw noGroup(args, 2, 3);
    reply.array(group.consumerCount);
    for (const { name, pending, seenTime, activeTime } of group.consumers()) {
      reply.map(4);
      reply.bulk("name");
      reply.bulk(encodeLatin1(name));
      reply.bulk("pending");
      reply.int(pending.size);
      reply.bulk("idle");
      reply.int(Math.max(0, now - seenTime));
      reply.bulk("inactive");
      reply.int(activeTime === NEVER_ACTIVE ? NEVER_ACTIVE : now - activeTime);
    }
  },
});

const groups = command({
  name: "GROUPS",
  summary: "Tells about the groups of a stream.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly"],
  keys: [{ at: 2, access: "RO", effects: ["access"] }],
  args: [arg.key("key")],
  history: [["7.0.0", "The fields `entries-read` and `lag` came."]],

  run(ctx, args) {
    const { reply } = ctx;
    const stream = needStream(ctx, args);
    reply.array(stream.groupCount);
    for (const group of stream.groups()) {
      reply.map(6);
      reply.bulk("name");
      reply.bulk(encodeLatin1(group.name));
      reply.bulk("consumers");
      reply.int(group.consumerCount);
      reply.bulk("pending");
      reply.int(group.pending.size);
      replyWithProgress(ctx, stream, group);
    }
  },
});

const stream = command({
  name: "STREAM",
  summary: "Tells about a stream.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 2, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.block("full-block", [
      arg.token("FULL"),
      arg.integer("count", { token: "COUNT", optional: true }),
    ], { optional: true }),
  ],
  history: [
    ["6.0.0", "The option `FULL` came."],
    [
      "7.0.0",
      "The fields `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, " +
      "`entries-read` and `lag` came.",
    ],
    ["7.2.0", "The field `active-time` came; `seen-time` tells of attempts, too."],
  ],

  run(ctx, args) {
    const { reply } = ctx;
    const stream = needStream(ctx, args);
    const count = readFullCount(args);
    reply.map(count === undefined ? 10 : 9);
    reply.bulk("length");
    reply.int(stream.length);
    reply.bulk("radix-tree-keys");
    reply.int(stream.nodeCount);
    // There is no radix tree. With up to one key, Redis's has its root besides.
    reply.bulk("radix-tree-nodes");
    reply.int(stream.nodeCount + 1);
    reply.bulk("last-generated-id");
    replyWithId(ctx, stream.lastId);
    reply.bulk("max-deleted-entry-id");
    replyWithId(ctx, stream.maxDeletedId);
    reply.bulk("entries-added");
    reply.int(stream.entriesAdded);
    reply.bulk("recorded-first-entry-id");
    replyWithId(ctx, stream.firstId);
    if (count === undefined) replyWithEdges(ctx, stream);
    else replyWithContents(ctx, stream, count);
  },
});

const help: CommandSpec = helpCommand({
  container: "XINFO",
  group: "stream",
  since: "5.0.0",
  lines: [
    "CONSUMERS <key> <groupname>",
    "    The consumers of a group.",
    "GROUPS <key>",
    "    The groups of a stream.",
    "STREAM <key> [FULL [COUNT <count>]",
    "    The stream itself.",
  ],
});

/** XINFO */
export const xinfo = command({
  name: "XINFO",
  summary: "Holds the commands that tell about streams.",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [consumers, groups, help, stream],
});

function needStream(ctx: Context, args: Args): Stream {
  const stream = readStream(ctx.db, args, 2);
  if (stream === undefined) throw noSuchKey();
  return stream;
}

/** How much FULL is to show, 0 for everything; undefined when it is not asked for. */
function readFullCount(args: Args): number | undefined {
  if (args.count === 3) return undefined;
  const isFull = (args.count === 4 || args.count === 6) && args.is(3, "FULL");
  if (!isFull || (args.count === 6 && !args.is(4, "COUNT"))) {
    throw subcommandSyntaxError(args, "XINFO");
  }
  if (args.count === 4) return USUAL_COUNT;
  const count = args.int(5);
  return count < 0 ? USUAL_COUNT : count;
}

function replyWithProgress(ctx: Context, stream: Stream, group: ConsumerGroup): void {
  const { reply } = ctx;
  const { lastId, entriesRead } = group;
  reply.bulk("last-delivered-id");
  replyWithId(ctx, lastId);
  reply.bulk("entries-read");
  replyWithCount(reply, entriesRead === UNKNOWN_READS ? undefined : entriesRead);
  reply.bulk("lag");
  replyWithCount(reply, stream.lag(group));
}

function replyWithEdges(ctx: Context, stream: Stream): void {
  const { reply } = ctx;
  reply.bulk("groups");
  reply.int(stream.groupCount);
  for (const [name, reverse] of [["first-entry", false], ["last-entry", true]] as const) {
    reply.bulk(name);
    if (stream.reader.seek(new StreamId(), StreamId.max(), reverse)) {
      replyWithEntry(ctx, stream.reader);
    } else {
      reply.null();
    }
  }
}

function replyWithContents(ctx: Context, stream: Stream, count: number): void {
  const { reply } = ctx;
  reply.bulk("entries");
  replyWithRange(ctx, stream, { from: new StreamId(), to: StreamId.max(), count });
  reply.bulk("groups");
  reply.array(stream.groupCount);
  for (const group of stream.groups()) {
    reply.map(7);
    reply.bulk("name");
    reply.bulk(encodeLatin1(group.name));
    replyWithProgress(ctx, stream, group);
    reply.bulk("pel-count");
    reply.int(group.pending.size);
    reply.bulk("pending");
    replyWithPending(ctx, group, group.pending, { count, withOwner: true });
    reply.bulk("consumers");
    reply.array(group.consumerCount);
    for (const consumer of group.consumers()) replyWithConsumer(ctx, group, consumer, count);
  }
}

function replyWithConsumer(
  ctx: Context,
  group: ConsumerGroup,
  { name, seenTime, activeTime, pending }: Consumer,
  count: number,
): void {
  const { reply } = ctx;
  reply.map(5);
  reply.bulk("name");
  reply.bulk(encodeLatin1(name));
  reply.bulk("seen-time");
  reply.int(seenTime);
  reply.bulk("active-time");
  reply.int(activeTime);
  reply.bulk("pel-count");
  reply.int(pending.size);
  reply.bulk("pending");
  replyWithPending(ctx, group, pending, { count, withOwner: false });
}

/** Replies with pending entries of a group that are in a tree of IDs. */
function replyWithPending(
  ctx: Context,
  group: ConsumerGroup,
  tree: IdTree,
  { count, withOwner }: { count: number; withOwner: boolean },
): void {
  const { reply } = ctx;
  const walk = new IdPlace(tree);
  const id = new StreamId();
  const length = count === 0 ? tree.size : Math.min(count, tree.size);
  reply.array(length);
  let more = tree.seekAtLeast(id, walk);
  for (let i = 0; i < length && more; i++, more = walk.next()) {
    const place = group.pending.find(walk.readId(id));
    if (place === undefined) throw new Error("A consumer's pending entry is not its group's");
    reply.array(withOwner ? 4 : 3);
    replyWithId(ctx, id);
    if (withOwner) reply.bulk(encodeLatin1(group.owner(place).name));
    reply.int(group.deliveryTime(place));
    reply.int(group.deliveryCount(place));
  }
}
