import { assert, assertEquals } from "@std/assert";
import { Arena } from "../../../storage/memory/arena.ts";
import { IdPlace, IdTree } from "../../../storage/types/id_tree.ts";
import { StreamId } from "../../../storage/types/stream_id.ts";
import { seededRandom } from "../memory/random.ts";

/** STEPS in the environment asks for a longer run. */
const STEPS = Number(Deno.env.get("STEPS") ?? 30_000);

/** An ID whose four words all matter, from a number that orders it. */
function idOf(n: number): StreamId {
  const id = new StreamId();
  id.msHigh = n >>> 14;
  id.msLow = (n >>> 9) & 0x1f ? 0xfffffff0 + ((n >>> 9) & 0xf) : 0;
  id.msLow = (id.msLow + ((n >>> 13) & 1) * 8) >>> 0;
  id.seqHigh = (n >>> 5) & 0xf;
  id.seqLow = 0xfffffff0 + (n & 0xf);
  return id;
}

/** IDs by their text, in order. */
class Model {
  readonly ids: StreamId[] = [];
  readonly payloads = new Map<string, number>();

  /** The index of the first ID that is not before this one. */
  bound(id: StreamId): number {
    let low = 0;
    let high = this.ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ids[middle].compare(id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  put(id: StreamId, payload: number): boolean {
    const key = id.toString();
    const isNew = !this.payloads.has(key);
    if (isNew) this.ids.splice(this.bound(id), 0, id.clone());
    this.payloads.set(key, payload);
    return isNew;
  }

  remove(id: StreamId): boolean {
    if (!this.payloads.delete(id.toString())) return false;
    this.ids.splice(this.bound(id), 1);
    return true;
  }
}

function assertSame(tree: IdTree, model: Model): void {
  assertEquals(tree.size, model.ids.length);
  const place = new IdPlace(tree);
  const id = new StreamId();
  let i = 0;
  for (let more = tree.seekAtLeast(new StreamId(), place); more; more = place.next()) {
    assertEquals(place.readId(id).toString(), model.ids[i].toString());
    assertEquals(place.get(0), model.payloads.get(id.toString()));
    i++;
  }
  assertEquals(i, model.ids.length);
  for (let more = tree.seekAtMost(StreamId.max(), place); more; more = place.previous()) {
    i--;
    assertEquals(place.readId(id).toString(), model.ids[i].toString());
  }
  assertEquals(i, 0);
}

for (const payload of [1, 5]) {
  Deno.test(`IdTree with ${payload} words behaves as a sorted array under random operations`, () => {
    const random = seededRandom(payload);
    const arena = new Arena();
    const tree = new IdTree(arena, payload);
    const model = new Model();
    const place = new IdPlace(tree);
    let tail = 0;
    for (let step = 0; step < STEPS; step++) {
      // Long spells of growing at the end, of growing anywhere, and of shrinking from both.
      const spell = Math.floor(step / 3000) % 4;
      const n = Math.floor(random() * 60_000);
      const id = idOf(spell === 0 ? (tail += 1) % 65536 : n);
      const isRemoval = random() < (spell >= 2 ? 0.8 : 0.2);
      if (isRemoval) {
        const victim = spell === 3 && model.ids.length > 0 ? model.ids[0].clone() : id;
        const near = model.ids[model.bound(victim)]?.clone() ?? victim;
        assertEquals(tree.remove(near), model.remove(near));
      } else {
        const isNew = model.put(id, step);
        const found = tree.find(id);
        assertEquals(found === undefined, isNew);
        (found ?? tree.insert(id)).put(0, step);
      }
      const at = model.bound(id);
      assertEquals(tree.seekAtLeast(id, place), at < model.ids.length);
      if (at < model.ids.length) assertEquals(place.readId(new StreamId()), model.ids[at]);
      const upTo = model.ids[at]?.compare(id) === 0 ? at : at - 1;
      assertEquals(tree.seekAtMost(id, place), upTo >= 0);
      if (upTo >= 0) assertEquals(place.readId(new StreamId()), model.ids[upTo]);
      if (step % 5000 === 0) assertSame(tree, model);
    }
    assertSame(tree, model);
    const copy = tree.clone();
    for (const _ of tree.dismantle());
    assertSame(copy, model);
    for (const _ of copy.dismantle());
    assertEquals(arena.usedBytes, 0);
  });
}

Deno.test("IdTree keeps full nodes when it grows at the end", () => {
  const arena = new Arena();
  const tree = new IdTree(arena, 0);
  const id = new StreamId();
  for (let i = 0; i < 100_000; i++) {
    id.incrementSeq();
    tree.insert(id);
  }
  assert(arena.usedBytes < 100_000 * 16.5, `${arena.usedBytes} bytes`);
});

Deno.test("IdTree gives all memory back when its last ID goes", () => {
  const arena = new Arena();
  const tree = new IdTree(arena, 2);
  const ids = Array.from({ length: 5000 }, (_, i) => StreamId.of(i, 0));
  for (const id of ids) tree.insert(id);
  const random = seededRandom(7);
  while (ids.length > 0) {
    const i = Math.floor(random() * ids.length);
    assert(tree.remove(ids[i]));
    ids[i] = ids[ids.length - 1];
    ids.pop();
  }
  assertEquals(arena.usedBytes, 0);
  assertEquals(tree.first(), undefined);
});

Deno.test("IdTree moves out of chunks that are being emptied", () => {
  const arena = new Arena({ fragmentationThreshold: 0.1 });
  const filler = Array.from({ length: 4000 }, () => arena.alloc(2048));
  const tree = new IdTree(arena, 1);
  const model = new Model();
  const id = new StreamId();
  for (let i = 0; i < 40_000; i++) {
    id.incrementSeq();
    tree.insert(id).put(0, i);
    model.put(id, i);
    if (i % 10 === 0) filler.push(arena.alloc(2048));
  }
  filler.forEach((ref, i) => {
    if (i % 8 !== 0) arena.free(ref);
  });
  const before = arena.chunkCount;
  assert(arena.beginEvacuation());
  for (const _ of tree.relocate());
  filler.forEach((ref, i) => {
    if (i % 8 === 0) arena.free(ref);
  });
  arena.endEvacuation();
  assertSame(tree, model);
  assert(arena.chunkCount < before);
});
