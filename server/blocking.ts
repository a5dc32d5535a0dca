/**
 * Clients that wait for keys.
 *
 * A blocking command that finds nothing says which keys it waits for and how to try again. A change of such a key
 * marks it as ready; when the command (or transaction, or script) that changed it is over, the waiting clients are
 * tried in the order in which they came, until the key has nothing left to give. What one of them does may make
 * further keys ready (BLMOVE), which are looked at in turn.
 *
 * Who waits for lists is tried only while the key holds a list, so that ten thousand clients waiting for one key cost
 * a push no more than the one whom it serves, and a key that becomes something else disturbs nobody.
 *
 * Knows nothing of what is waited for: each command's own `serve` decides whether it can go on.
 *
 * @module
 */

import type { BlockOptions, Context } from "../commands/context.ts";
import type { Database } from "../storage/keyspace.ts";
import { KeyMarks, keyName } from "./key_marks.ts";
import type { Args } from "./resp/args.ts";

/** One client's wait. */
interface Wait {
  readonly ctx: Context;
  /** A copy: the client's buffer goes on receiving. */
  readonly args: Args;
  readonly options: BlockOptions;
  readonly queues: readonly Queue[];
  /** Waits are numbered as they come. */
  readonly arrival: number;
  readonly done: () => void;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Those who wait for one key of one database, in order of arrival. */
interface Queue {
  readonly name: string;
  readonly key: Uint8Array;
  readonly db: Database;
  readonly waits: Set<Wait>;
  /** How many of them are to be tried even if the key is gone or of another type. */
  heedless: number;
  isReady: boolean;
}

/** What the waits of a server need of it. */
export interface BlockingHost {
  /** Moves time on: what ran before may have taken long, and who is served now runs a command of his own. */
  moveTime(): void;
  /** Lets a client go on if `serve` can; its effects must leave as one command's. */
  serve(ctx: Context, args: Args, serve: () => boolean): boolean;
  /** Answers a client whose wait ends with an error. */
  refuse(ctx: Context, text: string): void;
  /** Whether a script runs that nothing may come between. */
  isBusy(): boolean;
}

/** A timer that is set for longer, in ms, goes off at once. */
const LONGEST_TIMER = 0x7fffffff;
/** When to look again at a time that was over while a script held everybody up, in ms. */
const LOOK_AGAIN = 10;

/** The waiting clients of one server. */
export class Blocking {
  readonly #host: BlockingHost;
  readonly #queues = new Map<string, Queue>();
  /** Those who wait for no key but for replicas; there is nothing to look up. */
  #keyless: Queue | undefined;
  /** Of the keys that have queues. */
  readonly #marks = new KeyMarks();
  #ready: Queue[] = [];
  #clients = 0;
  #timers = 0;
  #arrivals = 0;
  #serving = false;

  constructor(host: BlockingHost) {
    this.#host = host;
  }

  /** How many clients wait. */
  get clients(): number {
    return this.#clients;
  }

  /** How many of them have a timeout. */
  get timers(): number {
    return this.#timers;
  }

  /** How many keys are waited for. */
  get keys(): number {
    return this.#queues.size;
  }

  /** How many keys are waited for by those who want to know when they go. O(keys). */
  get keysMissed(): number {
    let keys = 0;
    for (const { waits } of this.#queues.values()) {
      for (const { options } of waits) {
        if (options.orGone !== true) continue;
        keys++;
        break;
      }
    }
    return keys;
  }

  /** Whether {@link serveReady} has anything to do. */
  get anyReady(): boolean {
    return this.#ready.length > 0;
  }

  /** Makes the client wait; ends when it has been served, its time is over, or it was unblocked. */
  wait(ctx: Context, args: Args, options: BlockOptions): Promise<void> {
    const copy = args.detach();
    const queues = new Set(options.keys.map((i) => this.#queue(ctx.db, copy.view(i))));
    if (queues.size === 0) {
      queues.add(this.#keyless ??= emptyQueue("", new Uint8Array(0), ctx.db));
    }
    return new Promise((resolve) => {
      const wait: Wait = {
        ctx,
        args: copy,
        options,
        queues: [...queues],
        arrival: ++this.#arrivals,
        done: resolve,
        timer: undefined,
      };
      this.#clients++;
      for (const queue of wait.queues) {
        queue.waits.add(wait);
        if (isHeedless(options)) queue.heedless++;
      }
      if (options.timeout > 0) {
        this.#timers++;
        this.#setTimer(wait, options.timeout);
      }
      ctx.client.blockedOn((how) => this.#giveUp(wait, how));
    });
  }

  /** The queue for a key, made when it is missing. */
  #queue(db: Database, key: Uint8Array): Queue {
    const name = keyName(db, key, 0, key.length);
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = emptyQueue(name, key, db);
      this.#queues.set(name, queue);
      this.#marks.add(key);
    }
    return queue;
  }

  /** Gives up after `left` ms, with as many timers as that takes. */
  #setTimer(wait: Wait, left: number): void {
    const nap = Math.min(left, LONGEST_TIMER);
    wait.timer = setTimeout(() => {
      if (left > nap) this.#setTimer(wait, left - nap);
      else if (this.#host.isBusy()) this.#setTimer(wait, LOOK_AGAIN);
      else this.#giveUp(wait, "timeout");
    }, nap);
  }

  /** Ends all waits with an error, and then the connections: the server's role has changed. O(clients that wait). */
  refuseAll(text: string): void {
    const queues = [...this.#queues.values()];
    if (this.#keyless !== undefined) queues.push(this.#keyless);
    for (const wait of new Set(queues.flatMap(({ waits }) => [...waits]))) {
      this.#host.refuse(wait.ctx, text);
      wait.ctx.client.closeAfterReply();
      this.#end(wait);
    }
  }

  #giveUp(wait: Wait, how: "timeout" | "error"): void {
    const { ctx, options } = wait;
    if (how === "timeout") options.onTimeout(ctx);
    else this.#host.refuse(ctx, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    this.#end(wait);
  }

  #end(wait: Wait): void {
    if (wait.options.timeout > 0) {
      this.#timers--;
      clearTimeout(wait.timer);
    }
    for (const queue of wait.queues) {
      queue.waits.delete(wait);
      if (isHeedless(wait.options)) queue.heedless--;
      if (queue.waits.size > 0 || queue === this.#keyless) continue;
      this.#queues.delete(queue.name);
      this.#marks.remove(queue.key);
    }
    this.#clients--;
    wait.ctx.client.blockedOn(undefined);
    wait.done();
  }

  /** Notes that the key at `off` has changed, if anybody waits for it. */
  keyChanged(db: Database, buf: Uint8Array, off: number, len: number): void {
    if (!this.#marks.mayHave(buf, off, len)) return;
    const queue = this.#queues.get(keyName(db, buf, off, len));
    if (queue !== undefined) this.#markReady(queue);
  }

  /** Notes that all keys of a database may have changed (SWAPDB, FLUSHALL). O(keys waited for). */
  databaseChanged(db: Database): void {
    for (const queue of this.#queues.values()) if (queue.db === db) this.#markReady(queue);
  }

  /**
   * Ends the waits that cannot go on here, each with an error: `why` answers its text. It is given the first of the
   * keys waited for, undefined where there is none. O(waits).
   */
  endWhere(why: (ctx: Context, key: Uint8Array | undefined) => string | undefined): void {
    const waits = new Set([...this.#queues.values()].flatMap((queue) => [...queue.waits]));
    for (const wait of waits) {
      const text = why(wait.ctx, wait.queues[0].key);
      if (text === undefined) continue;
      this.#host.refuse(wait.ctx, text);
      this.#end(wait);
    }
  }

  /** Notes that what those wait for who wait for no key may have happened. */
  replicasAcknowledged(): void {
    if (this.#keyless !== undefined && this.#keyless.waits.size > 0) this.#markReady(this.#keyless);
  }

  #markReady(queue: Queue): void {
    if (queue.isReady) return;
    queue.isReady = true;
    this.#ready.push(queue);
  }

  /** Serves whom the changed keys can serve; called between commands. */
  serveReady(): void {
    if (this.#serving || this.#host.isBusy()) return;
    this.#serving = true;
    this.#host.moveTime();
    try {
      while (this.#ready.length > 0) {
        const queues = this.#ready;
        this.#ready = [];
        for (const queue of queues) {
          queue.isReady = false;
          this.#serveQueue(queue);
        }
      }
    } finally {
      this.#serving = false;
    }
  }

  #serveQueue(queue: Queue): void {
    // Whoever begins to wait while this goes on comes after, and has looked at the key already.
    const latest = this.#arrivals;
    for (const wait of queue.waits) {
      if (wait.arrival > latest) return;
      const { ctx, args, options } = wait;
      if (!isHeedless(options)) {
        const type = typeOf(queue);
        if (type === 0 && queue.heedless === 0) return;
        if (type !== options.type) continue;
      }
      if (this.#host.serve(ctx, args, () => options.serve(ctx, args))) this.#end(wait);
    }
  }
}

function emptyQueue(name: string, key: Uint8Array, db: Database): Queue {
  return { name, key, db, waits: new Set(), heedless: 0, isReady: false };
}

/** Whether a wait is to be tried whatever its keys hold. */
function isHeedless({ type, orGone }: BlockOptions): boolean {
  return type === undefined || orGone === true;
}

/** The type of what the key of a queue holds now, 0 for nothing. */
function typeOf({ db, key }: Queue): number {
  // Not a lookup: a key whose time is over is nobody's here, and goes only when somebody asks for it.
  const { table } = db;
  const ref = table.find(key, 0, key.length, table.hash(key, 0, key.length));
  return ref === 0 || db.isOver(ref) ? 0 : db.type(ref);
}
