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
import { bytesEqual } from "../storage/memory/bytes.ts";
import { decodeLatin1 } from "./resp/args.ts";
import { ReplyEncoder } from "./resp/reply_encoder.ts";
import { Mode, type Session } from "./session.ts";

/** The size of a buffer of messages. */
const LOG_BYTES = 64 * 1024;
/** The most that an array's or a bulk string's length takes, with what surrounds it; bytes. */
const MOST_LENGTH = 24;
/** What begins a message in RESP3, in place of an array's sign. */
const PUSH_SIGN = 62;
/** About what a subscription takes in memory beside its name, in bytes. */
const SUBSCRIPTION_BYTES = 128;

/** Something that clients are subscribed to. */
interface Topic {
  readonly kind: SubscriptionKind;
  readonly name: Uint8Array;
  /** In the order in which they came. */
  readonly subscribers: Set<Session>;
  /** What comes before the text of each message to a channel, in RESP2; composed for the first one. */
  header: Uint8Array | undefined;
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
  /** The channel that was published to last: often it is so again. */
  #lastChannel: Topic | undefined;
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
      const header = undefined;
      topics.set(key, topic = { kind, name: name.slice(), subscribers: new Set(), header });
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
      if (this.#lastChannel === topic) this.#lastChannel = undefined;
      this.#onListening();
    }
  }

  /** Ends the subscriptions to shard channels of some names, and tells the clients. O(shard channels). */
  endShardChannels(isEnded: (name: Uint8Array) => boolean): void {
    if (this.#topics.shard.size === 0) return;
    for (const topic of [...this.#topics.shard.values()]) {
      if (!isEnded(topic.name)) continue;
      for (const session of [...topic.subscribers]) {
        this.#leave(session, topic);
        const encoder = new ReplyEncoder(session.protocol);
        encoder.push(3);
        encoder.bulk("sunsubscribe");
        encoder.bulk(topic.name);
        encoder.int(this.subscriptionCount(session, "shard"));
        session.push(encoder.bytes());
      }
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
    const { pattern: patterns } = this.#topics;
    const topic = this.#channel(channel);
    let receivers = topic === undefined ? 0 : this.#deliverTo(topic, message);
    if (patterns.size === 0) return receivers;
    for (const topic of patterns.values()) {
      if (!globMatch(topic.name, channel)) continue;
      receivers += this.#deliver(topic, headerOf(WORDS.pattern, topic.name, channel), message);
    }
    return receivers;
  }

  #channel(name: Uint8Array): Topic | undefined {
    const { channel: channels } = this.#topics;
    if (channels.size === 0) return undefined;
    const last = this.#lastChannel;
    const { length } = name;
    if (last?.name.length === length && bytesEqual(last.name, 0, name, 0, length)) return last;
    const topic = channels.get(decodeLatin1(name));
    if (topic !== undefined) this.#lastChannel = topic;
    return topic;
  }

  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    const topic = this.#topics.shard.get(decodeLatin1(channel));
    return topic === undefined ? 0 : this.#deliverTo(topic, message);
  }

  #deliverTo(topic: Topic, message: Uint8Array): number {
    return this.#deliver(topic, topic.header ??= headerOf(WORDS[topic.kind], topic.name), message);
  }

  /** Sends a message to all subscribers of a topic, and answers how many there are. */
  #deliver({ subscribers }: Topic, header: Uint8Array, message: Uint8Array): number {
    let asArray: MessageLog | undefined;
    let asPush: MessageLog | undefined;
    // Counted first: one that has left too much unread is dropped in the course of this.
    const receivers = subscribers.size;
    for (const session of subscribers) {
      const log = session.protocol === 2
        ? asArray ??= this.#asArrays.add(header, message)
        : asPush ??= this.#asPushes.add(header, message);
      session.pushShared(log.buf, log.from, log.to);
    }
    return receivers;
  }
}

/** The first word of the messages of each kind. */
const WORDS = { channel: "message", pattern: "pmessage", shard: "smessage" } as const;

/** A message in RESP2 up to its text. */
function headerOf(word: string, ...names: readonly Uint8Array[]): Uint8Array {
  let room = MOST_LENGTH * 2 + word.length;
  for (const name of names) room += name.length + MOST_LENGTH;
  const encoder = new ReplyEncoder(2, room);
  encoder.array(names.length + 2);
  encoder.bulk(word);
  for (const name of names) encoder.bulk(name);
  return encoder.bytes();
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

  /** Adds a message: its header, in RESP2, and its text. */
  add(header: Uint8Array, message: Uint8Array): this {
    const room = header.length + message.length + MOST_LENGTH;
    let encoder = this.#encoder;
    if (encoder === undefined || encoder.length + room > encoder.capacity) {
      encoder = new ReplyEncoder(this.#protocol, Math.max(LOG_BYTES, room));
      this.#encoder = room > LOG_BYTES ? undefined : encoder;
    }
    this.from = encoder.length;
    encoder.rawAt(header, 0, header.length);
    encoder.bulkAt(message, 0, message.length);
    this.buf = encoder.buffer;
    if (this.#protocol === 3) this.buf[this.from] = PUSH_SIGN;
    this.to = encoder.length;
    return this;
  }
}
