import { Args } from "../../server/resp/args.ts";
import { type Database, Keyspace } from "../../storage/keyspace.ts";
import { flushAll, flushDatabase } from "../../storage/lazy_free.ts";
import { assert, assertEquals } from "@std/assert";

function makeKeyspace(clock?: () => number): Keyspace {
  let seed = 1;
  return new Keyspace({
    databases: 3,
    random: () => (seed = (seed * 48271) % 2147483647) / 2147483647,
    hooks: { expired() {}, evicted() {} },
    ...(clock && { clock }),
  });
}

function fill(db: Database, count: number, value = "value"): void {
  for (let i = 0; i < count; i++) db.setString(Args.of("SET", `key:${i}`), 1, value);
}

function valueOf(db: Database, key: string): string | undefined {
  const ref = db.findKey(new TextEncoder().encode(key));
  return ref === 0 ? undefined : new TextDecoder().decode(db.valueBytes(ref));
}

Deno.test("flushAll empties every database at once and the memory follows in slices", () => {
  const keyspace = makeKeyspace();
  const [a, b] = keyspace.databases;
  fill(a, 50_000);
  fill(b, 10, "x".repeat(1_000_000));
  const empty = makeKeyspace().usedBytes;

  assertEquals(flushAll(keyspace), 50_010);
  assertEquals([a.size, b.size, keyspace.usedBytes], [0, 0, empty]);
  assertEquals(keyspace.arena.committedBytes, 0);
  assertEquals(keyspace.lazyFree.pendingKeys, 50_010);
  assertEquals(valueOf(a, "key:1"), undefined);

  let slices = 1;
  while (keyspace.lazyFree.run(0)) slices++;
  assert(slices > 20, `${slices} slices`);
  assertEquals([keyspace.lazyFree.pendingKeys, keyspace.lazyFree.freedKeys], [0, 50_010]);
});

Deno.test("flushAll leaves a keyspace that works on before its past is freed", () => {
  const keyspace = makeKeyspace();
  const [db] = keyspace.databases;
  fill(db, 20_000, "old");
  flushAll(keyspace);
  fill(db, 20_000, "new");
  keyspace.lazyFree.drain();
  assertEquals(db.size, 20_000);
  for (let i = 0; i < 20_000; i++) assertEquals(valueOf(db, `key:${i}`), "new");
});

Deno.test("flushDatabase frees its own records only, in slices", () => {
  const keyspace = makeKeyspace();
  const [a, b] = keyspace.databases;
  fill(b, 10_000, "stays");
  const before = keyspace.usedBytes;
  fill(a, 50_000);

  assertEquals(flushDatabase(a), 50_000);
  assertEquals([a.size, b.size], [0, 10_000]);
  assert(keyspace.arena.usedBytes > before);
  fill(a, 10, "again");
  let slices = 1;
  while (keyspace.lazyFree.run(0)) slices++;
  assert(slices > 20, `${slices} slices`);
  assertEquals(flushDatabase(a), 10);
  keyspace.lazyFree.drain();
  assertEquals(keyspace.usedBytes, before);
  for (let i = 0; i < 10_000; i++) assertEquals(valueOf(b, `key:${i}`), "stays");
});

Deno.test("flushDatabase of the only database with keys drops the whole arena", () => {
  const keyspace = makeKeyspace();
  const [, b] = keyspace.databases;
  fill(b, 1000);
  assertEquals(flushDatabase(b), 1000);
  assertEquals(keyspace.arena.committedBytes, 0);
  assertEquals(flushDatabase(b), 0);
});

Deno.test("flushAll makes the records of databases flushed before void", () => {
  const keyspace = makeKeyspace();
  const [a, b] = keyspace.databases;
  fill(a, 5000);
  fill(b, 5000);
  flushDatabase(a);
  flushAll(keyspace);
  fill(a, 5000, "new");
  const used = keyspace.usedBytes;
  // Freeing a record of the old table now would free one of the new records.
  keyspace.lazyFree.drain();
  assertEquals(keyspace.usedBytes, used);
  for (let i = 0; i < 5000; i++) assertEquals(valueOf(a, `key:${i}`), "new");
});

Deno.test("LazyFree keeps to its budget", () => {
  let now = 0;
  const keyspace = makeKeyspace(() => now++);
  const [a, b] = keyspace.databases;
  fill(a, 30_000);
  fill(b, 1);
  flushDatabase(a);
  const pending = keyspace.lazyFree.pendingKeys;
  assert(keyspace.lazyFree.run(3));
  const freed = pending - keyspace.lazyFree.pendingKeys;
  assert(freed > 0 && freed < 8000, `${freed} keys freed`);
});

Deno.test("Keyspace tells of databases that are flushed or swapped before it happens", () => {
  const seen: string[] = [];
  const keyspace = new Keyspace({
    databases: 3,
    random: () => 0.5,
    hooks: {
      expired() {},
      evicted() {},
      replaced: (db) => seen.push(`${db.id}: ${db.size}`),
    },
  });
  const [a, b] = keyspace.databases;
  fill(a, 2);
  fill(b, 1);
  keyspace.swap(0, 1);
  flushDatabase(a);
  flushAll(keyspace);
  assertEquals(seen, ["0: 2", "1: 1", "0: 1", "0: 0", "1: 2", "2: 0"]);
});
