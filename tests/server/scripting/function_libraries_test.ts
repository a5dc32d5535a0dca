import { assertEquals, assertThrows } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import {
  type FunctionEngine,
  FunctionLibraries,
  type FunctionLibrary,
} from "../../../server/scripting/function_libraries.ts";
import { writeFunctionDump } from "../../../storage/rdb/dump.ts";
import { isDump, readFunctionDump } from "../../../storage/rdb/dump.ts";
import { CorruptRdb } from "../../../storage/rdb/format.ts";

/** Registers each word of a body as a function; `!` fails. Counts what is kept. */
class WordEngine implements FunctionEngine {
  kept = 0;

  load(library: FunctionLibrary): void {
    const body = library.source.subarray(library.bodyAt);
    for (const name of new TextDecoder().decode(body).split(/\s+/)) {
      if (name === "!") throw new ReplyError("ERR broken");
      if (name === "") continue;
      this.kept++;
      library.functions.set(name, { name, description: undefined, flags: 0, callback: this.kept });
    }
  }

  release(library: FunctionLibrary): void {
    this.kept -= library.functions.size;
    library.functions.clear();
  }
}

function setup() {
  const engine = new WordEngine();
  const libraries = new FunctionLibraries(engine);
  const load = (text: string, replace = false) =>
    libraries.create(source(text), { replace, timeLimit: 0 });
  const names = () => [...libraries.all].map(({ name, functions }) => [name, ...functions.keys()]);
  return { engine, libraries, load, names };
}

function source(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function assertRefused(action: () => unknown, text: string): void {
  const error = assertThrows(action, ReplyError);
  assertEquals(error.message, `ERR ${text}`);
}

Deno.test("a library's functions are found in any case of their letters", () => {
  const { libraries, load } = setup();
  assertEquals(load("#!lua name=lib\nOne two"), "lib");
  assertEquals(libraries.find("ONE")?.name, "One");
  assertEquals(libraries.find("two")?.name, "two");
  assertEquals(libraries.find("lib"), undefined);
  assertEquals([libraries.libraryCount, libraries.functionCount], [1, 2]);
});

Deno.test("a source without a proper first line is refused", () => {
  const { load, names } = setup();
  for (
    const [text, refusal] of [
      ["one", "Missing library metadata"],
      ["", "Missing library metadata"],
      ["#!lua name=lib", "Invalid library metadata"],
      ['#!lua name="lib\none', "Invalid library metadata"],
      ["#!lua \0name=lib\none", "Invalid library metadata"],
      ["#!lua\none", "Library name was not given"],
      [
        "#!lua name=lib name=lib\none",
        "Invalid metadata value, name argument was given multiple times",
      ],
      ["#!lua name=lib foo=bar\none", "Invalid metadata value given: foo=bar"],
      [
        "#!lua name=a-b\none",
        "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
      ],
      [
        "#!lua name=\none",
        "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
      ],
      ["#!js name=lib\none", "Engine 'js' not found"],
      ["#! name=lib\none", "Engine '' not found"],
      ["#!lua name=lib\n", "No functions registered"],
    ]
  ) {
    assertRefused(() => load(text), refusal);
  }
  assertEquals(names(), []);
});

Deno.test("names and engines of a first line are taken in any case and order", () => {
  const { load } = setup();
  assertEquals(load("#!LUA  NAME=a\none"), "a");
  assertEquals(load('#!Lua "name=b"\ntwo'), "b");
});

Deno.test("a name that is taken is refused, and nothing changes", () => {
  const { engine, load, names } = setup();
  load("#!lua name=a\none");
  load("#!lua name=b\ntwo");
  assertRefused(() => load("#!lua name=a\nthree"), "Library 'a' already exists");
  assertRefused(() => load("#!lua name=c\nthree ONE"), "Function ONE already exists");
  assertRefused(() => load("#!lua name=a\nthree two", true), "Function two already exists");
  assertRefused(() => load("#!lua name=a\nthree !", true), "broken");
  assertRefused(() => load("#!lua name=a\n", true), "No functions registered");
  assertEquals(names(), [["a", "one"], ["b", "two"]]);
  assertEquals(engine.kept, 2);
});

Deno.test("a library that takes another's place may have its functions' names", () => {
  const { engine, libraries, load, names } = setup();
  load("#!lua name=a\none two");
  load("#!lua name=a\nONE three", true);
  assertEquals(names(), [["a", "ONE", "three"]]);
  assertEquals(libraries.find("one")?.name, "ONE");
  assertEquals(libraries.find("two"), undefined);
  assertEquals(engine.kept, 2);
});

Deno.test("deleting and clearing release what was kept", () => {
  const { engine, libraries, load } = setup();
  load("#!lua name=a\none");
  load("#!lua name=b\ntwo");
  assertRefused(() => libraries.delete("A"), "Library not found");
  libraries.delete("a");
  assertEquals([libraries.libraryCount, libraries.functionCount, engine.kept], [1, 1, 1]);
  libraries.clear();
  assertEquals([libraries.libraryCount, libraries.functionCount, engine.kept], [0, 0, 0]);
});

Deno.test("joining takes over all libraries or none", () => {
  const { engine, libraries, load, names } = setup();
  load("#!lua name=a\none");
  load("#!lua name=b\ntwo");
  const joined = (replace: boolean, ...texts: string[]) => {
    const others = new FunctionLibraries(engine);
    for (const text of texts) others.create(source(text), { timeLimit: 0 });
    try {
      libraries.join(others, { replace });
    } finally {
      others.clear();
    }
  };
  const append = false;
  const replace = true;
  assertRefused(
    () => joined(append, "#!lua name=c\nthree", "#!lua name=a\nfour"),
    "Library a already exists",
  );
  assertRefused(() => joined(append, "#!lua name=c\nthree Two"), "Function Two already exists");
  assertRefused(() => joined(replace, "#!lua name=a\nthree two"), "Function two already exists");
  assertEquals(names(), [["a", "one"], ["b", "two"]]);
  joined(append, "#!lua name=c\nthree");
  joined(replace, "#!lua name=a\ntwo", "#!lua name=b\none");
  assertEquals(names(), [["c", "three"], ["a", "two"], ["b", "one"]]);
  assertEquals(engine.kept, 3);
});

Deno.test("a payload holds the sources, and is refused when it is none", () => {
  const sources = ["#!lua name=a\none", "#!lua name=b\n" + "long ".repeat(100), "12"].map(source);
  const payload = writeFunctionDump(sources);
  const stretch = { buf: payload, off: 0, len: payload.length };
  assertEquals(isDump(stretch), true);
  assertEquals([...readFunctionDump(stretch)], sources);
  for (let i = 0; i < payload.length; i++) {
    const broken = payload.slice();
    broken[i] ^= 1;
    assertEquals(isDump({ ...stretch, buf: broken }), false);
  }
  const opcode = (value: number) => {
    const other = payload.slice();
    other[0] = value;
    return [...readFunctionDump({ ...stretch, buf: other })];
  };
  assertThrows(() => opcode(246), CorruptRdb, "Pre-GA function format not supported");
  assertThrows(() => opcode(0), CorruptRdb, "given type is not a function");
  assertThrows(
    () => [...readFunctionDump({ buf: payload, off: 0, len: 20 })],
    CorruptRdb,
    "Failed loading library payload",
  );
});
