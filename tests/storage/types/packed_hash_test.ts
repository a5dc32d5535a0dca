import { assertEquals } from "@std/assert";
import { Arena } from "../../../storage/memory/arena.ts";
import { Hasher } from "../../../storage/memory/hash.ts";
import { FieldTable } from "../../../storage/types/hash.ts";
import {
  EMPTY_BYTES,
  type Listpack,
  type ListpackOwner,
  writeEmpty,
} from "../../../storage/types/listpack.ts";
import { PackedHash } from "../../../storage/types/packed_hash.ts";
import { seededRandom } from "../../support/harness.ts";
import { contentOf, find, put, walkBeside } from "./hash_model.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 12_000);

/** Keeps a listpack somewhere in a buffer that is replaced at every change of size. */
class Bytes implements ListpackOwner {
  buf: Uint8Array = new Uint8Array(EMPTY_BYTES + 3);
  isTimed = false;
  hash = new PackedHash(this);

  constructor(isTimed = false) {
    writeEmpty(this.buf, 3);
    this.isTimed = isTimed;
    this.hash.attach(this.buf, 3, isTimed);
  }

  resize(pack: Listpack, length: number): void {
    const resized = new Uint8Array(length + 3);
    resized.set(this.buf.subarray(0, length + 3));
    this.buf = resized;
    pack.attach(resized, 3);
  }
}

Deno.test("packed hash agrees with a Map", () => {
  walkBeside(new Bytes().hash, {
    random: seededRandom(21),
    steps: STEPS / 2,
    names: 120,
    times: false,
    every: 100,
  });
});

Deno.test("timed packed hash agrees with a Map while fields get times and are over", () => {
  walkBeside(new Bytes(true).hash, {
    random: seededRandom(22),
    steps: STEPS / 2,
    names: 120,
    times: true,
    every: 100,
  });
});

Deno.test("timed packed hash has fields in the order of their times, those that stay last", () => {
  const { hash } = new Bytes(true);
  put(hash, "stays", "1");
  put(hash, "third", "2", 3000);
  put(hash, "first", "3", 1000);
  put(hash, "second", "4", 2000);
  assertEquals([...contentOf(hash).keys()], ["first", "second", "third", "stays"]);
  assertEquals(hash.earliest, 1000);
  hash.setExpiry(find(hash, "stays"), 1500);
  hash.setExpiry(find(hash, "first"), -1);
  assertEquals([...contentOf(hash).keys()], ["stays", "second", "third", "first"]);
  put(hash, "second", "4");
  assertEquals([...contentOf(hash).keys()], ["stays", "third", "first", "second"]);
});

Deno.test("packed hash becomes a timed one with the same fields", () => {
  const bytes = new Bytes();
  const { hash } = bytes;
  for (let i = 0; i < 100; i++) put(hash, `f${i}`, String(i * i));
  const timed = new PackedHash(bytes).attach(hash.timed(), 0, true);
  assertEquals(timed.size, 100);
  assertEquals(contentOf(timed), contentOf(hash));
  assertEquals(timed.earliest, Infinity);
});

Deno.test("packed hash becomes a table with the same fields", () => {
  const { hash } = new Bytes(true);
  for (let i = 0; i < 100; i++) put(hash, `f${i}`, String(i), i % 2 === 0 ? 1000 + i : -1);
  put(hash, "123", "456", 1);
  const heap = {
    arena: new Arena(),
    hasher: new Hasher(1, 2),
    meter: { bytes: 0 },
    random: seededRandom(3),
  };
  assertEquals(contentOf(FieldTable.from(hash, heap)), contentOf(hash));
});
