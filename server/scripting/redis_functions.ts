/**
 * What scripts find in the table `redis`: commands, error and status replies, the log, settings of the run.
 *
 * @module
 */

import { sha1Hex } from "../../storage/memory/sha1.ts";
import type { LogLevel } from "../../commands/context.ts";
import { Args } from "../resp/args.ts";
import { formatShortest } from "../resp/numbers.ts";
import { writeDigits } from "../resp/reply_encoder.ts";
import { Layout } from "./engine/lua_module.ts";
import type { LuaState } from "./engine/lua_state.ts";
import { type LuaFunction, type LuaStack, LuaType } from "./lua_library.ts";
import { type LuaReply, pushErrorTable, pushField } from "./lua_reply.ts";
import { untilZero } from "./script_reply.ts";
import type { ScriptRun } from "./script_run.ts";

/** What the functions need of the engine that they belong to. */
export interface RedisFunctionsHost {
  readonly lua: LuaState;
  readonly reply: LuaReply;
  /** The run at hand; there is none while a library is loaded. */
  readonly run: ScriptRun | undefined;
  log(level: LogLevel, message: string): void;
  /** `7.2.6` */
  readonly redisVersion: string;
}

/** The levels of `redis.log`, by their numbers. */
const LOG_LEVELS: readonly LogLevel[] = ["debug", "verbose", "notice", "warning"];
/** Who hears of writes: `redis.set_repl`'s bits. */
const Audience = { none: 0, aof: 1, replicas: 2, all: 3 } as const;
/** The first room for the arguments of a command, in bytes, and what of it stays. */
const USUAL_ROOM = 1024;
const MOST_KEPT_ROOM = 64 * 1024;
/** The longest number in decimal. */
const NUMBER_ROOM = 40;
/** Integers up to half of 2^63 are written as such. */
const LARGEST_INTEGER = 2 ** 62;
const MINUS = 45;
/** Up to this length a loop copies faster than `set`. */
const SHORT_COPY = 48;

/** The constants of the table `redis`. */
export function redisConstants(redisVersion: string): Readonly<Record<string, string | number>> {
  return {
    ...loadingConstants(redisVersion),
    REPL_NONE: Audience.none,
    REPL_AOF: Audience.aof,
    REPL_SLAVE: Audience.replicas,
    REPL_REPLICA: Audience.replicas,
    REPL_ALL: Audience.all,
  };
}

/** Those constants that are there while a library is loaded, too: the version and the levels of `redis.log`. */
export function loadingConstants(
  redisVersion: string,
): Readonly<Record<string, string | number>> {
  const [major, minor, patch] = redisVersion.split(".").map(Number);
  return {
    REDIS_VERSION: redisVersion,
    REDIS_VERSION_NUM: (major << 16) | (minor << 8) | patch,
    ...Object.fromEntries(
      LOG_LEVELS.map((level, number) => [`LOG_${level.toUpperCase()}`, number]),
    ),
  };
}

/** Raises an error as `redis.*` functions do: a table with code and message, without the place of the call. */
export function raiseError(lua: LuaState, text: string): never {
  pushErrorTable(lua, text);
  lua.raise();
}

/** The functions of the table `redis`, by name. */
export function redisFunctions(host: RedisFunctionsHost): Readonly<Record<string, LuaFunction>> {
  const { lua } = host;
  const calls = new CommandCalls(host);

  /** The run at hand, for functions that mean nothing without one. */
  const requireRun = (): ScriptRun => {
    if (host.run !== undefined) return host.run;
    return raiseError(lua, "redis.call/pcall can only be called inside a script invocation");
  };

  const pushError = (text: string): void => {
    host.run?.script.debugger?.showError(text);
    pushErrorTable(lua, text);
  };

  const oneText = (stack: LuaStack): string | undefined => {
    if (stack.getTop() === 1 && stack.type(1) === LuaType.string) return stack.toText(1);
    pushError("wrong number or type of arguments");
    return undefined;
  };

  return {
    call: () => calls.carryOut(requireRun(), true),
    pcall: () => calls.carryOut(requireRun(), false),

    ...logFunction(host),

    setresp() {
      const run = requireRun();
      if (lua.getTop() !== 1) raiseError(lua, "redis.setresp() requires one argument.");
      const version = Math.trunc(lua.toNumber(1));
      if (version !== 2 && version !== 3) raiseError(lua, "RESP version must be 2 or 3.");
      host.reply.protocol = version;
      run.context.reply = host.reply;
      return 0;
    },

    sha1hex() {
      if (lua.getTop() !== 1) raiseError(lua, "wrong number of arguments");
      lua.pushText(sha1Hex(lua.toBytes(1)));
      return 1;
    },

    error_reply(stack) {
      const text = oneText(stack);
      if (text === undefined) return 1;
      const line = untilZero(text);
      pushError(line.startsWith("-") ? line : `-${line}`);
      return 1;
    },

    status_reply(stack) {
      const text = oneText(stack);
      if (text !== undefined) pushField(lua, "ok", text);
      return 1;
    },

    set_repl() {
      const run = requireRun();
      if (lua.getTop() !== 1) raiseError(lua, "redis.set_repl() requires one argument.");
      const audience = Math.trunc(lua.toNumber(1));
      if ((audience & ~Audience.all) !== 0) {
        raiseError(
          lua,
          "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        );
      }
      run.context.audience = audience;
      return 0;
    },

    acl_check_cmd() {
      const run = requireRun();
      const args = calls.readArguments();
      if (args === undefined) return lua.raise();
      const command = run.findCommand(args);
      if (command === undefined) {
        raiseError(lua, "Invalid command passed to redis.acl_check_cmd()");
      }
      lua.pushBoolean(run.allows(command, args));
      return 1;
    },
  };
}

/** The functions of the table `redis` that only scripts find, not functions. */
export function evalFunctions(host: RedisFunctionsHost): Readonly<Record<string, LuaFunction>> {
  const { lua } = host;
  return {
    // Since effects are what is replicated there is nothing left to choose.
    replicate_commands() {
      lua.pushBoolean(true);
      return 1;
    },
    breakpoint() {
      const tracer = host.run?.script.debugger;
      tracer?.requestBreak();
      lua.pushBoolean(tracer !== undefined);
      return 1;
    },
    debug() {
      host.run?.script.debugger?.show(lua);
      return 0;
    },
  };
}

/** `redis.log`, which may also be called while a library is loaded. */
export function logFunction(host: RedisFunctionsHost): Readonly<Record<string, LuaFunction>> {
  const { lua } = host;
  return {
    log() {
      const count = lua.getTop();
      if (count < 2) raiseError(lua, "redis.log() requires two arguments or more.");
      if (!lua.isNumber(1)) {
        raiseError(lua, "First argument must be a number (log level).");
      }
      const level = LOG_LEVELS[Math.trunc(lua.toNumber(1))];
      if (level === undefined) raiseError(lua, "Invalid debug level.");
      const parts: string[] = [];
      for (let i = 2; i <= count; i++) if (lua.isString(i)) parts.push(lua.toText(i));
      host.log(level, parts.join(" "));
      return 0;
    },
  };
}

/** Carries out commands for scripts. Arguments lie in one buffer, which is used again. */
class CommandCalls {
  readonly #host: RedisFunctionsHost;
  readonly #args = new Args(new Uint8Array(USUAL_ROOM));

  constructor(host: RedisFunctionsHost) {
    this.#host = host;
  }

  /** `redis.call(…)` or `redis.pcall(…)`: leaves the reply, or an error if that is not to be raised. */
  carryOut(run: ScriptRun, raises: boolean): number {
    const { lua, reply } = this.#host;
    const args = this.readArguments();
    if (args === undefined) return raises ? lua.raise() : 1;
    reply.begin();
    const tracer = run.script.debugger;
    tracer?.showCommand(args);
    const refusal = run.call(args);
    if (refusal !== undefined) {
      tracer?.showError(refusal);
      pushErrorTable(lua, refusal, true);
    } else {
      reply.finish();
      tracer?.showReply(lua, reply);
    }
    args.trim();
    if (args.buf.length > MOST_KEPT_ROOM) args.buf = new Uint8Array(USUAL_ROOM);
    if (raises && (refusal !== undefined || reply.isError)) lua.raise();
    return 1;
  }

  /** Copies the arguments off the stack; an error is on it, and nothing answered, when they are none of a command. */
  readArguments(): Args | undefined {
    const { lua } = this.#host;
    const args = this.#args;
    args.count = 0;
    const first = lua.firstArgument;
    const end = lua.endOfStack;
    if (end === first) {
      pushErrorTable(lua, "Please specify at least one argument for this redis lib call");
      return undefined;
    }
    const { memory, words } = lua;
    let room = 0;
    for (let at = first; at < end; at += Layout.valueSize) {
      const type = words[(at + Layout.valueType) >> 2];
      if (type === LuaType.string) {
        room += words[(words[at >> 2] + Layout.stringLength) >> 2];
      } else if (type === LuaType.number) {
        room += NUMBER_ROOM;
      } else {
        lua.setTop(0);
        pushErrorTable(lua, "Lua redis lib command arguments must be strings or integers");
        return undefined;
      }
    }
    if (room > args.buf.length) args.buf = new Uint8Array(Math.max(room, args.buf.length * 2));
    const { buf } = args;
    let to = 0;
    for (let at = first; at < end; at += Layout.valueSize) {
      let length: number;
      if (words[(at + Layout.valueType) >> 2] === LuaType.string) {
        const text = words[at >> 2];
        length = words[(text + Layout.stringLength) >> 2];
        const from = text + Layout.stringBytes;
        if (length <= SHORT_COPY) {
          for (let i = 0; i < length; i++) buf[to + i] = memory[from + i];
        } else {
          buf.set(memory.subarray(from, from + length), to);
        }
      } else {
        length = writeNumber(buf, to, lua.toNumber((at - first) / Layout.valueSize + 1));
      }
      args.push(to, length);
      to += length;
    }
    lua.setTop(0);
    return args;
  }
}

/** Writes a number as commands get it: integers in decimal, others as shortly as they can be told; answers the length. */
function writeNumber(buf: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value)) {
    if (value >= 0) return writeDigits(buf, at, value) - at;
    buf[at] = MINUS;
    return writeDigits(buf, at + 1, -value) - at;
  }
  let text: string;
  if (value !== value) text = "-nan";
  else if (!Number.isFinite(value)) text = value < 0 ? "-inf" : "inf";
  else if (Number.isInteger(value) && Math.abs(value) <= LARGEST_INTEGER) {
    text = BigInt(value).toString();
  } else text = formatShortest(value);
  for (let i = 0; i < text.length; i++) buf[at + i] = text.charCodeAt(i);
  return text.length;
}
