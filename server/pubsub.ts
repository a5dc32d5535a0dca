/**
 * Publish and subscribe: who listens to what, and the way of a message to them.
 *
 * A **topic** is a channel, a pattern or a shard channel with at least one subscriber; it goes with its last one, so
 * that clients cannot fill the memory with names.
 *
 * A message is encoded once per protocol, behind the message before it, and all subscribers are told where it lies
 * (see {@link Session.pushShared}). So to publish costs each of them two numbers and, when the work at hand is over,
 * one write for all that was published.
 *
 * @module
 */

import type { ClientApi, PubSubApi, SubscriptionKind } from "../commands/context.ts";
import { globMatch } from "../storage/glob.ts";
import { decodeLatin1 } from "./resp/args.ts";
import { ReplyEncoder } from "./resp/reply_encoder.ts";
import { Mode, type Session } from "./session.ts";

/** The size of a buffer of messages. */
const LOG_BYTES = 64 * 1024;
/** Room for what surrounds the parts of a message, bytes. */
const MOST_HEADERS = 160;
/** About what a subscription takes in memory beside its name, in bytes. */
const SUBSCRIPTION_BYTES = 128;

/** Something that clients are subscribed to. */
interface Topic {
  readonly kind: SubscriptionKind;
  readonly name: Uint8Array;
  /** In the order in which they came. */
  readonly subscribers: Set<Session>;
}

/** What one client is subscribed to. */
export class Subscriptions {
  /** In the order in which they came. */
  readonly topics = new Set<Topic>();
  /** How many there are of each kind. */
  readonly counts: Record<SubscriptionKind, number> = { channel: 0, pattern: 0, shard: 0 };
  /** About what they take in memory, bytes. */
  memory = 0;
}

/** The topics of one server. Names are kept as text of one-byte characters, which maps find by value. */
export class PubSub implements PubSubApi {
  readonly #topics: Record<SubscriptionKind, Map<string, Topic>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  readonly #onListening: () => void;
  readonly #asArrays = new MessageLog(2);
  readonly #asPushes = new MessageLog(3);

  /** @param onListening called whenever {@link isListenedTo} may have changed */
  constructor(onListening: () => void) {
    this.#onListening = onListening;
  }

  /** Whether a message to some channel can have a receiver. */
  get isListenedTo(): boolean {
    return this.#topics.channel.size + this.#topics.pattern.size > 0;
  }

  get patterns(): number {
    return this.#topics.pattern.size;
  }

  // --- subscriptions --------------------------------------------------------------------------------------------

  subscribe(client: ClientApi, kind: SubscriptionKind, name: Uint8Array): void {
    const session = client as Session;
    const topics = this.#topics[kind];
    const key = decodeLatin1(name);
    let topic = topics.get(key);
    if (topic === undefined) {
      topics.set(key, topic = { kind, name: name.slice(), subscribers: new Set() });
      this.#onListening();
    }
    session.modes |= Mode.subscribed;
    const subscriptions = session.subscriptions ??= new Subscriptions();
    if (subscriptions.topics.has(topic)) return;
    subscriptions.topics.add(topic);
    subscriptions.counts[kind]++;
    subscriptions.memory += SUBSCRIPTION_BYTES + name.length;
    topic.subscribers.add(session);
  }

  unsubscribe(client: ClientApi, kind: SubscriptionKind, name: Uint8Array): void {
    const session = client as Session;
    const topic = this.#topics[kind].get(decodeLatin1(name));
    if (topic !== undefined) this.#leave(session, topic);
  }

  /** Ends all subscriptions of a client without a word to it. */
  unsubscribeAll(session: Session): void {
    for (const topic of session.subscriptions?.topics ?? []) this.#leave(session, topic);
  }

  #leave(session: Session, topic: Topic): void {
    const { subscriptions } = session;
    if (subscriptions === undefined || !subscriptions.topics.delete(topic)) return;
    const { kind, name, subscribers } = topic;
    subscriptions.counts[kind]--;
    subscriptions.memory -= SUBSCRIPTION_BYTES + name.length;
    subscribers.delete(session);
    if (subscriptions.topics.size === 0) {
      session.subscriptions = undefined;
      session.modes &= ~Mode.subscribed;
    }
    if (subscribers.size === 0) {
      this.#topics[kind].delete(decodeLatin1(name));
      this.#onListening();
    }
  }

  subscriptions(client: ClientApi, kind: SubscriptionKind): readonly Uint8Array[] {
    const topics = (client as Session).subscriptions?.topics ?? [];
    return [...topics].filter((topic) => topic.kind === kind).map(({ name }) => name);
  }

  subscriptionCount(client: ClientApi, kind: SubscriptionKind): number {
    return (client as Session).subscriptions?.counts[kind] ?? 0;
  }

  // --- what is listened to --------------------------------------------------------------------------------------

  names(kind: SubscriptionKind, pattern?: Uint8Array): readonly Uint8Array[] {
    const names = this.#topics[kind].values().map(({ name }) => name).toArray();
    return pattern === undefined ? names : names.filter((name) => globMatch(pattern, name));
  }

  subscriberCount(kind: SubscriptionKind, name: Uint8Array): number {
    return this.#topics[kind].get(decodeLatin1(name))?.subscribers.size ?? 0;
  }

  /** How many topics of a kind there are. */
  count(kind: SubscriptionKind): number {
    return this.#topics[kind].size;
  }

  // --- messages -------------------------------------------------------------------------------------------------

  publish(channel: Uint8Array, message: Uint8Array): number {
    const { channel: channels, pattern: patterns } = this.#topics;
    let receivers = 0;
    if (channels.size > 0) {
      const topic = channels.get(decodeLatin1(channel));
      if (topic !== undefined) receivers += this.#deliver(topic, ["message", channel, message]);
    }
    if (patterns.size === 0) return receivers;
    for (const topic of patterns.values()) {
      if (!globMatch(topic.name, channel)) continue;
      receivers += this.#deliver(topic, ["pmessage", topic.name, channel, message]);
    }
    return receivers;
  }

  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    const topic = this.#topics.shard.get(decodeLatin1(channel));
    return topic === undefined ? 0 : this.#deliver(topic, ["smessage", channel, message]);
  }

  /** Sends a message to all subscribers of a topic, and answers how many there are. */
  #deliver({ subscribers }: Topic, parts: readonly (string | Uint8Array)[]): number {
    let asArray: MessageLog | undefined;
    let asPush: MessageLog | undefined;
    // Counted first: one that has left too much unread is dropped in the course of this.
    const receivers = subscribers.size;
    for (const session of subscribers) {
      const log = session.protocol === 2
        ? asArray ??= this.#asArrays.add(parts)
        : asPush ??= this.#asPushes.add(parts);
      session.pushShared(log.buf, log.from, log.to);
    }
    return receivers;
  }
}

/** Messages one behind the other, in buffers that are given up when they are full: receivers may still need them. */
class MessageLog {
  /** Where the last message lies. */
  buf: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  readonly #protocol: 2 | 3;
  #encoder: ReplyEncoder | undefined;

  constructor(protocol: 2 | 3) {
    this.#protocol = protocol;
  }

  /** Adds a message. */
  add(parts: readonly (string | Uint8Array)[]): this {
    let room = MOST_HEADERS;
    for (const part of parts) room += part.length;
    let encoder = this.#encoder;
    if (encoder === undefined || encoder.length + room > encoder.capacity) {
      encoder = new ReplyEncoder(this.#protocol, Math.max(LOG_BYTES, room));
      this.#encoder = room > LOG_BYTES ? undefined : encoder;
    }
    this.from = encoder.length;
    encoder.push(parts.length);
    for (const part of parts) encoder.bulk(part);
    this.buf = encoder.buffer;
    this.to = encoder.length;
    return this;
  }
}
