import { assertEquals, assertMatch } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";

/** Calls the body as a function of a library of its own. */
async function call(t: TestServer, body: string) {
  const source = `#!lua name=lib\nredis.register_function('f', function(keys, args) ${body} end)`;
  assertEquals(await t.run("FUNCTION", "LOAD", "REPLACE", source), "lib");
  return await t.line("FCALL f 0");
}

async function assertFails(t: TestServer, body: string, text: RegExp): Promise<void> {
  const reply = await call(t, body);
  if (!(reply instanceof ReplyError)) throw new Error(`${body} answered ${String(reply)}`);
  assertMatch(reply.message, text);
}

const READ_ONLY = /Attempt to modify a readonly table/;
const UNKNOWN = /Script attempted to access nonexistent global variable/;

Deno.test("functions cannot change what all libraries share", async () => {
  await using t = await startTestServer();
  for (
    const body of [
      "x = 1",
      "_G.x = 1",
      "rawset(_G, 'x', 1)",
      "_G.redis = nil",
      "redis.call = nil",
      "rawset(redis, 'call', 1)",
      "string.format = nil",
      "table.insert(string, 1)",
      "math.random = nil",
      "cjson.encode = nil",
      "cjson.new().x = 1 struct.x = 1",
      "bit.x = 1",
      "cmsgpack.x = 1",
      "setmetatable(_G, nil)",
      "setmetatable(_G, {})",
      "setmetatable(redis, {})",
      "setmetatable(string, {__index = {}})",
      "getmetatable(_G).__index = {}",
      "getmetatable(_G).__newindex = print",
      "getmetatable('').__index = {}",
      "getmetatable('').__add = function() end",
      "getmetatable('').__index.rep = nil",
      "loadstring('x = 1')()",
      "setfenv(function() x = 1 end, _G)()",
      "getfenv(0).x = 1",
      "getfenv(redis.call).x = 1",
      "string.gsub('a', 'a', function() x = 1 end)",
      "table.sort({2, 1}, function() x = 1 end)",
    ]
  ) {
    await assertFails(
      t,
      body,
      /Attempt to modify a readonly table|nonexistent global variable '(setfenv|getfenv|print)'/,
    );
  }
  assertEquals(
    await call(t, "return ('x'):rep(3) .. type(redis.call) .. type(math.random)"),
    "xxxfunctionfunction",
  );
});

Deno.test("a function's own environment is no way to other libraries' globals", async () => {
  await using t = await startTestServer();
  await t.run(
    "FUNCTION",
    "LOAD",
    "#!lua name=secret\nlocal secret = 42\nredis.register_function('secret', function() return secret end)",
  );
  await assertFails(t, "return secret", UNKNOWN);
  await assertFails(t, "return _G.secret", UNKNOWN);
  await call(
    t,
    "pcall(function() setfenv(0, {secret = 1}) end) pcall(function() setfenv(1, {}) end)",
  );
  assertEquals(await t.line("FCALL secret 0"), 42);
  assertEquals(await call(t, "return type(redis.call)"), "function");
});

Deno.test("functions find nothing that reaches files, processes or the host", async () => {
  await using t = await startTestServer();
  for (
    const name of [
      "io",
      "require",
      "package",
      "module",
      "debug",
      "dofile",
      "loadfile",
      "print",
      "Deno",
      "process",
      "globalThis",
    ]
  ) {
    await assertFails(t, `return ${name}`, UNKNOWN);
  }
  await assertFails(t, "return loadstring('\\27Lua')()", /./);
  await assertFails(t, "return loadstring(string.dump(function() end))()", /./);
});

Deno.test("a source can do nothing but register functions", async () => {
  await using t = await startTestServer();
  for (
    const line of [
      "redis.call('SET', 'a', 1)",
      "redis.pcall('PING')",
      "redis.setresp(3)",
      "string.rep('a', 3)",
      "table.insert({}, 1)",
      "getmetatable(_G)",
      "setmetatable({}, {})",
      "pcall(redis.register_function)",
      "loadstring('x = 1')",
      "_G.redis = nil",
      "rawset(redis, 'a', 1)",
      "getfenv()",
    ]
  ) {
    const reply = await t.run("FUNCTION", "LOAD", `#!lua name=l\n${line}`);
    if (!(reply instanceof ReplyError)) throw new Error(`${line} answered ${String(reply)}`);
    assertMatch(reply.message, UNKNOWN);
  }
  for (const line of ["x = 1", "redis.x = 1", "redis.register_function = nil", "redis = 1"]) {
    const reply = await t.run("FUNCTION", "LOAD", `#!lua name=l\n${line}`);
    if (!(reply instanceof ReplyError)) throw new Error(`${line} answered ${String(reply)}`);
    assertMatch(reply.message, READ_ONLY);
  }
  assertEquals(await t.line("FUNCTION LIST"), []);
  assertEquals(await t.line("DBSIZE"), 0);
});

Deno.test("what a source keeps of its names does not help a function, nor the other way round", async () => {
  await using t = await startTestServer();
  const source = `#!lua name=lib
    local lib = redis
    lib.register_function('f1', function() lib.redis = redis end)
    lib.register_function('f2', function() lib.register_function('f3', function() end) end)
    lib.register_function('f4', function() return redis.register_function == nil and 1 or 0 end)
    lib.register_function('f5', function() return lib.call end)`;
  assertEquals(await t.run("FUNCTION", "LOAD", source), "lib");
  const message = async (name: string) => (await t.line(`FCALL ${name} 0`) as ReplyError).message;
  assertMatch(await message("f1"), READ_ONLY);
  assertMatch(
    await message("f2"),
    /redis\.register_function can only be called on FUNCTION LOAD command/,
  );
  assertEquals(await t.line("FCALL f4 0"), 1);
  assertMatch(await message("f5"), UNKNOWN);
});
