/**
 * coolcache as a replica, of redis-server and of coolcache, alone, in chains, and over lines that break: whatever
 * happens, all end up with the same data.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../storage/memory/random.ts";
import { hasRedisServer } from "../support/peer.ts";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { pause, waitFor } from "../support/wait.ts";
import { CuttingProxy } from "./cutting_proxy.ts";
import { assertInStep, Member } from "./group.ts";
import { workload } from "./workload.ts";

for (const seed of [1, 2, 3]) {
  Deno.test({
    name: `A replica follows random commands of a redis-server, seed ${seed}`,
    ignore: !hasRedisServer,
    async fn() {
      await using primary = await Member.redis();
      await using replica = await Member.coolcache();
      const random = seededRandom(seed);
      // What is there already comes with the snapshot.
      await primary.play(workload(random, 1000));
      await replica.follow(primary);
      await Promise.all([primary.play(workload(random, 4000)), replica.linked()]);
      await primary.play(workload(random, 2000));
      await assertInStep(primary, replica);
    },
  });

  Deno.test(`A replica follows random commands of a coolcache, seed ${seed}`, async () => {
    await using primary = await Member.coolcache();
    await using replica = await Member.coolcache();
    const random = seededRandom(seed);
    await primary.play(workload(random, 1000));
    await replica.follow(primary);
    await Promise.all([primary.play(workload(random, 4000)), replica.linked()]);
    await primary.play(workload(random, 2000));
    await assertInStep(primary, replica);
  });
}

/** Chains of three, by what their members are. */
const CHAINS = [
  ["coolcache", "coolcache", "coolcache"],
  ["redis", "coolcache", "coolcache"],
  ["coolcache", "redis", "coolcache"],
  ["redis", "coolcache", "redis"],
] as const;

for (const kinds of CHAINS) {
  Deno.test({
    name: `A chain stays in step: ${kinds.join(" ← ")}`,
    ignore: kinds.includes("redis" as never) && !hasRedisServer,
    async fn() {
      const [first, second, third] = kinds;
      await using primary = await Member[first]();
      await using middle = await Member[second]();
      await using last = await Member[third]();
      const random = seededRandom(5);
      await primary.play(workload(random, 500));
      await middle.follow(primary);
      await middle.linked();
      await last.follow(middle);
      await primary.play(workload(random, 1000));
      await last.linked();
      await primary.play(workload(random, 1000));
      await assertInStep(primary, middle, last);
      // Byte for byte: the last one has the same offset as the first.
      const offset = (member: Member) => member.info("replication", "master_repl_offset");
      await waitFor(async () => await offset(last) === await offset(primary), {
        what: "the same offset",
      });
    },
  });
}

for (const kind of ["coolcache", "redis"] as const) {
  Deno.test({
    name: `A replica stays in step over a line that breaks: ${kind}`,
    ignore: kind === "redis" && !hasRedisServer,
    async fn() {
      await using primary = await Member[kind]();
      await using proxy = new CuttingProxy(() => primary.port);
      await using replica = await Member.coolcache();
      const random = seededRandom(11);
      await replica.follow(proxy);
      await replica.linked();
      for (let i = 0; i < 25; i++) {
        // Anywhere, so also within requests and transactions.
        proxy.cutAt = proxy.bytes + 1 + Math.floor(random() * 8000);
        await primary.play(workload(random, 200));
      }
      await replica.linked();
      await assertInStep(primary, replica);
      assertEquals(await primary.info("stats", "sync_full"), "1");
      assert(Number(await primary.info("stats", "sync_partial_ok")) > 5);
    },
  });
}

Deno.test("Replicas of a promoted replica go on from where they are, and so does the old primary", async () => {
  await using first = await Member.coolcache();
  await using second = await Member.coolcache();
  await using third = await Member.coolcache();
  const random = seededRandom(21);
  await first.play(workload(random, 500));
  await second.follow(first);
  await third.follow(first);
  await Promise.all([second.linked(), third.linked()]);
  await first.play(workload(random, 500));
  await assertInStep(first, second, third);
  await first.rest(second, third);

  await second.promote();
  await second.play(workload(random, 300));
  await third.follow(second);
  await first.follow(second);
  await Promise.all([first.linked(), third.linked()]);
  await second.play(workload(random, 300));
  await assertInStep(second, first, third);
  assertEquals(await second.info("stats", "sync_full"), "0");
  assertEquals(await second.info("stats", "sync_partial_ok"), "2");
});

Deno.test({
  name: "A redis-server goes on from a promoted coolcache, and the other way round",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await Member.redis();
    await using coolcache = await Member.coolcache();
    const random = seededRandom(22);
    await redis.play(workload(random, 500));
    await coolcache.follow(redis);
    await coolcache.linked();
    await redis.play(workload(random, 500));
    await assertInStep(redis, coolcache);
    await redis.rest(coolcache);

    await coolcache.promote();
    await coolcache.play(workload(random, 300));
    await redis.follow(coolcache);
    await redis.linked();
    await assertInStep(coolcache, redis);
    await coolcache.rest(redis);

    await redis.promote();
    await redis.play(workload(random, 300));
    await coolcache.follow(redis);
    await coolcache.linked();
    await assertInStep(redis, coolcache);
    assertEquals(await redis.info("stats", "sync_full"), "1");
    assertEquals(await coolcache.info("stats", "sync_full"), "0");
  },
});

Deno.test("FAILOVER hands the role over without losing a write", async () => {
  await using primary = await Member.coolcache();
  await using replica = await Member.coolcache();
  await replica.follow(primary);
  await replica.linked();
  await primary.play(workload(seededRandom(31), 500));
  const { connection } = primary;
  assertEquals(await connection.line("FAILOVER", "TO", "127.0.0.1", String(replica.port)), "+OK");
  // Held up until it is a replica.
  assertEquals(
    await connection.line("SET", "late", "1"),
    "-READONLY You can't write against a read only replica.",
  );
  await primary.linked();
  assertEquals(await replica.info("replication", "role"), "master");
  assertEquals(await primary.info("replication", "master_failover_state"), "no-failover");
  await replica.play(workload(seededRandom(32), 500));
  await assertInStep(replica, primary);
  assertEquals(await replica.info("stats", "sync_full"), "0");
});

for (const how of ["disabled", "on-empty-db", "swapdb"]) {
  Deno.test(`A replica that has other data takes its primary's, repl-diskless-load ${how}`, async () => {
    await using primary = await Member.coolcache();
    await using replica = await Member.coolcache({ "repl-diskless-load": how });
    await replica.play(workload(seededRandom(41), 500));
    await primary.play(workload(seededRandom(42), 1000));
    await replica.follow(primary);
    await replica.linked();
    await assertInStep(primary, replica);
    // Nothing is left of the file.
    const { dir } = replica.coolcache!.server.config.values;
    assertEquals([...Deno.readDirSync(dir)], []);
  });

  Deno.test(`A replica whose line breaks during the transfer has old data or new, repl-diskless-load ${how}`, async () => {
    await using primary = await Member.coolcache();
    await using proxy = new CuttingProxy(() => primary.port);
    await using replica = await Member.coolcache({ "repl-diskless-load": how });
    await replica.play([["SET", "old", "1"]]);
    const before = await replica.digest();
    await primary.play([...workload(seededRandom(43), 1000), ["DEBUG", "POPULATE", "2000"]]);
    proxy.cutAt = 5000;
    await replica.follow(proxy);
    await waitFor(() => proxy.cutAt === Infinity, { what: "the cut" });
    proxy.isBroken = true;
    await waitFor(() => replica.coolcache?.server.replica.state === "connect", {
      what: "the end of the attempt",
    });
    assertEquals(await replica.digest(), before);
    proxy.isBroken = false;
    await replica.linked();
    await assertInStep(primary, replica);
  });
}

Deno.test("Keys that are over are hidden, and kept until the primary deletes them", async () => {
  await using primary = await Member.coolcache();
  await using replica = await Member.coolcache();
  await replica.follow(primary);
  await replica.linked();
  await primary.connection.line("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await primary.play([["SET", "a", "1", "PX", "30"], ["SET", "b", "1"]]);
  await waitFor(async () => await replica.connection.line("DBSIZE") === ":2", { what: "the keys" });
  await waitFor(async () => await replica.connection.line("GET", "a") === "$-1", {
    what: "the key to be hidden",
  });
  await pause(50);
  assertEquals(await replica.connection.line("DBSIZE"), ":2");
  assertEquals(await primary.connection.line("GET", "a"), "$-1");
  await waitFor(async () => await replica.connection.line("DBSIZE") === ":1", {
    what: "the key to go",
  });
});

Deno.test("A writable replica deletes the keys with an expiry that its own clients have written", async () => {
  await using primary = await Member.coolcache();
  await using replica = await Member.coolcache({ "replica-read-only": "no" });
  await primary.play([["SET", "theirs", "1"]]);
  await replica.follow(primary);
  await replica.linked();
  await replica.play([["SET", "a", "1", "PX", "30"], ["SET", "b", "1"], ["PEXPIRE", "b", "30"]]);
  await replica.play([["SET", "c", "1", "EX", "1000"], ["SET", "d", "1"]]);
  assertEquals(await replica.info("stats", "slave_expires_tracked_keys"), "3");
  await waitFor(async () => await replica.connection.line("DBSIZE") === ":3", {
    what: "the keys to go",
  });
  assertEquals(await replica.info("stats", "slave_expires_tracked_keys"), "1");
  assertEquals(await primary.connection.line("DBSIZE"), ":1");
  await replica.connection.line("CONFIG", "SET", "replica-read-only", "yes");
  assertEquals(await replica.info("stats", "slave_expires_tracked_keys"), "0");
});

Deno.test("A replica that was saved and starts again goes on from where it was", async () => {
  await using primary = await Member.coolcache();
  const dir = await Deno.makeTempDir({ prefix: "coolcache-replica-" });
  const saving = { dir, "save": "900 1", "replicaof": `127.0.0.1 ${primary.port}` };
  const random = seededRandom(51);
  await primary.play(workload(random, 500));
  {
    await using replica = await Member.coolcache(saving);
    await replica.linked();
    await primary.play([...workload(random, 500), ["SELECT", "2"], ["SET", "last", "1"]]);
    await assertInStep(primary, replica);
  }
  await primary.play(workload(random, 200));
  {
    await using replica = await Member.coolcache(saving);
    await replica.linked();
    await primary.play(workload(random, 200));
    await assertInStep(primary, replica);
  }
  assertEquals(await primary.info("stats", "sync_full"), "1");
  assertEquals(await primary.info("stats", "sync_partial_ok"), "1");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("Replicas of a primary that was saved and starts again go on from where they were", async () => {
  const dir = await Deno.makeTempDir({ prefix: "coolcache-primary-" });
  await using proxy = new CuttingProxy(() => port);
  await using replica = await Member.coolcache();
  let port: number;
  {
    await using primary = await Member.coolcache({ dir, "save": "900 1" });
    port = primary.port;
    await replica.follow(proxy);
    await replica.linked();
    await primary.play([["SET", "a", "1"], ["SELECT", "3"], ["RPUSH", "b", "1", "2"]]);
    // Nobody deletes it before the end: it is left out when the data is loaded.
    await primary.play([["DEBUG", "SET-ACTIVE-EXPIRE", "0"], ["SET", "c", "1", "PX", "20"]]);
    await assertInStep(primary, replica);
    await pause(30);
  }
  await using primary = await Member.coolcache({ dir, "save": "900 1" });
  port = primary.port;
  await replica.linked();
  await primary.play([["INCR", "a"], ["SELECT", "3"], ["RPUSH", "b", "3"]]);
  await assertInStep(primary, replica);
  assertEquals(await primary.info("stats", "sync_full"), "0");
  assertEquals(await primary.info("stats", "sync_partial_ok"), "1");
  assertEquals(await primary.info("persistence", "rdb_last_load_keys_expired"), "1");
  await replica.connection.line("SELECT", "3");
  assertEquals(await replica.connection.line("DBSIZE"), ":1");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("A replica with an append-only file writes it anew when it has taken its primary's data", async () => {
  await using primary = await Member.coolcache();
  const dir = await Deno.makeTempDir({ prefix: "coolcache-replica-" });
  const appending = { dir, "appendonly": "yes", "appendfsync": "always" };
  const random = seededRandom(61);
  await primary.play(workload(random, 500));
  let digest: string;
  {
    await using replica = await Member.coolcache(appending);
    await replica.play([["SET", "old", "1"]]);
    await replica.follow(primary);
    await replica.linked();
    await primary.play(workload(random, 500));
    await primary.play([["SET", "last", "1"]]);
    await assertInStep(primary, replica);
    await primary.rest(replica);
    await waitFor(
      async () => await replica.info("persistence", "aof_rewrite_in_progress") === "0",
      {
        what: "the base",
      },
    );
    // The disk of the replica has it, too.
    assertEquals(await primary.connection.text("WAITAOF", "0", "1", "5000"), "*2\r\n:0\r\n:1");
    digest = await replica.digest();
  }
  await using again = await Member.coolcache(appending);
  assertEquals(await again.digest(), digest);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("Fields of hashes expire at a replica when they should, also when it is promoted", async () => {
  await using primary = await Member.coolcache();
  await using replica = await Member.coolcache();
  await primary.play([
    ["HSET", "before", "a", "1", "b", "2"],
    ["HPEXPIREAT", "before", "4000000000000", "FIELDS", "1", "a"],
    ["HSET", "soon", "a", "1", "b", "2"],
    ["HPEXPIRE", "soon", "1500", "FIELDS", "1", "a"],
  ]);
  await replica.follow(primary);
  await replica.linked();
  await primary.play([
    ["HSET", "after", "a", "1"],
    ["HPEXPIREAT", "after", "4000000000000", "FIELDS", "1", "a"],
  ]);
  await assertInStep(primary, replica);
  for (const key of ["before", "after"]) {
    assertEquals(
      await replica.connection.text("HPEXPIRETIME", key, "FIELDS", "1", "a"),
      "*1\r\n:4000000000000",
    );
  }
  await replica.promote();
  await waitFor(async () => await replica.connection.text("HLEN", "soon") === ":1", {
    what: "the field to go",
  });
});

Deno.test("A replica that is busy with a script carries out its primary's stream when the script is over", async () => {
  await using primary = await Member.coolcache();
  await using replica = await Member.coolcache({ "busy-reply-threshold": "1" });
  await replica.follow(primary);
  await replica.linked();
  const { server } = replica.coolcache!;
  using reader = await RawConnection.connect({ port: replica.port, timeout: 30_000 });
  await reader.write(encodeCommand(["EVAL", "while true do end", "0"]));
  await waitFor(() => server.busy !== undefined, { what: "the script to be busy" });
  await primary.play([["SET", "a", "1"], ["MULTI"], ["INCR", "a"], ["INCR", "b"], ["EXEC"]]);
  await waitFor(() => [...server.clients].some((one) => one.isPrimary && one.inputPending > 100), {
    what: "the stream to be kept back",
  });
  assertEquals(await replica.connection.line("SCRIPT", "KILL"), "+OK");
  await reader.read();
  await assertInStep(primary, replica);
  assertEquals(await replica.connection.text("GET", "a"), "2");
});
