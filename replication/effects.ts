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
import type { Args } from "../server/resp/args.ts";

/** Hears one effect: the database it belongs to and the command. The arguments are valid during the call only. */
export type EffectListener = (database: number, args: Args) => void;

const encoder = new TextEncoder();

/** The effects of one server. */
export class EffectStream {
  /** Whether anybody listens. */
  active = false;
  readonly #listeners = new Set<EffectListener>();

  /** Calls `listener` for each effect from now on; answers how to stop. */
  listen(listener: EffectListener): () => void {
    this.#listeners.add(listener);
    this.active = true;
    return () => {
      this.#listeners.delete(listener);
      this.active = this.#listeners.size > 0;
    };
  }

  emit(database: number, args: Args): void {
    for (const listener of this.#listeners) listener(database, args);
  }
}

/** An effect's parts as bytes. */
export function effectBytes(part: EffectPart): Uint8Array {
  return part instanceof Uint8Array ? part : encoder.encode(String(part));
}
