/**
 * Loads the data from an append-only file: the base, then every command since.
 *
 * A client of our own carries out the commands as they stand: they were checked when they were written, so nothing
 * refuses them, nobody is answered, and what they do leaves no effects. Keys whose time is over are kept until a
 * command deletes them, as it was when the file was written.
 *
 * Files are read without a wait, so that nobody else works before the load lets them.
 *
 * What a crash may leave is a last command that is not whole, or a transaction without its end. It is cut off, if
 * `aof-load-truncated` allows it. Everything else that is wrong ends the load: nobody can tell what it meant.
 *
 * @module
 */

import type { PackingLimits } from "../../storage/rdb/loaded.ts";
import { loadSnapshot, SnapshotError } from "../../storage/rdb/snapshot_reader.ts";
import type { Keyspace } from "../../storage/keyspace.ts";
import { failureReason } from "../config/host.ts";
import type { RegisteredCommand } from "../../commands/registry.ts";
import type { CallContext } from "../call_context.ts";
import type { Args } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import { DiscardReply } from "../resp/reply.ts";
import type { Server } from "../server.ts";
import { Session } from "../session.ts";
import type { AofFolder } from "./aof_folder.ts";
import type { AofManifest, AofPart } from "./aof_manifest.ts";
import { AofReader, BadAofFormat } from "./aof_reader.ts";

/** Others may work after so many ms of a load … */
const SLICE_MS = 2;
/** … but only if it takes longer than this altogether: a small one is over before anybody can be told to wait. */
const UNNOTICED_MS = 50;
/** Commands between two looks at the clock. */
const COMMANDS_PER_LOOK = 64;
/** What is read of an RDB file at once, bytes. */
const CHUNK_BYTES = 64 * 1024;
const RDB_SIGNATURE = "REDIS";

/** The data cannot be loaded; the message has been made for the log. */
export class AofLoadError extends Error {}

/** What a load reports while it goes on. */
export interface AofLoadOptions {
  readonly folder: AofFolder;
  /** Lets others work. */
  pause(): Promise<void>;
  /** Is told how many bytes of all files have been read. */
  progress(bytes: number): void;
}

/** What has been loaded. */
export interface LoadedAof {
  /** Bytes of all files, and of the base. */
  readonly size: number;
  readonly baseSize: number;
}

type Outcome = "whole" | "truncated" | "empty";

/** Loads what a manifest names; nothing if all of it is empty. @throws {AofLoadError} */
export async function loadAof(
  server: Server,
  manifest: AofManifest,
  options: AofLoadOptions,
): Promise<LoadedAof> {
  return await new AofLoader(server, options).load(manifest);
}

class AofLoader {
  readonly #server: Server;
  readonly #options: AofLoadOptions;
  #sliceEnd: number;
  /** Bytes of the files that are done with. */
  #loaded = 0;

  constructor(server: Server, options: AofLoadOptions) {
    this.#server = server;
    this.#options = options;
    this.#sliceEnd = server.monotonic() + UNNOTICED_MS;
  }

  /** Lets others work, if that is due. */
  async #pause(): Promise<void> {
    if (this.#server.monotonic() < this.#sliceEnd) return;
    await this.#options.pause();
    this.#sliceEnd = this.#server.monotonic() + SLICE_MS;
  }

  async load(manifest: AofManifest): Promise<LoadedAof> {
    const sizes = manifest.parts.map((part) => this.#sizeOf(part));
    const size = sizes.reduce((sum, each) => sum + each, 0);
    const baseSize = manifest.base === undefined ? 0 : sizes[0];
    if (size === 0) return { size, baseSize };
    const { keyspace } = this.#server;
    const { deletesExpired, hidesExpired } = keyspace;
    keyspace.deletesExpired = keyspace.hidesExpired = false;
    try {
      for (const part of manifest.parts) {
        this.#loaded += await this.#loadPart(part, {
          isBase: part === manifest.base,
          isLast: part === manifest.parts.at(-1),
        });
      }
      return { size: this.#loaded, baseSize };
    } finally {
      keyspace.deletesExpired = deletesExpired;
      keyspace.hidesExpired = hidesExpired;
    }
  }

  #sizeOf({ name }: AofPart): number {
    try {
      return this.#options.folder.sizeOf(name);
    } catch (error) {
      this.#warn(`Unable to obtain the AOF file ${name} length. stat: ${failureReason(error)}`);
      throw new AofLoadError(`Cannot load the append-only file: ${name} is missing`);
    }
  }

  #warn(message: string): void {
    this.#server.log("warning", message);
  }

  /** Answers how many bytes the file has now. */
  async #loadPart(
    part: AofPart,
    { isBase, isLast }: { isBase: boolean; isLast: boolean },
  ): Promise<number> {
    const server = this.#server;
    const started = server.monotonic();
    const outcome = await this.#loadFile(part.name);
    if (outcome === "truncated" && !isLast) {
      const why = "the truncated file is not the last file";
      this.#warn(`Fatal error: ${why}`);
      throw new AofLoadError(`Cannot load the append-only file ${part.name}: ${why}`);
    }
    if (outcome !== "empty") {
      const seconds = ((server.monotonic() - started) / 1000).toFixed(3);
      const kind = isBase ? "base" : "incr";
      server.log("notice", `DB loaded from ${kind} file ${part.name}: ${seconds} seconds`);
    }
    return this.#options.folder.sizeOf(part.name);
  }

  async #loadFile(name: string): Promise<Outcome> {
    const path = this.#options.folder.pathOf(name);
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true });
    } catch (error) {
      const why = failureReason(error);
      this.#warn(
        error instanceof Deno.errors.NotFound
          ? `The append log file ${name} doesn't exist: ${why}`
          : `Fatal error: can't open the append log file ${name} for reading: ${why}`,
      );
      throw new AofLoadError(`Cannot open the append-only file ${name}: ${why}`);
    }
    try {
      if (file.statSync().size === 0) return "empty";
      const reader = this.#hasSnapshot(file)
        ? await this.#loadSnapshot(file, name)
        : new AofReader();
      return await this.#replay(file, name, reader);
    } catch (error) {
      if (!(error instanceof BadAofFormat)) throw error;
      this.#warn(
        `Bad file format reading the append only file ${name}: ` +
          "make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>",
      );
      throw new AofLoadError(`Cannot load the append-only file ${name}: bad file format`);
    } finally {
      file.close();
    }
  }

  #hasSnapshot(file: Deno.FsFile): boolean {
    const head = new Uint8Array(RDB_SIGNATURE.length);
    for (let at = 0; at < head.length;) {
      const count = file.readSync(head.subarray(at));
      if (count === null) break;
      at += count;
    }
    file.seekSync(0, Deno.SeekMode.Start);
    return new TextDecoder().decode(head) === RDB_SIGNATURE;
  }

  /** Loads the snapshot that a file begins with; answers a reader of what follows. */
  async #loadSnapshot(file: Deno.FsFile, name: string): Promise<AofReader> {
    const server = this.#server;
    const isOld = name === this.#options.folder.fileName;
    server.log(
      "notice",
      isOld ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...",
    );
    const { config, keyspace } = server;
    try {
      const { bytes, leftover } = await loadSnapshot(chunksOf(file), keyspace as Keyspace, {
        limits: config.values as PackingLimits,
        now: keyspace.now,
        keepsExpired: true,
        verifiesChecksum: config.values.rdbchecksum,
        pause: () => this.#pause(),
        functions: (source) => {
          server.functions.load(source, { replace: false, mustObey: true });
        },
        progress: (bytes) => this.#options.progress(this.#loaded + bytes),
      });
      const reader = new AofReader(bytes);
      for (let at = 0; at < leftover.length;) {
        const room = reader.room();
        const part = leftover.subarray(at, at + room.length);
        room.set(part);
        reader.filled(part.length);
        at += part.length;
      }
      if (isOld) server.log("notice", "Reading the remaining AOF tail...");
      return reader;
    } catch (error) {
      if (!(error instanceof SnapshotError)) throw error;
      const what = isOld ? "RDB preamble of the AOF file" : "RDB base file";
      this.#warn(error.message);
      this.#warn(`Error reading the ${what} ${name}, AOF loading aborted`);
      throw new AofLoadError(`Cannot load the append-only file ${name}: ${error.message}`);
    }
  }

  /** Carries out the commands of a file. */
  async #replay(file: Deno.FsFile, name: string, reader: AofReader): Promise<Outcome> {
    const replay = new Replay(this.#server, name);
    let beforeTransaction = reader.offset;
    let lastWhole = reader.offset;
    for (let commands = 1;; commands++) {
      while (!reader.next()) {
        const count = file.readSync(reader.room());
        if (count === null) {
          if (replay.inTransaction) {
            this.#warn(`Revert incomplete MULTI/EXEC transaction in AOF file ${name}`);
            return this.#cut(name, beforeTransaction);
          }
          return reader.hasRest ? this.#cut(name, lastWhole) : "whole";
        }
        reader.filled(count);
        this.#options.progress(this.#loaded + reader.offset);
      }
      if (!replay.inTransaction) beforeTransaction = lastWhole;
      const later = replay.run(reader.args);
      if (later !== undefined) await later;
      lastWhole = reader.offset;
      if (commands % COMMANDS_PER_LOOK === 0) await this.#pause();
    }
  }

  /** Cuts off the end of a file that a crash has left unfinished, if that is allowed. */
  #cut(name: string, size: number): Outcome {
    if (this.#server.config.values.aofLoadTruncated) {
      this.#warn(`!!! Warning: short read while loading the AOF file ${name}!!!`);
      this.#warn(`!!! Truncating the AOF ${name} at offset ${size} !!!`);
      try {
        Deno.truncateSync(this.#options.folder.pathOf(name), size);
        this.#warn(`AOF ${name} loaded anyway because aof-load-truncated is enabled`);
        return "truncated";
      } catch (error) {
        this.#warn(`Error truncating the AOF file ${name}: ${failureReason(error)}`);
      }
    }
    this.#warn(
      `Unexpected end of file reading the append only file ${name}. You can: ` +
        "1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. " +
        "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.",
    );
    throw new AofLoadError(`Cannot load the append-only file ${name}: it ends too early`);
  }
}

/** The bytes of a file from where it stands. Left open: whoever takes a part of them leaves the rest in the file. */
function chunksOf(file: Deno.FsFile): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        const chunk = new Uint8Array(CHUNK_BYTES);
        const count = file.readSync(chunk);
        return Promise.resolve(
          count === null
            ? { done: true, value: undefined }
            : { done: false, value: chunk.subarray(0, count) },
        );
      },
    }),
  };
}

/** Nothing is read from it, and nothing it is told goes anywhere. */
const NOBODY = {
  read: () => Promise.resolve(null),
  write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
  close: () => {},
};

/** The client that carries out the commands of one file. */
class Replay {
  readonly #server: Server;
  readonly #name: string;
  readonly #session: Session;
  readonly #context: CallContext;
  readonly #reply = new DiscardReply();

  constructor(server: Server, name: string) {
    this.#server = server;
    this.#name = name;
    const endpoints = { remote: "", local: "", isLocal: true, isUnix: false };
    this.#session = new Session(server, 0, NOBODY, endpoints);
    this.#session.mustObey = true;
    this.#context = this.#session.context;
    this.#context.reply = this.#reply;
    this.#context.denyBlocking = true;
  }

  get inTransaction(): boolean {
    return this.#session.inTransaction;
  }

  /** Carries out a command, or queues it. @throws {AofLoadError} if there is none of that name */
  run(args: Args): void | Promise<void> {
    const command = this.#resolve(args);
    const { transaction } = this.#session;
    if (transaction === undefined) return this.#call(command, args);
    if (command.fullName !== "exec") {
      transaction.queue(command, args);
      transaction.keep();
      return;
    }
    const later = transaction.forEach((each, itsArgs) => this.#call(each, itsArgs));
    if (later === undefined) return this.#session.discardTransaction();
    return later.then(() => this.#session.discardTransaction());
  }

  #resolve(args: Args): RegisteredCommand {
    try {
      return this.#server.dispatcher.resolve(args);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      const name = args.binary(0);
      const isKnown = this.#server.registry.find(args) !== undefined;
      this.#server.log(
        "warning",
        isKnown
          ? `Wrong arguments of '${name}' reading the append only file ${this.#name}`
          : `Unknown command '${name}' reading the append only file ${this.#name}`,
      );
      throw new AofLoadError(`Cannot load the append-only file ${this.#name}: ${error.message}`);
    }
  }

  #call(command: RegisteredCommand, args: Args): void | Promise<void> {
    const context = this.#context;
    const reply = this.#reply;
    reply.lastError = undefined;
    try {
      const later = command.run?.(context, args);
      if (later !== undefined) {
        return later.catch((error) => this.#refused(args, error)).then(() => this.#done(args));
      }
    } catch (error) {
      this.#refused(args, error);
    }
    this.#done(args);
  }

  #refused(args: Args, error: unknown): void {
    // Redis, too, goes on: a command that changed nothing then changes nothing now.
    if (error instanceof ReplyError) this.#complain(args, error.message);
    else throw error;
  }

  #done(args: Args): void {
    // Whom they were for was told when the file was written.
    this.#context.effects = undefined;
    const { lastError } = this.#reply;
    if (lastError !== undefined) this.#complain(args, lastError);
  }

  #complain(args: Args, message: string): void {
    this.#server.log(
      "warning",
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${message}' ` +
        `after processing the command '${args.lower(0)}'`,
    );
  }
}
