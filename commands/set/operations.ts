/**
 * Operations on several sets: SINTER, SUNION, SDIFF, the commands that store their results, and SINTERCARD.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { LooseSet } from "../../storage/changing_set.ts";
import { Sets } from "../../storage/sets.ts";
import type { MemberVisitor } from "../../storage/types/set_members.ts";
import { arg, command, type CommandSpec } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { KEY_COUNT_TOO_SMALL, LIMIT_NEGATIVE, tooFewKeys } from "../errors.ts";
import {
  difference,
  intersect,
  intersection,
  isSubtractedByLookups,
  readOperands,
  subtract,
  union,
} from "./algebra.ts";

/** What the commands of one kind share. */
const answering: Pick<
  CommandSpec,
  "group" | "since" | "arity" | "flags" | "keys" | "args" | "tips"
> = {
  group: "set",
  since: "1.0.0",
  arity: -2,
  flags: ["readonly"],
  keys: [{ at: 1, last: -1, access: "RO", effects: ["access"] }],
  args: [arg.key("key", { multiple: true })],
  tips: ["nondeterministic_output_order"],
};
const storing: Pick<CommandSpec, "group" | "since" | "arity" | "flags" | "keys" | "args"> = {
  group: "set",
  since: "1.0.0",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, last: -1, access: "RO", effects: ["access"] },
  ],
  args: [arg.key("destination"), arg.key("key", { keySpecIndex: 1, multiple: true })],
};

/** SINTER */
export const sinter = command({
  ...answering,
  name: "SINTER",
  summary: "Answers the members that several sets have in common.",
  complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",

  run(ctx, args) {
    const operands = readOperands(ctx, args, 1, args.count);
    replyWith(ctx, (visit) => intersect(operands, visit));
  },
});

/** SINTERSTORE */
export const sinterstore = command({
  ...storing,
  name: "SINTERSTORE",
  summary: "Stores the members that several sets have in common.",
  complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",

  run(ctx, args) {
    const operands = readOperands(ctx, args, 2, args.count);
    store(ctx, args, intersection(ctx, operands), "sinterstore");
  },
});

/** SINTERCARD */
export const sintercard = command({
  name: "SINTERCARD",
  summary: "Counts the members that several sets have in common.",
  group: "set",
  since: "7.0.0",
  complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.integer("numkeys"),
    arg.key("key", { multiple: true }),
    arg.integer("limit", { token: "LIMIT", optional: true }),
  ],

  run(ctx, args) {
    const keys = args.intBetween(1, 1, Infinity, KEY_COUNT_TOO_SMALL);
    if (keys > args.count - 2) throw tooFewKeys();
    let limit = 0;
    for (let i = 2 + keys; i < args.count; i += 2) {
      if (!args.is(i, "LIMIT") || i + 1 === args.count) throw syntaxError();
      limit = args.intBetween(i + 1, 0, Infinity, LIMIT_NEGATIVE);
    }
    let common = 0;
    intersect(readOperands(ctx, args, 2, 2 + keys), () => ++common === limit);
    ctx.reply.int(common);
  },
});

/** SUNION */
export const sunion = command({
  ...answering,
  name: "SUNION",
  summary: "Answers the members that any of several sets has.",
  complexity: "O(N) where N is the number of members of all sets",

  run(ctx, args) {
    replyWithResult(ctx, union(ctx, readOperands(ctx, args, 1, args.count)));
  },
});

/** SUNIONSTORE */
export const sunionstore = command({
  ...storing,
  name: "SUNIONSTORE",
  summary: "Stores the members that any of several sets has.",
  complexity: "O(N) where N is the number of members of all sets",

  run(ctx, args) {
    store(ctx, args, union(ctx, readOperands(ctx, args, 2, args.count)), "sunionstore");
  },
});

/** SDIFF */
export const sdiff = command({
  ...answering,
  name: "SDIFF",
  summary: "Answers the members of a set that no other set has.",
  complexity: "O(N) where N is the number of members of all sets",

  run(ctx, args) {
    const operands = readOperands(ctx, args, 1, args.count);
    if (isSubtractedByLookups(operands)) replyWith(ctx, (visit) => subtract(operands, visit));
    else replyWithResult(ctx, difference(ctx, operands));
  },
});

/** SDIFFSTORE */
export const sdiffstore = command({
  ...storing,
  name: "SDIFFSTORE",
  summary: "Stores the members of a set that no other set has.",
  complexity: "O(N) where N is the number of members of all sets",

  run(ctx, args) {
    const operands = readOperands(ctx, args, 2, args.count);
    store(ctx, args, difference(ctx, operands), "sdiffstore");
  },
});

/** Replies with a set of whatever `walk` visits. */
function replyWith({ reply }: Context, walk: (visit: MemberVisitor) => void): void {
  const mark = reply.open();
  let members = 0;
  walk((buf, off, len) => {
    reply.bulkAt(buf, off, len);
    members++;
  });
  reply.close(mark, "set", members);
}

function replyWithResult(ctx: Context, result: LooseSet): void {
  ctx.reply.set(result.size);
  result.copy(ctx.reply);
  ctx.db.tool(Sets).release(result);
}

/** Stores a result under the key in argument 1, or deletes that key if there is nothing to store. */
function store(ctx: Context, args: Args, result: LooseSet, event: string): void {
  const { size } = result;
  const { db } = ctx;
  if (size > 0) {
    db.tool(Sets).store(args, 1, result);
    ctx.changed(args, 1, EventClass.set, event);
  } else {
    db.tool(Sets).release(result);
    if (db.delete(args, 1)) ctx.changed(args, 1, EventClass.generic, "del");
  }
  ctx.reply.int(size);
}
