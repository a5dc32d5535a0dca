/**
 * Slots move between nodes of both kinds while clients write.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Cluster } from "ioredis";
import { hasRedisServer } from "../support/peer.ts";
import { ask, manage, TestCluster } from "./nodes.ts";

const COUNTERS = 400;

Deno.test({
  name: "slots move from coolcache to redis-server and back under load, and nothing is lost",
  ignore: !hasRedisServer,
  async fn() {
    await using cluster = await TestCluster.start(["coolcache", "redis", "coolcache"]);
    const [first, second] = cluster.nodes;
    const client = new Cluster([{ host: "127.0.0.1", port: first.port }], {
      clusterRetryStrategy: () => 100,
      slotsRefreshTimeout: 5000,
    });
    const counts = new Array<number>(COUNTERS).fill(0);
    let isOver = false;
    try {
      // One value of each kind in every few slots.
      for (let i = 0; i < 300; i++) {
        await client.rpush(`list:${i}`, ...Array.from({ length: i }, String), "end");
        await client.hset(`hash:${i}`, { name: `n${i}`, text: "x".repeat(i) });
        await client.zadd(`zset:${i}`, i, "a", i + 1, "b");
        await client.sadd(`set:${i}`, i, "word");
        await client.xadd(`stream:${i}`, "1-1", "field", `v${i}`);
        await client.set(`string:${i}`, "y".repeat(i), "EX", 10_000);
      }
      const load = (async () => {
        for (let i = 0; !isOver; i = (i + 1) % COUNTERS) {
          counts[i]++;
          assertEquals(await client.incr(`counter:${i}`), counts[i]);
        }
      })();
      try {
        const ids = [await ask(first, "CLUSTER", "MYID"), await ask(second, "CLUSTER", "MYID")];
        for (const [from, to] of [ids, ids.toReversed()]) {
          await manage(
            "reshard",
            `127.0.0.1:${first.port}`,
            "--cluster-from",
            from,
            "--cluster-to",
            to,
            "--cluster-slots",
            "250",
            "--cluster-yes",
          );
        }
      } finally {
        isOver = true;
        await load;
      }
      assert((await cluster.check()).includes("All 16384 slots covered"));
      for (let i = 0; i < COUNTERS; i++) {
        assertEquals(await client.get(`counter:${i}`), counts[i] === 0 ? null : String(counts[i]));
      }
      for (let i = 0; i < 300; i++) {
        assertEquals(await client.llen(`list:${i}`), i + 1);
        assertEquals(await client.lindex(`list:${i}`, -1), "end");
        assertEquals(await client.hgetall(`hash:${i}`), { name: `n${i}`, text: "x".repeat(i) });
        assertEquals(await client.zrange(`zset:${i}`, 0, -1), ["a", "b"]);
        assertEquals(await client.scard(`set:${i}`), 2);
        assertEquals(await client.xrange(`stream:${i}`, "-", "+"), [["1-1", ["field", `v${i}`]]]);
        assertEquals((await client.get(`string:${i}`))?.length, i);
        assert(await client.ttl(`string:${i}`) > 9000);
      }
    } finally {
      isOver = true;
      client.disconnect();
    }
  },
});
