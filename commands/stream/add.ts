/**
 * XADD: a new entry at the end of a stream.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Stream } from "../../storage/types/stream.ts";
import { StreamId } from "../../storage/types/stream_id.ts";
import { LARGEST_ENTRY } from "../../storage/types/stream_tail.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  entryTooLarge,
  idNotAboveTop,
  idNotAboveZero,
  idsExhausted,
  wrongNumberOfArguments,
} from "../errors.ts";
import { findStream, newId, replyWithId, storeNewStream } from "./lookup.ts";
import { type AddOptions, exactParts, readAddOptions, trim, trimGrammar } from "./trim.ts";

/** The most common request has no options and lets the server choose the ID. */
const PLAIN: AddOptions = {
  trimming: { maxLength: 0, minId: undefined, approximate: false, limit: 0, at: 0 },
  noMakeStream: false,
  idAt: 2,
  id: undefined,
  anySeq: false,
};

/** XADD */
export const xadd = command({
  name: "XADD",
  summary: "Appends an entry to a stream, which is made if there is none.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of " +
    "entries evicted.",
  arity: -5,
  flags: ["write", "denyoom", "fast"],
  keys: [{
    at: 1,
    access: "RW",
    effects: ["update"],
    note: "An update rather than an insertion, since the command may also trim",
  }],
  args: [
    arg.key("key"),
    arg.token("NOMKSTREAM", { optional: true, since: "6.2.0" }),
    trimGrammar({ optional: true }),
    arg.oneOf("id-selector", [arg.token("*", { name: "auto-id" }), arg.string("id")]),
    arg.block("data", [arg.string("field"), arg.string("value")], { multiple: true }),
  ],
  tips: ["nondeterministic_output"],
  history: [
    ["6.2.0", "The options `NOMKSTREAM` and `LIMIT` and trimming by `MINID` came."],
    ["7.0.0", "IDs may be given as `<ms>-*`."],
  ],

  run(ctx, args) {
    const options = args.is(2, "*") ? PLAIN : readAddOptions(ctx, args);
    const { trimming, idAt } = options;
    const first = idAt + 1;
    const items = args.count - first;
    if (items < 2 || items % 2 === 1) throw wrongNumberOfArguments("xadd");
    if (options.id?.isZero && !options.anySeq) throw idNotAboveZero();

    let stream = findStream(ctx.db, args, 1);
    if (stream === undefined && options.noMakeStream) {
      ctx.reply.null();
      return;
    }
    const id = chooseId(ctx, stream ?? NOTHING_ADDED, options);
    let bytes = 0;
    for (let i = first; i < args.count; i++) bytes += args.len[i];
    if (bytes > LARGEST_ENTRY) throw entryTooLarge();

    stream ??= storeNewStream(ctx, args, 1);
    stream.append(id, args, first, items / 2, ctx.server.config.values);
    ctx.changed(args, 1, EventClass.stream, "xadd");
    if (trimming.at > 0 && trim(stream, trimming) > 0) {
      ctx.notify(EventClass.stream, "xtrim", args.view(1));
    }
    if (ctx.propagates) propagate(ctx, args, { stream, options, id });
    replyWithId(ctx, id);
  },
});

/** What a stream that is yet to be made is for the choice of an ID. */
const NOTHING_ADDED: Pick<Stream, "lastId"> = { lastId: new StreamId() };

/** The ID of the new entry, which is above all others of the stream. What is answered is reused. */
function chooseId(
  ctx: Context,
  { lastId: last }: Pick<Stream, "lastId">,
  { id, anySeq }: AddOptions,
): StreamId {
  if (last.isMax) throw idsExhausted();
  let chosen = id;
  if (chosen === undefined) {
    chosen = newId(ctx);
    chosen.setMs(ctx.now);
    chosen.setSeq(0);
    if (
      chosen.msHigh < last.msHigh || chosen.msHigh === last.msHigh && chosen.msLow <= last.msLow
    ) {
      chosen.set(last).increment();
    }
  } else if (anySeq && chosen.sameMs(last)) {
    if (!chosen.set(last).incrementSeq()) throw idNotAboveTop();
  }
  if (chosen.compare(last) <= 0) throw idNotAboveTop();
  return chosen;
}

/** What was left to the server, or trimmed roughly, leaves as it turned out. */
function propagate(
  ctx: Context,
  args: Args,
  { stream, options, id }: { stream: Stream; options: AddOptions; id: StreamId },
): void {
  const parts = exactParts(args, stream, options.trimming);
  parts[options.idAt] = String(id);
  ctx.propagate(...parts);
}
