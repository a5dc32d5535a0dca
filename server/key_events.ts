/**
 * What happens to keys, for those who want to know: keyspace notifications, WATCH, client-side caching, blocked clients.
 *
 * Handlers report each change once; whoever listens is told here. With no listener a change costs one comparison.
 *
 * @module
 */

import type { EventClass } from "../commands/context.ts";
import type { Database } from "../storage/keyspace.ts";

/** Hears that a key's value changed or the key went. */
export type ChangeListener = (key: Uint8Array, db: Database) => void;
/** Hears a keyspace event, such as class `$`, event `set`. */
export type EventListener = (
  kind: EventClass,
  event: string,
  key: Uint8Array,
  db: Database,
) => void;

/** The key events of one server. */
export class KeyEvents {
  /** Whether nobody listens. */
  idle = true;
  readonly #changes = new Set<ChangeListener>();
  readonly #events = new Set<EventListener>();

  /** Calls `listener` for every changed key; answers how to stop. */
  onChange(listener: ChangeListener): () => void {
    return this.#add(this.#changes, listener);
  }

  /** Calls `listener` for every keyspace event; answers how to stop. */
  onEvent(listener: EventListener): () => void {
    return this.#add(this.#events, listener);
  }

  #add<T>(listeners: Set<T>, listener: T): () => void {
    listeners.add(listener);
    this.idle = false;
    return () => {
      listeners.delete(listener);
      this.idle = this.#changes.size + this.#events.size === 0;
    };
  }

  keyChanged(key: Uint8Array, db: Database): void {
    for (const listener of this.#changes) listener(key, db);
  }

  emit(kind: EventClass, event: string, key: Uint8Array, db: Database): void {
    for (const listener of this.#events) listener(kind, event, key, db);
  }
}
