import { assert, assertEquals } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import { startTestServer, type Value } from "../../support/harness.ts";

function show(value: Value): string {
  return value instanceof ReplyError
    ? value.message.replace(/ script: [0-9a-f]{40}, on @\w+:\d+\.$/, "")
    : String(value);
}

const READ_ONLY = "Attempt to modify a readonly table";

/** Ways to change what other scripts see; each must fail, and leave everything as it was. */
const ATTACKS = [
  "x = 1",
  "_G.x = 1",
  "_G._G = {}",
  "redis = nil",
  "redis.call = function() return 'stolen' end",
  "string.rep = function() return 'stolen' end",
  "table.insert(_G, 1)",
  "table.insert(string, 1)",
  "table.sort({ 2, 1 }, function() string.rep = 1 end)",
  "rawset(_G, 'x', 1)",
  "rawset(string, 'rep', nil)",
  "rawset(getmetatable(''), '__index', {})",
  "rawset(getmetatable(_G), '__index', nil)",
  "setmetatable(_G, {})",
  "setmetatable(_G, nil)",
  "setmetatable(string, { __index = function() return 'stolen' end })",
  "setmetatable(getmetatable(''), {})",
  "getmetatable('').__index = { rep = function() return 'stolen' end }",
  "getmetatable('').__index = nil",
  "getmetatable('').__add = function() return 'stolen' end",
  "getmetatable('').__index.rep = nil",
  "(''):rep(1) getmetatable('x').__index.upper = nil",
  "setmetatable({}, { __newindex = _G }).x = 1",
  "setmetatable({}, { __newindex = string }).rep = 1",
  "setmetatable({}, { __newindex = setmetatable({}, { __newindex = redis }) }).call = 1",
  "loadstring('x = 1')()",
  "loadstring('string.rep = 1')()",
  "load(coroutine.wrap(function() coroutine.yield('x = 1') end))()",
  "coroutine.wrap(function() x = 1 end)()",
  "local _ENV = {} y = 1",
  "for name in pairs(_G) do _G[name] = nil end",
  "for name in next, string do string[name] = nil end",
  "cjson.decode = nil",
  "cjson.new().encode = nil cjson.encode = nil",
  "cmsgpack.pack = nil",
  "bit.band = nil",
  "struct.pack = nil",
  "math.random = nil",
  "coroutine.resume = nil",
  "__redis__err__handler = nil",
  "pcall = error",
  "KEYS = nil",
  "unpack = nil function unpack() end",
];

Deno.test("no script changes what others see", async () => {
  await using t = await startTestServer();
  const probe = `
    local names = {}
    local function visit(prefix, t)
      for name, value in pairs(t) do
        names[#names + 1] = prefix .. tostring(name) .. '=' .. tostring(value)
        if type(value) == 'table' and value ~= _G and name ~= 'KEYS' and name ~= 'ARGV' then
          visit(prefix .. tostring(name) .. '.', value)
        end
      end
    end
    visit('', _G)
    visit('strings.', getmetatable(''))
    table.sort(names)
    local text = table.concat(names, '\\n')
    return (text:gsub('KEYS=table: %S+', ''):gsub('ARGV=table: %S+', ''))`;
  const before = await t.run("EVAL", probe, 0);
  assert(String(before).includes("redis.call=function"));
  for (const attack of ATTACKS) {
    const reply = show(await t.run("EVAL", attack, 0));
    assert(reply.includes(READ_ONLY), `${attack}: ${reply}`);
    assertEquals(await t.run("EVAL", probe, 0), before, attack);
  }
});

Deno.test("what a script keeps in the tables that are its own ends with it", async () => {
  await using t = await startTestServer();
  await t.run("EVAL", "KEYS.secret = 1 ARGV.secret = 2 KEYS[1] = 'changed'", 1, "k", "v");
  assertEquals(await t.run("EVAL", "return { KEYS[1], tostring(KEYS.secret) }", 1, "k"), [
    "k",
    "nil",
  ]);
  await t.run("EVAL", "local cache = {} cache.x = 1 return cache.x", 0);
  assertEquals(
    show(await t.run("EVAL", "return cache", 0)),
    "ERR user_script:1: Script attempted to access nonexistent global variable 'cache'",
  );
});

Deno.test("a script is compiled once but keeps nothing from run to run", async () => {
  await using t = await startTestServer();
  const script = "local n = (n0 or 0) return n";
  const counter = "local count = 0 count = count + 1 return count";
  assert(show(await t.run("EVAL", script, 0)).includes("nonexistent global variable 'n0'"));
  for (let i = 0; i < 3; i++) assertEquals(await t.run("EVAL", counter, 0), 1);
});

Deno.test("scripts find no way to files, processes, modules, code or the host", async () => {
  await using t = await startTestServer();
  const absent = [
    "io",
    "os",
    "debug",
    "package",
    "require",
    "module",
    "dofile",
    "loadfile",
    "print",
    "newproxy",
    "setfenv",
    "getfenv",
    "Deno",
    "process",
    "globalThis",
    "window",
    "fetch",
    "ffi",
    "jit",
  ];
  for (const name of absent) {
    const expected =
      `ERR user_script:1: Script attempted to access nonexistent global variable '${name}'`;
    assertEquals(show(await t.run("EVAL", `return ${name}`, 0)), expected);
    assertEquals(show(await t.run("EVAL", `return _G['${name}']`, 0)), expected);
    assertEquals(await t.run("EVAL", `return rawget(_G, '${name}')`, 0), null);
  }
});

Deno.test("compiled code is not loaded, whatever the way", async () => {
  await using t = await startTestServer();
  const attempts = [
    "return tostring(loadstring(string.dump(function() return 1 end)))",
    "return tostring(loadstring('\\27LuaQ\\0\\1\\4\\4\\4\\8\\0'))",
    "local code, done = string.dump(function() end) return tostring(load(function()" +
    " if not done then done = true return code end end))",
    "local code, i = string.dump(function() end), 0 return tostring(load(function()" +
    " i = i + 1 return i <= #code and code:sub(i, i) or nil end))",
  ];
  for (const attempt of attempts) assertEquals(await t.run("EVAL", attempt, 0), "nil", attempt);
});

Deno.test("functions of the host take anything without letting it through", async () => {
  await using t = await startTestServer();
  const values =
    "{ nil, true, -1, 2^53, 0/0, 1/0, 'x', '\\0', {}, { 1 }, print0, pcall, _G, redis," +
    " string, cjson.null, coroutine.create(function() end), setmetatable({}, { __index = _G }) }";
  const script = `
    local print0 = false
    local values = ${values}
    local calls = 0
    for _, library in ipairs({ redis, cjson, cmsgpack, struct, bit, string, table, math }) do
      for name, callee in pairs(library) do
        -- Those that would only make the test long.
        if type(callee) == 'function' and name ~= 'rep' and name ~= 'foreach' then
          for i = 1, 18 do
            pcall(callee, values[i])
            for j = 1, 18 do pcall(callee, values[i], values[j]) end
            calls = calls + 1
          end
        end
      end
    end
    return calls`;
  const calls = await t.run("EVAL", script, 0);
  assert(typeof calls === "number" && calls > 1000, show(calls));
  assertEquals(await t.run("EVAL", "return redis.call('PING').ok", 0), "PONG");
  assertEquals(await t.run("EVAL", "return cjson.encode({ 1 })", 0), "[1]");
});

Deno.test("an error handler of a script cannot keep what it should not see", async () => {
  await using t = await startTestServer();
  const script = `
    local seen = {}
    xpcall(function() return redis.call('NOSUCH') end, function(e)
      for name in pairs(e) do seen[#seen + 1] = name end
    end)
    table.sort(seen)
    return table.concat(seen, ',')`;
  assertEquals(await t.run("EVAL", script, 0), "err,ignore_error_stats_update");
});

Deno.test("collecting garbage calls nothing of a script's", async () => {
  await using t = await startTestServer();
  const script =
    "setmetatable({}, { __gc = function() redis.call('SET', 'k', 'v') end }) collectgarbage() return 1";
  assertEquals(await t.run("EVAL", script, 0), 1);
  await t.run("EVAL", "collectgarbage('collect') return 1", 0);
  assertEquals(await t.run("EXISTS", "k"), 0);
});
