/**
 * What a library of Lua functions written in TypeScript sees of Lua: its stack, as the C API shows it.
 *
 * The methods are those of Lua 5.1's C API under their own names (`lua_pushnumber` is {@link LuaStack.pushNumber}),
 * with the same indexes: 1 is the first argument, -1 the top. Strings are bytes; as text each character is one byte.
 *
 * @module
 */

/** Lua's types, with the C API's numbers. */
export const LuaType = {
  none: -1,
  nil: 0,
  boolean: 1,
  lightUserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;
export type LuaType = typeof LuaType[keyof typeof LuaType];

/** A Lua error with a string as its value: thrown by a library's function, raised in the script that called it. */
export class LuaError extends Error {
  override readonly name = "LuaError";
  /** Whether the place of the call (`user_script:1: `) is put before the message, as `luaL_error` does it. */
  readonly placed: boolean;

  constructor(message: string, options: { placed?: boolean } = {}) {
    super(message);
    this.placed = options.placed ?? true;
  }
}

/** The pseudo-index of the running function's `n`th upvalue, from 1. */
export function upvalueIndex(n: number): number {
  return -10_002 - n;
}

/** The stack of the coroutine that calls. */
export interface LuaStack {
  getTop(): number;
  setTop(index: number): void;
  /** Takes `count` values off the top, one unless given. */
  pop(count?: number): void;
  type(index: number): LuaType;
  pushNil(): void;
  pushBoolean(value: boolean): void;
  pushNumber(value: number): void;
  /** Pushes a string of these bytes. */
  pushBytes(bytes: Uint8Array): void;
  /** Pushes a string of one-byte characters. */
  pushText(text: string): void;
  /** Pushes the pointer 0, which scripts can hand on and compare but not use: cjson.null. */
  pushNull(): void;
  /** Whether the value is what {@link pushNull} pushes. */
  isNull(index: number): boolean;
  /**
   * Pushes a function with the topmost `upvalues` values, taken off, as its own ({@link upvalueIndex}).
   *
   * The Lua instance keeps each distinct `callee` until its end: push functions that were made once, and keep what differs
   * from one closure to the next in upvalues.
   */
  pushClosure(callee: LuaFunction, upvalues: number): void;
  pushValue(index: number): void;
  /** Moves the top to `index`, and what lies from there on up by one. */
  insert(index: number): void;
  toBoolean(index: number): boolean;
  /** Whether the value is a number, or a string that Lua converts to one. */
  isNumber(index: number): boolean;
  /** The number, a string converted as Lua does it; 0 for anything else. */
  toNumber(index: number): number;
  /** The string's bytes as text of one-byte characters; of a number its digits, as Lua writes them (the value on the stack stays a number). */
  toText(index: number): string;
  /** A copy of the string's bytes. */
  toBytes(index: number): Uint8Array;
  /** Lua's memory. Read the property again after anything was pushed: growing memory moves to a new array. */
  readonly memory: Uint8Array;
  /**
   * Where in {@link memory} the string's bytes begin ({@link objectLength} counts them, a zero follows them). They stay there
   * while the string is on the stack. A number on the stack becomes a string, as `lua_tolstring` does it.
   */
  stringAddress(index: number): number;
  /** Pushes a string of `length` bytes copied from {@link memory}. */
  pushFromMemory(address: number, length: number): void;
  createTable(arrayRoom: number, recordRoom: number): void;
  /** Pushes `table[key]`, with the key on the top taken off; no metamethods. */
  rawGet(index: number): void;
  /** `table[key] = value`, both taken off the top, the value from above the key; no metamethods. */
  rawSet(index: number): void;
  rawGetIndex(index: number, n: number): void;
  rawSetIndex(index: number, n: number): void;
  /** Pushes `value[name]`. */
  getField(index: number, name: string): void;
  setField(index: number, name: string): void;
  /** Takes the key off the top and pushes the next key and its value; false and nothing at the end. */
  next(index: number): boolean;
  /** `#value` without metamethods. */
  objectLength(index: number): number;
  /** Pushes the metatable and answers true, or answers false. */
  getMetatable(index: number): boolean;
  /** Makes room for `count` more values; false when there is none. */
  checkStack(count: number): boolean;
  /** `bad argument #1 to 'encode' (message)`, with the name by which the script called the running function, as `luaL_argerror` composes it. */
  argumentError(argument: number, message: string): LuaError;
}

/**
 * A function that scripts may call: arguments are the stack's values, results are pushed and counted in the answer.
 *
 * @throws {LuaError} to raise an error in the script
 */
export type LuaFunction = (lua: LuaStack) => number;

/** A table of functions and constants, such as `cjson`. */
export interface LuaLibrary {
  /** The global's name. */
  readonly name: string;
  /** Pushes the library's table; called once for each Lua instance. */
  open(lua: LuaStack): void;
}
