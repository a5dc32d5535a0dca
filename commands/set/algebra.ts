/**
 * Intersection, union and difference of sets, as walks over their members.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { LooseSet, SetForm } from "../../storage/changing_set.ts";
import { SetEncoding, Type } from "../../storage/entry.ts";
import { membersOf, Sets } from "../../storage/sets.ts";
import { IntSet, parseMember } from "../../storage/types/intset.ts";
import type { MemberVisitor, SetMembers } from "../../storage/types/set_members.ts";
import type { Context } from "../context.ts";

/** The sets of several keys. */
export interface Operands {
  /** One for each key; undefined where there is no key, which is an empty set. */
  readonly sets: readonly (SetMembers | undefined)[];
  /** Whether the first key is among the others, too. */
  readonly repeatsFirst: boolean;
}

/**
 * Opens the sets of the keys in arguments `from` to before `to`.
 *
 * @throws {ReplyError} WRONGTYPE
 */
export function readOperands(ctx: Context, args: Args, from: number, to: number): Operands {
  const { db } = ctx;
  const sets: (SetMembers | undefined)[] = [];
  let first = 0;
  let repeatsFirst = false;
  for (let i = from; i < to; i++) {
    const ref = db.read(args, i, Type.set);
    if (i === from) first = ref;
    else if (ref !== 0 && ref === first) repeatsFirst = true;
    sets.push(ref === 0 ? undefined : membersOf(db, ref));
  }
  return { sets, repeatsFirst };
}

/**
 * Visits the members that all sets have, until a visit answers true. Costs the smallest set's size times the number of
 * sets.
 */
export function intersect({ sets }: Operands, visit: MemberVisitor): void {
  const ordered = bySize(sets);
  if (ordered === undefined) return;
  const [smallest, ...others] = ordered;
  smallest.some((buf, off, len) => {
    for (const other of others) {
      if (other !== smallest && !other.has(buf, off, len)) return;
    }
    return visit(buf, off, len);
  });
}

/** From the smallest on; undefined when one of them is missing. */
function bySize(sets: Operands["sets"]): SetMembers[] | undefined {
  const present = sets.filter((set) => set !== undefined);
  return present.length < sets.length ? undefined : present.sort((a, b) => a.size - b.size);
}

/** The members that all sets have, as a set of no key. */
export function intersection(ctx: Context, operands: Operands): LooseSet {
  const limits = ctx.server.config.values;
  const smallest = bySize(operands.sets)?.[0];
  const form = smallest instanceof IntSet ? SetEncoding.intset : SetEncoding.listpack;
  const result = newResult(ctx, form);
  let allIntegers = true;
  intersect(operands, (buf, off, len) => {
    allIntegers &&= parseMember(buf, off, len) !== undefined;
    result.add(buf, off, len);
  });
  if (!allIntegers || form === SetEncoding.intset || result.size > limits.setMaxIntsetEntries) {
    return result;
  }
  const integers = newResult(ctx, SetEncoding.intset);
  result.some((buf, off, len) => {
    integers.add(buf, off, len);
  });
  ctx.db.tool(Sets).release(result);
  return integers;
}

/** The members that any set has, as a set of no key. Costs the size of all sets. */
export function union(ctx: Context, { sets }: Operands): LooseSet {
  const result = newResult(ctx, SetEncoding.intset);
  for (const set of sets) {
    set?.some((buf, off, len) => {
      result.add(buf, off, len);
    });
  }
  return result;
}

/**
 * Whether a difference is better found by looking every member of the first set up in the others, than by taking the
 * members of all others out of a copy.
 */
export function isSubtractedByLookups({ sets }: Operands): boolean {
  const first = sets[0]?.size ?? 0;
  let lookups = 0;
  let members = 0;
  for (const set of sets) {
    if (set === undefined) continue;
    lookups += first;
    members += set.size;
  }
  // Lookups stop at the first set that has the member, and take no copy.
  return Math.floor(lookups / 2) <= members;
}

/** Visits the members of the first set that no other has. */
export function subtract({ sets, repeatsFirst }: Operands, visit: MemberVisitor): void {
  if (repeatsFirst) return;
  const [first, ...rest] = sets;
  // What is to go is most likely to be in the largest one.
  const others = rest.filter((set) => set !== undefined).sort((a, b) => b.size - a.size);
  first?.some((buf, off, len) => {
    for (const other of others) if (other.has(buf, off, len)) return;
    return visit(buf, off, len);
  });
}

/** The members of the first set that no other has, as a set of no key. */
export function difference(ctx: Context, operands: Operands): LooseSet {
  const result = newResult(ctx, SetEncoding.intset);
  const { sets, repeatsFirst } = operands;
  if (repeatsFirst) return result;
  const add: MemberVisitor = (buf, off, len) => {
    result.add(buf, off, len);
  };
  if (isSubtractedByLookups(operands)) {
    subtract(operands, add);
    return result;
  }
  const [first, ...others] = sets;
  first?.some(add);
  for (const other of others) {
    if (result.size === 0) break;
    other?.some((buf, off, len) => {
      result.remove(buf, off, len);
    });
  }
  return result;
}

function newResult(ctx: Context, form: SetForm): LooseSet {
  return ctx.db.tool(Sets).newResult(form, ctx.server.config.values);
}
