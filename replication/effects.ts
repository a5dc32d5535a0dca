/**
 * The one stream of write effects.
 *
 * Every change leaves the server as a deterministic command: the request itself, or what its handler said instead
 * (absolute times, random choices resolved). The AOF, replicas and slot migration are listeners. With no listener an
 * effect is never even composed.
 *
 * @module
 */

import type { EffectPart } from "../commands/context.ts";
import { Args } from "../server/resp/args.ts";

/** Who an effect is for, as bits. A message (PUBLISH) is for replicas only, and a script may choose for itself. */
export const Audience = { none: 0, aof: 1, replicas: 2, all: 3 } as const;

/** In a database's place: the effect is the same in all of them (MULTI, EXEC). */
export const NO_DATABASE = -1;

/**
 * Hears one effect: the database it belongs to or {@link NO_DATABASE}, the command, and a sum of {@link Audience}s. The
 * arguments are valid during the call only.
 */
export type EffectListener = (database: number, args: Args, audience: number) => void;

const encoder = new TextEncoder();

/** An effect that waits for the end of its unit. */
interface Effect {
  readonly database: number;
  readonly args: Args;
  readonly audience: number;
}

/**
 * The effects of one server.
 *
 * What belongs together (a command with the keys that expired meanwhile, a transaction, a script) is a *unit*: its
 * effects leave together at its end, wrapped in MULTI and EXEC when there is more than one.
 */
export class EffectStream {
  /** Whether anybody listens. */
  active = false;
  readonly #listeners = new Set<EffectListener>();
  /** How many units are open, one within the other. */
  #depth = 0;
  #waiting: Effect[] = [];

  /** Calls `listener` for each effect from now on; answers how to stop. */
  listen(listener: EffectListener): () => void {
    this.#listeners.add(listener);
    this.active = true;
    return () => {
      this.#listeners.delete(listener);
      this.active = this.#listeners.size > 0;
    };
  }

  /** Does something whose effects nobody is to hear of, since they are effects themselves. */
  async muted<T>(work: () => Promise<T>): Promise<T> {
    this.active = false;
    try {
      return await work();
    } finally {
      this.active = this.#listeners.size > 0;
    }
  }

  /** Begins a unit; every one needs its {@link end}. Those begun within another one belong to that. */
  begin(): void {
    this.#depth++;
  }

  /** Ends a unit: when it is the outermost one, its effects leave. */
  end(): void {
    if (--this.#depth > 0 || this.#waiting.length === 0) return;
    const effects = this.#waiting;
    this.#waiting = [];
    const isWrapped = effects.length > 1;
    if (isWrapped) this.#tell(NO_DATABASE, Args.of("MULTI"));
    for (const { database, args, audience } of effects) this.#tell(database, args, audience);
    if (isWrapped) this.#tell(NO_DATABASE, Args.of("EXEC"));
  }

  /** Adds an effect to the unit that is open, by a copy of it, or tells the listeners at once when there is none. */
  emit(database: number, args: Args, audience: number = Audience.all): void {
    if (audience === Audience.none) return;
    if (this.#depth > 0) this.#waiting.push({ database, args: args.detach(), audience });
    else this.#tell(database, args, audience);
  }

  /** Adds the last effect of the unit and ends it; alone in the outermost unit it needs no copy. */
  emitLast(database: number, args: Args, audience: number = Audience.all): void {
    const isAlone = this.#depth === 1 && this.#waiting.length === 0;
    if (isAlone && audience !== Audience.none) this.#tell(database, args, audience);
    else this.emit(database, args, audience);
    this.end();
  }

  #tell(database: number, args: Args, audience: number = Audience.all): void {
    for (const listener of this.#listeners) listener(database, args, audience);
  }
}

/** An effect's parts as bytes. */
export function effectBytes(part: EffectPart): Uint8Array {
  return part instanceof Uint8Array ? part : encoder.encode(String(part));
}
