import { assertEquals } from "@std/assert";
import { decodeLatin1 } from "../../server/resp/args.ts";
import { hasRedisServer, type Peer, startCoolcache, startRedis } from "../support/peer.ts";
import { ConnectionClosed } from "../support/raw_connection.ts";

/** A session: the script, its keys and arguments, and what the debugger is told, a command a line. */
interface Session {
  readonly script: string;
  readonly keys?: readonly string[];
  readonly args?: readonly string[];
  readonly commands: readonly (readonly string[])[];
}

/** What the server says from EVAL to the end of the connection, an answer an element. */
async function play(peer: Peer, { script, keys = [], args = [], commands }: Session) {
  using connection = await peer.connect();
  const said: string[] = [];
  const note = (bytes: Uint8Array) => {
    // Addresses are nobody's business.
    said.push(decodeLatin1(bytes).replace(/0x[0-9a-f]+|\(nil\)/g, "0x…"));
  };
  note(await connection.send(["SCRIPT", "DEBUG", "SYNC"]));
  note(await connection.send(["EVAL", script, String(keys.length), ...keys, ...args]));
  for (const command of commands) note(await connection.send(command));
  try {
    for (;;) note(await connection.read());
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
    said.push("closed");
  }
  return said;
}

const words = (lines: string) => lines.trim().split("\n").map((line) => line.trim().split(" "));

const NESTED = `local function inner(a, b)
  local t = { a, b, { x = a } }
  return t
end
local function outer(n)
  local r = inner(n, 'two')
  return r
end
local all = outer(1)
return #all`;

const SESSIONS: Record<string, Session> = {
  "steps over lines and shows commands and replies": {
    script: `local a = redis.call('SET', KEYS[1], ARGV[1])
local b = redis.call('GET', KEYS[1])
local c = redis.call('LPUSH', KEYS[2], 1, 2, 3)
local d = redis.call('LRANGE', KEYS[2], 0, -1)
local e = redis.call('GET', 'missing')
local f = redis.pcall('INCR', KEYS[2])
local g = redis.pcall('NOSUCH')
local h = redis.pcall('MGET', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l')
return {a, b, c, d, e}`,
    keys: ["k", "l"],
    args: ['a "value"\r\n\x01'],
    commands: words("s\nS\nn\nnext\nstep\ns\ns\ns\ns"),
  },
  "shows variables": {
    script: `local n, s, b, x = 1.5, 'text', true
local t = {1, 2, {3, 4}}
local m = {one = 1}
local e, f = {}, function() end
local big = string.rep('x', 300)
local deep = {{{{{{{{{{{{1}}}}}}}}}}}}
local num = {1e300, 1e15, 123456789, 0.1, -0, 1/0, 100000, 1234567.5}
return 1`,
    keys: ["k1", "k2"],
    args: ["arg"],
    commands: words(`
      p
      p n
      p KEYS
      p ARGV
      p nothing
      s
      s
      s
      s
      s
      p
      p big
      p big
      m
      m 10
      p big
      m 0
      p big
      m x
      s
      s
      p deep
      p num
      p n
      print f
      c`),
  },
  "lists the source and keeps breakpoints": {
    script: NESTED + "\n\r\n\n",
    commands: words(`
      l
      list
      l 3
      l 3 1
      l 0 2
      l x
      w
      whole
      b
      b 3
      b 3
      b 7 2 99 x 1x
      b
      l
      b -7
      b -7
      c
      t
      l
      c
      p
      b 0
      b
      t
      p r
      p a
      p n
      whole x
      c`),
  },
  "carries out Lua": {
    script: "local here = 1\nreturn here",
    keys: ["key"],
    commands: words(`
      e
      e 1 + 1
      eval KEYS[1] .. 'x'
      e here
      e local a = 5 return a * 2
      e error('no')
      e x x
      e return {1,{2},'s'}
      e redis.call('SET','from-eval','1')
      e redis.call('GET','from-eval')
      s
      e string.rep('y',300)
      s`),
  },
  "carries out commands": {
    script: "local here = 1\nredis.call('SET', 'a', 2)\nreturn here",
    commands: words(`
      r SET a 1
      redis GET a
      r LRANGE nothing 0 -1
      r INCR a
      r NOSUCH
      r LPUSH a 1
      r
      r GET
      r DEL nothing
      r HELLO
      r CONFIG GET x
      s
      s
      r GET a
      R get a
      c`),
  },
  "stops where scripts want it": {
    script: `for i = 1, 2 do
  redis.breakpoint()
  redis.debug('round', i, {i, x = i}, nil, true)
  redis.call('SET', 'i', i)
end
return redis.breakpoint()`,
    commands: words("c\np\nc\nc"),
  },
  "ends when it is told so": {
    script: "redis.call('SET', 'a', 1)\nredis.call('SET', 'a', 2)\nreturn 1",
    commands: words("s\nabort"),
  },
  "shows what goes wrong": {
    script: "local x = 1\nlocal y = nil .. 'a'\nreturn 1",
    commands: words("nonsense\nprint x y\ns\ns"),
  },
  "shows errors of commands": {
    script: "redis.call('SET', 'a', 'x')\nredis.call('INCR', 'a')\nreturn 1",
    commands: words("s\ns\ns"),
  },
  "follows coroutines": {
    script: `local co = coroutine.wrap(function(a)
  local b = coroutine.yield(a + 1)
  return b * 2
end)
local x = co(1)
local y = co(5)
return {x, y}`,
    commands: words("s\ns\nt\np\ns\ns\nt\np\nc"),
  },
  "shows replies of RESP3": {
    script: `redis.setresp(3)
redis.call('HSET', 'h', 'a', 1)
redis.call('ZADD', 'z', 1.5, 'm')
local a = redis.call('HGETALL', 'h')
local b = redis.call('ZSCORE', 'z', 'm')
local c = redis.call('SADD', 's', 'x')
local d = redis.call('SMEMBERS', 's')
local e = redis.call('GET', 'none')
return 1`,
    commands: words("s\ns\ns\ns\ns\ns\ns\ns\np\ns"),
  },
  "cannot follow what does not compile": { script: "return return", commands: [] },
  "follows an empty script": { script: "", commands: words("l\nw\nc") },
  "follows a script with declarations": {
    script: "#!lua flags=no-writes\nlocal a = redis.pcall('SET', 'a', 1)\nreturn a",
    commands: words("w\ns\ns"),
  },
  "is shown errors of Redis's functions": {
    script: `local a = redis.error_reply('CODE message')
local b = redis.status_reply('fine')
return a`,
    commands: words("s\np\ns\np\ns"),
  },
  "ends a script that says nonsense": { script: "local a = 1\nreturn a", commands: [["s", ""]] },
};

for (const [name, session] of Object.entries(SESSIONS)) {
  Deno.test({
    name: `the debugger of scripts ${name} as redis-server does`,
    ignore: !hasRedisServer,
    fn: async () => {
      await using redis = await startRedis();
      await using coolcache = await startCoolcache();
      assertEquals(await play(coolcache, session), await play(redis, session));
    },
  });
}
