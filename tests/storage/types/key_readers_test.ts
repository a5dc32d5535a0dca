import { assert, assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { KeyReaders, MOST_INLINE } from "../../../storage/types/key_readers.ts";
import { seededRandom } from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 30_000);

function fresh(): KeyReaders {
  return new KeyReaders(new Hasher(1, 2), seededRandom(3));
}

function add(readers: KeyReaders, name: string, reader: number): boolean {
  const key = encodeLatin1(name);
  return readers.add(key, 0, key.length, reader);
}

function take(readers: KeyReaders, name: string): number[] {
  const key = encodeLatin1(name);
  return [...readers.take(key, 0, key.length)].sort((a, b) => a - b);
}

Deno.test("key readers agree with a Map of Sets", () => {
  const readers = fresh();
  const model = new Map<string, Set<number>>();
  const random = seededRandom(1);
  for (let step = 0; step < STEPS; step++) {
    // A few keys of every length have many readers.
    const number = Math.floor(random() ** 3 * 3000);
    const name = "k".repeat(number % 40) + number;
    const choice = random();
    if (choice < 0.9) {
      const reader = Math.floor(random() * 200) + (random() < 0.1 ? 2 ** 40 : 0);
      const known = model.get(name) ?? new Set();
      assertEquals(add(readers, name, reader), !known.has(reader));
      model.set(name, known.add(reader));
    } else if (choice < 0.9995) {
      assertEquals(take(readers, name), [...model.get(name) ?? []].sort((a, b) => a - b));
      model.delete(name);
    } else {
      readers.clear();
      model.clear();
    }
    assertEquals(readers.keys, model.size);
  }
  assertEquals(readers.pairs, model.values().reduce((sum, { size }) => sum + size, 0));
  for (const [name, known] of model) {
    assertEquals(take(readers, name), [...known].sort((a, b) => a - b));
  }
  assertEquals([readers.keys, readers.pairs, readers.memory], [0, 0, 0]);
});

Deno.test("a key keeps its readers when they become many", () => {
  const readers = fresh();
  for (let reader = 1; reader <= MOST_INLINE * 3; reader++) {
    assert(add(readers, "key", reader));
    assert(!add(readers, "key", reader));
  }
  assertEquals(take(readers, "key"), Array.from({ length: MOST_INLINE * 3 }, (_, i) => i + 1));
  assertEquals(take(readers, "key"), []);
});

Deno.test("a random key is any of them", () => {
  const readers = fresh();
  assertEquals(readers.randomKey(), undefined);
  for (let i = 0; i < 10; i++) add(readers, `key:${i}`, 1);
  const seen = new Set<string>();
  for (let i = 0; i < 300; i++) seen.add(new TextDecoder().decode(readers.randomKey()));
  assertEquals(seen.size, 10);
});

Deno.test("a hundred thousand keys of one reader take under a hundred bytes each", () => {
  const readers = fresh();
  for (let i = 0; i < 100_000; i++) add(readers, `key:${String(i).padStart(12, "0")}`, 7);
  assert(readers.memory < 100_000 * 100, String(readers.memory / 100_000));
});
