/**
 * Clients that wait for keys.
 *
 * A blocking command that finds nothing says which keys it waits for and how to try again. A change of such a key
 * marks it as ready; when the command (or transaction, or script) that changed it is over, the waiting clients are
 * tried in the order in which they came, until the key has nothing left to give. What one of them does may make
 * further keys ready (BLMOVE), which are looked at in turn.
 *
 * Knows nothing of what is waited for: each command's own `serve` decides whether it can go on.
 *
 * @module
 */

import type { BlockOptions, Context } from "../commands/context.ts";
import type { Database } from "../storage/keyspace.ts";
import { type Args, decodeLatin1 } from "./resp/args.ts";

/** One client's wait. */
interface Wait {
  readonly ctx: Context;
  readonly args: Args;
  readonly options: BlockOptions;
  readonly database: number;
  readonly keys: readonly string[];
  readonly done: () => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** A timer that is set for longer, in ms, goes off at once. */
const LONGEST_TIMER = 0x7fffffff;

/** What happens around a try to serve a waiting client: its effects must leave as one command's. */
export type ServeWrapper = (ctx: Context, args: Args, serve: () => boolean) => boolean;

/** The waiting clients of one server. */
export class Blocking {
  /** By database and key, in order of arrival. */
  readonly #waits = new Map<string, Set<Wait>>();
  #ready: string[] = [];
  readonly #isReady = new Set<string>();
  readonly #serve: ServeWrapper;
  #clients = 0;
  #serving = false;

  constructor(serve: ServeWrapper) {
    this.#serve = serve;
  }

  /** How many clients wait. */
  get clients(): number {
    return this.#clients;
  }

  /** How many keys are waited for. */
  get keys(): number {
    return this.#waits.size;
  }

  /** Whether {@link serveReady} has anything to do. */
  get anyReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Makes the client wait; ends when it has been served, its time is over, or it was unblocked. */
  wait(ctx: Context, args: Args, options: BlockOptions): Promise<void> {
    return new Promise((resolve) => {
      const names = options.keys.map((i) => nameOf(ctx.db.id, args.view(i)));
      const wait: Wait = {
        ctx,
        args,
        options,
        database: ctx.db.id,
        keys: [...new Set(names)],
        done: resolve,
        timer: undefined,
      };
      this.#clients++;
      for (const key of wait.keys) {
        let waits = this.#waits.get(key);
        if (waits === undefined) this.#waits.set(key, waits = new Set());
        waits.add(wait);
      }
      if (options.timeout > 0) this.#setTimer(wait, options.timeout);
      ctx.client.blockedOn((how) => this.#giveUp(wait, how));
    });
  }

  /** Gives up after `left` ms, with as many timers as that takes. */
  #setTimer(wait: Wait, left: number): void {
    const nap = Math.min(left, LONGEST_TIMER);
    wait.timer = setTimeout(() => {
      if (left > nap) this.#setTimer(wait, left - nap);
      else this.#giveUp(wait, "timeout");
    }, nap);
  }

  #giveUp(wait: Wait, how: "timeout" | "error"): void {
    if (how === "error") {
      wait.ctx.reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
    } else {
      wait.options.onTimeout(wait.ctx);
    }
    this.#end(wait);
  }

  #end(wait: Wait): void {
    clearTimeout(wait.timer);
    for (const key of wait.keys) {
      const waits = this.#waits.get(key);
      waits?.delete(wait);
      if (waits?.size === 0) this.#waits.delete(key);
    }
    this.#clients--;
    wait.ctx.client.blockedOn(undefined);
    wait.done();
  }

  /** Notes that a key changed, if anybody waits for it. */
  keyChanged(key: Uint8Array, db: Database): void {
    if (this.#waits.size === 0) return;
    this.#markReady(nameOf(db.id, key));
  }

  #markReady(name: string): void {
    if (!this.#waits.has(name) || this.#isReady.has(name)) return;
    this.#isReady.add(name);
    this.#ready.push(name);
  }

  /** Notes that all keys of a database may have changed (SWAPDB, FLUSHALL). O(keys waited for). */
  databaseChanged(db: Database): void {
    const prefix = `${db.id}:`;
    for (const name of this.#waits.keys()) if (name.startsWith(prefix)) this.#markReady(name);
  }

  /** Serves whom the changed keys can serve; called between commands. */
  serveReady(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#ready.length > 0) {
        const names = this.#ready;
        this.#ready = [];
        for (const name of names) {
          this.#isReady.delete(name);
          this.#serveKey(name);
        }
      }
    } finally {
      this.#serving = false;
    }
  }

  #serveKey(name: string): void {
    const waits = this.#waits.get(name);
    if (waits === undefined) return;
    // Whoever begins to wait while this goes on comes after, and has looked at the key already.
    for (const wait of [...waits]) {
      if (!waits.has(wait)) continue;
      const { ctx, args, options } = wait;
      const served = this.#serve(ctx, args, () => options.serve(ctx, args));
      if (served) this.#end(wait);
    }
  }
}

function nameOf(database: number, key: Uint8Array): string {
  return `${database}:${decodeLatin1(key)}`;
}
