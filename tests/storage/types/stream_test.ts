import { assert, assertEquals } from "@std/assert";
import { Args } from "../../../server/resp/args.ts";
import type { Heap } from "../../../storage/types/collection.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { Stream } from "../../../storage/types/stream.ts";
import { UNKNOWN_READS } from "../../../storage/types/stream_group.ts";
import { StreamId } from "../../../storage/types/stream_id.ts";
import { pick, seededRandom } from "../memory/random.ts";

/** STEPS in the environment asks for a longer run. */
const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

interface Entry {
  readonly id: StreamId;
  readonly items: readonly string[];
}

function newHeap(): Heap {
  return {
    arena: new Arena({ fragmentationThreshold: 0.1 }),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(1),
  };
}

function append(
  stream: Stream,
  id: StreamId,
  items: readonly string[],
  limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 },
): void {
  stream.append(id, Args.of(...items), 0, items.length / 2, limits);
}

function readAll(
  stream: Stream,
  from = new StreamId(),
  to = StreamId.max(),
  reverse = false,
): Entry[] {
  const entries: Entry[] = [];
  const reader = stream.reader;
  for (let more = reader.seek(from, to, reverse); more; more = reader.next()) {
    const items: string[] = [];
    while (reader.nextItem()) {
      items.push(String.fromCharCode(...reader.buf.subarray(reader.off, reader.off + reader.len)));
    }
    assertEquals(items.length, reader.fieldCount * 2);
    entries.push({ id: reader.id.clone(), items });
  }
  return entries;
}

function between(entries: readonly Entry[], from: StreamId, to: StreamId): Entry[] {
  return entries.filter(({ id }) => id.compare(from) >= 0 && id.compare(to) <= 0);
}

/** The next ID: small steps, and steps whose differences are wide, negative or wrap around. */
function step(id: StreamId, random: () => number): StreamId {
  const next = id.clone();
  const kind = pick(random, 40);
  if (kind < 20) next.incrementSeq();
  else if (kind < 36) next.setMs(next.ms + BigInt(1 + pick(random, 3)));
  else if (kind === 36) next.setMs(next.ms + 2n ** 33n);
  else if (kind === 37) next.setMs(next.ms + 1n);
  else next.setSeq(next.seq + 2n ** 40n);
  if (kind >= 20 && kind < 38) next.setSeq(kind === 37 ? 2n ** 64n - 1n : BigInt(pick(random, 9)));
  return next.compare(id) > 0 ? next : StreamId.of(id.ms + 1n, 0);
}

Deno.test("Stream behaves as an array of entries under random operations", () => {
  const random = seededRandom(11);
  const heap = newHeap();
  let stream = new Stream(heap);
  let model: Entry[] = [];
  let last = new StreamId();
  let limits = { streamNodeMaxBytes: 4096, streamNodeMaxEntries: 100 };
  const idNear = () => {
    const id = model.length > 0 ? model[pick(random, model.length)].id.clone() : new StreamId();
    const shift = pick(random, 4);
    if (shift === 0) id.increment();
    if (shift === 1) id.decrement();
    return id;
  };
  for (let i = 0; i < STEPS; i++) {
    const kind = pick(random, 100);
    if (kind < 70) {
      last = step(last, random);
      const items: string[] = [];
      const shape = pick(random, 4);
      for (let f = 0; f <= (shape === 3 ? pick(random, 5) : shape); f++) {
        items.push(shape === 3 ? `f${pick(random, 1000)}` : `field${f}`);
        const size = pick(random, 10) === 0 ? pick(random, 900) : pick(random, 12);
        items.push(pick(random, 2) ? String(pick(random, 1e9)) : "v".repeat(size));
      }
      append(stream, last, items, limits);
      model.push({ id: last.clone(), items });
    } else if (kind < 85) {
      const id = idNear();
      const at = model.findIndex((entry) => entry.id.compare(id) === 0);
      assertEquals(stream.delete(id), at >= 0);
      if (at >= 0) model.splice(at, 1);
    } else if (kind < 95) {
      const [from, to] = [idNear(), idNear()];
      const expected = between(model, from, to);
      assertEquals(readAll(stream, from, to), expected);
      assertEquals(readAll(stream, from, to, true), expected.toReversed());
    } else if (kind < 97) {
      const left = Math.max(0, model.length - pick(random, 150));
      assertEquals(stream.trimToLength(left, false), model.length - left);
      model = model.slice(model.length - left);
    } else if (kind < 99) {
      const id = model[pick(random, Math.min(model.length, 200))]?.id ?? new StreamId();
      const kept = model.filter((entry) => entry.id.compare(id) >= 0);
      assertEquals(stream.trimToId(id, false), model.length - kept.length);
      model = kept;
    } else {
      const most = Math.max(0, model.length - pick(random, 300));
      const removed = pick(random, 2)
        ? stream.trimToLength(most, true)
        : stream.trimToId(model[model.length - most]?.id ?? last, true);
      assert(removed <= model.length - most);
      model = model.slice(removed);
      limits = pick(random, 2)
        ? { streamNodeMaxBytes: 300, streamNodeMaxEntries: 0 }
        : { streamNodeMaxBytes: 0, streamNodeMaxEntries: 7 + i % 200 };
      if (pick(random, 3) === 0) {
        const copy = stream.clone();
        while (stream.dismantle());
        stream = copy;
      }
    }
    assertEquals(stream.length, model.length);
    assertEquals(stream.firstId, model[0]?.id ?? new StreamId());
  }
  assertEquals(readAll(stream), model);
  assertEquals(readAll(stream, undefined, undefined, true), model.toReversed());
  assertEquals(stream.lastId, last);
  while (stream.dismantle());
  assertEquals([heap.arena.usedBytes, heap.meter.bytes], [0, 0]);
});

Deno.test("Stream reads IDs at both ends of 128 bits", () => {
  const stream = new Stream(newHeap());
  const ids = [
    StreamId.of(0, 1),
    StreamId.of(0, 2n ** 64n - 1n),
    StreamId.of(1, 0),
    StreamId.of(2n ** 53n + 1n, 2n ** 53n + 1n),
    StreamId.of(2n ** 63n, 3),
    StreamId.of(2n ** 64n - 1n, 0),
    StreamId.max(),
  ];
  for (const id of ids) append(stream, id, ["f", "v"]);
  assertEquals(stream.nodeCount, 1);
  assertEquals(readAll(stream).map(({ id }) => String(id)), ids.map(String));
  assertEquals(String(stream.topId()), "18446744073709551615-18446744073709551615");
});

Deno.test("Stream begins a node when the last one has the most entries or bytes", () => {
  const stream = new Stream(newHeap());
  for (let i = 1; i <= 10; i++) {
    append(stream, StreamId.of(i, 0), ["f", "v"], {
      streamNodeMaxBytes: 0,
      streamNodeMaxEntries: 3,
    });
  }
  assertEquals(stream.nodeCount, 4);
  for (let i = 11; i <= 14; i++) {
    append(stream, StreamId.of(i, 0), ["f", "v".repeat(100)], {
      streamNodeMaxBytes: 150,
      streamNodeMaxEntries: 0,
    });
  }
  assertEquals(stream.nodeCount, 7);
});

Deno.test("Stream removes whole nodes up to a limit", () => {
  const stream = new Stream(newHeap());
  for (let i = 1; i <= 100; i++) {
    append(stream, StreamId.of(i, 0), ["f", "v"], {
      streamNodeMaxBytes: 0,
      streamNodeMaxEntries: 10,
    });
  }
  assertEquals(stream.trimToLength(55, true), 40);
  assertEquals(stream.trimToLength(0, true, 25), 20);
  assertEquals(stream.trimToId(StreamId.of(75, 0), true), 10);
  assertEquals(String(stream.firstId), "71-0");
});

Deno.test("ConsumerGroup keeps both views of what is pending in step", () => {
  const random = seededRandom(5);
  const heap = newHeap();
  const stream = new Stream(heap);
  const group = stream.addGroup("g", new StreamId(), 0);
  const names = ["a", "b", "c"];
  for (const name of names) group.addConsumer(name, 1);
  const model = new Map<string, { owner: string; time: number; count: number | bigint }>();
  for (let i = 0; i < STEPS; i++) {
    const id = StreamId.of(pick(random, 2000), 0);
    const key = String(id);
    const owner = names[pick(random, 3)];
    const consumer = group.consumer(owner) ?? group.addConsumer(owner, 1);
    const kind = pick(random, 100);
    if (kind < 50) {
      group.deliver(id, consumer, i);
      model.set(key, { owner, time: i, count: 1 });
    } else if (kind < 80) {
      assertEquals(group.acknowledge(id), model.delete(key));
    } else if (kind < 99) {
      const place = group.pending.find(id);
      const known = model.get(key);
      assertEquals(place !== undefined, known !== undefined);
      if (place === undefined || known === undefined) continue;
      group.assign(place, id, consumer);
      group.setDelivery(place, 2 ** 40 + i, 2n ** 63n - 1n);
      model.set(key, { owner, time: 2 ** 40 + i, count: 2n ** 63n - 1n });
    } else if (pick(random, 10) === 0) {
      group.removeConsumer(consumer);
      for (const [key, { owner }] of model) if (owner === consumer.name) model.delete(key);
    }
    assertEquals(group.pending.size, model.size);
  }
  const copy = stream.clone();
  while (stream.dismantle());
  const twin = copy.group("g");
  assert(twin);
  let owned = 0;
  for (const { pending } of twin.consumers()) owned += pending.size;
  assertEquals(owned, model.size);
  for (const [key, { owner, time, count }] of model) {
    const id = StreamId.of(BigInt(key.slice(0, -2)), 0);
    const place = twin.pending.find(id);
    assert(place);
    assertEquals(twin.owner(place).name, owner);
    assertEquals(twin.deliveryTime(place), time);
    assertEquals(twin.deliveryCount(place), count);
    assert(twin.owner(place).pending.has(id));
  }
  while (copy.dismantle());
  assertEquals([heap.arena.usedBytes, heap.meter.bytes], [0, 0]);
});

Deno.test("Stream knows a group's lag until deletions hide it", () => {
  const stream = new Stream(newHeap());
  for (let i = 1; i <= 5; i++) append(stream, StreamId.of(i, 0), ["f", "v"]);
  const group = stream.addGroup("g", new StreamId(), UNKNOWN_READS);
  assertEquals(stream.lag(group), 5);
  for (let i = 1; i <= 2; i++) assert(stream.advance(group, StreamId.of(i, 0)));
  assertEquals(group.entriesRead, 2);
  assert(!stream.advance(group, StreamId.of(1, 0)));
  stream.delete(StreamId.of(3, 0));
  assertEquals(stream.lag(group), undefined);
  group.entriesRead = UNKNOWN_READS;
  stream.advance(group, StreamId.of(5, 0));
  assertEquals([group.entriesRead, stream.lag(group)], [5, 0]);
});

Deno.test("Stream moves out of chunks that are being emptied while it is used", () => {
  const heap = newHeap();
  const { arena } = heap;
  const stream = new Stream(heap);
  const group = stream.addGroup("g", new StreamId(), 0);
  const consumer = group.addConsumer("c", 0);
  const filler: number[] = [];
  for (let i = 1; i <= 20_000; i++) {
    append(stream, StreamId.of(i, 0), ["field", `value ${i}`]);
    group.deliver(StreamId.of(i, 0), consumer, i);
    filler.push(arena.alloc(1000));
  }
  filler.forEach((ref, i) => {
    if (i % 10 !== 0) arena.free(ref);
  });
  assert(arena.beginEvacuation(1000));
  let position = 0;
  let next = 20_001;
  do {
    position = stream.relocate(position);
    append(stream, StreamId.of(next++, 0), ["field", "late"]);
    stream.delete(StreamId.of(next - 20_000, 0));
    group.acknowledge(StreamId.of(next - 20_000, 0));
  } while (position !== 0);
  const chunks = arena.chunkCount;
  filler.forEach((ref, i) => {
    if (i % 10 === 0) arena.free(ref);
  });
  arena.endEvacuation();
  assert(arena.chunkCount < chunks);
  assertEquals(readAll(stream).length, stream.length);
  assertEquals(group.pending.size, consumer.pending.size);
  for (let i = 19_990; i <= 20_000; i++) assert(group.acknowledge(StreamId.of(i, 0)));
});
