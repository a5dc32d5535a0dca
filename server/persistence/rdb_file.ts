/**
 * Snapshots in files: written beside the old file and put in its place when all is on the disk, so that whatever
 * happens there is a whole one.
 *
 * @module
 */

import type { SnapshotWriter } from "../../storage/snapshot.ts";

/** A file is read in pieces of so many bytes. */
const READ_BYTES = 256 * 1024;
/** So many bytes may wait for the disk: written back a little at a time they do not hold up everybody at the end. */
const SYNC_BYTES = 4 * 1024 * 1024;

/** Where a snapshot is to go. */
export interface RdbTarget {
  /** The folder's path. */
  readonly folder: string;
  readonly name: string;
  /** The name that the file has until it is whole. */
  readonly temporaryName: string;
}

/** Writes a snapshot to its end, with nothing in between. Throws what Deno's functions for files throw. */
export function writeRdbFile(snapshot: SnapshotWriter, target: RdbTarget): void {
  const { temporary, path } = pathsOf(target);
  try {
    {
      using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
      for (let piece = snapshot.next(); piece !== undefined; piece = snapshot.next()) {
        for (let written = 0; written < piece.length;) {
          written += file.writeSync(piece.subarray(written));
        }
      }
      file.syncSync();
    }
    Deno.renameSync(temporary, path);
    using folder = Deno.openSync(target.folder, { read: true });
    folder.syncSync();
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  } finally {
    snapshot.end();
  }
}

/** How a snapshot is written beside other work. */
export interface BackgroundWrite {
  /** Whether the disk is to be waited for again and again, and not only at the end. */
  readonly syncsOften: boolean;
  /** Whether the file is not wanted any more. */
  isCancelled(): boolean;
  /** Lets others work. */
  pause(): Promise<void>;
}

/**
 * {@link writeRdbFile} with others' work between the pieces. Answers false when it was cancelled; the old file is as it
 * was then, and when it throws.
 */
export async function writeRdbFileBeside(
  snapshot: SnapshotWriter,
  target: RdbTarget,
  { syncsOften, isCancelled, pause }: BackgroundWrite,
): Promise<boolean> {
  const { temporary, path } = pathsOf(target);
  try {
    {
      using file = await Deno.open(temporary, { write: true, create: true, truncate: true });
      let unsynced = 0;
      while (!isCancelled()) {
        const piece = snapshot.next();
        if (piece === undefined) break;
        for (let written = 0; written < piece.length;) {
          written += await file.write(piece.subarray(written));
        }
        unsynced += piece.length;
        if (syncsOften && unsynced >= SYNC_BYTES) {
          await file.syncData();
          unsynced = 0;
        }
        await pause();
      }
      if (!isCancelled()) await file.sync();
    }
    if (isCancelled()) {
      removeIfThere(temporary);
      return false;
    }
    // At once, so that nobody can change their mind in between.
    Deno.renameSync(temporary, path);
    using folder = await Deno.open(target.folder, { read: true });
    await folder.sync();
    return true;
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  } finally {
    snapshot.end();
  }
}

function pathsOf({ folder, name, temporaryName }: RdbTarget): { temporary: string; path: string } {
  return { temporary: `${folder}/${temporaryName}`, path: `${folder}/${name}` };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    // Whoever could not create it, or may not touch it, has been told so already.
    const isExpected = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable ||
      error instanceof Deno.errors.NotADirectory;
    if (!isExpected) throw error;
  }
}

/** A file's bytes, and how many there are. */
export interface RdbFile {
  readonly bytes: number;
  /** Closes the file at the end, also where it is left early. */
  readonly chunks: AsyncGenerator<Uint8Array, void>;
}

/** Opens a file to read; undefined when there is none. */
export async function openRdbFile(path: string): Promise<RdbFile | undefined> {
  const file = await unlessMissing(() => Deno.open(path));
  if (file === undefined) return undefined;
  const { size } = await file.stat();
  return { bytes: size, chunks: chunksOf(file, (buf) => file.read(buf)) };
}

/**
 * {@link openRdbFile} for reading without a wait: what takes the chunks one after the other goes on before anything
 * else in the process does.
 */
export async function openRdbFileAtOnce(path: string): Promise<RdbFile | undefined> {
  const file = await unlessMissing(() => Deno.openSync(path));
  if (file === undefined) return undefined;
  return {
    bytes: file.statSync().size,
    chunks: chunksOf(file, (buf) => file.readSync(buf)),
  };
}

async function* chunksOf(
  file: Deno.FsFile,
  read: (buf: Uint8Array) => Promise<number | null> | number | null,
): AsyncGenerator<Uint8Array, void> {
  using _ = file;
  for (;;) {
    const buf = new Uint8Array(READ_BYTES);
    const length = await read(buf);
    if (length === null) return;
    yield buf.subarray(0, length);
  }
}

async function unlessMissing<T>(open: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
