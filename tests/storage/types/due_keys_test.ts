import { assert, assertEquals } from "@std/assert";
import { decodeLatin1, encodeLatin1 } from "../../../server/resp/args.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import type { Heap } from "../../../storage/types/collection.ts";
import { DueKeys } from "../../../storage/types/due_keys.ts";
import { seededRandom } from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

function newHeap(): Heap {
  return {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
}

function lower(due: DueKeys, name: string, time: number): void {
  const key = encodeLatin1(name);
  due.lower(key, 0, key.length, time);
}

function remove(due: DueKeys, name: string): boolean {
  const key = encodeLatin1(name);
  return due.remove(key, 0, key.length);
}

Deno.test("due keys agree with a Map", () => {
  const heap = newHeap();
  const due = new DueKeys(heap);
  const model = new Map<string, number>();
  const random = seededRandom(1);
  let now = 1_700_000_000_000;
  for (let step = 0; step < STEPS; step++) {
    const name = `key:${Math.floor(random() * 5000)}`;
    const choice = random();
    if (choice < 0.7) {
      const time = now + Math.floor(random() * 1000);
      lower(due, name, time);
      model.set(name, Math.min(time, model.get(name) ?? Infinity));
    } else if (choice < 0.99) {
      assertEquals(remove(due, name), model.delete(name));
    } else {
      now += Math.floor(random() * 300);
      const expected = [...model].filter(([, time]) => time < now).map(([name]) => name);
      const met: string[] = [];
      const most = random() < 0.5 ? Infinity : Math.floor(random() * 40) + 1;
      const more = due.visitDue(now, (key) => {
        const met1 = decodeLatin1(key);
        met.push(met1);
        const next = random() < 0.5 ? Infinity : now + Math.floor(random() * 1000);
        if (next === Infinity) model.delete(met1);
        else model.set(met1, next);
        return next;
      }, () => met.length >= most);
      if (more) assertEquals(met.length, most);
      else assertEquals(met.sort(), expected.sort());
      for (const name of met) assert(expected.includes(name));
    }
    assertEquals(due.size, model.size);
  }
  while (due.dismantle());
  assertEquals(heap.arena.usedBytes, 0);
  assertEquals(heap.meter.bytes, 0);
});

Deno.test("due keys may be removed by the visit itself, others too", () => {
  const due = new DueKeys(newHeap());
  for (let i = 0; i < 100; i++) lower(due, `k${i}`, i);
  let visits = 0;
  due.visitDue(1000, (key) => {
    visits++;
    due.remove(key, 0, key.length);
    remove(due, `k${99 - visits}`);
    return Infinity;
  }, () => false);
  assertEquals(due.size, 0);
});

Deno.test("due keys that a visit leaves due are visited again", () => {
  const due = new DueKeys(newHeap());
  lower(due, "k", 5);
  let visits = 0;
  due.visitDue(10, () => ++visits < 4 ? 5 : Infinity, () => false);
  assertEquals(visits, 4);
  assertEquals(due.size, 0);
});
