import { assertEquals, assertStringIncludes } from "@std/assert";
import { BENCHMARK_TESTS, findBenchmarkTest, inBatches } from "../../bench/benchmark_tests.ts";
import {
  isMet,
  type Measure,
  median,
  type Report,
  toJson,
  toMarkdown,
} from "../../bench/report.ts";
import { parseRates } from "../../bench/throughput.ts";

const REPORT: Report = {
  machine: {
    cpu: "A processor",
    cores: 2,
    memory: "4 GiB",
    system: "Linux 6",
    versions: ["Deno 2.9.6"],
    load: 0.1,
  },
  command: "deno task bench",
  measures: [
    {
      area: "throughput",
      name: "SET",
      unit: "req/s",
      pipeline: 16,
      redis: 100_000,
      coolcache: 135_000,
      ratios: [1.3, 1.4],
      processor: { redis: 1.5, coolcache: 1.125 },
      target: { ratioAtLeast: 1.3 },
    },
    { ...figure(90), target: { atMost: 85 } },
    { ...figure(60), name: "an element", target: { ratioAtMost: 1 } },
  ],
  failures: [{ area: "idle", message: "no files" }],
};

function figure(coolcache: number | undefined): Measure {
  return { area: "memory", name: "a key", unit: "bytes", redis: 120, coolcache };
}

Deno.test("median is the middle of the numbers by size", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
});

Deno.test("isMet compares with the target and is undefined without figure or target", () => {
  assertEquals(isMet({ ...figure(85), target: { atMost: 85 } }), true);
  assertEquals(isMet({ ...figure(86), target: { atMost: 85 } }), false);
  assertEquals(isMet({ ...figure(120), target: { ratioAtLeast: 1 } }), true);
  assertEquals(isMet({ ...figure(119), target: { ratioAtLeast: 1 } }), false);
  assertEquals(isMet({ ...figure(120), target: { ratioAtMost: 1 } }), true);
  assertEquals(isMet({ ...figure(121), target: { ratioAtMost: 1 } }), false);
  assertEquals(isMet({ ...figure(undefined), target: { atMost: 85 } }), undefined);
  assertEquals(isMet(figure(1)), undefined);
});

Deno.test("toMarkdown prints ratios, targets, verdicts and what failed", () => {
  const text = toMarkdown(REPORT);
  assertStringIncludes(
    text,
    "| SET | 16 | 100,000 | 135,000 | 1.35 | 1.30–1.40 | 1.50 : 1.13 | ≥ 1.30 | yes |",
  );
  assertStringIncludes(text, "| memory: a key | bytes | 120.0 | 90.00 | 0.75 | ≤ 85 bytes | no |");
  assertStringIncludes(
    text,
    "| memory: an element | bytes | 120.0 | 60.00 | 0.50 | ≤ 1.00 × | yes |",
  );
  assertStringIncludes(text, "Not measured: idle: no files");
});

Deno.test("toMarkdown says what was measured in coolcache's place", () => {
  assertStringIncludes(toMarkdown({ ...REPORT, substitute: "other {port}" }), "`other {port}`");
});

Deno.test("toJson adds ratio and verdict to each measure", () => {
  const { measures } = JSON.parse(toJson(REPORT));
  assertEquals([measures[0].ratio, measures[0].met], [1.35, true]);
  assertEquals([measures[1].ratio, measures[1].met], [0.75, false]);
});

Deno.test("parseRates reads names and rates and leaves the header", () => {
  const csv = '"test","rps","avg_latency_ms"\n"SET","99900.10","0.2"\n"MSET (10 keys)","5","1"\n';
  assertEquals(parseRates(csv), [["SET", 99900.1], ["MSET (10 keys)", 5]]);
});

Deno.test("BENCHMARK_TESTS are redis-benchmark's default tests, and found in any case", () => {
  const names = BENCHMARK_TESTS.map((test) => test.name);
  assertEquals(new Set(names).size, 20);
  assertEquals(findBenchmarkTest("lrange_300")?.args, ["LRANGE", "mylist", "0", "299"]);
  assertEquals(findBenchmarkTest("nothing"), undefined);
});

Deno.test("inBatches writes requests that bring all elements, and no more", () => {
  const texts = [...inBatches(101, ["RPUSH", "l"], (i) => [String(i)])];
  assertEquals(texts.length, 2);
  assertStringIncludes(texts[0], "*102\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$1\r\n0\r\n");
  assertEquals(texts[1], "*3\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n$3\r\n100\r\n");
});
