/**
 * Single bits: SETBIT, GETBIT.
 *
 * @module
 */

import { Type } from "../../storage/entry.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { arg, command } from "../command.ts";
import { EventClass } from "../context.ts";
import { readBitOffset, stringWithBit } from "./bits.ts";
import { BIT_OUT_OF_RANGE } from "./errors.ts";

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
