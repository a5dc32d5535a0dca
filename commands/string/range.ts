/**
 * Parts of a string: APPEND, SETRANGE, GETRANGE with its old name SUBSTR, STRLEN.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { LARGEST_VALUE, NO_EXPIRY, StringEncoding, Type } from "../../storage/entry.ts";
import { copyBytes } from "../../storage/memory/bytes.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { offsetOutOfRange, stringTooLong } from "../errors.ts";

/** APPEND */
export const append = command({
  name: "APPEND",
  summary: "Adds bytes at the end of the string that a key holds; an absent key counts as empty.",
  group: "string",
  since: "2.0.0",
  complexity: "O(1) on average for short additions, as the room for a growing string is doubled.",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["insert"] }],
  args: [arg.key("key"), arg.string("value")],

  run(ctx, args) {
    const { db } = ctx;
    const ref = db.find(args, 1, Type.string);
    let total = args.len[2];
    if (ref === 0) {
      db.setArg(args, 1, 2, NO_EXPIRY);
    } else {
      const before = db.value(ref).len;
      total += before;
      checkLength(ctx, total);
      writeAt(ctx, args, 2, db.resizeValue(ref, total), before);
    }
    ctx.changed(args, 1, EventClass.string, "append");
    ctx.reply.int(total);
  },
});

/** SETRANGE */
export const setrange = command({
  name: "SETRANGE",
  summary: "Overwrites part of the string that a key holds, with zero bytes up to where it begins.",
  group: "string",
  since: "2.2.0",
  complexity: "O(M) where M is the length of the value, and of the zero bytes before it.",
  arity: 4,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [arg.key("key"), arg.integer("offset"), arg.string("value")],

  run(ctx, args) {
    const { db } = ctx;
    const offset = args.int(2);
    if (offset < 0) throw offsetOutOfRange();
    let ref = db.find(args, 1, Type.string);
    const before = ref === 0 ? 0 : db.value(ref).len;
    const added = args.len[3];
    if (added === 0) {
      ctx.reply.int(before);
      return;
    }
    const end = offset + added;
    checkLength(ctx, end);

    if (ref === 0) ref = db.setString(args, 1, "", NO_EXPIRY);
    if (end > before) ref = db.resizeValue(ref, end);
    writeAt(ctx, args, 3, ref, offset);
    ctx.changed(args, 1, EventClass.string, "setrange");
    ctx.reply.int(Math.max(before, end));
  },
});

/** STRLEN */
export const strlen = command({
  name: "STRLEN",
  summary: "Answers how many bytes the string has that a key holds.",
  group: "string",
  since: "2.2.0",
  complexity: "O(1)",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO" }],
  args: [arg.key("key")],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1, Type.string);
    ctx.reply.int(ref === 0 ? 0 : ctx.db.value(ref).len);
  },
});

/** GETRANGE */
export const getrange = command({
  name: "GETRANGE",
  summary: "Answers part of the string that a key holds.",
  group: "string",
  since: "2.4.0",
  complexity: "O(N) where N is the length of the answer.",
  arity: 4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("end")],
  run: replyWithRange,
});

/** SUBSTR */
export const substr = command({
  name: "SUBSTR",
  summary: "Answers part of the string that a key holds.",
  group: "string",
  since: "1.0.0",
  complexity: "O(N) where N is the length of the answer.",
  deprecatedSince: "2.0.0",
  replacedBy: "`GETRANGE`",
  docFlags: ["deprecated"],
  arity: 4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("end")],
  run: replyWithRange,
});

function replyWithRange(ctx: Context, args: Args): void {
  let start = args.int(2);
  let end = args.int(3);
  const ref = ctx.db.read(args, 1, Type.string);
  if (ref === 0) {
    ctx.reply.bulk("");
    return;
  }
  const { buf, off, len } = ctx.db.value(ref);
  // Looked at before both are cut to the string: a reversed range before its beginning is empty.
  const reversed = start < 0 && end < 0 && start > end;
  if (start < 0) start = Math.max(0, len + start);
  if (end < 0) end = Math.max(0, len + end);
  end = Math.min(end, len - 1);
  if (reversed || start > end) ctx.reply.bulk("");
  else ctx.reply.bulkAt(buf, off + start, end - start + 1);
}

/** Copies argument `v` into a value, from byte `at` on; the string is no longer as it was set. */
function writeAt(ctx: Context, args: Args, v: number, ref: number, at: number): void {
  const { db } = ctx;
  db.setEncoding(ref, StringEncoding.raw);
  const { buf, off } = db.value(ref);
  copyBytes(args.buf, args.off[v], buf, off + at, args.len[v]);
}

function checkLength(ctx: Context, length: number): void {
  const limit = Math.min(ctx.server.config.values.protoMaxBulkLen, LARGEST_VALUE);
  if (length > limit) throw stringTooLong();
}
