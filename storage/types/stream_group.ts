/**
 * A consumer group of a stream: how far it has read, its consumers, and who has which entry pending.
 *
 * Pending entries are kept twice, ordered by ID: the group's tree says whose each is, when it was delivered last and how
 * often; each consumer's tree says which ones are its own. A method that changes one changes the other before it
 * returns.
 *
 *     payload in the group's tree   consumer number | delivery time low | high | deliveries low | high
 *
 * Knows nothing of the stream's entries: what is pending may have been deleted.
 *
 * @module
 */

import type { Heap } from "./collection.ts";
import { type IdPlace, IdTree } from "./id_tree.ts";
import { type Count, narrowCount, plusOne } from "./stream_count.ts";
import type { StreamId } from "./stream_id.ts";

/** What {@link ConsumerGroup.entriesRead} is when it is not known. */
export const UNKNOWN_READS = -1;
/** What {@link Consumer.activeTime} is before the first delivery. */
export const NEVER_ACTIVE = -1;

const OWNER = 0;
const TIME_LOW = 1;
const TIME_HIGH = 2;
const COUNT_LOW = 3;
const COUNT_HIGH = 4;
const PAYLOAD_WORDS = 5;
const TWO_TO_32 = 0x100000000;
/** Roughly what a group or a consumer takes in the JavaScript heap, bytes, and what each character of its name adds. */
const GROUP_BYTES = 700;
const CONSUMER_BYTES = 300;
const NAME_BYTES = 2;

/** One consumer of a group. */
export interface Consumer {
  /** Bytes as text, one character each. */
  readonly name: string;
  readonly number: number;
  /** The IDs of its pending entries. */
  readonly pending: IdTree;
  /** When it last asked for anything, Unix time in ms. */
  seenTime: number;
  /** When it last got anything, or {@link NEVER_ACTIVE}. */
  activeTime: number;
}

/** One consumer group. */
export class ConsumerGroup {
  /** Bytes as text, one character each. */
  readonly name: string;
  /** The last entry delivered. */
  readonly lastId: StreamId;
  /** How many entries have been read, or {@link UNKNOWN_READS}. */
  entriesRead: Count;
  /** All pending entries. */
  readonly pending: IdTree;
  readonly #heap: Heap;
  readonly #consumers = new Map<string, Consumer>();
  readonly #byNumber: (Consumer | undefined)[] = [];
  readonly #vacant: number[] = [];
  #sorted: readonly Consumer[] | undefined;

  constructor(heap: Heap, name: string, lastId: StreamId, entriesRead: Count) {
    this.#heap = heap;
    this.name = name;
    this.lastId = lastId.clone();
    this.entriesRead = entriesRead;
    this.pending = new IdTree(heap.arena, PAYLOAD_WORDS);
    heap.meter.bytes += GROUP_BYTES + name.length * NAME_BYTES;
  }

  // --- consumers -----------------------------------------------------------------------------------------------

  get consumerCount(): number {
    return this.#consumers.size;
  }

  consumer(name: string): Consumer | undefined {
    return this.#consumers.get(name);
  }

  /** All consumers by name. Sorts after a change only. */
  consumers(): readonly Consumer[] {
    return this.#sorted ??= [...this.#consumers.values()].sort(byName);
  }

  /** Adds a consumer; there must be none of that name. */
  addConsumer(name: string, now: number): Consumer {
    return this.#enterConsumer(name, this.#vacant.pop() ?? this.#byNumber.length, now);
  }

  #enterConsumer(name: string, number: number, now: number): Consumer {
    const consumer: Consumer = {
      name,
      number,
      pending: new IdTree(this.#heap.arena, 0),
      seenTime: now,
      activeTime: NEVER_ACTIVE,
    };
    this.#consumers.set(name, consumer);
    this.#byNumber[number] = consumer;
    this.#sorted = undefined;
    this.#heap.meter.bytes += CONSUMER_BYTES + name.length * NAME_BYTES;
    return consumer;
  }

  /** Removes a consumer with everything that it has pending. O(pending). */
  removeConsumer(consumer: Consumer): void {
    const id = this.lastId.clone();
    const place = consumer.pending.first();
    for (let more = place !== undefined; place && more; more = place.next()) {
      this.pending.remove(place.readId(id));
    }
    for (const _ of consumer.pending.dismantle());
    this.#consumers.delete(consumer.name);
    this.#byNumber[consumer.number] = undefined;
    this.#vacant.push(consumer.number);
    this.#sorted = undefined;
    this.#heap.meter.bytes -= CONSUMER_BYTES + consumer.name.length * NAME_BYTES;
  }

  // --- pending entries: a place is one in this group's tree ----------------------------------------------------

  /** Whose the entry is. */
  owner(place: IdPlace): Consumer {
    const consumer = this.#byNumber[place.get(OWNER)];
    if (consumer === undefined) throw new Error("A pending entry has no consumer");
    return consumer;
  }

  /** When the entry was delivered last, Unix time in ms. */
  deliveryTime(place: IdPlace): number {
    return place.get(TIME_LOW) + place.get(TIME_HIGH) * TWO_TO_32;
  }

  /** How often the entry was delivered. */
  deliveryCount(place: IdPlace): Count {
    const high = place.get(COUNT_HIGH);
    if (high === 0) return place.get(COUNT_LOW);
    return narrowCount((BigInt(high) << 32n) | BigInt(place.get(COUNT_LOW)));
  }

  /** Notes that the entry was delivered to its owner: when, and how often altogether. */
  setDelivery(place: IdPlace, time: number, count: Count): void {
    const timeHigh = Math.floor(time / TWO_TO_32);
    place.put(TIME_LOW, time - timeHigh * TWO_TO_32);
    place.put(TIME_HIGH, timeHigh);
    if (typeof count === "number") {
      const countHigh = Math.floor(count / TWO_TO_32);
      place.put(COUNT_LOW, count - countHigh * TWO_TO_32);
      place.put(COUNT_HIGH, countHigh);
    } else {
      place.put(COUNT_LOW, Number(count & 0xffffffffn));
      place.put(COUNT_HIGH, Number(count >> 32n));
    }
  }

  /** Notes one more delivery. */
  deliverAgain(place: IdPlace, time: number): void {
    this.setDelivery(place, time, plusOne(this.deliveryCount(place)));
  }

  /** Makes an entry pending that is not yet; answers its place, of which {@link setDelivery} tells the rest. */
  add(id: StreamId, consumer: Consumer): IdPlace {
    consumer.pending.insert(id);
    const place = this.pending.insert(id);
    place.put(OWNER, consumer.number);
    return place;
  }

  /** Gives a pending entry to a consumer. */
  assign(place: IdPlace, id: StreamId, consumer: Consumer): void {
    const owner = this.owner(place);
    if (owner === consumer) return;
    owner.pending.remove(id);
    consumer.pending.insert(id);
    place.put(OWNER, consumer.number);
  }

  /** Makes an entry pending for a consumer, delivered for the first time now, whoever had it before. */
  deliver(id: StreamId, consumer: Consumer, now: number): IdPlace {
    let place = this.pending.find(id);
    if (place === undefined) place = this.add(id, consumer);
    else this.assign(place, id, consumer);
    this.setDelivery(place, now, 1);
    return place;
  }

  /** Takes an entry off the pending ones; false when it is not among them. */
  acknowledge(id: StreamId): boolean {
    const place = this.pending.find(id);
    if (place === undefined) return false;
    this.owner(place).pending.remove(id);
    return this.pending.remove(id);
  }

  // --- as a whole ------------------------------------------------------------------------------------------------

  /** A copy that shares nothing. O(n). */
  clone(): ConsumerGroup {
    const copy = new ConsumerGroup(this.#heap, this.name, this.lastId, this.entriesRead);
    (copy as { pending: IdTree }).pending = this.pending.clone();
    for (const consumer of this.#consumers.values()) {
      const twin = copy.#enterConsumer(consumer.name, consumer.number, consumer.seenTime);
      twin.activeTime = consumer.activeTime;
      (twin as { pending: IdTree }).pending = consumer.pending.clone();
    }
    copy.#vacant.push(...this.#vacant);
    return copy;
  }

  /** Gives the memory back, yielding after each block. */
  *dismantle(): Generator<void> {
    yield* this.pending.dismantle();
    for (const consumer of this.#consumers.values()) {
      yield* consumer.pending.dismantle();
      this.#heap.meter.bytes -= CONSUMER_BYTES + consumer.name.length * NAME_BYTES;
    }
    this.#heap.meter.bytes -= GROUP_BYTES + this.name.length * NAME_BYTES;
  }

  /** Moves blocks that lie in chunks being emptied, yielding after some. */
  *relocate(): Generator<void> {
    yield* this.pending.relocate();
    for (const consumer of this.#consumers.values()) yield* consumer.pending.relocate();
  }
}

/** Orders by the names' bytes. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
