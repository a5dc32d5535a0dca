/**
 * ZUNION, ZINTER, ZDIFF, the commands that store what these answer, and ZINTERCARD.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedSet } from "../../storage/types/sorted_set.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import type { Context } from "../context.ts";
import {
  type Aggregate,
  aggregates,
  countCommon,
  intersect,
  type Operand,
  readOperands,
  storeResult,
  subtract,
  unite,
} from "./combine.ts";
import { replyRange } from "./reply_members.ts";

const NUMBER_OF_KEYS = arg.integer("numkeys");
const KEYS = arg.key("key", { multiple: true });
const STORED_KEYS = arg.key("key", { multiple: true, keySpecIndex: 1 });
const DESTINATION = arg.key("destination");
const WITH_SCORES = arg.token("WITHSCORES", { optional: true });
const WEIGHTS_AND_AGGREGATE: readonly ArgSpec[] = [
  arg.integer("weight", { token: "WEIGHTS", optional: true, multiple: true }),
  arg.oneOf("aggregate", [arg.token("SUM"), arg.token("MIN"), arg.token("MAX")], {
    token: "AGGREGATE",
    optional: true,
  }),
];

/** ZUNION */
export const zunion = command({
  name: "ZUNION",
  summary: "Answers the members that are in any of several sorted sets.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(N*log(N)) in the sizes of all sorted sets together",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] }],
  args: [NUMBER_OF_KEYS, KEYS, ...WEIGHTS_AND_AGGREGATE, WITH_SCORES],

  run(ctx, args) {
    answer(ctx, args, "zunion", unite);
  },
});

/** ZUNIONSTORE */
export const zunionstore = command({
  name: "ZUNIONSTORE",
  summary: "Stores the members that are in any of several sorted sets.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(N*log(N)) in the sizes of all sorted sets together",
  arity: -4,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] },
  ],
  args: [DESTINATION, NUMBER_OF_KEYS, STORED_KEYS, ...WEIGHTS_AND_AGGREGATE],

  run(ctx, args) {
    store(ctx, args, "zunionstore", unite);
  },
});

/** ZINTER */
export const zinter = command({
  name: "ZINTER",
  summary: "Answers the members that are in all of several sorted sets.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(N*K)+O(M*log(M)) for K sorted sets, the smallest of size N, and M members found",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] }],
  args: [NUMBER_OF_KEYS, KEYS, ...WEIGHTS_AND_AGGREGATE, WITH_SCORES],

  run(ctx, args) {
    answer(ctx, args, "zinter", intersect);
  },
});

/** ZINTERSTORE */
export const zinterstore = command({
  name: "ZINTERSTORE",
  summary: "Stores the members that are in all of several sorted sets.",
  group: "sorted_set",
  since: "2.0.0",
  complexity: "O(N*K)+O(M*log(M)) for K sorted sets, the smallest of size N, and M members found",
  arity: -4,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] },
  ],
  args: [DESTINATION, NUMBER_OF_KEYS, STORED_KEYS, ...WEIGHTS_AND_AGGREGATE],

  run(ctx, args) {
    store(ctx, args, "zinterstore", intersect);
  },
});

/** ZINTERCARD */
export const zintercard = command({
  name: "ZINTERCARD",
  summary: "Counts the members that are in all of several sorted sets.",
  group: "sorted_set",
  since: "7.0.0",
  complexity: "O(N*K) for K sorted sets, the smallest of size N",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] }],
  args: [NUMBER_OF_KEYS, KEYS, arg.integer("limit", { token: "LIMIT", optional: true })],

  run(ctx, args) {
    const operands = readOperands(ctx.db, args, 1, "zintercard");
    let limit = 0;
    for (let i = 2 + operands.length; i < args.count; i += 2) {
      if (i + 1 === args.count || !args.is(i, "LIMIT")) throw syntaxError();
      limit = args.intBetween(i + 1, 0, Infinity, "ERR LIMIT can't be negative");
    }
    ctx.reply.int(countCommon(operands, limit));
  },
});

/** ZDIFF */
export const zdiff = command({
  name: "ZDIFF",
  summary: "Answers the members of a sorted set that are in none of several others.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(N*K)+O(M*log(M)) for K sorted sets, the first of size N, and M members left",
  arity: -3,
  flags: ["readonly"],
  keys: [{ at: 1, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] }],
  args: [NUMBER_OF_KEYS, KEYS, WITH_SCORES],

  run(ctx, args) {
    answer(ctx, args, "zdiff", difference);
  },
});

/** ZDIFFSTORE */
export const zdiffstore = command({
  name: "ZDIFFSTORE",
  summary: "Stores the members of a sorted set that are in none of several others.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(N*K)+O(M*log(M)) for K sorted sets, the first of size N, and M members left",
  arity: -4,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, countAt: 0, firstAt: 1, access: "RO", effects: ["access"] },
  ],
  args: [DESTINATION, NUMBER_OF_KEYS, STORED_KEYS],

  run(ctx, args) {
    store(ctx, args, "zdiffstore", difference);
  },
});

type Combination = (
  operands: readonly Operand[],
  aggregate: Aggregate,
  result: SortedSet,
) => void;

function difference(
  operands: readonly Operand[],
  _aggregate: Aggregate,
  result: SortedSet,
): void {
  subtract(operands, result);
}

function answer(ctx: Context, args: Args, name: string, combine: Combination): void {
  const operands = readOperands(ctx.db, args, 1, name);
  const { aggregate, withScores } = readOptions(args, operands, {
    from: 2 + operands.length,
    weighs: combine !== difference,
    isStored: false,
  });
  const sets = ctx.db.tool(SortedSets);
  const result = sets.newResult();
  combine(operands, aggregate, result);
  replyRange(ctx.reply, result, { from: 0, count: result.size, reverse: false }, withScores);
  sets.release(result);
}

function store(ctx: Context, args: Args, name: string, combine: Combination): void {
  const operands = readOperands(ctx.db, args, 2, name);
  const { aggregate } = readOptions(args, operands, {
    from: 3 + operands.length,
    weighs: combine !== difference,
    isStored: true,
  });
  const result = ctx.db.tool(SortedSets).newResult();
  combine(operands, aggregate, result);
  storeResult(ctx, args, 1, result, name);
}

/** Which options are understood, and from which argument on. */
interface OptionForm {
  from: number;
  weighs: boolean;
  isStored: boolean;
}

/** Reads WEIGHTS into the operands, AGGREGATE and WITHSCORES. */
function readOptions(
  args: Args,
  operands: readonly Operand[],
  { from, weighs, isStored }: OptionForm,
): { aggregate: Aggregate; withScores: boolean } {
  let aggregate: Aggregate = aggregates.sum;
  let withScores = false;
  for (let i = from; i < args.count; i++) {
    const following = args.count - i - 1;
    if (weighs && following >= operands.length && args.is(i, "WEIGHTS")) {
      for (const operand of operands) {
        operand.weight = args.float(++i, "ERR weight value is not a float");
      }
    } else if (weighs && following >= 1 && args.is(i, "AGGREGATE")) {
      aggregate = readAggregate(args, ++i);
    } else if (!isStored && args.is(i, "WITHSCORES")) {
      withScores = true;
    } else {
      throw syntaxError();
    }
  }
  return { aggregate, withScores };
}

function readAggregate(args: Args, i: number): Aggregate {
  if (args.is(i, "SUM")) return aggregates.sum;
  if (args.is(i, "MIN")) return aggregates.min;
  if (args.is(i, "MAX")) return aggregates.max;
  throw syntaxError();
}
