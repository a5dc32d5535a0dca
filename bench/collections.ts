/**
 * Memory of collections: what a million elements in one value take, and many small hashes.
 *
 * Three figures for each side:
 *
 * - by how much `used_memory` grew, which is what the server itself counts against `maxmemory`;
 * - by how much resident memory grew in a server that had done such work before: what the operating
 *   system must find for the data. The work before was small data sets, each flushed at once, so
 *   that hardly any room was left over for the data to come;
 * - by how much resident memory grew in a fresh server: that with what a server needs once for doing
 *   anything at all (V8 compiles code then, which touches the pages of its compilers).
 *
 * @module
 */

import { pause } from "../tests/support/wait.ts";
import { inBatches } from "./benchmark_tests.ts";
import type { Contenders } from "./contenders.ts";
import { keyOf, load, request } from "./loader.ts";
import { residentBytes, SETTLE_MS, usedMemory } from "./machine.ts";
import type { Measure, Target } from "./report.ts";

const FIELDS = 10;

/** How many small data sets come and go before the one that counts. */
const WARM_UPS = 10;

const FLUSH = [request("FLUSHALL", "SYNC")];

/** A workload: `count` of `elements` at scale 1. */
interface Workload {
  name: string;
  count: number;
  requests: (count: number) => Iterable<string>;
  /** Lines of a reply; 1 unless given. */
  lines?: number;
}

const MILLION = 1_000_000;

const WORKLOADS: readonly Workload[] = [
  { name: `hashes of ${FIELDS} fields`, count: 100_000, requests: hashes },
  { name: "list elements of 20 bytes", count: MILLION, requests: list },
  { name: "set members of 20 bytes", count: MILLION, requests: set },
  { name: "sorted set members of 20 bytes", count: MILLION, requests: sortedSet },
  { name: "stream entries of one field", count: MILLION, requests: stream, lines: 2 },
];

/** Loads each workload, with `scale` times its number of elements. */
export async function measureCollections(
  contenders: Contenders,
  scale: number,
  progress: (message: string) => void,
): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const { name, count, requests, lines } of WORKLOADS) {
    const scaled = Math.max(1, Math.round(count * scale));
    progress(`collections: ${scaled} ${name}`);
    const { redis, coolcache } = await contenders.each(async (server) => {
      using connection = await server.connect({ timeout: 60_000 });
      const used = async () => usedMemory(await connection.text("INFO", "memory"));
      const settledAfter = async (requests: Iterable<string>, lines?: number) => {
        await load(server.port, requests, lines);
        await pause(SETTLE_MS);
        return residentBytes(server.pid);
      };
      const fresh = residentBytes(server.pid);
      const first = await settledAfter(requests(scaled), lines);
      await load(server.port, FLUSH);
      for (let i = 0; i < WARM_UPS; i++) {
        await load(server.port, requests(Math.ceil(scaled / WARM_UPS)), lines);
        await load(server.port, FLUSH);
      }
      const warm = await settledAfter(FLUSH);
      const usedEmpty = await used();
      const loaded = await settledAfter(requests(scaled), lines);
      return {
        used: (await used() - usedEmpty) / scaled,
        resident: (loaded - warm) / scaled,
        fresh: (first - fresh) / scaled,
      };
    });
    const row = (what: string, figure: keyof typeof redis): Measure => ({
      area: "collections",
      name: `${scaled} ${name}, ${what}`,
      unit: "bytes",
      redis: redis[figure],
      coolcache: coolcache[figure],
    });
    const target: { target?: Target } = scale === 1 ? { target: { ratioAtMost: 1 } } : {};
    measures.push(
      { ...row("used_memory of each", "used"), ...target },
      { ...row("resident of each", "resident"), ...target },
      row("resident of each in a fresh server", "fresh"),
    );
  }
  return measures;
}

function* hashes(count: number): Generator<string> {
  for (let i = 0; i < count; i++) {
    const words = ["HSET", keyOf(i)];
    for (let field = 0; field < FIELDS; field++) words.push(`field${field}`, `value:${i % 1000}`);
    yield request(...words);
  }
}

function list(count: number): Generator<string> {
  return inBatches(count, ["RPUSH", "list"], (i) => [elementOf(i)]);
}

function set(count: number): Generator<string> {
  return inBatches(count, ["SADD", "set"], (i) => [elementOf(i)]);
}

function sortedSet(count: number): Generator<string> {
  return inBatches(count, ["ZADD", "zset"], (i) => [String(i), elementOf(i)]);
}

/** IDs as clients get them at 50 entries a millisecond, the same in both servers. */
function* stream(count: number): Generator<string> {
  const began = 1_700_000_000_000;
  for (let i = 0; i < count; i++) {
    const id = `${began + Math.floor(i / 50)}-${i % 50}`;
    yield request("XADD", "stream", id, "field", elementOf(i));
  }
}

function elementOf(number: number): string {
  return "element:" + String(number).padStart(12, "0");
}
