import { Args } from "../../server/resp/args.ts";
import { ActiveExpiry } from "../../storage/expiry.ts";
import { Keyspace } from "../../storage/keyspace.ts";
import { seededRandom } from "../support/harness.ts";
import { assert, assertEquals } from "@std/assert";

const START = 1_700_000_000_000;

/** A keyspace whose key `k<i>` expires `ttl(i)` ms from now on, or never. */
function keyspaceOf(keys: number, ttl: (i: number) => number | undefined): Keyspace {
  const keyspace = new Keyspace({
    databases: 3,
    random: seededRandom(1),
    hooks: { expired: () => {}, evicted: () => {} },
  });
  keyspace.setTime(START);
  for (let i = 0; i < keys; i++) {
    const left = ttl(i);
    const db = keyspace.databases[i % 2];
    db.setString(Args.of(`k${i}`), 0, "v", left === undefined ? -1 : START + left);
  }
  return keyspace;
}

const sizes = (keyspace: Keyspace) => keyspace.databases.map((db) => db.size);

Deno.test("active expiry deletes exactly the keys whose time is over, in all databases", () => {
  const keyspace = keyspaceOf(4000, (i) => i % 4 < 2 ? 100 : i % 4 === 2 ? 200 : undefined);
  const expiry = new ActiveExpiry(keyspace, () => 0);
  expiry.run(Infinity);
  assertEquals(sizes(keyspace), [2000, 2000, 0]);
  keyspace.setTime(START + 100);
  expiry.run(Infinity);
  assertEquals(sizes(keyspace), [2000, 2000, 0]);
  keyspace.setTime(START + 101);
  expiry.run(Infinity);
  assertEquals(sizes(keyspace), [1000, 1000, 0]);
  keyspace.setTime(START + 201);
  assertEquals(expiry.run(Infinity), false);
  assertEquals(sizes(keyspace), [0, 1000, 0]);
  assertEquals(keyspace.expiredKeys, 3000);
});

Deno.test("active expiry works through a second full of keys in short slices", () => {
  const keys = 50_000;
  const keyspace = keyspaceOf(keys, (i) => i % 1000);
  let looks = 0;
  // Each look at the clock finds half of the budget gone.
  const expiry = new ActiveExpiry(keyspace, () => looks++ * 0.5);
  keyspace.setTime(START + 1001);
  let slices = 0;
  let largest = 0;
  for (let more = true; more; slices++) {
    const before = keyspace.expiredKeys;
    more = expiry.run(1);
    largest = Math.max(largest, keyspace.expiredKeys - before);
  }
  assertEquals(sizes(keyspace), [0, 0, 0]);
  assert(largest <= 100, `${largest} keys in one slice`);
  assert(slices < 1000, `${slices} slices`);
});

Deno.test("active expiry leaves a keyspace alone in which nothing is due", () => {
  const keyspace = keyspaceOf(20_000, () => 60_000);
  let looks = 0;
  const expiry = new ActiveExpiry(keyspace, () => looks++);
  assertEquals(expiry.run(1), false);
  assert(looks <= 2, `${looks} looks at the clock`);
});
