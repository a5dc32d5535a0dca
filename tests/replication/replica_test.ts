/**
 * A real redis-server as a replica: whatever happens to the data, it ends up with the same.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { CoolCache } from "../../server/coolcache.ts";
import { startServer } from "../server/wire.ts";
import { seededRandom } from "../storage/memory/random.ts";
import { hasRedisServer, type Peer, startRedis } from "../support/peer.ts";
import { type Command, encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { pause, waitFor } from "../support/wait.ts";
import { workload } from "./workload.ts";

/** So many commands are sent at a time. */
const BATCH = 50;

const PRIMARY = { "repl-diskless-sync-delay": "0", "enable-debug-command": "yes" };

function startReplica(primary: CoolCache, args: readonly string[] = []): Promise<Peer> {
  return startRedis([
    ...["--replicaof", `127.0.0.1 ${primary.port}`, "--enable-debug-command", "yes"],
    ...["--hz", "50", ...args],
  ]);
}

async function infoField(connection: RawConnection, name: string): Promise<string> {
  const text = await connection.text("INFO", "replication");
  return new RegExp(`^${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? "";
}

async function linkIsUp(replica: RawConnection): Promise<void> {
  await waitFor(async () => await infoField(replica, "master_link_status") === "up", {
    what: "the replica to be in step",
    timeout: 20_000,
    interval: 50,
  });
}

/** Waits until both have the same data, functions included. */
async function assertSameData(primary: RawConnection, replica: RawConnection): Promise<void> {
  const digest = (connection: RawConnection) => connection.line("DEBUG", "DIGEST");
  for (let tries = 1;; tries++) {
    const [theirs, ours] = [await digest(replica), await digest(primary)];
    if (theirs === ours) break;
    // Keys that are over go, and effects arrive, in their time.
    if (tries === 100) assertEquals(theirs, ours, "the digest of the replica's data");
    await pause(50);
  }
  const library = ["FUNCTION", "LIST", "WITHCODE"] as const;
  assertEquals(await replica.text(...library), await primary.text(...library));
}

async function play(connection: RawConnection, commands: Iterable<Command>): Promise<void> {
  let batch: Command[] = [];
  const flush = async () => {
    for (const command of batch) await connection.write(encodeCommand(command));
    for (const _ of batch) await connection.read();
    batch = [];
  };
  for (const command of commands) {
    batch.push(command);
    if (batch.length === BATCH) await flush();
  }
  await flush();
}

function connect({ port }: { port: number }): Promise<RawConnection> {
  // A digest of much data takes its time on a busy machine.
  return RawConnection.connect({ port, timeout: 30_000 });
}

/** What a replica could not carry out of the stream is in its log. */
function assertUnderstood(replica: Peer): void {
  const complaints = replica.log().split("\n").filter((line) => /CRITICAL|error/i.test(line));
  assertEquals(complaints, []);
}

for (const seed of [1, 2, 3]) {
  Deno.test({
    name: `A redis-server replica follows random commands, seed ${seed}`,
    ignore: !hasRedisServer,
    async fn() {
      await using primary = await startServer(PRIMARY);
      using client = await connect(primary);
      const random = seededRandom(seed);
      // What is there already comes with the snapshot.
      await play(client, workload(random, 1000));
      await using peer = await startReplica(primary);
      using replica = await connect(peer);
      const other = workload(random, 4000);
      await Promise.all([play(client, other), linkIsUp(replica)]);
      await play(client, workload(random, 2000));
      await assertSameData(client, replica);
      assertUnderstood(peer);
    },
  });
}

Deno.test({
  name: "A replica that lost its connection goes on from the backlog",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer(PRIMARY);
    using client = await connect(primary);
    await play(client, workload(seededRandom(7), 300));
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);

    assertEquals(await client.line("CLIENT", "KILL", "TYPE", "replica"), ":1");
    await play(client, workload(seededRandom(8), 1000));
    await linkIsUp(replica);
    await assertSameData(client, replica);
    const { fullSyncs, partialSyncs, failedPartialSyncs } = primary.server.replication;
    assertEquals({ fullSyncs, partialSyncs, failedPartialSyncs }, {
      fullSyncs: 1,
      partialSyncs: 1,
      failedPartialSyncs: 0,
    });
    assertUnderstood(peer);
  },
});

Deno.test({
  name: "A replica that missed more than the backlog holds copies all data again",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer({ ...PRIMARY, "repl-backlog-size": "16kb" });
    using client = await connect(primary);
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);

    // At once, before the replica can come back.
    const script = "for i = 1, 50 do redis.call('SET', 'key' .. i, string.rep('x', 10000)) end";
    await play(client, [
      ["MULTI"],
      ["CLIENT", "KILL", "TYPE", "replica"],
      ["EVAL", script, "0"],
      ["EXEC"],
    ]);
    await assertSameData(client, replica);
    const { fullSyncs, failedPartialSyncs } = primary.server.replication;
    assertEquals({ fullSyncs, failedPartialSyncs }, { fullSyncs: 2, failedPartialSyncs: 1 });
  },
});

Deno.test({
  name: "A replica gets the data of every type, expiries and functions from the snapshot alone",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer({ ...PRIMARY, "maxmemory-policy": "allkeys-lru" });
    using client = await connect(primary);
    await play(client, workload(seededRandom(11), 5000));
    await play(client, [
      ["SELECT", "0"],
      ["SET", "long", "ab".repeat(300_000)],
      ...Array.from({ length: 2000 }, (_, i): Command => ["ZADD", "large", String(i), `m${i}`]),
      ...Array.from({ length: 2000 }, (_, i): Command => ["HSET", "table", `f${i}`, `v${i}`]),
      ...Array.from({ length: 2000 }, (_, i): Command => ["SADD", "members", `m${i}`]),
      ...Array.from({ length: 2000 }, (_, i): Command => ["RPUSH", "list", `e${i}`.repeat(20)]),
      ...Array.from({ length: 2000 }, (_, i): Command => ["XADD", "stream", "*", "f", `v${i}`]),
    ]);
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);
    await assertSameData(client, replica);
    assertUnderstood(peer);
  },
});

Deno.test({
  name: "A replica gets the data of the snapshot's moment, and what changes while it is sent",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer(PRIMARY);
    using client = await connect(primary);
    const { keyspace } = primary.server;
    const random = seededRandom(21);
    for (let i = 0; i < 15; i++) {
      const script =
        `for i = 1, 1000 do redis.call('SET', 'k' .. (${i} * 1000 + i), math.random()) ` +
        `redis.call('RPUSH', 'l' .. (${i} * 1000 + i), i, ARGV[1]) end`;
      await play(client, [[
        "EVAL",
        script,
        "0",
        Array.from({ length: 12 }, () => random()).join(),
      ]]);
    }
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    let during = 0;
    while (primary.server.replication.fullSyncs === 0 || keyspace.snapshots > 0) {
      const i = Math.floor(random() * 15_000);
      await play(client, [["RPUSH", `l${i}`, "more"], ["APPEND", `k${i}`, "!"], [
        "DEL",
        `k${i + 1}`,
      ]]);
      if (keyspace.snapshots > 0) during++;
    }
    assert(during > 10, `only ${during} changes came between`);
    await linkIsUp(replica);
    await assertSameData(client, replica);
  },
});

Deno.test({
  name: "A replica that wants the length before the snapshot gets it",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer({ ...PRIMARY, "repl-diskless-sync": "no" });
    using client = await connect(primary);
    await play(client, workload(seededRandom(12), 1000));
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);
    await play(client, workload(seededRandom(13), 1000));
    await assertSameData(client, replica);
    assertUnderstood(peer);
  },
});

Deno.test({
  name: "Several replicas share a snapshot, and each of them follows",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer({
      ...PRIMARY,
      "repl-diskless-sync-delay": "20",
      "repl-diskless-sync-max-replicas": "2",
    });
    using client = await connect(primary);
    await play(client, workload(seededRandom(14), 1000));
    await using firstPeer = await startReplica(primary);
    using first = await connect(firstPeer);
    await using secondPeer = await startReplica(primary, ["--repl-diskless-load", "swapdb"]);
    using second = await connect(secondPeer);
    await Promise.all([linkIsUp(first), linkIsUp(second)]);
    await play(client, workload(seededRandom(15), 1000));
    await assertSameData(client, first);
    await assertSameData(client, second);
    assertEquals(await client.line("WAIT", "2", "5000"), ":2");
  },
});

Deno.test({
  name: "Fields that expire go at a replica that knows no times of fields",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer(PRIMARY);
    using client = await connect(primary);
    await play(client, [
      ["HSET", "before", "a", "1", "b", "2"],
      ["HPEXPIRE", "before", "300", "FIELDS", "1", "a"],
    ]);
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);
    await play(client, [
      ["HSET", "after", "a", "1", "b", "2"],
      ["HPEXPIRE", "after", "1", "FIELDS", "1", "a"],
    ]);
    for (const key of ["before", "after"]) {
      await waitFor(async () => await replica.text("HLEN", key) === ":1", {
        what: `the field of ${key} to go`,
      });
      assertEquals(await replica.text("HGET", key, "b"), "2");
    }
  },
});

Deno.test({
  name: "A replica that does not read is closed by its output limit, and others go on",
  ignore: !hasRedisServer,
  async fn() {
    await using primary = await startServer({
      ...PRIMARY,
      "repl-backlog-size": "16kb",
      "client-output-buffer-limit": "replica 2mb 0 0",
    });
    using client = await connect(primary);
    await using peer = await startReplica(primary);
    using replica = await connect(peer);
    await linkIsUp(replica);
    // It has the (empty) data, and never reads again.
    using idler = await connect(primary);
    await idler.write(encodeCommand(["SYNC"]));
    await waitFor(() => primary.server.replication.replicas.length === 2, {
      what: "two replicas",
    });

    const long = "x".repeat(100_000);
    for (let i = 0; i < 200; i++) {
      await play(client, [["SET", `key${i % 20}`, long + i]]);
      // The other one keeps up.
      if (i % 10 === 0) assertEquals(await client.line("WAIT", "1", "5000") >= ":1", true);
    }
    await waitFor(() => primary.server.replication.replicas.length === 1, {
      what: "the idle replica to be closed",
    });
    assert(primary.server.stats.outputLimitDisconnections === 1);
    await assertSameData(client, replica);
  },
});
