/**
 * Searching a sorted set for the places within a shape, and reading what GEOSEARCH, GEORADIUS and their like are to
 * search for.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { Reply } from "../../server/resp/reply.ts";
import {
  coverOf,
  distanceWithin,
  type Place,
  placeOf,
  scoresOf,
  type Shape,
} from "../../storage/geohash.ts";
import { SortedSets } from "../../storage/sorted_sets.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { type Context, EventClass } from "../context.ts";
import {
  anyNeedsCount,
  countNotPositive,
  middleMissing,
  noSuchPlace,
  radiusNegative,
  shapeMissing,
  sideNegative,
  storedWithoutExtras,
} from "../errors.ts";
import { storeResult } from "../sorted_set/combine.ts";
import { placeOfMember, readPlace, readUnit, replyLength, replyPlace } from "./places.ts";

/** A shape without its middle, lengths in metres. */
type Outline = { radius: number } | { width: number; height: number };

/** A shape's size among the arguments, and the unit that it was given in. */
interface Extent {
  outline: Outline;
  unit: number;
}

/** Reads `radius unit`. */
export function readRadius(args: Args, i: number): Extent {
  const radius = args.float(i, "ERR need numeric radius");
  if (radius < 0) throw radiusNegative();
  const unit = readUnit(args, i + 1);
  return { outline: { radius: radius * unit }, unit };
}

/** Reads `width height unit`. */
function readBox(args: Args, i: number): Extent {
  const width = args.float(i, "ERR need numeric width");
  const height = args.float(i + 1, "ERR need numeric height");
  if (width < 0 || height < 0) throw sideNegative();
  const unit = readUnit(args, i + 2);
  return { outline: { width: width * unit, height: height * unit }, unit };
}

/** Joins a middle and what lies around it. */
export function shapeOf(middle: Place, outline: Outline): Shape {
  return { middle, ...outline };
}

/** The place of the member in argument `i`. @throws {ReplyError} when it is not there */
export function readMiddle(set: SortedMembers, args: Args, i: number): Place {
  const middle = placeOfMember(set, args, i);
  if (middle === undefined) throw noSuchPlace();
  return middle;
}

function noOptions(): SearchOptions {
  return {
    withDistance: false,
    withHash: false,
    withPlace: false,
    order: "none",
    count: 0,
    any: false,
    storeAt: 0,
    storesDistance: false,
  };
}

/** Reads an option that all commands have into `options`; answers how many arguments it took, 0 if it is none. */
function readCommonOption(args: Args, i: number, options: SearchOptions): number {
  if (args.is(i, "WITHDIST")) options.withDistance = true;
  else if (args.is(i, "WITHHASH")) options.withHash = true;
  else if (args.is(i, "WITHCOORD")) options.withPlace = true;
  else if (args.is(i, "ANY")) options.any = true;
  else if (args.is(i, "ASC")) options.order = "nearest";
  else if (args.is(i, "DESC")) options.order = "farthest";
  else if (args.is(i, "COUNT") && i + 1 < args.count) {
    options.count = args.int(i + 1);
    if (options.count <= 0) throw countNotPositive();
    return 2;
  } else return 0;
  return 1;
}

/** Reads the options of GEORADIUS and GEORADIUSBYMEMBER from argument `from` on. */
export function readRadiusOptions(args: Args, from: number, mayStore: boolean): SearchOptions {
  const options = noOptions();
  for (let i = from; i < args.count;) {
    const taken = readCommonOption(args, i, options);
    const stores = args.is(i, "STORE");
    if (taken > 0) {
      i += taken;
    } else if (mayStore && i + 1 < args.count && (stores || args.is(i, "STOREDIST"))) {
      options.storeAt = i + 1;
      options.storesDistance = !stores;
      i += 2;
    } else {
      throw syntaxError();
    }
  }
  checkOptions(options, "STORE option in GEORADIUS");
  return options;
}

/**
 * Reads what GEOSEARCH and GEOSEARCHSTORE are to search for, from argument `from` on. A set that does not exist has no
 * member to search around, but its arguments are checked all the same: there is no search then.
 */
export function readSearch(
  args: Args,
  from: number,
  set: SortedMembers | undefined,
  storeAt: number,
): Search | undefined {
  const options = noOptions();
  options.storeAt = storeAt;
  let middle: Place | undefined;
  let middleIs: "missing" | "member" | "place" = "missing";
  let extent: Extent | undefined;
  for (let i = from; i < args.count;) {
    const following = args.count - i - 1;
    const taken = readCommonOption(args, i, options);
    if (taken > 0) {
      i += taken;
    } else if (storeAt > 0 && args.is(i, "STOREDIST")) {
      options.storesDistance = true;
      i++;
    } else if (following >= 1 && middleIs !== "place" && args.is(i, "FROMMEMBER")) {
      if (set !== undefined) middle = readMiddle(set, args, i + 1);
      middleIs = "member";
      i += 2;
    } else if (following >= 2 && middleIs !== "member" && args.is(i, "FROMLONLAT")) {
      middle = readPlace(args, i + 1);
      middleIs = "place";
      i += 3;
    } else if (following >= 2 && !isBox(extent) && args.is(i, "BYRADIUS")) {
      extent = readRadius(args, i + 1);
      i += 3;
    } else if (following >= 3 && !isCircle(extent) && args.is(i, "BYBOX")) {
      extent = readBox(args, i + 1);
      i += 4;
    } else {
      throw syntaxError();
    }
  }
  refuseExtras(options, "GEOSEARCHSTORE");
  if (middleIs === "missing") throw middleMissing(args.binary(0));
  if (extent === undefined) throw shapeMissing(args.binary(0));
  refuseAnyAlone(options);
  if (middle === undefined || set === undefined) return undefined;
  return { shape: shapeOf(middle, extent.outline), unit: extent.unit, options };
}

function isBox(extent: Extent | undefined): boolean {
  return extent !== undefined && "width" in extent.outline;
}

function isCircle(extent: Extent | undefined): boolean {
  return extent !== undefined && "radius" in extent.outline;
}

function checkOptions(options: SearchOptions, storing: string): void {
  refuseExtras(options, storing);
  refuseAnyAlone(options);
}

function refuseExtras(
  { storeAt, withDistance, withHash, withPlace }: SearchOptions,
  storing: string,
): void {
  if (storeAt > 0 && (withDistance || withHash || withPlace)) throw storedWithoutExtras(storing);
}

function refuseAnyAlone({ any, count }: SearchOptions): void {
  if (any && count === 0) throw anyNeedsCount();
}

/** What is searched for and how it is answered. */
export interface Search {
  shape: Shape;
  /** Metres in the unit that distances are told in. */
  unit: number;
  options: SearchOptions;
}

/** Options that all commands that search have. */
interface SearchOptions {
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
