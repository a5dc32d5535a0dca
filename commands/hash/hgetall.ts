/**
 * All fields of a hash at once: HGETALL, HKEYS, HVALS.
 *
 * Fields that are over are left out, but not removed: that would cost a walk of its own.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";

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
