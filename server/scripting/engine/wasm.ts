/**
 * Bytes of WebAssembly modules: composes small ones, and wraps functions of one that exists.
 *
 * Only as much of the format as the Lua engine needs (https://webassembly.github.io/spec/core/binary/): a module is a
 * header and sections, each with a number and a size, most of them a counted list of items.
 *
 * @module
 */

/** Instructions and other bytes of code. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  throw: 0x08,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalSet: 0x24,
  load: 0x28,
  loadByte: 0x2d,
  store: 0x36,
  const: 0x41,
  constDouble: 0x44,
  isZero: 0x45,
  equal: 0x46,
  less: 0x48,
  greater: 0x4a,
  greaterDouble: 0x64,
  add: 0x6a,
  subtract: 0x6b,
  and: 0x71,
  shiftLeft: 0x74,
  /** The type of a block that leaves nothing. */
  nothing: 0x40,
} as const;

/** The 32-bit integer, and with it every pointer. */
export const I32 = 0x7f;
export const F64 = 0x7c;
/** The kinds of imports and exports. */
export const Kind = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Sections, in the order in which a module has them; the numbers are the format's. */
const SECTION_ORDER = ["type", "import", "function", "table", "tag", "global", "export", "code"];
const SECTION_IDS: Readonly<Record<string, number>> = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  tag: 13,
  global: 6,
  export: 7,
  code: 10,
};

/** An unsigned integer in LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** A signed 32-bit integer in LEB128. */
export function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

/** `i32.const` */
export function constant(value: number): number[] {
  return [Op.const, ...signed(value)];
}

/** `i32.load` from the address on the stack. */
export function loadAt(offset: number): number[] {
  return [Op.load, 2, ...unsigned(offset)];
}

/** `i32.store` to the address below the value on the stack. */
export function storeAt(offset: number): number[] {
  return [Op.store, 2, ...unsigned(offset)];
}

/** `i32.load8_u` from the address on the stack. */
export function loadByteAt(offset: number): number[] {
  return [Op.loadByte, 0, ...unsigned(offset)];
}

export function call(functionIndex: number): number[] {
  return [Op.call, ...unsigned(functionIndex)];
}

export function getLocals(...indexes: number[]): number[] {
  return indexes.flatMap((index) => [Op.localGet, index]);
}

/** A name: its length and its ASCII letters. */
export function name(text: string): number[] {
  return [...unsigned(text.length), ...Array.from(text, (letter) => letter.charCodeAt(0))];
}

/** The type of a function of 32-bit integers. */
export function functionType(params: number, results = 0): number[] {
  return [0x60, params, ...Array(params).fill(I32), results, ...Array(results).fill(I32)];
}

/** A function's body: how many 32-bit locals it has beyond its parameters, and its instructions. */
export function body(locals: number, code: readonly number[]): number[] {
  const declared = locals === 0 ? [0] : [1, locals, I32];
  return [...unsigned(declared.length + code.length + 1), ...declared, ...code, Op.end];
}

/** The items of a module's sections; a code item is a {@link body}. */
export type Sections = Partial<
  Record<
    "type" | "import" | "function" | "table" | "tag" | "global" | "export" | "code",
    readonly number[][]
  >
>;

/** A module of these sections. */
export function composeModule(sections: Sections): Uint8Array<ArrayBuffer> {
  const bytes = [...HEADER];
  for (const section of SECTION_ORDER) {
    const items = sections[section as keyof Sections];
    if (items === undefined) continue;
    const content = [...unsigned(items.length), ...items.flat()];
    bytes.push(SECTION_IDS[section], ...unsigned(content.length), ...content);
  }
  return new Uint8Array(bytes);
}

/** One function to be wrapped. */
export interface Wrapping {
  /** Its index among all functions, imported ones included. */
  readonly target: number;
  /** How many 32-bit locals the wrapper has beyond the parameters. */
  readonly locals: number;
  /** The wrapper's instructions, given the index under which the original goes on. */
  readonly code: (original: number) => readonly number[];
}

/** A stretch of a function's instructions that others take the place of. */
export interface Edit {
  /** The function's index among all functions, imported ones included. */
  readonly target: number;
  /** Instructions that the function has in one place. */
  readonly find: readonly number[];
  readonly replace: readonly number[];
}

/** What can be asked of a module that exists. */
export class ModuleReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Where the content of each section begins and ends, by its number. */
  readonly #sections = new Map<number, { start: number; begin: number; end: number }>();
  readonly #imports = new Map<string, number>();
  readonly #exports = new Map<string, number>();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#at = HEADER.length;
    while (this.#at < bytes.length) {
      const start = this.#at;
      const id = bytes[this.#at++];
      const size = this.#unsigned();
      this.#sections.set(id, { start, begin: this.#at, end: this.#at + size });
      this.#at += size;
    }
    this.#readImports();
    this.#readExports();
  }

  /** The index of an imported function. */
  importIndex(name: string): number {
    return found(this.#imports.get(name), name);
  }

  /** The index of an exported function. */
  exportIndex(name: string): number {
    return found(this.#exports.get(name), name);
  }

  /**
   * The module with some functions edited, and some wrapped: whoever calls one calls the wrapper, and only the wrapper calls the original,
   * which moves behind all other functions. No other index changes.
   */
  change(
    { wrappings, edits }: { wrappings: readonly Wrapping[]; edits: readonly Edit[] },
  ): Uint8Array<ArrayBuffer> {
    const types = this.#functionTypes();
    const bodies = this.#bodies();
    const imported = this.#imports.size;
    for (const edit of edits) {
      const at = edit.target - imported;
      bodies[at] = edited(bodies[at], edit);
    }
    for (const { target, locals, code } of wrappings) {
      const at = target - imported;
      const original = imported + bodies.length;
      types.push(types[at]);
      bodies.push(bodies[at]);
      bodies[at] = new Uint8Array(body(locals, code(original)));
    }
    const functions = types.flatMap(unsigned);
    return this.#replaceSections(
      new Map([
        [3, [new Uint8Array([...unsigned(types.length), ...functions])]],
        [10, [new Uint8Array(unsigned(bodies.length)), ...bodies]],
      ]),
    );
  }

  #replaceSections(contents: ReadonlyMap<number, readonly Uint8Array[]>): Uint8Array<ArrayBuffer> {
    const parts = [this.#bytes.subarray(0, HEADER.length)];
    for (const [id, { start, end }] of this.#sections) {
      const content = contents.get(id);
      if (content === undefined) {
        parts.push(this.#bytes.subarray(start, end));
        continue;
      }
      const size = content.reduce((sum, part) => sum + part.length, 0);
      parts.push(new Uint8Array([id, ...unsigned(size)]), ...content);
    }
    const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      result.set(part, at);
      at += part.length;
    }
    return result;
  }

  /** Goes to the beginning of a section's items and answers how many there are. */
  #enter(id: number): number {
    this.#at = found(this.#sections.get(id), `section ${id}`).begin;
    return this.#unsigned();
  }

  #readImports(): void {
    for (let left = this.#enter(2); left > 0; left--) {
      this.#text();
      const field = this.#text();
      const kind = this.#bytes[this.#at++];
      if (kind !== Kind.function) throw new Error("Cannot read a module that imports no function");
      this.#unsigned();
      this.#imports.set(field, this.#imports.size);
    }
  }

  #readExports(): void {
    for (let left = this.#enter(7); left > 0; left--) {
      const field = this.#text();
      const kind = this.#bytes[this.#at++];
      const index = this.#unsigned();
      if (kind === Kind.function) this.#exports.set(field, index);
    }
  }

  #functionTypes(): number[] {
    return Array.from({ length: this.#enter(3) }, () => this.#unsigned());
  }

  /** The bodies of all functions, each with its size before it. */
  #bodies(): Uint8Array[] {
    return Array.from({ length: this.#enter(10) }, () => {
      const start = this.#at;
      const size = this.#unsigned();
      this.#at += size;
      return this.#bytes.subarray(start, this.#at);
    });
  }

  #unsigned(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.#bytes[this.#at++];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  #text(): string {
    const length = this.#unsigned();
    this.#at += length;
    return String.fromCharCode(...this.#bytes.subarray(this.#at - length, this.#at));
  }
}

/** A function's body, with its size before it, after an edit. */
function edited(body: Uint8Array, { target, find, replace }: Edit): Uint8Array {
  let start = 0;
  while (body[start] >= 0x80) start++;
  start++;
  const places: number[] = [];
  for (let at = start; at <= body.length - find.length; at++) {
    if (find.every((byte, i) => body[at + i] === byte)) places.push(at);
  }
  if (places.length !== 1) {
    throw new Error(`Function ${target} has what is to be replaced ${places.length} times`);
  }
  const before = body.subarray(start, places[0]);
  const after = body.subarray(places[0] + find.length);
  const size = unsigned(before.length + replace.length + after.length);
  return new Uint8Array([...size, ...before, ...replace, ...after]);
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The WebAssembly module has no ${name}`);
  return value;
}
