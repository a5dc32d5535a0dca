/**
 * Requests a second, as redis-benchmark sees them: 50 connections, 100,000 random keys; and the
 * processor time that each request cost the server, which neighbours disturb less than the rate.
 *
 * Both servers run throughout and take turns, test by test and round by round, so that what
 * happens to the machine happens to both. A first round of each test is not counted. The figures
 * are medians, and the ratio is that of the medians.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import { type BenchmarkTest, KEYS } from "./benchmark_tests.ts";
import { type Contenders, type Side, SIDES } from "./contenders.ts";
import { load } from "./loader.ts";
import { processorSeconds } from "./machine.ts";
import { type Measure, median } from "./report.ts";

/** One line of the table: a test with a number of requests in flight on each connection. */
export interface Series {
  test: BenchmarkTest;
  pipeline: number;
}

/** What to run. */
export interface ThroughputOptions {
  series: readonly Series[];
  /** Requests of a round of SET without pipelining; more are sent with it, fewer of slow tests. */
  requests: number;
  /** Rounds that count. */
  rounds: number;
  progress: (message: string) => void;
}

/** Runs all series. */
export function measureThroughput(
  contenders: Contenders,
  options: ThroughputOptions,
): Promise<Measure[]> {
  return contenders.with("redis", (redis) =>
    contenders.with("coolcache", async (coolcache) => {
      const measures: Measure[] = [];
      for (const series of options.series) {
        options.progress(`throughput: ${series.test.name}, pipeline ${series.pipeline}`);
        measures.push(await takeTurns({ redis, coolcache }, series, options));
      }
      return measures;
    }));
}

/** What a round has shown: requests a second, and seconds of processor time a request. */
interface Round {
  rate: number;
  processor: number;
}

async function takeTurns(
  servers: Record<Side, Peer>,
  series: Series,
  options: ThroughputOptions,
): Promise<Measure> {
  const seen: Record<Side, Round[]> = { redis: [], coolcache: [] };
  const requests = requestsOf(series, options.requests);
  for (let round = 0; round <= options.rounds; round++) {
    for (const side of SIDES) {
      const result = await runRound(servers[side], series, requests);
      if (round > 0) seen[side].push(result);
    }
  }
  return toMeasure(series, seen);
}

async function runRound(
  server: Peer,
  { test, pipeline }: Series,
  requests: number,
): Promise<Round> {
  if (test.fill) await load(server.port, test.fill(requests));
  const before = processorSeconds(server.pid);
  const rate = await runRedisBenchmark(
    server.port,
    [
      ["-P", String(pipeline), "-n", String(requests), "-c", "50", "-r", String(KEYS), "--csv"],
      test.args,
    ].flat(),
  );
  return { rate, processor: (processorSeconds(server.pid) - before) / requests };
}

function toMeasure({ test, pipeline }: Series, seen: Record<Side, Round[]>): Measure {
  const rate = (side: Side) => median(seen[side].map((round) => round.rate));
  const processor = (side: Side) => median(seen[side].map((round) => round.processor)) * 1e6;
  const target = test.targets[pipeline];
  return {
    area: "throughput",
    name: test.name,
    unit: "req/s",
    pipeline,
    redis: rate("redis"),
    coolcache: rate("coolcache"),
    ratios: seen.coolcache.map((round, index) => round.rate / seen.redis[index].rate),
    processor: { redis: processor("redis"), coolcache: processor("coolcache") },
    ...(target === undefined ? {} : { target: { ratioAtLeast: target } }),
  };
}

/** Rounds of about equal length: pipelining is faster, long replies take longer. */
function requestsOf({ test, pipeline }: Series, requests: number): number {
  const faster = test.weight > 3 ? 1 : Math.min(10, Math.max(1, pipeline / 4));
  return Math.ceil(requests * faster / test.weight);
}

/** Runs redis-benchmark with these arguments, `--csv` among them; answers the requests a second of its one test. */
export async function runRedisBenchmark(port: number, args: readonly string[]): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: ["-p", String(port), ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const rates = parseRates(decoder.decode(stdout));
  if (!success || rates.length !== 1) {
    const said = decoder.decode(stderr).slice(0, 500);
    throw new Error(`redis-benchmark ${args.join(" ")} failed: ${said}`);
  }
  return rates[0][1];
}

/** The test names and rates in the output of `redis-benchmark --csv`. */
export function parseRates(csv: string): [name: string, rate: number][] {
  const rows = csv.matchAll(/^"([^"]*)","(\d+(?:\.\d+)?)"/gm);
  return [...rows].map((row) => [row[1], Number(row[2])]);
}
