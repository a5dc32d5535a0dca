/**
 * Looking through a string bit by bit: BITCOUNT, BITPOS.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { countBits, findBit } from "../../storage/types/bitmap.ts";
import { arg, command } from "../command.ts";
import { bitNeitherZeroNorOne } from "../errors.ts";

const unit = arg.oneOf("unit", [arg.token("BYTE"), arg.token("BIT")], {
  optional: true,
  since: "7.0.0",
});

/** BITCOUNT */
export const bitcount = command({
  name: "BITCOUNT",
  summary: "Counts the bits that are set in a string, or in a part of it.",
  group: "bitmap",
  since: "2.6.0",
  complexity: "O(N)",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.block("range", [arg.integer("start"), arg.integer("end"), unit], { optional: true }),
  ],
  history: [["7.0.0", "The options `BYTE` and `BIT` came."]],

  run(ctx, args) {
    const ref = ctx.db.read(args, 1, Type.string);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const { buf, off, len } = ctx.db.value(ref);
    if (args.count === 2) {
      ctx.reply.int(countBits(buf, off, len));
      return;
    }
    if (args.count !== 4 && args.count !== 5) throw syntaxError();
    const start = args.int(2);
    const end = args.int(3);
    const reversed = start < 0 && end < 0 && start > end;
    const range = reversed ? undefined : bitRange(start, end, len, isBitUnit(args, 4));
    ctx.reply.int(range === undefined ? 0 : countRange(buf, off, range));
  },
});

/** BITPOS */
export const bitpos = command({
  name: "BITPOS",
  summary: "Finds the first bit that is set, or clear, in a string or in a part of it.",
  group: "bitmap",
  since: "2.8.7",
  complexity: "O(N)",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.integer("bit"),
    arg.block("range", [
      arg.integer("start"),
      arg.block("end-unit-block", [arg.integer("end"), unit], { optional: true }),
    ], { optional: true }),
  ],
  history: [["7.0.0", "The options `BYTE` and `BIT` came."]],

  run(ctx, args) {
    const bit = args.int(2);
    if (bit !== 0 && bit !== 1) throw bitNeitherZeroNorOne();
    const ref = ctx.db.read(args, 1, Type.string);
    if (ref === 0) {
      ctx.reply.int(bit === 1 ? -1 : 0);
      return;
    }
    const { buf, off, len } = ctx.db.value(ref);
    if (args.count > 6) throw syntaxError();
    const start = args.count > 3 ? args.int(3) : 0;
    const byBits = isBitUnit(args, 5);
    const hasEnd = args.count > 4;
    const range = bitRange(start, hasEnd ? args.int(4) : -1, len, byBits);
    if (range === undefined) {
      ctx.reply.int(-1);
      return;
    }
    const found = findBit(buf, off, { bit, ...range });
    // Behind a string there are zeros, unless the request says where to end.
    ctx.reply.int(found === -1 && bit === 0 && !hasEnd ? range.to + 1 : found);
  },
});

/** The first and the last bit of a part of a string. */
interface BitRange {
  from: number;
  to: number;
}

/** Whether argument `i` says to count in bits; bytes it is when it is not there. @throws {ReplyError} */
function isBitUnit(args: Args, i: number): boolean {
  if (i >= args.count || args.is(i, "BYTE")) return false;
  if (!args.is(i, "BIT")) throw syntaxError();
  return true;
}

/** The bits between two positions, negative ones being counted from the end; undefined when there are none. */
function bitRange(
  start: number,
  end: number,
  len: number,
  byBits: boolean,
): BitRange | undefined {
  const total = byBits ? len * 8 : len;
  if (start < 0) start = Math.max(0, total + start);
  if (end < 0) end = Math.max(0, total + end);
  end = Math.min(end, total - 1);
  if (start > end) return undefined;
  return byBits ? { from: start, to: end } : { from: start * 8, to: end * 8 + 7 };
}

function countRange(buf: Uint8Array, off: number, { from, to }: BitRange): number {
  const first = Math.floor(from / 8);
  const last = Math.floor(to / 8);
  const whole = countBits(buf, off + first, last - first + 1);
  const before = buf[off + first] & ~(0xff >>> (from % 8));
  const behind = buf[off + last] & (0x7f >>> (to % 8));
  return whole - countBits(Uint8Array.of(before, behind), 0, 2);
}
