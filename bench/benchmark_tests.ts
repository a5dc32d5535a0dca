/**
 * The default tests of redis-benchmark, and what each needs before a round.
 *
 * A test that takes elements away finds as many as it takes: an emptied collection is cheap to pop
 * from, and a round of that measures nothing. LRANGE's requests are given in full, since under its
 * own name redis-benchmark pushes before it reads, and the pushes would count; XADD's too, because
 * Debian's redis-benchmark 7.0 leaves it out.
 *
 * @module
 */

import { keyOf, request } from "./loader.ts";

/** Keys of redis-benchmark's `-r`. */
export const KEYS = 100_000;

/** One test. */
export interface BenchmarkTest {
  /** What `--tests` and the table call it. */
  name: string;
  /** redis-benchmark's arguments that choose it. */
  args: readonly string[];
  /** How long a request takes, in SETs: rounds of slow tests send fewer. */
  weight: number;
  /** What must be loaded before a round of `requests`. */
  fill?: (requests: number) => Iterable<string>;
  /** Shares of redis-server's rate that it must reach, by requests in flight. */
  targets: Readonly<Record<number, number>>;
}

// Strings answer in one step; collections have structures to walk.
const COLLECTION_TARGETS = { 1: 0.95, 16: 1.2 };
const STRING_TARGETS = { 1: 0.95, 16: 1.3, 64: 1.7 };

/** Elements that one request of a filling brings. */
const FILL_BATCH = 100;

/** All of them, in redis-benchmark's order. */
export const BENCHMARK_TESTS: readonly BenchmarkTest[] = [
  own("PING_INLINE", { targets: STRING_TARGETS }),
  own("PING_MBULK", { targets: STRING_TARGETS }),
  own("SET", { targets: STRING_TARGETS }),
  own("GET", { targets: STRING_TARGETS, fill: keys }),
  own("INCR", { targets: STRING_TARGETS }),
  own("LPUSH"),
  own("RPUSH"),
  own("LPOP", { fill: elements }),
  own("RPOP", { fill: elements }),
  own("SADD"),
  own("HSET"),
  own("SPOP", { fill: setMembers }),
  own("ZADD"),
  own("ZPOPMIN", { fill: sortedMembers }),
  lrange(100, 4),
  lrange(300, 8),
  lrange(500, 12),
  lrange(600, 15),
  own("MSET", { targets: STRING_TARGETS, weight: 3 }),
  custom("XADD", ["XADD", "mystream", "*", "myfield", "xxx"]),
];

/** The test of a name, in any case. */
export function findBenchmarkTest(name: string): BenchmarkTest | undefined {
  const upper = name.toUpperCase();
  return BENCHMARK_TESTS.find((test) => test.name === upper);
}

function own(
  name: string,
  about: Partial<Pick<BenchmarkTest, "weight" | "fill" | "targets">> = {},
): BenchmarkTest {
  const args = ["-t", name.toLowerCase()];
  return { name, args, weight: 1, targets: COLLECTION_TARGETS, ...about };
}

function lrange(count: number, weight: number): BenchmarkTest {
  const args = ["LRANGE", "mylist", "0", String(count - 1)];
  return { ...custom(`LRANGE_${count}`, args), weight, fill: () => elements(600) };
}

/** A test whose request is given in full. */
function custom(name: string, args: readonly string[]): BenchmarkTest {
  return { name, args, weight: 1, targets: COLLECTION_TARGETS };
}

/** The keys that redis-benchmark's own tests use, with values of three bytes as it writes them. */
function* keys(): Generator<string> {
  for (let i = 0; i < KEYS; i++) yield request("SET", keyOf(i), "xxx");
}

function elements(count: number): Generator<string> {
  return inBatches(count, ["RPUSH", "mylist"], () => ["xxx"]);
}

function setMembers(count: number): Generator<string> {
  return inBatches(count, ["SADD", "myset"], (i) => [elementOf(i)]);
}

function sortedMembers(count: number): Generator<string> {
  return inBatches(count, ["ZADD", "myzset"], (i) => [String(i), elementOf(i)]);
}

/** A member as SADD, SPOP, ZADD and ZPOPMIN of redis-benchmark write it: 20 bytes. */
function elementOf(number: number): string {
  return "element:" + String(number).padStart(12, "0");
}

/** Requests that begin with `head` and bring `count` elements, some at a time. */
export function* inBatches(
  count: number,
  head: readonly string[],
  words: (index: number) => readonly string[],
): Generator<string> {
  for (let i = 0; i < count;) {
    const batch = [...head];
    for (const end = Math.min(i + FILL_BATCH, count); i < end; i++) batch.push(...words(i));
    yield request(...batch);
  }
}
