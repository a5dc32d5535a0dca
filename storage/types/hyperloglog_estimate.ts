/**
 * How many different elements a HyperLogLog has seen, from how many of its registers have which value.
 *
 * The estimator is Otmar Ertl's: "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284.
 * The order of the operations is Redis's, so that both round alike.
 *
 * @module
 */

/** Bits of a hash that are not spent on choosing a register: no register's value is above this plus one. */
const HASH_BITS = 50;
/** 1 / (2 ln 2) */
const ALPHA = 0.721347520444481703680;

/** The estimate, a whole number. `histogram` counts the registers by value; their number is `registers`. */
export function estimate(histogram: Int32Array, registers: number): number {
  let z = registers * tau((registers - histogram[HASH_BITS + 1]) / registers);
  for (let value = HASH_BITS; value >= 1; value--) {
    z += histogram[value];
    z *= 0.5;
  }
  z += registers * sigma(histogram[0] / registers);
  return Math.round(ALPHA * registers * registers / z);
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  let before: number;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z !== before);
  return z;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let before: number;
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z !== before);
  return z / 3;
}
