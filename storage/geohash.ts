/**
 * Geohashes: places on earth as the scores of a sorted set; and circles and boxes on the globe: which places lie inside,
 * how far from the middle, and which cells of the grid cover them.
 *
 * Each step of a geohash halves a range of longitudes and one of latitudes. The numbers of the halves are interleaved bit
 * by bit, latitude in the even bits, so that places in one cell of the grid have neighbouring scores. A score has 26
 * steps, 52 bits. Latitudes end where the Mercator projection becomes a square, as in EPSG:3857.
 *
 * For shapes the globe is a sphere and distances are great circles (haversine). The arithmetic is Redis's to the last bit,
 * since clients see its digits.
 *
 * @module
 */

export const LONGITUDE_LIMIT = 180;
export const LATITUDE_LIMIT = 85.05112878;
/** Steps of a score. */
export const STEPS = 26;

/** A place, in degrees. */
export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

/** A cell of the grid of so many steps: its column from the west and its row from the south. */
interface Cell {
  readonly column: number;
  readonly row: number;
  readonly steps: number;
}

/** A range of longitudes and latitudes, in degrees. */
export interface Bounds {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

const WORLD_LATITUDES = LATITUDE_LIMIT;
/** What common geohashes take for the limits of latitudes. */
const COMMON_LATITUDES = 90;
const ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz";
/** Letters that 52 bits fill; Redis adds another one, which is always the first of the alphabet. */
const LETTERS = 10;
const UINT64 = 2 ** 64;
const INT64_MIN = -(2 ** 63);

/** The cell of a place. */
export function cellOf(place: Place, steps: number, latitudes: number = WORLD_LATITUDES): Cell {
  const scale = 2 ** steps;
  return {
    column: Math.floor((place.longitude + LONGITUDE_LIMIT) / (2 * LONGITUDE_LIMIT) * scale),
    row: Math.floor((place.latitude + latitudes) / (latitudes + latitudes) * scale),
    steps,
  };
}

/** Where a cell lies. */
export function boundsOf({ column, row, steps }: Cell): Bounds {
  const scale = 2 ** steps;
  const width = 2 * LONGITUDE_LIMIT;
  const height = WORLD_LATITUDES + WORLD_LATITUDES;
  return {
    west: -LONGITUDE_LIMIT + (column / scale) * width,
    east: -LONGITUDE_LIMIT + ((column + 1) / scale) * width,
    south: -WORLD_LATITUDES + (row / scale) * height,
    north: -WORLD_LATITUDES + ((row + 1) / scale) * height,
  };
}

/** The cell so many columns and rows away; the world is round both ways. */
export function neighbourOf({ column, row, steps }: Cell, columns: number, rows: number): Cell {
  const mask = 2 ** steps - 1;
  return {
    // The eastern and the northern edge lie in a column and a row of their own, which moving along them must keep.
    column: columns === 0 ? column : (column + columns) & mask,
    row: rows === 0 ? row : (row + rows) & mask,
    steps,
  };
}

/** The number of a cell: its row's and its column's bits interleaved. */
export function numberOf({ column, row }: Cell): number {
  const low = spread(row & 0x1fff) | (spread(column & 0x1fff) << 1);
  const high = spread(row >>> 13) + spread(column >>> 13) * 2;
  return high * 2 ** 26 + low;
}

/** The scores of the places in a cell: from the first one up to, but without, the second one. */
export function scoresOf(cell: Cell): readonly [from: number, to: number] {
  const places = 2 ** (2 * (STEPS - cell.steps));
  const number = numberOf(cell);
  return [number * places, (number + 1) * places];
}

/** The score of a place. */
export function scoreOf(place: Place): number {
  return numberOf(cellOf(place, STEPS));
}

/** The middle of the cell that a score stands for; any score stands for some place. */
export function placeOf(score: number): Place {
  const { west, east, south, north } = boundsOf(cellOfScore(score));
  return {
    longitude: clamp((west + east) / 2, LONGITUDE_LIMIT),
    latitude: clamp((south + north) / 2, LATITUDE_LIMIT),
  };
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function cellOfScore(score: number): Cell {
  if (score >= 0 && score < 2 ** 52) {
    const low = score % 2 ** 26;
    const high = Math.floor(score) / 2 ** 26;
    return {
      row: gather(low) + gather(high) * 2 ** 13,
      column: gather(low >>> 1) + gather(high >>> 1) * 2 ** 13,
      steps: STEPS,
    };
  }
  const bits = asUint64(score);
  return { row: gatherLong(bits), column: gatherLong(bits >> 1n), steps: STEPS };
}

/** A double as x86-64 converts it to an unsigned integer of 64 bits. */
function asUint64(score: number): bigint {
  if (score >= UINT64) return 0n;
  if (score < INT64_MIN) return 1n << 63n;
  return BigInt.asUintN(64, BigInt(Math.trunc(score)));
}

/** Moves bit i to bit 2i, up to 16 bits. */
function spread(bits: number): number {
  let x = bits & 0xffff;
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}

/** Moves bit 2i to bit i and drops the odd bits, up to 32 bits. */
function gather(bits: number): number {
  let x = bits & 0x55555555;
  x = (x | (x >>> 1)) & 0x33333333;
  x = (x | (x >>> 2)) & 0x0f0f0f0f;
  x = (x | (x >>> 4)) & 0x00ff00ff;
  return (x | (x >>> 8)) & 0x0000ffff;
}

function gatherLong(bits: bigint): number {
  return gather(Number(bits & 0xffffffffn)) + gather(Number((bits >> 32n) & 0xffffffffn)) * 0x10000;
}

/** The common geohash of a score's place, 11 letters of which the last one says nothing. */
export function geohashText(score: number): string {
  const number = numberOf(cellOf(placeOf(score), STEPS, COMMON_LATITUDES));
  let text = "";
  for (let letter = 1; letter <= LETTERS; letter++) {
    text += ALPHABET[Math.floor(number / 2 ** (2 * STEPS - 5 * letter)) % 32];
  }
  return text + ALPHABET[0];
}

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
