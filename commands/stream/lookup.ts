/**
 * Finding streams and their groups by arguments, and replying with entries.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ENCODING_SHIFT, StreamEncoding, Type } from "../../storage/entry.ts";
import type { Database } from "../../storage/keyspace.ts";
import { Stream } from "../../storage/types/stream.ts";
import type { Consumer, ConsumerGroup } from "../../storage/types/stream_group.ts";
import type { StreamId } from "../../storage/types/stream_id.ts";
import type { StreamReader } from "../../storage/types/stream_reader.ts";
import { type Context, EventClass } from "../context.ts";
import { replyWithId } from "./ids.ts";

/**
 * The stream in argument `i`, for reading; undefined when there is no key.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function readStream(db: Database, args: Args, i: number): Stream | undefined {
  const ref = db.read(args, i, Type.stream);
  return ref === 0 ? undefined : db.collection(ref) as Stream;
}

/**
 * The stream in argument `i`, for changing it; undefined when there is no key.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function findStream(db: Database, args: Args, i: number): Stream | undefined {
  const ref = db.find(args, i, Type.stream);
  return ref === 0 ? undefined : db.collection(ref) as Stream;
}

/** Stores a new stream under the key in argument `i`, which must not exist. */
export function storeNewStream(ctx: Context, args: Args, i: number): Stream {
  const stream = new Stream(ctx.db.keyspace.collections);
  const kind = Type.stream | (StreamEncoding.stream << ENCODING_SHIFT);
  ctx.db.storeCollection(args, i, kind, stream);
  return stream;
}

/** The consumer that argument `i` names, made if need be. */
export function needConsumer(
  ctx: Context,
  args: Args,
  { group, key, i }: { group: ConsumerGroup; key: number; i: number },
): Consumer {
  const name = args.binary(i);
  let consumer = group.consumer(name);
  if (consumer === undefined) {
    consumer = group.addConsumer(name, ctx.now);
    ctx.dirty();
    ctx.notify(EventClass.stream, "xgroup-createconsumer", args.view(key));
  }
  consumer.seenTime = ctx.now;
  return consumer;
}

/** Replies with the entry that the reader is at: its ID, its fields and values. */
export function replyWithEntry(ctx: Context, reader: StreamReader): void {
  const { reply } = ctx;
  reply.array(2);
  replyWithId(ctx, reader.id);
  reply.array(reader.fieldCount * 2);
  while (reader.nextItem()) reply.bulkAt(reader.buf, reader.off, reader.len);
}

/** What of a stream to reply with. */
export interface Range {
  readonly from: StreamId;
  readonly to: StreamId;
  readonly reverse?: boolean;
  /** The most entries, 0 for all. */
  readonly count: number;
}

/** Replies with an array of entries. */
export function replyWithRange(ctx: Context, stream: Stream, range: Range): void {
  const { reply } = ctx;
  const reader = stream.reader;
  const mark = reply.open();
  let length = 0;
  let more = reader.seek(range.from, range.to, range.reverse);
  while (more) {
    replyWithEntry(ctx, reader);
    more = ++length !== range.count && reader.next();
  }
  reply.close(mark, "array", length);
}
