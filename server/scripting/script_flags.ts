/**
 * What scripts and functions say about themselves: `no-writes` and the other flags.
 *
 * @module
 */

import { Flag } from "../../commands/registry.ts";

/** The flags as bits. */
export const ScriptFlag = {
  noWrites: 1,
  allowOom: 2,
  allowStale: 4,
  noCluster: 8,
  allowCrossSlotKeys: 16,
  /** It says nothing: a script from before there were flags, judged by what it does. */
  unflagged: 32,
} as const;

/** Their names, in the order in which Redis tells them. */
const NAMES: readonly (readonly [name: string, flag: number])[] = [
  ["no-writes", ScriptFlag.noWrites],
  ["allow-oom", ScriptFlag.allowOom],
  ["allow-stale", ScriptFlag.allowStale],
  ["no-cluster", ScriptFlag.noCluster],
  ["allow-cross-slot-keys", ScriptFlag.allowCrossSlotKeys],
];

/** The flags of a command that runs a script or function with these flags of its own. */
export function scriptMask(mask: number, flags: number): number {
  const writes = (flags & ScriptFlag.noWrites) === 0;
  // What is declared not to write is not asked any more whether it might have to be replicated.
  mask &= ~(Flag.may_replicate | Flag.stale);
  if (writes) mask |= Flag.write;
  if (writes && (flags & ScriptFlag.allowOom) === 0) mask |= Flag.denyoom;
  if ((flags & ScriptFlag.allowStale) !== 0) mask |= Flag.stale;
  return mask;
}

/** The flag of a name in lower case; undefined if there is none. */
export function scriptFlag(name: string): number | undefined {
  return NAMES.find(([known]) => known === name)?.[1];
}

/** The names of flags. */
export function scriptFlagNames(flags: number): string[] {
  return NAMES.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
}
