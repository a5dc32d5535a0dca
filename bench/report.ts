/**
 * What a run has measured, and its two renderings: Markdown for people and JSON for machines.
 *
 * A measure is one number for each server. Throughput also keeps the ratio of every round, since
 * the servers ran in turn and each pair of rounds saw the same weather.
 *
 * @module
 */

import type { Machine } from "./machine.ts";

/** What coolcache must reach: a share of redis-server's figure, or a figure of its own. */
export type Target = { ratioAtLeast: number } | { ratioAtMost: number } | { atMost: number };

/** One figure of both servers. */
export interface Measure {
  /** The part of the benchmark it belongs to, as in `--only`. */
  area: string;
  name: string;
  unit: string;
  redis: number | undefined;
  coolcache: number | undefined;
  /** Requests in flight on each connection. */
  pipeline?: number;
  /** coolcache's figure divided by redis-server's, round by round. */
  ratios?: readonly number[];
  /** Microseconds of processor time that a request cost each server. */
  processor?: { redis: number; coolcache: number };
  target?: Target;
}

/** A whole run. */
export interface Report {
  machine: Machine;
  /** What was typed to get it. */
  command: string;
  /** The command line that was measured as coolcache, if it was not coolcache from this source. */
  substitute?: string;
  measures: readonly Measure[];
  /** Areas that could not be measured, and why. */
  failures: readonly { area: string; message: string }[];
}

/** The middle of a list of numbers; of an even count the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** coolcache's figure as a multiple of redis-server's. */
export function ratioOf({ redis, coolcache }: Measure): number | undefined {
  if (redis === undefined || coolcache === undefined || redis === 0) return undefined;
  return coolcache / redis;
}

/** Whether a measure reaches its target; `undefined` when it has none or no figure. */
export function isMet(measure: Measure): boolean | undefined {
  const { target, coolcache } = measure;
  if (!target) return undefined;
  if ("atMost" in target) return coolcache === undefined ? undefined : coolcache <= target.atMost;
  const ratio = ratioOf(measure);
  if (ratio === undefined) return undefined;
  return "ratioAtMost" in target ? ratio <= target.ratioAtMost : ratio >= target.ratioAtLeast;
}

/** The run as Markdown: the machine, then one table for throughput and one for the rest. */
export function toMarkdown({ machine, command, substitute, measures, failures }: Report): string {
  const throughput = measures.filter((measure) => measure.pipeline !== undefined);
  const others = measures.filter((measure) => measure.pipeline === undefined);
  const blocks = [
    [
      `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory}; ${machine.system}`,
      `- Versions: ${machine.versions.join(", ")}`,
      `- Command: \`${command}\``,
      ...(substitute === undefined ? [] : [`- Measured as "coolcache": \`${substitute}\``]),
      `- Load of the machine at the start: ${machine.load.toFixed(2)}`,
    ].join("\n"),
  ];
  if (throughput.length > 0) blocks.push(throughputTable(throughput));
  if (others.length > 0) blocks.push(figuresTable(others));
  for (const { area, message } of failures) blocks.push(`Not measured: ${area}: ${message}`);
  return blocks.join("\n\n");
}

/** The run as JSON, with ratios and verdicts worked out. */
export function toJson(report: Report): string {
  const measures = report.measures.map((measure) => ({
    ...measure,
    ratio: ratioOf(measure),
    met: isMet(measure),
  }));
  return JSON.stringify({ ...report, measures }, null, 2);
}

function throughputTable(measures: readonly Measure[]): string {
  return table(
    [
      "test",
      "pipeline",
      "redis-server req/s",
      "coolcache req/s",
      "ratio",
      "min–max",
      "µs of CPU",
      "target",
      "met?",
    ],
    measures.map((measure) => [
      measure.name,
      String(measure.pipeline),
      figure(measure.redis),
      figure(measure.coolcache),
      ratioOf(measure)?.toFixed(2) ?? "–",
      spread(measure.ratios ?? []),
      processor(measure),
      target(measure),
      verdict(measure),
    ]),
  );
}

function figuresTable(measures: readonly Measure[]): string {
  return table(
    ["measure", "unit", "redis-server", "coolcache", "ratio", "target", "met?"],
    measures.map((measure) => [
      `${measure.area}: ${measure.name}`,
      measure.unit,
      figure(measure.redis),
      figure(measure.coolcache),
      ratioOf(measure)?.toFixed(2) ?? "–",
      target(measure),
      verdict(measure),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // The first column is words, the others are figures.
  const rule = head.map((_, column) => column === 0 ? "---" : "--:");
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function figure(value: number | undefined): string {
  if (value === undefined) return "–";
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function spread(ratios: readonly number[]): string {
  if (ratios.length === 0) return "–";
  return `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
}

/** Both servers' processor time a request, coolcache's last, in microseconds. */
function processor({ processor }: Measure): string {
  return processor ? `${processor.redis.toFixed(2)} : ${processor.coolcache.toFixed(2)}` : "–";
}

function target({ target, unit }: Measure): string {
  if (!target) return "";
  if ("atMost" in target) return `≤ ${target.atMost} ${unit}`;
  if ("ratioAtMost" in target) return `≤ ${target.ratioAtMost.toFixed(2)} ×`;
  return `≥ ${target.ratioAtLeast.toFixed(2)}`;
}

function verdict(measure: Measure): string {
  const met = isMet(measure);
  return met === undefined ? "" : met ? "yes" : "no";
}
