/**
 * Saving: SAVE, BGSAVE, save points, and what is remembered of them.
 *
 * A save in the background is a snapshot that is written while commands go on; there is one at a time. It is cancelled
 * by what makes it worthless (FLUSHALL) or unnecessary (a save at the end). What has been changed is counted by the
 * server; the last save only remembers how many changes there had been at its moment.
 *
 * @module
 */

import type { SavesApi } from "../../commands/context.ts";
import { saveFailure } from "../../commands/errors.ts";
import { ReplyError } from "../resp/errors.ts";
import { RdbFormat, SnapshotWriter } from "../../storage/snapshot.ts";
import { failureReason } from "../config/host.ts";
import type { Server } from "../server.ts";
import { loadRdbFile } from "./rdb_load.ts";
import { type RdbTarget, writeRdbFile, writeRdbFileBeside } from "./rdb_file.ts";
import { SavePauses } from "./save_pauses.ts";
import { snapshotOptions } from "./snapshot_options.ts";

/** After a failure the next attempt is made when so many seconds have passed. */
const RETRY_SECONDS = 5;
/** Digits of the run's id in temporary names, so that servers of one process do not take each other's. */
const ID_DIGITS = 8;

/** A save in the background. */
interface BackgroundSave {
  readonly snapshot: SnapshotWriter;
  /** Unix time in ms. */
  readonly startedAt: number;
  /** How many keys there were. */
  readonly keys: number;
  /** How many changes there had been. */
  readonly changes: number;
  isCancelled: boolean;
  readonly pauses: SavePauses;
  /** Ends, without an error, when it has been finished or given up. */
  done: Promise<void>;
}

/** Everything about the saves of one server. */
export class RdbSaves implements SavesApi {
  /** When the last save was made, Unix time in s; before the first one, when the server started. */
  lastSave: number;
  /** How the last one in the background ended. */
  lastSucceeded = true;
  /** How long it took, s; -1 before the first one. */
  lastSeconds = -1;
  /** How many have been begun. */
  count = 0;
  /** What the last load brought, and left out as their time was over. */
  loadedKeys = 0;
  loadedExpiredKeys = 0;
  readonly #server: Server;
  #current: BackgroundSave | undefined;
  #isScheduled = false;
  /** When the last attempt in the background was made, Unix time in s. */
  #lastTry = 0;
  /** {@link Server.changes} at the last save's moment. */
  #savedChanges = 0;
  /** Numbers temporary files. */
  #files = 0;
  /** Ends of saves that have been given up. */
  readonly #stopping = new Set<Promise<void>>();

  constructor(server: Server) {
    this.#server = server;
    this.lastSave = Math.floor(server.startedAt / 1000);
    server.config.onChange(["rdb-key-save-delay"], () => this.#current?.pauses.wake());
  }

  /** How many changes no save has. */
  get unsavedChanges(): number {
    return this.#server.changes - this.#savedChanges;
  }

  get isSaving(): boolean {
    return this.#current !== undefined;
  }

  /** What is known of the save that goes on. */
  get progress(): { startedAt: number; keys: number; totalKeys: number } | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    const { startedAt, snapshot, keys } = current;
    return { startedAt, keys: Math.min(snapshot.keys, keys), totalKeys: keys };
  }

  /** Whether writes are refused because the data cannot be saved. */
  get refusesWrites(): boolean {
    const { save, stopWritesOnBgsaveError } = this.#server.config.values;
    return !this.lastSucceeded && stopWritesOnBgsaveError && save.length > 0;
  }

  #setOutcome(succeeded: boolean): void {
    this.lastSucceeded = succeeded;
    this.#server.dispatcher.refresh();
  }

  // --- saving ---------------------------------------------------------------------------------------------------

  save(): void {
    if (this.#current !== undefined) throw alreadySaving();
    this.count++;
    if (!this.saveNow()) throw saveFailure();
  }

  /** Saves everything before it returns; false, with the reason in the log, when that cannot be done. */
  saveNow(): boolean {
    const server = this.#server;
    server.keyspace.setTime(server.readClock());
    try {
      writeRdbFile(this.#snapshot(), this.#target());
    } catch (error) {
      this.#logFailure(error);
      return false;
    }
    server.log("notice", "DB saved on disk");
    this.#noteSave(server.changes);
    return true;
  }

  #snapshot({ oneByOne = false } = {}): SnapshotWriter {
    const format = new RdbFormat(snapshotOptions(this.#server));
    return new SnapshotWriter(this.#server.keyspace, format, { oneByOne });
  }

  #noteSave(changes: number): void {
    this.#savedChanges = changes;
    this.lastSave = this.#now();
    this.#setOutcome(true);
  }

  #logFailure(error: unknown): void {
    const { dir, dbfilename } = this.#server.config.values;
    this.#server.log(
      "warning",
      `Cannot save "${dir}/${dbfilename}": ${failureReason(error)}`,
    );
  }

  saveInBackground(
    { mayWait, mustWait }: { mayWait: boolean; mustWait: boolean },
  ): "started" | "scheduled" {
    if (this.#current !== undefined) throw alreadySaving();
    if (!mustWait && !this.#isRewriting) {
      this.#start();
      return "started";
    }
    if (!mayWait && !mustWait) throw rewriting();
    this.#isScheduled = true;
    return "scheduled";
  }

  /** Whether the append-only file is being rewritten: the disk has one such task at a time. */
  get #isRewriting(): boolean {
    return this.#server.aof.rewritingSince !== undefined;
  }

  #start(): void {
    const server = this.#server;
    const { keyspace } = server;
    const { rdbKeySaveDelay, rdbSaveIncrementalFsync } = server.config.values;
    this.#isScheduled = false;
    this.#lastTry = this.#now();
    this.count++;
    const snapshot = this.#snapshot({ oneByOne: rdbKeySaveDelay > 0 });
    const current: BackgroundSave = {
      snapshot,
      startedAt: keyspace.now,
      keys: keyspace.databases.reduce((sum, db) => sum + db.size, 0),
      changes: server.changes,
      isCancelled: false,
      pauses: new SavePauses(server),
      done: Promise.resolve(),
    };
    this.#current = current;
    server.log("notice", "Background saving started");
    current.done = this.#write(current, {
      syncsOften: rdbSaveIncrementalFsync,
      isCancelled: () => current.isCancelled,
      pause: () => current.pauses.next(),
    });
  }

  async #write(
    current: BackgroundSave,
    how: Parameters<typeof writeRdbFileBeside>[2],
  ): Promise<void> {
    let isWritten = false;
    let failure: unknown;
    try {
      isWritten = await writeRdbFileBeside(current.snapshot, this.#target(), how);
    } catch (error) {
      failure = error;
    }
    this.lastSeconds = Math.floor((this.#server.readClock() - current.startedAt) / 1000);
    if (this.#current === current) this.#current = undefined;
    if (current.isCancelled) {
      this.#server.log("warning", "Background saving cancelled");
    } else if (isWritten) {
      this.#server.log("notice", "Background saving terminated with success");
      this.#noteSave(current.changes);
    } else {
      this.#logFailure(failure);
      this.#server.log("warning", "Background saving error");
      this.#setOutcome(false);
    }
  }

  /** Gives the save in the background up, if there is one; its file goes a little later. */
  cancel(): void {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    current.isCancelled = true;
    current.pauses.wake();
    current.snapshot.end();
    this.#stopping.add(current.done);
    current.done.finally(() => this.#stopping.delete(current.done));
  }

  /** Ends when nothing is written in the background any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#stopping, this.#current?.done]);
  }

  #target(): RdbTarget {
    const { dir, dbfilename } = this.#server.config.values;
    const id = this.#server.runId.slice(0, ID_DIGITS);
    return {
      folder: dir,
      name: dbfilename,
      temporaryName: `temp-${Deno.pid}-${id}-${++this.#files}.rdb`,
    };
  }

  /** Unix time in s. */
  #now(): number {
    return Math.floor(this.#server.readClock() / 1000);
  }

  // --- occasions ------------------------------------------------------------------------------------------------

  /** Starts a save if one is due; called regularly. */
  tick(): void {
    const { config, loading } = this.#server;
    const { save } = config.values;
    if (this.#current !== undefined || loading.current !== undefined) return;
    if ((save.length === 0 && !this.#isScheduled) || this.#isRewriting) return;
    const now = this.#now();
    if (!this.lastSucceeded && now - this.#lastTry <= RETRY_SECONDS) return;
    const changes = this.unsavedChanges;
    const point = save.find((point) =>
      changes >= point.changes && now - this.lastSave > point.seconds
    );
    if (point !== undefined) {
      this.#server.log(
        "notice",
        `${point.changes} changes in ${point.seconds} seconds. Saving...`,
      );
    }
    if (point !== undefined || this.#isScheduled) this.#start();
  }

  flushed(): void {
    this.cancel();
    if (this.#server.config.values.save.length > 0) this.saveNow();
  }

  // --- reading back ---------------------------------------------------------------------------------------------

  async reload(
    { saves, flushes, replaces }: { saves: boolean; flushes: boolean; replaces: boolean },
  ): Promise<void> {
    const server = this.#server;
    if (saves) {
      this.cancel();
      if (!this.saveNow()) throw saveFailure();
    }
    if (flushes) server.dropAll();
    try {
      await loadRdbFile(server, { replaces, atOnce: true });
    } catch (error) {
      server.log("warning", error instanceof Error ? error.message : String(error));
      throw new ReplyError("ERR Error trying to load the RDB dump, check server logs.");
    }
  }
}

function rewriting(): ReplyError {
  return new ReplyError(
    "ERR Another child process is active (AOF?): can't BGSAVE right now. " +
      "Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
  );
}

function alreadySaving(): ReplyError {
  return new ReplyError("ERR Background save already in progress");
}
