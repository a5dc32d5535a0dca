/**
 * The pauses between the pieces of one save in the background: others work in them, and `rdb-key-save-delay` makes
 * them as long as tests want.
 *
 * There is no child process that somebody could end to be rid of a long delay, so a new one holds at once.
 *
 * @module
 */

import type { Server } from "../server.ts";

/** The pauses of one save. */
export class SavePauses {
  readonly #server: Server;
  #wake: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Lets others work, for as long as the directive says. */
  next(): Promise<void> {
    const { rdbKeySaveDelay } = this.#server.config.values;
    if (rdbKeySaveDelay <= 0) return this.#server.fairness.othersFirst();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, rdbKeySaveDelay / 1000);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  /** Ends the pause at hand, if there is one. */
  wake(): void {
    this.#wake?.();
  }
}
