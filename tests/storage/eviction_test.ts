import { assert, assertEquals } from "@std/assert";
import { Args } from "../../server/resp/args.ts";
import { Evictor } from "../../storage/eviction.ts";
import { AccessTracking, type Database, Keyspace } from "../../storage/keyspace.ts";
import { seededRandom } from "../support/harness.ts";

const KEYS = 1000;
const START = 1_700_000_000_000;
const HOUR = 3_600_000;

/** What is left of {@link KEYS} keys of the same size once a policy has made room for about half of them. */
interface Outcome {
  /** What {@link Evictor.makeRoom} answered. */
  fits: boolean;
  /** Numbers of the keys, in the order in which they went. */
  evicted: number[];
}

interface Setting {
  policy: string;
  tracking?: AccessTracking;
  /** When key `i` expires, in ms from now on; undefined for never. */
  expiry?: (i: number) => number | undefined;
  /** Stores and uses the keys as the test wants it. */
  use?: (keyspace: Keyspace, db: Database) => void;
  databases?: number;
}

function evictHalf({ policy, tracking, expiry = () => undefined, use, databases = 1 }: Setting) {
  const outcome: Outcome = { fits: false, evicted: [] };
  const keyspace = new Keyspace({
    databases: 16,
    random: seededRandom(7),
    hooks: {
      expired: () => {},
      evicted: (db, ref) => {
        outcome.evicted.push(Number(new TextDecoder().decode(db.keyBytes(ref)).slice(1)));
      },
    },
  });
  keyspace.tracking = keyspace.touching = tracking ?? AccessTracking.lru;
  keyspace.setTime(START);
  for (let i = 0; i < KEYS; i++) {
    const ttl = expiry(i);
    const db = keyspace.databases[i % databases];
    const value = "v".repeat(40);
    db.setString(Args.of(`k${i}`), 0, value, ttl === undefined ? -1 : START + ttl);
  }
  use?.(keyspace, keyspace.databases[0]);
  const settings = {
    maxmemory: keyspace.usedBytes - Math.floor(keyspace.arena.usedBytes / 2),
    maxmemoryPolicy: policy,
    maxmemorySamples: 5,
  };
  const evictor = new Evictor(keyspace, settings, () => 0, () => 0);
  outcome.fits = evictor.makeRoom();
  assertEquals(outcome.fits, keyspace.usedBytes <= settings.maxmemory);
  assertEquals(keyspace.evictedKeys, outcome.evicted.length);
  return outcome;
}

/** Which share of the evicted keys is one of those that should go. */
function share({ evicted }: Outcome, shouldGo: (i: number) => boolean): number {
  return evicted.filter(shouldGo).length / evicted.length;
}

const odd = (i: number) => i % 2 === 1;
const hourForOdd = (i: number) => odd(i) ? HOUR : undefined;

/** The keys are used one after the other, a second apart, from the last to the first. */
function useInTurn(keyspace: Keyspace, db: Database): void {
  for (let i = KEYS - 1; i >= 0; i--) {
    keyspace.setTime(keyspace.now + 1000);
    db.find(Args.of(`k${i}`), 0);
  }
}

/** The first half of the keys is used often, the other half hardly ever. */
function useFirstHalf(_keyspace: Keyspace, db: Database): void {
  for (let i = 0; i < KEYS / 2; i++) for (let n = 0; n < 60; n++) db.find(Args.of(`k${i}`), 0);
}

Deno.test("noeviction evicts nothing and says that the data does not fit", () => {
  assertEquals(evictHalf({ policy: "noeviction" }), { fits: false, evicted: [] });
});

Deno.test("allkeys-lru evicts keys that have not been used for long", () => {
  const outcome = evictHalf({ policy: "allkeys-lru", use: useInTurn });
  assert(outcome.fits);
  const hit = share(outcome, (i) => i >= KEYS / 2);
  assert(hit > 0.85, `${hit}`);
});

Deno.test("allkeys-lfu evicts keys that are seldom used", () => {
  const outcome = evictHalf({
    policy: "allkeys-lfu",
    tracking: AccessTracking.lfu,
    use: useFirstHalf,
  });
  assert(outcome.fits);
  const hit = share(outcome, (i) => i >= KEYS / 2);
  assert(hit > 0.9, `${hit}`);
});

Deno.test("allkeys-random evicts keys of all kinds and databases alike", () => {
  const outcome = evictHalf({ policy: "allkeys-random", expiry: hourForOdd, databases: 3 });
  assert(outcome.fits);
  const volatile = share(outcome, odd);
  assert(volatile > 0.4 && volatile < 0.6, `${volatile}`);
  const second = share(outcome, (i) => i % 3 === 1);
  assert(second > 0.25 && second < 0.42, `${second}`);
});

Deno.test("volatile-lru evicts of the keys with an expiry those not used for long", () => {
  const outcome = evictHalf({ policy: "volatile-lru", expiry: () => HOUR, use: useInTurn });
  assert(outcome.fits);
  const hit = share(outcome, (i) => i >= KEYS / 2);
  assert(hit > 0.85, `${hit}`);
});

Deno.test("volatile-lfu evicts of the keys with an expiry those seldom used", () => {
  const outcome = evictHalf({
    policy: "volatile-lfu",
    tracking: AccessTracking.lfu,
    expiry: () => HOUR,
    use: useFirstHalf,
  });
  assert(outcome.fits);
  const hit = share(outcome, (i) => i >= KEYS / 2);
  assert(hit > 0.9, `${hit}`);
});

Deno.test("volatile-ttl evicts the keys that expire first", () => {
  const outcome = evictHalf({ policy: "volatile-ttl", expiry: (i) => HOUR + i * 1000 });
  assert(outcome.fits);
  const hit = share(outcome, (i) => i < KEYS / 2);
  assert(hit > 0.85, `${hit}`);
});

for (const kind of ["lru", "lfu", "random", "ttl"]) {
  const policy = `volatile-${kind}`;
  const tracking = kind === "lfu" ? AccessTracking.lfu : AccessTracking.lru;

  Deno.test(`${policy} leaves keys without an expiry alone`, () => {
    const few = (i: number) => i % 10 === 0 ? HOUR : undefined;
    const outcome = evictHalf({ policy, tracking, expiry: few, databases: 2 });
    // A tenth of the keys is not enough, but it goes.
    assertEquals(outcome.fits, false);
    assertEquals(outcome.evicted.length, KEYS / 10);
    assertEquals(share(outcome, (i) => i % 10 === 0), 1);
  });

  Deno.test(`${policy} evicts nothing where no key expires`, () => {
    assertEquals(evictHalf({ policy, tracking }), { fits: false, evicted: [] });
  });
}

Deno.test("eviction leaves the rest to the next call when its time is over", () => {
  let now = 0;
  const keyspace = new Keyspace({
    databases: 1,
    random: seededRandom(7),
    hooks: { expired: () => {}, evicted: () => {} },
  });
  keyspace.setTime(START);
  for (let i = 0; i < KEYS; i++) keyspace.databases[0].setString(Args.of(`k${i}`), 0, "v");
  const settings = { maxmemory: 1, maxmemoryPolicy: "allkeys-lru", maxmemorySamples: 5 };
  const evictor = new Evictor(keyspace, settings, () => 0, () => now += 0.5);
  assertEquals(evictor.makeRoom(1), true);
  assert(keyspace.evictedKeys > 0 && keyspace.evictedKeys < KEYS / 2, `${keyspace.evictedKeys}`);
});
