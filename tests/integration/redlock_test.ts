/**
 * The npm package redlock, whose locks are taken and freed by Lua scripts, against servers in this process.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import Redlock from "redlock";
import { allGone, startServer } from "../server/wire.ts";

/** What is used of the package, which has no types of its own. */
interface Lock {
  readonly value: string;
  readonly expiration: number;
  unlock(): Promise<void>;
  extend(ttl: number): Promise<Lock>;
}
interface Locker {
  lock(resource: string | string[], ttl: number): Promise<Lock>;
}
type LockerClass = new (clients: Redis[], options: Record<string, number>) => Locker;

const IMPATIENT = { retryCount: 0 };

/** Runs a test with clients of as many servers, each of its own. */
async function withServers(
  count: number,
  run: (clients: Redis[], locker: (options: Record<string, number>) => Locker) => Promise<void>,
): Promise<void> {
  const instances = await Promise.all(Array.from({ length: count }, () => startServer()));
  const clients = instances.map(({ port }) => new Redis({ host: "127.0.0.1", port }));
  try {
    await run(clients, (options) => new (Redlock as LockerClass)(clients, options));
  } finally {
    await Promise.all(clients.map((client) => client.quit()));
    await Promise.all(instances.map(allGone));
    await Promise.all(instances.map((instance) => instance.close()));
  }
}

Deno.test("redlock gives a lock to one at a time", () =>
  withServers(1, async ([client], locker) => {
    const locks = locker(IMPATIENT);
    const lock = await locks.lock("resource", 10_000);
    assertEquals(await client.get("resource"), lock.value);
    assertGreater(await client.pttl("resource"), 9_000);
    await assertRejects(() => locks.lock("resource", 10_000));
    await lock.unlock();
    assertEquals(await client.exists("resource"), 0);
    await (await locks.lock("resource", 10_000)).unlock();
  }));

Deno.test("redlock frees and extends only the lock that it holds", () =>
  withServers(1, async ([client], locker) => {
    const locks = locker(IMPATIENT);
    const lock = await locks.lock("resource", 1_000);
    const extended = await lock.extend(20_000);
    assertGreater(await client.pttl("resource"), 19_000);
    await client.set("resource", "somebody else's", "PX", 10_000);
    await assertRejects(() => extended.extend(1_000));
    await assertRejects(() => extended.unlock());
    assertEquals(await client.get("resource"), "somebody else's");
  }));

Deno.test("redlock serializes those that wait for a lock", () =>
  withServers(1, async (_, locker) => {
    const locks = locker({ retryCount: 200, retryDelay: 2, retryJitter: 2 });
    let inside = 0;
    let done = 0;
    await Promise.all(Array.from({ length: 10 }, async () => {
      const lock = await locks.lock("resource", 10_000);
      assertEquals(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside--;
      done++;
      await lock.unlock();
    }));
    assertEquals(done, 10);
  }));

Deno.test("redlock needs most of several servers", () =>
  withServers(3, async (clients, locker) => {
    const locks = locker(IMPATIENT);
    await clients[0].set("resource", "taken");
    const lock = await locks.lock("resource", 10_000);
    assertEquals(await clients[1].get("resource"), lock.value);
    assertEquals(await clients[2].get("resource"), lock.value);
    await lock.unlock();
    await clients[1].set("resource", "taken");
    await assertRejects(() => locks.lock("resource", 10_000));
    assertEquals(await clients[2].exists("resource"), 0);
  }));

Deno.test("redlock locks several resources at once, or none", () =>
  withServers(1, async ([client], locker) => {
    const locks = locker(IMPATIENT);
    const lock = await locks.lock(["a", "b"], 10_000);
    assertEquals(await client.mget("a", "b"), [lock.value, lock.value]);
    await assertRejects(() => locks.lock(["b", "c"], 10_000));
    assertEquals(await client.exists("c"), 0);
    await lock.unlock();
    assert(await client.exists("a", "b") === 0);
  }));
