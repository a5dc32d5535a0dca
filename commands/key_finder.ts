/**
 * The keys that a request names, found through its command's key specs.
 *
 * @module
 */

import type { Args } from "../server/resp/args.ts";
import { parseBigInt64 } from "../server/resp/numbers.ts";
import type { CommandSpec, KeySpec, KeyUse } from "./command.ts";

/** A key of a request. */
export interface FoundKey {
  /** Which argument it is. */
  readonly index: number;
  /** What the command does with it. */
  readonly use: KeyUse;
}

/** Whether requests of this command can name keys at all. */
export function hasKeys(spec: CommandSpec): boolean {
  return spec.findKeys !== undefined || (spec.keys ?? []).some(isKey);
}

/**
 * The keys of a request, in the order of the specs. Empty when there are none, and when the arguments are not such as
 * the command takes: it will refuse them itself.
 *
 * @throws {ReplyError} when a command's own search refuses the arguments
 */
export function findKeys(spec: CommandSpec, args: Args): readonly FoundKey[] {
  return findBySpecs(spec, args) ?? findByFunction(spec, args);
}

function isKey(spec: KeySpec): boolean {
  return !(spec.effects?.includes("not_key") ?? false);
}

/** What the specs find; undefined when there is none, one cannot be followed or one tells only some of the keys. */
function findBySpecs(spec: CommandSpec, args: Args): FoundKey[] | undefined {
  const keys = (spec.keys ?? []).filter(isKey);
  if (keys.length === 0) return undefined;
  const found: FoundKey[] = [];
  for (const key of keys) {
    const first = beginning(key, args);
    if (first === undefined) return undefined;
    if (first === KEYWORD_ABSENT) continue;
    const range = rangeFrom(first, key, args);
    if (range === undefined || key.effects?.includes("incomplete")) return undefined;
    const varies = key.effects?.includes("variable_flags") && spec.keyUse !== undefined;
    const use = varies ? spec.keyUse(args) : key;
    for (let i = range.first; i <= range.last; i += key.step ?? 1) found.push({ index: i, use });
  }
  return found;
}

const KEYWORD_ABSENT = 0;

/** Where the search begins; undefined when the spec does not know. */
function beginning(key: KeySpec, args: Args): number | undefined {
  if (key.unknown) return undefined;
  if (key.keyword === undefined) return key.at;
  const from = key.from ?? 1;
  if (from > 0) {
    for (let i = from; i < args.count - 1; i++) if (args.is(i, key.keyword)) return i + 1;
  } else {
    for (let i = args.count + from; i > 1; i--) if (args.is(i, key.keyword)) return i + 1;
  }
  return KEYWORD_ABSENT;
}

/** The first and last key of a spec; undefined when they do not lie in the request. */
function rangeFrom(
  start: number,
  key: KeySpec,
  args: Args,
): { first: number; last: number } | undefined {
  let first = start;
  let last: number;
  if (key.countAt !== undefined) {
    const at = start + key.countAt;
    if (at >= args.count) return undefined;
    const count = parseBigInt64(args.buf, args.off[at], args.len[at]);
    if (count === undefined || count < 0n) return undefined;
    first = start + (key.firstAt ?? 0);
    last = first + Number(count) - 1;
  } else {
    const relative = key.last ?? 0;
    if (relative >= 0) last = start + relative;
    else if (!key.limit) last = args.count + relative;
    else last = start + Math.floor((args.count - start) / key.limit) + relative;
  }
  return first < args.count && last < args.count && last >= first ? { first, last } : undefined;
}

/**
 * What the command's own search finds. The first key plays the part of the first spec, the others that of the last
 * one: SORT reads its key and overwrites its destination.
 */
function findByFunction(spec: CommandSpec, args: Args): FoundKey[] {
  const specs = spec.keys ?? [];
  return (spec.findKeys?.(args) ?? []).map((index, i) => ({
    index,
    use: specs[i === 0 ? 0 : specs.length - 1] ?? { access: "RW" },
  }));
}
