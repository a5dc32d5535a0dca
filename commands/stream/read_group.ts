/**
 * XREADGROUP: entries that no other consumer of the group gets, or those that a consumer has pending.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { IdPlace } from "../../storage/types/id_tree.ts";
import type { Stream } from "../../storage/types/stream.ts";
import type { Consumer } from "../../storage/types/stream_group.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { noGroupToRead } from "../errors.ts";
import {
  type NamedGroup,
  propagateConsumer,
  propagatePending,
  propagateProgress,
} from "./effects.ts";
import { needConsumer, readId, readStream, replyWithEntry, replyWithId } from "./lookup.ts";
import { keysOf, type ReadOptions, readOptions } from "./read.ts";

/** What is asked of one stream. */
interface Request extends NamedGroup {
  readonly stream: Stream;
  /** The ID that pending entries must be behind; undefined (`>`) for entries nobody has got yet. */
  readonly after: StreamId | undefined;
}

/** XREADGROUP */
export const xreadgroup = command({
  name: "XREADGROUP",
  summary: "Answers entries to one consumer of a group, new ones or its pending ones.",
  group: "stream",
  since: "5.0.0",
  complexity:
    "For each stream mentioned: O(M) with M being the number of elements returned. If M " +
    "is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it " +
    "O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to " +
    "serve the N clients blocked on the stream getting new data.",
  arity: -7,
  flags: ["blocking", "write"],
  keys: [{ keyword: "STREAMS", from: 4, last: -1, limit: 2, access: "RO", effects: ["access"] }],
  args: [
    arg.block("group-block", [arg.string("group"), arg.string("consumer")], { token: "GROUP" }),
    arg.integer("count", { token: "COUNT", optional: true }),
    arg.integer("milliseconds", { token: "BLOCK", optional: true }),
    arg.token("NOACK", { optional: true }),
    arg.block("streams", [
      arg.key("key", { multiple: true }),
      arg.string("ID", { multiple: true }),
    ], { token: "STREAMS" }),
  ],

  run(ctx, args) {
    const options = readOptions(ctx, args, true);
    if (serve(ctx, args, options)) return;
    const onTimeout = ({ reply }: Context) => reply.nullArray();
    if (options.timeout === undefined) return onTimeout(ctx);
    return ctx.block(args, {
      keys: keysOf(options),
      type: Type.stream,
      orGone: true,
      timeout: options.timeout,
      // The key or its group may have gone: then the wait ends with a refusal.
      serve: (ctx, args) => serve(ctx, args, options),
      onTimeout,
    });
  },
});

/**
 * Replies with what there is; false, and no reply, when there is nothing.
 *
 * @throws {ReplyError} when a key, a group or an ID is wrong
 */
function serve(ctx: Context, args: Args, options: ReadOptions): boolean {
  const requests = readRequests(ctx, args, options);
  const { reply } = ctx;
  // The request itself never leaves; what it changes is said step by step.
  ctx.propagateNothing();
  const mark = reply.open();
  let served = 0;
  for (const request of requests) {
    const consumer = consumerOf(ctx, args, options, request);
    const from = (request.after ?? request.group.lastId).clone();
    const isNew = request.after === undefined;
    if (isNew && !(from.increment() && request.stream.reader.seek(from, StreamId.max()))) continue;
    if (!isNew) from.increment();
    if (reply.protocol === 2) reply.array(2);
    reply.bulkAt(args.buf, args.off[request.key], args.len[request.key]);
    const start = reply.open();
    const entries = isNew
      ? deliverNew(ctx, args, options, { ...request, consumer })
      : replyWithPending(ctx, options, { ...request, consumer, from });
    reply.close(start, "array", entries);
    served++;
  }
  if (served > 0) reply.close(mark, reply.protocol === 2 ? "array" : "map", served);
  else reply.rollback(mark);
  return served > 0;
}

function readRequests(ctx: Context, args: Args, options: ReadOptions): Request[] {
  const { keysAt, keyCount, groupAt } = options;
  const groupName = args.binary(groupAt);
  return Array.from({ length: keyCount }, (_, i) => {
    const key = keysAt + i;
    const stream = readStream(ctx.db, args, key);
    const group = stream?.group(groupName);
    if (stream === undefined || group === undefined) throw noGroupToRead(args, key, groupAt);
    return { stream, group, key, name: groupAt, after: readAfter(args, key + keyCount) };
  });
}

function readAfter(args: Args, i: number): StreamId | undefined {
  if (args.is(i, ">")) return undefined;
  for (const sign of ["$", "+"]) if (args.is(i, sign)) throw meaningless(sign);
  const id = readId(args, i);
  // To Redis `>` is the greatest ID, and the other way round.
  return id.isMax ? undefined : id;
}

function meaningless(sign: string): ReplyError {
  return new ReplyError(
    `ERR The ${sign} ID is meaningless in the context of XREADGROUP: you want to read the history ` +
      "of this consumer by specifying a proper ID, or use the > ID to get new messages. The " +
      `${sign} ID would just return an empty result set.`,
  );
}

function consumerOf(
  ctx: Context,
  args: Args,
  { groupAt, noAck }: ReadOptions,
  request: Request,
): Consumer {
  const { group, key } = request;
  const before = group.consumerCount;
  const consumer = needConsumer(ctx, args, { group, key, i: groupAt + 1 });
  // Without pending entries nothing else tells of it.
  if (noAck && group.consumerCount > before) propagateConsumer(ctx, args, request, consumer);
  return consumer;
}

/** Replies with entries that come next for the group; the reader is at the first one. Answers how many. */
function deliverNew(
  ctx: Context,
  args: Args,
  { count, noAck }: ReadOptions,
  request: Request & { consumer: Consumer },
): number {
  const { stream, group, consumer } = request;
  const { reader } = stream;
  let entries = 0;
  let advanced = false;
  do {
    if (stream.advance(group, reader.id)) advanced = true;
    replyWithEntry(ctx, reader);
    if (!noAck) {
      const place = group.deliver(reader.id, consumer, ctx.now);
      consumer.activeTime = ctx.now;
      propagatePending(ctx, args, request, { id: reader.id, place });
    }
    entries++;
  } while (entries !== count && reader.next());
  if (advanced) propagateProgress(ctx, args, request);
  ctx.dirty();
  return entries;
}

/** Replies with what the consumer has pending from an ID on, each once more delivered. Answers how many. */
function replyWithPending(
  ctx: Context,
  { count }: ReadOptions,
  { stream, group, consumer, from }: Request & { consumer: Consumer; from: StreamId },
): number {
  const { reply } = ctx;
  const own = new IdPlace(consumer.pending);
  const id = new StreamId();
  let entries = 0;
  let more = consumer.pending.seekAtLeast(from, own);
  while (more) {
    own.readId(id);
    if (stream.has(id)) {
      replyWithEntry(ctx, stream.reader);
      const place = group.pending.find(id);
      if (place !== undefined) group.deliverAgain(place, ctx.now);
    } else {
      // The entry has been deleted, but must still be acknowledged.
      reply.array(2);
      replyWithId(ctx, id);
      reply.nullArray();
    }
    more = ++entries !== count && own.next();
  }
  return entries;
}
