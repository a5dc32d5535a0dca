import { assertEquals } from "@std/assert";
import { Args } from "../../server/resp/args.ts";
import { NO_EXPIRY, StringEncoding } from "../../storage/entry.ts";
import { type Database, Keyspace } from "../../storage/keyspace.ts";

const NOW = 1_000_000;

function makeKeyspace(created: string[] = []): Keyspace {
  const keyspace = new Keyspace({
    databases: 2,
    random: () => 0.5,
    hooks: {
      expired() {},
      evicted() {},
      created: (db, ref) => created.push(`${db.id}:${new TextDecoder().decode(db.keyBytes(ref))}`),
    },
  });
  keyspace.setTime(NOW);
  return keyspace;
}

function find(db: Database, key: string): number {
  return db.findKey(new TextEncoder().encode(key));
}

function show(db: Database, key: string): [value: string, expiry: number] | undefined {
  const ref = find(db, key);
  if (ref === 0) return undefined;
  return [new TextDecoder().decode(db.valueBytes(ref)), db.expiry(ref)];
}

const VALUES = [
  "",
  "v",
  "x".repeat(100),
  "y".repeat(5000),
  "z".repeat(50_000),
  "w".repeat(700_000),
];
const EXPIRIES = [NO_EXPIRY, NOW + 5000];
const NAMES = ["k", "q", "other", "o".repeat(300)];

Deno.test("moveTo keeps value and expiry whatever the lengths of the keys", () => {
  for (const value of VALUES) {
    for (const expiry of EXPIRIES) {
      for (const from of NAMES) {
        for (const to of NAMES) {
          const keyspace = makeKeyspace();
          const [source, target] = keyspace.databases;
          const ref = source.setString(Args.of("", from), 1, value, expiry);
          source.moveTo(ref, target, Args.of("", to), 1);
          assertEquals([source.size, target.size], [0, 1]);
          assertEquals(show(target, to), [value, expiry]);
          const counts = [source.table.volatileCount, target.table.volatileCount];
          assertEquals(counts, [0, expiry === NO_EXPIRY ? 0 : 1]);
          target.deleteRef(find(target, to));
          assertEquals(keyspace.arena.usedBytes, 0);
        }
      }
    }
  }
});

Deno.test("moveTo within a database keeps the encoding and tells of the new key", () => {
  const created: string[] = [];
  const keyspace = makeKeyspace(created);
  const [db] = keyspace.databases;
  const ref = db.setString(Args.of("", "from"), 1, "value");
  db.setEncoding(ref, StringEncoding.raw);
  const moved = db.moveTo(ref, db, Args.of("", "a longer name"), 1);
  assertEquals(db.encoding(moved), StringEncoding.raw);
  assertEquals(created, ["0:from", "0:a longer name"]);
  assertEquals([show(db, "from"), show(db, "a longer name")], [undefined, ["value", NO_EXPIRY]]);
});

Deno.test("moveTo gives up the slack of a value that has grown", () => {
  const keyspace = makeKeyspace();
  const [db] = keyspace.databases;
  let ref = db.setString(Args.of("", "key"), 1, "x".repeat(60));
  ref = db.resizeValue(ref, 100);
  db.moveTo(ref, db, Args.of("", "another"), 1);
  assertEquals(show(db, "another"), ["x".repeat(60) + "\0".repeat(40), NO_EXPIRY]);
});

Deno.test("copyTo duplicates value, encoding and expiry and leaves the source alone", () => {
  for (const value of VALUES) {
    for (const expiry of EXPIRIES) {
      const keyspace = makeKeyspace();
      const [source, target] = keyspace.databases;
      const ref = source.setString(Args.of("", "from"), 1, value, expiry);
      source.setEncoding(ref, StringEncoding.raw);
      const copy = source.copyTo(ref, target, Args.of("", "to"), 1);
      assertEquals(target.encoding(copy), StringEncoding.raw);
      source.copyTo(ref, source, Args.of("", "here"), 1);
      assertEquals(show(source, "from"), [value, expiry]);
      assertEquals(show(target, "to"), [value, expiry]);
      assertEquals(show(source, "here"), [value, expiry]);
    }
  }
});

Deno.test("delete lets a key that is over expire, but removes it where the primary decides", () => {
  const keyspace = makeKeyspace();
  const [db] = keyspace.databases;
  const args = Args.of("DEL", "k");
  db.setString(args, 1, "v", NOW + 1);
  keyspace.setTime(NOW + 2);
  assertEquals([db.delete(args, 1), db.size, keyspace.expiredKeys], [false, 0, 1]);

  db.setString(args, 1, "v", NOW + 3);
  keyspace.setTime(NOW + 4);
  keyspace.deletesExpired = false;
  assertEquals([db.delete(args, 1), db.size, keyspace.expiredKeys], [true, 0, 1]);
});

Deno.test("inspect counts hits and misses and leaves the access clock alone", () => {
  const keyspace = makeKeyspace();
  const [db] = keyspace.databases;
  const args = Args.of("EXISTS", "k", "missing");
  db.setString(args, 1, "v");
  keyspace.setTime(NOW + 10_000);
  const ref = db.inspect(args, 1);
  assertEquals(keyspace.idleSeconds(db.clock(ref)), 10);
  assertEquals(db.inspect(args, 2), 0);
  assertEquals([keyspace.hits, keyspace.misses], [1, 1]);
});
