/**
 * The npm client ioredis against a server in this process: what its users do first.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Redis, type RedisOptions } from "ioredis";
import { allGone, startServer } from "../server/wire.ts";
import { waitFor } from "../support/wait.ts";

/** Runs a test with a client that is ready, and ends both sides. */
async function withClient(
  run: (redis: Redis, port: number) => Promise<void>,
  options: RedisOptions = {},
): Promise<void> {
  const directives = options.password === undefined ? {} : { requirepass: options.password };
  await using instance = await startServer(directives);
  const redis = new Redis({
    ...options,
    host: "127.0.0.1",
    port: instance.port,
    lazyConnect: true,
  });
  await redis.connect();
  try {
    await run(redis, instance.port);
  } finally {
    await redis.quit();
  }
  await allGone(instance);
}

Deno.test("ioredis sets and gets strings", () =>
  withClient(async (redis) => {
    assertEquals(await redis.set("key", "value"), "OK");
    assertEquals(await redis.get("key"), "value");
    assertEquals(await redis.get("nothing"), null);
    assertEquals(await redis.set("key", "other", "EX", 100, "NX"), null);
    assertEquals(await redis.set("key", "other", "GET"), "value");
    assertEquals(await redis.append("key", "!"), 6);
    assertEquals(await redis.strlen("key"), 6);
    assertEquals(await redis.getrange("key", 0, 2), "oth");
    assertEquals(await redis.getdel("key"), "other!");
  }));

Deno.test("ioredis counts", () =>
  withClient(async (redis) => {
    assertEquals(await redis.incr("n"), 1);
    assertEquals(await redis.incrby("n", 41), 42);
    assertEquals(await redis.decr("n"), 41);
    assertEquals(await redis.incrbyfloat("n", 0.5), "41.5");
    await assertRejects(
      () => redis.incr("n"),
      Error,
      "ERR value is not an integer or out of range",
    );
  }));

Deno.test("ioredis handles many keys at once", () =>
  withClient(async (redis) => {
    assertEquals(await redis.mset({ a: "1", b: "2" }), "OK");
    assertEquals(await redis.mget("a", "b", "c"), ["1", "2", null]);
    assertEquals(await redis.exists("a", "b", "c"), 2);
    assertEquals(await redis.msetnx("c", "3", "a", "4"), 0);
    assertEquals((await redis.keys("*")).sort(), ["a", "b"]);
    assertEquals(await redis.type("a"), "string");
    assertEquals(await redis.rename("a", "z"), "OK");
    assertEquals(await redis.copy("z", "y"), 1);
    assertEquals(await redis.dbsize(), 3);
    assertEquals(await redis.del("z", "y", "nothing"), 2);
    assertEquals(await redis.flushall(), "OK");
  }));

Deno.test("ioredis lets keys expire", () =>
  withClient(async (redis) => {
    await redis.setex("key", 100, "value");
    assert(await redis.ttl("key") > 98);
    assertEquals(await redis.persist("key"), 1);
    assertEquals(await redis.ttl("key"), -1);
    assertEquals(await redis.pexpire("key", 100_000), 1);
    assertEquals(await redis.expireat("key", 1), 1);
    assertEquals(await redis.exists("key"), 0);
  }));

Deno.test("ioredis stores bytes", () =>
  withClient(async (redis) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { Buffer } = await import("node:buffer");
    await redis.set(Buffer.from("key"), Buffer.from(bytes));
    assertEquals(Uint8Array.from(await redis.getBuffer("key") ?? []), bytes);
  }));

Deno.test("ioredis pipelines", () =>
  withClient(async (redis) => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.set(`key:${i}`, i).get(`key:${i}`);
    pipeline.incr("key:1");
    pipeline.incrby("key:1", "x");
    const results = await pipeline.exec();
    assertEquals(results?.length, 2002);
    assertEquals(results?.[1999], [null, "999"]);
    assertEquals(results?.[2000], [null, 2]);
    assertEquals(results?.[2001][0]?.message, "ERR value is not an integer or out of range");
  }));

Deno.test("ioredis sends single commands as a pipeline by itself", () =>
  withClient(async (redis) => {
    const replies = await Promise.all(Array.from({ length: 100 }, (_, i) => redis.incrby("n", i)));
    assertEquals(replies.at(-1), 4950);
  }, { enableAutoPipelining: true }));

Deno.test("ioredis walks over all keys with scanStream", () =>
  withClient(async (redis) => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 500; i++) pipeline.set(`key:${i}`, i);
    pipeline.set("other", 1);
    await pipeline.exec();
    const seen = new Set<string>();
    for await (const keys of redis.scanStream({ match: "key:*", count: 50 })) {
      for (const key of keys as string[]) seen.add(key);
    }
    assertEquals(seen.size, 500);
  }));

Deno.test("ioredis logs in, selects a database and names its connection", () =>
  withClient(async (redis, port) => {
    assertEquals(await redis.client("GETNAME"), "tester");
    await redis.set("key", "in two");
    assertEquals(await redis.select(0), "OK");
    assertEquals(await redis.get("key"), null);
    const stranger = new Redis({
      host: "127.0.0.1",
      port,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    stranger.on("error", () => {});
    await assertRejects(() => stranger.get("key"), Error, "NOAUTH");
    stranger.disconnect();
  }, { password: "secret", db: 2, connectionName: "tester" }));

Deno.test("ioredis tells unknown commands from failed ones", () =>
  withClient(async (redis) => {
    await assertRejects(() => redis.call("NOSUCH", "a"), Error, "ERR unknown command 'NOSUCH'");
    assertEquals(await redis.call("ECHO", "still here"), "still here");
    assert((await redis.info("server")).includes("redis_version:"));
  }));

Deno.test("ioredis subscribes to channels, patterns and shard channels", () =>
  withClient(async (redis) => {
    const subscriber = redis.duplicate();
    await subscriber.connect();
    const heard: string[] = [];
    subscriber.on("message", (channel, text) => heard.push(`${channel}: ${text}`));
    subscriber.on("pmessage", (pattern, channel, text) => {
      heard.push(`${pattern}: ${channel}: ${text}`);
    });
    // ioredis leaves its subscriber mode with the last channel, even if there are shard channels.
    const ofShards = redis.duplicate();
    await ofShards.connect();
    ofShards.on("smessage", (channel, text) => heard.push(`shard ${channel}: ${text}`));
    assertEquals(await subscriber.subscribe("news", "weather"), 2);
    assertEquals(await subscriber.psubscribe("n*"), 3);
    assertEquals(await ofShards.ssubscribe("news"), 1);
    assertEquals(await subscriber.ping(), ["pong", ""] as unknown);
    await assertRejects(() => subscriber.get("key"), Error, "subscriber mode");
    assertEquals(await redis.publish("news", "one"), 2);
    assertEquals(await redis.publish("weather", "rain"), 1);
    assertEquals(await redis.spublish("news", "two"), 1);
    assertEquals(await redis.publish("nothing", "three"), 1);
    await waitFor(() => heard.length === 5, { what: "the messages" });
    assertEquals(heard.filter((each) => !each.startsWith("shard")), [
      "news: one",
      "n*: news: one",
      "weather: rain",
      "n*: nothing: three",
    ]);
    assertEquals(heard.filter((each) => each.startsWith("shard")), ["shard news: two"]);
    assertEquals(await redis.pubsub("NUMSUB", "news", "none"), ["news", 1, "none", 0]);
    await subscriber.unsubscribe("news", "weather");
    await subscriber.punsubscribe("n*");
    assertEquals(await subscriber.get("key"), null);
    await ofShards.sunsubscribe("news");
    assertEquals(await ofShards.get("key"), null);
    await subscriber.quit();
    await ofShards.quit();
  }));

Deno.test("ioredis takes its subscriptions up again after the connection broke", () =>
  withClient(async (redis) => {
    const subscriber = redis.duplicate();
    await subscriber.connect();
    const heard: string[] = [];
    subscriber.on("message", (_, text) => heard.push(text));
    await subscriber.subscribe("news");
    await redis.client("KILL", "TYPE", "pubsub");
    await waitFor(async () => await redis.publish("news", "again") === 1, {
      what: "the subscription",
    });
    await waitFor(() => heard.length === 1, { what: "the message" });
    await subscriber.quit();
  }));

Deno.test("ioredis hears of keys that expire", () =>
  withClient(async (redis) => {
    await redis.config("SET", "notify-keyspace-events", "Ex");
    const subscriber = redis.duplicate();
    await subscriber.connect();
    const heard: string[] = [];
    subscriber.on("message", (channel, key) => heard.push(`${channel} ${key}`));
    await subscriber.subscribe("__keyevent@0__:expired");
    await redis.set("key", "value", "PX", 20);
    await waitFor(() => heard.length === 1, { what: "the end of the key" });
    assertEquals(heard, ["__keyevent@0__:expired key"]);
    await subscriber.quit();
  }));
