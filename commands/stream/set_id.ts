/**
 * XSETID: what a stream says about its past.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { narrowCount } from "../../storage/types/stream_count.ts";
import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { noSuchKey } from "../errors.ts";
import { findStream, readId } from "./lookup.ts";

/** XSETID */
export const xsetid = command({
  name: "XSETID",
  summary: "Sets the last ID of a stream and what is known about its past entries.",
  group: "stream",
  since: "5.0.0",
  complexity: "O(1)",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.string("last-id"),
    arg.integer("entries-added", { token: "ENTRIESADDED", optional: true, since: "7.0.0" }),
    arg.string("max-deleted-id", { token: "MAXDELETEDID", optional: true, since: "7.0.0" }),
  ],
  history: [["7.0.0", "The options `ENTRIESADDED` and `MAXDELETEDID` came."]],

  run(ctx, args) {
    const { id, entriesAdded, maxDeletedId } = readOptions(args);
    const stream = findStream(ctx.db, args, 1);
    if (stream === undefined) throw noSuchKey();
    if (id.compare(stream.maxDeletedId) < 0) {
      throw new ReplyError(
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
      );
    }
    if (stream.length > 0) {
      if (id.compare(stream.topId()) < 0) {
        throw new ReplyError(
          "ERR The ID specified in XSETID is smaller than the target stream top item",
        );
      }
      if (entriesAdded !== undefined && entriesAdded < stream.length) {
        throw new ReplyError(
          "ERR The entries_added specified in XSETID is smaller than the target stream length",
        );
      }
    }

    stream.lastId.set(id);
    if (entriesAdded !== undefined) stream.entriesAdded = narrowCount(entriesAdded);
    if (maxDeletedId !== undefined && !maxDeletedId.isZero) stream.maxDeletedId.set(maxDeletedId);
    ctx.dirty();
    ctx.notify(EventClass.stream, "xsetid", args.view(1));
    ctx.reply.ok();
  },
});

function readOptions(args: Args) {
  const id = readId(args, 2);
  let entriesAdded: bigint | undefined;
  let maxDeletedId: ReturnType<typeof readId> | undefined;
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) throw syntaxError();
    if (args.is(i, "ENTRIESADDED")) {
      entriesAdded = args.bigint(i + 1);
      if (entriesAdded < 0n) throw new ReplyError("ERR entries_added must be positive");
    } else if (args.is(i, "MAXDELETEDID")) {
      maxDeletedId = readId(args, i + 1);
      if (id.compare(maxDeletedId) < 0) {
        throw new ReplyError(
          "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
        );
      }
    } else {
      throw syntaxError();
    }
  }
  return { id, entriesAdded, maxDeletedId };
}
