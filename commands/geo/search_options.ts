/**
 * Reading what GEOSEARCH, GEORADIUS and their like are to search for.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";
import type { Place } from "../../storage/geohash.ts";
import type { Shape } from "../../storage/geo_shape.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import {
  anyNeedsCount,
  countNotPositive,
  middleMissing,
  noSuchPlace,
  radiusNegative,
  shapeMissing,
  sideNegative,
  storedWithoutExtras,
} from "./errors.ts";
import { placeOfMember, readPlace, readUnit } from "./places.ts";
import type { Search, SearchOptions } from "./search.ts";

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
