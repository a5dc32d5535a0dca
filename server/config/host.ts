/**
 * What configuration needs of the machine: files, folders, standard input, the environment.
 *
 * An interface, so that tests and embedders decide what is there; {@link denoHost} is the real one. Everything is
 * synchronous, because CONFIG REWRITE and CONFIG SET are commands and nothing may come between their steps.
 *
 * @module
 */

import { globMatch } from "../../storage/glob.ts";

/** The machine as configuration sees it. File operations throw what Deno's throw. */
export interface ConfigHost {
  /** The absolute path of the folder that the process was started in. */
  readonly workingDirectory: string;
  /** An environment variable. */
  env(name: string): string | undefined;
  readFile(path: string): string;
  readBytes(path: string): Uint8Array;
  readStdin(): string;
  /** The paths that a pattern of absolute paths matches, sorted. */
  listFiles(pattern: string): string[];
  /** Replaces a file at once and durably: a reader sees the old text or the new one. */
  replaceFile(path: string, content: string | Uint8Array): void;
  /** The absolute path of an existing folder, without symbolic links. */
  realDirectory(path: string): string;
  /** Tells the operator about something that goes on nevertheless. */
  warn(message: string): void;
}

/** The machine that this process runs on. */
export function denoHost(): ConfigHost {
  return {
    workingDirectory: Deno.cwd(),
    env: (name) => Deno.env.get(name),
    readFile: (path) => Deno.readTextFileSync(path),
    readBytes: (path) => Deno.readFileSync(path),
    readStdin,
    listFiles,
    replaceFile,
    realDirectory,
    warn: (message) => console.warn(message),
  };
}

/** An absolute path: `path` as seen from the folder `base`. */
export function absolutePath(base: string, path: string): string {
  if (path.startsWith("/")) return path;
  const parts = base.split("/").filter((part) => part !== "");
  let rest = path;
  while (/^\.\.?\//.test(rest)) {
    if (rest.startsWith("../")) parts.pop();
    rest = rest.slice(rest.indexOf("/") + 1);
  }
  return "/" + [...parts, rest].join("/");
}

/** Why a file operation failed, in the operating system's words as Redis prints them. */
export function failureReason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "No such file or directory";
  if (error instanceof Deno.errors.NotADirectory) return "Not a directory";
  if (error instanceof Deno.errors.IsADirectory) return "Is a directory";
  if (error instanceof Deno.errors.PermissionDenied) return "Permission denied";
  if (error instanceof Deno.errors.NotCapable) return "Operation not permitted";
  return error instanceof Error ? error.message : String(error);
}

function readStdin(): string {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(16 * 1024);
  let text = "";
  for (;;) {
    const length = Deno.stdin.readSync(chunk);
    if (length === null) return text + decoder.decode();
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
  }
}

function listFiles(pattern: string): string[] {
  let paths = [""];
  for (const part of pattern.split("/").slice(1)) {
    paths = /[*?[]/.test(part)
      ? paths.flatMap((path) => matchingEntries(path, part))
      : paths.map((path) => `${path}/${part}`);
  }
  return paths.filter(exists).sort();
}

/** The entries of a folder whose names match; hidden ones only where the pattern shows its dot. */
function matchingEntries(folder: string, part: string): string[] {
  if (!exists(`${folder}/.`)) return [];
  const encoder = new TextEncoder();
  // The shell's [!a] is our [^a].
  const pattern = encoder.encode(part.replaceAll("[!", "[^"));
  return [...Deno.readDirSync(`${folder}/`)]
    .map(({ name }) => name)
    .filter((name) => !name.startsWith(".") || part.startsWith("."))
    .filter((name) => globMatch(pattern, encoder.encode(name)))
    .map((name) => `${folder}/${name}`);
}

/** Whether there is a file or folder of that name. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}

function replaceFile(path: string, content: string | Uint8Array): void {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  // Beside the file, since a rename cannot cross file systems.
  const prefix = path.slice(folder.length) + ".";
  const temporary = Deno.makeTempFileSync({ dir: folder, prefix });
  try {
    writeDurably(temporary, content);
    Deno.chmodSync(temporary, 0o644 & ~Deno.umask());
    Deno.renameSync(temporary, path);
  } catch (error) {
    Deno.removeSync(temporary);
    throw error;
  }
  syncFolder(folder);
}

function writeDurably(path: string, content: string | Uint8Array): void {
  using file = Deno.openSync(path, { write: true });
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
  file.syncSync();
}

/** Makes a rename in a folder survive a crash of the machine. */
function syncFolder(folder: string): void {
  using handle = Deno.openSync(folder, { read: true });
  handle.syncSync();
}

function realDirectory(path: string): string {
  const real = Deno.realPathSync(path);
  if (!Deno.statSync(real).isDirectory) throw new Deno.errors.NotADirectory();
  return real;
}
