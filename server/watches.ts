/**
 * WATCH: which clients watch which keys, and whose transactions a change breaks.
 *
 * A watch is broken by any change of its key, and by the key's expiry. A key whose time was over already when it was
 * first watched counts as one that is not there: its disappearance is no change. With nobody watching, nothing
 * listens to key events, so that a change costs nothing.
 *
 * @module
 */

import type { Database } from "../storage/keyspace.ts";
import type { KeyEvents } from "./key_events.ts";
import { KeyMarks, keyName } from "./key_marks.ts";

/** A client as far as its watches go. */
export interface Watcher {
  /** What it watches, in the order in which it began to. */
  watched: Watch[];
  /** Whether something that it watched has changed, so that its EXEC must fail. */
  isBroken: boolean;
}

/** One client's watch of one key. */
export interface Watch {
  readonly watcher: Watcher;
  readonly name: string;
  readonly key: Uint8Array;
  readonly db: Database;
  /** The key is there, but its time was over when the watch began. */
  wasOver: boolean;
}

/** What a database physically holds of a key. */
const Presence = { absent: 0, over: 1, there: 2 } as const;
type Presence = typeof Presence[keyof typeof Presence];

/** The watches of one server. */
export class Watches {
  readonly #events: KeyEvents;
  /** By {@link keyName}. */
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #marks = new KeyMarks();
  #watchers = 0;
  #stopListening: (() => void) | undefined;

  constructor(events: KeyEvents) {
    this.#events = events;
  }

  /** How many keys are watched. */
  get keys(): number {
    return this.#watches.size;
  }

  /** How many clients watch. */
  get watchers(): number {
    return this.#watchers;
  }

  /** Lets a client watch a key, unless it does already. O(what the client watches). */
  watch(watcher: Watcher, db: Database, key: Uint8Array): void {
    const name = keyName(db, key, 0, key.length);
    if (watcher.watched.some((each) => each.name === name)) return;
    this.#stopListening ??= this.#events.onChange((changed, of) => this.#keyChanged(changed, of));
    let watches = this.#watches.get(name);
    if (watches === undefined) this.#watches.set(name, watches = new Set());
    const wasOver = presence(db, key) === Presence.over;
    const watch: Watch = { watcher, name, key: key.slice(), db, wasOver };
    watches.add(watch);
    this.#marks.add(watch.key);
    if (watcher.watched.length === 0) this.#watchers++;
    watcher.watched.push(watch);
  }

  /** Ends all watches of a client. */
  unwatch(watcher: Watcher): void {
    if (watcher.watched.length === 0) return;
    for (const watch of watcher.watched) {
      const watches = this.#watches.get(watch.name);
      watches?.delete(watch);
      if (watches?.size === 0) this.#watches.delete(watch.name);
      this.#marks.remove(watch.key);
    }
    watcher.watched = [];
    this.#watchers--;
    if (this.#watches.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Whether a key that the client watches has expired since, although nobody has met it. */
  anyExpired({ watched }: Watcher): boolean {
    return watched.some(({ db, key, wasOver }) => !wasOver && presence(db, key) === Presence.over);
  }

  #keyChanged(key: Uint8Array, db: Database): void {
    if (!this.#marks.mayHave(key, 0, key.length)) return;
    const watches = this.#watches.get(keyName(db, key, 0, key.length));
    if (watches === undefined) return;
    // Only the end of a key that was over already leaves it so, or takes it away.
    const isThere = presence(db, key) === Presence.there;
    for (const watch of [...watches]) {
      if (watch.wasOver && !isThere) watch.wasOver = false;
      else this.#break(watch.watcher);
    }
  }

  /**
   * Notes that a database is about to be emptied, or (SWAPDB) that it gets what another one holds. Only keys that are
   * there before or afterwards have changed. O(watched keys).
   */
  databaseReplaced(db: Database, by: Database | undefined): void {
    for (const watches of [...this.#watches.values()]) {
      for (const watch of [...watches]) {
        if (watch.db !== db) break;
        const before = presence(db, watch.key);
        const after = by === undefined ? Presence.absent : presence(by, watch.key);
        if (before === Presence.absent && after === Presence.absent) continue;
        if (after !== Presence.there && (watch.wasOver || before === Presence.absent)) {
          watch.wasOver = after === Presence.over;
        } else {
          this.#break(watch.watcher);
        }
      }
    }
  }

  /** Lets the client's EXEC fail; further changes need not be noted. */
  #break(watcher: Watcher): void {
    watcher.isBroken = true;
    this.unwatch(watcher);
  }
}

/** Looks without a trace: what is over stays until a command meets it. */
function presence(db: Database, key: Uint8Array): Presence {
  const { table } = db;
  if (table.size === 0) return Presence.absent;
  const ref = table.find(key, 0, key.length, table.hash(key, 0, key.length));
  if (ref === 0) return Presence.absent;
  return db.isOver(ref) ? Presence.over : Presence.there;
}
