/**
 * Circles and boxes on the globe: which places lie inside, how far from the middle, and which cells of the grid cover
 * them.
 *
 * The globe is a sphere and distances are great circles (haversine). The arithmetic is Redis's.
 *
 * @module
 */

import {
  type Bounds,
  boundsOf,
  type Cell,
  cellOf,
  neighbourOf,
  type Place,
  STEPS,
} from "./geohash.ts";

const EARTH_RADIUS = 6372797.560856;
/** Half of the equator in metres, as the Mercator projection draws it. */
const MERCATOR_LIMIT = 20037726.37;
const RADIANS = Math.PI / 180;

/** What is searched, around a middle; lengths in metres. */
export type Shape =
  & { readonly middle: Place }
  & ({ readonly radius: number } | { readonly width: number; readonly height: number });

/** The distance of two places in metres. */
export function distance(a: Place, b: Place): number {
  const v = Math.sin((b.longitude * RADIANS - a.longitude * RADIANS) / 2);
  if (v === 0) return latitudeDistance(a.latitude, b.latitude);
  const from = a.latitude * RADIANS;
  const to = b.latitude * RADIANS;
  const u = Math.sin((to - from) / 2);
  const h = u * u + Math.cos(from) * Math.cos(to) * v * v;
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(h));
}

function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS * Math.abs(b * RADIANS - a * RADIANS);
}

/** How far a place is from the middle of a shape, in metres; undefined when it lies outside. */
export function distanceWithin(shape: Shape, place: Place): number | undefined {
  const { middle } = shape;
  if ("radius" in shape) {
    const away = distance(middle, place);
    return away > shape.radius ? undefined : away;
  }
  if (latitudeDistance(place.latitude, middle.latitude) > shape.height / 2) return undefined;
  const sameLatitude = { longitude: middle.longitude, latitude: place.latitude };
  if (distance(place, sameLatitude) > shape.width / 2) return undefined;
  return distance(middle, place);
}

/**
 * The cells that cover a shape: the one of its middle and those of its neighbours that are needed, in Redis's order.
 * Of a very large shape a cell may be there twice.
 */
export function coverOf(shape: Shape): Cell[] {
  const outline = outlineOf(shape);
  const cell = middleCell(shape, outline);
  const { steps } = cell;
  const inner = boundsOf(cell);
  // A coarser grid has so few cells that all are needed.
  const all = steps < 2;
  const north = all || inner.north <= outline.north;
  const south = all || inner.south >= outline.south;
  const east = all || inner.east <= outline.east;
  const west = all || inner.west >= outline.west;
  const neighbours: readonly (readonly [columns: number, rows: number, needed: boolean])[] = [
    [0, 1, north],
    [0, -1, south],
    [1, 0, east],
    [-1, 0, west],
    [1, 1, north && east],
    [-1, 1, north && west],
    [1, -1, south && east],
    [-1, -1, south && west],
  ];
  const cells = [cell];
  for (const [columns, rows, needed] of neighbours) {
    if (!needed) continue;
    const neighbour = neighbourOf(cell, columns, rows);
    const last = cells[cells.length - 1];
    const isRepeated = cells.length > 1 &&
      neighbour.column === last.column && neighbour.row === last.row;
    if (!isRepeated) cells.push(neighbour);
  }
  return cells;
}

/** The cell of the middle, on the finest grid on which its neighbours reach as far as the shape. */
function middleCell(shape: Shape, outline: Bounds): Cell {
  const { middle } = shape;
  const reach = "radius" in shape
    ? shape.radius
    : Math.sqrt((shape.width / 2) * (shape.width / 2) + (shape.height / 2) * (shape.height / 2));
  const steps = estimateSteps(reach, middle.latitude);
  const cell = cellOf(middle, steps);
  const reaches = boundsOf(neighbourOf(cell, 0, 1)).north >= outline.north &&
    boundsOf(neighbourOf(cell, 0, -1)).south <= outline.south &&
    boundsOf(neighbourOf(cell, 1, 0)).east >= outline.east &&
    boundsOf(neighbourOf(cell, -1, 0)).west <= outline.west;
  return reaches || steps === 1 ? cell : cellOf(middle, steps - 1);
}

function estimateSteps(reach: number, latitude: number): number {
  if (reach === 0) return STEPS;
  let steps = -1;
  for (let range = reach; range < MERCATOR_LIMIT; range *= 2) steps++;
  // Degrees of longitude are short near the poles.
  if (Math.abs(latitude) > 66) steps--;
  if (Math.abs(latitude) > 80) steps--;
  return Math.max(1, Math.min(STEPS, steps));
}

/** Longitudes and latitudes between which a shape lies. */
function outlineOf(shape: Shape): Bounds {
  const { longitude, latitude } = shape.middle;
  const height = "radius" in shape ? shape.radius : shape.height / 2;
  const width = "radius" in shape ? shape.radius : shape.width / 2;
  const rows = height / EARTH_RADIUS / RADIANS;
  // The side that is nearer to a pole spans more degrees.
  const edge = latitude < 0 ? latitude - rows : latitude + rows;
  const columns = width / EARTH_RADIUS / Math.cos(edge * RADIANS) / RADIANS;
  return {
    west: longitude - columns,
    east: longitude + columns,
    south: latitude - rows,
    north: latitude + rows,
  };
}
