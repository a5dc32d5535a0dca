import { assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../../server/resp/args.ts";
import {
  EMPTY_BYTES,
  type Listpack,
  type ListpackOwner,
  writeEmpty,
} from "../../../storage/types/listpack.ts";
import { PackedSortedSet } from "../../../storage/types/packed_sorted_set.ts";
import { SortedSet } from "../../../storage/types/sorted_set.ts";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { seededRandom } from "../../support/harness.ts";
import { entriesOf, walkBeside } from "./sorted_model.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

/** Keeps a listpack somewhere in a buffer that is replaced at every change of size. */
class Bytes implements ListpackOwner {
  buf = new Uint8Array(EMPTY_BYTES + 3);

  constructor() {
    writeEmpty(this.buf, 3);
  }

  resize(pack: Listpack, length: number): void {
    const resized = new Uint8Array(length + 3);
    resized.set(this.buf.subarray(0, length + 3));
    this.buf = resized;
    pack.attach(resized, 3);
  }
}

function newSet(bytes = new Bytes()): PackedSortedSet {
  return new PackedSortedSet(bytes).attach(bytes.buf, 3);
}

function add(set: PackedSortedSet, member: string, score: number): void {
  const bytes = encodeLatin1(member);
  set.add(bytes, 0, bytes.length, score);
}

Deno.test("packed sorted set agrees with a sorted array", () => {
  walkBeside(newSet(), {
    random: seededRandom(21),
    steps: STEPS / 2,
    members: 120,
    growth: 0.8,
    every: 100,
  });
});

Deno.test("packed sorted set keeps scores of every kind", () => {
  walkBeside(newSet(), {
    random: seededRandom(22),
    steps: STEPS / 4,
    members: 60,
    growth: 0.7,
    scores: [-Infinity, Infinity, 0, 1e23, 0.1, -(2 ** 40), 2 ** 60, 2 ** 63, 5e-324, -1.5e-9],
    every: 100,
  });
});

Deno.test("packed sorted set of one score answers ranges of bytes", () => {
  walkBeside(newSet(), {
    random: seededRandom(23),
    steps: STEPS / 4,
    members: 60,
    growth: 0.9,
    scores: [7],
    every: 100,
  });
});

Deno.test("packed sorted set has the bytes that Redis has", () => {
  const bytes = new Bytes();
  const set = newSet(bytes);
  add(set, "b", 2.5);
  add(set, "a", 1);
  add(set, "12", -0);
  const hex = Array.from(bytes.buf.subarray(3), (byte) => byte.toString(16).padStart(2, "0"));
  assertEquals(
    hex.join(" "),
    "18 00 00 00 06 00 0c 01 00 01 81 61 02 01 01 81 62 02 83 32 2e 35 04 ff",
  );
});

Deno.test("packed sorted set becomes a large one", () => {
  const set = newSet();
  for (let i = 0; i < 100; i++) add(set, String((i * 37) % 100), i / 4);
  const large = SortedSet.from(set, {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(1),
  });
  assertEquals(entriesOf(large), entriesOf(set));
});
