/**
 * The bitmap group: strings as rows of bits.
 *
 * @module
 */

import type { CommandSpec } from "../command.ts";
import { bitcount, bitpos } from "./bitcount.ts";
import { bitfield, bitfieldRo } from "./bitfield.ts";
import { bitop } from "./bitop.ts";
import { getbit, setbit } from "./setbit.ts";

/** All commands of the bitmap group. */
export const bitmapCommands: readonly CommandSpec[] = [
  bitcount,
  bitfield,
  bitfieldRo,
  bitop,
  bitpos,
  getbit,
  setbit,
];
