/**
 * MIGRATE's conversation with the other server.
 *
 * All keys leave in one pipeline of RESTORE (RESTORE-ASKING in a cluster), and each goes here when the other server has
 * it. Nobody writes meanwhile (the caller sees to that), so what was sent is what there is. Connections are kept for
 * a while, since tools move slots by many small MIGRATEs.
 *
 * Loaded when it is first needed.
 *
 * @module
 */

import { EventClass, type Migration } from "../commands/context.ts";
import { requestLength, writeRequest } from "../replication/stream.ts";
import { NO_EXPIRY } from "../storage/entry.ts";
import type { Database } from "../storage/keyspace.ts";
import { writeDump } from "../storage/rdb/dump.ts";
import type { CallContext } from "./call_context.ts";
import { Args, decodeLatin1 } from "./resp/args.ts";
import { ReplyError } from "./resp/errors.ts";
import type { Server } from "./server.ts";

/** How long a connection is kept that nobody uses, in ms, and how many at most. */
const KEPT_MS = 10_000;
const MOST_KEPT = 64;
const READ_BYTES = 16 * 1024;
const NEWLINE = 10;
const MINUS = "-";
/** Ports are taken as C's sockets take them. */
const PORT_BITS = 0xffff;

/** What the other server has done of what it was asked for. */
interface Outcome {
  /** The keys that it has stored. */
  readonly stored: readonly Uint8Array[];
  /** What to answer instead of OK. */
  readonly refusal: string | undefined;
  /** Whether the connection can be used again. */
  readonly isWhole: boolean;
}

/** The other server could not be talked to. */
class Broken extends Error {
  override readonly name = "Broken";
  readonly isTimeout: boolean;

  constructor(message: string, isTimeout: boolean) {
    super(message);
    this.isTimeout = isTimeout;
  }
}

/** A connection to another server. */
class Target {
  /** The database selected there; undefined if that is not known. */
  database: number | undefined;
  /** Ends it when nobody has used it for a while; undefined while it is in use. */
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly #connection: Deno.TcpConn;
  #unread = new Uint8Array(0);

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  async write(bytes: Uint8Array, timeout: number): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await within(
        timeout,
        this.#connection.write(bytes.subarray(sent)),
        "writing",
        () => this.close(),
      );
    }
  }

  /** The next line, without its end. */
  async line(timeout: number): Promise<string> {
    for (;;) {
      const end = this.#unread.indexOf(NEWLINE);
      if (end >= 0) {
        const line = decodeLatin1(this.#unread.subarray(0, end)).replace(/\r$/, "");
        this.#unread = this.#unread.subarray(end + 1);
        return line;
      }
      const chunk = new Uint8Array(READ_BYTES);
      const read = this.#connection.read(chunk);
      const count = await within(timeout, read, "reading", () => this.close());
      if (count === null) throw new Broken("reading", false);
      const joined = new Uint8Array(this.#unread.length + count);
      joined.set(this.#unread);
      joined.set(chunk.subarray(0, count), this.#unread.length);
      this.#unread = joined;
    }
  }

  close(): void {
    clearTimeout(this.timer);
    try {
      this.#connection.close();
    } catch (error) {
      // It may have ended already.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

/** The migrations from one server. */
export class Migrations {
  readonly #server: Server;
  /** Connections that are kept, by host and port, the one that was used last at the end. */
  readonly #kept = new Map<string, Target>();
  /** Connections in use: no timer of another use ends these. */
  readonly #inUse = new Set<Target>();
  #isClosed = false;

  constructor(server: Server) {
    this.#server = server;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#kept.size + this.#inUse.size;
  }

  /** Moves keys that are there, and replies. @throws {ReplyError} */
  async run(ctx: CallContext, migration: Migration): Promise<void> {
    const { db } = ctx;
    const composed = this.#compose(db, migration);
    const { stored, refusal } = await this.#transfer(migration, composed);
    if (!migration.copies) this.#delete(ctx, db, stored);
    if (refusal !== undefined) throw new ReplyError(refusal);
    ctx.reply.ok();
  }

  /** Sends everything, and once more if the connection breaks before the other server has answered anything. */
  async #transfer(
    migration: Migration,
    composed: { keys: Uint8Array[]; bytes: Uint8Array },
  ): Promise<Outcome> {
    for (let attempt = 0;; attempt++) {
      const target = await this.#target(migration);
      let isWhole = false;
      try {
        const outcome = await this.#send(target, migration, composed);
        isWhole = outcome.isWhole;
        return outcome;
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        // A connection that was kept may have been closed by the other side.
        if (attempt === 0 && !error.isTimeout && !this.#isClosed) continue;
        throw new ReplyError(`IOERR error or timeout ${error.message} to target instance`);
      } finally {
        this.#release(migration, { target, isWhole });
      }
    }
  }

  #compose(
    db: Database,
    { keys: wanted, replaces }: Migration,
  ): { keys: Uint8Array[]; bytes: Uint8Array } {
    const now = this.#server.keyspace.now;
    const name = this.#server.cluster === undefined ? "RESTORE" : "RESTORE-ASKING";
    const keys: Uint8Array[] = [];
    const parts: Uint8Array[] = [];
    for (const key of wanted) {
      const ref = db.findKey(key);
      if (ref === 0) continue;
      const expiry = db.expiry(ref);
      const ttl = expiry === NO_EXPIRY ? 0 : Math.max(1, expiry - now);
      const words = [name, key, String(ttl), writeDump(db, ref)];
      if (replaces) words.push("REPLACE");
      parts.push(encode(...words));
      keys.push(key);
    }
    return { keys, bytes: join(parts) };
  }

  /** Sends everything; answers which keys the other server has stored, and what it refused. */
  async #send(
    target: Target,
    { credentials, database, timeout }: Migration,
    { keys, bytes }: { keys: Uint8Array[]; bytes: Uint8Array },
  ): Promise<Outcome> {
    const head: Uint8Array[] = [];
    if (credentials.length > 0) head.push(encode("AUTH", ...credentials));
    if (target.database !== database) head.push(encode("SELECT", String(database)));
    await target.write(join([...head, bytes]), timeout);
    let refusal: string | undefined;
    const note = (line: string) => {
      if (!line.startsWith(MINUS)) return true;
      refusal ??= `ERR Target instance replied with error: ${line.slice(1)}`;
      return false;
    };
    for (let i = 0; i < head.length; i++) note(await target.line(timeout));
    // Where these were refused nothing can be told from what follows.
    const isAdmitted = refusal === undefined;
    const stored: Uint8Array[] = [];
    let isWhole = true;
    for (const [i, key] of keys.entries()) {
      let line: string;
      try {
        line = await target.line(timeout);
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        // All may be tried again, as far as can be told.
        if (i === 0 && refusal === undefined) throw error;
        refusal ??= `IOERR error or timeout ${error.message} to target instance`;
        isWhole = false;
        break;
      }
      if (note(line) && isAdmitted) stored.push(key);
    }
    target.database = refusal === undefined ? database : undefined;
    return { stored, refusal, isWhole };
  }

  /** Deletes what has arrived; replicas and the AOF are told of all in one DEL. */
  #delete(ctx: CallContext, db: Database, keys: readonly Uint8Array[]): void {
    if (keys.length === 0) return;
    const server = this.#server;
    const { currentSession } = server;
    // In a transaction time stands still.
    if (server.busy === undefined) server.keyspace.setTime(server.readClock());
    // The batch of the client has long ended, but these are still its changes.
    server.currentSession = ctx.client;
    server.effects.begin();
    for (const key of keys) {
      const ref = db.findKey(key);
      if (ref === 0) continue;
      db.deleteRef(ref);
      ctx.changedKey(key, EventClass.generic, "del", db);
    }
    if (server.effects.active) server.effects.emit(db.id, Args.of("DEL", ...keys));
    server.endUnit(ctx.client);
    server.currentSession = currentSession;
    if (server.blocking.anyReady && server.busy === undefined) server.blocking.serveReady();
  }

  // --- connections ----------------------------------------------------------------------------------------------

  /** A connection for use: one that was kept, or a new one. @throws {ReplyError} when there is none to be had */
  async #target({ host, port, timeout }: Migration): Promise<Target> {
    const name = `${host}:${port}`;
    let target = this.#kept.get(name);
    if (target !== undefined) {
      this.#kept.delete(name);
      clearTimeout(target.timer);
    } else {
      target = new Target(await this.#connect(host, parsePort(port), timeout));
    }
    this.#inUse.add(target);
    return target;
  }

  /** Keeps a connection after its use, if it is whole. */
  #release(
    { host, port }: Migration,
    { target, isWhole }: { target: Target; isWhole: boolean },
  ): void {
    this.#inUse.delete(target);
    if (!isWhole || this.#isClosed) return target.close();
    const name = `${host}:${port}`;
    this.#end(name);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size >= MOST_KEPT && oldest !== undefined) this.#end(oldest);
    this.#kept.set(name, target);
    target.timer = setTimeout(() => this.#end(name), KEPT_MS);
  }

  async #connect(hostname: string, port: number, timeout: number): Promise<Deno.TcpConn> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    try {
      const connection = await Deno.connect({ hostname, port, signal: abort.signal });
      connection.setNoDelay(true);
      return connection;
    } catch (error) {
      this.#server.log("verbose", `Cannot connect to ${hostname}:${port}: ${error}`);
      // Redis notices a refusal only when it writes.
      const isRefused = error instanceof Deno.errors.ConnectionRefused || port === 0;
      throw new ReplyError(
        isRefused
          ? "IOERR error or timeout writing to target instance"
          : "IOERR error or timeout connecting to the client",
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #end(name: string): void {
    this.#kept.get(name)?.close();
    this.#kept.delete(name);
  }

  /** Closes all connections. */
  close(): void {
    this.#isClosed = true;
    for (const name of [...this.#kept.keys()]) this.#end(name);
    for (const target of this.#inUse) target.close();
  }
}

/** A port as C's `atoi` and sockets understand it: what follows the digits is ignored, large numbers wrap. */
function parsePort(text: string): number {
  const number = Number.parseInt(text, 10) || 0;
  return number < 0 ? number : number & PORT_BITS;
}

function encode(...words: (string | Uint8Array)[]): Uint8Array {
  const args = Args.of(...words);
  const bytes = new Uint8Array(requestLength(args));
  writeRequest(args, bytes, 0);
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The result of some work on a connection, which is closed when it takes too long. */
async function within<T>(
  timeout: number,
  work: Promise<T>,
  what: string,
  close: () => void,
): Promise<T> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    close();
  }, timeout);
  try {
    return await work;
  } catch (error) {
    if (isLate) throw new Broken(what, true);
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new Broken(what, false);
  } finally {
    clearTimeout(timer);
  }
}
