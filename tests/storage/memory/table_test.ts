import { assert, assertEquals, assertThrows } from "@std/assert";
import { CHUNK_BYTES, copyBytes, type Ref } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { pick, seededRandom } from "./random.ts";
import { Records } from "./records.ts";

/** Hashes every key to one of a few values: a hash broken by an attacker. */
class WeakHasher extends Hasher {
  readonly #values: number;

  constructor(values: number) {
    super(0, 0);
    this.#values = values;
  }

  override hash(buffer: Uint8Array, offset: number, length: number): number {
    return super.hash(buffer, offset, length) % this.#values;
  }
}

function assertSame(records: Records, model: Map<string, number | undefined>): void {
  assertEquals(records.table.size, model.size);
  let volatile = 0;
  for (const [key, expiry] of model) {
    const ref = records.find(key);
    if (ref === 0) throw new Error(`${key} is lost`);
    if (records.expiryOf(ref) !== expiry) throw new Error(`${key} has a wrong expiry`);
    if (expiry !== undefined) volatile++;
  }
  assertEquals(records.table.volatileCount, volatile);
  const keys = records.keys();
  assertEquals(keys.length, model.size);
  assertEquals(new Set(keys).size, model.size);
}

Deno.test("table agrees with a Map under random use, growing and shrinking", () => {
  const random = seededRandom(7);
  const records = new Records();
  const model = new Map<string, number | undefined>();
  const steps = 120_000;
  for (let step = 0; step < steps; step++) {
    const key = `k${pick(random, 40_000)}`;
    // Mostly additions in the first half, mostly removals in the second.
    if (random() < (step < steps / 2 ? 0.8 : 0.2)) {
      const expiry = random() < 0.3 ? 1_700_000_000_000 + pick(random, 1e9) : undefined;
      records.put(key, expiry);
      model.set(key, expiry);
    } else {
      assertEquals(records.remove(key), model.delete(key));
    }
    if (step % 20_000 === 0) assertSame(records, model);
  }
  assertSame(records, model);
  for (let i = 0; i < 1000; i++) assertEquals(records.find(`absent ${i}`), 0);
  for (const key of model.keys()) assert(records.remove(key));
  assertEquals(records.table.size, 0);
  assertEquals(records.arena.usedBytes, 0);
});

Deno.test("table grows to 200,000 records compactly and shrinks to nothing", () => {
  const records = new Records();
  const empty = records.table.indexBytes;
  const total = 200_000;
  for (let i = 0; i < total; i++) records.put(`key:${i}`);
  assertEquals(records.table.size, total);
  assert(records.table.indexBytes < total * 11.5, `${records.table.indexBytes} bytes`);
  for (let i = 0; i < total; i++) assert(records.find(`key:${i}`) !== 0);

  for (let i = 0; i < total; i++) {
    assert(records.remove(`key:${i}`));
    if (i % 50_000 === 0) {
      const left = records.table.size;
      assert(records.table.indexBytes < left * 27 + 1000, `${records.table.indexBytes} bytes`);
    }
  }
  assertEquals(records.table.size, 0);
  assertEquals(records.table.indexBytes, empty);
  assertEquals(records.arena.committedBytes, CHUNK_BYTES);
});

Deno.test("table holds keys of every length, empty and binary ones too", () => {
  const records = new Records();
  const keys = Array.from({ length: 300 }, (_, i) => "\u0000".repeat(i));
  for (const key of keys) records.put(key);
  assertEquals(records.table.size, keys.length);
  for (const key of keys) assertEquals(records.keyOf(records.find(key)), key);
  assertEquals(records.find("\u0000".repeat(300)), 0);
});

Deno.test("table keeps working when many keys hash alike", () => {
  for (const values of [1, 3, 70_000]) {
    const records = new Records(new WeakHasher(values));
    const model = new Map<string, undefined>();
    for (let i = 0; i < 3000; i++) {
      records.put(`key ${i}`);
      model.set(`key ${i}`, undefined);
    }
    assertSame(records, model);
    for (let i = 0; i < 3000; i += 2) {
      assert(records.remove(`key ${i}`));
      model.delete(`key ${i}`);
    }
    assertSame(records, model);
    // The directory must not double on and on in the hope of parting what cannot be parted.
    assert(records.table.indexBytes < 100_000, `${records.table.indexBytes} bytes`);
  }
});

Deno.test("table refuses to replace or relocate what it does not hold", () => {
  const records = new Records();
  const ref = records.put("here");
  const stranger = records.record("stranger");
  assertEquals(records.table.remove(stranger, records.hash("stranger")), false);
  assertThrows(() => records.table.replace(stranger, ref, records.hash("stranger"), false));
  assertThrows(() => records.table.relocate(stranger, ref, records.hash("stranger")));
  assertEquals(records.table.size, 1);
});

Deno.test("table forgets everything on clear and works on", () => {
  const records = new Records();
  const empty = records.table.indexBytes;
  for (let i = 0; i < 10_000; i++) records.put(`key ${i}`, i % 2 === 0 ? 1000 + i : undefined);
  records.table.clear();
  assertEquals(records.table.size, 0);
  assertEquals(records.table.volatileCount, 0);
  assertEquals(records.table.indexBytes, empty);
  assertEquals(records.find("key 1"), 0);
  assertEquals(records.keys(), []);
  records.put("new");
  assertEquals(records.keys(), ["new"]);
});

Deno.test("table scan visits every record once while nothing changes", () => {
  for (const size of [0, 1, 10, 1000, 20_000]) {
    for (const count of [1, 10, 1000]) {
      const records = new Records();
      for (let i = 0; i < size; i++) records.put(`key ${i}`);
      const seen = new Set<string>();
      let visits = 0;
      let cursor = 0;
      let calls = 0;
      do {
        let visited = 0;
        cursor = records.table.scan(cursor, count, (ref) => {
          seen.add(records.keyOf(ref));
          visits++;
          visited++;
        });
        assert(Number.isSafeInteger(cursor) && cursor >= 0);
        assert(visited <= count + 5);
        calls++;
      } while (cursor !== 0);
      assertEquals(seen.size, size);
      assertEquals(visits, size);
      assert(calls <= size / count * 2 + 2 + size / 500);
    }
  }
});

Deno.test("table scan misses nothing that stays, while the table grows and shrinks", () => {
  for (let seed = 0; seed < 8; seed++) {
    const random = seededRandom(seed);
    const records = new Records();
    const staying = new Set<string>();
    const passing: string[] = [];
    for (let i = 0; i < 1500; i++) {
      staying.add(`stays ${i}`);
      records.put(`stays ${i}`);
    }
    let next = 0;
    const add = (count: number) => {
      for (let i = 0; i < count; i++) {
        passing.push(`passes ${next}`);
        records.put(`passes ${next++}`);
      }
    };
    const remove = (count: number) => {
      for (let i = 0; i < count && passing.length > 0; i++) {
        const key = passing.splice(pick(random, passing.length), 1)[0];
        assert(records.remove(key));
      }
    };
    // Waves big enough to split and merge segments several times within one scan.
    if (seed % 2 === 1) add(12_000);
    let rising = seed % 2 === 0;
    const seen = new Set<string>();
    let cursor = 0;
    let calls = 0;
    do {
      cursor = records.table.scan(cursor, 1 + pick(random, 40), (ref) => {
        seen.add(records.keyOf(ref));
      });
      if (random() < 0.1) {
        if (rising) add(1 + pick(random, 4000));
        else remove(1 + pick(random, 4000));
        if (passing.length > 12_000) rising = false;
        if (passing.length === 0) rising = true;
      }
      assert(++calls < 20_000, "the scan does not end");
    } while (cursor !== 0);
    for (const key of staying) assert(seen.has(key), `${key} was missed with seed ${seed}`);
  }
});

Deno.test("table scan bears any cursor", () => {
  const random = seededRandom(9);
  const records = new Records();
  for (let i = 0; i < 5000; i++) records.put(`key ${i}`);
  for (let i = 0; i < 2000; i++) {
    let cursor = Math.floor(random() * 2 ** (1 + pick(random, 53)));
    for (let calls = 0; calls < 100 && cursor !== 0; calls++) {
      cursor = records.table.scan(cursor, 1000, () => {});
    }
    assertEquals(cursor, 0);
  }
});

Deno.test("table collects exactly what is due, however few segments a call may visit", () => {
  const random = seededRandom(11);
  for (const segments of [1, 3, 1000]) {
    const records = new Records();
    const due = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const expiry = random() < 0.7 ? 1 + pick(random, 10_000) : undefined;
      records.put(`key ${i}`, expiry);
      if (expiry !== undefined) due.set(`key ${i}`, expiry);
    }
    for (let now = 0; now <= 10_000; now += 500) {
      const out: Ref[] = [];
      while (records.table.collectDue(now, out, segments) > 0) {
        for (const ref of out.splice(0)) {
          const key = records.keyOf(ref);
          assert(due.get(key)! <= now);
          due.delete(key);
          records.drop(ref);
        }
      }
      assertEquals(out, []);
      assertEquals(records.table.volatileCount, due.size);
      for (const expiry of due.values()) assert(expiry > now);
    }
    assertEquals(due.size, 0);
    assertEquals(records.table.collectDue(1e15, [], segments), 0);
  }
});

Deno.test("table collects expiries that come, change and go in place", () => {
  const records = new Records();
  for (let i = 0; i < 5000; i++) records.put(`key ${i}`, 5000);
  const out: Ref[] = [];
  assertEquals(records.table.collectDue(4999, out, 100), 0);

  records.put("early", 10);
  records.put("key 1", 20);
  records.put("key 2");
  records.table.collectDue(30, out, 100);
  assertEquals(out.map((ref) => records.keyOf(ref)).sort(), ["early", "key 1"]);
  for (const ref of out.splice(0)) records.drop(ref);
  assertEquals(records.table.collectDue(30, out, 100), 0);
  assertEquals(records.table.volatileCount, 4998);

  records.table.collectDue(5000, out, 100);
  assertEquals(out.length, 4998);
  for (const ref of out) records.drop(ref);
  assertEquals(records.keys(), ["key 2"]);
  assertEquals(records.table.volatileCount, 0);
});

Deno.test("table does not look at segments that have nothing due", () => {
  const records = new Records();
  for (let i = 0; i < 30_000; i++) records.put(`key ${i}`, 1_000_000);
  records.put("due", 500);
  assertEquals(records.table.collectDue(499, [], 100), 0);
  const out: Ref[] = [];
  assertEquals(records.table.collectDue(500, out, 100), 1);
  assertEquals(out.map((ref) => records.keyOf(ref)), ["due"]);
});

Deno.test("table gives random records, every one about as often", () => {
  for (const size of [1, 3, 50, 6000]) {
    const random = seededRandom(size);
    const records = new Records();
    for (let i = 0; i < size; i++) records.put(`key ${i}`);
    const counts = new Map<Ref, number>();
    for (let i = 0; i < size * 50; i++) {
      const ref = records.table.randomRef(random);
      counts.set(ref, (counts.get(ref) ?? 0) + 1);
    }
    assertEquals(counts.size, size);
    assert(Math.max(...counts.values()) < 150, `${Math.max(...counts.values())} times`);
  }
});

Deno.test("table finds random records in what a mass deletion left", () => {
  const random = seededRandom(2);
  const records = new Records();
  assertEquals(records.table.randomRef(random), 0);
  for (let i = 0; i < 50_000; i++) records.put(`key ${i}`, i === 77 ? 1 : undefined);
  const out: Ref[] = [];
  records.table.sample(random, 5, out, true);
  assertEquals(out.map((ref) => records.keyOf(ref)), ["key 77"]);

  for (let i = 0; i < 50_000; i++) if (i !== 77) records.remove(`key ${i}`);
  assertEquals(records.keyOf(records.table.randomRef(random)), "key 77");
  assert(records.table.indexBytes < 1000);
});

Deno.test("table samples as many records as asked for, all different", () => {
  const random = seededRandom(3);
  const records = new Records();
  for (let i = 0; i < 10_000; i++) records.put(`key ${i}`, i % 10 === 0 ? 1 : undefined);
  for (let i = 0; i < 200; i++) {
    for (const volatileOnly of [false, true]) {
      const out: Ref[] = [];
      records.table.sample(random, 1 + (i % 30), out, volatileOnly);
      assertEquals(new Set(out).size, 1 + (i % 30));
      if (volatileOnly) assert(out.every((ref) => records.expiryOf(ref) === 1));
    }
  }
});

Deno.test("table follows an evacuation of its records", () => {
  const random = seededRandom(6);
  const records = new Records();
  const model = new Map<string, number | undefined>();
  for (let i = 0; i < 60_000; i++) {
    const expiry = i % 3 === 0 ? 1_800_000_000_000 + i : undefined;
    records.put(`key ${i}`, expiry);
    model.set(`key ${i}`, expiry);
  }
  for (const key of [...model.keys()]) {
    if (random() < 0.7) {
      records.remove(key);
      model.delete(key);
    }
  }
  const { arena, table } = records;
  const committed = arena.committedBytes;
  assert(arena.beginEvacuation());
  let position = 0;
  do {
    position = table.relocateAll(position, (ref) => {
      if (!arena.isEvacuating(ref)) return ref;
      const bytes = arena.usable(ref);
      const moved = arena.alloc(bytes);
      copyBytes(
        arena.u8[ref >>> 17],
        (ref & 0x1ffff) << 3,
        arena.u8[moved >>> 17],
        (moved & 0x1ffff) << 3,
        bytes,
      );
      arena.free(ref);
      return moved;
    });
  } while (position !== 0);
  arena.endEvacuation();
  assert(arena.committedBytes < committed);
  assertSame(records, model);
});
