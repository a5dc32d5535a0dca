/**
 * The scripts of EVAL: kept by the SHA-1 of their source, compiled once for each Lua instance.
 *
 * A script may begin with a line that says what it needs (`#!lua flags=no-writes`); without one it is judged by what it does.
 *
 * @module
 */

import { sha1Hex } from "../../storage/memory/sha1.ts";
import type { Context } from "../../commands/context.ts";
import { type Args, decodeLatin1 } from "../resp/args.ts";
import { ReplyError } from "../resp/errors.ts";
import { splitWords } from "../resp/split_words.ts";
import { LuaStatus } from "./engine/lua_api.ts";
import { GLOBALS_INDEX, type LuaState } from "./engine/lua_state.ts";
import type { ScriptHost } from "./host.ts";
import type { ScriptDebugger } from "./script_debugger.ts";
import type { ScriptEngine } from "./script_engine.ts";
import { ScriptFlag, scriptFlag } from "./script_flags.ts";
import { untilZero } from "./script_reply.ts";

/** A script's name: its SHA-1 in hexadecimal digits. */
const NAME_LENGTH = 40;
const NEWLINE = 10;
const HASH = 35;
const EXCLAMATION_MARK = 33;
/** What a script takes beside its source, in bytes, roughly. */
const OVERHEAD_BYTES = 160;
/** Where the arguments of EVAL and its like are. */
const COUNT_AT = 2;
const FIRST_KEY_AT = 3;

/**
 * Words without which a script can neither repeat anything nor come by a function written in Lua: it ends after as many instructions
 * as it has. Names cannot be written in another way; that the words may stand in strings and comments does no harm.
 */
const WORDS_OF_LONG_SCRIPTS =
  /\b(?:function|for|while|repeat|load|loadstring|_G|__redis__err__handler)\b/;

/** A script that was seen. */
interface CachedScript {
  readonly name: string;
  readonly source: Uint8Array;
  /** Where in the source Lua begins. */
  readonly bodyAt: number;
  /** A sum of `ScriptFlag`s. */
  readonly flags: number;
  readonly isBrief: boolean;
  /** Whether it can look at its keys, and at its further arguments: a brief script has no way round their names. */
  readonly usesKeys: boolean;
  readonly usesArguments: boolean;
  /** The compiled function, for {@link LuaState.pushKept} of the instance of that generation. */
  reference: number;
  generation: number;
}

/** How a script is called. */
export interface EvaluateOptions {
  /** Whether argument 1 is the name of a script rather than its source. */
  readonly byName: boolean;
  /** Whether it may not write. */
  readonly isReadOnly: boolean;
}

/** The scripts of one server. */
export class EvalScripts {
  readonly #host: ScriptHost;
  readonly #engine: ScriptEngine;
  #scripts = new Map<string, CachedScript>();
  /** By a quick hash of the source: SHA-1 takes ten times as long as EVAL does without it. */
  #bySource = new Map<number, CachedScript>();
  #sourceBytes = 0;
  /** The script that EVALSHA called last, and its name's bytes: mostly it is the next one, too. */
  #latest: CachedScript | undefined;
  readonly #latestName = new Uint8Array(NAME_LENGTH);

  constructor(host: ScriptHost, engine: ScriptEngine) {
    this.#host = host;
    this.#engine = engine;
  }

  get count(): number {
    return this.#scripts.size;
  }

  /** Bytes of the sources and what is kept of them. */
  get usedBytes(): number {
    return this.#sourceBytes + this.#scripts.size * OVERHEAD_BYTES;
  }

  /** Whether there is a script of that name, in lower case. */
  has(name: string): boolean {
    return this.#scripts.has(name);
  }

  /** Forgets all scripts, and gives back the memory that they have used. */
  flush(): void {
    this.#scripts = new Map();
    this.#bySource = new Map();
    this.#sourceBytes = 0;
    this.#latest = undefined;
    this.#engine.drop();
  }

  /**
   * Compiles and keeps a script, and answers its name. The source is copied.
   *
   * @throws {ReplyError} when it is no script
   */
  load(source: Uint8Array): string {
    return this.#load(source).name;
  }

  #load(source: Uint8Array): CachedScript {
    const hash = quickHash(source);
    const known = this.#bySource.get(hash);
    if (known !== undefined && isSame(known.source, source)) return known;
    const script = this.#create(source);
    this.#bySource.set(hash, script);
    return script;
  }

  #create(source: Uint8Array): CachedScript {
    const name = sha1Hex(source);
    const known = this.#scripts.get(name);
    if (known !== undefined) return known;
    const { bodyAt, flags } = readShebang(source);
    const text = decodeLatin1(source);
    const isBrief = !WORDS_OF_LONG_SCRIPTS.test(text);
    const script: CachedScript = {
      name,
      source: source.slice(),
      bodyAt,
      flags,
      isBrief,
      usesKeys: !isBrief || text.includes("KEYS"),
      usesArguments: !isBrief || text.includes("ARGV"),
      reference: 0,
      generation: -1,
    };
    this.#compile(script);
    this.#scripts.set(name, script);
    this.#sourceBytes += source.length;
    return script;
  }

  /** @throws {ReplyError} when the source cannot be compiled */
  #compile(script: CachedScript): void {
    const { lua, generation } = this.#engine;
    lua.setTop(0);
    const body = script.source.subarray(script.bodyAt);
    if (lua.load(body, "@user_script") !== LuaStatus.ok) {
      const message = untilZero(lua.toText(-1));
      lua.setTop(0);
      throw new ReplyError(`ERR Error compiling script (new function): ${message}`);
    }
    script.reference = lua.keep();
    script.generation = generation;
  }

  /**
   * EVAL and its like: argument 1 is the script, argument 2 the number of keys; these and further arguments follow. `tracer` follows
   * the script line by line.
   *
   * @throws {ReplyError}
   */
  evaluate(
    ctx: Context,
    args: Args,
    options: EvaluateOptions,
    tracer?: ScriptDebugger,
  ): void | Promise<void> {
    if (this.#host.monitors.size > 0) this.#host.showToMonitors(ctx, args);
    if (options.byName && args.len[1] !== NAME_LENGTH) throw noScript();
    if (options.byName && ctx.client.scriptDebugging !== "no") {
      throw new ReplyError("ERR Please use EVAL instead of EVALSHA for debugging");
    }
    const count = args.int(COUNT_AT);
    if (count > args.count - FIRST_KEY_AT) {
      throw new ReplyError("ERR Number of keys can't be greater than number of args");
    }
    if (count < 0) throw new ReplyError("ERR Number of keys can't be negative");
    const script = options.byName ? this.#find(args) : this.#load(args.view(1));
    if (script === undefined) throw noScript();
    const run = {
      kind: "script",
      name: script.name,
      flags: script.flags,
      isReadOnly: options.isReadOnly,
      isBrief: script.isBrief && tracer === undefined,
      debugger: tracer,
    } as const;
    const showsAll = tracer !== undefined;
    return this.#engine.start(ctx, run, (lua) => {
      if (script.generation !== this.#engine.generation) this.#compileAgain(lua, script);
      lua.pushKept(script.reference);
      const end = FIRST_KEY_AT + count;
      lua.setGlobalsReadOnly(false);
      if (script.usesKeys || showsAll) {
        setGlobal(lua, "KEYS", args, { from: FIRST_KEY_AT, to: end });
      }
      if (script.usesArguments || showsAll) {
        setGlobal(lua, "ARGV", args, { from: end, to: args.count });
      }
      lua.setGlobalsReadOnly(true);
      return 0;
    });
  }

  /** Whether the script in argument 1, or of that name, declares that it does not write. */
  declaredFlags(args: Args, { byName }: { byName: boolean }): number | undefined {
    if (args.count < 2) return undefined;
    const flags = byName ? this.#scripts.get(args.lower(1))?.flags : declaredFlags(args.view(1));
    return flags === undefined || (flags & ScriptFlag.unflagged) !== 0 ? undefined : flags;
  }

  /** Compiles a script for a new instance, below what is on the stack already. */
  #compileAgain(lua: LuaState, script: CachedScript): void {
    if (lua.load(script.source.subarray(script.bodyAt), "@user_script") !== LuaStatus.ok) {
      throw new ReplyError(`ERR Error compiling script (new function): ${lua.toText(-1)}`);
    }
    script.reference = lua.keep();
    script.generation = this.#engine.generation;
  }

  #find(args: Args): CachedScript | undefined {
    const { buf } = args;
    const from = args.off[1];
    if (this.#latest !== undefined) {
      const name = this.#latestName;
      let i = 0;
      while (i < NAME_LENGTH && buf[from + i] === name[i]) i++;
      if (i === NAME_LENGTH) return this.#latest;
    }
    const script = this.#scripts.get(args.lower(1));
    if (script !== undefined) {
      this.#latest = script;
      this.#latestName.set(args.view(1));
    }
    return script;
  }
}

/** Makes an array of some arguments a global. */
function setGlobal(
  lua: LuaState,
  name: string,
  args: Args,
  { from, to }: { from: number; to: number },
): void {
  pushArguments(lua, args, { from, to });
  lua.setField(GLOBALS_INDEX, name);
}

/** Pushes an array of the arguments from `from` on, before `to`. */
export function pushArguments(
  lua: LuaState,
  args: Args,
  { from, to }: { from: number; to: number },
): void {
  const { buf, off, len } = args;
  lua.createTable(to - from, 0);
  for (let i = from; i < to; i++) {
    lua.pushBytesAt(buf, off[i], len[i]);
    lua.rawSetIndex(-2, i - from + 1);
  }
}

/** FNV-1a. O(bytes). */
function quickHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function noScript(): ReplyError {
  return new ReplyError("NOSCRIPT No matching script. Please use EVAL.");
}

/** What a script declares; nothing if its first line is wrong. */
function declaredFlags(source: Uint8Array): number | undefined {
  try {
    return readShebang(source).flags;
  } catch (error) {
    // It will be refused with this when it is run.
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}

/** Reads the first line of a script if it begins with `#!`. The line's end stays, so that lines keep their numbers. */
function readShebang(source: Uint8Array): { bodyAt: number; flags: number } {
  if (source[0] !== HASH || source[1] !== EXCLAMATION_MARK) {
    return { bodyAt: 0, flags: ScriptFlag.unflagged };
  }
  const bodyAt = source.indexOf(NEWLINE);
  if (bodyAt < 0) throw new ReplyError("ERR Invalid script shebang");
  const words = splitWords(source.subarray(0, bodyAt));
  if (words === undefined || words.length === 0) {
    throw new ReplyError("ERR Invalid engine in script shebang");
  }
  if (words[0] !== "#!lua") {
    throw new ReplyError(`ERR Unexpected engine in script shebang: ${words[0]}`);
  }
  let flags = 0;
  for (const word of words.slice(1)) {
    if (!word.startsWith("flags=")) {
      throw new ReplyError(`ERR Unknown lua shebang option: ${word}`);
    }
    const names = word.slice("flags=".length);
    for (const name of names === "" ? [] : names.split(",")) {
      const flag = scriptFlag(name);
      if (flag === undefined) {
        throw new ReplyError(`ERR Unexpected flag in script shebang: ${name}`);
      }
      flags |= flag;
    }
  }
  return { bodyAt, flags };
}
