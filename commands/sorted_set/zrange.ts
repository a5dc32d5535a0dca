/**
 * ZRANGE, ZRANGESTORE and the five commands that ZRANGE has replaced.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import type { Context } from "../context.ts";
import { limitNeedsBounds, scoresAreEqual } from "../errors.ts";
import { type Bounds, type RangeKind, type Ranks, readBounds } from "./bounds.ts";
import { storeResult } from "./combine.ts";
import { type RankRange, replyRange } from "./reply_members.ts";

const LIMIT = arg.block("limit", [arg.integer("offset"), arg.integer("count")], {
  token: "LIMIT",
  optional: true,
});
const WITH_SCORES = arg.token("WITHSCORES", { optional: true });
const RANGE_BY: ArgSpec = arg.oneOf("sortby", [arg.token("BYSCORE"), arg.token("BYLEX")], {
  optional: true,
});

/** ZRANGE */
export const zrange = command({
  name: "ZRANGE",
  summary:
    "Answers the members in a range of ranks, of scores or, where all scores are equal, of bytes.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(log(N)+M) for M members to answer from N",
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.string("start"),
    arg.string("stop"),
    { ...RANGE_BY, since: "6.2.0" },
    arg.token("REV", { optional: true, since: "6.2.0" }),
    { ...LIMIT, since: "6.2.0" },
    WITH_SCORES,
  ],
  history: [["6.2.0", "The options `REV`, `BYSCORE`, `BYLEX` and `LIMIT` came."]],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: true, kind: "rank", reverse: false }));
  },
});

/** ZRANGESTORE */
export const zrangestore = command({
  name: "ZRANGESTORE",
  summary: "Stores the members in a range as another sorted set.",
  group: "sorted_set",
  since: "6.2.0",
  complexity: "O(log(N)+M) for M members to store from N",
  arity: -5,
  flags: ["write", "denyoom"],
  keys: [
    { at: 1, access: "OW", effects: ["update"] },
    { at: 2, access: "RO", effects: ["access"] },
  ],
  args: [
    arg.key("dst"),
    arg.key("src", { keySpecIndex: 1 }),
    arg.string("min"),
    arg.string("max"),
    RANGE_BY,
    arg.token("REV", { optional: true }),
    LIMIT,
  ],

  run(ctx, args) {
    const query = readQuery(args, 2, {
      mayChoose: true,
      kind: "rank",
      reverse: false,
      isStored: true,
    });
    const sets = ctx.db.tool(SortedSets);
    const set = sets.read(args, 2);
    const result = sets.newResult();
    if (set !== undefined) {
      const { from, count } = rangeOf(query, query.bounds(set));
      if (count > 0) set.seek(from);
      for (let i = 0; i < count; i++) {
        result.add(set.buf, set.off, set.len, set.score);
        set.forward();
      }
    }
    storeResult(ctx, args, 1, result, "zrangestore");
  },
});

/** ZREVRANGE */
export const zrevrange = command({
  name: "ZREVRANGE",
  summary: "Answers the members in a range of ranks, by descending scores.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(log(N)+M) for M members to answer from N",
  deprecatedSince: "6.2.0",
  replacedBy: "`ZRANGE` with the `REV` argument",
  docFlags: ["deprecated"],
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.integer("start"), arg.integer("stop"), WITH_SCORES],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: false, kind: "rank", reverse: true }));
  },
});

/** ZRANGEBYSCORE */
export const zrangebyscore = command({
  name: "ZRANGEBYSCORE",
  summary: "Answers the members with scores in a range.",
  group: "sorted_set",
  since: "1.0.5",
  complexity: "O(log(N)+M) for M members to answer from N",
  deprecatedSince: "6.2.0",
  replacedBy: "`ZRANGE` with the `BYSCORE` argument",
  docFlags: ["deprecated"],
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [
    arg.key("key"),
    arg.double("min"),
    arg.double("max"),
    arg.token("WITHSCORES", { optional: true, since: "2.0.0" }),
    LIMIT,
  ],
  history: [["2.0.0", "The option `WITHSCORES` came."]],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: false, kind: "score", reverse: false }));
  },
});

/** ZREVRANGEBYSCORE */
export const zrevrangebyscore = command({
  name: "ZREVRANGEBYSCORE",
  summary: "Answers the members with scores in a range, the highest first.",
  group: "sorted_set",
  since: "2.2.0",
  complexity: "O(log(N)+M) for M members to answer from N",
  deprecatedSince: "6.2.0",
  replacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments",
  docFlags: ["deprecated"],
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.double("max"), arg.double("min"), WITH_SCORES, LIMIT],
  history: [["2.1.6", "Bounds may be exclusive."]],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: false, kind: "score", reverse: true }));
  },
});

/** ZRANGEBYLEX */
export const zrangebylex = command({
  name: "ZRANGEBYLEX",
  summary: "Answers the members in a range, where all have the same score.",
  group: "sorted_set",
  since: "2.8.9",
  complexity: "O(log(N)+M) for M members to answer from N",
  deprecatedSince: "6.2.0",
  replacedBy: "`ZRANGE` with the `BYLEX` argument",
  docFlags: ["deprecated"],
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("min"), arg.string("max"), LIMIT],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: false, kind: "bytes", reverse: false }));
  },
});

/** ZREVRANGEBYLEX */
export const zrevrangebylex = command({
  name: "ZREVRANGEBYLEX",
  summary: "Answers the members in a range, the last first, where all have the same score.",
  group: "sorted_set",
  since: "2.8.9",
  complexity: "O(log(N)+M) for M members to answer from N",
  deprecatedSince: "6.2.0",
  replacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments",
  docFlags: ["deprecated"],
  arity: -4,
  flags: ["readonly"],
  keys: [{ at: 1, access: "RO", effects: ["access"] }],
  args: [arg.key("key"), arg.string("max"), arg.string("min"), LIMIT],

  run(ctx, args) {
    answerRange(ctx, args, readQuery(args, 1, { mayChoose: false, kind: "bytes", reverse: true }));
  },
});

/** What a command fixes, and what its arguments may choose. */
interface QueryForm {
  /** Whether REV, BYSCORE and BYLEX are understood. */
  mayChoose: boolean;
  kind: RangeKind;
  reverse: boolean;
  isStored?: boolean;
}

/** What is asked for. */
interface Query {
  bounds: Bounds;
  reverse: boolean;
  withScores: boolean;
  offset: number;
  limit: number;
}

/** Reads bounds and options; the key is argument `keyAt`. */
function readQuery(args: Args, keyAt: number, form: QueryForm): Query {
  let { kind, reverse } = form;
  let withScores = false;
  let isKindChosen = false;
  let offset = 0;
  let limit = -1;
  for (let i = keyAt + 3; i < args.count; i++) {
    if (!form.isStored && args.is(i, "WITHSCORES")) {
      withScores = true;
    } else if (i + 2 < args.count && args.is(i, "LIMIT")) {
      offset = args.int(i + 1);
      limit = args.int(i + 2);
      i += 2;
    } else if (form.mayChoose && !reverse && args.is(i, "REV")) {
      reverse = true;
    } else if (form.mayChoose && !isKindChosen && args.is(i, "BYLEX")) {
      kind = "bytes";
      isKindChosen = true;
    } else if (form.mayChoose && !isKindChosen && args.is(i, "BYSCORE")) {
      kind = "score";
      isKindChosen = true;
    } else {
      throw syntaxError();
    }
  }
  if (limit !== -1 && kind === "rank") throw limitNeedsBounds();
  if (withScores && kind === "bytes") throw scoresAreEqual();

  // A reversed range of scores or bytes is given from its upper end.
  const low = keyAt + (reverse && kind !== "rank" ? 2 : 1);
  const high = keyAt + (reverse && kind !== "rank" ? 1 : 2);
  const isLimited = kind !== "rank";
  return {
    bounds: readBounds(kind, args, low, high, reverse),
    reverse,
    withScores,
    offset: isLimited ? offset : 0,
    limit: isLimited ? limit : -1,
  };
}

/** What of the ranks between the bounds is left by LIMIT. */
function rangeOf({ reverse, offset, limit }: Query, { from, count }: Ranks): RankRange {
  if (offset < 0) return { from, count: 0, reverse };
  const behind = Math.max(0, count - offset);
  const taken = limit < 0 ? behind : Math.min(behind, limit);
  return { from: reverse ? from + behind - taken : from + offset, count: taken, reverse };
}

function answerRange(ctx: Context, args: Args, query: Query): void {
  const set = ctx.db.tool(SortedSets).read(args, 1);
  if (set === undefined) ctx.reply.array(0);
  else replyRange(ctx.reply, set, rangeOf(query, query.bounds(set)), query.withScores);
}
