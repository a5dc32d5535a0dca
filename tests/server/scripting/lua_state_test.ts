import { LuaFailure, LuaStatus } from "../../../server/scripting/engine/lua_api.ts";
import {
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertThrows,
} from "@std/assert";
import { compileLua, packageOfLua } from "../../../server/scripting/engine/lua_module.ts";
import {
  GLOBALS_INDEX,
  type LuaOptions,
  LuaState,
} from "../../../server/scripting/engine/lua_state.ts";
import { LuaError, type LuaFunction, LuaType } from "../../../server/scripting/lua_library.ts";
import { encodeLatin1 } from "../../../server/resp/args.ts";

const module = compileLua();
const MIB = 1024 * 1024;

function startLua(options: Partial<LuaOptions> = {}): LuaState {
  const lua = new LuaState(module, {
    memoryLimit: 64 * MIB,
    interrupt: () => false,
    wait: () => Promise.resolve(),
    ...options,
  });
  for (const library of ["base", "table", "string", "math"]) lua.openLibrary(library);
  lua.pushProtectedCall();
  lua.setField(GLOBALS_INDEX, "pcall");
  return lua;
}

/** Runs a chunk; answers the text of its result, or of its error with the status before it. */
function evaluate(lua: LuaState, source: string): string | Promise<string> {
  const status = lua.load(encodeLatin1(source), "@script");
  if (status !== LuaStatus.ok) return result(lua, status);
  const ended = lua.run(0, 1, 0);
  return typeof ended === "number"
    ? result(lua, ended)
    : ended.then((status) => result(lua, status));
}

function result(lua: LuaState, status: number): string {
  const text = lua.toText(-1);
  lua.setTop(0);
  return status === LuaStatus.ok ? text : `${status} ${text}`;
}

function defineFunction(lua: LuaState, name: string, callee: LuaFunction): void {
  lua.pushClosure(callee, 0);
  lua.setField(GLOBALS_INDEX, name);
}

Deno.test("the Lua package is the one whose functions are known by their places", async () => {
  assertEquals((await packageOfLua()).default.version, "1.18.10");
});

Deno.test("Lua runs chunks and says what is wrong with them", () => {
  const lua = startLua();
  assertEquals(evaluate(lua, "return 1 + 1"), "2");
  assertEquals(
    evaluate(lua, "return nil .. 'x'"),
    "2 script:1: attempt to concatenate a nil value",
  );
  assertEquals(evaluate(lua, "x ="), "3 script:1: unexpected symbol near '<eof>'");
  assertEquals(evaluate(lua, "return 0xffffffffff"), "1099511627775");
  assertEquals(evaluate(lua, "return ('hello'):sub(1, 2^33)"), "hello");
  assertEquals(evaluate(lua, "return ('hello'):sub(-2^33)"), "hello");
});

Deno.test("Lua's strings are bytes", () => {
  const lua = startLua();
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  lua.pushBytes(bytes);
  assertEquals(lua.toBytes(-1), bytes);
  assertEquals(lua.toText(-1), String.fromCharCode(...bytes));
  assertEquals(evaluate(lua, "return '\\0a\xff'"), "\0a\xff");
});

Deno.test("a read-only table cannot be changed by any way", () => {
  const lua = startLua();
  lua.getField(GLOBALS_INDEX, "string");
  lua.setReadOnly(-1, true);
  assertEquals(lua.isReadOnly(-1), true);
  const refusal = "Attempt to modify a readonly table";
  for (
    const source of ["string.rep = 1", "string.new = 1", "string[1] = 1", "rep, string.rep = 1, 2"]
  ) {
    assertEquals(evaluate(lua, source), `2 script:1: ${refusal}`);
  }
  for (
    const source of [
      "rawset(string, 'rep', 1)",
      "table.insert(string, 1)",
      "setmetatable(string, {})",
    ]
  ) {
    assertEquals(evaluate(lua, source), `2 ${refusal}`);
  }
  assertEquals(
    evaluate(lua, "setmetatable({}, { __newindex = string }).x = 1"),
    `2 script:1: ${refusal}`,
  );
  assertEquals(evaluate(lua, "return string.rep('x', 3)"), "xxx");
  lua.setReadOnly(-1, false);
  lua.setTop(0);
});

Deno.test("a read-only table stays so while garbage is collected", () => {
  const lua = startLua();
  lua.getField(GLOBALS_INDEX, "math");
  lua.setReadOnly(-1, true);
  lua.setTop(0);
  for (let round = 0; round < 5; round++) {
    evaluate(lua, "for i = 1, 20000 do local t = { i } end");
    lua.collect();
    assertEquals(evaluate(lua, "math.x = 1"), "2 script:1: Attempt to modify a readonly table");
  }
});

Deno.test("compiled code is parsed, not loaded", () => {
  const lua = startLua();
  const source = "return select(2, loadstring(string.dump(function() return 1 end)))";
  assertEquals(evaluate(lua, source), `[string "\x1bLuaQ"]:1: unexpected symbol near 'char(27)'`);
  const piecewise =
    "local code, done = string.dump(function() return 1 end), false return (load(function()" +
    " if not done then done = true return code end end)) == nil and 'refused'";
  assertEquals(evaluate(lua, piecewise), "refused");
});

Deno.test("functions in TypeScript take arguments, answer results and raise errors", () => {
  const lua = startLua();
  defineFunction(lua, "double", (lua) => {
    lua.pushNumber(lua.toNumber(1) * 2);
    return 1;
  });
  defineFunction(lua, "refuse", () => {
    throw new LuaError("no");
  });
  defineFunction(lua, "refusePlainly", () => {
    throw new LuaError("no", { placed: false });
  });
  defineFunction(lua, "check", (lua) => {
    throw lua.argumentError(1, "string expected");
  });
  assertEquals(evaluate(lua, "return double(21)"), "42");
  assertEquals(evaluate(lua, "return double(double('1'))"), "4");
  assertEquals(evaluate(lua, "refuse()"), "2 script:1: no");
  assertEquals(evaluate(lua, "refusePlainly()"), "2 no");
  assertEquals(evaluate(lua, "return select(2, pcall(refusePlainly))"), "no");
  assertEquals(
    evaluate(lua, "check()"),
    "2 script:1: bad argument #1 to 'check' (string expected)",
  );
  assertEquals(
    evaluate(lua, "local t = { m = check } t:m()"),
    "2 script:1: calling 'm' on bad self (string expected)",
  );
});

Deno.test("functions in TypeScript work on the stack of the coroutine that calls them", () => {
  const lua = startLua();
  defineFunction(lua, "add", (lua) => {
    lua.pushNumber(lua.toNumber(1) + lua.toNumber(2));
    return 1;
  });
  const source = `
    local routine = coroutine.wrap(function(a)
      while true do a = coroutine.yield(add(a, 1)) end
    end)
    return table.concat({ routine(1), add(10, 20), routine(2) }, ",")`;
  assertEquals(evaluate(lua, source), "2,30,3");
});

Deno.test("more functions than are prepared at once can be called", () => {
  const lua = startLua();
  for (let i = 0; i < 200; i++) {
    defineFunction(lua, `f${i}`, (lua) => {
      lua.pushNumber(i);
      return 1;
    });
  }
  assertEquals(
    evaluate(lua, "return f0() .. ',' .. f63() .. ',' .. f64() .. ',' .. f199()"),
    [
      0,
      63,
      64,
      199,
    ].join(),
  );
});

Deno.test("closures keep their upvalues apart", () => {
  const lua = startLua();
  const answer: LuaFunction = (lua) => {
    lua.pushValue(GLOBALS_INDEX - 1);
    return 1;
  };
  for (const name of ["a", "b"]) {
    lua.pushText(`upvalue of ${name}`);
    lua.pushClosure(answer, 1);
    lua.setField(GLOBALS_INDEX, name);
  }
  assertEquals(evaluate(lua, "return a() .. ', ' .. b()"), "upvalue of a, upvalue of b");
});

Deno.test("pcall answers the message of an error that is a table", () => {
  const lua = startLua();
  assertEquals(evaluate(lua, "return select(2, pcall(error, { err = 'text' }))"), "text");
  assertEquals(evaluate(lua, "return type(select(2, pcall(error, {})))"), "table");
  assertEquals(evaluate(lua, "return select('#', pcall(error, {}))"), "3");
  assertEquals(evaluate(lua, "return select('#', pcall(unpack, { 1, 2, 3 }))"), "4");
  assertEquals(
    evaluate(lua, "pcall()"),
    "2 script:1: bad argument #1 to 'pcall' (value expected)",
  );
});

Deno.test("memory is bounded, and the instance usable after the bound was met", () => {
  const lua = startLua({ memoryLimit: 24 * MIB });
  const hog = "local t = {} while true do t[#t + 1] = string.rep('x', 10000) .. #t end";
  for (let round = 0; round < 3; round++) {
    assertEquals(evaluate(lua, hog), "4 not enough memory");
    assertLess(lua.memoryBytes, 24 * MIB + 1);
    lua.collect();
    assertLess(lua.usedBytes, MIB);
    assertEquals(evaluate(lua, "return 'alive'"), "alive");
  }
  assertEquals(evaluate(lua, "return #string.rep('x', 2^30)"), "4 not enough memory");
});

Deno.test("memory that grows under a function in TypeScript does not confuse it", () => {
  const lua = startLua();
  defineFunction(lua, "large", (lua) => {
    const room = lua.memory.length;
    lua.createTable(0, 0);
    for (let i = 1; lua.memory.length === room; i++) {
      lua.pushText("x".repeat(100_000) + i);
      lua.rawSetIndex(-2, i);
    }
    lua.pushText("end");
    return 1;
  });
  assertEquals(evaluate(lua, "return large()"), "end");
});

Deno.test("a script that runs for long is suspended and goes on, whatever it is in the midst of", async () => {
  let waits = 0;
  const lua = startLua({
    interrupt: () => waits < 50,
    wait: () => {
      waits++;
      return new Promise((resolve) => setTimeout(resolve, 0));
    },
  });
  const loop = "for i = 1, 3e5 do end";
  const sources: [string, string][] = [
    [`${loop} return 'done'`, "done"],
    [`return tostring(pcall(function() ${loop} end))`, "true"],
    [
      `local t = setmetatable({}, { __index = function() ${loop} return 'meta' end }) return t.x`,
      "meta",
    ],
    [`return coroutine.wrap(function() ${loop} return 'routine' end)()`, "routine"],
    [`return (('a'):gsub('a', function() ${loop} return 'b' end))`, "b"],
    [
      `local t = { 3, 1, 2 } table.sort(t, function(a, b) ${loop} return a < b end)` +
      " return table.concat(t)",
      "123",
    ],
    [`return tostring(select(2, xpcall(function() ${loop} error('x', 0) end, tostring)))`, "x"],
  ];
  for (const [source, expected] of sources) {
    waits = 0;
    const ended = evaluate(lua, source);
    assertInstanceOf(ended, Promise, source);
    assertEquals(await ended, expected);
    assertGreater(waits, 49);
  }
});

Deno.test("a script that catches errors in a loop can be ended all the same", async () => {
  let killed = false;
  const lua = startLua({
    interrupt: (lua) => {
      if (killed) {
        lua.interruptAlways();
        lua.pushText("killed");
        lua.raise();
      }
      return true;
    },
    wait: () => {
      killed = true;
      return Promise.resolve();
    },
  });
  const source = "while true do pcall(function() while true do end end) end";
  assertEquals(await evaluate(lua, source), "2 killed");
  killed = false;
  lua.interruptSeldom();
  assertEquals(evaluate(lua, "return 'alive'"), "alive");
});

Deno.test("a script that never is suspended answers at once", () => {
  const lua = startLua();
  assertEquals(evaluate(lua, "for i = 1, 1e6 do end return 'now'"), "now");
});

Deno.test("endless recursion ends in an error, or gives the instance up", async () => {
  const lua = startLua();
  const messages: [string, string][] = [
    ["local function f() return 1 + f() end return f()", "stack overflow"],
    [
      "local t = setmetatable({}, {}) getmetatable(t).__index = function(t) return t.x end return t.x",
      "C stack overflow",
    ],
    ["return loadstring('return ' .. string.rep('(', 1000))", ""],
  ];
  for (const [source, expected] of messages) {
    const text = await evaluate(lua, source);
    assertEquals(text.includes(expected), true, text);
  }
  const deep = "return ('a'):rep(300000):find(('a?'):rep(150000) .. 'b')";
  assertThrows(() => evaluate(startLua({ memoryLimit: 512 * MIB }), deep), LuaFailure);
});

Deno.test("the type of what lies on the stack has the C API's number", () => {
  const lua = startLua();
  lua.pushNil();
  lua.pushBoolean(true);
  lua.pushNull();
  lua.pushNumber(1.5);
  lua.pushText("x");
  lua.createTable(0, 0);
  const types = Array.from({ length: 7 }, (_, i) => lua.type(i + 1));
  assertEquals(types, [
    LuaType.nil,
    LuaType.boolean,
    LuaType.lightUserdata,
    LuaType.number,
    LuaType.string,
    LuaType.table,
    LuaType.none,
  ]);
  assertEquals([lua.isNull(3), lua.isNull(1)], [true, false]);
});

Deno.test("string.format and tonumber know integers of 64 bits", () => {
  const lua = startLua();
  const cases: [string, string][] = [
    ["string.format('%d', 2^40)", "1099511627776"],
    ["string.format('%d|%d', 5, -2^40)", "5|-1099511627776"],
    ["string.format('%5d|%-5d|%05d', 42, 42, 42)", "   42|42   |00042"],
    [
      "string.format('%15d|%-15d|%015d|', 2^40, 2^40, -2^40)",
      "  1099511627776|1099511627776  |-01099511627776|",
    ],
    ["string.format('%+d % d', 2^40, 2^40)", "+1099511627776  1099511627776"],
    ["string.format('%.20d', 2^40)", "00000001099511627776"],
    ["string.format('%x %X %#x', 2^40, 2^40 + 10, 2^40)", "10000000000 1000000000A 0x10000000000"],
    ["string.format('%x', -1)", "ffffffffffffffff"],
    ["string.format('%u', -1)", "18446744073709551615"],
    ["string.format('%o', 2^33)", "100000000000"],
    ["string.format('%d', 2^64)", "-9223372036854775808"],
    ["string.format('%d', '3e9')", "3000000000"],
    ["string.format('%s %% %d %s', 'a%d', 2^40, 'b')", "a%d % 1099511627776 b"],
    ["string.format('%.3f', 2^40)", "1099511627776.000"],
    ["tonumber('ffffffffff', 16)", "1099511627775"],
    ["tonumber('0xff', 16)", "255"],
    ["tonumber('-ff', 16)", "1.844674407371e+19"],
    ["tonumber(' zz ', 36)", "1295"],
    ["tostring(tonumber('12', 2))", "nil"],
    ["tostring(tonumber('', 16))", "nil"],
    ["tonumber('10', 10)", "10"],
    ["tonumber('1e1')", "10"],
    ["tostring(tonumber('x', nil))", "nil"],
  ];
  for (const [expression, expected] of cases) {
    assertEquals(evaluate(lua, `return ${expression}`), expected, expression);
  }
  const refusals: [string, string][] = [
    ["string.format('%d')", "bad argument #2 to 'format' (no value)"],
    ["string.format('%d', 'x')", "bad argument #2 to 'format' (number expected, got string)"],
    [
      "string.format('%d %d', 2^40, {})",
      "bad argument #3 to 'format' (number expected, got table)",
    ],
    ["tonumber('1', 99)", "bad argument #2 to 'tonumber' (base out of range)"],
    ["tonumber({}, 16)", "bad argument #1 to 'tonumber' (string expected, got table)"],
  ];
  for (const [expression, expected] of refusals) {
    assertEquals(evaluate(lua, expression), `2 script:1: ${expected}`, expression);
  }
});
