/**
 * Writes effects to an append-only file, and says when they are safe.
 *
 * Effects gather in a buffer while the JavaScript at hand runs, of however many clients. When it is over they are
 * written at once, and only then may replies leave ({@link OutputGate}): what a client was told survives the end of the
 * process. What survives a crash of the machine is for `appendfsync` to say:
 *
 *     always     replies wait for the disk, too. While it works commands go on, and what they wrote is the next group
 *     everysec   the disk works once a second, beside everything else; a write meanwhile would have to wait for it,
 *                and is put off for up to two seconds
 *     no         the system decides
 *
 * The disk works through a second handle of the file, since Deno lets a handle do one thing at a time.
 *
 * @module
 */

import { NO_DATABASE } from "../../replication/effects.ts";
import { requestLength, writeRequest } from "../../replication/stream.ts";
import { failureReason } from "../config/host.ts";
import type { OutputGate } from "../output.ts";
import { Args } from "../resp/args.ts";

/** The first room for effects, and the most that is kept between two writes, bytes. */
const FIRST_BYTES = 16 * 1024;
const MOST_KEPT_BYTES = 1024 * 1024;
/** A write is put off for so many seconds, at the most. */
const MOST_POSTPONED = 2;
/** Failures are logged once in so many seconds, and tried again once a second. */
const SECONDS_BETWEEN_COMPLAINTS = 30;
const NO_SPACE = "No space left on device";

/** The directives that matter here. */
interface WriterConfig {
  readonly appendfsync: "always" | "everysec" | "no";
  readonly noAppendfsyncOnRewrite: boolean;
  readonly aofTimestampEnabled: boolean;
  readonly latencyMonitorThreshold: number;
}

/** What a writer needs of its server. */
export interface AofWriterHost {
  readonly config: { readonly values: WriterConfig };
  readonly gate: OutputGate;
  /** Unix time in ms. */
  now(): number;
  /** A monotonic clock in ms. */
  monotonic(): number;
  /** Whether a snapshot is being written to the disk. */
  isSaving(): boolean;
  /** More effects are on the disk: clients may wait for that. */
  synced(): void;
  /** Whether writing fails has changed. */
  statusChanged(): void;
  /** Ends the server: what it has told its clients cannot be kept. */
  fail(message: string): void;
  recordLatency(event: string, ms: number): void;
  log(level: "notice" | "warning", message: string): void;
}

/** A file that is only appended to. */
class AppendedFile {
  readonly #writer: Deno.FsFile;
  readonly #syncer: Deno.FsFile;
  /** Bytes that are in it. */
  size: number;
  /** How many of them were in it when the disk last had all. */
  syncedSize: number;

  constructor(path: string, { isNew }: { isNew: boolean }) {
    this.#writer = Deno.openSync(path, { append: true, create: true });
    if (isNew) this.#writer.truncateSync(0);
    this.#syncer = Deno.openSync(path, { read: true });
    this.size = this.syncedSize = this.#writer.statSync().size;
  }

  /** Appends some of the bytes, and answers how many. */
  write(bytes: Uint8Array): number {
    return this.#writer.writeSync(bytes);
  }

  /** Takes back what was appended behind {@link size}. */
  cut(): void {
    this.#writer.truncateSync(this.size);
  }

  /** Waits for the disk, and holds everything up. */
  syncNow(): void {
    this.#writer.syncDataSync();
    this.syncedSize = this.size;
  }

  /** Waits for the disk. Not to be called again before it ends. */
  async sync(): Promise<void> {
    const { size } = this;
    await this.#syncer.syncData();
    this.syncedSize = Math.max(this.syncedSize, size);
  }

  close(): void {
    this.#writer.close();
    this.#syncer.close();
  }
}

/** The writer of one server. */
export class AofWriter {
  /** How many effects there have been. */
  position = 0;
  /** How many of them are on the disk. */
  syncedPosition = 0;
  /** How often a write was not put off any longer. */
  delayedSyncs = 0;
  /** Called with the number of bytes that were written. */
  onWritten: ((bytes: number) => void) | undefined;
  readonly #host: AofWriterHost;
  #file: AppendedFile | undefined;
  #buf = new Uint8Array(0);
  #length = 0;
  /** The database that the file has selected. */
  #database: number = NO_DATABASE;
  /** The second that the file has been told last. */
  #stamp = 0;
  #isDue = false;
  /** What the disk is doing, one thing after the other. */
  #work: Promise<void> = Promise.resolve();
  #jobs = 0;
  /** When the disk was last asked, seconds. */
  #lastSync = 0;
  /** Since when a write is put off, seconds. */
  #postponedSince: number | undefined;
  #writeError: string | undefined;
  #syncError: string | undefined;
  #lastComplaint = -Infinity;
  #lastTry = 0;
  #hasFailed = false;
  readonly #onTurn = () => this.#endTurn();

  constructor(host: AofWriterHost) {
    this.#host = host;
  }

  /** Why writes must be refused: the last one to the file failed. */
  get error(): string | undefined {
    return this.#writeError ?? this.#syncError;
  }

  /** Whether the file could be written last. */
  get isWritable(): boolean {
    return this.#writeError === undefined;
  }

  /** Bytes that are not written yet. */
  get bufferedBytes(): number {
    return this.#length;
  }

  /** Bytes of memory for them. */
  get memory(): number {
    return this.#file === undefined ? 0 : this.#buf.length;
  }

  get isSyncing(): boolean {
    return this.#jobs > 0;
  }

  /** Bytes of the file that is being written. */
  get fileSize(): number {
    return this.#file?.size ?? 0;
  }

  get #second(): number {
    return Math.floor(this.#host.now() / 1000);
  }

  // --- effects ------------------------------------------------------------------------------------------------

  /** Adds an effect on a database, or on {@link NO_DATABASE}. Replies wait until it is written. O(bytes). */
  add(database: number, args: Args): void {
    if (this.#host.config.values.aofTimestampEnabled) this.#addStamp();
    if (database !== NO_DATABASE && database !== this.#database) {
      this.#database = database;
      this.#append(Args.of("SELECT", String(database)));
    }
    this.#append(args);
    this.position++;
    if (this.#isDue) return;
    this.#isDue = true;
    this.#host.gate.close();
    queueMicrotask(this.#onTurn);
  }

  #append(args: Args): void {
    this.#room(requestLength(args));
    this.#length = writeRequest(args, this.#buf, this.#length);
  }

  #addStamp(): void {
    const second = this.#second;
    if (second <= this.#stamp) return;
    this.#stamp = second;
    const line = new TextEncoder().encode(`#TS:${second}\r\n`);
    this.#room(line.length);
    this.#buf.set(line, this.#length);
    this.#length += line.length;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buf.length) return;
    const larger = new Uint8Array(Math.max(needed, FIRST_BYTES, this.#buf.length * 2));
    larger.set(this.#buf.subarray(0, this.#length));
    this.#buf = larger;
  }

  /** Writes what the clients of this turn have done, and lets their replies go. */
  #endTurn(): void {
    this.#isDue = false;
    if (this.#hasFailed) return;
    if (this.#file === undefined || this.#host.config.values.appendfsync !== "always") {
      this.#flush(false);
      this.#host.gate.open();
    } else if (!this.isSyncing) {
      this.#writeGroup();
    }
  }

  /** Writes what there is; replies that depend on it leave when it is on the disk. */
  #writeGroup(): void {
    if (!this.#write()) return;
    if (this.#sparesDisk) return this.#host.gate.open();
    this.#host.gate.seal();
    this.#startSync();
  }

  /** Whether `no-appendfsync-on-rewrite` leaves the disk to the snapshot that is being written. */
  get #sparesDisk(): boolean {
    return this.#host.config.values.noAppendfsyncOnRewrite && this.#host.isSaving();
  }

  // --- the file -----------------------------------------------------------------------------------------------

  /** Writes from now on to the file of that path, which is made if it is missing, and emptied if it is to be new. */
  open(path: string, { isNew }: { isNew: boolean }): void {
    const file = new AppendedFile(path, { isNew });
    // Nobody may be told of what the old file's last sync is to make safe, so it is not left for later.
    if (this.#host.config.values.appendfsync === "always") this.#file?.syncNow();
    this.#retire();
    this.#file = file;
    this.#database = NO_DATABASE;
  }

  /** Everything that was added is in the file at hand: leaves it to the disk. */
  #retire(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    const { position } = this;
    this.#lastSync = this.#second;
    this.#afterwards(async () => {
      try {
        if (file.syncedSize < file.size) await file.sync();
        this.syncedPosition = Math.max(this.syncedPosition, position);
      } catch (error) {
        this.#host.log("warning", `Fail to fsync the AOF file: ${failureReason(error)}`);
      } finally {
        file.close();
      }
    });
  }

  /** Writes what is left, also while the disk works. @throws whatever keeps it from the file */
  flushNow(): void {
    if (this.#file !== undefined && !this.#flush(true)) throw new Error(this.#writeError);
  }

  /** Ends writing: what there is goes to the disk before this returns, and the replies leave. */
  close(): void {
    const file = this.#file;
    if (file !== undefined) {
      this.#flush(true);
      try {
        file.syncNow();
        this.syncedPosition = this.position;
      } catch (error) {
        this.#host.log("warning", `Fail to fsync the AOF file: ${failureReason(error)}`);
      }
      this.#file = undefined;
      // The disk may be at work on it.
      this.#afterwards(() => Promise.resolve(file.close()));
    }
    this.#length = 0;
    this.#setErrors(undefined, undefined);
    if (!this.#hasFailed) this.#host.gate.open();
  }

  /** Ends when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.isSyncing) await this.#work;
  }

  /** Writes what there is and asks the disk, as `everysec` has it. */
  #flush(force: boolean): boolean {
    if (this.#file === undefined) return true;
    const { appendfsync } = this.#host.config.values;
    if (this.#length > 0) {
      if (appendfsync === "everysec" && !force && this.#postpones()) return true;
      if (!this.#write()) return false;
    }
    if (appendfsync === "everysec" && this.#second > this.#lastSync && !this.#sparesDisk) {
      if (!this.isSyncing && this.#isBehind) this.#startSync();
      this.#lastSync = this.#second;
    }
    return true;
  }

  /** Whether a write is to wait for the disk, which would hold it up. */
  #postpones(): boolean {
    if (!this.isSyncing) return false;
    const second = this.#second;
    this.#postponedSince ??= second;
    if (second - this.#postponedSince < MOST_POSTPONED) return true;
    this.delayedSyncs++;
    this.#host.log(
      "notice",
      "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync " +
        "to complete, this may slow down the server.",
    );
    return false;
  }

  /** Whether something was written that the disk does not have. */
  get #isBehind(): boolean {
    const file = this.#file;
    return file !== undefined && file.syncedSize < file.size;
  }

  /** Writes the buffer to the file; false if that cannot be done now. */
  #write(): boolean {
    const file = this.#file;
    if (file === undefined || this.#length === 0) return true;
    const isTimed = this.#host.config.values.latencyMonitorThreshold > 0;
    const started = isTimed ? this.#host.monotonic() : 0;
    let written = 0;
    try {
      while (written < this.#length) {
        written += file.write(this.#buf.subarray(written, this.#length));
      }
    } catch (error) {
      this.#lastTry = this.#second;
      this.#writeFailed(file, written, error);
      return false;
    } finally {
      if (isTimed) this.#recordWrite(this.#host.monotonic() - started);
    }
    this.#postponedSince = undefined;
    file.size += written;
    this.#length = 0;
    if (this.#buf.length > MOST_KEPT_BYTES) this.#buf = new Uint8Array(0);
    this.onWritten?.(written);
    if (this.#writeError !== undefined) {
      this.#host.log("notice", "AOF write error looks solved, writes are accepted again.");
      this.#setErrors(undefined, this.#syncError);
    }
    return true;
  }

  #recordWrite(ms: number): void {
    const host = this.#host;
    const how = this.isSyncing
      ? "aof-write-pending-fsync"
      : host.isSaving()
      ? "aof-write-active-child"
      : "aof-write-alone";
    host.recordLatency(how, ms);
    host.recordLatency("aof-write", ms);
  }

  #writeFailed(file: AppendedFile, written: number, error: unknown): void {
    const host = this.#host;
    const mayLog = this.#second - this.#lastComplaint > SECONDS_BETWEEN_COMPLAINTS;
    if (mayLog) this.#lastComplaint = this.#second;
    const complain = (message: string) => {
      if (mayLog) host.log("warning", message);
    };
    let reason = failureReason(error);
    if (written === 0) {
      complain(`Error writing to the AOF file: ${reason}`);
    } else {
      reason = NO_SPACE;
      complain(
        `Short write while writing to the AOF file: (nwritten=${written}, expected=${this.#length})`,
      );
      try {
        file.cut();
        written = 0;
      } catch (failure) {
        complain(
          "Could not remove short write from the append-only file. The server may refuse to load the AOF the next " +
            `time it starts. ftruncate: ${failureReason(failure)}`,
        );
      }
    }
    if (host.config.values.appendfsync === "always") {
      // Clients have seen what the file does not hold, and it cannot be undone.
      return this.#fail(
        "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...",
      );
    }
    if (written > 0) {
      file.size += written;
      this.onWritten?.(written);
      this.#buf.copyWithin(0, written, this.#length);
      this.#length -= written;
    }
    this.#setErrors(reason, this.#syncError);
  }

  #fail(message: string): void {
    this.#hasFailed = true;
    this.#host.fail(message);
  }

  #setErrors(writeError: string | undefined, syncError: string | undefined): void {
    const before = this.error;
    this.#writeError = writeError;
    this.#syncError = syncError;
    if (before !== this.error) this.#host.statusChanged();
  }

  // --- the disk -----------------------------------------------------------------------------------------------

  /** Does something when the disk is done with what it was asked before, and then goes on with what has come. */
  #afterwards(job: () => Promise<void>): void {
    const before = this.#work;
    this.#jobs++;
    this.#work = (async () => {
      await before;
      await job();
      this.#jobs--;
      this.#afterSync();
    })();
  }

  #startSync(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { position } = this;
    this.#afterwards(() => this.#sync(file, position));
  }

  async #sync(file: AppendedFile, position: number): Promise<void> {
    const host = this.#host;
    const isAlways = host.config.values.appendfsync === "always";
    const started = host.monotonic();
    let failure: string | undefined;
    try {
      await file.sync();
    } catch (error) {
      failure = failureReason(error);
    }
    if (isAlways) host.recordLatency("aof-fsync-always", host.monotonic() - started);
    if (failure === undefined) {
      this.syncedPosition = Math.max(this.syncedPosition, position);
    } else if (isAlways) {
      return this.#fail(
        "Can't persist AOF for fsync error when the AOF fsync policy is 'always': " +
          `${failure}. Exiting...`,
      );
    } else {
      host.log("warning", `Fail to fsync the AOF file: ${failure}`);
    }
    this.#setErrors(this.#writeError, failure);
  }

  /** Lets the replies go that waited for the disk, and goes on with what has come while it worked. */
  #afterSync(): void {
    const { gate } = this.#host;
    if (gate.isClosed && !this.#hasFailed) {
      gate.release();
      // A turn that is not over yet ends by itself.
      if (!this.isSyncing && !this.#isDue) {
        if (this.#length === 0) gate.open();
        else this.#endTurn();
      }
    } else if (this.#length > 0 && !this.isSyncing && !this.#hasFailed) {
      // What was put off.
      this.#flush(false);
    }
    this.#host.synced();
  }

  /** What is to be done several times a second, even if there are no effects. */
  tick(): void {
    if (this.#file === undefined || this.#hasFailed) return;
    if (this.#length > 0) {
      if (this.#writeError === undefined || this.#second > this.#lastTry) this.#flush(false);
      return;
    }
    if (this.isSyncing || !this.#isBehind || this.#sparesDisk) return;
    const { appendfsync } = this.#host.config.values;
    if (appendfsync === "always") this.#startSync();
    else this.#flush(false);
  }
}
