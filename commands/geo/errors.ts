/**
 * Refusals of the commands on places, in Redis's words.
 *
 * @module
 */

import { ReplyError } from "../../server/resp/errors.ts";
import { formatFixed } from "../../server/resp/numbers.ts";

/** A place that the grid has not. */
export function placeOutOfRange(longitude: number, latitude: number): ReplyError {
  const pair = `${formatFixed(longitude, 6)},${formatFixed(latitude, 6)}`;
  return new ReplyError(`ERR invalid longitude,latitude pair ${pair}`);
}

/** Not one of m, km, ft and mi. */
export function unknownUnit(): ReplyError {
  return new ReplyError("ERR unsupported unit provided. please use M, KM, FT, MI");
}

/** A radius below zero. */
export function radiusNegative(): ReplyError {
  return new ReplyError("ERR radius cannot be negative");
}

/** A box with a side below zero. */
export function sideNegative(): ReplyError {
  return new ReplyError("ERR height or width cannot be negative");
}

/** The member to search around is not there. */
export function noSuchPlace(): ReplyError {
  return new ReplyError("ERR could not decode requested zset member");
}

/** COUNT 0, or below. */
export function countNotPositive(): ReplyError {
  return new ReplyError("ERR COUNT must be > 0");
}

/** ANY without COUNT. */
export function anyNeedsCount(): ReplyError {
  return new ReplyError("ERR the ANY argument requires COUNT argument");
}

/** Stored results have no distances, hashes and coordinates beside them. */
export function storedWithoutExtras(what: string): ReplyError {
  return new ReplyError(
    `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`,
  );
}

/** GEOSEARCH without a middle; the command's name as it was sent. */
export function middleMissing(command: string): ReplyError {
  return new ReplyError(
    `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`,
  );
}

/** GEOSEARCH without a shape; the command's name as it was sent. */
export function shapeMissing(command: string): ReplyError {
  return new ReplyError(
    `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`,
  );
}
