/**
 * XGROUP: makes, moves and removes consumer groups and their consumers.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { type Count, narrowCount } from "../../storage/types/stream_count.ts";
import { type ConsumerGroup, UNKNOWN_READS } from "../../storage/types/stream_group.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { groupExists, groupNeedsKey, noGroup } from "../errors.ts";
import { helpCommand, subcommandSyntaxError } from "../help.ts";
import { findStream, readAnyId, readId, storeNewStream } from "./lookup.ts";

const ID_SELECTOR = arg.oneOf("id-selector", [
  arg.string("id"),
  arg.token("$", { name: "new-id" }),
]);

/** Redis takes no more arguments than these, be they options. */
const MOST_CREATE_ARGUMENTS = 8;

const create = command({
  name: "CREATE",
  summary: "Makes a consumer group.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: -5,
  flags: ["write", "denyoom"],
  keys: [{ at: 2, access: "RW", effects: ["insert"] }],
  args: [
    arg.key("key"),
    arg.string("group"),
    ID_SELECTOR,
    arg.token("MKSTREAM", { optional: true }),
    arg.integer("entries-read", { token: "ENTRIESREAD", optional: true }),
  ],
  history: [["7.0.0", "The option `ENTRIESREAD` came."]],

  run(ctx, args) {
    const { makeStream, entriesRead } = readOptions(args, true);
    let stream = findStream(ctx.db, args, 2);
    if (stream === undefined && !makeStream) throw groupNeedsKey();
    if (args.count > MOST_CREATE_ARGUMENTS) throw subcommandSyntaxError(args, "XGROUP");
    const last = stream?.lastId ?? new StreamId();
    const id = args.is(4, "$") ? last : readId(args, 4);
    if (stream === undefined) {
      stream = storeNewStream(ctx, args, 2);
      ctx.changed(args, 2);
    }
    const name = args.binary(3);
    if (stream.group(name) !== undefined) throw groupExists();
    stream.addGroup(name, id, entriesRead);
    ctx.dirty();
    ctx.notify(EventClass.stream, "xgroup-create", args.view(2));
    ctx.reply.ok();
  },
});

const setid = command({
  name: "SETID",
  summary: "Sets how far a consumer group has read.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: -5,
  flags: ["write"],
  keys: [{ at: 2, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.string("group"),
    ID_SELECTOR,
    arg.integer("entriesread", {
      displayText: "entries-read",
      token: "ENTRIESREAD",
      optional: true,
    }),
  ],
  history: [["7.0.0", "The option `ENTRIESREAD` came."]],

  run(ctx, args) {
    const { entriesRead } = readOptions(args, false);
    const { stream, group } = findGroup(ctx, args);
    if (args.count !== 5 && args.count !== 7) throw subcommandSyntaxError(args, "XGROUP");
    group.lastId.set(args.is(4, "$") ? stream.lastId : readAnyId(args, 4));
    group.entriesRead = entriesRead;
    ctx.dirty();
    ctx.notify(EventClass.stream, "xgroup-setid", args.view(2));
    ctx.reply.ok();
  },
});

const destroy = command({
  name: "DESTROY",
  summary: "Removes a consumer group.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL).",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 2, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("group")],

  run(ctx, args) {
    const stream = findStream(ctx.db, args, 2);
    if (stream === undefined) throw groupNeedsKey();
    const group = stream.group(args.binary(3));
    if (group === undefined) {
      ctx.reply.int(0);
      return;
    }
    stream.removeGroup(group);
    // Not only counted: consumers that wait for this group must hear of it.
    ctx.changed(args, 2, EventClass.stream, "xgroup-destroy");
    ctx.reply.int(1);
  },
});

const createconsumer = command({
  name: "CREATECONSUMER",
  summary: "Adds a consumer to a group.",
  group: "stream",
  since: "6.2.0",
  complexity: "O(1)",
  arity: 5,
  flags: ["write", "denyoom"],
  keys: [{ at: 2, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("group"), arg.string("consumer")],

  run(ctx, args) {
    const { group } = findGroup(ctx, args);
    const name = args.binary(4);
    if (group.consumer(name) !== undefined) {
      ctx.reply.int(0);
      return;
    }
    group.addConsumer(name, ctx.now);
    ctx.dirty();
    ctx.notify(EventClass.stream, "xgroup-createconsumer", args.view(2));
    ctx.reply.int(1);
  },
});

const delconsumer = command({
  name: "DELCONSUMER",
  summary: "Removes a consumer from a group, with all that it has pending.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: 5,
  flags: ["write"],
  keys: [{ at: 2, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("group"), arg.string("consumer")],

  run(ctx, args) {
    const { group } = findGroup(ctx, args);
    const consumer = group.consumer(args.binary(4));
    if (consumer === undefined) {
      ctx.reply.int(0);
      return;
    }
    const pending = consumer.pending.size;
    group.removeConsumer(consumer);
    ctx.dirty();
    ctx.notify(EventClass.stream, "xgroup-delconsumer", args.view(2));
    ctx.reply.int(pending);
  },
});

const help: CommandSpec = helpCommand({
  container: "XGROUP",
  group: "stream",
  since: "5.0.0",
  lines: [
    "CREATE <key> <groupname> <id|$> [option]",
    "    Make a group that reads behind <id>. Options:",
    "    * MKSTREAM",
    "      Make an empty stream if there is none.",
    "    * ENTRIESREAD entries_read",
    "      How many entries the group has read (for replication).",
    "CREATECONSUMER <key> <groupname> <consumer>",
    "    Add a consumer to a group.",
    "DELCONSUMER <key> <groupname> <consumer>",
    "    Remove a consumer and what it has pending.",
    "DESTROY <key> <groupname>",
    "    Remove a group.",
    "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
    "    Let a group read on behind <id>.",
  ],
});

/** XGROUP */
export const xgroup = command({
  name: "XGROUP",
  summary: "Holds the commands about consumer groups.",
  group: "stream",
  since: "5.0.0",
  complexity: "Depends on subcommand.",
  arity: -2,
  subcommands: [create, createconsumer, delconsumer, destroy, help, setid],
});

/** The stream in argument 2 and its group in argument 3, which must exist. */
function findGroup(ctx: Context, args: Args): { stream: Stream; group: ConsumerGroup } {
  const stream = findStream(ctx.db, args, 2);
  if (stream === undefined) throw groupNeedsKey();
  const group = stream.group(args.binary(3));
  if (group === undefined) throw noGroup(args, 2, 3);
  return { stream, group };
}

function readOptions(args: Args, isCreate: boolean): { makeStream: boolean; entriesRead: Count } {
  let makeStream = false;
  let entriesRead: Count = UNKNOWN_READS;
  for (let i = 5; i < args.count; i++) {
    if (isCreate && args.is(i, "MKSTREAM")) {
      makeStream = true;
    } else if (args.is(i, "ENTRIESREAD") && i + 1 < args.count) {
      entriesRead = narrowCount(args.bigint(++i));
      if (entriesRead < 0 && entriesRead !== UNKNOWN_READS) {
        throw new ReplyError("ERR value for ENTRIESREAD must be positive or -1");
      }
    } else {
      throw subcommandSyntaxError(args, "XGROUP");
    }
  }
  return { makeStream, entriesRead };
}
