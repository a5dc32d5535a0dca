/**
 * Who has been sent something that is no reply: messages, invalidations, monitors' lines.
 *
 * What is sent gathers in the receivers' outputs and leaves when the work at hand is over, in one write a receiver
 * however many messages a pipeline of requests published.
 *
 * @module
 */

import type { Session } from "./session.ts";

/** The receivers of one server whose outputs are to be flushed. */
export class Pushes {
  #receivers = new Set<Session>();
  readonly #flush = () => this.flush();

  /** Flushes the session's output when the JavaScript at hand is over, and holds it against its limits. */
  add(session: Session): void {
    if (this.#receivers.size === 0) queueMicrotask(this.#flush);
    this.#receivers.add(session);
  }

  flush(): void {
    const receivers = this.#receivers;
    this.#receivers = new Set();
    for (const session of receivers) {
      session.output.flush();
      session.checkOutputLimit();
    }
  }
}
