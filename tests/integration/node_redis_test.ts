/**
 * The npm client redis (node-redis) against a server in this process, in RESP2 and in RESP3.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createClient } from "redis";
import { allGone, startServer } from "../server/wire.ts";
import { waitFor } from "../support/wait.ts";

/** A connected client of one protocol. */
async function connect(port: number, protocol: 2 | 3, password?: string) {
  const client = createClient({
    RESP: protocol,
    socket: { host: "127.0.0.1", port, reconnectStrategy: false },
    ...(password === undefined ? {} : { password }),
  });
  client.on("error", () => {});
  return await client.connect();
}

type Client = Awaited<ReturnType<typeof connect>>;

/** Defines a test that runs in both protocols. */
function testInBoth(name: string, run: (client: Client) => Promise<void>): void {
  for (const protocol of [2, 3] as const) {
    Deno.test(`node-redis ${name} in RESP${protocol}`, async () => {
      await using instance = await startServer();
      const client = await connect(instance.port, protocol);
      try {
        await run(client);
      } finally {
        await client.close();
      }
      await allGone(instance);
    });
  }
}

testInBoth("sets and gets strings", async (client) => {
  assertEquals(await client.set("key", "value"), "OK");
  assertEquals(await client.get("key"), "value");
  assertEquals(await client.get("nothing"), null);
  const expiration = { type: "EX", value: 100 } as const;
  assertEquals(await client.set("key", "other", { condition: "NX", expiration }), null);
  assertEquals(await client.set("key", "other", { GET: true }), "value");
  assertEquals(await client.append("key", "!"), 6);
  assertEquals(await client.getRange("key", 0, 2), "oth");
  assertEquals(await client.getEx("key", { type: "PX", value: 100_000 }), "other!");
  assertEquals(await client.getDel("key"), "other!");
});

testInBoth("counts", async (client) => {
  assertEquals(await client.incr("n"), 1);
  assertEquals(await client.incrBy("n", 41), 42);
  assertEquals(await client.decr("n"), 41);
  assertEquals(await client.incrByFloat("n", 0.5), "41.5");
  await assertRejects(() => client.incr("n"), Error, "ERR value is not an integer or out of range");
});

testInBoth("handles many keys at once", async (client) => {
  assertEquals(await client.mSet({ a: "1", b: "2" }), "OK");
  assertEquals(await client.mGet(["a", "b", "c"]), ["1", "2", null]);
  assertEquals(await client.exists(["a", "b", "c"]), 2);
  assertEquals((await client.keys("*")).sort(), ["a", "b"]);
  assertEquals(await client.type("a"), "string");
  assertEquals(await client.rename("a", "z"), "OK");
  assertEquals(await client.dbSize(), 2);
  assertEquals(await client.unlink(["z", "b"]), 2);
});

testInBoth("lets keys expire", async (client) => {
  await client.setEx("key", 100, "value");
  assert(await client.ttl("key") > 98);
  assertEquals(await client.persist("key"), 1);
  assertEquals(await client.ttl("key"), -1);
  assertEquals(await client.expire("key", 100, "XX"), 0);
  assertEquals(await client.pExpire("key", 100_000), 1);
  assertEquals(await client.expireAt("key", 1), 1);
  assertEquals(await client.exists("key"), 0);
});

testInBoth("pipelines what is asked in one go", async (client) => {
  const replies = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => client.incrBy("n", i)),
  );
  assertEquals(replies.at(-1), 499_500);
});

testInBoth("walks over all keys with scanIterator", async (client) => {
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`key:${i}`, String(i))));
  await client.set("other", "1");
  const seen = new Set<string>();
  for await (const keys of client.scanIterator({ MATCH: "key:*", COUNT: 50, TYPE: "string" })) {
    for (const key of keys) seen.add(key);
  }
  assertEquals(seen.size, 500);
});

testInBoth("reads configuration and information", async (client) => {
  assertEquals(await client.configSet("maxmemory", "100000000"), "OK");
  assertEquals({ ...await client.configGet("maxmemory") }, { maxmemory: "100000000" });
  assert((await client.info("server")).includes("redis_version:"));
  assertEquals(await client.clientSetName("tester"), "OK");
  assertEquals(await client.clientGetName(), "tester");
  assertEquals((await client.clientInfo()).name, "tester");
});

testInBoth("uses any database", async (client) => {
  await client.select(3);
  await client.set("key", "in three");
  await client.select(0);
  assertEquals(await client.get("key"), null);
  assertEquals(await client.swapDb(0, 3), "OK");
  assertEquals(await client.get("key"), "in three");
});

for (const protocol of [2, 3] as const) {
  Deno.test(`node-redis logs in with a password in RESP${protocol}`, async () => {
    await using instance = await startServer({ requirepass: "secret" });
    const client = await connect(instance.port, protocol, "secret");
    assertEquals(await client.ping(), "PONG");
    await client.close();
    await assertRejects(() => connect(instance.port, protocol, "wrong"), Error, "WRONGPASS");
    await allGone(instance);
  });
}

testInBoth("subscribes to channels, patterns and shard channels", async (client) => {
  const subscriber = await client.duplicate().connect();
  const heard: string[] = [];
  await subscriber.subscribe(["news", "weather"], (text, channel) => {
    heard.push(`${channel}: ${text}`);
  });
  await subscriber.pSubscribe("n*", (text, channel) => heard.push(`n*: ${channel}: ${text}`));
  await subscriber.sSubscribe("news", (text) => heard.push(`shard: ${text}`));
  assertEquals(await client.publish("news", "one"), 2);
  assertEquals(await client.publish("weather", "rain"), 1);
  assertEquals(await client.sPublish("news", "two"), 1);
  await waitFor(() => heard.length === 4, { what: "the messages" });
  assertEquals(heard, ["news: one", "n*: news: one", "weather: rain", "shard: two"]);
  assertEquals((await client.pubSubChannels()).sort(), ["news", "weather"]);
  assertEquals(await client.pubSubNumPat(), 1);
  await subscriber.unsubscribe("news");
  assertEquals(await client.publish("news", "three"), 1);
  await waitFor(() => heard.length === 5, { what: "the last message" });
  await subscriber.close();
});
