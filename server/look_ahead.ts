/**
 * Looking ahead in a pipeline: of requests that have come together, the first arguments are looked up as keys before
 * the first request is carried out.
 *
 * @module
 */

import type { Hasher } from "../storage/memory/hash.ts";
import { KeyWindow, WINDOW } from "../storage/memory/look_ahead.ts";
import type { Table } from "../storage/memory/table.ts";
import type { RequestDecoder } from "./resp/request_decoder.ts";

/** With fewer bytes to come there is no pipeline. */
export const LEAST_BYTES = 100;

/** Looks ahead for one server, in one client's batch at a time. */
export class LookAhead {
  readonly #window: KeyWindow;
  /** Requests that the window still tells of. */
  #left = 0;

  constructor(hasher: Hasher) {
    this.#window = new KeyWindow(hasher);
  }

  /** Called before each request of a batch is decoded: looks at the next ones when those seen are used up. */
  advance(decoder: RequestDecoder, table: Table): void {
    const window = this.#window;
    if (--this.#left > 0) return window.resume();
    if (decoder.remaining < LEAST_BYTES) return window.close();
    const { off, len } = window;
    this.#left = decoder.skim(off, len, WINDOW);
    window.open(decoder.args.buf, this.#left, table);
  }

  /** Ends a batch. */
  end(): void {
    this.#left = 0;
    this.#window.close();
  }
}
