/**
 * A transaction: the commands that a client has queued since MULTI, and how EXEC carries them out.
 *
 * Client libraries send a transaction in one piece. So what is queued stays where it came, in the client's input
 * buffer, and is copied only if EXEC is not there when the buffer is about to receive more ({@link Transaction.keep}):
 * into one buffer of the transaction's own, which is kept for the client's next transaction while it is small.
 *
 * @module
 */

import { Flag, type RegisteredCommand } from "../commands/registry.ts";
import { copyBytes } from "../storage/memory/bytes.ts";
import type { CallContext } from "./call_context.ts";
import { Args } from "./resp/args.ts";
import { ReplyError } from "./resp/errors.ts";

/** The first room for the bytes of a queue. */
const FIRST_BYTES = 512;
/** Buffers of more bytes, and lists of more entries, are not kept for the next transaction. */
const MOST_KEPT_BYTES = 4096;
const MOST_KEPT_ENTRIES = 512;
/** From this size on a buffer no longer doubles. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** What Redis counts for each argument beside its bytes: a pointer. */
const ARGUMENT_OVERHEAD = 8;
/** What an entry of the lists takes, bytes. */
const ENTRY_BYTES = 8;

/** The transaction of one client. */
export class Transaction {
  /** All flags of the queued commands, as the registry's bits. */
  mask = 0;
  /** Whether all queued commands may be carried out by a replica that has no link. */
  mayBeStale = true;
  #commands: RegisteredCommand[] = [];
  /** For each command its number of arguments, then the offset and the length of each. */
  #entries: number[] = [];
  /** How many of the entries tell of {@link #bytes}; the others tell of {@link #input}. */
  #kept = 0;
  #bytes = new Uint8Array(0);
  #used = 0;
  /** The client's input buffer, in which arguments lie that have not been copied. */
  #input: Uint8Array | undefined;
  #argumentCount = 0;
  #argumentBytes = 0;
  /** The command that is being carried out. */
  readonly #args = new Args();
  /** The entry of its first argument. */
  #running = 0;
  #aborted = false;

  /** Whether a command could not be queued, so that EXEC must refuse. */
  get isAborted(): boolean {
    return this.#aborted;
  }

  /** How many commands are queued. */
  get count(): number {
    return this.#commands.length;
  }

  /** Bytes of queued arguments, counted as Redis counts them. */
  get argumentBytes(): number {
    return this.#argumentBytes + this.#argumentCount * ARGUMENT_OVERHEAD;
  }

  /** Bytes of memory that the queue takes. */
  get memory(): number {
    return this.#bytes.length + (this.#entries.length + this.#commands.length) * ENTRY_BYTES;
  }

  /** Notes that a command was refused: what is queued will not be carried out. */
  abort(): void {
    this.#aborted = true;
  }

  /**
   * Adds a command with the flags that this request has; none is kept when EXEC will refuse anyway. Its arguments stay
   * where they are: before their bytes change {@link keep} must be called.
   */
  queue(command: RegisteredCommand, args: Args, mask: number = command.mask): void {
    if (this.#aborted) return;
    this.mask |= mask;
    if ((mask & Flag.stale) === 0) this.mayBeStale = false;
    const { buf, count, len, off } = args;
    if (this.#input !== buf) {
      this.keep();
      this.#input = buf;
    }
    this.#commands.push(command);
    const entries = this.#entries;
    entries.push(count);
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const length = len[i];
      entries.push(off[i], length);
      bytes += length;
    }
    this.#argumentCount += count;
    this.#argumentBytes += bytes;
  }

  /** Copies what still lies in the client's input buffer. Answers how many bytes of memory were taken for it, mostly none. */
  keep(): number {
    const input = this.#input;
    if (input === undefined) return 0;
    const before = this.#bytes.length;
    const entries = this.#entries;
    // Room for all that is queued is room for what is left of it.
    const bytes = this.#room(this.#argumentBytes);
    for (let entry = this.#kept; entry < entries.length;) {
      for (let left = entries[entry++]; left > 0; left--, entry += 2) {
        const length = entries[entry + 1];
        copyBytes(input, entries[entry], bytes, this.#used, length);
        entries[entry] = this.#used;
        this.#used += length;
      }
    }
    this.#kept = entries.length;
    this.#input = undefined;
    const args = this.#args;
    if (args.buf === input) {
      // The command that is being carried out goes on with the copy.
      args.buf = bytes;
      for (let i = 0; i < args.count; i++) args.off[i] = entries[this.#running + 2 * i];
    }
    return bytes.length - before;
  }

  /** A buffer of `needed` bytes or more that begins with what is kept. */
  #room(needed: number): Uint8Array {
    const size = this.#bytes.length;
    if (needed <= size) return this.#bytes;
    const grown = size < LARGE_BYTES ? Math.max(FIRST_BYTES, size * 2) : size * 1.25;
    const larger = new Uint8Array(Math.max(needed, grown));
    larger.set(this.#bytes.subarray(0, this.#used));
    return this.#bytes = larger;
  }

  /** Empties the queue, for the next MULTI. */
  clear(): void {
    this.mask =
      this.#used =
      this.#kept =
      this.#argumentCount =
      this.#argumentBytes =
        0;
    this.mayBeStale = true;
    this.#aborted = false;
    this.#input = undefined;
    if (this.#entries.length > MOST_KEPT_ENTRIES) {
      this.#commands = [];
      this.#entries = [];
    } else {
      this.#commands.length = this.#entries.length = 0;
    }
    this.#args.trim();
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#bytes = new Uint8Array(0);
    this.#args.buf = this.#bytes;
  }

  /**
   * Calls `run` with every queued command in turn. Where one answers a promise the others follow when it has ended,
   * and a promise of the whole is answered. The arguments are valid until the next command begins.
   */
  forEach(
    run: (command: RegisteredCommand, args: Args) => void | Promise<void>,
  ): void | Promise<void> {
    if (this.#kept > 0) this.keep();
    this.#args.buf = this.#input ?? this.#bytes;
    return this.#from(run, { command: 0, entry: 0 });
  }

  #from(
    run: (command: RegisteredCommand, args: Args) => void | Promise<void>,
    at: { command: number; entry: number },
  ): void | Promise<void> {
    const args = this.#args;
    const entries = this.#entries;
    while (at.command < this.#commands.length) {
      const count = entries[at.entry];
      this.#running = at.entry + 1;
      at.entry = this.#running + 2 * count;
      args.count = 0;
      for (let entry = this.#running; entry < at.entry; entry += 2) {
        args.push(entries[entry], entries[entry + 1]);
      }
      const later = run(this.#commands[at.command++], args);
      if (later !== undefined) return later.then(() => this.#from(run, at));
    }
  }
}

/**
 * EXEC: carries out what the client has queued and replies with all replies, or says why not.
 *
 * What the commands change leaves as one unit. A command that takes long (a script) holds the others of the server
 * out until all is over, and the rest of the transaction follows it.
 *
 * @throws {ReplyError} when there is no transaction, or a command could not be queued
 */
export function execute(ctx: CallContext): void | Promise<void> {
  const { client, server } = ctx;
  const { transaction } = client;
  if (transaction === undefined) throw new ReplyError("ERR EXEC without MULTI");
  if (transaction.isAborted) {
    client.discardTransaction();
    throw new ReplyError("EXECABORT Transaction discarded because of previous errors.");
  }
  if (client.isBroken || server.watches.anyExpired(client)) {
    client.discardTransaction();
    ctx.reply.nullArray();
    return;
  }
  server.watches.unwatch(client);

  const mayBlock = !ctx.denyBlocking;
  const finish = () => {
    if (mayBlock) ctx.denyBlocking = false;
    client.discardTransaction();
    server.endUnit(client);
  };
  ctx.denyBlocking = true;
  server.effects.begin();
  ctx.reply.array(transaction.count);
  let later: void | Promise<void> = undefined;
  try {
    later = transaction.forEach((command, args) => {
      if (client.replyMode !== "off") return carryOut(ctx, command, args);
      // CLIENT REPLY OFF was one of the commands: not even the replies announced are given.
      const mark = ctx.reply.mark();
      const work = carryOut(ctx, command, args);
      ctx.reply.rollback(mark);
      return work;
    });
  } finally {
    if (later === undefined) finish();
  }
  if (later === undefined) {
    // The effects are those of the commands.
    ctx.propagateNothing();
    return;
  }
  server.hold();
  return later.finally(() => {
    finish();
    server.release();
  });
}

/** Carries out one command, unless its user has lost the permission since it was queued. */
function carryOut(
  ctx: CallContext,
  command: RegisteredCommand,
  args: Args,
): void | Promise<void> {
  const { client, server } = ctx;
  const refusal = client.isRestricted ? server.acl.refuseQueued(client, command, args) : undefined;
  if (refusal === undefined) return server.dispatcher.callInner(ctx, command, args);
  server.stats.countError(refusal.code);
  ctx.reply.error(refusal.message);
}
