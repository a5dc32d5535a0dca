/**
 * `deno task bench`: redis-server and coolcache side by side, in one run, in turn.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { coolcacheCommand, hasRedisServer } from "../tests/support/peer.ts";
import { splitWords } from "../tests/support/split_words.ts";
import { measureAof } from "./aof.ts";
import { BENCHMARK_TESTS, findBenchmarkTest } from "./benchmark_tests.ts";
import { measureCollections } from "./collections.ts";
import { Contenders } from "./contenders.ts";
import { measureExpiry } from "./expiry.ts";
import { measureFragmentation } from "./fragmentation.ts";
import { CONNECTIONS_OF_TARGET, measureIdle } from "./idle.ts";
import { describeMachine } from "./machine.ts";
import { KEYS_OF_TARGET, measureMemory } from "./memory.ts";
import { type Measure, type Report, toJson, toMarkdown } from "./report.ts";
import { measurePubSub } from "./pubsub.ts";
import { measureScripts } from "./scripts.ts";
import { measureStartup } from "./startup.ts";
import { measureThroughput, type Series } from "./throughput.ts";
import { measureTransactions } from "./transactions.ts";

const HELP = `Measures coolcache beside redis-server and prints a table.

  deno task bench [options]

  --only AREAS        Some of throughput,transactions,pubsub,scripts,aof,memory,
                      collections,idle,startup,expiry,fragmentation; memory includes FLUSHALL and
                      the PINGs while loading
  --tests TESTS       Some of redis-benchmark's default tests, such as set,lpush,
                      lrange_100 (all of them)
  --pipeline LIST     Requests in flight on each connection (1,16,64 where the test
                      has a target)
  --requests N        Requests of a round without pipelining (200000)
  --rounds N          Rounds that count; one more warms up (3)
  --scale X           Multiplies the number of keys, elements and idle connections
                      (1); the targets of memory, collections and idle hold for
                      1 only
  --coolcache COMMAND Another command line to measure, with {port} for the port
  --json              Print JSON instead of a table
  --help              Print this

Exit status: 0 measured, 1 something could not be measured, 2 wrong use or no redis tools.
`;

/** Wrong use, with what to say about it. */
class UsageError extends Error {}

/** What the flags ask for. */
interface Plan {
  areas: [name: string, measure: (contenders: Contenders) => Promise<Measure[]>][];
  coolcache: string[];
  /** What `--coolcache` says. */
  substitute: string | undefined;
  json: boolean;
}

async function main(): Promise<number> {
  const plan = readPlan(Deno.args);
  if (!plan) {
    console.log(HELP);
    return 0;
  }
  requireRedisTools();

  const contenders = new Contenders(plan.coolcache);
  const interrupt = () => void contenders.stopAll().finally(() => Deno.exit(130));
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);

  const machine = describeMachine();
  const measures: Measure[] = [];
  const failures: { area: string; message: string }[] = [];
  for (const [area, measure] of plan.areas) {
    progress(area);
    try {
      measures.push(...await measure(contenders));
    } catch (error) {
      // One part that fails must not cost the others' figures.
      failures.push({ area, message: error instanceof Error ? error.message : String(error) });
    }
  }

  const report: Report = {
    machine,
    command: ["deno task bench", ...Deno.args.map(quote)].join(" "),
    ...(plan.substitute === undefined ? {} : { substitute: plan.substitute }),
    measures,
    failures,
  };
  console.log(plan.json ? toJson(report) : toMarkdown(report));
  Deno.removeSignalListener("SIGINT", interrupt);
  Deno.removeSignalListener("SIGTERM", interrupt);
  return failures.length === 0 ? 0 : 1;
}

/** The plan, or `undefined` if only help is wanted. */
function readPlan(args: readonly string[]): Plan | undefined {
  const flags = parseArgs(args, {
    string: ["only", "tests", "pipeline", "requests", "rounds", "scale", "coolcache"],
    boolean: ["json", "help"],
    default: {
      requests: "200000",
      rounds: "3",
      scale: "1",
    },
    unknown: (argument) => {
      throw new UsageError(`${argument} is not an option`);
    },
  });
  if (flags.help) return undefined;

  const scale = positive("scale", flags.scale);
  const scaled = (count: number) => Math.max(1, Math.round(count * scale));
  const throughput = {
    series: readSeries(flags.tests, flags.pipeline),
    requests: whole("requests", flags.requests),
    rounds: whole("rounds", flags.rounds),
    progress,
  };
  const all: Plan["areas"] = [
    ["throughput", (contenders) => measureThroughput(contenders, throughput)],
    ["transactions", (contenders) =>
      measureTransactions(contenders, {
        transactions: Math.ceil(throughput.requests / 4),
        rounds: throughput.rounds,
        progress,
      })],
    ["pubsub", (contenders) =>
      measurePubSub(contenders, {
        messages: throughput.requests,
        rounds: throughput.rounds,
        progress,
      })],
    ["scripts", (contenders) =>
      measureScripts(contenders, {
        requests: throughput.requests,
        rounds: throughput.rounds,
        progress,
      })],
    ["aof", (contenders) =>
      measureAof(contenders, {
        requests: throughput.requests,
        rounds: throughput.rounds,
        progress,
      })],
    ["memory", (contenders) => measureMemory(contenders, scaled(KEYS_OF_TARGET))],
    ["collections", (contenders) => measureCollections(contenders, scale, progress)],
    ["idle", (contenders) => measureIdle(contenders, scaled(CONNECTIONS_OF_TARGET))],
    ["startup", (contenders) => measureStartup(contenders, 5)],
    ["expiry", (contenders) => measureExpiry(contenders, scaled(1_000_000))],
    ["fragmentation", (contenders) => measureFragmentation(contenders, scaled(300_000))],
  ];
  const chosen = flags.only?.split(",") ?? all.map(([name]) => name);
  for (const name of chosen) {
    if (!all.some(([known]) => known === name)) throw new UsageError(`There is no area "${name}"`);
  }
  return {
    areas: all.filter(([name]) => chosen.includes(name)),
    coolcache: flags.coolcache === undefined ? coolcacheCommand() : readCommand(flags.coolcache),
    substitute: flags.coolcache,
    json: flags.json,
  };
}

/** Each of the tests with each of the pipelines; where neither is said, with those it must reach. */
function readSeries(tests: string | undefined, pipelines: string | undefined): Series[] {
  const chosen = tests?.split(",").map((name) => {
    const test = findBenchmarkTest(name);
    if (!test) throw new UsageError(`There is no test "${name}"`);
    return test;
  });
  const inFlight = pipelines?.split(",").map((text) => whole("pipeline", text));
  const depths = inFlight ?? [1, 16, 64];
  return depths.flatMap((pipeline) =>
    (chosen ?? BENCHMARK_TESTS)
      .filter((test) => inFlight !== undefined || test.targets[pipeline] !== undefined)
      .map((test) => ({ test, pipeline }))
  );
}

function readCommand(line: string): string[] {
  if (!line.includes("{port}")) throw new UsageError("--coolcache needs {port} in its command");
  const decoder = new TextDecoder();
  return splitWords(line).map((word) => decoder.decode(word.bytes));
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`--${name} must be positive, not "${text}"`);
  return number;
}

function whole(name: string, text: string): number {
  const number = positive(name, text);
  if (!Number.isInteger(number)) throw new UsageError(`--${name} must be whole, not "${text}"`);
  return number;
}

function quote(word: string): string {
  return /^[\w.,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function requireRedisTools(): void {
  let tools = hasRedisServer;
  try {
    new Deno.Command("redis-benchmark", { args: ["--version"] }).outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    tools = false;
  }
  if (tools) return;
  throw new UsageError(
    "redis-server and redis-benchmark are needed: `apt-get install redis-server redis-tools`",
  );
}

function progress(message: string): void {
  console.error(`· ${message}`);
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  Deno.exitCode = 2;
}
