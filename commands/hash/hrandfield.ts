/**
 * HRANDFIELD: fields chosen by chance.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { INT64_MAX, INT64_MIN } from "../../server/resp/numbers.ts";
import { Hashes } from "../../storage/hashes.ts";
import { type Field, type HashFields, sampleFields } from "../../storage/types/hash_fields.ts";
import { arg, command } from "../command.ts";
import type { Context } from "../context.ts";
import { countOutOfRange, replyTooLarge } from "../errors.ts";

/** Bytes that a field takes in a reply at the least. */
const LEAST_BULK = 6;

/** HRANDFIELD */
export const hrandfield = command({
  name: "HRANDFIELD",
  summary: "Answers fields of a hash, chosen by chance.",
  group: "hash",
  since: "6.2.0",
  complexity: "O(N) for N fields",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.block("options", [
      arg.integer("count"),
      arg.token("WITHVALUES", { optional: true }),
    ], { optional: true }),
  ],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    if (args.count > 2) {
      replyWithMany(ctx, args);
      return;
    }
    const fields = readWithoutOver(ctx, args);
    if (fields === undefined) {
      ctx.reply.null();
      return;
    }
    replyWithField(ctx, fields, fields.draw(ctx.db.keyspace.random), false);
  },
});

/** The hash in argument 1, without the fields whose time is over; undefined when there is nothing. */
function readWithoutOver(ctx: Context, args: Args): HashFields | undefined {
  const hashes = ctx.db.tool(Hashes);
  const fields = hashes.read(args, 1);
  return fields === undefined || hashes.expireAll() ? undefined : fields;
}

function replyWithMany(ctx: Context, args: Args): void {
  const { reply } = ctx;
  const count = readCount(args, 2);
  if (args.count > 4 || (args.count === 4 && !args.is(3, "WITHVALUES"))) throw syntaxError();
  const values = args.count === 4;
  if (values && Math.abs(count) > Number(INT64_MAX) / 2) throw replyTooLarge();

  const fields = readWithoutOver(ctx, args);
  if (fields === undefined || count === 0) {
    reply.array(0);
    return;
  }
  const { random } = ctx.db.keyspace;
  if (count < 0) {
    // Fields may repeat, so nothing else bounds the reply.
    let room = ctx.server.config.values.protoMaxBulkLen;
    if (-count * LEAST_BULK > room) throw replyTooLarge();
    beginFields(ctx, -count, values);
    for (let i = count; i < 0; i++) {
      room -= replyWithField(ctx, fields, fields.draw(random), values);
      if (room < 0) throw replyTooLarge();
    }
    return;
  }
  beginFields(ctx, Math.min(count, fields.size), values);
  const visit = (field: Field) => void replyWithField(ctx, fields, field, values);
  if (count >= fields.size) fields.some(visit);
  else sampleFields(fields, count, random, visit);
}

/** An integer whose negative is one, too. */
function readCount(args: Args, i: number): number {
  const count = args.int(i);
  if (!Number.isSafeInteger(count) && args.bigint(i) === INT64_MIN) throw countOutOfRange();
  return count;
}

/** Announces so many fields. With values, RESP2 has a flat array and RESP3 one of pairs. */
function beginFields(ctx: Context, count: number, values: boolean): void {
  ctx.reply.array(values && ctx.reply.protocol === 2 ? count * 2 : count);
}

/** Replies with a field; answers roughly how many bytes that takes. */
function replyWithField(ctx: Context, fields: HashFields, field: Field, values: boolean): number {
  const { reply } = ctx;
  if (values && reply.protocol === 3) reply.array(2);
  fields.showName(field);
  reply.bulkAt(fields.buf, fields.off, fields.len);
  const name = fields.len + LEAST_BULK;
  if (!values) return name;
  fields.showValue(field);
  reply.bulkAt(fields.buf, fields.off, fields.len);
  return name + fields.len + LEAST_BULK;
}
