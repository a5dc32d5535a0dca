/**
 * Searching a sorted set for the places within a shape.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { type Place, placeOf, scoresOf } from "../../storage/geohash.ts";
import { coverOf, distanceWithin, type Shape } from "../../storage/geo_shape.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { type Context, EventClass } from "../context.ts";
import { storeResult } from "../sorted_set/store_result.ts";
import { replyLength, replyPlace } from "./places.ts";

/** What is searched for and how it is answered. */
export interface Search {
  shape: Shape;
  /** Metres in the unit that distances are told in. */
  unit: number;
  options: SearchOptions;
}

/** Options that all commands that search have. */
export interface SearchOptions {
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  order: "none" | "nearest" | "farthest";
  /** The most places to answer; 0 for all. */
  count: number;
  /** Whether any `count` places will do, and not just the nearest. */
  any: boolean;
  /** The argument that is the key to store the result under; 0 to reply with it. */
  storeAt: number;
  /** Whether distances are stored instead of hashes. */
  storesDistance: boolean;
}

/** A place that has been found. */
interface Found {
  readonly member: Uint8Array;
  readonly score: number;
  readonly place: Place;
  /** In metres. */
  readonly distance: number;
}

/** Searches a set and replies with what is found, or stores it. */
export function answerSearch(ctx: Context, args: Args, set: SortedMembers, search: Search): void {
  const { options, unit } = search;
  const found = arrange(findPlaces(set, search), options);
  if (options.storeAt === 0) replyFound(ctx.reply, found, search);
  else storeFound(ctx, args, found, unit, options);
}

/** The answer where there is nothing to search. */
export function answerNothing(ctx: Context, args: Args, storeAt: number): void {
  if (storeAt === 0) {
    ctx.reply.array(0);
    return;
  }
  if (ctx.db.delete(args, storeAt)) ctx.changed(args, storeAt, EventClass.generic, "del");
  ctx.reply.int(0);
}

/** The places within the shape, as they come, cell by cell. */
function findPlaces(set: SortedMembers, { shape, options }: Search): Found[] {
  const limit = options.any ? options.count : Infinity;
  const found: Found[] = [];
  for (const cell of coverOf(shape)) {
    const [low, high] = scoresOf(cell);
    const from = set.countBelow(low, false);
    const end = set.countBelow(high, false);
    if (from < end) set.seek(from);
    for (let rank = from; rank < end && found.length < limit; rank++) {
      const place = placeOf(set.score);
      const distance = distanceWithin(shape, place);
      if (distance !== undefined) {
        const member = set.buf.slice(set.off, set.off + set.len);
        found.push({ member, score: set.score, place, distance });
      }
      set.forward();
    }
  }
  return found;
}

/** Sorts and cuts as wanted. To choose the first `count`, there must be an order. */
function arrange(found: Found[], { order, count, any }: SearchOptions): Found[] {
  const isSorted = order !== "none" || (count > 0 && !any);
  if (isSorted && order === "farthest") found.sort((a, b) => b.distance - a.distance);
  else if (isSorted) found.sort((a, b) => a.distance - b.distance);
  return count > 0 ? found.slice(0, count) : found;
}

function replyFound(reply: Reply, found: readonly Found[], { unit, options }: Search): void {
  const { withDistance, withHash, withPlace } = options;
  const extras = Number(withDistance) + Number(withHash) + Number(withPlace);
  reply.array(found.length);
  for (const { member, score, place, distance } of found) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(member);
    if (withDistance) replyLength(reply, distance / unit);
    if (withHash) reply.int(Math.trunc(score));
    if (withPlace) replyPlace(reply, place);
  }
}

function storeFound(
  ctx: Context,
  args: Args,
  found: readonly Found[],
  unit: number,
  { storeAt, storesDistance }: SearchOptions,
): void {
  const result = ctx.db.tool(SortedSets).newResult();
  for (const { member, score, distance } of found) {
    // A cell that was searched twice finds its places twice.
    if (result.find(member, 0, member.length) !== 0) continue;
    result.add(member, 0, member.length, storesDistance ? distance / unit : score);
  }
  const isSearch = args.is(0, "GEOSEARCHSTORE");
  storeResult(ctx, args, storeAt, result, isSearch ? "geosearchstore" : "georadiusstore");
}
