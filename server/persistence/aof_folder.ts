/**
 * The folder of an append-only file: its manifest, and what is done to its files as a whole.
 *
 * The manifest is replaced at once and durably: a crash leaves the old one or the new one. Everything here is
 * synchronous but for the deleting of old files, since nothing may come between the steps of a switch.
 *
 * @module
 */

import { AofManifest, BrokenManifest } from "./aof_manifest.ts";
import { exists, failureReason } from "../config/host.ts";

/** What begins the names of files that are not finished; whatever is left of them at a start is nobody's. */
export const TEMPORARY = "temp-";

/** The directives that say where the files are. */
export interface AofPlace {
  readonly dir: string;
  readonly appenddirname: string;
  readonly appendfilename: string;
}

/** The files of one server; the directives are read afresh each time, since `dir` may change. */
export class AofFolder {
  readonly #place: AofPlace;

  constructor(place: AofPlace) {
    this.#place = place;
  }

  /** The common beginning of all names. */
  get fileName(): string {
    return this.#place.appendfilename;
  }

  get path(): string {
    return `${this.#place.dir}/${this.#place.appenddirname}`;
  }

  /** Where a file of the folder is. */
  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Where the file is that versions without manifests had, beside the folder. */
  get oldPath(): string {
    return `${this.#place.dir}/${this.fileName}`;
  }

  /** Where a base is written before it is one: outside of the folder, as by Redis. */
  get temporaryBase(): string {
    return `${this.#place.dir}/${TEMPORARY}rewriteaof-bg-${Deno.pid}.aof`;
  }

  /** The name of an increment that is no part of the manifest yet. */
  get temporaryIncrement(): string {
    return `${TEMPORARY}${this.fileName}.incr`;
  }

  /** Makes the folder if there is none. */
  create(): void {
    Deno.mkdirSync(this.path, { recursive: true, mode: 0o755 });
  }

  has(name: string): boolean {
    return exists(this.pathOf(name));
  }

  /** The size of a file of the folder in bytes. @throws {Deno.errors.NotFound} */
  sizeOf(name: string): number {
    return Deno.statSync(this.pathOf(name)).size;
  }

  /** The same, or 0 where there is none. */
  sizeIfThere(name: string): number {
    return this.has(name) ? this.sizeOf(name) : 0;
  }

  /** The manifest; an empty one where there is none. @throws {BrokenManifest} */
  readManifest(): AofManifest {
    let bytes: Uint8Array;
    try {
      bytes = Deno.readFileSync(this.pathOf(`${this.fileName}.manifest`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new AofManifest();
      throw new BrokenManifest(
        `can't open the AOF manifest file ${this.fileName}.manifest for reading: ` +
          failureReason(error),
      );
    }
    return AofManifest.parse(bytes);
  }

  /** Replaces the manifest, and makes what was done in the folder before survive a crash of the machine. */
  writeManifest(manifest: AofManifest): void {
    const name = `${this.fileName}.manifest`;
    const temporary = this.pathOf(TEMPORARY + name);
    {
      using file = Deno.openSync(temporary, { write: true, create: true, truncate: true });
      writeAll(file, new TextEncoder().encode(manifest.toString()));
      file.syncSync();
    }
    Deno.renameSync(temporary, this.pathOf(name));
    using folder = Deno.openSync(this.path, { read: true });
    folder.syncSync();
  }

  /**
   * Takes over the file of a version without manifests, if there is one and nothing has taken its place. May be
   * interrupted anywhere: the next start goes on.
   */
  adoptOldFile(manifest: AofManifest): AofManifest {
    if (!exists(this.oldPath)) return manifest;
    const wasInterrupted = manifest.increments.length === 0 &&
      manifest.base?.name === this.fileName && !this.has(this.fileName);
    if (!manifest.isEmpty && !wasInterrupted) return manifest;
    this.create();
    const adopted = manifest.withOldFile(this.fileName);
    this.writeManifest(adopted);
    Deno.renameSync(this.oldPath, this.pathOf(this.fileName));
    return adopted;
  }

  /** Deletes a file without holding anybody up; nothing happens if it is not there. */
  async delete(path: string): Promise<void> {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Writes all bytes. */
export function writeAll(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
