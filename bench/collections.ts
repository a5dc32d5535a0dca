/**
 * Memory of collections: what a million elements in one value take, and many small hashes.
 *
 * Each is loaded into a fresh server of each side. Two figures: by how much resident memory grew,
 * which is what the operating system must find, and by how much `used_memory` did, which is what
 * the server itself counts against `maxmemory`.
 *
 * @module
 */

import { pause } from "../tests/support/wait.ts";
import { inBatches } from "./benchmark_tests.ts";
import type { Contenders } from "./contenders.ts";
import { keyOf, load, request } from "./loader.ts";
import { residentBytes, usedMemory } from "./machine.ts";
import type { Measure } from "./report.ts";

const FIELDS = 10;

/** Milliseconds that both get to give back what only loading needed. */
const SETTLE = 1500;

/** A workload: `count` of `elements` at scale 1. */
interface Workload {
  name: string;
  count: number;
  requests: (count: number) => Iterable<string>;
}

const MILLION = 1_000_000;

const WORKLOADS: readonly Workload[] = [
  { name: `hashes of ${FIELDS} fields`, count: 100_000, requests: hashes },
  { name: "list elements of 20 bytes", count: MILLION, requests: list },
  { name: "set members of 20 bytes", count: MILLION, requests: set },
  { name: "sorted set members of 20 bytes", count: MILLION, requests: sortedSet },
  { name: "stream entries of one field", count: MILLION, requests: stream },
];

/** Loads each workload, with `scale` times its number of elements. */
export async function measureCollections(
  contenders: Contenders,
  scale: number,
  progress: (message: string) => void,
): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const { name, count, requests } of WORKLOADS) {
    const scaled = Math.max(1, Math.round(count * scale));
    progress(`collections: ${scaled} ${name}`);
    const { redis, coolcache } = await contenders.each(async (server) => {
      using connection = await server.connect({ timeout: 60_000 });
      const used = async () => usedMemory(await connection.text("INFO", "memory"));
      const usedEmpty = await used();
      const residentEmpty = residentBytes(server.pid);
      await load(server.port, requests(scaled));
      await pause(SETTLE);
      const resident = residentBytes(server.pid) - residentEmpty;
      return { resident: resident / scaled, used: (await used() - usedEmpty) / scaled };
    });
    for (const figure of ["resident", "used"] as const) {
      measures.push({
        area: "collections",
        name: `${scaled} ${name}, ${figure === "resident" ? "resident" : "used_memory"} of each`,
        unit: "bytes",
        redis: redis[figure],
        coolcache: coolcache[figure],
        ...(scale === 1 ? { target: { ratioAtMost: 1 } } : {}),
      });
    }
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
