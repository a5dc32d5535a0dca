/**
 * Scripts: how many a second, and how fast Lua itself is.
 *
 * EVALSHA and EVAL of a script with one redis.call come from redis-benchmark, EVALSHA of one with a loop shows what a script
 * costs that could have to be suspended. Lua alone is fib(27), the time of one EVAL. Both servers run throughout and take turns.
 *
 * @module
 */

import type { Peer } from "../tests/support/peer.ts";
import { type Contenders, type Side, SIDES } from "./contenders.ts";
import { processorSeconds } from "./machine.ts";
import { type Measure, median } from "./report.ts";
import { runRedisBenchmark } from "./throughput.ts";

const ONE_CALL = "return redis.call('GET', KEYS[1])";
const LOOP = "for i = 1, 1 do redis.call('GET', KEYS[1]) end return 1";
const FIB = "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end " +
  "return fib(27)";
const FIB_RESULT = ":196418";
/** So many runs of fib(27) make a round: the first ones are slower while the interpreter is compiled. */
const FIB_RUNS = 5;

/** A script that redis-benchmark calls with one key and one argument. */
interface Series {
  readonly name: string;
  readonly command: "EVAL" | "EVALSHA";
  readonly script: string;
  readonly pipeline: number;
  /** The share of redis-server's rate to reach. */
  readonly target?: number;
}

const SERIES: readonly Series[] = [
  {
    name: "EVALSHA, one redis.call",
    command: "EVALSHA",
    script: ONE_CALL,
    pipeline: 1,
    target: 0.6,
  },
  {
    name: "EVALSHA, one redis.call",
    command: "EVALSHA",
    script: ONE_CALL,
    pipeline: 16,
    target: 0.6,
  },
  { name: "EVAL, one redis.call", command: "EVAL", script: ONE_CALL, pipeline: 1 },
  { name: "EVALSHA with a loop", command: "EVALSHA", script: LOOP, pipeline: 1 },
];

/** What to run. */
export interface ScriptsOptions {
  /** Requests of a round without pipelining. */
  requests: number;
  /** Rounds that count; one more warms up. */
  rounds: number;
  progress: (message: string) => void;
}

interface Round {
  /** Requests a second, or ms. */
  value: number;
  processor: number;
}

/** Runs all series, and Lua alone. */
export function measureScripts(
  contenders: Contenders,
  { requests, rounds, progress }: ScriptsOptions,
): Promise<Measure[]> {
  return contenders.with("redis", (redis) =>
    contenders.with("coolcache", async (coolcache) => {
      const servers = { redis, coolcache };
      const turns = async (run: (server: Peer) => Promise<Round>) => {
        const seen: Record<Side, Round[]> = { redis: [], coolcache: [] };
        for (let round = 0; round <= rounds; round++) {
          for (const side of SIDES) {
            const result = await run(servers[side]);
            if (round > 0) seen[side].push(result);
          }
        }
        return seen;
      };
      const measures: Measure[] = [];
      for (const series of SERIES) {
        progress(`scripts: ${series.name}, pipeline ${series.pipeline}`);
        const count = series.pipeline === 1 ? requests : requests * 2;
        measures.push(toMeasure(series, await turns((server) => call(server, series, count))));
      }
      progress("scripts: fib(27)");
      measures.push(fibMeasure(await turns(fib)));
      return measures;
    }));
}

async function call(server: Peer, series: Series, requests: number): Promise<Round> {
  const { command, script, pipeline } = series;
  using connection = await server.connect();
  await connection.line("SET", "key", "value");
  const sha = await connection.text("SCRIPT", "LOAD", script);
  const before = processorSeconds(server.pid);
  const value = await runRedisBenchmark(server.port, [
    ...["-P", String(pipeline), "-n", String(requests), "-c", "50", "--csv"],
    ...[command, command === "EVAL" ? script : sha, "1", "key", "value"],
  ]);
  return { value, processor: (processorSeconds(server.pid) - before) / requests };
}

/** The time of the fastest run, in ms. */
async function fib(server: Peer): Promise<Round> {
  using connection = await server.connect();
  const times: number[] = [];
  const before = processorSeconds(server.pid);
  for (let run = 0; run < FIB_RUNS; run++) {
    const started = performance.now();
    const reply = await connection.line("EVAL", FIB, "0");
    if (reply !== FIB_RESULT) throw new Error(`fib(27) is ${reply}`);
    times.push(performance.now() - started);
  }
  const processor = (processorSeconds(server.pid) - before) / FIB_RUNS;
  return { value: Math.min(...times), processor };
}

function toMeasure({ name, pipeline, target }: Series, seen: Record<Side, Round[]>): Measure {
  const middle = (side: Side, of: keyof Round) => median(seen[side].map((round) => round[of]));
  return {
    area: "scripts",
    name,
    unit: "req/s",
    pipeline,
    redis: middle("redis", "value"),
    coolcache: middle("coolcache", "value"),
    ratios: seen.coolcache.map((round, index) => round.value / seen.redis[index].value),
    processor: {
      redis: middle("redis", "processor") * 1e6,
      coolcache: middle("coolcache", "processor") * 1e6,
    },
    ...(target === undefined ? {} : { target: { ratioAtLeast: target } }),
  };
}

/** Half of redis-server's speed is twice its time. */
function fibMeasure(seen: Record<Side, Round[]>): Measure {
  return {
    area: "scripts",
    name: "fib(27) in Lua",
    unit: "ms",
    redis: median(seen.redis.map(({ value }) => value)),
    coolcache: median(seen.coolcache.map(({ value }) => value)),
    target: { ratioAtMost: 2 },
  };
}
