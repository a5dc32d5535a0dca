/**
 * What happens to keys, for those who want to know: keyspace notifications, WATCH, client-side caching, blocked clients.
 *
 * Handlers report each change once; whoever listens is told here. With no listener a change costs one comparison.
 * Events of the classes `n` (a key is new) and `m` (a key was missed) would cost every such command something, so they
 * are only told to listeners that ask for them, and only made while there is one.
 *
 * @module
 */

import { type ClientApi, EventClass } from "../commands/context.ts";
import type { Database } from "../storage/keyspace.ts";

/**
 * Hears that a key's value changed or the key went, and which client's command did it; none when the key went by
 * itself. The bytes are valid during the call only.
 */
export type ChangeListener = (key: Uint8Array, db: Database, by: ClientApi | undefined) => void;
/** Hears a keyspace event, such as class `$`, event `set`. The key's bytes are valid during the call only. */
export type EventListener = (
  kind: EventClass,
  event: string,
  key: Uint8Array,
  db: Database,
) => void;

/** A class of events that is only told to those who ask for it. */
export type AskedFor = typeof EventClass.new | typeof EventClass.miss;

/** The key events of one server. */
export class KeyEvents {
  /** Whether nobody listens. */
  idle = true;
  readonly #changes = new Set<ChangeListener>();
  readonly #events = new Map<EventListener, readonly AskedFor[]>();
  readonly #onDemand: () => void;

  /** @param onDemand called whenever {@link wants} may have changed */
  constructor(onDemand: () => void = () => {}) {
    this.#onDemand = onDemand;
  }

  /** Calls `listener` for every changed key; answers how to stop. */
  onChange(listener: ChangeListener): () => void {
    this.#changes.add(listener);
    this.#update();
    return () => {
      this.#changes.delete(listener);
      this.#update();
    };
  }

  /** Calls `listener` for every keyspace event, those of `askedFor` included; answers how to stop. */
  onEvent(listener: EventListener, askedFor: readonly AskedFor[] = []): () => void {
    this.#events.set(listener, askedFor);
    this.#update();
    return () => {
      this.#events.delete(listener);
      this.#update();
    };
  }

  /** Whether somebody has asked for the class. */
  wants(kind: AskedFor): boolean {
    return this.#events.values().some((askedFor) => askedFor.includes(kind));
  }

  #update(): void {
    this.idle = this.#changes.size + this.#events.size === 0;
    this.#onDemand();
  }

  keyChanged(key: Uint8Array, db: Database, by?: ClientApi): void {
    for (const listener of this.#changes) listener(key, db, by);
  }

  emit(kind: EventClass, event: string, key: Uint8Array, db: Database): void {
    const mustAsk = kind === EventClass.new || kind === EventClass.miss;
    for (const [listener, askedFor] of this.#events) {
      if (!mustAsk || askedFor.includes(kind)) listener(kind, event, key, db);
    }
  }
}
