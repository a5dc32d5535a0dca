/**
 * The options of SORT.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { syntaxError } from "../../server/resp/errors.ts";

/** How to sort, and what to do with the result. */
export interface SortOptions {
  /** Whether to sort at all: not by a pattern that is the same for all elements. */
  readonly sorts: boolean;
  readonly descending: boolean;
  /** Whether to compare bytes rather than numbers. */
  readonly alpha: boolean;
  readonly offset: number;
  /** Negative for all. */
  readonly count: number;
  /** The pattern of the keys that say where elements belong. */
  readonly by: Uint8Array | undefined;
  /** The patterns of the keys whose values are the result. */
  readonly get: readonly Uint8Array[];
  /** The argument that names the key to store the result under; 0 when it is to be answered. */
  readonly storeAt: number;
}

const ASTERISK = 0x2a;

/** Reads the options from argument 2 on. @throws {ReplyError} */
export function readSortOptions(args: Args, mayStore: boolean): SortOptions {
  let descending = false;
  let alpha = false;
  let offset = 0;
  let count = -1;
  let by: Uint8Array | undefined;
  let sorts = true;
  let storeAt = 0;
  const get: Uint8Array[] = [];
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, "ASC")) {
      descending = false;
    } else if (args.is(i, "DESC")) {
      descending = true;
    } else if (args.is(i, "ALPHA")) {
      alpha = true;
    } else if (args.is(i, "LIMIT") && left >= 2) {
      offset = args.int(++i);
      count = args.int(++i);
    } else if (mayStore && args.is(i, "STORE") && left >= 1) {
      storeAt = ++i;
    } else if (args.is(i, "BY") && left >= 1) {
      by = args.view(++i);
      // Once a BY was constant nothing is sorted, whatever others say.
      if (!by.includes(ASTERISK)) sorts = false;
    } else if (args.is(i, "GET") && left >= 1) {
      get.push(args.view(++i));
    } else throw syntaxError();
  }
  return { sorts, descending, alpha, offset, count, by, get, storeAt };
}
