/**
 * How a server follows a primary: its socket, its data, the client that carries out its stream, and what changes with
 * the role. ../replication/replica_role.ts decides when.
 *
 * What the primary sends of its data is loaded
 * - while it comes, if there are no data: nothing can be lost;
 * - from a file in `dir` when all of it is there, so that the old data can be read, and stay if the connection breaks;
 * - while it comes, into databases beside the old ones, which they replace at the end (`repl-diskless-load swapdb`).
 *
 * @module
 */

import type { PrimaryAddress } from "../commands/context.ts";
import type {
  PrimaryClient,
  ReplicaHost,
  StreamFeed,
  TakeOver,
} from "../replication/replica_role.ts";
import type { UpstreamSocket } from "../replication/upstream.ts";
import { flushAll, giveUp } from "../storage/lazy_free.ts";
import { Database } from "../storage/keyspace.ts";
import { loadSnapshot } from "../storage/rdb/snapshot_reader.ts";
import type { Endpoints, ReadConnection } from "./connection.ts";
import { plainAddress } from "./listener.ts";
import { loadOptions, noteLoaded } from "./persistence/rdb_load.ts";
import { OwnExpiries } from "./own_expiries.ts";
import type { Server } from "./server.ts";

const FILE_CHUNK_BYTES = 64 * 1024;
/** What blocked clients are told when the role changes under them. */
const ROLE_CHANGED = "UNBLOCKED force unblock from blocking operation, instance state changed " +
  "(master -> replica?)";

/** Implements {@link ReplicaHost} for one server. */
export class Following implements ReplicaHost {
  readonly #server: Server;
  /** What this server's own clients have written, where they may. */
  readonly ownExpiries: OwnExpiries;
  #diskOffsets = new DiskOffsets();
  /** The sessions of primaries, until they have ended. */
  readonly #sessions = new Set<Promise<void>>();

  constructor(server: Server) {
    this.#server = server;
    this.ownExpiries = new OwnExpiries(server.keyEvents);
    server.config.onChange(["replica-read-only"], () => this.#followWrites());
  }

  get config(): Server["config"] {
    return this.#server.config;
  }

  get port(): number {
    return this.#server.addresses[0]?.port ?? this.#server.config.values.port;
  }

  diskOffset(offset: number): number | undefined {
    const { aof } = this.#server;
    if (!aof.isEnabled) return undefined;
    const { synced, written } = aof.positions;
    return this.#diskOffsets.advance({ position: written, offset }, synced);
  }

  now(): number {
    return this.#server.readClock();
  }

  randomHex(digits: number): string {
    return this.#server.randomHex(digits);
  }

  log(level: "notice" | "warning", message: string): void {
    this.#server.log(level, message);
  }

  async connect({ host, port }: PrimaryAddress, signal: AbortSignal): Promise<UpstreamSocket> {
    const socket = await Deno.connect({ hostname: host, port, signal });
    const { replDisableTcpNodelay, tcpKeepalive } = this.#server.config.values;
    if (!replDisableTcpNodelay) socket.setNoDelay(true);
    if (tcpKeepalive > 0) socket.setKeepAlive(true);
    return socket;
  }

  // --- the stream ---------------------------------------------------------------------------------------------

  follow(
    socket: UpstreamSocket,
    { unread, feed, database }: { unread: Uint8Array; feed: StreamFeed; database: number },
  ): PrimaryClient {
    const server = this.#server;
    server.keyspace.setTime(server.readClock());
    const session = server.clients.add(new Resumed(socket, unread), endpointsOf(socket));
    session.obeyPrimary(feed);
    session.select(database);
    if (server.busy !== undefined) server.clients.holdPrimary(true);
    const work = session.serve();
    this.#sessions.add(work);
    work.finally(() => this.#sessions.delete(work));
    return session;
  }

  /** Ends when all sessions of primaries have; they are closed before. */
  async ended(): Promise<void> {
    await Promise.all(this.#sessions);
  }

  // --- the data -----------------------------------------------------------------------------------------------

  async takeOver(data: TakeOver): Promise<number> {
    if (this.#server.config.values.replDisklessLoad === "swapdb") {
      return await this.#loadBeside(data);
    }
    if (this.#isEmpty) return await this.#replace(data, data.chunks);
    await using file = await SyncFile.receive(this.#server.config.values.dir, data.chunks);
    return await this.#replace(data, file.chunks());
  }

  get #isEmpty(): boolean {
    const { functions, keyspace } = this.#server;
    return functions.libraryCount === 0 && keyspace.databases.every(({ size }) => size === 0);
  }

  /** Loads data in the place of the old ones; answers the database that the primary's stream has selected. */
  async #replace(data: TakeOver, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const server = this.#server;
    data.attach();
    server.log("notice", "MASTER <-> REPLICA sync: Flushing old data");
    this.#stopAppending();
    this.#flush();
    server.log("notice", "MASTER <-> REPLICA sync: Loading DB in memory");
    const load = this.#begin(data, false);
    try {
      const database = await this.#load(chunks, {
        progress: (bytes) => load.loadedBytes = bytes,
        functions: (source) => this.#addLibrary(source),
      });
      server.aof.restart();
      return database;
    } catch (error) {
      // Half of the data is worse than none.
      this.#flush();
      throw error;
    } finally {
      server.loading.end();
      this.#dataChanged();
    }
  }

  /** Loads data beside the old ones, which can be read meanwhile if they are an earlier state of the same history. */
  async #loadBeside(data: TakeOver): Promise<number> {
    const server = this.#server;
    const { keyspace } = server;
    server.log("notice", "MASTER <-> REPLICA sync: Loading DB in memory");
    const fresh = keyspace.databases.map(({ id }) => new Database(keyspace, id));
    const libraries: Uint8Array[] = [];
    const load = this.#begin(data, data.isSameHistory);
    keyspace.lodgers++;
    try {
      const database = await this.#load(data.chunks, {
        databases: fresh,
        progress: (bytes) => load.loadedBytes = bytes,
        functions: (source) => libraries.push(source.slice()),
      });
      data.attach();
      this.#stopAppending();
      server.log("notice", "MASTER <-> REPLICA sync: Swapping active DB with loaded DB");
      keyspace.hooks.flushed?.();
      for (const db of fresh) keyspace.exchange(keyspace.databases[db.id], db);
      server.functions.flush();
      for (const source of libraries) this.#addLibrary(source);
      server.aof.restart();
      return database;
    } finally {
      // What is in them now has no use: the old data, or half of the new.
      for (const db of fresh) giveUp(db);
      keyspace.lodgers--;
      server.loading.end();
      this.#dataChanged();
    }
  }

  #begin({ length }: TakeOver, isAsync: boolean) {
    const server = this.#server;
    return server.loading.begin({
      isAsync,
      startedAt: server.readClock(),
      usedBefore: server.keyspace.usedBytes,
      totalBytes: length ?? 0,
    });
  }

  async #load(
    chunks: AsyncIterable<Uint8Array>,
    options: {
      databases?: readonly Database[];
      progress: (bytes: number) => void;
      functions: (source: Uint8Array) => void;
    },
  ): Promise<number> {
    const server = this.#server;
    let database = 0;
    const loaded = await loadSnapshot(chunks, server.keyspace, {
      ...loadOptions(server),
      ...options,
      // The primary deletes them.
      keepsExpired: true,
      field: (name, value) => {
        // -1 stands for a stream that begins with SELECT.
        if (name === "repl-stream-db") database = Math.max(0, Number(value) || 0);
      },
    });
    noteLoaded(server, loaded);
    return database;
  }

  #addLibrary(source: Uint8Array): void {
    this.#server.functions.load(source, { replace: false, mustObey: true });
  }

  #flush(): void {
    const { functions, keyspace } = this.#server;
    flushAll(keyspace);
    functions.flush();
  }

  /** What is in the append-only file is not what will be there. */
  #stopAppending(): void {
    this.#server.aof.stop();
    this.#diskOffsets = new DiskOffsets();
  }

  #dataChanged(): void {
    const server = this.#server;
    server.changes++;
    if (server.blocking.anyReady && server.busy === undefined) server.blocking.serveReady();
  }

  // --- the role -----------------------------------------------------------------------------------------------

  roleChanged(): void {
    const server = this.#server;
    const { primary } = server.replica;
    server.logsAs(primary === undefined ? "M" : "S");
    server.followExpiry();
    server.config.assign(
      "replicaof",
      primary === undefined ? ["no", "one"] : [primary.host, String(primary.port)],
    );
    if (primary !== undefined) server.blocking.refuseAll(ROLE_CHANGED);
    // If a load was given up it is still off.
    else server.aof.restart();
    this.#followWrites();
    server.dispatcher.refresh();
  }

  #followWrites(): void {
    const { replica } = this.#server;
    this.ownExpiries.remember(replica.primary !== undefined && !replica.isReadOnly);
  }

  linkChanged(): void {
    this.#server.dispatcher.refresh();
  }
}

/** So many marks are kept: some minutes of acknowledgements, where nothing is ever synced. */
const MOST_MARKS = 256;

/** Tells which offset of a primary's stream is on the disk, as far as the append-only file is. */
export class DiskOffsets {
  /** Positions in the file, and the offsets whose effects they include, the earliest first. */
  readonly #marks: { readonly position: number; readonly offset: number }[] = [];
  #offset = 0;

  /** Notes that the file has grown to a position, and answers the offset that is there when it is synced up to `synced`. */
  advance(mark: { position: number; offset: number }, synced: number): number {
    const marks = this.#marks;
    // The last one may always be told of later ones instead: then it is on the disk when they are.
    if (marks.length === MOST_MARKS || marks.at(-1)?.position === mark.position) marks.pop();
    marks.push(mark);
    while (marks.length > 0 && marks[0].position <= synced) this.#offset = marks.shift()!.offset;
    return this.#offset;
  }

  /** How many positions are remembered. */
  get size(): number {
    return this.#marks.length;
  }
}

/** A connection on which something has been read already. */
class Resumed implements ReadConnection {
  readonly #socket: UpstreamSocket;
  #unread: Uint8Array;

  constructor(socket: UpstreamSocket, unread: Uint8Array) {
    this.#socket = socket;
    this.#unread = unread;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#unread.length === 0) return this.#socket.read(into);
    const part = this.#unread.subarray(0, into.length);
    into.set(part);
    this.#unread = this.#unread.subarray(part.length);
    return Promise.resolve(part.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.close();
  }
}

function endpointsOf({ localAddr, remoteAddr }: UpstreamSocket): Endpoints {
  return {
    remote: describe(remoteAddr),
    local: describe(localAddr),
    isLocal: false,
    isUnix: false,
  };
}

function describe(address: Deno.Addr): string {
  if (!("hostname" in address)) return "?:0";
  const host = plainAddress(address.hostname);
  return host.includes(":") ? `[${host}]:${address.port}` : `${host}:${address.port}`;
}

/** The data of a primary in a file, which is removed at the end. */
class SyncFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /** Writes all that comes to a file of its own. */
  static async receive(dir: string, chunks: AsyncIterable<Uint8Array>): Promise<SyncFile> {
    const path = await Deno.makeTempFile({ dir, prefix: "temp-", suffix: `.${Deno.pid}.rdb` });
    const file = new SyncFile(path, await Deno.open(path, { read: true, write: true }));
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += await file.#file.write(chunk.subarray(at));
      }
      await file.#file.seek(0, Deno.SeekMode.Start);
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
    return file;
  }

  /** What has been written. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const chunk = new Uint8Array(FILE_CHUNK_BYTES);
      const length = await this.#file.read(chunk);
      if (length === null) return;
      yield chunk.subarray(0, length);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    await Deno.remove(this.#path);
  }
}
