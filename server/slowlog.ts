/**
 * The slow log: the last commands that took longer than `slowlog-log-slower-than`.
 *
 * @module
 */

import type { SlowlogApi, SlowlogEntry } from "../commands/context.ts";
import type { Args } from "./resp/args.ts";

/** Redis keeps this many arguments of an entry, and this many bytes of each. */
const MOST_ARGUMENTS = 32;
const MOST_ARGUMENT_BYTES = 128;

const encoder = new TextEncoder();

/** The slow log of one server. */
export class Slowlog implements SlowlogApi {
  #entries: SlowlogEntry[] = [];
  #nextId = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** Adds an entry and drops the oldest above `limit`. */
  add(
    args: Args,
    entry: Pick<SlowlogEntry, "time" | "micros" | "client" | "clientName">,
    limit: number,
  ): void {
    this.#entries.unshift({ id: this.#nextId++, ...entry, args: trimmed(args) });
    this.trim(limit);
  }

  trim(limit: number): void {
    if (this.#entries.length > limit) this.#entries.length = Math.max(0, limit);
  }

  latest(count: number): readonly SlowlogEntry[] {
    return this.#entries.slice(0, count);
  }

  reset(): void {
    this.#entries = [];
  }
}

function trimmed(args: Args): Uint8Array[] {
  const shown: Uint8Array[] = [];
  const count = Math.min(args.count, MOST_ARGUMENTS);
  for (let i = 0; i < count; i++) {
    if (count < args.count && i === count - 1) {
      shown.push(encoder.encode(`... (${args.count - count + 1} more arguments)`));
    } else if (args.len[i] > MOST_ARGUMENT_BYTES) {
      const rest = encoder.encode(`... (${args.len[i] - MOST_ARGUMENT_BYTES} more bytes)`);
      const entry = new Uint8Array(MOST_ARGUMENT_BYTES + rest.length);
      entry.set(args.view(i).subarray(0, MOST_ARGUMENT_BYTES));
      entry.set(rest, MOST_ARGUMENT_BYTES);
      shown.push(entry);
    } else {
      shown.push(args.bytes(i));
    }
  }
  return shown;
}
