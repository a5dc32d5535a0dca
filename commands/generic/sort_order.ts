/**
 * The order that SORT puts elements into.
 *
 * @module
 */

import { decodeLatin1, parseDouble } from "../../server/resp/args.ts";
import { compareBytes } from "../../storage/memory/bytes.ts";
import type { KeyPattern } from "./sort_options.ts";

/** An element with what it is compared by. */
interface Weighed {
  readonly element: Uint8Array;
  readonly score: number;
  readonly weight: Uint8Array | undefined;
}

/** How to order. */
export interface SortOrder {
  /** By bytes rather than by numbers. */
  readonly alpha: boolean;
  readonly descending: boolean;
  /** Whether bytes behind a NUL count for nothing, as they do for Redis unless it stores the result. */
  readonly asText: boolean;
}

/** C's white space, which may stand before a number. */
const LEADING_SPACE = /^[ \t\n\v\f\r]+(?=.)/s;

/**
 * Sorts elements by themselves, or by what a pattern leads to; those for which it leads to nothing count as 0, or come
 * first. Undefined when something that should be a number is none.
 */
export function sortElements(
  elements: readonly Uint8Array[],
  by: KeyPattern | undefined,
  { alpha, descending, asText }: SortOrder,
): Uint8Array[] | undefined {
  const weighed: Weighed[] = [];
  for (const element of elements) {
    let weight = by === undefined ? element : by.lookUp(element);
    const score = alpha || weight === undefined ? 0 : readScore(weight);
    if (score === undefined) return undefined;
    if (asText && weight !== undefined) weight = textOf(weight);
    weighed.push({ element, score, weight });
  }
  const compare = alpha ? compareWeights : compareScores;
  weighed.sort(descending ? (a, b) => compare(b, a) : compare);
  return weighed.map(({ element }) => element);
}

/** The bytes that C takes for a text: those before the first NUL. */
function textOf(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** A number as C's strtod reads it, at whose end the text must end; nothing counts as 0. */
function readScore(bytes: Uint8Array): number | undefined {
  const text = decodeLatin1(textOf(bytes));
  return text === "" ? 0 : parseDouble(text.replace(LEADING_SPACE, ""));
}

/** Elements of the same score are ordered by their bytes, so that nothing is left to chance. */
function compareScores(a: Weighed, b: Weighed): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  return compare(a.element, b.element);
}

function compareWeights(a: Weighed, b: Weighed): number {
  if (a.weight === undefined || b.weight === undefined) {
    return a.weight === b.weight ? 0 : a.weight === undefined ? -1 : 1;
  }
  return compare(a.weight, b.weight);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length);
}
