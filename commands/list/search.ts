/**
 * Elements that equal a given one: LREM, LPOS.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { INT64_MIN } from "../../server/resp/numbers.ts";
import { Type } from "../../storage/entry.ts";
import { Lists } from "../../storage/lists.ts";
import { arg, command } from "../command.ts";
import { COUNT_NEGATIVE, countOutOfRange, MAXLEN_NEGATIVE, rankIsZero } from "../errors.ts";
import { elementsRemoved } from "./pop.ts";

/** LREM */
export const lrem = command({
  name: "LREM",
  summary: "Removes elements that equal a given one, from either end on.",
  group: "list",
  since: "1.0.0",
  complexity: "O(N) for a list of N elements",
  arity: 4,
  flags: ["write"],
  keys: [{ at: 1, access: "RW", effects: ["delete"] }],
  args: [arg.key("key"), arg.integer("count"), arg.string("element")],

  run(ctx, args) {
    const count = args.int(2);
    const ref = ctx.db.find(args, 1, Type.list);
    if (ref === 0) {
      ctx.reply.int(0);
      return;
    }
    const list = ctx.db.tool(Lists).open(ref);
    const most = count === 0 ? Infinity : Math.abs(count);
    const removed = list.removeEqual(args.buf, args.off[3], args.len[3], most, count < 0);
    if (removed > 0) {
      elementsRemoved(ctx, args, 1, "lrem", list.size);
      if (removed > 1) ctx.dirty(removed - 1);
    }
    ctx.reply.int(removed);
  },
});

/** LPOS */
export const lpos = command({
  name: "LPOS",
  summary: "Tells the indexes of elements that equal a given one.",
  group: "list",
  since: "6.0.6",
  complexity: "O(N) for a list of N elements, or for as many as MAXLEN allows",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("element"),
    arg.integer("rank", { token: "RANK", optional: true }),
    arg.integer("num-matches", { token: "COUNT", optional: true }),
    arg.integer("len", { token: "MAXLEN", optional: true }),
  ],

  run(ctx, args) {
    const { rank, count, most } = readOptions(args);
    const ref = ctx.db.read(args, 1, Type.list);
    const found: number[] = [];
    if (ref !== 0) {
      const wanted = count ?? 1;
      let matches = 0;
      const list = ctx.db.tool(Lists).open(ref);
      list.search(args.buf, args.off[2], args.len[2], most, rank < 0, (index) => {
        if (++matches < Math.abs(rank)) return true;
        found.push(index);
        return found.length < wanted;
      });
    }
    if (count !== undefined) {
      ctx.reply.array(found.length);
      for (const index of found) ctx.reply.int(index);
    } else if (found.length > 0) {
      ctx.reply.int(found[0]);
    } else {
      ctx.reply.null();
    }
  },
});

interface PositionOptions {
  /** Which match comes first in the answer; negative from the tail on. */
  rank: number;
  /** How many matches; undefined for one that is replied by itself. */
  count: number | undefined;
  /** How many elements are looked at. */
  most: number;
}

function readOptions(args: Args): PositionOptions {
  const options: PositionOptions = { rank: 1, count: undefined, most: Infinity };
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) throw syntaxError();
    if (args.is(i, "RANK")) {
      options.rank = readRank(args, i + 1);
    } else if (args.is(i, "COUNT")) {
      options.count = args.intBetween(i + 1, 0, Infinity, COUNT_NEGATIVE) || Infinity;
    } else if (args.is(i, "MAXLEN")) {
      options.most = args.intBetween(i + 1, 0, Infinity, MAXLEN_NEGATIVE) || Infinity;
    } else {
      throw syntaxError();
    }
  }
  return options;
}

function readRank(args: Args, i: number): number {
  const rank = args.int(i);
  if (rank === 0) throw rankIsZero();
  if (rank === Number(INT64_MIN) && args.bigint(i) === INT64_MIN) throw countOutOfRange();
  return rank;
}
