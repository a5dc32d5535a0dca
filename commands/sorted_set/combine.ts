/**
 * Unions, intersections and differences of sorted sets, with weights and aggregates: what they work on (sorted sets, and
 * sets, whose members all have the score 1), how they are worked out, and how a computed sorted set is stored.
 *
 * Where infinities cancel each other out, the score is zero.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { wrongType } from "../../storage/errors.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { membersOf } from "../../storage/sets.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SetMembers } from "../../storage/types/set_members.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import type { SortedSet } from "../../storage/types/sorted_set.ts";
import { type Context, EventClass } from "../context.ts";
import { noInputKeys } from "../errors.ts";

/** Is shown a member; answering true ends the walk. */
type Visitor = (buf: Uint8Array, off: number, len: number, score: number) => boolean | void;

/** One of the sets that are combined. */
export interface Operand {
  readonly size: number;
  /** What its scores are multiplied by. */
  weight: number;
  /** A member's score; NaN when it is not there. */
  scoreOf(buf: Uint8Array, off: number, len: number): number;
  forEach(visit: Visitor): void;
}

/**
 * Reads `numkeys key …` from argument `at` on and opens the keys; those that do not exist are empty.
 *
 * @throws {ReplyError} for too few keys, too many, or one of another type
 */
export function readOperands(db: Database, args: Args, at: number, command: string): Operand[] {
  const count = args.int(at);
  if (count < 1) throw noInputKeys(command);
  if (count > args.count - at - 1) throw syntaxError();
  const operands: Operand[] = [];
  for (let i = at + 1; i <= at + count; i++) operands.push(openOperand(db, db.read(args, i)));
  return operands;
}

function openOperand(db: Database, ref: Ref): Operand {
  if (ref === 0) return emptyOperand();
  switch (db.type(ref)) {
    case Type.zset:
      return new ScoredOperand(db.tool(SortedSets).openApart(ref));
    case Type.set:
      return new UnscoredOperand(membersOf(db, ref));
    default:
      throw wrongType();
  }
}

function emptyOperand(): Operand {
  return { size: 0, weight: 1, scoreOf: () => NaN, forEach: () => {} };
}

/** A sorted set. */
class ScoredOperand implements Operand {
  weight = 1;
  readonly #set: SortedMembers;

  constructor(set: SortedMembers) {
    this.#set = set;
  }

  get size(): number {
    return this.#set.size;
  }

  scoreOf(buf: Uint8Array, off: number, len: number): number {
    const member = this.#set.find(buf, off, len);
    return member === 0 ? NaN : this.#set.scoreOf(member);
  }

  forEach(visit: Visitor): void {
    const set = this.#set;
    set.seek(0);
    for (let left = set.size; left > 0; left--) {
      if (visit(set.buf, set.off, set.len, set.score) === true) return;
      set.forward();
    }
  }
}

/** A set. */
class UnscoredOperand implements Operand {
  weight = 1;
  readonly #set: SetMembers;

  constructor(set: SetMembers) {
    this.#set = set;
  }

  get size(): number {
    return this.#set.size;
  }

  scoreOf(buf: Uint8Array, off: number, len: number): number {
    return this.#set.has(buf, off, len) ? 1 : NaN;
  }

  forEach(visit: Visitor): void {
    this.#set.some((buf, off, len) => visit(buf, off, len, 1));
  }
}

/** How the scores that a member has in several sets become one. */
export type Aggregate = (a: number, b: number) => number;

/** The ways that AGGREGATE knows. */
export const aggregates = {
  sum: (a: number, b: number): number => orZero(a + b),
  min: (a: number, b: number): number => b < a ? b : a,
  max: (a: number, b: number): number => b > a ? b : a,
} as const;

function orZero(score: number): number {
  return score === score ? score : 0;
}

/** Smallest first: the order in which Redis adds, which is seen in the last digits of sums. */
function bySize(operands: readonly Operand[]): Operand[] {
  return operands.toSorted((a, b) => a.size - b.size);
}

/** Adds the members of any operand to the result. */
export function unite(
  operands: readonly Operand[],
  aggregate: Aggregate,
  result: SortedSet,
): void {
  for (const operand of bySize(operands)) {
    if (operand.size === 0) continue;
    operand.forEach((buf, off, len, score) => {
      const weighted = orZero(operand.weight * score);
      const member = result.find(buf, off, len);
      if (member === 0) {
        result.add(buf, off, len, weighted);
        return;
      }
      const before = result.scoreOf(member);
      const after = aggregate(before, weighted);
      if (after !== before) result.rescore(member, after);
    });
  }
}

/** Adds the members that all operands have to the result. */
export function intersect(
  operands: readonly Operand[],
  aggregate: Aggregate,
  result: SortedSet,
): void {
  forEachCommon(operands, aggregate, (buf, off, len, score) => {
    result.add(buf, off, len, score);
  });
}

/** How many members all operands have; counts no further than to a limit other than 0. */
export function countCommon(operands: readonly Operand[], limit: number): number {
  let count = 0;
  forEachCommon(operands, aggregates.sum, () => ++count === limit);
  return count;
}

function forEachCommon(
  operands: readonly Operand[],
  aggregate: Aggregate,
  visit: (buf: Uint8Array, off: number, len: number, score: number) => boolean | void,
): void {
  const [smallest, ...others] = bySize(operands);
  if (smallest.size === 0) return;
  smallest.forEach((buf, off, len, score) => {
    let total = orZero(smallest.weight * score);
    for (const other of others) {
      const value = other.scoreOf(buf, off, len);
      if (value !== value) return false;
      total = aggregate(total, value * other.weight);
    }
    return visit(buf, off, len, total);
  });
}

/** Adds the members that only the first operand has to the result. O(members of the first * operands). */
export function subtract(operands: readonly Operand[], result: SortedSet): void {
  const [first, ...rest] = operands;
  if (first.size === 0) return;
  // Where most members are, others are found soonest.
  const others = bySize(rest).reverse();
  first.forEach((buf, off, len, score) => {
    for (const other of others) {
      const value = other.scoreOf(buf, off, len);
      if (value === value) return;
    }
    result.add(buf, off, len, score);
  });
}

/**
 * Stores a result under the key in argument `i`, which is deleted when there is nothing to store, and replies with the
 * number of members. The result is not the caller's any more.
 */
export function storeResult(
  ctx: Context,
  args: Args,
  i: number,
  result: SortedSet,
  event: string,
): void {
  const sets = ctx.db.tool(SortedSets);
  const { size } = result;
  if (size > 0) {
    sets.store(args, i, result, ctx.server.config.values);
    ctx.changed(args, i, EventClass.sortedSet, event);
  } else {
    sets.release(result);
    if (ctx.db.delete(args, i)) ctx.changed(args, i, EventClass.generic, "del");
  }
  ctx.reply.int(size);
}
