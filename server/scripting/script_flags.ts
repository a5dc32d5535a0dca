/**
 * What scripts and functions say about themselves: `no-writes` and the other flags.
 *
 * @module
 */

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

/** The flag of a name in lower case; undefined if there is none. */
export function scriptFlag(name: string): number | undefined {
  return NAMES.find(([known]) => known === name)?.[1];
}

/** The names of flags. */
export function scriptFlagNames(flags: number): string[] {
  return NAMES.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name);
}
