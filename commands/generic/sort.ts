/**
 * SORT and SORT_RO: the elements of a list, a set or a sorted set in another order, or what other keys hold for them.
 *
 * @module
 */

import { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { Type } from "../../storage/entry.ts";
import { wrongType } from "../../storage/errors.ts";
import { Lists } from "../../storage/lists.ts";
import type { Ref } from "../../storage/memory/arena.ts";
import { forEachMember, memberCount } from "../../storage/sets.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import { arg, type ArgSpec, command } from "../command.ts";
import { type Context, EventClass } from "../context.ts";
import { KeyPattern, readSortOptions, type SortOptions } from "./sort_options.ts";
import { sortElements } from "./sort_order.ts";

const COMPLEXITY =
  "O(N+M*log(M)), N elements being there and M answered; O(N) where they need no sorting.";
const CATEGORIES = ["-keyspace", "set", "sortedset", "list", "dangerous"] as const;

const sharedArgs: readonly ArgSpec[] = [
  arg.key("key"),
  arg.pattern("by-pattern", {
    token: "BY",
    displayText: "pattern",
    keySpecIndex: 1,
    optional: true,
  }),
  arg.block("limit", [arg.integer("offset"), arg.integer("count")], {
    token: "LIMIT",
    optional: true,
  }),
  arg.pattern("get-pattern", {
    token: "GET",
    displayText: "pattern",
    keySpecIndex: 1,
    optional: true,
    multiple: true,
    multipleToken: true,
  }),
  arg.oneOf("order", [arg.token("ASC"), arg.token("DESC")], { optional: true }),
  arg.token("ALPHA", { name: "sorting", optional: true }),
];

/** SORT */
export const sort = command({
  name: "SORT",
  summary: "Sorts the elements of a list, a set or a sorted set, and answers or stores them.",
  group: "generic",
  since: "1.0.0",
  complexity: COMPLEXITY,
  arity: -2,
  flags: ["write", "denyoom"],
  categories: CATEGORIES,
  keys: [
    { at: 1, access: "RO", effects: ["access"] },
    {
      unknown: true,
      access: "RO",
      effects: ["access"],
      note: "What BY and GET look at follows from what the sorted key holds",
    },
    {
      unknown: true,
      access: "OW",
      effects: ["update"],
      note: "STORE may stand anywhere among the options",
    },
  ],
  args: [
    ...sharedArgs,
    arg.key("destination", { token: "STORE", keySpecIndex: 2, optional: true }),
  ],
  findKeys,
  run: (ctx, args) => sortKey(ctx, args, readSortOptions(ctx, args, true)),
});

/** SORT_RO */
export const sortRo = command({
  name: "SORT_RO",
  summary: "Sorts the elements of a list, a set or a sorted set, and answers them.",
  group: "generic",
  since: "7.0.0",
  complexity: COMPLEXITY,
  arity: -2,
  flags: ["readonly"],
  categories: CATEGORIES,
  keys: [
    { at: 1, access: "RO", effects: ["access"] },
    {
      unknown: true,
      access: "RO",
      effects: ["access"],
      note: "What BY and GET look at follows from what the sorted key holds",
    },
  ],
  args: sharedArgs,
  findKeys: () => [1],
  run: (ctx, args) => sortKey(ctx, args, readSortOptions(ctx, args, false)),
});

/** The key to sort, and the one that the last STORE names. */
function findKeys(args: Args): number[] {
  let store = 0;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, "LIMIT")) i += 2;
    else if (args.is(i, "GET") || args.is(i, "BY")) i++;
    else if (args.is(i, "STORE") && i + 1 < args.count) store = i + 1;
  }
  return store === 0 ? [1] : [1, store];
}

function sortKey(ctx: Context, args: Args, options: SortOptions): void {
  const { db } = ctx;
  const ref = db.read(args, 1);
  const type = ref === 0 ? Type.list : db.type(ref);
  if (type !== Type.list && type !== Type.set && type !== Type.zset) throw wrongType();

  // What a set is stored as, or a script makes of it, must not depend on the order in which it happens to be kept.
  const forced = !options.sorts && type === Type.set && (options.storeAt > 0 || ctx.isScript);
  const sorts = options.sorts || forced;
  const size = ref === 0 ? 0 : sizeOf(ctx, ref);
  const start = Math.min(Math.max(options.offset, 0), size);
  const count = options.count < 0 ? size - start : Math.min(options.count, size - start);

  let elements: Uint8Array[];
  if (ref === 0) {
    elements = [];
  } else if (sorts) {
    const by = options.by === undefined || forced ? undefined : new KeyPattern(db, options.by);
    const order = {
      alpha: options.alpha || forced,
      descending: options.descending,
      asText: options.alpha && options.storeAt === 0,
    };
    const all = sortElements(elementsOf(ctx, ref), by, order);
    if (all === undefined) {
      throw new ReplyError("ERR One or more scores can't be converted into double");
    }
    elements = all.slice(start, start + count);
  } else if (type === Type.set) {
    elements = elementsOf(ctx, ref).slice(start, start + count);
  } else {
    // In the order in which they are kept, from either end.
    const first = options.descending ? size - start - count : start;
    elements = rangeOf(ctx, ref, { first, count });
    if (options.descending) elements.reverse();
  }

  const results = options.get.length === 0 ? elements : lookedUp(ctx, elements, options.get);
  if (options.storeAt > 0) store(ctx, args, options.storeAt, results);
  else answer(ctx, results);
}

function sizeOf({ db }: Context, ref: Ref): number {
  switch (db.type(ref)) {
    case Type.list:
      return db.tool(Lists).open(ref).size;
    case Type.set:
      return memberCount(db, ref);
    default:
      return db.tool(SortedSets).openApart(ref).size;
  }
}

function elementsOf(ctx: Context, ref: Ref): Uint8Array[] {
  const { db } = ctx;
  if (db.type(ref) !== Type.set) return rangeOf(ctx, ref, { first: 0, count: sizeOf(ctx, ref) });
  const elements: Uint8Array[] = [];
  forEachMember(db, ref, (buf, off, len) => {
    elements.push(buf.slice(off, off + len));
  });
  return elements;
}

/** Elements of a list or a sorted set, copied. */
function rangeOf(
  { db }: Context,
  ref: Ref,
  { first, count }: { first: number; count: number },
): Uint8Array[] {
  const elements: Uint8Array[] = [];
  if (count === 0) return elements;
  if (db.type(ref) === Type.list) {
    db.tool(Lists).open(ref).copy(first, count, false, {
      bulkAt: (buf, off, len) => elements.push(buf.slice(off, off + len)),
    });
    return elements;
  }
  const set = db.tool(SortedSets).openApart(ref);
  set.seek(first);
  for (let left = count; left > 0; left--, set.forward()) {
    elements.push(set.buf.slice(set.off, set.off + set.len));
  }
  return elements;
}

/** What each pattern leads to for each element; undefined where that is nothing. */
function lookedUp(
  { db }: Context,
  elements: readonly Uint8Array[],
  get: readonly Uint8Array[],
): (Uint8Array | undefined)[] {
  const patterns = get.map((pattern) => new KeyPattern(db, pattern));
  return elements.flatMap((element) => patterns.map((pattern) => pattern.lookUp(element)));
}

function answer({ reply }: Context, results: readonly (Uint8Array | undefined)[]): void {
  reply.array(results.length);
  for (const result of results) {
    if (result === undefined) reply.null();
    else reply.bulk(result);
  }
}

/** Stores the results as a list; what is nothing as an empty string. */
function store(
  ctx: Context,
  args: Args,
  storeAt: number,
  results: readonly (Uint8Array | undefined)[],
): void {
  const { db } = ctx;
  if (results.length > 0) {
    const list = packed(args.view(storeAt), results);
    db.tool(Lists).create(list, 0, 1, false, ctx.server.config.values.listMaxListpackSize);
    ctx.changed(args, storeAt, EventClass.list, "sortstore");
    ctx.dirty(results.length - 1);
  } else if (db.delete(args, storeAt)) {
    ctx.changed(args, storeAt, EventClass.generic, "del");
  }
  ctx.reply.int(results.length);
}

/** A key and elements as arguments. */
function packed(key: Uint8Array, elements: readonly (Uint8Array | undefined)[]): Args {
  const bytes = elements.reduce((sum, element) => sum + (element?.length ?? 0), key.length);
  const list = new Args(new Uint8Array(bytes), elements.length + 1);
  list.buf.set(key);
  list.push(0, key.length);
  let at = key.length;
  for (const element of elements) {
    const length = element?.length ?? 0;
    if (element !== undefined) list.buf.set(element, at);
    list.push(at, length);
    at += length;
  }
  return list;
}
