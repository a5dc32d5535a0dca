/**
 * A transaction: the commands that a client has queued since MULTI, and how EXEC carries them out.
 *
 * The queue is one buffer of argument bytes and one list of their lengths, since a client's own buffer goes on
 * receiving, and a copy of its own for each command would cost more than the command. Both are kept for the client's
 * next transaction while they are small.
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
const MOST_KEPT_ENTRIES = 256;
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
  /** For each command its number of arguments, then the length of each. */
  #lengths: number[] = [];
  #bytes = new Uint8Array(0);
  #used = 0;
  /** The command that is being carried out. */
  readonly #args = new Args();
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
    return this.#used + (this.#lengths.length - this.#commands.length) * ARGUMENT_OVERHEAD;
  }

  /** Bytes of memory that the queue takes. */
  get memory(): number {
    return this.#bytes.length + (this.#lengths.length + this.#commands.length) * ENTRY_BYTES;
  }

  /** Notes that a command was refused: what is queued will not be carried out. */
  abort(): void {
    this.#aborted = true;
  }

  /**
   * Adds a command with the flags that this request has, by a copy of its arguments; none is kept when EXEC will refuse anyway. Answers how many bytes of
   * memory were taken for it, mostly none.
   */
  queue(command: RegisteredCommand, args: Args, mask: number = command.mask): number {
    if (this.#aborted) return 0;
    const before = this.#bytes.length;
    this.mask |= mask;
    if ((mask & Flag.stale) === 0) this.mayBeStale = false;
    this.#commands.push(command);
    const { buf, count, len, off } = args;
    const lengths = this.#lengths;
    lengths.push(count);
    for (let i = 0; i < count; i++) {
      const length = len[i];
      lengths.push(length);
      const bytes = this.#room(length);
      copyBytes(buf, off[i], bytes, this.#used, length);
      this.#used += length;
    }
    return this.#bytes.length - before;
  }

  #room(length: number): Uint8Array {
    const needed = this.#used + length;
    const size = this.#bytes.length;
    if (needed <= size) return this.#bytes;
    const grown = size < LARGE_BYTES ? Math.max(FIRST_BYTES, size * 2) : size * 1.25;
    const larger = new Uint8Array(Math.max(needed, grown));
    larger.set(this.#bytes.subarray(0, this.#used));
    return this.#bytes = larger;
  }

  /** Empties the queue, for the next MULTI. */
  clear(): void {
    this.mask = this.#used = 0;
    this.mayBeStale = true;
    this.#aborted = false;
    if (this.#lengths.length > MOST_KEPT_ENTRIES) {
      this.#commands = [];
      this.#lengths = [];
    } else {
      this.#commands.length = this.#lengths.length = 0;
    }
    this.#args.trim();
    if (this.#bytes.length > MOST_KEPT_BYTES) this.#args.buf = this.#bytes = new Uint8Array(0);
  }

  /**
   * Calls `run` with every queued command in turn. Where one answers a promise the others follow when it has ended,
   * and a promise of the whole is answered. The arguments are valid until the next command begins.
   */
  forEach(
    run: (command: RegisteredCommand, args: Args) => void | Promise<void>,
  ): void | Promise<void> {
    this.#args.buf = this.#bytes;
    return this.#from(run, { command: 0, entry: 0, byte: 0 });
  }

  #from(
    run: (command: RegisteredCommand, args: Args) => void | Promise<void>,
    at: { command: number; entry: number; byte: number },
  ): void | Promise<void> {
    const args = this.#args;
    const lengths = this.#lengths;
    while (at.command < this.#commands.length) {
      args.count = 0;
      for (let left = lengths[at.entry++]; left > 0; left--) {
        const length = lengths[at.entry++];
        args.push(at.byte, length);
        at.byte += length;
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
