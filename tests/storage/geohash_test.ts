import {
  boundsOf,
  cellOf,
  coverOf,
  distance,
  distanceWithin,
  geohashText,
  neighbourOf,
  numberOf,
  placeOf,
  scoreOf,
  scoresOf,
  type Shape,
  STEPS,
} from "../../storage/geohash.ts";
import { seededRandom } from "../support/harness.ts";
import { assert, assertEquals } from "@std/assert";

const PALERMO = { longitude: 13.361389, latitude: 38.115556 };

Deno.test("a place's score leads back to the place", () => {
  assertEquals(scoreOf(PALERMO), 3479099956230698);
  assertEquals(placeOf(3479099956230698), {
    longitude: 13.361389338970184,
    latitude: 38.1155563954963,
  });
  const random = seededRandom(1);
  for (let i = 0; i < 2000; i++) {
    const place = { longitude: random() * 360 - 180, latitude: random() * 170 - 85 };
    const back = placeOf(scoreOf(place));
    assert(Math.abs(back.longitude - place.longitude) < 3e-6);
    assert(Math.abs(back.latitude - place.latitude) < 2e-6);
    assertEquals(scoreOf(back), scoreOf(place));
  }
});

Deno.test("a geohash begins as the common one does", () => {
  assertEquals(geohashText(scoreOf(PALERMO)), "sqc8b49rny0");
});

Deno.test("a cell's scores are those of the places in its bounds", () => {
  const random = seededRandom(2);
  for (let i = 0; i < 500; i++) {
    const place = { longitude: random() * 360 - 180, latitude: random() * 170 - 85 };
    const cell = cellOf(place, 1 + Math.floor(random() * STEPS));
    const [from, to] = scoresOf(cell);
    const score = scoreOf(place);
    assert(from <= score && score < to);
    const { west, east, south, north } = boundsOf(cell);
    assert(west <= place.longitude && place.longitude <= east);
    assert(south <= place.latitude && place.latitude <= north);
  }
});

Deno.test("neighbours go round the world", () => {
  const last = cellOf({ longitude: 179.9, latitude: 0 }, 5);
  assertEquals(neighbourOf(last, 1, 0).column, 0);
  assertEquals(neighbourOf(neighbourOf(last, 1, 1), -1, -1), last);
  assertEquals(numberOf(neighbourOf(neighbourOf(last, 3, 2), -3, -2)), numberOf(last));
});

Deno.test("a cover misses no place within a shape", () => {
  const random = seededRandom(3);
  for (let i = 0; i < 3000; i++) {
    const middle = { longitude: random() * 300 - 150, latitude: random() * 140 - 70 };
    const size = 10 ** (1 + random() * 5);
    const shape: Shape = random() < 0.5
      ? { middle, radius: size }
      : { middle, width: size, height: size * random() };
    const spread = size / 111_000;
    const place = {
      longitude: middle.longitude + (random() - 0.5) * spread * 2,
      latitude: middle.latitude + (random() - 0.5) * spread * 2,
    };
    if (distanceWithin(shape, placeOf(scoreOf(place))) === undefined) continue;
    const score = scoreOf(place);
    const isCovered = coverOf(shape).some((cell) => {
      const [from, to] = scoresOf(cell);
      return from <= score && score < to;
    });
    assert(isCovered, `${JSON.stringify(shape)} ${JSON.stringify(place)}`);
  }
});

Deno.test("distances are great circles", () => {
  const catania = { longitude: 15.087269, latitude: 37.502669 };
  assertEquals(Math.round(distance(PALERMO, catania)), 166274);
  assertEquals(distance(PALERMO, PALERMO), 0);
});
