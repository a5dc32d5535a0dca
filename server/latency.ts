/**
 * The latency monitor: per event, the last 160 spikes above `latency-monitor-threshold`.
 *
 * @module
 */

import type { LatencyApi } from "../commands/context.ts";

const MOST_SAMPLES = 160;

interface Series {
  worst: number;
  samples: [time: number, ms: number][];
}

/** The latency monitor of one server. */
export class Latency implements LatencyApi {
  readonly #series = new Map<string, Series>();
  readonly #threshold: () => number;
  readonly #now: () => number;

  /**
   * @param threshold the least ms that count, 0 for none
   * @param now Unix time in ms
   */
  constructor(threshold: () => number, now: () => number) {
    this.#threshold = threshold;
    this.#now = now;
  }

  get events(): readonly string[] {
    return [...this.#series.keys()];
  }

  history(event: string): readonly (readonly [time: number, ms: number])[] {
    return this.#series.get(event)?.samples ?? [];
  }

  latest(): readonly { event: string; time: number; ms: number; worst: number }[] {
    return [...this.#series].map(([event, { worst, samples }]) => {
      const [time, ms] = samples[samples.length - 1];
      return { event, time, ms, worst };
    });
  }

  reset(events: readonly string[]): number {
    const doomed = events.length === 0 ? this.events : events;
    return doomed.filter((event) => this.#series.delete(event)).length;
  }

  /** Notes that an event took `ms`, if that is long enough to count. */
  record(event: string, ms: number): void {
    const threshold = this.#threshold();
    if (threshold === 0 || ms < threshold) return;
    let series = this.#series.get(event);
    if (series === undefined) this.#series.set(event, series = { worst: 0, samples: [] });
    series.worst = Math.max(series.worst, ms);
    const time = Math.floor(this.#now() / 1000);
    const last = series.samples[series.samples.length - 1];
    if (last !== undefined && last[0] === time) {
      last[1] = Math.max(last[1], ms);
      return;
    }
    series.samples.push([time, ms]);
    if (series.samples.length > MOST_SAMPLES) series.samples.shift();
  }
}
