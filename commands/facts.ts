/**
 * What follows from a command's facts: its ACL categories, the flags that COMMAND shows, the range of its keys.
 *
 * Pure functions of a {@link CommandSpec}; nothing here is written down a second time.
 *
 * @module
 */

import type { CommandFlag, CommandSpec, Group, KeyEffect, KeySpec } from "./command.ts";

/** All ACL categories, in Redis's order. */
export const ACL_CATEGORIES = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const;

/** The category that every command of a group belongs to. */
const GROUP_CATEGORIES: Readonly<Record<Group, string | undefined>> = {
  bitmap: "bitmap",
  cluster: undefined,
  connection: "connection",
  generic: "keyspace",
  geo: "geo",
  hash: "hash",
  hyperloglog: "hyperloglog",
  list: "list",
  pubsub: "pubsub",
  scripting: "scripting",
  server: undefined,
  set: "set",
  sorted_set: "sortedset",
  stream: "stream",
  string: "string",
  transactions: "transaction",
};

/** The ACL categories of a command, without `@`, in Redis's order. */
export function aclCategories(spec: CommandSpec): string[] {
  const flags = new Set(spec.flags);
  const categories = new Set<string>();
  // A container runs nothing itself, so Redis puts it in no group's category.
  const group = spec.subcommands === undefined ? GROUP_CATEGORIES[spec.group] : undefined;
  if (group !== undefined) categories.add(group);
  if (flags.has("write")) categories.add("write");
  if (flags.has("readonly") && spec.group !== "scripting") categories.add("read");
  if (flags.has("admin")) categories.add("admin").add("dangerous");
  if (flags.has("pubsub")) categories.add("pubsub");
  if (flags.has("blocking")) categories.add("blocking");
  categories.add(flags.has("fast") ? "fast" : "slow");
  for (const category of spec.categories ?? []) {
    if (category.startsWith("-")) categories.delete(category.slice(1));
    else categories.add(category);
  }
  return ACL_CATEGORIES.filter((category) => categories.has(category));
}

/** The flags that COMMAND INFO shows, in its order; Redis keeps the others to itself. */
const SHOWN_FLAGS: readonly CommandFlag[] = [
  "write",
  "readonly",
  "denyoom",
  "admin",
  "pubsub",
  "noscript",
  "blocking",
  "loading",
  "stale",
  "skip_monitor",
  "skip_slowlog",
  "asking",
  "fast",
  "no_auth",
  "no_mandatory_keys",
  "no_async_loading",
  "no_multi",
  "movablekeys",
  "allow_busy",
];

/** The flags of a command as COMMAND INFO tells them. */
export function shownFlags(spec: CommandSpec): CommandFlag[] {
  const flags = new Set(spec.flags);
  if (keyRange(spec).movable) flags.add("movablekeys");
  return SHOWN_FLAGS.filter((flag) => flags.has(flag));
}

const KEY_EFFECTS: readonly KeyEffect[] = [
  "access",
  "update",
  "insert",
  "delete",
  "not_key",
  "incomplete",
  "variable_flags",
];

/** The flags of a key spec as COMMAND INFO tells them. */
export function keyFlags({ access, effects = [] }: Pick<KeySpec, "access" | "effects">): string[] {
  const present = KEY_EFFECTS.filter((effect) => effects.includes(effect));
  return access === undefined ? present : [access, ...present];
}

/** Where a command's keys stand, as far as one range can tell. */
export interface KeyRange {
  /** Index of the first key; 0 when no range holds keys. */
  readonly first: number;
  /** Index of the last one; negative: counted from the end of the request. */
  readonly last: number;
  readonly step: number;
  /** Whether there may be keys outside of the range. */
  readonly movable: boolean;
}

/**
 * The range of keys that clients knew before there were key specs. Consecutive specs are joined, others make the keys
 * movable.
 */
export function keyRange(spec: CommandSpec): KeyRange {
  const specs = spec.keys ?? [];
  if (specs.length === 0) return { first: 0, last: 0, step: 0, movable: false };
  if (specs.length === 1 && isRange(specs[0])) {
    const movable = specs[0].effects?.includes("incomplete") ?? false;
    return { first: specs[0].at, last: lastOf(specs[0]), step: specs[0].step ?? 1, movable };
  }
  let first = 0;
  let last = 0;
  let movable = false;
  for (const key of specs) {
    // A range up to the end of the request (a negative last key) leaves no place for a consecutive one.
    if (!isRange(key) || (key.step ?? 1) !== 1 || (last !== 0 && last !== key.at - 1)) {
      movable = true;
      continue;
    }
    if (key.effects?.includes("incomplete")) movable = true;
    if (first === 0 || key.at < first) first = key.at;
    last = later(last, lastOf(key));
  }
  return first === 0
    ? { first: 0, last: 0, step: 0, movable: true }
    : { first, last, step: 1, movable };
}

/** Whether a spec is a plain range at a fixed place. */
function isRange(key: KeySpec): key is KeySpec & { readonly at: number } {
  return key.at !== undefined && key.countAt === undefined && key.unknown !== true;
}

function lastOf(key: KeySpec & { readonly at: number }): number {
  const last = key.last ?? 0;
  return last < 0 ? last : key.at + last;
}

/** Places counted from the end (negative) lie behind all others. */
function later(a: number, b: number): number {
  return (a < 0) === (b < 0) ? Math.max(a, b) : Math.min(a, b);
}
