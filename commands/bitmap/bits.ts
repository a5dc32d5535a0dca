/**
 * What the bitmap commands share: reading the offset of a bit, and a string long enough to have it.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { LARGEST_VALUE, StringEncoding, Type } from "../../storage/entry.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import type { Context } from "../context.ts";
import { BIT_OFFSET_OUT_OF_RANGE } from "./errors.ts";

/** The offset of a bit, as argument `i` tells it. @throws {ReplyError} */
export function readBitOffset(ctx: Context, args: Args, i: number): number {
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
