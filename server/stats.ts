/**
 * Counters of a server: what INFO's stats, commandstats and errorstats sections tell.
 *
 * Reading a clock costs as much as a small command, so light commands are timed by sampling: one batch in
 * {@link SAMPLE_EVERY} is measured and counts for all. Sums converge to the truth; single figures are estimates.
 *
 * @module
 */

import type { StatsApi } from "../commands/context.ts";

/** One batch in this many is timed. */
export const SAMPLE_EVERY = 64;
/** Redis forgets error kinds beyond this many, so that clients cannot fill memory with invented codes. */
const MOST_ERROR_KINDS = 128;
/** `instantaneous_*` figures are means over this many samples, one each 100 ms. */
const RATE_SAMPLES = 16;

/** Calls and times of one server's commands, by registry id. */
export class Stats implements StatsApi {
  readonly calls: Float64Array;
  readonly micros: Float64Array;
  readonly rejected: Float64Array;
  readonly failed: Float64Array;
  readonly errors = new Map<string, number>();
  commands = 0;
  connections = 0;
  rejectedConnections = 0;
  inputBytes = 0;
  outputBytes = 0;
  errorReplies = 0;
  /** Errors of commands that a primary, or a file, had carried out without one. */
  unexpectedErrors = 0;
  reads = 0;
  writes = 0;
  evictedClients = 0;
  outputLimitDisconnections = 0;
  queryLimitDisconnections = 0;
  /** The most that was ever in use, bytes; {@link reset} leaves it, as in Redis. */
  peakMemory = 0;
  expiryMillis = 0;
  readonly commandRate = new Rate();
  readonly inputRate = new Rate();
  readonly outputRate = new Rate();

  constructor(commands: number) {
    this.calls = new Float64Array(commands);
    this.micros = new Float64Array(commands);
    this.rejected = new Float64Array(commands);
    this.failed = new Float64Array(commands);
  }

  /** Counts an error reply by its code. */
  countError(code: string): void {
    this.errorReplies++;
    const seen = this.errors.get(code);
    if (seen !== undefined) this.errors.set(code, seen + 1);
    else if (this.errors.size < MOST_ERROR_KINDS) this.errors.set(code, 1);
  }

  /** Takes a sample for the rates; called ten times a second. */
  sample(now: number): void {
    this.commandRate.sample(now, this.commands);
    this.inputRate.sample(now, this.inputBytes);
    this.outputRate.sample(now, this.outputBytes);
  }

  reset(): void {
    this.calls.fill(0);
    this.micros.fill(0);
    this.rejected.fill(0);
    this.failed.fill(0);
    this.errors.clear();
    this.commands = this.connections = this.rejectedConnections = 0;
    this.inputBytes =
      this.outputBytes =
      this.errorReplies =
      this.unexpectedErrors =
      this.reads =
      this.writes =
        0;
    this.evictedClients = this.outputLimitDisconnections = this.queryLimitDisconnections = 0;
    this.expiryMillis = 0;
    this.commandRate.reset();
    this.inputRate.reset();
    this.outputRate.reset();
  }
}

/** How fast a counter grows, over the last second and a half. */
export class Rate {
  readonly #samples = new Float64Array(RATE_SAMPLES);
  #next = 0;
  #time = 0;
  #value = 0;

  sample(now: number, value: number): void {
    const elapsed = now - this.#time;
    if (this.#time > 0 && elapsed > 0) {
      this.#samples[this.#next] = Math.max(0, (value - this.#value) * 1000 / elapsed);
      this.#next = (this.#next + 1) % RATE_SAMPLES;
    }
    this.#time = now;
    this.#value = value;
  }

  /** Growth per second. */
  get perSecond(): number {
    return this.#samples.reduce((sum, each) => sum + each, 0) / RATE_SAMPLES;
  }

  reset(): void {
    this.#samples.fill(0);
    this.#time = this.#value = 0;
  }
}
