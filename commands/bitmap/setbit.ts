/**
 * Single bits: SETBIT, GETBIT; and what the bitmap commands share: reading the offset of a bit, and a string long enough
 * to have it.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { LARGEST_VALUE, StringEncoding, Type } from "../../storage/entry.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { BIT_OFFSET_OUT_OF_RANGE, BIT_OUT_OF_RANGE } from "../errors.ts";

/** SETBIT */
export const setbit = command({
  name: "SETBIT",
  summary: "Sets or clears one bit of a string, with zeros up to it where the string is shorter.",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["write", "denyoom"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.integer("offset"), arg.integer("value")],

  run(ctx, args) {
    const offset = readBitOffset(ctx, args, 2);
    const bit = args.int(3, BIT_OUT_OF_RANGE);
    if (bit !== 0 && bit !== 1) throw new ReplyError(BIT_OUT_OF_RANGE);

    const { ref, grown } = stringWithBit(ctx, args, offset);
    const { buf, off } = ctx.db.value(ref);
    const at = off + Math.floor(offset / 8);
    const mask = 0x80 >>> (offset % 8);
    const before = (buf[at] & mask) === 0 ? 0 : 1;
    if (grown || before !== bit) {
      buf[at] ^= before === bit ? 0 : mask;
      ctx.changed(args, 1, EventClass.string, "setbit");
    }
    ctx.reply.int(before);
  },
});

/** GETBIT */
export const getbit = command({
  name: "GETBIT",
  summary: "Answers one bit of a string; 0 behind its end.",
  group: "bitmap",
  since: "2.2.0",
  complexity: "O(1)",
  arity: 3,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("offset")],

  run(ctx, args) {
    const offset = readBitOffset(ctx, args, 2);
    const ref = ctx.db.read(args, 1, Type.string);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const { buf, off, len } = ctx.db.value(ref);
    const byte = Math.floor(offset / 8);
    const isSet = byte < len && (buf[off + byte] & (0x80 >>> (offset % 8))) !== 0;
    ctx.reply.int(isSet ? 1 : 0);
  },
});

/** The offset of a bit, as argument `i` tells it. @throws {ReplyError} */
function readBitOffset(ctx: Context, args: Args, i: number): number {
  return checkBitOffset(ctx, args.int(i, BIT_OFFSET_OUT_OF_RANGE));
}

/** Whether the longest string could have this bit. @throws {ReplyError} when it could not */
export function checkBitOffset(ctx: Context, offset: number): number {
  const limit = Math.min(ctx.server.config.values.protoMaxBulkLen, LARGEST_VALUE);
  if (offset < 0 || offset >= limit * 8) throw new ReplyError(BIT_OFFSET_OUT_OF_RANGE);
  return offset;
}

/**
 * The string in argument 1, made so long that it has a bit; what is new is zero. It counts as changed in part from now
 * on. `grown` says whether it was absent or shorter.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function stringWithBit(
  ctx: Context,
  args: Args,
  offset: number,
): { ref: Ref; grown: boolean } {
  const { db } = ctx;
  const length = Math.floor(offset / 8) + 1;
  let ref = db.find(args, 1, Type.string);
  const before = ref === 0 ? 0 : db.value(ref).len;
  const grown = before < length;
  if (ref === 0) ref = db.setString(args, 1, "");
  if (grown) ref = db.resizeValue(ref, length);
  db.setEncoding(ref, StringEncoding.raw);
  return { ref, grown };
}
