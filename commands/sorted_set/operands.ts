/**
 * What ZUNION, ZINTER and ZDIFF work on: sorted sets, and sets, whose members all have the score 1.
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
import { noInputKeys } from "../errors.ts";

/** Is shown a member; answering true ends the walk. */
export type Visitor = (buf: Uint8Array, off: number, len: number, score: number) => boolean | void;

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
