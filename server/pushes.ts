/**
 * What leaves when the work at hand is over: messages, invalidations and monitors' lines, and the replies to pipelines.
 *
 * What a client is sent that is no reply gathers in its output and leaves in one write, however many messages a
 * pipeline of requests published. The replies to pipelines, and over polled sockets all replies, leave when everything
 * that has come by now is carried out: a client that waits is woken by each write, which in between would cost both sides
 * more than the write itself.
 *
 * @module
 */

import type { Output } from "./output.ts";
import type { Session } from "./session.ts";

/** The receivers of one server whose outputs are to be flushed. */
export class Pushes {
  #receivers = new Set<Session>();
  readonly #flush = () => this.flush();
  #outputs: Output[] = [];
  readonly #flushReplies = () => this.flushReplies();

  /** Flushes the replies to a batch after those that have come with it are carried out, too. */
  addReplies(output: Output): void {
    // Reads that end in one turn of the event loop are taken up as microtasks: this one comes behind them.
    if (this.#outputs.length === 0) queueMicrotask(this.#flushReplies);
    this.#outputs.push(output);
  }

  flushReplies(): void {
    const outputs = this.#outputs;
    this.#outputs = [];
    for (const output of outputs) output.flush();
  }

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
