/**
 * Clusters of coolcache, and of coolcache together with redis-server, as operators and clients see them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import { pause, waitFor } from "../support/wait.ts";
import { ask, NODE_TIMEOUT, startNode, TestCluster, tryToManage, untilRole } from "./nodes.ts";

function connect(cluster: TestCluster): Cluster {
  const nodes = cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port }));
  return new Cluster(nodes, { clusterRetryStrategy: () => 100, slotsRefreshTimeout: 5000 });
}

/** Waits until a replica has its primary's data, and the primary knows of it. */
async function untilFollows(replica: Peer, primary: Peer): Promise<void> {
  await untilRole(replica, "slave");
  const id = await ask(replica, "CLUSTER", "MYID");
  await waitFor(async () => {
    const isLinked = (await ask(replica, "INFO", "replication")).includes("link_status:up");
    const lines = (await ask(primary, "CLUSTER", "NODES")).split("\n");
    return isLinked && lines.some((line) => line.startsWith(id) && line.includes(" slave "));
  }, { what: "a replica to follow", timeout: 20_000, interval: 50 });
}

Deno.test({
  name: "three coolcache nodes make a cluster that ioredis works with",
  ignore: !hasRedisServer,
  async fn() {
    await using cluster = await TestCluster.start(["coolcache", "coolcache", "coolcache"]);
    assert((await cluster.check()).includes("All 16384 slots covered"));
    const client = connect(cluster);
    try {
      for (let i = 0; i < 300; i++) await client.set(`key:${i}`, `value ${i}`);
      for (let i = 0; i < 300; i++) assertEquals(await client.get(`key:${i}`), `value ${i}`);
      const reply = await client.multi().set("{t}a", 1).incr("{t}a").exec();
      assertEquals(reply, [[null, "OK"], [null, 2]]);
      const sizes = await Promise.all(cluster.nodes.map((node) => ask(node, "DBSIZE")));
      const counts = sizes.map((size) => Number(size.slice(1)));
      assertEquals(counts.reduce((a, b) => a + b), 301);
      assert(counts.every((count) => count > 50), String(counts));
    } finally {
      client.disconnect();
    }
  },
});

Deno.test({
  name: "messages reach subscribers on every node, whichever server it is",
  ignore: !hasRedisServer,
  async fn() {
    await using cluster = await TestCluster.start(["coolcache", "redis", "coolcache"]);
    for (const from of cluster.nodes) {
      for (const at of cluster.nodes) {
        using subscriber = await at.connect();
        await subscriber.send(["SUBSCRIBE", "news"]);
        await ask(from, "PUBLISH", "news", "hello");
        const message = new TextDecoder().decode(await subscriber.read());
        assert(message.includes("hello"), message);
      }
    }
  },
});

Deno.test({
  name: "replicas of either kind take the place of primaries of the other",
  ignore: !hasRedisServer,
  async fn() {
    const kinds = ["coolcache", "redis", "coolcache", "redis", "coolcache", "redis"] as const;
    await using cluster = await TestCluster.start(kinds, { replicas: 1 });
    const [first, second] = cluster.nodes;
    const client = connect(cluster);
    try {
      for (let i = 0; i < 100; i++) await client.set(`key:${i}`, i);
      const replicaOf = async (primary: Peer) => {
        const id = await ask(primary, "CLUSTER", "MYID");
        const port = await waitFor(async () => {
          const lines = (await ask(first, "CLUSTER", "NODES")).split("\n");
          const line = lines.find((each) => each.includes(` slave ${id} `)) ?? "";
          return Number(/:(\d+)@/.exec(line)?.[1]) || undefined;
        }, { what: "all to know of the replica", timeout: 20_000, interval: 50 });
        return cluster.nodes.find((node) => node.port === port)!;
      };
      const firstReplica = await replicaOf(first);
      const secondReplica = await replicaOf(second);
      await untilFollows(firstReplica, first);
      // An operator's change of roles, there and back.
      assertEquals(await ask(firstReplica, "CLUSTER", "FAILOVER"), "+OK");
      await untilRole(firstReplica, "master");
      const changed = performance.now();
      await untilRole(first, "slave");
      await untilFollows(first, firstReplica);
      assertEquals(await ask(first, "CLUSTER", "FAILOVER"), "+OK");
      await untilRole(first, "master");
      // Accidents.
      for (const [primary, replica] of [[second, secondReplica], [first, firstReplica]]) {
        await untilFollows(replica, primary);
        // redis-server would take the votes of its last election for those of the next one if that came within four
        // times the node timeout: it would be primary in an epoch that is over, and never be believed.
        if (primary === first) await pause(changed + 4 * NODE_TIMEOUT + 500 - performance.now());
        await primary.stop("SIGKILL");
        await untilRole(replica, "master");
        const left = cluster.nodes.filter((node) => node !== second && node !== primary);
        await cluster.untilOk(left);
      }
      for (let i = 0; i < 100; i++) assertEquals(await client.get(`key:${i}`), String(i));
    } finally {
      client.disconnect();
    }
  },
});

Deno.test({
  name: "npm's redis works with a cluster, its sharded messages and transactions",
  ignore: !hasRedisServer,
  async fn() {
    await using cluster = await TestCluster.start(["coolcache", "coolcache", "redis"]);
    const rootNodes = cluster.nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = createCluster({ rootNodes });
    await client.connect();
    try {
      for (let i = 0; i < 100; i++) await client.set(`key:${i}`, String(i));
      for (let i = 0; i < 100; i++) assertEquals(await client.get(`key:${i}`), String(i));
      assertEquals(String(await client.multi().set("{t}a", "1").incr("{t}a").exec()), "OK,2");
      const heard = Promise.withResolvers<string>();
      await client.sSubscribe("news", (message) => heard.resolve(message));
      await client.sPublish("news", "hello");
      assertEquals(await heard.promise, "hello");
      await client.sUnsubscribe("news");
    } finally {
      client.destroy();
    }
  },
});

Deno.test({
  name: "redis-cli mends a cluster with slots that nobody serves, and with half a move",
  ignore: !hasRedisServer,
  async fn() {
    await using cluster = await TestCluster.start(["coolcache", "redis", "coolcache"]);
    const [first, second] = cluster.nodes;
    const mend = () => tryToManage("fix", `127.0.0.1:${first.port}`);
    const untilWhole = () =>
      waitFor(async () => {
        const { success, text } = await tryToManage("check", `127.0.0.1:${first.port}`);
        return success && text.includes("All 16384 slots covered") && !text.includes("open state");
      }, { what: "the cluster to be whole", timeout: 20_000, interval: 200 });
    for (const node of cluster.nodes) await ask(node, "CLUSTER", "DELSLOTS", "100", "101");
    await mend();
    await untilWhole();
    await cluster.untilOk();
    // A slot of the first node, with a key, on its way to the second one.
    let key = "m0";
    for (let i = 1; await ask(first, "SET", key, "v") !== "+OK" && i < 100; i++) key = `m${i}`;
    const moving = (await ask(first, "CLUSTER", "KEYSLOT", key)).slice(1);
    const ids = await Promise.all([first, second].map((node) => ask(node, "CLUSTER", "MYID")));
    assertEquals(await ask(second, "CLUSTER", "SETSLOT", moving, "IMPORTING", ids[0]), "+OK");
    assertEquals(await ask(first, "CLUSTER", "SETSLOT", moving, "MIGRATING", ids[1]), "+OK");
    await mend();
    await untilWhole();
    assertEquals(await ask(second, "GET", key), "v");
  },
});

Deno.test({
  name: "a node that ends and starts again is what it was, with its keys",
  ignore: !hasRedisServer,
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "coolcache-node-" });
    const args = ["--dir", folder, "--save", "3600 1"];
    let id: string;
    {
      await using node = await startNode("coolcache", args);
      id = await ask(node, "CLUSTER", "MYID");
      assertEquals(await ask(node, "CLUSTER", "ADDSLOTSRANGE", "0", "16383"), "+OK");
      await waitFor(async () => (await ask(node, "SET", "a", "1")) === "+OK", {
        what: "the node to serve",
        interval: 50,
        timeout: 10_000,
      });
      assertEquals(await ask(node, "SAVE"), "+OK");
    }
    await using node = await startNode("coolcache", args);
    assertEquals(await ask(node, "CLUSTER", "MYID"), id);
    await waitFor(async () => (await ask(node, "GET", "a")) === "1", {
      what: "the node to serve again",
      interval: 50,
      timeout: 10_000,
    });
    const slot = (await ask(node, "CLUSTER", "KEYSLOT", "a")).slice(1);
    assertEquals(await ask(node, "CLUSTER", "COUNTKEYSINSLOT", slot), ":1");
  },
});
