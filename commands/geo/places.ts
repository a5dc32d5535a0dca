/**
 * Places, lengths and units among the arguments, and in replies.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import type { Reply } from "../../server/resp/reply.ts";
import { LATITUDE_LIMIT, LONGITUDE_LIMIT, type Place, placeOf } from "../../storage/geohash.ts";
import { formatLongDouble, longDoubleOf } from "../../storage/long_double.ts";
import type { SortedMembers } from "../../storage/types/sorted_members.ts";
import { placeOutOfRange, unknownUnit } from "../errors.ts";

/** Reads a longitude and, from the next argument, a latitude. */
export function readPlace(args: Args, i: number): Place {
  const longitude = args.float(i);
  const latitude = args.float(i + 1);
  if (Math.abs(longitude) > LONGITUDE_LIMIT || Math.abs(latitude) > LATITUDE_LIMIT) {
    throw placeOutOfRange(longitude, latitude);
  }
  return { longitude, latitude };
}

/** Reads a unit of length; answers its metres. */
export function readUnit(args: Args, i: number): number {
  if (args.is(i, "M")) return 1;
  if (args.is(i, "KM")) return 1000;
  if (args.is(i, "FT")) return 0.3048;
  if (args.is(i, "MI")) return 1609.34;
  throw unknownUnit();
}

/** The place of the member in argument `i`; undefined when it is not there. */
export function placeOfMember(set: SortedMembers, args: Args, i: number): Place | undefined {
  const member = set.find(args.buf, args.off[i], args.len[i]);
  return member === 0 ? undefined : placeOf(set.scoreOf(member));
}

/** Replies with a longitude and a latitude, with more digits than a double has. */
export function replyPlace(reply: Reply, { longitude, latitude }: Place): void {
  reply.array(2);
  reply.double(longitude, formatLongDouble(longDoubleOf(longitude)));
  reply.double(latitude, formatLongDouble(longDoubleOf(latitude)));
}

/** Replies with a length, to four digits after the point. */
export function replyLength(reply: Reply, length: number): void {
  reply.bulk(formatLength(length));
}

const PLACES = 4;

/** Rounds as Redis does: the scaled double to the nearest whole number, ties to the even one. */
function formatLength(length: number): string {
  const scaled = length * 10 ** PLACES;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  const digits = BigInt(isUp ? floor + 1 : floor).toString().padStart(PLACES + 1, "0");
  return `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}
