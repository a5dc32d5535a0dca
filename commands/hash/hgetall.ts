/**
 * All fields of a hash, at once: HGETALL, HKEYS, HVALS; or in parts: HSCAN.
 *
 * Fields that are over are left out, but not removed: that would cost a walk of its own.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { globMatchAt } from "../../storage/glob.ts";
import { Hashes } from "../../storage/hashes.ts";
import { FieldTable } from "../../storage/types/hash.ts";
import type { Field } from "../../storage/types/hash_fields.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { readCursor, readFieldScanOptions } from "../generic/scan.ts";

/** HGETALL */
export const hgetall = wholeHash(
  {
    name: "HGETALL",
    summary: "Answers all fields of a hash with their values.",
  },
  true,
  true,
);

/** HKEYS */
export const hkeys = wholeHash(
  {
    name: "HKEYS",
    summary: "Answers the names of all fields of a hash.",
  },
  true,
  false,
);

/** HVALS */
export const hvals = wholeHash(
  {
    name: "HVALS",
    summary: "Answers the values of all fields of a hash.",
  },
  false,
  true,
);

function wholeHash(
  facts: Pick<CommandSpec, "name" | "summary">,
  names: boolean,
  values: boolean,
): CommandSpec {
  return command({
    ...facts,
    group: "hash",
    since: "2.0.0",
    complexity: "O(N) where N is the size of the hash",
    arity: 2,
    flags: ["readonly"],
    keys: [{ at: 1, access: "RO", effects: ["access"] }],
    args: [arg.key("key")],
    tips: ["nondeterministic_output_order"],
    run: (ctx, args) => replyWithAll(ctx, args, names, values),
  });
}

function replyWithAll(ctx: Context, args: Args, names: boolean, values: boolean): void {
  const { reply } = ctx;
  const hashes = ctx.db.tool(Hashes);
  const fields = hashes.read(args, 1);
  let size = fields?.size ?? 0;
  const someAreOver = fields !== undefined && hashes.mayBeOver;
  if (someAreOver) {
    fields.some((field) => {
      if (hashes.isOver(field)) size--;
    });
  }
  if (names && values) reply.map(size);
  else reply.array(size);
  if (fields === undefined || size === 0) return;

  fields.some((field) => {
    if (someAreOver && hashes.isOver(field)) return;
    if (names) {
      fields.showName(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
    }
    if (values) {
      fields.showValue(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
    }
  });
}

/** HSCAN */
export const hscan = command({
  name: "HSCAN",
  summary: "Goes through the fields of a hash and their values, some per call.",
  group: "hash",
  since: "2.8.0",
  complexity: "O(1) for each call, O(N) in the number of fields for a whole iteration",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.integer("cursor"),
    arg.pattern("pattern", { token: "MATCH", optional: true }),
    arg.integer("count", { token: "COUNT", optional: true }),
    arg.token("NOVALUES", { optional: true }),
  ],
  tips: ["nondeterministic_output"],

  run(ctx, args) {
    const { reply } = ctx;
    const cursor = readCursor(args, 2);
    const hashes = ctx.db.tool(Hashes);
    const fields = hashes.read(args, 1);
    if (fields === undefined) {
      reply.array(2);
      reply.bulk("0");
      reply.array(0);
      return;
    }
    const { pattern, count, noValues } = readFieldScanOptions(args, 3);

    const found: Field[] = [];
    const visit = (field: Field) => {
      if (hashes.isOver(field)) return;
      fields.showName(field);
      if (pattern === undefined || globMatchAt(pattern, fields.buf, fields)) found.push(field);
    };
    // Packed hashes are small enough to be told in one call.
    let next = 0;
    if (fields instanceof FieldTable) next = fields.scan(cursor, count, visit);
    else fields.some(visit);

    reply.array(2);
    reply.bulk(String(next));
    reply.array(noValues ? found.length : found.length * 2);
    for (const field of found) {
      fields.showName(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
      if (noValues) continue;
      fields.showValue(field);
      reply.bulkAt(fields.buf, fields.off, fields.len);
    }
  },
});
