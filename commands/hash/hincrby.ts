/**
 * HINCRBY and HINCRBYFLOAT: fields as counters.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { notAFloat } from "../../server/resp/errors.ts";
import {
  INT64_MAX,
  INT64_MIN,
  parseBigInt64,
  parseSafeInteger,
} from "../../server/resp/numbers.ts";
import { Hashes } from "../../storage/hashes.ts";
import {
  formatLongDouble,
  LONG_DOUBLE_ZERO,
  type LongDouble,
  parseLongDouble,
  sumLongDoubles,
} from "../../storage/long_double.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  incrementInfinite,
  incrementNotFinite,
  incrementOverflows,
  valueNotAFloat,
  valueNotAnInteger,
} from "../errors.ts";

const encoder = new TextEncoder();

/** HINCRBY */
export const hincrby = command({
  name: "HINCRBY",
  summary: "Adds a number to the integer that a field holds; an absent field counts as zero.",
  group: "hash",
  since: "2.0.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.string("field"), arg.integer("increment")],

  run(ctx, args) {
    const small = args.safeInt(3);
    const by = small === small ? small : args.bigint(3);
    const field = findCounter(ctx, args);
    const sum = field === 0 ? by : addInteger(ctx.db.tool(Hashes), field, by);
    const hashes = openCounter(ctx, args);
    const expiry = field === 0 ? FieldTime.none : FieldTime.keep;
    const limits = ctx.server.config.values;
    hashes.putInteger(args.buf, args.off[2], args.len[2], sum, expiry, limits);
    ctx.changed(args, 1, EventClass.hash, "hincrby");
    ctx.reply.int(sum);
  },
});

/** HINCRBYFLOAT */
export const hincrbyfloat = command({
  name: "HINCRBYFLOAT",
  summary: "Adds a floating-point number to the one that a field holds; an absent one counts as 0.",
  group: "hash",
  since: "2.6.0",
  complexity: "O(1)",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.string("field"), arg.double("increment")],

  run(ctx, args) {
    const by = parseLongDouble(args.buf, args.off[3], args.len[3]);
    if (by === undefined) throw notAFloat();
    if (by.exponent === Infinity) throw incrementInfinite();
    const field = findCounter(ctx, args);
    const hashes = ctx.db.tool(Hashes);
    let before: LongDouble | undefined = LONG_DOUBLE_ZERO;
    if (field !== 0) {
      const { fields } = hashes;
      fields.showValue(field);
      before = parseLongDouble(fields.buf, fields.off, fields.len);
      if (before === undefined) throw valueNotAFloat();
    }
    const sum = sumLongDoubles(before, by);
    if (sum === undefined) throw incrementNotFinite();

    const digits = formatLongDouble(sum);
    const expiry = field === 0 ? FieldTime.none : hashes.fields.expiryOf(field);
    const value = encoder.encode(digits);
    const limits = ctx.server.config.values;
    openCounter(ctx, args);
    hashes.put(args.buf, args.off[2], args.len[2], value, 0, value.length, expiry, limits);
    ctx.changed(args, 1, EventClass.hash, "hincrbyfloat");
    if (ctx.propagates) {
      // Replicas must store our digits, not repeat our arithmetic; but HSET takes the field's time away.
      ctx.propagate("HSET", args.view(1), args.view(2), digits);
      if (expiry !== FieldTime.none) {
        ctx.propagate("HPEXPIREAT", args.view(1), expiry, "FIELDS", 1, args.view(2));
      }
    }
    ctx.reply.bulk(digits);
  },
});

/** The field in argument 2 of the hash in argument 1, which is open then; 0 when there is none. */
function findCounter(ctx: Context, args: Args): number {
  const hashes = ctx.db.tool(Hashes);
  if (hashes.find(args, 1) === undefined) return 0;
  return hashes.findLive(args.buf, args.off[2], args.len[2]);
}

function addInteger(hashes: Hashes, field: number, by: number | bigint): number | bigint {
  const { fields } = hashes;
  fields.showValue(field);
  const { buf, off, len } = fields;
  if (typeof by === "number") {
    const sum = parseSafeInteger(buf, off, len) + by;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const before = parseBigInt64(buf, off, len);
  if (before === undefined) throw valueNotAnInteger();
  const sum = before + BigInt(by);
  if (sum > INT64_MAX || sum < INT64_MIN) throw incrementOverflows();
  return sum;
}

/** The hash in argument 1, open if it exists, else made. */
function openCounter(ctx: Context, args: Args): Hashes {
  const hashes = ctx.db.tool(Hashes);
  if (hashes.ref === 0) hashes.create(args, 1);
  return hashes;
}
