import { assert, assertEquals } from "@std/assert";
import type { Heap } from "../../../storage/collections.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { type List, listLimits } from "../../../storage/types/list.ts";
import { EMPTY_BYTES, Listpack, writeEmpty } from "../../../storage/types/listpack.ts";
import { PackedList } from "../../../storage/types/packed_list.ts";
import { Quicklist } from "../../../storage/types/quicklist.ts";
import { seededRandom } from "../memory/random.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 4000);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function newHeap(): Heap {
  return {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
}

/** A packed list whose bytes lie in an array of their own. */
function newPackedList(): PackedList {
  const bytes = new Uint8Array(EMPTY_BYTES);
  writeEmpty(bytes, 0);
  return new PackedList(new Listpack().attach(bytes, 0), {
    resize(pack, length) {
      const moved = new Uint8Array(length);
      moved.set(pack.buf.subarray(0, Math.min(pack.bytes, length)));
      pack.attach(moved, 0);
    },
  });
}

function elementsOf(list: List, start = 0, count = list.size, backwards = false): string[] {
  const elements: string[] = [];
  list.copy(start, count, backwards, {
    bulkAt: (buf, off, len) => elements.push(decoder.decode(buf.subarray(off, off + len))),
  });
  return elements;
}

function newQuicklist(elements: readonly string[], setting = -2, heap = newHeap()): Quicklist {
  const list = new Quicklist(heap, listLimits(setting));
  for (const element of elements) {
    const bytes = encoder.encode(element);
    list.pushTail(bytes, 0, bytes.length);
  }
  return list;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element ${i}`);
}

/** Does the same to a list and to an array, and compares what they answer. */
class Pair {
  readonly list: List;
  readonly model: string[] = [];
  readonly #random: () => number;
  readonly #longest: number;

  constructor(list: List, random: () => number, longest: number) {
    this.list = list;
    this.#random = random;
    this.#longest = longest;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #element(): string {
    switch (this.#below(5)) {
      case 0:
        return String(this.#below(200) - 100);
      case 1:
        return String(BigInt(this.#below(2 ** 30)) ** 2n - 7n * BigInt(this.#below(2 ** 30)));
      case 2:
        return "x".repeat(this.#below(this.#longest));
      default:
        return `e${this.#below(50)}`;
    }
  }

  step(): void {
    const { list, model } = this;
    const text = this.#element();
    const bytes = encoder.encode(`..${text}.`);
    const [off, len] = [2, bytes.length - 3];
    const index = this.#below(model.length);
    const backwards = this.#below(2) === 0;
    const count = Math.min(
      model.length - index,
      this.#below(this.#below(4) === 0 ? model.length : 5),
    );
    switch (this.#below(14)) {
      case 0:
      case 1:
      case 2:
        list.insert(0, bytes, off, len);
        model.unshift(text);
        break;
      case 3:
      case 4:
      case 5:
        list.insert(model.length, bytes, off, len);
        model.push(text);
        break;
      case 6:
        list.insert(index, bytes, off, len);
        model.splice(index, 0, text);
        break;
      case 7:
        if (model.length === 0) break;
        list.replace(index, bytes, off, len);
        model[index] = text;
        break;
      case 8: {
        // Rarely many, or the list would stay short.
        const removed = this.#below(30) === 0 ? count : Math.min(count, 2);
        list.remove(index, removed);
        model.splice(index, removed);
        break;
      }
      case 9:
        if (model.length === 0) break;
        list.remove(0, 1);
        model.shift();
        break;
      case 10:
        if (model.length === 0) break;
        list.remove(model.length - 1, 1);
        model.pop();
        break;
      case 11: {
        const most = 1 + this.#below(4);
        const found = this.#places(text, backwards).slice(0, most);
        assertEquals(list.removeEqual(bytes, off, len, most, backwards), found.length);
        for (const place of found.sort((a, b) => b - a)) model.splice(place, 1);
        break;
      }
      case 12: {
        const most = this.#below(2) === 0 ? Infinity : this.#below(model.length + 1);
        const found: number[] = [];
        list.search(bytes, off, len, most, backwards, (place) => found.push(place) < 3);
        const near = (i: number) => backwards ? model.length - i <= most : i < most;
        assertEquals(found, this.#places(text, backwards).filter(near).slice(0, 3));
        break;
      }
      default: {
        const expected = model.slice(index, index + count);
        if (backwards) expected.reverse();
        assertEquals(elementsOf(list, index, count, backwards), expected);
        if (model.length === 0) break;
        const element = list.read(index);
        const { buf } = element;
        assertEquals(
          decoder.decode(buf.subarray(element.off, element.off + element.len)),
          model[index],
        );
      }
    }
    assertEquals(list.size, model.length);
  }

  #places(text: string, backwards: boolean): number[] {
    const places = this.model.flatMap((each, i) => each === text ? [i] : []);
    return backwards ? places.reverse() : places;
  }

  check(): void {
    assertEquals(elementsOf(this.list), this.model);
  }
}

for (const setting of [-1, -2, 1, 3, 64]) {
  Deno.test(`Quicklist is what an array is, under list-max-listpack-size ${setting}`, () => {
    const heap = newHeap();
    const random = seededRandom(setting + 100);
    const list = new Quicklist(heap, listLimits(setting));
    const pair = new Pair(list, random, setting < 0 ? 3000 : 100);
    for (let i = 1; i <= STEPS; i++) {
      pair.step();
      if (i % 500 === 0) {
        pair.check();
        checkNodes(list);
      }
    }
    pair.check();
    while (list.dismantle());
    assertEquals(heap.arena.usedBytes, 0);
    assertEquals(heap.meter.bytes, 0);
  });
}

Deno.test("PackedList is what an array is", () => {
  const pair = new Pair(newPackedList(), seededRandom(5), 100);
  for (let i = 1; i <= STEPS; i++) {
    pair.step();
    if (i % 500 === 0) pair.check();
  }
});

/** The nodes are listpacks within the limits, and hold as many elements as the list says. */
function checkNodes(list: Quicklist): void {
  let elements = 0;
  list.eachNode((buf, off, len) => {
    const pack = new Listpack().attach(buf, off);
    assertEquals(pack.bytes, len);
    assertEquals(buf[off + len - 1], 0xff);
    let count = 0;
    for (let at = pack.first(); at !== 0; at = pack.next(at)) count++;
    assert(count > 0);
    assert(count === 1 || (len <= list.limits.bytes && count <= list.limits.elements));
    elements += count;
  });
  assertEquals(elements, list.size);
}

Deno.test("Quicklist packs what is pushed into as few nodes as the limit allows", () => {
  for (const atHead of [false, true]) {
    const list = new Quicklist(newHeap(), listLimits(-2));
    const bytes = encoder.encode("0123456789");
    for (let i = 0; i < 10_000; i++) {
      if (atHead) list.pushHead(bytes, 0, 10);
      else list.pushTail(bytes, 0, 10);
    }
    // 12 bytes an element, and no node is closed before less than one element's estimate is left.
    assertEquals(list.nodeCount, Math.ceil(10_000 / Math.floor((8192 - 7 - 18 + 12) / 12)));
  }
});

Deno.test("Quicklist of a million small elements takes little more than their listpacks", () => {
  const heap = newHeap();
  const list = newQuicklist([], -2, heap);
  const bytes = encoder.encode("element:000000");
  for (let i = 0; i < 1_000_000; i++) list.pushTail(bytes, 0, bytes.length);
  assert(heap.arena.usedBytes + heap.meter.bytes < 16 * 1_000_000 * 1.01);
  for (let i = 0; i < 500_000; i++) {
    list.dropHead();
    list.dropTail();
  }
  assertEquals(list.size, 0);
  assertEquals(heap.arena.usedBytes, 0);
});

Deno.test("Quicklist serves as a queue without growing", () => {
  const heap = newHeap();
  const list = newQuicklist(numbers(50), -2, heap);
  const bytes = encoder.encode("another element");
  let most = 0;
  for (let i = 0; i < 20_000; i++) {
    list.pushTail(bytes, 0, bytes.length);
    list.dropHead();
    most = Math.max(most, heap.arena.usedBytes);
  }
  assert(most <= 2 * 8192, `${most} bytes for 50 elements`);
});

Deno.test("Quicklist gives an element of its own node back when it fits again", () => {
  const list = newQuicklist(numbers(100));
  assertEquals(list.nodeCount, 1);
  const large = new Uint8Array(20_000);
  list.replace(50, large, 0, large.length);
  assertEquals(list.nodeCount, 3);
  const small = encoder.encode("element 50");
  list.replace(50, small, 0, small.length);
  assertEquals(list.nodeCount, 1);
  assertEquals(elementsOf(list), numbers(100));
});

Deno.test("Quicklist holds elements larger than a node", () => {
  const list = newQuicklist(["a".repeat(100_000), "b", "c".repeat(700_000), "d"]);
  assertEquals(elementsOf(list).map((each) => each.length), [100_000, 1, 700_000, 1]);
  list.remove(1, 2);
  assertEquals(elementsOf(list, 1, 1), ["d"]);
});

Deno.test("Quicklist has a copy that shares nothing", () => {
  const list = newQuicklist(numbers(3000));
  const copy = list.clone();
  list.remove(0, 2999);
  assertEquals(elementsOf(copy), numbers(3000));
});

Deno.test("Quicklist moves its nodes out of chunks that are being emptied", () => {
  const heap = newHeap();
  const kept = newQuicklist([], -2, heap);
  const dropped = newQuicklist([], -2, heap);
  const bytes = encoder.encode("x".repeat(1000));
  for (let i = 0; i < 20_000; i++) (i % 8 === 0 ? kept : dropped).pushTail(bytes, 0, 1000);
  while (dropped.dismantle());
  const before = elementsOf(kept);
  assert(heap.arena.beginEvacuation(1000));
  let position = 0;
  do position = kept.relocate(position); while (position !== 0);
  heap.arena.endEvacuation();
  assert(heap.arena.fragmentation < 0.25, `${heap.arena.fragmentation}`);
  assertEquals(elementsOf(kept), before);
});
