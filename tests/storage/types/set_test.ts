import { assert, assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import type { Heap } from "../../../storage/types/collection.ts";
import { MemberTable } from "../../../storage/types/set.ts";
import { pick, seededRandom } from "../memory/random.ts";
import { Gathering } from "./gathering.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 30_000);

function newHeap(): Heap {
  return {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
}

function add(set: MemberTable, member: string): boolean {
  const bytes = encodeLatin1(member);
  return set.add(bytes, 0, bytes.length);
}

function remove(set: MemberTable, member: string): boolean {
  const bytes = encodeLatin1(member);
  return set.remove(bytes, 0, bytes.length);
}

function has(set: MemberTable, member: string): boolean {
  const bytes = encodeLatin1(member);
  return set.has(bytes, 0, bytes.length);
}

function membersOf(set: MemberTable): string[] {
  const all = new Gathering();
  set.copy(all);
  return all.members.sort();
}

/** Members of many lengths, with bytes of all values. */
function memberName(number: number): string {
  return ["", "\x00\xff", "member:", "x".repeat(number % 70)][number % 4] + number;
}

function filled(heap: Heap, size: number): MemberTable {
  const set = new MemberTable(heap);
  for (let i = 0; i < size; i++) add(set, memberName(i));
  return set;
}

Deno.test("member table agrees with a Set, growing and shrinking", () => {
  const random = seededRandom(31);
  const heap = newHeap();
  const set = new MemberTable(heap);
  const model = new Set<string>();
  for (let step = 0; step < STEPS; step++) {
    const member = memberName(pick(random, 5000));
    assertEquals(has(set, member), model.has(member));
    if (random() < (step < STEPS / 2 ? 0.8 : 0.2)) {
      assertEquals(add(set, member), !model.has(member));
      model.add(member);
    } else if (random() < 0.1 && model.size > 3) {
      const taken = new Gathering();
      set.take(3, random, taken);
      for (const one of taken.members) assert(model.delete(one), one);
    } else {
      assertEquals(remove(set, member), model.delete(member));
    }
    assertEquals(set.size, model.size);
    if (step % 5000 === 0) assertEquals(membersOf(set), [...model].sort());
  }
  assertEquals(membersOf(set), [...model].sort());
  assertEquals(set.memberBytes, [...model].join("").length);
  for (const member of model) remove(set, member);
  assertEquals(heap.arena.usedBytes, 0);
});

Deno.test("member table draws every member about as often", () => {
  const random = seededRandom(32);
  for (const size of [1, 10, 200, 5000]) {
    const set = filled(newHeap(), size);
    const drawn = new Gathering();
    set.draw(size * 20, random, drawn);
    const counts = new Map<string, number>();
    for (const member of drawn.members) counts.set(member, (counts.get(member) ?? 0) + 1);
    let chiSquare = 0;
    for (let i = 0; i < size; i++) chiSquare += ((counts.get(memberName(i)) ?? 0) - 20) ** 2 / 20;
    // Mean `size`, standard deviation √(2·size).
    assert(chiSquare < size + 5 * Math.sqrt(2 * size), `${chiSquare} for ${size} members`);
  }
});

Deno.test("member table samples different members, each choice as likely as any", () => {
  const random = seededRandom(33);
  const set = filled(newHeap(), 300);
  for (const count of [1, 50, 100, 101, 250, 300]) {
    const counts = new Map<string, number>();
    for (let round = 0; round < 60; round++) {
      const sample = new Gathering();
      set.sample(count, random, sample);
      assertEquals(new Set(sample.members).size, count);
      for (const member of sample.members) counts.set(member, (counts.get(member) ?? 0) + 1);
    }
    const expected = 60 * count / 300;
    const most = Math.max(...counts.values());
    // Among 300 members that are expected 0.2 times, one that comes three times is nothing unusual.
    assert(most <= expected + 6 * Math.sqrt(expected) + 2, `${most} of ${expected}`);
  }
});

Deno.test("member table takes out different members, each as likely as any", () => {
  const random = seededRandom(36);
  for (const size of [3, 300, 20_000]) {
    const counts = new Map<string, number>();
    const taken = Math.ceil(size / 3);
    const rounds = size > 1000 ? 10 : 60;
    for (let round = 0; round < rounds; round++) {
      const heap = newHeap();
      const set = filled(heap, size);
      const gathered = new Gathering();
      set.take(taken, random, gathered);
      assertEquals(set.size, size - taken);
      assertEquals(new Set(gathered.members).size, taken);
      for (const member of gathered.members) {
        assertEquals(has(set, member), false);
        counts.set(member, (counts.get(member) ?? 0) + 1);
      }
      while (set.dismantle());
      assertEquals(heap.arena.usedBytes, 0);
    }
    const expected = rounds * taken / size;
    const most = Math.max(...counts.values());
    assert(most <= expected + 6 * Math.sqrt(expected), `${most} of ${expected}`);
  }
});

Deno.test("member table ends a walk when asked to", () => {
  const set = filled(newHeap(), 5000);
  let visits = 0;
  assertEquals(set.some(() => ++visits === 10), true);
  assertEquals(visits, 10);
  assertEquals(set.some(() => false), false);
});

Deno.test("member table scans who is there throughout just once", () => {
  const random = seededRandom(34);
  const set = filled(newHeap(), 4000);
  const seen: string[] = [];
  let cursor = 0;
  let passing = 4000;
  do {
    cursor = set.scan(cursor, 1 + pick(random, 30), (buf, off, len) => {
      seen.push(Gathering.text(buf, off, len));
    });
    for (let i = 0; i < 20; i++) add(set, memberName(passing++));
    for (let i = 0; i < 10; i++) remove(set, memberName(4000 + pick(random, passing - 4000)));
  } while (cursor !== 0);
  const stayed = seen.filter((member) => Number(/\d+$/.exec(member)![0]) < 4000);
  const wanted = Array.from({ length: 4000 }, (_, i) => memberName(i));
  assertEquals(new Set(stayed).size, stayed.length);
  for (const member of wanted) assert(seen.includes(member), member);
});

Deno.test("member table's copy shares nothing with it", () => {
  const heap = newHeap();
  const set = filled(heap, 3000);
  const members = membersOf(set);
  const copy = set.clone();
  add(set, "new");
  remove(set, memberName(7));
  assertEquals(membersOf(copy), members);
  while (set.dismantle());
  assertEquals(membersOf(copy), members);
});

Deno.test("member table gives back all memory, a part at a time", () => {
  const heap = newHeap();
  const set = filled(heap, 20_000);
  assert(heap.meter.bytes > 20_000 * 8);
  let calls = 1;
  while (set.dismantle()) calls++;
  assert(calls > 5, `${calls} calls`);
  assertEquals(heap.arena.usedBytes, 0);
  assertEquals(heap.meter.bytes, 0);
});

Deno.test("member table moves out of chunks that are emptied", () => {
  const heap = newHeap();
  const set = filled(heap, 60_000);
  for (let i = 0; i < 60_000; i++) if (i % 8 !== 0) remove(set, memberName(i));
  const members = membersOf(set);
  const before = heap.arena.committedBytes;
  assert(heap.arena.beginEvacuation());
  let position = 0;
  do position = set.relocate(position); while (position !== 0);
  heap.arena.endEvacuation();
  assertEquals(membersOf(set), members);
  assert(heap.arena.committedBytes < before);
});
