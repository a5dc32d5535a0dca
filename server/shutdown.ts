/**
 * The orderly end of a server: replicas catch up, the data is saved if that is wanted, and only then all is closed.
 *
 * Until the last step a shutdown can be called off, or fail because the data cannot be saved; the server then goes on
 * as if nothing had been.
 *
 * @module
 */

import type { ShutdownOptions } from "../commands/context.ts";
import { shutdownFailure } from "../commands/errors.ts";
import { ReplyError } from "./resp/errors.ts";
import type { Server } from "./server.ts";

/** The end of one server. */
export class Shutdown {
  readonly #server: Server;
  /** Closes everything. */
  readonly #end: () => Promise<void>;
  /** The one that waits for replicas. */
  #waiting: {
    readonly options: ShutdownOptions;
    /** On the monotonic clock in ms. */
    readonly until: number;
    readonly outcome: PromiseWithResolvers<void>;
  } | undefined;

  /** A signal's wish, which the next tick looks at. */
  #requested: ShutdownOptions | undefined;
  /** How many have begun one that waits. */
  #waiters = 0;

  constructor(server: Server, end: () => Promise<void>) {
    this.#server = server;
    this.#end = end;
  }

  /**
   * Ends the server. Whoever asks for it while it is under way shares the outcome.
   *
   * @throws {ReplyError} when it was called off, or the data could not be saved
   */
  begin(options: ShutdownOptions): Promise<void> {
    if (this.#waiting !== undefined && !options.now) {
      this.#waiters++;
      return this.#waiting.outcome.promise;
    }
    this.close();
    const server = this.#server;
    server.log("notice", "Shutdown was asked for");
    const { shutdownTimeout } = server.config.values;
    if (options.now || shutdownTimeout === 0 || this.#areReplicasReady) {
      return this.#finish(options);
    }
    server.log("notice", "Waiting for replicas before shutting down.");
    server.replication.requestAcknowledgements();
    server.clients.holdWrites("shutdown", true);
    this.#waiters = 1;
    const outcome = Promise.withResolvers<void>();
    this.#waiting = { options, until: server.monotonic() + shutdownTimeout * 1000, outcome };
    return outcome.promise;
  }

  /** Whether every replica has acknowledged all that there is. */
  get #areReplicasReady(): boolean {
    const { links, stream } = this.#server.replication;
    return Iterator.from(links).every(({ ackOffset }) => ackOffset >= stream.offset);
  }

  /** How many ms are left until nobody is waited for any more; undefined unless it is under way. */
  get remainingMs(): number | undefined {
    const waiting = this.#waiting;
    return waiting && Math.max(0, Math.round(waiting.until - this.#server.monotonic()));
  }

  /** Begins a shutdown with the next tick, unless it is called off before: for signals. */
  request(options: ShutdownOptions): void {
    this.#requested = options;
  }

  /** Whether one waits. */
  get isPending(): boolean {
    return this.#waiting !== undefined;
  }

  /** How many clients wait for the end. */
  get waitingClients(): number {
    return this.isPending ? this.#waiters : 0;
  }

  /** Looks whether one was asked for, or the wait is over; called regularly. */
  tick(): void {
    if (this.#requested !== undefined) {
      const options = this.#requested;
      this.#requested = undefined;
      // Nobody waits for the answer: why it failed is in the log.
      this.begin(options).catch((error) => {
        if (!(error instanceof ReplyError)) throw error;
      });
      return;
    }
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.#server.monotonic() < waiting.until && !this.#areReplicasReady) return;
    this.#stopWaiting();
    this.#finish(waiting.options).then(waiting.outcome.resolve, waiting.outcome.reject);
  }

  /** Calls a shutdown off that has not come to its last step; false when there is none. */
  abort(): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined && this.#requested === undefined) return false;
    this.#requested = undefined;
    if (waiting !== undefined) this.#stopWaiting();
    this.#server.log("notice", "Shutdown manually aborted.");
    waiting?.outcome.reject(shutdownFailure());
    return true;
  }

  #stopWaiting(): void {
    this.#waiting = undefined;
    this.#server.clients.holdWrites("shutdown", false);
  }

  /** Lets a wait end with the server, which ends some other way. */
  close(): void {
    if (this.#waiting === undefined) return;
    this.#waiting.outcome.resolve();
    this.#stopWaiting();
  }

  #finish({ save, force }: ShutdownOptions): Promise<void> {
    const server = this.#server;
    this.#logReplicas();
    if (server.aof.lacksBase) {
      // What it has so far is not all of the data.
      server.log("warning", `Writing initial AOF, ${force ? "exit anyway" : "can't exit"}.`);
      if (!force) return this.#refuse();
    }
    if (server.aof.isWritingFirstBase) {
      if (!force) {
        server.log("warning", "Writing initial AOF, can't exit.");
        return Promise.reject(shutdownFailure());
      }
      server.log("warning", "Writing initial AOF. Exit anyway.");
    }
    if (!this.#save(save)) {
      if (!force) {
        server.log("warning", "Error trying to save the DB, can't exit.");
        return this.#refuse();
      }
      server.log("warning", "Error trying to save the DB. Exit anyway.");
    }
    return this.#end();
  }

  #refuse(): Promise<never> {
    this.#server.log("warning", "Errors trying to shut down the server: it goes on.");
    return Promise.reject(shutdownFailure());
  }

  #logReplicas(): void {
    const { links, stream } = this.#server.replication;
    const replicas = [...links];
    if (replicas.length === 0) return;
    const lagging = replicas.filter(({ ackOffset }) => ackOffset < stream.offset);
    for (const { name, ackOffset, state } of lagging) {
      this.#server.log(
        "notice",
        `Lagging replica ${name} reported offset ${stream.offset - ackOffset} behind master, ` +
          `state=${state}.`,
      );
    }
    this.#server.log(
      "notice",
      `${replicas.length - lagging.length} of ${replicas.length} replicas are in sync when ` +
        `shutting down.`,
    );
  }

  /** Saves if that is wanted; false when it cannot be done. */
  #save(wanted: boolean | undefined): boolean {
    const { saves, loading, config } = this.#server;
    saves.cancel();
    // Half of the data must not take the place of all.
    if (loading.current !== undefined) return true;
    if (!(wanted ?? config.values.save.length > 0)) return true;
    this.#server.log("notice", "Saving the final RDB snapshot before exiting.");
    return saves.saveNow();
  }
}
