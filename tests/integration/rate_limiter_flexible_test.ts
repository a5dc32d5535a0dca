/**
 * The npm package rate-limiter-flexible, which counts in a Lua script, against a server in this process.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { allGone, startServer } from "../server/wire.ts";
import { waitFor } from "../support/wait.ts";

async function withClient(run: (storeClient: Redis) => Promise<void>): Promise<void> {
  await using instance = await startServer();
  const redis = new Redis({ host: "127.0.0.1", port: instance.port, enableOfflineQueue: false });
  await waitFor(() => redis.status === "ready", { what: "the client to be ready" });
  try {
    await run(redis);
  } finally {
    await redis.quit();
  }
  await allGone(instance);
}

/** The refusal that a promise rejects with. */
async function refused(work: Promise<unknown>): Promise<RateLimiterRes> {
  const refusal: unknown = await work.then(() => undefined, (error) => error);
  assert(refusal instanceof RateLimiterRes, `not refused: ${refusal}`);
  return refusal;
}

Deno.test("rate-limiter-flexible lets so many through and refuses the next", () =>
  withClient(async (storeClient) => {
    const limiter = new RateLimiterRedis({ storeClient, points: 3, duration: 60 });
    for (const left of [2, 1, 0]) {
      assertEquals((await limiter.consume("user")).remainingPoints, left);
    }
    const refusal = await refused(limiter.consume("user"));
    assertEquals([refusal.remainingPoints, refusal.consumedPoints], [0, 4]);
    assertGreater(refusal.msBeforeNext, 50_000);
    assertEquals((await limiter.consume("other", 2)).remainingPoints, 1);
    assertEquals(await storeClient.get("rlflx:user"), "4");
  }));

Deno.test("rate-limiter-flexible counts concurrent requests exactly", () =>
  withClient(async (storeClient) => {
    const limiter = new RateLimiterRedis({ storeClient, points: 50, duration: 60 });
    const tries = await Promise.allSettled(
      Array.from({ length: 200 }, () => limiter.consume("user")),
    );
    assertEquals(tries.filter(({ status }) => status === "fulfilled").length, 50);
  }));

Deno.test("rate-limiter-flexible begins anew when its time is over", () =>
  withClient(async (storeClient) => {
    const limiter = new RateLimiterRedis({ storeClient, points: 1, duration: 1 });
    await limiter.consume("user");
    await refused(limiter.consume("user"));
    await storeClient.pexpire("rlflx:user", 1);
    await waitFor(async () => await storeClient.exists("rlflx:user") === 0, {
      what: "the key to expire",
    });
    assertEquals((await limiter.consume("user")).consumedPoints, 1);
  }));

Deno.test("rate-limiter-flexible gives points back, blocks and forgets", () =>
  withClient(async (storeClient) => {
    const limiter = new RateLimiterRedis({ storeClient, points: 5, duration: 60 });
    await limiter.consume("user", 4);
    assertEquals((await limiter.reward("user", 2)).consumedPoints, 2);
    assertEquals((await limiter.penalty("user", 1)).consumedPoints, 3);
    await limiter.block("user", 60);
    await refused(limiter.consume("user"));
    assertEquals(await limiter.delete("user"), true);
    assertEquals(await limiter.get("user"), null);
    assertEquals((await limiter.consume("user")).remainingPoints, 4);
  }));

Deno.test("rate-limiter-flexible tells errors of the store from refusals", () =>
  withClient(async (storeClient) => {
    const limiter = new RateLimiterRedis({ storeClient, points: 5, duration: 60 });
    await storeClient.lpush("rlflx:user", "no number");
    await assertRejects(() => limiter.consume("user"), Error, "WRONGTYPE");
  }));
