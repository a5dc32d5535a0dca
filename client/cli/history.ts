/**
 * The shell's history: lines of earlier sessions, kept in a file of the user's.
 *
 * Lines with passwords are neither written nor brought back by the arrow keys.
 *
 * @module
 */

import { decodeLatin1 } from "../../server/resp/args.ts";
import { isSensitive } from "./known_commands.ts";
import { splitLine } from "./quoted.ts";
import type { System } from "./system.ts";

const USUAL_SIZE = 1000;
/** The file is readable by its owner only: keys and values may be secrets too. */
const FILE_MODE = 0o600;

/** Lines typed, oldest first, of this session and, where there is a file, of earlier ones. */
export class History {
  /** How many lines are kept. */
  readonly size = USUAL_SIZE;
  readonly #file: string | undefined;
  readonly #lines: string[];

  /** `file` is absent where nothing is to be kept. */
  constructor(file: string | undefined) {
    this.#file = file;
    this.#lines = file === undefined ? [] : readLines(file).slice(-USUAL_SIZE);
  }

  /** The lines in the order in which the arrow key brings them. */
  newestFirst(): string[] {
    return this.#lines.toReversed();
  }

  /** Whether a line holds no password. */
  mayKeep(line: string): boolean {
    const words = splitLine(line)?.map((word) => decodeLatin1(word).toLowerCase()) ?? [];
    const repeated = words.length > 1 && /^\d+$/.test(words[0]);
    return !isSensitive(repeated ? words.slice(1) : words);
  }

  /** Adds a line, and rewrites the file. */
  add(line: string): void {
    if (line.trim() === "" || line === this.#lines.at(-1) || !this.mayKeep(line)) return;
    this.#lines.push(line);
    if (this.#lines.length > USUAL_SIZE) this.#lines.shift();
    if (this.#file === undefined) return;
    try {
      Deno.writeTextFileSync(this.#file, this.#lines.join("\n") + "\n", { mode: FILE_MODE });
    } catch (error) {
      // A home that cannot be written to costs the history, not the session.
      if (!isFileTrouble(error)) throw error;
    }
  }
}

/** Which file holds the history: COOLCACHE_CLI_HISTFILE, else one in the home; none for /dev/null. */
export function historyFile(system: Pick<System, "env">): string | undefined {
  const chosen = system.env("COOLCACHE_CLI_HISTFILE");
  if (chosen === "/dev/null") return undefined;
  if (chosen) return chosen;
  const home = system.env("HOME");
  return home ? `${home}/.coolcache_cli_history` : undefined;
}

function readLines(file: string): string[] {
  try {
    return Deno.readTextFileSync(file).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (isFileTrouble(error)) return [];
    throw error;
  }
}

function isFileTrouble(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.IsADirectory;
}
