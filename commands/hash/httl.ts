/**
 * HTTL, HPTTL, HEXPIRETIME and HPEXPIRETIME: how long fields of a hash have still to live.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { Hashes } from "../../storage/hashes.ts";
import { FieldTime } from "../../storage/types/hash_fields.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import type { Context } from "../context.ts";
import { FIELD_COUNT_NOT_POSITIVE } from "../errors.ts";
import type { TimeUnit } from "../generic/expire.ts";
import { fieldsArgument, readFields } from "./field_arguments.ts";

/** What is answered for a field that does not exist, and for one that does not expire. */
const NO_FIELD = -2;
const STAYS = -1;

/** HTTL */
export const httl = command({
  ...timeCommand({ unit: 1000, fromNow: true }),
  name: "HTTL",
  summary: "Tells how many seconds are left until fields of a hash expire.",
  tips: ["nondeterministic_output"],
});

/** HPTTL */
export const hpttl = command({
  ...timeCommand({ unit: 1, fromNow: true }),
  name: "HPTTL",
  summary: "Tells how many milliseconds are left until fields of a hash expire.",
  tips: ["nondeterministic_output"],
});

/** HEXPIRETIME */
export const hexpiretime = command({
  ...timeCommand({ unit: 1000, fromNow: false }),
  name: "HEXPIRETIME",
  summary: "Tells the Unix times in seconds at which fields of a hash expire.",
});

/** HPEXPIRETIME */
export const hpexpiretime = command({
  ...timeCommand({ unit: 1, fromNow: false }),
  name: "HPEXPIRETIME",
  summary: "Tells the Unix times in milliseconds at which fields of a hash expire.",
});

function timeCommand(unit: TimeUnit): Omit<CommandSpec, "name" | "summary"> {
  return {
    group: "hash",
    since: "7.4.0",
    complexity: "O(N) for N fields",
    arity: -5,
    flags: ["readonly", "fast"],
    keys: [{ at: 1, access: "RO", effects: ["access"] }],
    args: [arg.key("key"), fieldsArgument()],
    run: (ctx, args) => replyWithTimes(ctx, args, unit),
  };
}

function replyWithTimes(ctx: Context, args: Args, { unit, fromNow }: TimeUnit): void {
  const { reply } = ctx;
  const hashes = ctx.db.tool(Hashes);
  const fields = hashes.read(args, 1);
  const first = readFields(args, 2, FIELD_COUNT_NOT_POSITIVE);
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const field = fields?.find(args.buf, args.off[i], args.len[i]) ?? 0;
    if (fields === undefined || field === 0 || hashes.isOver(field)) {
      reply.int(NO_FIELD);
      continue;
    }
    const expiry = fields.expiryOf(field);
    if (expiry === FieldTime.none) {
      reply.int(STAYS);
      continue;
    }
    const time = fromNow ? expiry - ctx.now : expiry;
    // Seconds are rounded up, unlike those of keys.
    reply.int(unit === 1 ? time : Math.ceil(time / 1000));
  }
}
