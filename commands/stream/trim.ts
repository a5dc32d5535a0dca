/**
 * XTRIM: removes entries from the front of a stream; and the options that it shares with XADD: to what a stream is trimmed,
 * and how exactly.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import type { Stream } from "../../storage/types/stream.ts";
import type { IdForm, StreamId } from "../../storage/types/stream_id.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import { type Context, type EffectPart, EventClass } from "../context.ts";
import { findStream, readId, readNewId } from "./lookup.ts";

/** XTRIM */
export const xtrim = command({
  name: "XTRIM",
  summary: "Removes entries from the front of a stream.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(N), with N being the number of evicted entries. Constant times are very small " +
    "however, since entries are organized in macro nodes containing multiple entries that can be " +
    "released with a single deallocation.",
  arity: -4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), trimGrammar({ optional: false })],
  tips: ["nondeterministic_output"],
  history: [["6.2.0", "Trimming by `MINID` and the option `LIMIT` came."]],

  run(ctx, args) {
    const trimming = readTrimOptions(ctx, args);
    const stream = findStream(ctx.db, args, 1);
    const removed = stream === undefined ? 0 : trim(stream, trimming);
    if (stream !== undefined && removed > 0) {
      ctx.changed(args, 1, EventClass.stream, "xtrim");
      ctx.dirty(removed - 1);
      if (trimming.approximate && ctx.propagates) {
        ctx.propagate(...exactParts(args, stream, trimming));
      }
    }
    ctx.reply.int(removed);
  },
});

/** How far to trim a stream, as the arguments say. */
interface Trimming {
  /** Entries to leave, or … */
  maxLength: number;
  /** … the first ID to leave. */
  minId: StreamId | undefined;
  /** Whether only whole nodes may go. */
  approximate: boolean;
  /** The most entries to remove, 0 for any number. */
  limit: number;
  /** The argument that says how far, 0 when there is none: nothing is to be trimmed. */
  at: number;
}

/** What XADD's arguments say before the fields. */
export interface AddOptions {
  readonly trimming: Trimming;
  readonly noMakeStream: boolean;
  /** The argument that is the ID. */
  readonly idAt: number;
  /** The ID, undefined for `*`. */
  readonly id: StreamId | undefined;
  /** Whether the sequence number is to be chosen. */
  readonly anySeq: boolean;
}

/** Nodes' worth of entries that an approximate trimming removes at most unless told otherwise … */
const USUAL_NODES = 100;
/** … within these bounds. */
const USUAL_LIMIT = 10_000;
const LARGEST_USUAL_LIMIT = 1_000_000;

/**
 * Reads what stands before XADD's fields.
 *
 * @throws {ReplyError} when an option or the ID is wrong
 */
export function readAddOptions(ctx: Context, args: Args): AddOptions {
  const trimming = noTrimming();
  const form: IdForm = { allowAnySeq: true, anySeq: false };
  let limitGiven = false;
  let noMakeStream = false;
  let id: StreamId | undefined;
  let i = 2;
  for (; i < args.count; i++) {
    if (args.is(i, "*")) break;
    const hasMore = i + 1 < args.count;
    if (hasMore && (args.is(i, "MAXLEN") || args.is(i, "MINID"))) {
      i = readThreshold(args, i, trimming);
    } else if (hasMore && args.is(i, "LIMIT")) {
      trimming.limit = readLimit(args, ++i);
      limitGiven = true;
    } else if (args.is(i, "NOMKSTREAM")) {
      noMakeStream = true;
    } else {
      id = readNewId(args, i, form);
      break;
    }
  }
  checkLimitHasUse(trimming);
  settleLimit(ctx, trimming, limitGiven);
  return { trimming, noMakeStream, idAt: i, id, anySeq: form.anySeq };
}

/**
 * Reads XTRIM's arguments.
 *
 * @throws {ReplyError} when an option is wrong, or none says how far to trim
 */
function readTrimOptions(ctx: Context, args: Args): Trimming {
  const trimming = noTrimming();
  let limitGiven = false;
  for (let i = 2; i < args.count; i++) {
    if (i + 1 === args.count) throw syntaxError();
    if (args.is(i, "MAXLEN") || args.is(i, "MINID")) {
      i = readThreshold(args, i, trimming);
    } else if (args.is(i, "LIMIT")) {
      trimming.limit = readLimit(args, ++i);
      limitGiven = true;
    } else {
      throw syntaxError();
    }
  }
  checkLimitHasUse(trimming);
  if (trimming.at === 0) {
    throw new ReplyError("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  settleLimit(ctx, trimming, limitGiven);
  return trimming;
}

function noTrimming(): Trimming {
  return { maxLength: 0, minId: undefined, approximate: false, limit: 0, at: 0 };
}

/** Reads MAXLEN or MINID at argument `i`; answers the last argument that belongs to it. */
function readThreshold(args: Args, i: number, trimming: Trimming): number {
  if (trimming.at !== 0) {
    throw new ReplyError(
      "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
    );
  }
  const byId = args.is(i, "MINID");
  let at = i + 1;
  trimming.approximate = false;
  if (i + 2 < args.count && (args.is(at, "~") || args.is(at, "="))) {
    trimming.approximate = args.is(at, "~");
    at++;
  }
  if (byId) {
    trimming.minId = readId(args, at);
  } else {
    trimming.maxLength = args.int(at);
    if (trimming.maxLength < 0) throw new ReplyError("ERR The MAXLEN argument must be >= 0.");
  }
  trimming.at = at;
  return at;
}

function readLimit(args: Args, i: number): number {
  const limit = args.int(i);
  if (limit < 0) throw new ReplyError("ERR The LIMIT argument must be >= 0.");
  return limit;
}

function checkLimitHasUse(trimming: Trimming): void {
  if (trimming.limit > 0 && trimming.at === 0) {
    throw new ReplyError(
      "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
    );
  }
}

function settleLimit(ctx: Context, trimming: Trimming, limitGiven: boolean): void {
  if (ctx.client.mustObey) {
    // The primary has trimmed already, and says exactly how far.
    trimming.limit = 0;
  } else if (limitGiven) {
    if (!trimming.approximate) {
      throw new ReplyError(
        "ERR syntax error, LIMIT cannot be used without the special ~ option",
      );
    }
  } else if (trimming.approximate) {
    const usual = USUAL_NODES * ctx.server.config.values.streamNodeMaxEntries;
    trimming.limit = usual <= 0 ? USUAL_LIMIT : Math.min(usual, LARGEST_USUAL_LIMIT);
  }
}

/** Trims a stream; answers how many entries went. */
export function trim(stream: Stream, trimming: Trimming): number {
  const { minId, maxLength, approximate, limit } = trimming;
  return minId === undefined
    ? stream.trimToLength(maxLength, approximate, limit)
    : stream.trimToId(minId, approximate, limit);
}

/**
 * The parts of a request that trims, as an effect: what was approximate or limited becomes the exact length, or first ID,
 * that was left.
 */
export function exactParts(args: Args, stream: Stream, trimming: Trimming): EffectPart[] {
  const parts: EffectPart[] = Array.from({ length: args.count }, (_, i) => args.view(i));
  if (trimming.approximate) {
    parts[trimming.at - 1] = "=";
    parts[trimming.at] = trimming.minId === undefined
      ? stream.length
      : String(stream.firstStoredId());
  }
  return parts;
}

/** The grammar of these options. */
export function trimGrammar(options: { optional: boolean }): ArgSpec {
  return arg.block("trim", [
    arg.oneOf("strategy", [arg.token("MAXLEN"), arg.token("MINID", { since: "6.2.0" })]),
    arg.oneOf("operator", [
      arg.token("=", { name: "equal" }),
      arg.token("~", { name: "approximately" }),
    ], { optional: true }),
    arg.string("threshold"),
    arg.integer("count", { token: "LIMIT", optional: true, since: "6.2.0" }),
  ], options.optional ? { optional: true } : {});
}
