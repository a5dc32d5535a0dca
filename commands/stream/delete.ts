/**
 * Done with entries: XDEL removes them by ID, XACK says that a consumer has finished with them; XDELEX and XACKDEL, of
 * Redis 8.2, remove them with a view to the groups that refer to them.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import type { Stream } from "../../storage/types/stream.ts";
import type { StreamId } from "../../storage/types/stream_id.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { findStream, readId, readStream } from "./lookup.ts";

/** XDEL */
export const xdel = command({
  name: "XDEL",
  summary: "Removes entries from a stream, and tells how many there were.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
  arity: -3,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("ID", { multiple: true })],

  run(ctx, args) {
    const stream = findStream(ctx.db, args, 1);
    if (stream === undefined) {
      ctx.reply.int(0);
      return;
    }
    // All IDs are read before the first entry goes.
    const ids = Array.from({ length: args.count - 2 }, (_, i) => readId(args, i + 2));
    let deleted = 0;
    for (const id of ids) if (stream.delete(id)) deleted++;
    if (deleted > 0) {
      ctx.changed(args, 1, EventClass.stream, "xdel");
      ctx.dirty(deleted - 1);
    }
    ctx.reply.int(deleted);
  },
});

/** XACK */
export const xack = command({
  name: "XACK",
  summary: "Takes entries off a group's pending ones, and tells how many there were.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) for each message ID processed.",
  arity: -4,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key"), arg.string("group"), arg.string("ID", { multiple: true })],

  run(ctx, args) {
    const group = readStream(ctx.db, args, 1)?.group(args.binary(2));
    if (group === undefined) {
      ctx.reply.int(0);
      return;
    }
    // All IDs are read before the first one is acknowledged.
    const ids = Array.from({ length: args.count - 3 }, (_, i) => readId(args, i + 3));
    let acknowledged = 0;
    for (const id of ids) if (group.acknowledge(id)) acknowledged++;
    ctx.dirty(acknowledged);
    ctx.reply.int(acknowledged);
  },
});

/** What becomes of an entry's pending references. */
type Policy = "keep" | "delete" | "acked";

/** What is answered for each ID. */
const NO_SUCH_ID = -1;
const DELETED = 1;
const STILL_REFERENCED = 2;

const GRAMMAR: readonly ArgSpec[] = [
  arg.oneOf("condition", [arg.token("KEEPREF"), arg.token("DELREF"), arg.token("ACKED")], {
    optional: true,
  }),
  arg.block("ids", [arg.integer("numids"), arg.string("id", { multiple: true })], { token: "IDS" }),
];

/** XDELEX */
export const xdelex = command({
  name: "XDELEX",
  summary: "Removes entries from a stream, and says what becomes of groups' references to them.",
  group: "stream",
  since: "8.2.0",
  complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
  arity: -5,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), ...GRAMMAR],

  run(ctx, args) {
    const { policy, ids } = readOptions(args, 2);
    const stream = findStream(ctx.db, args, 1);
    const results = ids.map((id) => {
      if (stream === undefined || !stream.has(id)) return NO_SUCH_ID;
      if (policy === "acked" && isReferenced(stream, id)) return STILL_REFERENCED;
      stream.delete(id);
      if (policy === "delete") dropReferences(ctx, stream, id);
      return DELETED;
    });
    finish(ctx, args, results, results.filter((result) => result === DELETED).length);
  },
});

/** XACKDEL */
export const xackdel = command({
  name: "XACKDEL",
  summary: "Takes entries off a group's pending ones and removes them from the stream.",
  group: "stream",
  since: "8.2.0",
  complexity: "O(1) for each message ID processed.",
  arity: -6,
  flags: ["write", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.string("group"), ...GRAMMAR],

  run(ctx, args) {
    const { policy, ids } = readOptions(args, 3);
    const stream = findStream(ctx.db, args, 1);
    const group = stream?.group(args.binary(2));
    let deleted = 0;
    const results = ids.map((id) => {
      if (stream === undefined || group === undefined) return NO_SUCH_ID;
      if (!group.acknowledge(id)) return NO_SUCH_ID;
      ctx.dirty();
      if (policy === "acked" && isReferenced(stream, id)) return STILL_REFERENCED;
      if (policy === "delete") dropReferences(ctx, stream, id);
      if (stream.delete(id)) deleted++;
      return DELETED;
    });
    finish(ctx, args, results, deleted);
  },
});

function finish(ctx: Context, args: Args, results: readonly number[], deleted: number): void {
  if (deleted > 0) {
    ctx.changed(args, 1, EventClass.stream, "xdel");
    ctx.dirty(deleted - 1);
  }
  ctx.reply.array(results.length);
  for (const result of results) ctx.reply.int(result);
}

/** Whether a group has the entry pending or has still to read it. O(groups × log n). */
function isReferenced(stream: Stream, id: StreamId): boolean {
  return stream.groups().some(({ lastId, pending }) => lastId.compare(id) < 0 || pending.has(id));
}

function dropReferences(ctx: Context, stream: Stream, id: StreamId): void {
  for (const group of stream.groups()) if (group.acknowledge(id)) ctx.dirty();
}

function readOptions(args: Args, from: number): { policy: Policy; ids: StreamId[] } {
  let policy: Policy | undefined;
  let ids: StreamId[] | undefined;
  for (let i = from; i < args.count; i++) {
    const word = policyAt(args, i);
    if (word !== undefined && policy === undefined) {
      policy = word;
    } else if (args.is(i, "IDS") && i + 1 < args.count) {
      const count = args.intBetween(
        ++i,
        1,
        Number.MAX_SAFE_INTEGER,
        "ERR Number of IDs must be a positive integer",
      );
      if (count > args.count - i - 1) {
        throw new ReplyError("ERR The `numids` parameter must match the number of arguments");
      }
      const first = i + 1;
      ids = Array.from({ length: count }, (_, k) => readId(args, first + k));
      i += count;
    } else {
      throw syntaxError();
    }
  }
  if (ids === undefined) throw syntaxError();
  return { policy: policy ?? "keep", ids };
}

function policyAt(args: Args, i: number): Policy | undefined {
  if (args.is(i, "KEEPREF")) return "keep";
  if (args.is(i, "DELREF")) return "delete";
  if (args.is(i, "ACKED")) return "acked";
  return undefined;
}
