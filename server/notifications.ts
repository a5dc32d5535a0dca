/**
 * Keyspace notifications: what happens to keys, published as messages.
 *
 * An event goes to up to two channels, as `notify-keyspace-events` says: `__keyspace@<db>__:<key>` says what happened
 * to the key, `__keyevent@<db>__:<event>` to which key it happened. Nobody listens for events while there is no
 * subscriber at all, so that a server which is configured for notifications pays for them only while they are heard.
 *
 * @module
 */

import { EventClass } from "../commands/context.ts";
import type { AskedFor, KeyEvents } from "./key_events.ts";
import type { PubSub } from "./pubsub.ts";
import { encodeLatin1 } from "./resp/args.ts";

/** How many channels' names are kept; events and databases are few. */
const MOST_NAMES = 4096;

/** Publishes the key events of one server. */
export class Notifications {
  readonly #keyEvents: KeyEvents;
  readonly #pubsub: PubSub;
  /** The classes wanted, with `K` and `E` among them: the value of `notify-keyspace-events`. */
  #wanted = "";
  #stop: (() => void) | undefined;
  /** Names of channels, and of events as bytes, by their text. */
  readonly #bytes = new Map<string, Uint8Array>();

  constructor(keyEvents: KeyEvents, pubsub: PubSub) {
    this.#keyEvents = keyEvents;
    this.#pubsub = pubsub;
  }

  /** Takes over the directive's value. */
  configure(wanted: string): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#stop?.();
    this.#stop = undefined;
    this.refresh();
  }

  /** Begins or ends to listen for events, as somebody may hear of them or not. */
  refresh(): void {
    const wanted = this.#wanted;
    const isHeard = (wanted.includes("K") || wanted.includes("E")) && this.#pubsub.isListenedTo;
    if (isHeard === (this.#stop !== undefined)) return;
    this.#stop?.();
    this.#stop = undefined;
    if (!isHeard) return;
    const rare: readonly AskedFor[] = [EventClass.new, EventClass.miss];
    this.#stop = this.#keyEvents.onEvent(
      (kind, event, key, db) => {
        if (wanted.includes(kind)) this.#publish(db.id, event, key);
      },
      rare.filter((kind) => wanted.includes(kind)),
    );
  }

  #publish(database: number, event: string, key: Uint8Array): void {
    const pubsub = this.#pubsub;
    if (this.#wanted.includes("K")) {
      const prefix = this.#encoded(`__keyspace@${database}__:`);
      const channel = new Uint8Array(prefix.length + key.length);
      channel.set(prefix);
      channel.set(key, prefix.length);
      pubsub.publish(channel, this.#encoded(event));
    }
    if (this.#wanted.includes("E")) {
      pubsub.publish(this.#encoded(`__keyevent@${database}__:${event}`), key);
    }
  }

  #encoded(text: string): Uint8Array {
    let bytes = this.#bytes.get(text);
    if (bytes === undefined) {
      if (this.#bytes.size === MOST_NAMES) this.#bytes.clear();
      this.#bytes.set(text, bytes = encodeLatin1(text));
    }
    return bytes;
  }
}
