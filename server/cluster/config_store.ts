/**
 * Where nodes.conf lies: one server at a time may have it, and whoever reads it sees a whole one.
 *
 * @module
 */

const encoder = new TextEncoder();

/** The file of one node. */
export class ConfigStore {
  readonly path: string;
  /** The file that lies there now, held for its lock. */
  #lock: Deno.FsFile;

  /** @throws {Error} when another server has the file, or it cannot be opened */
  constructor(path: string) {
    this.path = path;
    try {
      this.#lock = Deno.openSync(path, { read: true, write: true, create: true });
    } catch (error) {
      throw new Error(`Can't open "${path}" in order to acquire a lock: ${error}`);
    }
    if (!this.#lock.tryLockSync(true)) {
      this.#lock.close();
      throw new Error(
        `Sorry, the cluster configuration file "${path}" is already used by a different Redis ` +
          `Cluster node. Please make sure that different nodes use different cluster ` +
          `configuration files.`,
      );
    }
  }

  read(): string {
    return Deno.readTextFileSync(this.path);
  }

  /** Replaces the file at once; a durable write is on the disk when this returns, which takes some ms. */
  write(text: string, { durable }: { durable: boolean }): void {
    const temporary = `${this.path}.tmp-${Deno.pid}`;
    const file = Deno.openSync(temporary, { read: true, write: true, create: true });
    try {
      // It is to be ours from the moment on at which it lies there.
      if (!file.tryLockSync(true)) throw new Error(`"${temporary}" is locked by another server`);
      file.truncateSync();
      const bytes = encoder.encode(text);
      for (let written = 0; written < bytes.length;) {
        written += file.writeSync(bytes.subarray(written));
      }
      if (durable) file.syncSync();
      Deno.renameSync(temporary, this.path);
    } catch (error) {
      file.close();
      removeIfThere(temporary);
      throw error;
    }
    this.#lock.close();
    this.#lock = file;
    if (durable) this.#syncFolder();
  }

  /** Makes the renaming survive a crash of the machine. */
  #syncFolder(): void {
    const folder = this.path.slice(0, this.path.lastIndexOf("/") + 1) || ".";
    using handle = Deno.openSync(folder, { read: true });
    handle.syncSync();
  }

  close(): void {
    this.#lock.close();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
