/**
 * The append-only file of one server: whether there is one, its parts, and how they are renewed.
 *
 *     off ──► waiting ──► on        CONFIG SET appendonly yes: on from the first base on
 *
 * The file consists of a base, which is the data at one moment, and increments with what has happened since
 * (./aof_manifest.ts). A rewrite takes a snapshot while commands go on, whose effects go into another increment from
 * that very moment on. When the snapshot is on the disk the manifest is replaced, and what was before is deleted.
 *
 * @module
 */

import { Audience } from "../../replication/effects.ts";
import { CommandFormat } from "../../storage/aof/command_format.ts";
import { flushAll } from "../../storage/lazy_free.ts";
import { RdbFormat, SnapshotWriter } from "../../storage/snapshot.ts";
import type { AofApi, ClientApi } from "../../commands/context.ts";
import { failureReason } from "../config/host.ts";
import { Refusal } from "../config/errors.ts";
import { ReplyError } from "../resp/errors.ts";
import type { Server } from "../server.ts";
import { AofFolder, TEMPORARY, writeAll } from "./aof_folder.ts";
import { AofLoadError, loadAof } from "./aof_loader.ts";
import { AofManifest, BrokenManifest } from "./aof_manifest.ts";
import { AofWriter } from "./aof_writer.ts";
import { writeRdbFile } from "./rdb_file.ts";
import { SavePauses } from "./save_pauses.ts";
import { snapshotOptions } from "./snapshot_options.ts";

/** A base goes to the disk after so many bytes each, with `aof-rewrite-incremental-fsync`. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
/** After so many failures one after the other, rewrites wait before the next try … */
const MOST_FAILURES = 3;
/** … one minute, then twice as long each time, up to this. */
const LONGEST_DELAY_MINUTES = 60;

/** A rewrite that goes on. */
interface Rewrite {
  /** Unix time in ms. */
  readonly startedAt: number;
  isCancelled: boolean;
  readonly pauses: SavePauses;
}

/** The append-only file of one server. */
export class Aof implements AofApi {
  readonly writer: AofWriter;
  /** How often a rewrite was begun, and how many failed since the last one that did not. */
  rewrites = 0;
  failures = 0;
  /** How the last one ended. */
  lastRewriteStatus: "ok" | "err" = "ok";
  /** How long it took, seconds; -1 before the first. */
  lastRewriteSeconds = -1;
  /** Whether one is to be begun as soon as that is possible. */
  isScheduled = false;
  /** Bytes of the base and all increments, and what they were after the last rewrite. */
  currentSize = 0;
  baseSize = 0;
  readonly #server: Server;
  readonly #folder: AofFolder;
  #state: "off" | "waiting" | "on" = "off";
  /** Undefined until it is needed. */
  #manifest: AofManifest | undefined;
  #stopListening: (() => void) | undefined;
  #rewrite: Rewrite | undefined;
  #rewriting: Promise<void> = Promise.resolve();
  /** What is being deleted. */
  readonly #deletions = new Set<Promise<void>>();
  #delayMinutes = 0;
  /** Unix time in ms; 0 while nothing is put off. */
  #nextRewriteAt = 0;

  constructor(server: Server) {
    this.#server = server;
    this.#folder = new AofFolder(server.config.values);
    this.writer = new AofWriter({
      config: server.config,
      gate: server.encoders.gate,
      now: () => server.readClock(),
      monotonic: () => server.monotonic(),
      isSaving: () => this.#isSaving,
      synced: () => this.#wakeWaiting(),
      statusChanged: () => server.dispatcher.refresh(),
      fail: (message) => server.fail(message),
      recordLatency: (event, ms) => server.latency.record(event, ms),
      log: (level, message) => server.log(level, message),
    });
    this.writer.onWritten = (bytes) => this.currentSize += bytes;
    server.config.onChange(["appendonly"], ({ appendonly }) => {
      if (!appendonly) this.stop();
      else if (this.#state === "off") this.#startOrRefuse();
    });
    server.config.onChange(["rdb-key-save-delay"], () => this.#rewrite?.pauses.wake());
    server.config.onChange(["aof-disable-auto-gc"], () => this.#deleteHistory());
  }

  // --- what others ask ----------------------------------------------------------------------------------------

  get isEnabled(): boolean {
    return this.#state !== "off";
  }

  /** Whether it is on, but its first base is not there yet. */
  get lacksBase(): boolean {
    return this.#state === "waiting";
  }

  /** Unix time in ms since which a rewrite goes on; undefined while none does. */
  get rewritingSince(): number | undefined {
    return this.#rewrite?.startedAt;
  }

  /** Why commands that write must be refused. */
  get error(): string | undefined {
    return this.writer.error;
  }

  /** How far the effects are that have been written: in all, and on the disk (-1 before the first base is). */
  get positions(): { readonly written: number; readonly synced: number } {
    const { position, syncedPosition } = this.writer;
    return { written: position, synced: this.#state === "on" ? syncedPosition : -1 };
  }

  /** Whether the first base is being written, without which there is no file. */
  get isWritingFirstBase(): boolean {
    return this.#state === "waiting" && this.#rewrite !== undefined;
  }

  hasSynced({ effectPosition }: ClientApi): boolean {
    return this.#state === "on" && effectPosition <= this.writer.syncedPosition;
  }

  /** Lets those go on who wait for the disk, if it has what they wrote. */
  #wakeWaiting(): void {
    const { blocking } = this.#server;
    blocking.replicasAcknowledged();
    if (blocking.anyReady) blocking.serveReady();
  }

  get #isSaving(): boolean {
    return this.#rewrite !== undefined || this.#server.saves.isSaving;
  }

  // --- start and end ------------------------------------------------------------------------------------------

  /**
   * Loads the data and goes on writing where the file ends; does nothing unless `appendonly` is on. Clients must be kept
   * out until it ends.
   *
   * @throws {AofLoadError}
   */
  async begin(): Promise<void> {
    if (!this.#server.config.values.appendonly) return;
    const started = this.#server.monotonic();
    const manifest = this.#folder.adoptOldFile(this.#readManifest());
    this.#manifest = manifest;
    if (!manifest.isEmpty) {
      await this.#load(manifest);
      const seconds = ((this.#server.monotonic() - started) / 1000).toFixed(3);
      this.#server.log("notice", `DB loaded from append only file: ${seconds} seconds`);
    }
    try {
      this.#openAtStart(manifest);
    } catch (error) {
      throw new AofLoadError(`Can't open the append-only file: ${failureReason(error)}`);
    }
    this.#deleteHistory();
  }

  #openAtStart(found: AofManifest): void {
    const server = this.#server;
    this.#folder.create();
    let manifest = found;
    if (manifest.isEmpty) {
      manifest = manifest.withBase(this.#folder.fileName, this.#format);
      const { name } = manifest.base!;
      server.log("notice", `Creating AOF base file ${name} on server start`);
      const temporaryName = `${TEMPORARY}rewriteaof-${Deno.pid}.aof`;
      writeRdbFile(this.#takeSnapshot(), { folder: this.#folder.path, name, temporaryName });
    }
    const opens = manifest.increments.length > 0;
    if (!opens) manifest = manifest.withIncrement(this.#folder.fileName);
    const { name } = manifest.increments.at(-1)!;
    this.writer.open(this.#folder.pathOf(name), { isNew: false });
    this.#folder.writeManifest(manifest);
    this.#manifest = manifest;
    server.log("notice", `${opens ? "Opening" : "Creating"} AOF incr file ${name} on server start`);
    this.#state = "on";
    this.#listen();
  }

  /** Begins to write, with a rewrite, at once or as soon as that is possible. */
  #startOrRefuse(): void {
    const server = this.#server;
    this.#state = "waiting";
    if (this.#mustWait) {
      this.isScheduled = true;
      server.log(
        "notice",
        "AOF was enabled during a transaction or a save. An AOF background was scheduled to start when possible.",
      );
      return;
    }
    // One that goes on already has not kept what happened since.
    this.#cancelRewrite();
    try {
      this.#beginRewrite();
    } catch (error) {
      this.#state = "off";
      this.#startFailed(error);
      throw new Refusal("Unable to turn on AOF. Check server logs.");
    }
  }

  /** Begins to write again, with a rewrite, after all data have been replaced; if `appendonly` says so. */
  restart(): void {
    if (!this.#server.config.values.appendonly || this.#state !== "off") return;
    try {
      this.#startOrRefuse();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // Why is in the log: the data are not kept until somebody says CONFIG SET appendonly again.
    }
  }

  /** Stops writing; everything is on the disk when this returns. */
  stop(): void {
    if (this.#state === "off") return;
    this.#cancelRewrite();
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#server.log("notice", "Calling fsync() on the AOF file.");
    this.writer.close();
    if (this.#state === "waiting") {
      this.#delete(this.#folder.pathOf(this.#folder.temporaryIncrement));
    }
    this.#state = "off";
    this.isScheduled = false;
    // Who waits for the disk is told so when the command that stopped it is over.
    this.#server.blocking.replicasAcknowledged();
  }

  /** Ends when no file is in use any more; after {@link stop}. */
  async close(): Promise<void> {
    this.stop();
    this.#cancelRewrite();
    await this.#rewriting;
    await this.writer.idle();
    while (this.#deletions.size > 0) await Promise.all(this.#deletions);
  }

  #listen(): void {
    const server = this.#server;
    const { writer } = this;
    this.#stopListening ??= server.effects.listen((database, args, audience) => {
      if ((audience & Audience.aof) === 0) return;
      writer.add(database, args);
      server.replication.countUnsent();
      const { currentSession } = server;
      if (currentSession !== undefined) currentSession.effectPosition = writer.position;
    });
  }

  /** Loads the data anew, in place of what there is; others must be kept out meanwhile (DEBUG LOADAOF). */
  async reload(): Promise<void> {
    const server = this.#server;
    this.writer.flushNow();
    this.#manifest = undefined;
    flushAll(server.keyspace);
    try {
      const manifest = this.#folder.adoptOldFile(this.#readManifest());
      this.#manifest = manifest;
      this.#deleteHistory();
      await this.#load(manifest);
    } catch (error) {
      if (!(error instanceof AofLoadError)) throw error;
      throw new ReplyError("ERR Error trying to load the AOF files, check server logs.");
    } finally {
      server.loading.end();
    }
    server.log("warning", "Append Only File loaded by DEBUG LOADAOF");
  }

  /** Loads what a manifest names; other clients are kept out until whoever asked for it ends that. @throws {AofLoadError} */
  async #load(manifest: AofManifest): Promise<void> {
    const server = this.#server;
    const load = server.loading.begin({
      isAsync: false,
      startedAt: server.readClock(),
      usedBefore: server.usedMemory,
      totalBytes: manifest.parts.reduce((sum, { name }) => sum + this.#folder.sizeIfThere(name), 0),
    });
    const loaded = await server.effects.muted(() =>
      loadAof(server, manifest, {
        folder: this.#folder,
        pause: () => server.fairness.othersFirst(),
        progress: (bytes) => load.loadedBytes = bytes,
      })
    );
    this.currentSize = loaded.size;
    this.baseSize = loaded.baseSize;
  }

  #readManifest(): AofManifest {
    if (this.#manifest !== undefined) return this.#manifest;
    try {
      return this.#folder.readManifest();
    } catch (error) {
      if (!(error instanceof BrokenManifest)) throw error;
      const server = this.#server;
      server.log("warning", "*** FATAL AOF MANIFEST FILE ERROR ***");
      if (error.lineNumber > 0) {
        server.log("warning", `Reading the manifest file, at line ${error.lineNumber}`);
        server.log("warning", `>>> '${error.line}'`);
      }
      server.log("warning", error.message);
      throw new AofLoadError(`Cannot read the manifest of the append-only file: ${error.message}`);
    }
  }

  // --- rewriting ----------------------------------------------------------------------------------------------

  /** BGREWRITEAOF. @throws {ReplyError} */
  rewrite(): "started" | "scheduled" {
    if (this.#rewrite !== undefined) {
      throw new ReplyError("ERR Background append only file rewriting already in progress");
    }
    if (this.#mustWait) {
      this.isScheduled = true;
      // Who asks for it does not wait for a delay.
      this.failures = 0;
      return "scheduled";
    }
    try {
      this.#beginRewrite();
    } catch (error) {
      this.#startFailed(error);
      throw new ReplyError(
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
      );
    }
    return "started";
  }

  /** Whether effects of what has been done may still come: a snapshot and what follows it would not fit together. */
  get #mustWait(): boolean {
    const { busy, currentSession, saves } = this.#server;
    // The disk has one such task at a time.
    return saves.isSaving || busy !== undefined || currentSession?.inTransaction === true;
  }

  #startFailed(error: unknown): void {
    this.lastRewriteStatus = "err";
    this.failures++;
    this.#server.log("warning", `Can't rewrite append only file: ${failureReason(error)}`);
  }

  get #format(): "rdb" | "aof" {
    return this.#server.config.values.aofUseRdbPreamble ? "rdb" : "aof";
  }

  /** Takes the snapshot, and lets effects go into a new increment from its moment on. */
  #beginRewrite(): void {
    const server = this.#server;
    const folder = this.#folder;
    const manifest = this.#readManifest();
    this.#manifest = manifest;
    folder.create();
    if (this.#state === "waiting") {
      this.writer.open(folder.pathOf(folder.temporaryIncrement), { isNew: true });
      server.log(
        "notice",
        `Creating AOF incr file ${folder.temporaryIncrement} on background rewrite`,
      );
      this.#listen();
    } else if (this.#state === "on") {
      this.writer.flushNow();
      const next = manifest.withIncrement(folder.fileName);
      const { name } = next.increments.at(-1)!;
      this.writer.open(folder.pathOf(name), { isNew: true });
      server.log("notice", `Creating AOF incr file ${name} on background rewrite`);
      folder.writeManifest(next);
      this.#manifest = next;
    }
    const rewrite = {
      startedAt: server.readClock(),
      isCancelled: false,
      pauses: new SavePauses(server),
    };
    this.#rewrite = rewrite;
    this.rewrites++;
    this.isScheduled = false;
    const before = this.#rewriting;
    const data = this.#takeSnapshot();
    server.log("notice", "Background append only file rewriting started");
    this.#rewriting = before.then(() => this.#carryOut(rewrite, data));
  }

  #takeSnapshot(): SnapshotWriter {
    const server = this.#server;
    const { values } = server.config;
    const options = snapshotOptions(server, { isAofBase: true });
    const stamp = Math.floor(server.readClock() / 1000);
    const format = this.#format === "rdb" ? new RdbFormat(options) : new CommandFormat({
      functions: options.functions,
      ...(values.aofTimestampEnabled && { stamp }),
    });
    return new SnapshotWriter(server.keyspace, format, { oneByOne: values.rdbKeySaveDelay > 0 });
  }

  async #carryOut(rewrite: Rewrite, data: SnapshotWriter): Promise<void> {
    const server = this.#server;
    let isDone = false;
    try {
      await this.#writeBase(data, rewrite);
      if (!rewrite.isCancelled) {
        this.#finishRewrite();
        isDone = true;
      }
    } catch (error) {
      server.log(
        "warning",
        `Write error writing append only file on disk: ${failureReason(error)}`,
      );
      server.log("warning", "Background AOF rewrite terminated with error");
      this.lastRewriteStatus = "err";
      this.failures++;
    }
    if (!isDone) this.#delete(this.#folder.temporaryBase);
    if (this.#rewrite === rewrite) this.#rewrite = undefined;
    this.lastRewriteSeconds = Math.floor((server.readClock() - rewrite.startedAt) / 1000);
    if (isDone || rewrite.isCancelled || this.#state !== "waiting") return;
    // What was kept of the effects is worth nothing without the base.
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.writer.close();
    this.#delete(this.#folder.pathOf(this.#folder.temporaryIncrement));
    this.isScheduled = true;
  }

  /** Writes a snapshot to the temporary base, and to the disk, unless it is cancelled. */
  async #writeBase(data: SnapshotWriter, rewrite: Rewrite): Promise<void> {
    const { values } = this.#server.config;
    try {
      using file = await Deno.open(this.#folder.temporaryBase, {
        write: true,
        create: true,
        truncate: true,
      });
      for (let unsynced = 0; !rewrite.isCancelled;) {
        const piece = data.next();
        if (piece === undefined) break;
        writeAll(file, piece);
        unsynced += piece.length;
        if (unsynced >= SYNC_EVERY_BYTES) {
          if (values.aofRewriteIncrementalFsync) await file.syncData();
          unsynced = 0;
        }
        await rewrite.pauses.next();
      }
      if (!rewrite.isCancelled) await file.sync();
    } finally {
      data.end();
    }
  }

  /** Puts the new base in the place of all that it holds. */
  #finishRewrite(): void {
    const server = this.#server;
    const folder = this.#folder;
    server.log("notice", "Background AOF rewrite terminated with success");
    let manifest = this.#readManifest().withBase(folder.fileName, this.#format);
    const { name } = manifest.base!;
    Deno.renameSync(folder.temporaryBase, folder.pathOf(name));
    try {
      if (this.#state === "waiting") {
        manifest = manifest.withIncrement(folder.fileName);
        Deno.renameSync(
          folder.pathOf(folder.temporaryIncrement),
          folder.pathOf(manifest.increments.at(-1)!.name),
        );
      }
      manifest = manifest.withoutIncrements(this.#state === "off" ? 0 : 1);
      folder.writeManifest(manifest);
    } catch (error) {
      this.#delete(folder.pathOf(name));
      if (this.#state === "waiting") {
        this.#delete(folder.pathOf(manifest.increments.at(-1)!.name));
      }
      throw error;
    }
    this.#manifest = manifest;
    if (this.#state !== "off") {
      this.currentSize = this.baseSize = folder.sizeOf(name) + this.writer.fileSize;
      this.#state = "on";
    }
    this.#deleteHistory();
    this.lastRewriteStatus = "ok";
    this.failures = 0;
    server.log("notice", "Background AOF rewrite finished successfully");
    this.#wakeWaiting();
  }

  #cancelRewrite(): void {
    const rewrite = this.#rewrite;
    if (rewrite === undefined) return;
    this.#server.log("notice", "Killing the AOF rewrite that goes on (it is no child process)");
    rewrite.isCancelled = true;
    rewrite.pauses.wake();
    this.#rewrite = undefined;
  }

  /** Deletes what has been replaced, unless that is left to somebody else. */
  #deleteHistory(): void {
    const server = this.#server;
    const manifest = this.#manifest;
    if (server.config.values.aofDisableAutoGc || (manifest?.history.length ?? 0) === 0) return;
    for (const { name } of manifest!.history) {
      server.log("notice", `Removing the history file ${name} in the background`);
      this.#delete(this.#folder.pathOf(name));
    }
    const rest = manifest!.withoutHistory();
    try {
      this.#folder.writeManifest(rest);
      this.#manifest = rest;
    } catch (error) {
      // Nothing depends on it: they are deleted again with the next ones.
      server.log("warning", `Cannot write the manifest: ${failureReason(error)}`);
    }
  }

  #delete(path: string): void {
    const deletion = this.#folder.delete(path).catch((error) => {
      this.#server.log("warning", `Cannot delete ${path}: ${failureReason(error)}`);
    }).then(() => {
      this.#deletions.delete(deletion);
    });
    this.#deletions.add(deletion);
  }

  // --- regular work -------------------------------------------------------------------------------------------

  /** What is to be done several times a second. */
  tick(): void {
    this.writer.tick();
    if (this.#rewrite !== undefined || this.#mustWait) return;
    if (this.isScheduled) {
      if (this.#isPutOff()) return;
      this.#tryRewrite();
    } else if (this.#state === "on") {
      this.#rewriteIfGrown();
    }
  }

  #rewriteIfGrown(): void {
    const { autoAofRewriteMinSize, autoAofRewritePercentage } = this.#server.config.values;
    if (autoAofRewritePercentage === 0 || this.currentSize <= autoAofRewriteMinSize) return;
    const growth = Math.floor(this.currentSize * 100 / (this.baseSize || 1)) - 100;
    if (growth < autoAofRewritePercentage || this.#isPutOff()) return;
    this.#server.log("notice", `Starting automatic rewriting of AOF on ${growth}% growth`);
    this.#tryRewrite();
  }

  #tryRewrite(): void {
    try {
      this.#beginRewrite();
    } catch (error) {
      this.#startFailed(error);
    }
  }

  /** Whether rewrites have failed so often that the next one waits. */
  #isPutOff(): boolean {
    if (this.failures < MOST_FAILURES) {
      this.#delayMinutes = this.#nextRewriteAt = 0;
      return false;
    }
    const now = this.#server.readClock();
    if (this.#nextRewriteAt !== 0) {
      if (now < this.#nextRewriteAt) return true;
      this.#nextRewriteAt = 0;
      return false;
    }
    this.#delayMinutes = Math.min(LONGEST_DELAY_MINUTES, this.#delayMinutes * 2 || 1);
    this.#nextRewriteAt = now + this.#delayMinutes * 60_000;
    this.#server.log(
      "warning",
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in " +
        `${this.#delayMinutes} minutes`,
    );
    return true;
  }
}
