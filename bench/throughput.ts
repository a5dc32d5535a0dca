/**
 * Requests a second, as redis-benchmark sees them: 50 connections, 100,000 random keys.
 *
 * Both servers run throughout and take turns, test by test and round by round, so that what
 * happens to the machine happens to both. A first round of each test is not counted. The figures
 * are medians, and the ratio is that of the medians.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import type { Contenders } from "./contenders.ts";
import { load, request } from "./loader.ts";
import { type Measure, median } from "./report.ts";

/** What to run. */
export interface ThroughputOptions {
  /** Names of redis-benchmark's tests. */
  tests: readonly string[];
  /** Requests in flight on each connection, one series for each. */
  pipelines: readonly number[];
  /** Requests of a round without pipelining; more are sent with it. */
  requests: number;
  /** Rounds that count. */
  rounds: number;
  progress: (message: string) => void;
}

const KEYS = 100_000;

/** The targets of the tests that have one, by pipeline. */
const TARGETS: Readonly<Record<number, number>> = { 1: 0.95, 16: 1.3, 64: 1.7 };
const TESTS_WITH_TARGET: ReadonlySet<string> = new Set(["SET", "GET", "INCR", "MSET", "PING"]);

/** Runs every test with every pipeline. */
export function measureThroughput(
  contenders: Contenders,
  options: ThroughputOptions,
): Promise<Measure[]> {
  return contenders.with("redis", (redis) =>
    contenders.with("coolcache", async (coolcache) => {
      // GET must find what it looks for, whichever tests are chosen.
      for (const server of [redis, coolcache]) await load(server.port, benchmarkKeys());
      const measures: Measure[] = [];
      for (const pipeline of options.pipelines) {
        for (const test of options.tests) {
          options.progress(`throughput: ${test}, pipeline ${pipeline}`);
          measures.push(...await takeTurns({ redis, coolcache }, { ...options, test, pipeline }));
        }
      }
      return measures;
    }));
}

/** The rates of one test in requests a second, a list of rounds for each line of the output. */
type Rates = Map<string, { redis: number[]; coolcache: number[] }>;

async function takeTurns(
  servers: { redis: Peer; coolcache: Peer },
  { test, pipeline, requests, rounds }: ThroughputOptions & { test: string; pipeline: number },
): Promise<Measure[]> {
  const rates: Rates = new Map();
  const series = { test, pipeline, requests: scaled(requests, { test, pipeline }) };
  for (let round = 0; round <= rounds; round++) {
    for (const side of ["redis", "coolcache"] as const) {
      for (const [name, rate] of await runRedisBenchmark(servers[side].port, series)) {
        if (round === 0) continue;
        const lists = rates.get(name) ?? { redis: [], coolcache: [] };
        lists[side].push(rate);
        rates.set(name, lists);
      }
    }
  }
  return [...rates].map(([name, lists]) => toMeasure(name, pipeline, lists));
}

function toMeasure(
  name: string,
  pipeline: number,
  { redis, coolcache }: { redis: number[]; coolcache: number[] },
): Measure {
  const known = TESTS_WITH_TARGET.has(name.split(/[ _]/)[0]) ? TARGETS[pipeline] : undefined;
  return {
    area: "throughput",
    name,
    unit: "req/s",
    pipeline,
    redis: median(redis),
    coolcache: median(coolcache),
    ratios: coolcache.map((rate, round) => rate / redis[round]),
    ...(known === undefined ? {} : { target: { ratioAtLeast: known } }),
  };
}

/** Rounds of about equal length: pipelining is faster, MSET sets ten keys. */
function scaled(
  requests: number,
  { test, pipeline }: { test: string; pipeline: number },
): number {
  const faster = Math.min(10, Math.max(1, pipeline / 4));
  return Math.ceil(requests * faster * (test.toLowerCase() === "mset" ? 0.3 : 1));
}

async function runRedisBenchmark(
  port: number,
  { test, pipeline, requests }: { test: string; pipeline: number; requests: number },
): Promise<[name: string, rate: number][]> {
  const { success, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: [
      ["-p", String(port), "-t", test, "-P", String(pipeline), "-n", String(requests)],
      ["-c", "50", "-r", String(KEYS), "--csv"],
    ].flat(),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const rates = parseRates(decoder.decode(stdout));
  if (!success || rates.length === 0) {
    throw new Error(`redis-benchmark -t ${test} failed: ${decoder.decode(stderr).slice(0, 500)}`);
  }
  return rates;
}

/** The test names and rates in the output of `redis-benchmark --csv`. */
export function parseRates(csv: string): [name: string, rate: number][] {
  const rows = csv.matchAll(/^"([^"]*)","(\d+(?:\.\d+)?)"/gm);
  return [...rows].map((row) => [row[1], Number(row[2])]);
}

/** The keys that redis-benchmark's own tests use, with values of three bytes as it writes them. */
function* benchmarkKeys(): Generator<string> {
  for (let i = 0; i < KEYS; i++) {
    yield request("SET", "key:" + String(i).padStart(12, "0"), "xxx");
  }
}
