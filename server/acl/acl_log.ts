/**
 * The log of what users were refused: failed logins, and commands, keys and channels that were not theirs.
 *
 * Like entries that follow each other within a minute are one entry with a count; it moves to the front each time.
 *
 * @module
 */

import type { AclLogApi, AclLogEntry } from "../../commands/context.ts";

/** Entries further apart, in ms, are told apart. */
const GROUPING_MS = 60_000;
/** Among so many of the latest entries a like one is looked for. */
const MOST_COMPARED = 10;

/** What is to be noted. */
export type Refused = Pick<AclLogEntry, "reason" | "context" | "object" | "user" | "client">;

/** The log of one server. */
export class AclLog implements AclLogApi {
  /** How often each reason has led to a refusal. */
  readonly denials: Record<AclLogEntry["reason"], number> = {
    auth: 0,
    command: 0,
    key: 0,
    channel: 0,
  };
  /** The newest first. */
  #entries: AclLogEntry[] = [];
  #nextId = 0;

  /** Notes a refusal at a Unix time in ms; at most `mostEntries` are kept. */
  add(refused: Refused, { now, mostEntries }: { now: number; mostEntries: number }): void {
    this.denials[refused.reason]++;
    const entries = this.#entries;
    const at = entries.slice(0, MOST_COMPARED).findIndex((each) => isLike(each, refused, now));
    if (at >= 0) {
      const [known] = entries.splice(at, 1);
      entries.unshift({ ...known, client: refused.client, updated: now, count: known.count + 1 });
      return;
    }
    entries.unshift({ ...refused, id: this.#nextId++, count: 1, created: now, updated: now });
    if (entries.length > mostEntries) entries.length = mostEntries;
  }

  latest(count: number): readonly AclLogEntry[] {
    return this.#entries.slice(0, Math.max(count, 0));
  }

  reset(): void {
    this.#entries = [];
  }
}

function isLike(entry: AclLogEntry, refused: Refused, now: number): boolean {
  return entry.reason === refused.reason && entry.context === refused.context &&
    Math.abs(now - entry.updated) <= GROUPING_MS && entry.object === refused.object &&
    entry.user === refused.user;
}
