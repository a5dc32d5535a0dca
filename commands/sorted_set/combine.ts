/**
 * Unions, intersections and differences of sorted sets, with weights and aggregates.
 *
 * Where infinities cancel each other out, the score is zero.
 *
 * @module
 */

import type { SortedSet } from "../../storage/types/sorted_set.ts";
import type { Operand } from "./operands.ts";

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
