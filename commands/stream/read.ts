/**
 * XREAD: the entries behind an ID in each of several streams, waited for if need be; and the options that it shares with
 * XREADGROUP.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { readMillisTimeout } from "../block_timeout.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { readId, readStream, replyWithRange } from "./lookup.ts";

/** What the arguments say besides the IDs. */
export interface ReadOptions {
  /** How long to wait, ms; 0 for as long as it takes, undefined for not at all. */
  timeout: number | undefined;
  /** The most entries of each stream, 0 for all. */
  count: number;
  /** The first key's argument, and how many keys there are; as many IDs follow. */
  keysAt: number;
  keyCount: number;
  /** The argument that is the group's name, the consumer's next to it; 0 for none. */
  groupAt: number;
  noAck: boolean;
}

/**
 * Reads the options of XREAD, or with `grouped` of XREADGROUP.
 *
 * @throws {ReplyError} with Redis's texts
 */
export function readOptions(ctx: Context, args: Args, grouped: boolean): ReadOptions {
  const options: ReadOptions = {
    timeout: undefined,
    count: 0,
    keysAt: 0,
    keyCount: 0,
    groupAt: 0,
    noAck: false,
  };
  for (let i = 1; i < args.count && options.keysAt === 0; i++) {
    const more = args.count - i - 1;
    if (more > 0 && args.is(i, "BLOCK")) {
      if (ctx.isScript) throw notFromScripts(args);
      options.timeout = readMillisTimeout(args, ++i, ctx.now);
    } else if (more > 0 && args.is(i, "COUNT")) {
      options.count = Math.max(0, args.int(++i));
    } else if (more > 0 && args.is(i, "STREAMS")) {
      if (more % 2 !== 0) throw unbalanced(grouped);
      options.keysAt = i + 1;
      options.keyCount = more / 2;
    } else if (more > 1 && args.is(i, "GROUP")) {
      if (!grouped) throw onlyForGroups("GROUP");
      options.groupAt = i + 1;
      i += 2;
    } else if (args.is(i, "NOACK")) {
      if (!grouped) throw onlyForGroups("NOACK");
      options.noAck = true;
    } else {
      throw syntaxError();
    }
  }
  if (options.keysAt === 0) throw syntaxError();
  if (grouped && options.groupAt === 0) {
    throw new ReplyError("ERR Missing GROUP option for XREADGROUP");
  }
  return options;
}

function notFromScripts(args: Args): ReplyError {
  const name = args.binary(0);
  return new ReplyError(`ERR ${name} command is not allowed with BLOCK option from scripts`);
}

function unbalanced(grouped: boolean): ReplyError {
  const [name, sign] = grouped ? ["xreadgroup", ">"] : ["xread", "$"];
  return new ReplyError(
    `ERR Unbalanced '${name}' list of streams: for each stream key an ID or '${sign}' must be ` +
      "specified.",
  );
}

function onlyForGroups(option: string): ReplyError {
  return new ReplyError(
    `ERR The ${option} option is only supported by XREADGROUP. You called XREAD instead.`,
  );
}

/** The arguments that are keys. */
export function keysOf({ keysAt, keyCount }: ReadOptions): number[] {
  return Array.from({ length: keyCount }, (_, i) => keysAt + i);
}

/** A stream that has something to answer with. */
interface Source {
  readonly key: number;
  readonly stream: Stream;
  readonly from: StreamId;
}

/** XREAD */
export const xread = command({
  name: "XREAD",
  summary: "Answers the entries behind an ID in each of several streams, and may wait for them.",
  group: "stream",
  since: "5.0.0",
  arity: -4,
  flags: ["blocking", "readonly"],
  keys: [{ keyword: "STREAMS", from: 1, last: -1, limit: 2, access: "RO", effects: ["access"] }],
  args: [
    arg.integer("count", { token: "COUNT", optional: true }),
    arg.integer("milliseconds", { token: "BLOCK", optional: true }),
    arg.block("streams", [
      arg.key("key", { multiple: true }),
      arg.string("ID", { multiple: true }),
    ], { token: "STREAMS" }),
  ],

  run(ctx, args) {
    const options = readOptions(ctx, args, false);
    // What `$` means is settled once, also for a client that waits.
    const ends: (StreamId | undefined)[] = [];
    const sources = findSources(ctx, args, options, ends);
    if (sources.length > 0) {
      replyWithSources(ctx, args, options, sources);
      return;
    }
    const onTimeout = ({ reply }: Context) => reply.nullArray();
    if (options.timeout === undefined) return onTimeout(ctx);
    return ctx.block(args, {
      keys: keysOf(options),
      type: Type.stream,
      timeout: options.timeout,
      serve(ctx, args) {
        if (!anyIsReady(ctx, args, options, ends)) return false;
        const sources = findSources(ctx, args, options, ends);
        if (sources.length === 0) return false;
        replyWithSources(ctx, args, options, sources);
        return true;
      },
      onTimeout,
    });
  },
});

/**
 * The streams that have entries behind the ID asked for.
 *
 * @param ends what `$` means for each key, found out when it is missing
 * @throws {ReplyError} when a key holds no stream or an ID is none
 */
function findSources(
  ctx: Context,
  args: Args,
  { keysAt, keyCount }: ReadOptions,
  ends: (StreamId | undefined)[],
): Source[] {
  const sources: Source[] = [];
  for (let i = 0; i < keyCount; i++) {
    const key = keysAt + i;
    const stream = readStream(ctx.db, args, key);
    const after = readAfter(args, key + keyCount, stream, ends[i]);
    ends[i] ??= args.is(key + keyCount, "$") ? after : undefined;
    const from = after.clone();
    if (stream !== undefined && from.increment() && stream.reader.seek(from, StreamId.max())) {
      sources.push({ key, stream, from });
    }
  }
  return sources;
}

/** The ID in argument `i` that entries must be behind. */
function readAfter(
  args: Args,
  i: number,
  stream: Stream | undefined,
  end: StreamId | undefined,
): StreamId {
  if (args.is(i, "$")) return end ?? stream?.lastId.clone() ?? new StreamId();
  if (args.is(i, "+")) {
    const id = stream?.lastId.clone() ?? new StreamId();
    if (stream !== undefined && !id.decrement()) {
      throw new ReplyError("ERR the stream last element ID is 0-0");
    }
    return id;
  }
  if (args.is(i, ">")) {
    throw new ReplyError(
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> " +
        "<consumer> option.",
    );
  }
  return readId(args, i);
}

/** Whether any key is a stream with entries to answer: other changes do not end a wait, whatever they are. */
function anyIsReady(
  ctx: Context,
  args: Args,
  { keysAt, keyCount }: ReadOptions,
  ends: readonly (StreamId | undefined)[],
): boolean {
  const { db } = ctx;
  for (let i = 0; i < keyCount; i++) {
    const ref = db.peek(args, keysAt + i);
    if (ref === 0 || db.type(ref) !== Type.stream) continue;
    const stream = db.collection(ref) as Stream;
    if (stream.length === 0) continue;
    const from = readAfter(args, keysAt + keyCount + i, stream, ends[i]).clone();
    if (from.increment() && stream.reader.seek(from, StreamId.max())) return true;
  }
  return false;
}

function replyWithSources(
  ctx: Context,
  args: Args,
  { count }: ReadOptions,
  sources: readonly Source[],
): void {
  const { reply } = ctx;
  if (reply.protocol === 2) reply.array(sources.length);
  else reply.map(sources.length);
  for (const { key, stream, from } of sources) {
    if (reply.protocol === 2) reply.array(2);
    reply.bulkAt(args.buf, args.off[key], args.len[key]);
    replyWithRange(ctx, stream, { from, to: StreamId.max(), count });
  }
}
