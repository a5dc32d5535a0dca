import { assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import {
  EMPTY_INTSET_BYTES,
  IntSet,
  parseMember,
  writeEmptyIntSet,
} from "../../../storage/types/intset.ts";
import { pick, seededRandom } from "../memory/random.ts";
import { Gathering } from "./gathering.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 6000);

/** An intset on a buffer of just its length, which moves with every change of it. */
class Owned {
  bytes = new Uint8Array(EMPTY_INTSET_BYTES);
  readonly set = new IntSet();

  constructor() {
    writeEmptyIntSet(this.bytes, 0);
    this.set.attach(this.bytes, 0);
  }

  resize(set: IntSet, length: number): void {
    const moved = new Uint8Array(length);
    moved.set(this.bytes.subarray(0, length));
    this.bytes = moved;
    set.attach(moved, 0);
  }

  add(...values: (number | bigint)[]): boolean[] {
    return values.map((value) => this.set.add(this, value));
  }
}

function integersOf(set: IntSet): (number | bigint)[] {
  return Array.from({ length: set.size }, (_, i) => set.at(i));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("intset has Redis's bytes", () => {
  const owned = new Owned();
  assertEquals(hex(owned.bytes), "0200000000000000");
  owned.add(5, -1, 5);
  assertEquals(hex(owned.bytes), "0200000002000000" + "ffff" + "0500");
  owned.add(70000);
  assertEquals(hex(owned.bytes), "0400000003000000" + "ffffffff" + "05000000" + "70110100");
  owned.add(-9223372036854775808n);
  assertEquals(
    hex(owned.bytes),
    "0800000004000000" + "0000000000000080" + "ffffffffffffffff" + "0500000000000000" +
      "7011010000000000",
  );
  assertEquals(owned.set.bytes, owned.bytes.length);
});

Deno.test("intset takes integers of every width, at both ends", () => {
  const values = [
    0,
    32767,
    -32768,
    32768,
    -32769,
    2147483647,
    -2147483648,
    2147483648,
    -2147483649,
    2 ** 53 - 1,
    -(2 ** 53),
    2n ** 53n,
    -(2n ** 53n) - 1n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ];
  const owned = new Owned();
  for (const value of values) assertEquals(owned.add(value, value), [true, false], `${value}`);
  const ascending = values.toSorted((a, b) => a < b ? -1 : 1);
  assertEquals(integersOf(owned.set), ascending);
  for (const value of values) {
    const text = encodeLatin1(String(value));
    assertEquals(parseMember(text, 0, text.length), value);
    assertEquals(owned.set.has(text, 0, text.length), true, `${value}`);
  }
});

Deno.test("members that are no canonical integers are not in an intset", () => {
  const owned = new Owned();
  owned.add(0, 1);
  for (const text of ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "a", "9223372036854775808"]) {
    const bytes = encodeLatin1(text);
    assertEquals(parseMember(bytes, 0, bytes.length), undefined, text);
    assertEquals(owned.set.has(bytes, 0, bytes.length), false, text);
  }
});

Deno.test("intset agrees with a set of bigints", () => {
  const random = seededRandom(21);
  for (let round = 0; round < 6; round++) {
    const owned = new Owned();
    const model = new Set<bigint>();
    const widest = [100, 1e5, 2 ** 33, 2 ** 52, 2 ** 62, 300][round];
    for (let step = 0; step < STEPS / 6; step++) {
      const drawn = BigInt(Math.floor((random() * 2 - 1) * (random() < 0.2 ? widest : 150)));
      const text = encodeLatin1(String(drawn));
      const value = parseMember(text, 0, text.length)!;
      if (random() < 0.6) assertEquals(owned.set.add(owned, value), !model.has(drawn));
      else assertEquals(owned.set.remove(owned, value), model.delete(drawn));
      if (owned.set.find(value)) model.add(drawn);
      assertEquals(owned.set.size, model.size);
      assertEquals(owned.set.bytes, owned.bytes.length);
    }
    const ascending = [...model].sort((a, b) => a < b ? -1 : 1);
    assertEquals(integersOf(owned.set).map(BigInt), ascending);
  }
});

Deno.test("intset hands its members on, and samples of them", () => {
  const random = seededRandom(22);
  const owned = new Owned();
  for (let i = 0; i < 40; i++) owned.set.add(owned, i * 1000 - 20000);
  const all = Array.from({ length: 40 }, (_, i) => String(i * 1000 - 20000));

  const copied = new Gathering();
  owned.set.copy(copied);
  assertEquals(copied.members, all);

  const seen: string[] = [];
  assertEquals(
    owned.set.some((buf, off, len) => {
      seen.push(Gathering.text(buf, off, len));
      return seen.length === 3;
    }),
    true,
  );
  assertEquals(seen, all.slice(0, 3));

  for (let i = 0; i < 20; i++) {
    const count = 1 + pick(random, 40);
    const sample = new Gathering();
    owned.set.sample(count, random, sample);
    assertEquals(new Set(sample.members).size, count);
    const drawn = new Gathering();
    owned.set.draw(count, random, drawn);
    assertEquals(drawn.members.length, count);
    assertEquals([...sample.members, ...drawn.members].every((m) => all.includes(m)), true);
  }
});
