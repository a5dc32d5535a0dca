/**
 * Integers within strings: BITFIELD, BITFIELD_RO.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { parseInt64, parseSafeInteger } from "../../server/resp/numbers.ts";
import { Type } from "../../storage/entry.ts";
import { BitFields, type FieldType, fit, type Overflow } from "../../storage/types/bit_fields.ts";
import { arg, command, type KeyUse } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { BIT_OFFSET_OUT_OF_RANGE, invalidFieldType, invalidOverflow, onlyGet } from "../errors.ts";
import { checkBitOffset, stringWithBit } from "./setbit.ts";

/** One thing to do with one field. */
interface FieldOperation {
  readonly what: "get" | "set" | "incrby";
  readonly type: FieldType;
  /** In bits. */
  readonly offset: number;
  /** What to set the field to, or to add to it. */
  readonly value: bigint;
  readonly overflow: Overflow;
}

const HASH_SIGN = 0x23;
const LETTER_I = 0x69;
const LETTER_U = 0x75;

const typeAndOffset = [arg.string("encoding"), arg.integer("offset")];

/** BITFIELD */
export const bitfield = command({
  name: "BITFIELD",
  summary: "Reads, sets and increments integers of any width within a string.",
  group: "bitmap",
  since: "3.2.0",
  complexity: "O(1) for each subcommand specified",
  arity: -2,
  flags: ["write", "denyoom"],
  keys: [{
    at: 1,
    access: "RW",
    effects: ["update", "access", "variable_flags"],
    note: "The key is only read where all subcommands are GET",
  }],
  keyUse,
  args: [
    arg.key("key"),
    arg.oneOf("operation", [
      arg.block("get-block", typeAndOffset, { token: "GET" }),
      arg.block("write", [
        arg.oneOf("overflow-block", [arg.token("WRAP"), arg.token("SAT"), arg.token("FAIL")], {
          token: "OVERFLOW",
          optional: true,
        }),
        arg.oneOf("write-operation", [
          arg.block("set-block", [...typeAndOffset, arg.integer("value")], { token: "SET" }),
          arg.block("incrby-block", [...typeAndOffset, arg.integer("increment")], {
            token: "INCRBY",
          }),
        ]),
      ]),
    ], { multiple: true, optional: true }),
  ],

  run(ctx, args) {
    const operations = readOperations(ctx, args);
    if (operations.every(({ what }) => what === "get")) replyWithFields(ctx, args, operations);
    else writeFields(ctx, args, operations);
  },
});

/** BITFIELD_RO */
export const bitfieldRo = command({
  name: "BITFIELD_RO",
  summary: "Reads integers of any width within a string.",
  group: "bitmap",
  since: "6.0.0",
  complexity: "O(1) for each subcommand specified",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.block("get-block", typeAndOffset, {
      token: "GET",
      optional: true,
      multiple: true,
      multipleToken: true,
    }),
  ],

  run(ctx, args) {
    const operations = readOperations(ctx, args);
    if (operations.some(({ what }) => what !== "get")) throw onlyGet();
    replyWithFields(ctx, args, operations);
  },
});

/** Whether BITFIELD only reads; what is no BITFIELD counts as writing. */
function keyUse(args: Args): KeyUse {
  let i = 2;
  while (i < args.count) {
    const left = args.count - i - 1;
    if (args.is(i, "GET") && left >= 2) i += 3;
    else if (args.is(i, "OVERFLOW") && left >= 1) i += 2;
    else return { access: "RW", effects: ["access", "update"] };
  }
  return { access: "RO", effects: ["access"] };
}

function readOperations(ctx: Context, args: Args): FieldOperation[] {
  const operations: FieldOperation[] = [];
  let overflow: Overflow = "wrap";
  for (let i = 2; i < args.count;) {
    const left = args.count - i - 1;
    if (args.is(i, "OVERFLOW") && left >= 1) {
      overflow = readOverflow(args, i + 1);
      i += 2;
      continue;
    }
    const what = readVerb(args, i, left);
    const type = readFieldType(args, i + 1);
    const offset = readFieldOffset(ctx, args, i + 2, type.bits);
    const value = what === "get" ? 0n : args.bigint(i + 3);
    operations.push({ what, type, offset, value, overflow });
    i += what === "get" ? 3 : 4;
  }
  return operations;
}

function readVerb(args: Args, i: number, left: number): FieldOperation["what"] {
  if (args.is(i, "GET") && left >= 2) return "get";
  if (args.is(i, "SET") && left >= 3) return "set";
  if (args.is(i, "INCRBY") && left >= 3) return "incrby";
  throw syntaxError();
}

function readOverflow(args: Args, i: number): Overflow {
  if (args.is(i, "WRAP")) return "wrap";
  if (args.is(i, "SAT")) return "sat";
  if (args.is(i, "FAIL")) return "fail";
  throw invalidOverflow();
}

/** `i` or `u` with the number of bits behind it. */
function readFieldType(args: Args, i: number): FieldType {
  const letter = args.buf[args.off[i]];
  const signed = letter === LETTER_I;
  if (args.len[i] < 2 || (!signed && letter !== LETTER_U)) throw invalidFieldType();
  const bits = parseSafeInteger(args.buf, args.off[i] + 1, args.len[i] - 1);
  if (!(bits >= 1 && bits <= (signed ? 64 : 63))) throw invalidFieldType();
  return { signed, bits };
}

/** A bit's offset, or after `#` a field's number, all fields being so wide. */
function readFieldOffset(ctx: Context, args: Args, i: number, bits: number): number {
  const numbered = args.len[i] > 0 && args.buf[args.off[i]] === HASH_SIGN ? 1 : 0;
  const number = parseInt64(args.buf, args.off[i] + numbered, args.len[i] - numbered);
  if (number !== number) throw new ReplyError(BIT_OFFSET_OUT_OF_RANGE);
  return checkBitOffset(ctx, numbered === 1 ? number * bits : number);
}

function replyWithFields(ctx: Context, args: Args, operations: readonly FieldOperation[]): void {
  const { db, reply } = ctx;
  const ref = db.read(args, 1, Type.string);
  let bytes: Uint8Array = new Uint8Array(0);
  if (ref !== 0) {
    const { buf, off, len } = db.value(ref);
    bytes = buf.subarray(off, off + len);
  }
  const fields = new BitFields(bytes);
  reply.array(operations.length);
  for (const { offset, type } of operations) reply.int(fields.get(offset, type));
}

function writeFields(ctx: Context, args: Args, operations: readonly FieldOperation[]): void {
  const { reply } = ctx;
  let lastBit = 0;
  for (const { what, offset, type } of operations) {
    if (what !== "get") lastBit = Math.max(lastBit, offset + type.bits - 1);
  }
  const { ref, grown } = stringWithBit(ctx, args, lastBit);
  const { buf, off, len } = ctx.db.value(ref);
  const fields = new BitFields(buf.subarray(off, off + len));

  let changes = 0;
  reply.array(operations.length);
  for (const { what, offset, type, value, overflow } of operations) {
    const before = fields.get(offset, type);
    if (what === "get") {
      reply.int(before);
      continue;
    }
    const after = fit(wanted(what, type, before, value), type, overflow);
    if (after === undefined) {
      reply.null();
      continue;
    }
    reply.int(what === "set" ? before : after);
    fields.set(offset, type, after);
    if (grown || before !== after) changes++;
  }
  if (changes > 0) {
    ctx.changed(args, 1, EventClass.string, "setbit");
    ctx.dirty(changes - 1);
  } else if (grown) {
    // Redis says nothing of a string that has only grown, and its replicas never learn of it.
    ctx.changed(args, 1);
  }
}

/** A number below zero that an unsigned field is set to counts as one too large, not as one too small. */
function wanted(
  what: FieldOperation["what"],
  { signed }: FieldType,
  before: bigint,
  value: bigint,
): bigint {
  if (what === "incrby") return before + value;
  return signed ? value : BigInt.asUintN(64, value);
}
