/**
 * IDs among the arguments of the stream commands, and in their replies and effects; finding streams and their groups by
 * arguments, and replying with entries.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { ENCODING_SHIFT, StreamEncoding, Type } from "../../storage/entry.ts";
import type { Database } from "../../storage/keyspace.ts";
import { Stream } from "../../storage/types/stream.ts";
import type { Consumer, ConsumerGroup } from "../../storage/types/stream_group.ts";
import { type IdForm, LONGEST_ID, parseStreamId, StreamId } from "../../storage/types/stream_id.ts";
import type { StreamReader } from "../../storage/types/stream_reader.ts";
import { type Context, EventClass } from "../context.ts";
import { invalidId, invalidIntervalEnd, invalidIntervalStart } from "../errors.ts";

/** Arguments that are longer are no IDs to Redis, whatever they begin with. */
const LONGEST_ARGUMENT = 127;
const MINUS = 45;
const PLUS = 43;
const PARENTHESIS = 40;

/**
 * Reads `<ms>` or `<ms>-<seq>`; a missing sequence number is 0.
 *
 * @throws {ReplyError} when the argument is no such ID
 */
export function readId(args: Args, i: number): StreamId {
  const id = new StreamId();
  if (!parse(args.buf, args.off[i], args.len[i], id)) throw invalidId();
  return id;
}

/** {@link readId} that answers undefined for what is no ID. */
export function readIdIfAny(args: Args, i: number): StreamId | undefined {
  const id = new StreamId();
  return parse(args.buf, args.off[i], args.len[i], id) ? id : undefined;
}

/**
 * Reads the ID of a new entry; with `<ms>-*` it says so in `form`.
 *
 * @throws {ReplyError} when the argument is no such ID
 */
export function readNewId(args: Args, i: number, form: IdForm): StreamId {
  const id = new StreamId();
  if (!parse(args.buf, args.off[i], args.len[i], id, form)) throw invalidId();
  return id;
}

/**
 * Reads an ID, or `-` or `+` for the smallest and the greatest one.
 *
 * @throws {ReplyError} when the argument is neither
 */
export function readAnyId(args: Args, i: number, id = new StreamId()): StreamId {
  const { buf, off, len } = args;
  if (len[i] === 1 && buf[off[i]] === MINUS) return id.setZero();
  if (len[i] === 1 && buf[off[i]] === PLUS) return id.set(StreamId.max());
  if (!parse(buf, off[i], len[i], id)) throw invalidId();
  return id;
}

/**
 * Reads where an interval begins: an ID, `-`, `+`, or `(` and the ID before it.
 *
 * @throws {ReplyError} when the argument is none of these, or nothing lies behind it
 */
export function readIntervalStart(args: Args, i: number): StreamId {
  if (!isExclusive(args, i)) return readAnyId(args, i);
  const id = new StreamId();
  if (!parse(args.buf, args.off[i] + 1, args.len[i] - 1, id)) throw invalidId();
  if (!id.increment()) throw invalidIntervalStart();
  return id;
}

/**
 * Reads where an interval ends; a missing sequence number is the greatest one.
 *
 * @throws {ReplyError} when the argument is no ID, or nothing lies before it
 */
export function readIntervalEnd(args: Args, i: number): StreamId {
  const id = new StreamId();
  id.setSeqMax();
  if (!isExclusive(args, i)) return readAnyId(args, i, id);
  if (!parse(args.buf, args.off[i] + 1, args.len[i] - 1, id)) throw invalidId();
  if (!id.decrement()) throw invalidIntervalEnd();
  return id;
}

function isExclusive(args: Args, i: number): boolean {
  return args.len[i] > 1 && args.buf[args.off[i]] === PARENTHESIS;
}

function parse(buf: Uint8Array, off: number, len: number, id: StreamId, form?: IdForm): boolean {
  if (len > LONGEST_ARGUMENT) return false;
  // To Redis, an ID is a C string.
  let end = off;
  while (end < off + len && buf[end] !== 0) end++;
  return parseStreamId(buf, off, end - off, id, form);
}

/** Where IDs are chosen and become text; one per database. */
class IdDesk {
  /** An object for each new ID would leave several numbers to be collected, too. */
  readonly chosen = new StreamId();
  readonly buf = new Uint8Array(LONGEST_ID);
  /** The time that stands there already, up to where: IDs of the same millisecond often follow each other. */
  readonly #time = new StreamId();
  #seqAt = 0;

  /** Writes an ID; answers where it ends. */
  write(id: StreamId): number {
    if (this.#seqAt === 0 || !this.#time.sameMs(id)) {
      this.#time.set(id);
      this.#seqAt = id.writeMs(this.buf, 0);
    }
    return id.writeSeq(this.buf, this.#seqAt);
  }
}

/** An ID for a new entry, to be filled in; reused by the next call. */
export function newId(ctx: Context): StreamId {
  return ctx.db.tool(IdDesk).chosen;
}

/** Replies with an ID. */
export function replyWithId(ctx: Context, id: StreamId): void {
  const text = ctx.db.tool(IdDesk);
  ctx.reply.bulkAt(text.buf, 0, text.write(id));
}

/** Replies with IDs. */
export function replyWithIds(ctx: Context, ids: readonly StreamId[]): void {
  ctx.reply.array(ids.length);
  for (const id of ids) replyWithId(ctx, id);
}

/** Replies with a number that may be unknown. */
export function replyWithCount(reply: Reply, count: number | bigint | undefined): void {
  if (count === undefined) reply.null();
  else reply.int(count);
}

/**
 * The stream in argument `i`, for reading; undefined when there is no key.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function readStream(db: Database, args: Args, i: number): Stream | undefined {
  const ref = db.read(args, i, Type.stream);
  return ref === 0 ? undefined : db.collectionOf(ref) as Stream;
}

/**
 * The stream in argument `i`, for changing it; undefined when there is no key.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function findStream(db: Database, args: Args, i: number): Stream | undefined {
  const ref = db.find(args, i, Type.stream);
  return ref === 0 ? undefined : db.collectionOf(ref) as Stream;
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
