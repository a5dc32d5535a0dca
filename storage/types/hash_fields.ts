/**
 * What a hash can do, however it is kept: packed into bytes (./packed_hash.ts) or as a table (./hash.ts).
 *
 * @module
 */

/** A field's handle, good until the next change; 0 is none. */
export type Field = number;

/** What stands in the place of the Unix time in ms at which a field's time is over. */
export const FieldTime = {
  /** The field stays. */
  none: -1,
  /** The field keeps the time that it has. */
  keep: -2,
} as const;

/** Unique fields, each with a value and perhaps with a time at which it is over. */
export interface HashFields {
  readonly size: number;
  /** No field is over before this time, Unix ms; Infinity just when all fields stay. */
  readonly earliest: number;

  /** The field with these bytes, or 0. */
  find(buf: Uint8Array, off: number, len: number): Field;
  /** When the field is over, or {@link FieldTime.none}. */
  expiryOf(field: Field): number;

  /**
   * Lets the members below tell where the field's name lies. The bytes are there until another name is shown or
   * something changes.
   */
  showName(field: Field): void;
  /** The same for its value. */
  showValue(field: Field): void;
  readonly buf: Uint8Array;
  readonly off: number;
  readonly len: number;

  /**
   * Gives a field, which is added if there is none of this name, a value and a time ({@link FieldTime}). Answers
   * whether it was added. Times can be given to all fields or to none: see the class.
   */
  put(
    nameBuf: Uint8Array,
    nameOff: number,
    nameLen: number,
    valueBuf: Uint8Array,
    valueOff: number,
    valueLen: number,
    expiry: number,
  ): boolean;
  setExpiry(field: Field, expiry: number): void;
  remove(field: Field): void;
  /**
   * Removes some of the fields that were over before `now`, each after a visit; answers how many, 0 when none is left.
   * `visit` must not change the hash.
   */
  removeOver(now: number, visit: (field: Field) => void): number;

  /** Visits all fields, until one visit answers true; answers whether one has. `visit` must not change the hash. */
  some(visit: (field: Field) => boolean | void): boolean;
  /** A random field, each as likely as any other; there must be one. `random` gives numbers in [0, 1). */
  draw(random: () => number): Field;
}

/** To choose more than one of so many, all are walked over; fewer are drawn until enough differ. */
const SPARSE_SAMPLE = 3;

/** Visits `count` random different fields; there must be as many. */
export function sampleFields(
  fields: HashFields,
  count: number,
  random: () => number,
  visit: (field: Field) => void,
): void {
  if (count * SPARSE_SAMPLE <= fields.size) {
    const chosen = new Set<Field>();
    while (chosen.size < count) {
      const field = fields.draw(random);
      if (chosen.has(field)) continue;
      chosen.add(field);
      visit(field);
    }
    return;
  }
  // Each is taken with the chance that makes all choices equally likely (Knuth's algorithm S).
  let left = fields.size;
  fields.some((field) => {
    if (random() * left < count) {
      visit(field);
      count--;
    }
    left--;
    return count === 0;
  });
}
