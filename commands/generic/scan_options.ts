/**
 * The cursor and the options that SCAN shares with HSCAN, SSCAN and ZSCAN.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError, syntaxError } from "../../server/resp/errors.ts";
import { TYPE_NAMES } from "../../storage/entry.ts";
import { invalidCursor } from "./errors.ts";

/** A type name that is none: no key has this type. */
export const UNKNOWN_TYPE = -1;
/** No TYPE was asked for. */
export const ANY_TYPE = 0;

/** Options of the SCAN family. */
export interface ScanOptions {
  /** MATCH; undefined when everything matches. */
  pattern: Uint8Array | undefined;
  /** COUNT */
  count: number;
  /** TYPE: a type's number, {@link ANY_TYPE} or {@link UNKNOWN_TYPE}. */
  type: number;
  /** NOVALUES */
  noValues: boolean;
}

const DEFAULT_COUNT = 10;
const STAR = 42;
const UINT64_MAX = 0xffffffffffffffffn;
/** Our cursors have 53 bits; what is above them was not given out by us. */
const CURSOR_MASK = 0x1fffffffffffffn;
/** What C's strtoul reads in full and Redis lets pass. */
const CURSOR = /^[+-]?\d+$/;

/**
 * Reads a cursor: an unsigned 64-bit number.
 *
 * @throws {ReplyError} `ERR invalid cursor`
 */
export function readCursor(args: Args, i: number): number {
  const small = args.safeInt(i);
  if (small >= 0) return small;
  const text = args.binary(i);
  // strtoul takes nothing for zero.
  if (text === "") return 0;
  if (!CURSOR.test(text)) throw invalidCursor();
  const value = BigInt(text.replace(/^[+-]/, ""));
  if (value > UINT64_MAX) throw invalidCursor();
  return Number(BigInt.asUintN(64, text[0] === "-" ? -value : value) & CURSOR_MASK);
}

/**
 * Reads MATCH, COUNT and, where keys are scanned, TYPE.
 *
 * @param from the first argument that may be an option
 * @throws {ReplyError} for a count that is no integer or below one, or an unknown word
 */
export function readScanOptions(args: Args, from: number, ofKeys: boolean): ScanOptions {
  return readOptions(args, from, ofKeys, false);
}

/** {@link readScanOptions} for HSCAN, which knows NOVALUES. */
export function readFieldScanOptions(args: Args, from: number): ScanOptions {
  return readOptions(args, from, false, true);
}

function readOptions(args: Args, from: number, ofKeys: boolean, ofFields: boolean): ScanOptions {
  const options: ScanOptions = {
    pattern: undefined,
    count: DEFAULT_COUNT,
    type: ANY_TYPE,
    noValues: false,
  };
  for (let i = from; i < args.count; i += 2) {
    const last = i + 1 === args.count;
    if (args.is(i, "NOVALUES")) {
      if (!ofFields) throw new ReplyError("ERR NOVALUES option can only be used in HSCAN");
      options.noValues = true;
      i--;
    } else if (!last && args.is(i, "COUNT")) {
      options.count = args.int(i + 1);
      if (options.count < 1) throw syntaxError();
    } else if (!last && args.is(i, "MATCH")) {
      options.pattern = readPattern(args, i + 1);
    } else if (!last && ofKeys && args.is(i, "TYPE")) {
      const type = TYPE_NAMES.findIndex((name) => name === args.lower(i + 1));
      options.type = type > 0 ? type : UNKNOWN_TYPE;
    } else {
      throw syntaxError();
    }
  }
  return options;
}

/** A pattern; undefined for a lone star, which matches everything. */
export function readPattern(args: Args, i: number): Uint8Array | undefined {
  const pattern = args.view(i);
  return pattern.length === 1 && pattern[0] === STAR ? undefined : pattern;
}
