/**
 * Snapshots hold the data of their moment, whatever happens while they are read.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { dataDigest, digestText } from "../../commands/server/digest.ts";
import { loadSnapshot } from "../../storage/rdb/snapshot_reader.ts";
import { snapshot, type SnapshotStreamOptions } from "../../storage/snapshot.ts";
import { workload } from "../replication/workload.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { pick, seededRandom } from "./memory/random.ts";

const OPTIONS: SnapshotStreamOptions = {
  fields: [["redis-ver", "7.0.0"]],
  functions: [],
  includesKeys: true,
  use: "idle",
  compress: true,
  pause: () => Promise.resolve(),
};

function digestOf({ server }: TestServer): string {
  return digestText(dataDigest(server.keyspace));
}

/** Stores what a snapshot holds; a key that comes twice fails. */
async function load(bytes: Uint8Array): Promise<TestServer> {
  const t = await startTestServer();
  await loadSnapshot(ReadableStream.from([bytes]), t.server.keyspace, {
    limits: t.server.config.values,
    now: t.server.keyspace.now,
    keepsExpired: true,
    verifiesChecksum: true,
    pause: () => Promise.resolve(),
    functions: () => {},
  });
  return t;
}

/** Fills the databases with more than one piece of a snapshot takes. */
async function fill(t: TestServer, random: () => number): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    await t.run("SELECT", pick(random, 3));
    await t.run("SET", `key${i}`, Array.from({ length: 8 }, () => random()).join());
    if (i % 10 === 0) {
      await t.run(
        "RPUSH",
        `list${i}`,
        ...Array.from({ length: 40 }, () => `${random()}`),
      );
    }
    if (i % 30 === 0) await t.run("PEXPIRE", `key${i}`, 100 + pick(random, 1_000_000));
  }
  for (const command of workload(random, 500)) await t.run(...command);
}

for (const seed of [1, 2, 3]) {
  Deno.test(`A snapshot holds the data of its moment under random commands, seed ${seed}`, async () => {
    await using t = await startTestServer();
    const random = seededRandom(seed);
    await fill(t, random);
    const digests: string[] = [];
    const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
    const chunks: Uint8Array[][] = [];
    const begin = () => {
      digests.push(digestOf(t));
      readers.push(snapshot(t.server.keyspace, OPTIONS).getReader());
      chunks.push([]);
    };
    begin();
    const ended = new Set<number>();
    for (let round = 0; ended.size < readers.length; round++) {
      if (round === 1) begin();
      for (const command of workload(random, 10)) await t.run(...command);
      for (let i = 0; i < 20; i++) {
        const key = `key${pick(random, 3000)}`;
        await t.run("SELECT", pick(random, 3));
        await t.run("APPEND", key, "changed");
        await t.run("DEL", `key${pick(random, 3000)}`);
        await t.run("RENAME", `list${pick(random, 300) * 10}`, key);
        await t.run("SET", `new${pick(random, 1000)}`, "1");
      }
      if (round % 3 === 1) await t.run("SWAPDB", 0, pick(random, 3));
      if (seed === 2 && round === 1) await t.run("FLUSHDB");
      if (seed === 3 && round === 3) await t.run("FLUSHALL");
      t.advance(50);
      t.server.expiry.run(1);
      t.server.keyspace.lazyFree.run(1);
      for (let i = 0; i < readers.length; i++) {
        if (ended.has(i)) continue;
        const { done, value } = await readers[i].read();
        if (done) ended.add(i);
        else chunks[i].push(value);
      }
    }
    for (const [i, digest] of digests.entries()) {
      // Not in one piece, or nothing could have come between.
      assert(chunks[i].length > 3, `${chunks[i].length} pieces`);
      await using loaded = await load(concat(chunks[i]));
      assertEquals(digestOf(loaded), digest);
    }
    assertEquals(t.server.keyspace.snapshots, 0);
    for (const { table } of t.server.keyspace.databases) assertEquals(table.cut, undefined);
  });
}

Deno.test("A database that is flushed under a snapshot gives its memory back when that is over", async () => {
  await using t = await startTestServer();
  const { keyspace } = t.server;
  await fill(t, seededRandom(4));
  for (let i = 0; i < 200; i++) await t.run("SADD", "large", `member${i}`, "x".repeat(50) + i);
  const reader = snapshot(keyspace, OPTIONS).getReader();
  await reader.read();
  await t.run("FLUSHALL");
  keyspace.lazyFree.drain();
  assert(keyspace.arena.usedBytes > 500_000, `${keyspace.arena.usedBytes} bytes`);
  await reader.cancel();
  keyspace.lazyFree.drain();
  assertEquals(keyspace.arena.usedBytes, 0);
  assertEquals(keyspace.snapshots, 0);
});
