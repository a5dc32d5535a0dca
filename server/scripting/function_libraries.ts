/**
 * Libraries of functions: which there are, under which names, and how one takes another's place.
 *
 * A library is its source, whose first line names it (`#!lua name=lib`), and the functions that the source registers when it runs.
 * A function's name is unique among all libraries, whatever the case of its letters; a library's name is taken exactly.
 * What cannot be put in leaves everything as it was.
 *
 * How sources are run is a {@link FunctionEngine}'s business; calls, effects and clients are nobody's here.
 *
 * @module
 */

import { ReplyError } from "../resp/errors.ts";
import { splitWords } from "../resp/split_words.ts";

/** The only engine's name, as replies show it. */
export const ENGINE_NAME = "LUA";

const NEWLINE = 0x0a;
/** What a library or function takes beside its texts, in bytes, roughly. */
const OVERHEAD_BYTES = 160;

/** One function that clients can call. */
export interface LibraryFunction {
  readonly name: string;
  readonly description: Uint8Array | undefined;
  /** A sum of `ScriptFlag`s. */
  readonly flags: number;
  /** By which the engine knows it. */
  callback: number;
}

/** One library. */
export interface FunctionLibrary {
  readonly name: string;
  /** All of it, with the first line. */
  readonly source: Uint8Array;
  /** Where in the source Lua begins: at the end of the first line. */
  readonly bodyAt: number;
  /** By name, the case of whose letters counts here. */
  readonly functions: Map<string, LibraryFunction>;
}

/** Runs sources and keeps what they register. */
export interface FunctionEngine {
  /**
   * Runs a library's source for at most `timeLimit` ms (0 for as long as it takes), which adds to the library's functions.
   *
   * @throws {ReplyError} when the source cannot be compiled or fails
   */
  load(library: FunctionLibrary, timeLimit: number): void;
  /** Forgets the library's functions. */
  release(library: FunctionLibrary): void;
}

/** How to put a library in. */
export interface CreateOptions {
  /** Whether it takes the place of one of its name. */
  readonly replace?: boolean;
  /** How long its source may run, in ms; 0 for as long as it takes. */
  readonly timeLimit: number;
}

/** A set of libraries whose functions' names are distinct. */
export class FunctionLibraries {
  readonly #engine: FunctionEngine;
  readonly #libraries = new Map<string, FunctionLibrary>();
  /** By name in lower case. */
  readonly #functions = new Map<string, LibraryFunction>();
  #usedBytes = 0;

  constructor(engine: FunctionEngine) {
    this.#engine = engine;
  }

  /** In the order in which they came. */
  get all(): IterableIterator<FunctionLibrary> {
    return this.#libraries.values();
  }

  get libraryCount(): number {
    return this.#libraries.size;
  }

  get functionCount(): number {
    return this.#functions.size;
  }

  /** Bytes of sources, names and what is kept of them. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The function of a name, in any case of its letters. */
  find(name: string): LibraryFunction | undefined {
    return this.#functions.get(name.toLowerCase());
  }

  /**
   * Puts in the library of a source and answers its name.
   *
   * @throws {ReplyError} when the source is none of a library, fails, or takes a name that is taken
   */
  create(source: Uint8Array, { replace = false, timeLimit }: CreateOptions): string {
    const { name, bodyAt } = readHeader(source);
    const old = this.#libraries.get(name);
    if (old !== undefined && !replace) throw refused(`Library '${name}' already exists`);

    const library: FunctionLibrary = { name, source, bodyAt, functions: new Map() };
    try {
      this.#engine.load(library, timeLimit);
      if (library.functions.size === 0) throw refused("No functions registered");
      this.#requireDistinct(library, old === undefined ? [] : [old]);
    } catch (error) {
      this.#engine.release(library);
      throw error;
    }
    if (old !== undefined) this.#remove(old);
    this.#add(library);
    return name;
  }

  /** Takes a library out. @throws {ReplyError} when there is none of that name */
  delete(name: string): void {
    const library = this.#libraries.get(name);
    if (library === undefined) throw refused("Library not found");
    this.#remove(library);
  }

  /** Takes all of them out. */
  clear(): void {
    for (const library of this.#libraries.values()) this.#engine.release(library);
    this.#forget();
  }

  #forget(): void {
    this.#libraries.clear();
    this.#functions.clear();
    this.#usedBytes = 0;
  }

  /**
   * Takes over all libraries of another set, which is empty then.
   *
   * @throws {ReplyError} when one is there already and may not be replaced, or a function's name is taken
   */
  join(others: FunctionLibraries, options: { replace: boolean }): void {
    const replaced: FunctionLibrary[] = [];
    for (const { name } of others.all) {
      const old = this.#libraries.get(name);
      if (old === undefined) continue;
      if (!options.replace) throw refused(`Library ${name} already exists`);
      replaced.push(old);
    }
    for (const library of others.all) this.#requireDistinct(library, replaced);
    for (const library of replaced) this.#remove(library);
    for (const library of others.all) this.#add(library);
    others.#forget();
  }

  /** Sees that no function's name is taken, but by libraries that are going. */
  #requireDistinct(library: FunctionLibrary, going: readonly FunctionLibrary[]): void {
    for (const { name } of library.functions.values()) {
      const taken = this.find(name);
      if (taken === undefined) continue;
      const goes = going.some(({ functions }) => functions.get(taken.name) === taken);
      if (!goes) throw refused(`Function ${name} already exists`);
    }
  }

  #add(library: FunctionLibrary): void {
    this.#libraries.set(library.name, library);
    this.#usedBytes += bytesOf(library);
    for (const one of library.functions.values()) {
      const key = one.name.toLowerCase();
      // Of two names in a library that differ in case only, the first is the one that is called.
      if (!this.#functions.has(key)) this.#functions.set(key, one);
    }
  }

  #remove(library: FunctionLibrary): void {
    this.#libraries.delete(library.name);
    this.#usedBytes -= bytesOf(library);
    for (const one of library.functions.values()) {
      const key = one.name.toLowerCase();
      if (this.#functions.get(key) === one) this.#functions.delete(key);
    }
    this.#engine.release(library);
  }
}

/** What a library takes, and each of its functions. */
function bytesOf({ name, source, functions }: FunctionLibrary): number {
  let bytes = OVERHEAD_BYTES + name.length + source.length;
  for (const { name, description } of functions.values()) {
    bytes += OVERHEAD_BYTES + name.length + (description?.length ?? 0);
  }
  return bytes;
}

/** Sees that a name consists of letters, digits and underscores, of libraries and functions alike. */
export function isLibraryName(name: string): boolean {
  return /^[a-zA-Z0-9_]+$/.test(name);
}

/** The refusal of other names. */
export const INVALID_NAME =
  "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";

/** The name in a source's first line, and where the line ends. */
function readHeader(source: Uint8Array): { name: string; bodyAt: number } {
  if (source[0] !== 0x23 || source[1] !== 0x21) throw refused("Missing library metadata");
  const end = source.indexOf(NEWLINE);
  const line = source.subarray(0, end);
  // A zero byte would end the text before the line does.
  if (end < 0 || line.includes(0)) throw refused("Invalid library metadata");
  const words = splitWords(line);
  if (words === undefined || words.length === 0) throw refused("Invalid library metadata");

  let name: string | undefined;
  for (const word of words.slice(1)) {
    if (!/^name=/i.test(word)) throw refused(`Invalid metadata value given: ${asCText(word)}`);
    if (name !== undefined) {
      throw refused("Invalid metadata value, name argument was given multiple times");
    }
    name = word.slice("name=".length);
  }
  if (name === undefined) throw refused("Library name was not given");
  if (!isLibraryName(name)) throw refused(INVALID_NAME);

  const engine = words[0].slice("#!".length);
  if (engine.toUpperCase() !== ENGINE_NAME) throw refused(`Engine '${engine}' not found`);
  return { name, bodyAt: end };
}

/** Up to the first zero byte. */
function asCText(text: string): string {
  return text.split("\0", 1)[0];
}

function refused(text: string): ReplyError {
  return new ReplyError(`ERR ${text}`);
}
