/**
 * The debugger of scripts (SCRIPT DEBUG), as `redis-cli --ldb` talks to it.
 *
 * While a script is debugged its client's connection belongs to the debugger: what it sends are the debugger's commands, and each
 * answer is an array of status lines. The script stops before a line, tells where, and stays suspended until it is told to go
 * on. The other clients' commands wait until it is over, but for those that end busy scripts.
 *
 *     client  EVAL …   step            print x           …
 *     server         [stopped at 1]  [stopped at 2]    [value]  …  [<endsession>] reply of EVAL, end of the connection
 *
 * Lua asks here about every instruction and line ({@link LuaTracer}); nothing is written but while the script is suspended or over,
 * so that it never gets among the replies of commands before EVAL.
 *
 * @module
 */

import type { ClientApi } from "../../commands/context.ts";
import { type Args, decodeLatin1, encodeLatin1 } from "../resp/args.ts";
import { ProtocolError } from "../resp/errors.ts";
import { RequestDecoder } from "../resp/request_decoder.ts";
import { LuaStatus } from "./engine/lua_api.ts";
import type { LuaTracer } from "./engine/lua_debug.ts";
import { GLOBALS_INDEX, type LuaState } from "./engine/lua_state.ts";
import { HookAction } from "./engine/support_module.ts";
import { describeReply, describeValue } from "./debug_values.ts";
import type { ScriptHost } from "./host.ts";
import { LuaType } from "./lua_library.ts";
import { type LuaReply, pushErrorTable } from "./lua_reply.ts";
import type { ScriptRun } from "./script_run.ts";
import { untilZero } from "./script_reply.ts";

const MOST_BREAKPOINTS = 64;
/** So many bytes of a value or reply are shown unless `maxlen` says otherwise; it is no less than the second. */
const USUAL_LENGTH = 256;
const SHORTEST_LENGTH = 60;
/** So many lines are listed before and after one. */
const USUAL_CONTEXT = 5;
/** So many words of a script's command are shown. */
const SHOWN_WORDS = 10;
/** The limits of the debugger's commands: of one argument, of their number, of what has not been carried out yet. */
const LONGEST_ARGUMENT = 1024;
const MOST_ARGUMENTS = 1024;
const MOST_PENDING = 1024 * 1024;
/** How many instructions run between two looks at the clock. */
const INSTRUCTIONS = 100_000;
/** After so many ms without a stop the debugger stops the script if `busy-reply-threshold` is 0. */
const USUAL_THRESHOLD = 5000;
/** The chunk of what the debugger's `eval` carries out. */
const EVAL_CHUNK = "@ldb_eval";

const HELP = [
  "Redis Lua debugger help:",
  "[h]elp               Show this help.",
  "[s]tep               Run the current line, stop before the next one.",
  "[n]ext               The same as step.",
  "[c]ontinue           Run until the next breakpoint.",
  "[l]ist               List the source around the current line.",
  "[l]ist [line]        List the source around [line];",
  "                     0 means the current line.",
  "[l]ist [line] [ctx]  The same with [ctx] lines before and after it.",
  "[w]hole              List all of the source.",
  "[p]rint              Show all local variables.",
  "[p]rint <var>        Show the value of a local variable,",
  "                     or of KEYS or ARGV.",
  "[b]reak              Show all breakpoints.",
  "[b]reak <line>       Add a breakpoint before a line.",
  "[b]reak -<line>      Remove a line's breakpoint.",
  "[b]reak 0            Remove all breakpoints.",
  "[t]race              Show which functions have called one another.",
  "[e]val <code>        Carry out some Lua, outside of the script's functions.",
  "[r]edis <cmd>        Carry out a Redis command.",
  "[m]axlen [len]       Cut what is shown of values and replies to len bytes;",
  "                     0 shows all of them.",
  "[a]bort              End the script. What it has changed",
  "                     stays changed in sync mode.",
  "",
  "What scripts can call for the debugger:",
  "redis.debug()        Show values here.",
  "redis.breakpoint()   Stop before the next line.",
];

/** The debugger of one run. */
export class ScriptDebugger implements LuaTracer {
  readonly #host: ScriptHost;
  readonly #client: ClientApi;
  readonly #source: readonly string[];
  /** The debugger's own commands. */
  readonly #commands = new RequestDecoder({
    maxBulkLength: LONGEST_ARGUMENT,
    restricted: false,
    arraysOnly: true,
  });
  /** Lines that are not in an answer yet, … */
  #lines: string[] = [];
  /** … and answers that are not written yet. */
  #answers: string[][] = [];
  /** Whether the script is over, or has been suspended: from then on answers need not wait. */
  #mayWrite = false;
  #run: ScriptRun | undefined;
  /** Lets others have their turn, and raises an error if the script is killed. */
  #interrupt: (lua: LuaState) => boolean = () => false;
  /** Whether the next line is one to stop at … */
  #steps = true;
  /** … because redis.breakpoint() was called, … */
  #breakRequested = false;
  /** … or because the script has not stopped for so long. */
  #timedOut = false;
  #breakpoints: number[] = [];
  #line = 0;
  #isStopped = false;
  #isGone = false;
  /** Why the script ends; raised until it does. */
  #doom: string | undefined;
  #maxLength = USUAL_LENGTH;
  #knowsMaxLength = false;
  #untilLook = INSTRUCTIONS;
  #resumedAt = 0;
  #wake: (() => void) | undefined;

  constructor(host: ScriptHost, client: ClientApi, source: Uint8Array) {
    this.#host = host;
    this.#client = client;
    const text = decodeLatin1(source).replace(/[\r\n]+$/, "");
    this.#source = text === "" ? [] : text.split("\n");
  }

  // --- the session ------------------------------------------------------------------------------------------------

  /** Carries out what runs the script, and ends the session and the connection when that is over. Rejects as that does. */
  async conduct(evaluate: () => void | Promise<void>): Promise<void> {
    const host = this.#host;
    host.log("notice", "A client begins to debug a script, which keeps the others out");
    try {
      // Not before the client is one that waits: then this goes out at once, and the reply after it.
      await new Promise<void>((resolve) => resolve(evaluate()));
    } finally {
      this.#mayWrite = true;
      this.#say("<endsession>");
      this.#answer();
      this.#client.divertInput(undefined);
      this.#client.closeAfterReply();
      host.log("notice", "A client has ended debugging a script");
    }
  }

  /** Takes the client's connection over; the run begins now. */
  begin(lua: LuaState, run: ScriptRun, interrupt: (lua: LuaState) => boolean): void {
    this.#run = run;
    this.#interrupt = interrupt;
    this.#resumedAt = this.#host.monotonic();
    this.#client.divertInput((bytes) => this.#receive(bytes));
    run.onKill = () => this.#wakeUp();
    lua.trace(this);
  }

  #receive(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#isGone = true;
    else {
      for (let at = 0; at < bytes.length;) {
        const room = this.#commands.room();
        const part = bytes.subarray(at, at + room.length);
        room.set(part);
        this.#commands.filled(part.length);
        at += part.length;
      }
    }
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Whether the script is suspended until its client says what to do. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Ends when the client has said something, or is gone, or somebody kills the script. */
  async untilTold(): Promise<void> {
    // The first time the client's command is only about to be one that waits.
    await undefined;
    this.#mayWrite = true;
    this.#write();
    if (this.#isGone || this.#run?.isKilled) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  // --- what is said -----------------------------------------------------------------------------------------------

  #say(...lines: string[]): void {
    this.#lines.push(...lines);
  }

  #sayShortened(line: string): void {
    if (this.#maxLength === 0 || line.length <= this.#maxLength) return this.#say(line);
    this.#say(`${line.slice(0, this.#maxLength)} ...`);
    if (this.#knowsMaxLength) return;
    this.#knowsMaxLength = true;
    this.#say("<hint> The above reply was trimmed. Use 'maxlen 0' to disable trimming.");
  }

  /** Makes what was said an answer. */
  #answer(): void {
    this.#answers.push(this.#lines);
    this.#lines = [];
    if (this.#mayWrite) this.#write();
  }

  #write(): void {
    const answers = this.#answers;
    this.#answers = [];
    for (const lines of answers) {
      this.#client.sendAtOnce((reply) => {
        reply.array(lines.length);
        for (const line of lines) reply.simple(encodeLatin1(line.replace(/[\r\n]/g, " ")));
      });
    }
  }

  #saySource(line: number): void {
    const mark = this.#breakpoints.includes(line) ? "#" : " ";
    const source = this.#source[line - 1] ?? "<out of range source code line>";
    this.#say(`${line === this.#line ? "->" : "  "}${mark}${String(line).padEnd(3)} ${source}`);
  }

  #list(around: number, context: number): void {
    for (let line = 1; line <= this.#source.length; line++) {
      if (Math.abs(around - line) <= context) this.#saySource(line);
    }
  }

  // --- what scripts do --------------------------------------------------------------------------------------------

  /** redis.breakpoint() */
  requestBreak(): void {
    this.#breakRequested = true;
  }

  /** redis.debug(…): shows its arguments. */
  show(lua: LuaState): void {
    const values: string[] = [];
    for (let i = 1, count = lua.getTop(); i <= count; i++) {
      lua.pushValue(i);
      values.push(describeValue(lua));
      lua.pop();
    }
    this.#say(`<debug> line ${this.#line}: ${values.join(", ")}`);
  }

  /** Shows a command that the script calls, if it is followed step by step; the same holds for what comes of it. */
  showCommand(args: Args): void {
    if (!this.#steps) return;
    let line = "<redis>";
    for (let i = 0; i < Math.min(args.count, SHOWN_WORDS); i++) line += ` ${args.binary(i)}`;
    if (args.count > SHOWN_WORDS) line += ` ... (${args.count - SHOWN_WORDS - 1} more)`;
    this.#say(line);
  }

  /** Shows the reply on the top. */
  showReply(lua: LuaState, { protocol, isError }: LuaReply): void {
    if (!this.#steps) return;
    if (isError) this.#say(`<error> -${errorText(lua)}`);
    this.#sayShortened(`<reply> ${describeReply(lua, protocol)}`);
  }

  showError(text: string): void {
    if (this.#steps) this.#say(`<error> ${text}`);
  }

  // --- running and stopping ---------------------------------------------------------------------------------------

  step(lua: LuaState): HookAction {
    if (this.#doom !== undefined) return this.#raise(lua, this.#doom);
    if (this.#run?.isKilled) this.#interrupt(lua);
    if (--this.#untilLook > 0) return HookAction.goOn;
    this.#untilLook = INSTRUCTIONS;
    const threshold = this.#host.config.values.busyReplyThreshold || USUAL_THRESHOLD;
    if (this.#host.monotonic() - this.#resumedAt >= threshold) {
      if (this.#isGone) {
        return this.#raise(lua, "timeout during Lua debugging with client closing connection");
      }
      this.#timedOut = true;
    }
    return this.#interrupt(lua) ? HookAction.wait : HookAction.goOn;
  }

  line(lua: LuaState, source: string, line: number): HookAction {
    if (this.#isStopped) return this.#converse(lua);
    if (!source.includes("user_script") || this.#isGone) return HookAction.goOn;
    this.#line = line;
    const isBreakpoint = this.#breakRequested || this.#breakpoints.includes(line);
    if (!isBreakpoint && !this.#timedOut && !this.#steps) return HookAction.goOn;
    let reason = this.#timedOut ? "timeout reached, infinite loop?" : "step over";
    if (isBreakpoint) {
      reason = this.#breakRequested ? "redis.breakpoint() called" : "break point";
    }
    this.#steps = this.#breakRequested = this.#timedOut = false;
    this.#say(`* Stopped at ${line}, stop reason = ${reason}`);
    this.#saySource(line);
    this.#answer();
    this.#isStopped = true;
    return this.#converse(lua);
  }

  called(lua: LuaState, status: number): HookAction {
    if (status === LuaStatus.ok) this.#sayShortened(`<retval> ${describeValue(lua)}`);
    else this.#say(`<error> ${errorText(lua)}`);
    lua.pop();
    this.#answer();
    this.#isStopped = true;
    this.#timedOut = false;
    return this.#converse(lua);
  }

  /** Carries out the client's commands until one lets the script go on, or there is none. */
  #converse(lua: LuaState): HookAction {
    for (;;) {
      if (this.#run?.isKilled) this.#interrupt(lua);
      if (this.#isGone) {
        this.#steps = false;
        this.#breakpoints = [];
        return this.#resume();
      }
      let words: string[] | undefined;
      try {
        words = this.#nextCommand();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        return this.#raise(lua, error.message);
      }
      if (words === undefined) return HookAction.wait;
      const action = this.#carryOut(lua, words);
      if (action !== undefined) return action;
    }
  }

  /** @throws {ProtocolError} */
  #nextCommand(): string[] | undefined {
    const commands = this.#commands;
    if (!readNext(commands)) {
      if (commands.pending > MOST_PENDING) throw new ProtocolError("max client buffer reached");
      return undefined;
    }
    const { args } = commands;
    const words = Array.from({ length: args.count }, (_, i) => args.binary(i));
    commands.release();
    if (words.length > MOST_ARGUMENTS || words.includes("")) {
      throw new ProtocolError("protocol error");
    }
    return words;
  }

  #resume(): HookAction {
    this.#isStopped = false;
    this.#resumedAt = this.#host.monotonic();
    this.#untilLook = INSTRUCTIONS;
    return HookAction.goOn;
  }

  /** Ends the script: it may catch the error, but not go on. */
  #raise(lua: LuaState, message: string): never {
    this.#doom = message;
    this.#isStopped = false;
    pushErrorTable(lua, message);
    lua.raise();
  }

  // --- the debugger's commands ------------------------------------------------------------------------------------

  /** Carries out a command; what the hook is to do if it is no longer to wait for further ones. */
  #carryOut(lua: LuaState, words: readonly string[]): HookAction | undefined {
    switch (words[0].toLowerCase()) {
      case "s":
      case "step":
      case "n":
      case "next":
        this.#steps = true;
        return this.#resume();
      case "c":
      case "continue":
        return this.#resume();
      case "a":
      case "abort":
        return this.#raise(lua, "script aborted for user request");
      case "e":
      case "eval":
        return this.#eval(lua, words.slice(1).join(" "));
      case "h":
      case "help":
        this.#say(...HELP);
        break;
      case "t":
      case "trace":
        this.#trace(lua);
        break;
      case "m":
      case "maxlen":
        this.#limit(words);
        break;
      case "b":
      case "break":
        if (words.length === 1) this.#listBreakpoints();
        for (const word of words.slice(1)) this.#break(word);
        break;
      case "p":
      case "print":
        if (words.length === 2) this.#print(lua, words[1]);
        else this.#printAll(lua);
        break;
      case "l":
      case "list": {
        const line = words.length > 1 ? leadingInteger(words[1]) : 0;
        const context = words.length > 2 ? leadingInteger(words[2]) : USUAL_CONTEXT;
        this.#list(line > 0 ? line : this.#line, context);
        break;
      }
      case "w":
      case "whole":
        this.#list(1, this.#source.length);
        break;
      default:
        if (words.length > 1 && /^(?:r|redis)$/i.test(words[0])) this.#redis(lua, words.slice(1));
        else {
          this.#say(
            "<error> Unknown Redis Lua debugger command or wrong number of arguments.",
          );
        }
    }
    this.#answer();
    return undefined;
  }

  /** Has Lua carried out: an expression, or else statements. It runs as the script would, and can be killed. */
  #eval(lua: LuaState, code: string): HookAction | undefined {
    if (lua.load(encodeLatin1(`return ${code}`), EVAL_CHUNK) !== LuaStatus.ok) {
      lua.pop();
      if (lua.load(encodeLatin1(code), EVAL_CHUNK) !== LuaStatus.ok) {
        this.#say(`<error> ${errorText(lua)}`);
        lua.pop();
        this.#answer();
        return undefined;
      }
    }
    // It may have to be suspended to let others have their turn, not until the client says something.
    this.#resume();
    return HookAction.call;
  }

  #redis(lua: LuaState, words: readonly string[]): void {
    if (!lua.checkStack(words.length + 2)) {
      this.#say("<error> max lua stack reached");
      return;
    }
    lua.getField(GLOBALS_INDEX, "redis");
    lua.getField(-1, "call");
    for (const word of words) lua.pushText(word);
    // So that it is shown.
    this.#steps = true;
    lua.callProtected(words.length, 1);
    this.#steps = false;
    lua.pop(2);
  }

  #trace(lua: LuaState): void {
    for (let level = 0;; level++) {
      const frame = lua.debug.frame(level);
      if (frame === undefined) return;
      if (!frame.source.includes("user_script")) continue;
      this.#say(`${level === 0 ? "In" : "From"} ${frame.name ?? "top level"}:`);
      this.#saySource(frame.line);
    }
  }

  #limit(words: readonly string[]): void {
    if (words.length === 2) {
      const wanted = leadingInteger(words[1]);
      this.#knowsMaxLength = true;
      this.#maxLength = wanted === 0 ? 0 : Math.max(wanted, SHORTEST_LENGTH);
    }
    const limit = this.#maxLength;
    this.#say(
      limit === 0
        ? "<value> replies are unlimited."
        : `<value> replies are truncated at ${limit} bytes.`,
    );
  }

  #listBreakpoints(): void {
    const { length } = this.#breakpoints;
    if (length === 0) return this.#say("No breakpoints set. Use 'b <line>' to add one.");
    this.#say(`${length} breakpoints set:`);
    for (const line of this.#breakpoints) this.#saySource(line);
  }

  /** Adds a breakpoint, removes one (`-3`) or all (`0`). */
  #break(word: string): void {
    if (!/^(?:0|-?[1-9]\d*)$/.test(word)) return this.#say(`Invalid argument:'${word}'`);
    const line = Number(word);
    const breakpoints = this.#breakpoints;
    if (line === 0) {
      this.#breakpoints = [];
      this.#say("All breakpoints removed.");
    } else if (line < 0) {
      const place = breakpoints.indexOf(-line);
      if (place < 0) return this.#say("No breakpoint in the specified line.");
      breakpoints.splice(place, 1);
      this.#say("Breakpoint removed.");
    } else if (breakpoints.length === MOST_BREAKPOINTS) {
      this.#say("Too many breakpoints set.");
    } else if (line > this.#source.length || breakpoints.includes(line)) {
      this.#say("Wrong line number.");
    } else {
      breakpoints.push(line);
      this.#list(line, 1);
    }
  }

  /** Shows a variable of the nearest function that has it. */
  #print(lua: LuaState, name: string): void {
    for (let level = 0; lua.debug.frame(level) !== undefined; level++) {
      let found: string | undefined;
      for (let n = 1; (found = lua.debug.pushLocal(level, n)) !== undefined; n++) {
        if (found === name) {
          this.#sayShortened(`<value> ${describeValue(lua)}`);
          return lua.pop();
        }
        lua.pop();
      }
    }
    if (name !== "KEYS" && name !== "ARGV") return this.#say("No such variable.");
    lua.getField(GLOBALS_INDEX, name);
    this.#sayShortened(`<value> ${describeValue(lua)}`);
    lua.pop();
  }

  /** Shows the variables of the running function. */
  #printAll(lua: LuaState): void {
    let count = 0;
    let name: string | undefined;
    for (let n = 1; (name = lua.debug.pushLocal(0, n)) !== undefined; n++) {
      if (!name.includes("(*temporary)")) {
        count++;
        this.#sayShortened(`<value> ${name} = ${describeValue(lua)}`);
      }
      lua.pop();
    }
    if (count === 0) this.#say("No local variables in the current context.");
  }
}

/** Reads the next command. */
function readNext(commands: RequestDecoder): boolean {
  try {
    return commands.next();
  } catch (error) {
    if (error instanceof ProtocolError) throw new ProtocolError("protocol error");
    throw error;
  }
}

/** The error on the top: a message, or one of Redis's tables that hold one. */
function errorText(lua: LuaState): string {
  if (lua.type(-1) !== LuaType.table) {
    return lua.isString(-1) ? untilZero(lua.toText(-1)) : "(null)";
  }
  lua.pushText("err");
  lua.rawGet(-2);
  const text = lua.isString(-1) ? untilZero(lua.toText(-1)) : "(null)";
  lua.pop();
  return text;
}

/** The integer that a text begins with; 0 without one. */
function leadingInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? 0 : value;
}
