/**
 * The options of SORT, and the patterns of its BY and GET, which lead from an element to a string.
 *
 *     #               the element itself
 *     weight_*        the string under the key in which the element stands for the asterisk
 *     user_*->name    a field of the hash under such a key
 *
 * @module
 */

import { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { Hashes } from "../../storage/hashes.ts";
import type { Database } from "../../storage/keyspace.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import type { Context } from "../context.ts";

/** How to sort, and what to do with the result. */
export interface SortOptions {
  /** Whether to sort at all: not by a pattern that is the same for all elements. */
  readonly sorts: boolean;
  readonly descending: boolean;
  /** Whether to compare bytes rather than numbers. */
  readonly alpha: boolean;
  readonly offset: number;
  /** Negative for all. */
  readonly count: number;
  /** The pattern of the keys that say where elements belong. */
  readonly by: Uint8Array | undefined;
  /** The patterns of the keys whose values are the result. */
  readonly get: readonly Uint8Array[];
  /** The argument that names the key to store the result under; 0 when it is to be answered. */
  readonly storeAt: number;
}

const HASH_SIGN = 0x23;
const ASTERISK = 0x2a;
const DASH = 0x2d;
const GREATER = 0x3e;
const NOTHING = new Uint8Array(0);

/** Reads the options from argument 2 on. @throws {ReplyError} */
export function readSortOptions(ctx: Context, args: Args, mayStore: boolean): SortOptions {
  // Which keys BY and GET lead to nobody knows beforehand.
  const mayReadAnyKey = ctx.server.acl.mayReadAnyKey(ctx.client, args);
  // In a cluster they may be anywhere.
  const inCluster = ctx.server.cluster !== undefined;
  let descending = false;
  let alpha = false;
  let offset = 0;
  let count = -1;
  let by: Uint8Array | undefined;
  let sorts = true;
  let storeAt = 0;
  const get: Uint8Array[] = [];
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, "ASC")) {
      descending = false;
    } else if (args.is(i, "DESC")) {
      descending = true;
    } else if (args.is(i, "ALPHA")) {
      alpha = true;
    } else if (args.is(i, "LIMIT") && left >= 2) {
      offset = args.int(++i);
      count = args.int(++i);
    } else if (mayStore && args.is(i, "STORE") && left >= 1) {
      storeAt = ++i;
    } else if (args.is(i, "BY") && left >= 1) {
      by = args.view(++i);
      // Once a BY was constant nothing is sorted, whatever others say.
      if (!by.includes(ASTERISK)) sorts = false;
      else if (inCluster) throw new ReplyError("ERR BY option of SORT denied in Cluster mode.");
      else if (!mayReadAnyKey) throw mayNotReadAnyKey("BY");
    } else if (args.is(i, "GET") && left >= 1) {
      if (inCluster) throw new ReplyError("ERR GET option of SORT denied in Cluster mode.");
      if (!mayReadAnyKey) throw mayNotReadAnyKey("GET");
      get.push(args.view(++i));
    } else throw syntaxError();
  }
  return { sorts, descending, alpha, offset, count, by, get, storeAt };
}

function mayNotReadAnyKey(option: "BY" | "GET"): ReplyError {
  return new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
}

/** One pattern, for the keys of one database. */
export class KeyPattern {
  readonly #db: Database;
  readonly #isElement: boolean;
  /** What comes before and behind the element in a key; undefined when no key can come of it. */
  readonly #prefix: Uint8Array | undefined;
  readonly #postfix: Uint8Array;
  readonly #field: Uint8Array | undefined;
  /** The key, as the one argument of a read. */
  readonly #key = new Args(NOTHING, 1);

  constructor(db: Database, pattern: Uint8Array) {
    this.#db = db;
    this.#isElement = pattern.length === 1 && pattern[0] === HASH_SIGN;
    this.#key.push(0, 0);
    const asterisk = pattern.indexOf(ASTERISK);
    if (asterisk < 0) {
      this.#postfix = NOTHING;
      return;
    }
    this.#prefix = pattern.subarray(0, asterisk);
    const arrow = findArrow(pattern, asterisk + 1);
    if (arrow > 0) this.#field = pattern.subarray(arrow + 2);
    this.#postfix = pattern.subarray(asterisk + 1, arrow > 0 ? arrow : pattern.length);
  }

  /** Copies what the pattern leads to from an element; undefined when that is nothing. */
  lookUp(element: Uint8Array): Uint8Array | undefined {
    if (this.#isElement) return element;
    if (this.#prefix === undefined) return undefined;
    const db = this.#db;
    this.#fill(this.#prefix, element);
    const ref = db.read(this.#key, 0);
    if (ref === 0) return undefined;
    if (this.#field !== undefined) {
      return db.type(ref) === Type.hash ? this.#lookUpField(ref, this.#field) : undefined;
    }
    return db.type(ref) === Type.string ? db.valueBytes(ref) : undefined;
  }

  #lookUpField(ref: Ref, name: Uint8Array): Uint8Array | undefined {
    const hashes = this.#db.tool(Hashes);
    const fields = hashes.open(ref);
    const field = hashes.findLive(name, 0, name.length);
    if (field === 0) return undefined;
    fields.showValue(field);
    return fields.buf.slice(fields.off, fields.off + fields.len);
  }

  #fill(prefix: Uint8Array, element: Uint8Array): void {
    const length = prefix.length + element.length + this.#postfix.length;
    const key = this.#key;
    if (key.buf.length < length) key.buf = new Uint8Array(length * 2);
    key.buf.set(prefix);
    key.buf.set(element, prefix.length);
    key.buf.set(this.#postfix, prefix.length + element.length);
    key.len[0] = length;
  }
}

/** Where an arrow stands that has something behind it; -1 when none does. The first arrow decides. */
function findArrow(pattern: Uint8Array, from: number): number {
  for (let i = from; i + 1 < pattern.length; i++) {
    if (pattern[i] === DASH && pattern[i + 1] === GREATER) return i + 2 < pattern.length ? i : -1;
  }
  return -1;
}
