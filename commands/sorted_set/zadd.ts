/**
 * ZADD and ZINCRBY.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { largeSortedSet, SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { arg, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import {
  comparisonsContradict,
  existingContradictsNew,
  incrementsOne,
  scoreNotANumber,
} from "../errors.ts";

/** Options of ZADD, as bits. */
export const AddOption = {
  none: 0,
  /** New members only. */
  nx: 1,
  /** Existing members only. */
  xx: 2,
  /** Greater scores only. */
  gt: 4,
  /** Lesser scores only. */
  lt: 8,
  /** The score is added to the one there is. */
  incr: 16,
  /** The reply counts changed members, too. */
  ch: 32,
} as const;

const { nx, xx, gt, lt, incr, ch } = AddOption;

/** ZADD */
export const zadd = command({
  name: "ZADD",
  summary: "Adds members to a sorted set, or gives them other scores.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(log(N)) for each member, N being the size of the sorted set",
  arity: -4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["update"] }],
  args: [
    arg.key("key"),
    arg.oneOf("condition", [arg.token("NX"), arg.token("XX")], { optional: true, since: "3.0.2" }),
    arg.oneOf("comparison", [arg.token("GT"), arg.token("LT")], { optional: true, since: "6.2.0" }),
    arg.token("CH", { name: "change", optional: true, since: "3.0.2" }),
    arg.token("INCR", { name: "increment", optional: true, since: "3.0.2" }),
    arg.block("data", [arg.double("score"), arg.string("member")], { multiple: true }),
  ],
  history: [
    ["2.4.0", "Takes several members."],
    ["3.0.2", "The options `XX`, `NX`, `CH` and `INCR` came."],
    ["6.2.0", "The options `GT` and `LT` came."],
  ],

  run(ctx, args) {
    let options: number = AddOption.none;
    let at = 2;
    if (args.count === 4) return addOne(ctx, args);
    for (; at < args.count; at++) {
      const option = readOption(args, at);
      if (option === AddOption.none) break;
      options |= option;
    }
    const pairs = (args.count - at) / 2;
    if (pairs === 0 || !Number.isInteger(pairs)) throw syntaxError();
    if ((options & nx) !== 0 && (options & xx) !== 0) throw existingContradictsNew();
    const comparisons = options & (gt | lt | nx);
    // Two bits at least are set.
    if ((comparisons & (comparisons - 1)) !== 0) throw comparisonsContradict();
    if ((options & incr) !== 0 && pairs > 1) throw incrementsOne();
    addMembers(ctx, args, { at, step: 2, memberAt: 1, scores: readScores(args, at), options });
  },
});

/** ZINCRBY */
export const zincrby = command({
  name: "ZINCRBY",
  summary: "Adds to a member's score; an absent member counts as one of score zero.",
  group: "sorted_set",
  since: "1.2.0",
  complexity: "O(log(N)), N being the size of the sorted set",
  arity: 4,
  flags: ["write", "denyoom", "fast"],
  keys: [{ at: 1, access: "RW", effects: ["access", "update"] }],
  args: [arg.key("key"), arg.integer("increment"), arg.string("member")],

  run(ctx, args) {
    addMembers(ctx, args, {
      at: 2,
      step: 2,
      memberAt: 1,
      scores: readScores(args, 2),
      options: incr,
    });
  },
});

function readOption(args: Args, i: number): number {
  const length = args.len[i];
  if (length === 2) {
    if (args.is(i, "NX")) return nx;
    if (args.is(i, "XX")) return xx;
    if (args.is(i, "GT")) return gt;
    if (args.is(i, "LT")) return lt;
    if (args.is(i, "CH")) return ch;
  } else if (length === 4 && args.is(i, "INCR")) {
    return incr;
  }
  return AddOption.none;
}

/** Reads every second argument as a score. */
function readScores(args: Args, at: number): number[] {
  const scores: number[] = [];
  for (let i = at; i < args.count; i += 2) scores.push(args.float(i));
  return scores;
}

/** Adds the member in argument 3 with the score in argument 2: the usual request, and the shortest way. */
function addOne(ctx: Context, args: Args): void {
  // Words of options and nothing else are refused before the key is looked at, as what is no score.
  if (readOption(args, 2) !== AddOption.none) throw syntaxError();
  const score = args.float(2);
  const { db } = ctx;
  const { buf } = args;
  const off = args.off[3];
  const len = args.len[3];
  const ref = db.find(args, 1, Type.zset);
  const large = ref === 0 ? undefined : largeSortedSet(db, ref);
  if (large !== undefined) {
    const before = large.size;
    if (large.put(buf, off, len, score)) ctx.changed(args, 1, EventClass.sortedSet, "zadd");
    ctx.reply.int(large.size - before);
    return;
  }
  const sets = db.tool(SortedSets);
  const set = ref === 0 ? undefined : sets.open(ref);
  const limits = ctx.server.config.values;
  const member = set === undefined ? 0 : set.find(buf, off, len);
  let isChanged = true;
  if (set === undefined || member === 0) {
    const isLarge = limits.zsetMaxListpackEntries < 1 || len > limits.zsetMaxListpackValue;
    sets.add(set ?? sets.create(args, 1, isLarge), buf, off, len, score, limits);
  } else if (set.scoreOf(member) === score) {
    isChanged = false;
  } else {
    set.rescore(member, score);
  }
  if (isChanged) ctx.changed(args, 1, EventClass.sortedSet, "zadd");
  ctx.reply.int(member === 0 ? 1 : 0);
}

/** Members among the arguments and the scores that they are to have. */
export interface Additions {
  /** Where the first member's arguments begin, and how many each has. */
  readonly at: number;
  readonly step: number;
  /** Where the member is among them. */
  readonly memberAt: number;
  readonly scores: readonly number[];
  readonly options: number;
}

/**
 * Adds members to the sorted set of the key in argument 1 and replies; answers how many were added or changed.
 *
 * @throws {ReplyError} WRONGTYPE; where the options have `incr`, also for a sum that is no number
 */
export function addMembers(ctx: Context, args: Args, additions: Additions): number {
  const { at, step, memberAt, scores, options } = additions;
  const { reply } = ctx;
  const limits = ctx.server.config.values;
  const sets = ctx.db.tool(SortedSets);
  let set: SortedMembers | undefined = sets.find(args, 1);
  if (set === undefined) {
    if ((options & xx) !== 0) {
      if ((options & incr) !== 0) reply.null();
      else reply.int(0);
      return 0;
    }
    const isLarge = scores.length > limits.zsetMaxListpackEntries ||
      args.len[at + memberAt] > limits.zsetMaxListpackValue;
    set = sets.create(args, 1, isLarge);
  } else {
    set = sets.prepareFor(set, scores.length, limits);
  }

  let added = 0;
  let updated = 0;
  /** The score that the last member got or has; NaN when a condition did not hold. */
  let result = NaN;
  for (let i = 0; i < scores.length; i++) {
    const arg = at + i * step + memberAt;
    const off = args.off[arg];
    const len = args.len[arg];
    const member = set.find(args.buf, off, len);
    result = scores[i];
    if (member === 0) {
      if ((options & xx) !== 0) {
        result = NaN;
        continue;
      }
      set = sets.add(set, args.buf, off, len, result, limits);
      added++;
      continue;
    }
    const before = set.scoreOf(member);
    if ((options & incr) !== 0 && (options & nx) === 0) {
      result += before;
      if (result !== result) throw scoreNotANumber();
    }
    if (!isAllowed(options, before, result)) {
      result = NaN;
    } else if (result !== before) {
      set.rescore(member, result);
      updated++;
    }
  }

  const changes = added + updated;
  if (changes > 0) {
    ctx.changed(args, 1, EventClass.sortedSet, (options & incr) !== 0 ? "zincr" : "zadd");
    if (changes > 1) ctx.dirty(changes - 1);
  }
  if ((options & incr) === 0) reply.int((options & ch) !== 0 ? changes : added);
  else if (result === result) reply.double(result);
  else reply.null();
  return changes;
}

/** Whether an existing member may get another score. */
function isAllowed(options: number, before: number, after: number): boolean {
  if ((options & nx) !== 0) return false;
  if ((options & gt) !== 0) return after > before;
  return (options & lt) === 0 || after < before;
}
