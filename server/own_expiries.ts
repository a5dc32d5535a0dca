/**
 * Keys with an expiry that a writable replica's own clients have written: nobody else will delete them.
 *
 * A replica leaves the deletion of expired keys to its primary, which knows nothing of these. They are remembered while
 * clients may write here, and deleted when their time is over; elsewhere this costs nothing.
 *
 * @module
 */

import { NO_EXPIRY } from "../storage/entry.ts";
import type { Database } from "../storage/keyspace.ts";
import type { KeyEvents } from "./key_events.ts";
import { keyName } from "./key_marks.ts";

/** So many keys are looked at in a run, in turn. */
const KEYS_PER_RUN = 500;

/** The keys of one replica. */
export class OwnExpiries {
  readonly #events: KeyEvents;
  readonly #keys = new Map<string, { readonly db: Database; readonly key: Uint8Array }>();
  #stopListening: (() => void) | undefined;

  constructor(events: KeyEvents) {
    this.#events = events;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#keys.size;
  }

  /** Begins to remember keys, or (false) forgets them all. */
  remember(on: boolean): void {
    if (on) {
      this.#stopListening ??= this.#events.onChange((key, db, by) => {
        if (by === undefined || by.mustObey || expiryOf(db, key) === NO_EXPIRY) return;
        this.#keys.set(keyName(db, key, 0, key.length), { db, key: key.slice() });
      });
      return;
    }
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#keys.clear();
  }

  /** Deletes those whose time is over; answers whether it may pay to go on at once. */
  run(): boolean {
    let deleted = 0;
    let left = Math.min(this.#keys.size, KEYS_PER_RUN);
    for (const [name, entry] of this.#keys) {
      if (left-- === 0) break;
      const { db, key } = entry;
      this.#keys.delete(name);
      const ref = recordOf(db, key);
      if (ref === 0 || db.expiry(ref) === NO_EXPIRY) continue;
      if (db.isOver(ref)) {
        db.expire(ref);
        deleted++;
      } else {
        // To the end: others come first next time.
        this.#keys.set(name, entry);
      }
    }
    return deleted === KEYS_PER_RUN;
  }
}

/** The record of a key, be its time over or not; 0 for none. */
function recordOf({ table }: Database, key: Uint8Array): number {
  return table.size === 0 ? 0 : table.find(key, 0, key.length, table.hash(key, 0, key.length));
}

function expiryOf(db: Database, key: Uint8Array): number {
  const ref = recordOf(db, key);
  return ref === 0 ? NO_EXPIRY : db.expiry(ref);
}
