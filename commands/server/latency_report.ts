/**
 * What people read of the latency monitor: a graph of an event's spikes, and advice.
 *
 *     command - high 50 ms, low 10 ms (all time high 50 ms)
 *     --------------------------------------------------------------------------------
 *        #
 *      _ #          the higher, the longer it took
 *     o####
 *
 *     54321         how long ago, from top to bottom
 *     sssss
 *
 * @module
 */

import type { LatencyApi } from "../context.ts";

type Samples = readonly (readonly [time: number, ms: number])[];

/** Columns of a graph; a longer history goes on below. */
const COLUMNS = 80;
const ROWS = 4;
/** Fillings of a cell: nothing, a third, two thirds, all of it. */
const CELLS = [" ", "_", "o", "#"] as const;

/** Draws the spikes of an event as a graph; `now` in Unix seconds. */
export function drawLatency(
  { event, worst }: { event: string; worst: number },
  samples: Samples,
  now: number,
): string {
  const heights = samples.map(([, ms]) => ms);
  const high = Math.max(...heights);
  const low = Math.min(...heights);
  const lines = [
    `${event} - high ${high} ms, low ${low} ms (all time high ${worst} ms)`,
    "-".repeat(COLUMNS),
  ];
  for (let from = 0; from < samples.length; from += COLUMNS) {
    const part = samples.slice(from, from + COLUMNS);
    for (let row = ROWS - 1; row >= 0; row--) {
      lines.push(part.map(([, ms]) => cell(ms, { row, low, high })).join(""));
    }
    lines.push("", ...downwards(part.map(([time]) => age(now - time))), "");
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** What a spike fills of a row; the smallest of all fills a third of the lowest one. */
function cell(
  ms: number,
  { row, low, high }: { row: number; low: number; high: number },
): string {
  const most = CELLS.length - 1;
  const share = high === low ? 1 : (ms - low) / (high - low);
  const height = Math.max(1, Math.round(share * ROWS * most));
  return CELLS[Math.min(most, Math.max(0, height - row * most))];
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** Words written from top to bottom, side by side. */
function downwards(words: readonly string[]): string[] {
  const longest = Math.max(...words.map((word) => word.length));
  return Array.from(
    { length: longest },
    (_, row) => words.map((word) => word[row] ?? " ").join(""),
  );
}

/** What can be done about the spikes of an event, where something can. */
const ADVICE: Readonly<Record<string, string>> = {
  "command": "Look at SLOWLOG GET for the commands that took long, and ask for less at a time.",
  "fast-command":
    "Commands that cannot take long did: the machine may be overloaded, or garbage was collected.",
  "expire-cycle": "Many keys expire at the same time: spread their expiry.",
  "eviction-cycle": "Memory is short: raise maxmemory, or lower it in smaller steps.",
};

/** The spikes in words, with advice. */
export function latencyReport(latency: LatencyApi): string {
  const events = latency.latest();
  if (events.length === 0) {
    return "No latency spikes are known. They are looked for while latency-monitor-threshold is " +
      "above 0.\n";
  }
  const lines = ["Latency spikes were seen:", ""];
  for (const { event, worst } of events) {
    lines.push(`- ${event}: ${describeSamples(latency.history(event))}, worst ever ${worst} ms.`);
    if (event in ADVICE) lines.push(`  ${ADVICE[event]}`);
  }
  return `${lines.join("\n")}\n`;
}

function describeSamples(samples: Samples): string {
  const mean = samples.reduce((sum, [, ms]) => sum + ms, 0) / samples.length;
  const period = samples[samples.length - 1][0] - samples[0][0];
  return `${samples.length} spikes within ${period} s, ${mean.toFixed(1)} ms on average`;
}
