/**
 * SETs a second with an append-only file, as redis-benchmark sees them: for each policy that asks the disk.
 *
 * Both servers run throughout and take turns, as for throughput; rewrites are switched off, since they would fall into
 * the rounds of one of them. How long the disk takes is the same for both.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import { KEYS } from "./benchmark_tests.ts";
import { type Contenders, type Side, SIDES } from "./contenders.ts";
import { processorSeconds } from "./machine.ts";
import { type Measure, median } from "./report.ts";
import { runRedisBenchmark } from "./throughput.ts";

const POLICIES = ["everysec", "always"] as const;
const PIPELINES = [1, 16] as const;

/** What to run. */
export interface AofOptions {
  /** Requests of a round without pipelining; four times as many with it. */
  requests: number;
  /** Rounds that count; one more warms up. */
  rounds: number;
  progress: (message: string) => void;
}

interface Round {
  rate: number;
  processor: number;
}

/** Both policies, with one request in flight on each connection and with sixteen. */
export async function measureAof(
  contenders: Contenders,
  { requests, rounds, progress }: AofOptions,
): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const policy of POLICIES) {
    const options = {
      args: ["--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0"],
    };
    await contenders.with("redis", (redis) =>
      contenders.with("coolcache", async (coolcache) => {
        for (const pipeline of PIPELINES) {
          progress(`aof: ${policy}, pipeline ${pipeline}`);
          const count = pipeline === 1 ? requests : requests * 4;
          const seen: Record<Side, Round[]> = { redis: [], coolcache: [] };
          for (let round = 0; round <= rounds; round++) {
            for (const side of SIDES) {
              const result = await runRound({ redis, coolcache }[side], pipeline, count);
              if (round > 0) seen[side].push(result);
            }
          }
          measures.push(toMeasure(policy, pipeline, seen));
        }
      }, options), options);
  }
  return measures;
}

async function runRound(server: Peer, pipeline: number, requests: number): Promise<Round> {
  const before = processorSeconds(server.pid);
  const rate = await runRedisBenchmark(server.port, [
    ...["-P", String(pipeline), "-n", String(requests), "-c", "50", "-r", String(KEYS)],
    ...["--csv", "-t", "set"],
  ]);
  return { rate, processor: (processorSeconds(server.pid) - before) / requests };
}

function toMeasure(policy: string, pipeline: number, seen: Record<Side, Round[]>): Measure {
  const rate = (side: Side) => median(seen[side].map((round) => round.rate));
  const processor = (side: Side) => median(seen[side].map((round) => round.processor)) * 1e6;
  return {
    area: "aof",
    name: `SET, appendfsync ${policy}`,
    unit: "req/s",
    pipeline,
    redis: rate("redis"),
    coolcache: rate("coolcache"),
    ratios: seen.coolcache.map((round, index) => round.rate / seen.redis[index].rate),
    processor: { redis: processor("redis"), coolcache: processor("coolcache") },
    target: { ratioAtLeast: 1 },
  };
}
