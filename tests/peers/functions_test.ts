import { assertEquals, assertMatch } from "@std/assert";
import { type CompareOptions, compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";

const LOAD = (source: string): Command => ["FUNCTION", "LOAD", source];
const REPLACE = (source: string): Command => ["FUNCTION", "LOAD", "REPLACE", source];

/** A library of one function, `f`. */
const library = (name: string, body: string) =>
  `#!lua name=${name}\nredis.register_function('${name}', function(keys, args) ${body} end)`;

/** A library that registers functions as these arguments of register_function say. */
const registering = (...calls: string[]) =>
  `#!lua name=lib\n${calls.map((call) => `redis.register_function${call}`).join("\n")}`;

const SOURCES_REFUSED = [
  "",
  "return 1",
  "#!lua name=lib",
  "#!\nreturn 1",
  "#!lua\nreturn 1",
  '#!lua name="lib\nreturn 1',
  '#!lua name="lib"x\nreturn 1',
  "#!lua name=lib name=lib\nreturn 1",
  "#!lua name=lib foo=bar\nreturn 1",
  "#!lua lib\nreturn 1",
  "#!lua name=\nreturn 1",
  "#!lua name=li-b\nreturn 1",
  "#!lua name=lib\0\nreturn 1",
  "#!lu\0a name=lib\nreturn 1",
  "#! name=lib\nreturn 1",
  "#!js name=lib\nreturn 1",
  "#!lua name=lib\nreturn 1",
  "#!lua name=lib\n",
  "#!lua name=lib\nbad script",
  "#!lua name=lib\nlocal x = (",
  "#!lua name=lib\nfoo()",
  "#!lua name=lib\na = 1",
  "#!lua name=lib\nlocal t = redis t.x = 1",
  "#!lua name=lib\nlocal x = nil x()",
  "#!lua name=lib\nreturn redis.call('PING')",
  "#!lua name=lib\nreturn redis.pcall('PING')",
  "#!lua name=lib\nreturn redis.sha1hex('x')",
  "#!lua name=lib\nreturn redis.setresp(3)",
  "#!lua name=lib\nreturn redis.error_reply('x')",
  "#!lua name=lib\nreturn math.random()",
  "#!lua name=lib\nreturn string.rep('x', 2)",
  "#!lua name=lib\nreturn cjson.encode({})",
  "#!lua name=lib\nreturn getmetatable(_G)",
  "#!lua name=lib\nreturn _G.x",
  "#!lua name=lib\nreturn KEYS[1]",
  "#!lua name=lib\nredis.log()",
  "#!lua name=lib\nredis.log('a', 'b')",
  "#!lua name=lib\nredis.log(9, 'b')",
  "#!lua name=lib\nredis.redis.call('PING')",
  ...[
    "()",
    "('f')",
    "({})",
    "(1)",
    "(nil)",
    "('f', function() end, 1)",
    "('f', 'g')",
    "('f', nil)",
    "(nil, function() end)",
    "({}, function() end)",
    "('', function() end)",
    "('a b', function() end)",
    "('a\\0b', function() end)",
    "{function_name = 'f'}",
    "{callback = function() end}",
    "{function_name = 'f', callback = 'g'}",
    "{function_name = {}, callback = function() end}",
    "{function_name = '', callback = function() end}",
    "{function_name = 'f', callback = function() end, description = {}}",
    "{function_name = 'f', callback = function() end, flags = 'no-writes'}",
    "{function_name = 'f', callback = function() end, flags = {'foo'}}",
    "{function_name = 'f', callback = function() end, flags = {'no-writes', 1}}",
    "{function_name = 'f', callback = function() end, flags = {{}}}",
    "{function_name = 'f', callback = function() end, foo = 1}",
    "{function_name = 'f', callback = function() end, [1] = 1}",
    "{function_name = 'f', callback = function() end, [{}] = 1}",
  ].map((call) => registering(call)),
  registering("('f', function() end)", "('f', function() end)"),
  registering("('f', function() end)", "('g', 'h')"),
];

const LISTED = [
  registering("('f', function() end)"),
  registering("{function_name = 'f', callback = function() end, description = 'what it \\0does'}"),
  registering(
    "{FUNCTION_NAME = 'f', Callback = function() end, Flags = {'NO-WRITES', 'no-writes'}}",
  ),
  registering(
    "{function_name = 12, callback = function() end, description = 34, flags = {'allow-stale', 'no-cluster', 'allow-oom', 'no-writes', 'allow-cross-slot-keys'}}",
  ),
  registering("{function_name = 'f', callback = function() end, flags = {}}"),
  registering(
    "{function_name = 'f', callback = function() end, flags = {'allow-oom', nil, 'foo'}}",
  ),
  "#!LUA NAME=Other\n#!lua\nlocal f = 1",
  '#!lua "name=lib"  \r\nredis.register_function("f", function() end)',
  "#!lua name=lib\nlocal v = redis.REDIS_VERSION_NUM redis.log(redis.LOG_DEBUG, 'x') redis.register_function('f', function() end)",
];

const BODIES = [
  "return 1",
  "return {1, 'two', {3, {4}}, false, true, nil, 5}",
  "return {#keys, #args, keys[1] or 'none', args[1] or 'none'}",
  "return {keys, args}",
  "return {ok = 'FINE'}",
  "return {err = 'BAD thing'}",
  "return redis.error_reply('My error')",
  "return redis.status_reply('My status')",
  "return redis.call('SET', keys[1], args[1])",
  "return redis.call('GET', keys[1])",
  "return redis.call('LPUSH', keys[1], 1)",
  "return redis.pcall('LPUSH', keys[1], 1)",
  "return redis.pcall('LPUSH', keys[1], 1).err",
  "return redis.call('nosuch')",
  "return redis.call('GET')",
  "return redis.call()",
  "return redis.call('EVAL', 'return 1', 0)",
  "return redis.call('FCALL', 'g', 0)",
  "return redis.call('FUNCTION', 'LIST')",
  "return redis.sha1hex('x')",
  "return redis.sha1hex()",
  "redis.setresp(3) return redis.call('HGETALL', 'nothing')",
  "return {double = 3.5}",
  "redis.setresp(3) return {double = 3.5}",
  "error('thrown')",
  "error({err = 'CODE thrown'})",
  "error()",
  "local t = nil return t.x",
  "x = 1",
  "return y",
  "return KEYS[1]",
  "return ARGV[1]",
  "return print",
  "return redis.register_function",
  "redis.register_function('g', function() end)",
  "redis.x = 1",
  "string.x = 1",
  "cjson.x = 1",
  "_G.x = 1",
  "getmetatable(_G).__index = {}",
  "getmetatable(_G).__index.redis = 1",
  "setmetatable(_G, {})",
  "rawset(_G, 'x', 1)",
  "getmetatable('').__index = {}",
  "getmetatable('').x = 1",
  "table.insert(redis, 1)",
  "return loadstring('return 7')()",
  "return loadstring('x = 7')()",
  'return loadstring(\'return redis.call("GET", "counter")\')()',
  "return type(dofile) .. type(loadfile) .. type(os) .. type(io) .. type(require) .. type(debug)",
  "return os and os.time and type(os.clock())",
  "return cjson.encode({1, 2, 3})",
  "return cmsgpack.unpack(cmsgpack.pack({1, 2, 3}))",
  "return struct.pack('>I2', 258)",
  "return bit.tohex(255)",
  "return {math.random(10), math.random(10), math.random(10)}",
  "math.randomseed(7) return {math.random(1000), math.random(1000)}",
  "return redis.REDIS_VERSION_NUM == nil",
  "redis.log(redis.LOG_NOTICE, 'a', 'b') return redis.LOG_WARNING",
  "redis.set_repl(redis.REPL_AOF) return redis.REPL_ALL",
  "return redis.replicate_commands()",
  "return redis.breakpoint()",
  "return redis.acl_check_cmd('GET', 'x')",
  "redis.call('INCR', 'counter') error('after')",
  "redis.call('SELECT', 3) return redis.call('SET', 'in3', 1)",
];

Deno.test({
  name: "functions reply as redis-server's do",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    const play = async (
      name: string,
      commands: readonly Command[],
      options: CompareOptions = {},
    ) => {
      const script = [["FUNCTION", "FLUSH"], ...commands];
      await t.step(name, () => compareScripts(script, { ...options, peers }));
    };

    await play("sources that are no libraries", [
      ...SOURCES_REFUSED.map(LOAD),
      ["FUNCTION", "LIST"],
      ["FUNCTION", "STATS"],
    ]);
    await play(
      "what is listed",
      LISTED.flatMap((source): Command[] => [
        REPLACE(source),
        ["FUNCTION", "LIST"],
        ["FUNCTION", "LIST", "WITHCODE"],
        ["FUNCTION", "STATS"],
        ["FUNCTION", "FLUSH"],
      ]),
    );
    await play("listing", [
      LOAD(library("one", "return 1")),
      ["FUNCTION", "LIST", "LIBRARYNAME", "ONE"],
      ["FUNCTION", "LIST", "LIBRARYNAME", "t*"],
      ["FUNCTION", "LIST", "libraryname", "o?e", "withcode"],
      ["FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "*"],
      ["FUNCTION", "LIST", "LIBRARYNAME"],
      ["FUNCTION", "LIST", "foo"],
      ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
      ["FUNCTION", "LIST", "LIBRARYNAME", "a", "LIBRARYNAME", "b"],
      ["FUNCTION"],
      ["FUNCTION", "foo"],
      ["FUNCTION", "LIST", "a\0b"],
    ]);
    await play("names that are taken", [
      LOAD(library("one", "return 1")),
      LOAD(library("one", "return 2")),
      LOAD(library("ONE", "return 2")),
      LOAD("#!lua name=two\nredis.register_function('One', function() end)"),
      ["FCALL", "one", "0"],
      ["FCALL", "ONE", "0"],
      REPLACE(library("one", "return 3")),
      ["FCALL", "one", "0"],
      REPLACE(library("one", "return (")),
      REPLACE("#!lua name=one\nx = 1"),
      ["FCALL", "one", "0"],
      LOAD(library("two", "return 2")),
      REPLACE("#!lua name=two\nredis.register_function('one', function() end)"),
      ["FCALL", "two", "0"],
      ["FUNCTION", "DELETE", "ONE"],
      ["FUNCTION", "DELETE", "one"],
      ["FUNCTION", "DELETE", "one"],
      ["FCALL", "one", "0"],
      ["FUNCTION", "DELETE"],
      ["FUNCTION", "DELETE", "a", "b"],
      ["FUNCTION", "LOAD"],
      ["FUNCTION", "LOAD", "foo", library("x", "return 1")],
      ["FUNCTION", "LOAD", "REPLACE"],
      ["FUNCTION", "LOAD", "replace", "REPLACE", library("x", "return 1")],
      ["FUNCTION", "FLUSH", "foo"],
      ["FUNCTION", "FLUSH", "SYNC", "foo"],
      ["FUNCTION", "FLUSH", "SYNC"],
      ["FUNCTION", "FLUSH", "async"],
      ["FUNCTION", "LIST"],
      ["FUNCTION", "KILL"],
      ["FUNCTION", "KILL", "x"],
    ]);
    await play("calling", [
      LOAD(library("f", "return {keys, args}")),
      ["FCALL", "f"],
      ["FCALL", "f", "0"],
      ["FCALL", "f", "1"],
      ["FCALL", "f", "1", "k"],
      ["FCALL", "f", "1", "k", "a", "b"],
      ["FCALL", "f", "2", "k", "a", "b"],
      ["FCALL", "f", "-1", "k"],
      ["FCALL", "f", "x", "k"],
      ["FCALL", "f", "1.0", "k"],
      ["FCALL", "f", "99999999999999999999", "k"],
      ["FCALL", "g", "x"],
      ["FCALL_RO", "f", "0"],
      ["FCALL_RO", "g", "0"],
      ["COMMAND", "GETKEYS", "FCALL", "f", "2", "a", "b", "c"],
      ["COMMAND", "GETKEYS", "FCALL_RO", "f", "1", "a", "b"],
      ["COMMAND", "GETKEYS", "FCALL", "f", "0", "a"],
      ["MULTI"],
      ["FCALL", "f", "1", "k"],
      ["FCALL", "g", "0"],
      LOAD(library("late", "return 1")),
      ["FCALL", "late", "0"],
      ["EXEC"],
    ]);
    await play("bodies", [
      ["SET", "counter", "7"],
      ...BODIES.flatMap((body): Command[] => [
        REPLACE(library("f", body)),
        ["FCALL", "f", "0"],
        ["FCALL", "f", "1", "key", "value"],
        ["FCALL_RO", "f", "1", "key"],
        ["GET", "counter"],
      ]),
    ]);
    await play(
      "flags",
      ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"].flatMap(
        (flag): Command[] => [
          REPLACE(registering(
            `{function_name = 'w', flags = {'${flag}'}, callback = function(keys) return redis.call('SET', keys[1], 'x') end}`,
            `{function_name = 'p', flags = {'${flag}'}, callback = function(keys) return redis.pcall('SET', keys[1], 'x') end}`,
            `{function_name = 'r', flags = {'${flag}'}, callback = function(keys) return redis.call('GET', keys[1]) end}`,
          )),
          ...["w", "p", "r"].flatMap((name): Command[] => [
            ["FCALL", name, "1", "key"],
            ["FCALL_RO", name, "1", "key"],
            ["CONFIG", "SET", "maxmemory", "1"],
            ["FCALL", name, "1", "key"],
            ["FCALL_RO", name, "1", "key"],
            ["CONFIG", "SET", "maxmemory", "0"],
          ]),
        ],
      ),
    );
    await play("payloads", [
      ["FUNCTION", "RESTORE"],
      ["FUNCTION", "RESTORE", "x"],
      ["FUNCTION", "RESTORE", ""],
      ["FUNCTION", "RESTORE", "x", "foo"],
      ["FUNCTION", "RESTORE", "x", "FLUSH"],
      ["FUNCTION", "RESTORE", "x", "FLUSH", "y"],
      ["FUNCTION", "FLUSH"],
      ["FUNCTION", "DUMP"],
      LOAD(library("one", "return 1")),
      ["FUNCTION", "DUMP"],
      ["FUNCTION", "DUMP", "x"],
      ["FUNCTION", "FLUSH"],
      LOAD(library("long", `return '${"long ".repeat(100)}'`)),
      ["FUNCTION", "DUMP"],
      ["SET", "s", "x"],
    ]);
    await t.step("payloads go both ways", () => exchange(peers));
    await play("the malicious library of the public suite", [
      REPLACE(`#!lua name=lib
        local lib = redis
        lib.register_function('f1', function () lib.redis = redis lib.math = math return {ok='OK'} end)
        lib.register_function('f2', function ()
          lib.register_function('f1', function () lib.redis = redis lib.math = math return {ok='OK'} end)
        end)
        lib.register_function('f3', function () return {pcall(lib.register_function, 'x', print)} end)`),
      ["FCALL", "f1", "0"],
      ["FCALL", "f2", "0"],
      ["FCALL", "f3", "0"],
      LOAD("#!lua name=lib2\nredis.math.random()"),
      LOAD("#!lua name=lib2\nredis.redis.call('ping')"),
    ]);
    await play("a source that takes too long", [
      LOAD("#!lua name=lib\nwhile true do end"),
      ["PING"],
      ["FUNCTION", "LIST"],
    ], { protocols: [2] });
  },
});

/** What each server dumps, the other one restores. */
async function exchange(peers: PeerPair): Promise<void> {
  const sources = [
    library("one", "return 1"),
    library("two", `return '${"again and again ".repeat(50)}'`),
    "#!lua name=three\nredis.register_function{function_name='x', callback=function() return 'x' end, description='\xff\0', flags={'no-writes'}}",
  ];
  const { reference, subject } = peers;
  for (const [from, to] of [[reference, subject], [subject, reference]]) {
    using source = await from.connect();
    using target = await to.connect();
    assertEquals(await source.line("FUNCTION", "FLUSH"), "+OK");
    for (const text of sources) await source.send(LOAD(text));
    const reply = await source.send(["FUNCTION", "DUMP"]);
    const payload = reply.slice(reply.indexOf(0x0a) + 1, -2);
    const restored = await target.send(["FUNCTION", "RESTORE", payload, "FLUSH"]);
    assertEquals(new TextDecoder().decode(restored), "+OK\r\n");
    assertEquals(await target.line("FCALL", "one", "0"), ":1");
    assertEquals(await target.text("FCALL_RO", "X", "0"), "x");
    const refused = await target.send(["FUNCTION", "RESTORE", payload]);
    assertMatch(new TextDecoder().decode(refused), /^-ERR Library \w+ already exists\r\n$/);
  }
}
