import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import {
  seededRandom,
  startTestServer,
  type TestServer,
  type Value,
} from "../../support/harness.ts";

/** The text of an error reply. */
function refusal(value: Value): string {
  assert(value instanceof ReplyError, `no error: ${value}`);
  return value.message;
}

/** An error's text without the script's name and place. */
function message(value: Value): string {
  return refusal(value).replace(/ script: [0-9a-f]{40}, on @user_script:\d+\.$/, "");
}

async function field(t: TestServer, section: string, name: string): Promise<string> {
  const info = String(await t.run("INFO", section));
  const line = info.split("\r\n").find((line) => line.startsWith(`${name}:`));
  assert(line !== undefined, `INFO has no ${name}`);
  return line.slice(name.length + 1);
}

Deno.test("EVAL runs a script with its keys and arguments", async () => {
  await using t = await startTestServer();
  assertEquals(await t.run("EVAL", "return { KEYS[1], KEYS[2], ARGV[1] }", 2, "a", "b", "c"), [
    "a",
    "b",
    "c",
  ]);
  assertEquals(
    await t.run("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, "k", "v"),
    "OK",
  );
  assertEquals(await t.run("GET", "k"), "v");
});

Deno.test("EVAL tells where an error was raised", async () => {
  await using t = await startTestServer();
  const reply = refusal(await t.run("EVAL", "local a\nreturn a.b", 0));
  assertEquals(
    reply,
    "ERR user_script:2: attempt to index local 'a' (a nil value) script: " +
      "69389c43f2fb0fa2d1e5cdee4e1baff43d5b2c14, on @user_script:2.".replace(
        /[0-9a-f]{40}/,
        /[0-9a-f]{40}/.exec(reply)?.[0] ?? "",
      ),
  );
});

Deno.test("scripts leave the effects of the commands they call, as one unit", async () => {
  await using t = await startTestServer();
  await t.run("SADD", "set", "only");
  t.effects();
  const script = `
    redis.call('SET', 'a', 1)
    redis.call('INCRBYFLOAT', 'a', '0.5')
    redis.call('EXPIRE', 'a', 100)
    redis.call('SPOP', 'set')
    redis.call('GET', 'a')
    redis.pcall('LPUSH', 'a', 1)
    redis.call('SELECT', 3)
    redis.call('SET', 'b', ARGV[1])`;
  await t.run("EVAL", script, 0, "x");
  assertEquals(t.units(), [[
    "0: SET a 1",
    "0: SET a 1.5 KEEPTTL",
    `0: PEXPIREAT a ${t.now + 100_000}`,
    "0: SREM set only",
    "3: SET b x",
  ]]);
});

Deno.test("a script with one write leaves it alone, one without leaves nothing", async () => {
  await using t = await startTestServer();
  await t.run("EVAL", "return redis.call('SET', 'k', 'v')", 0);
  assertEquals(t.effects(), ["0: SET k v"]);
  await t.run("EVAL", "return redis.call('GET', 'k')", 0);
  await t.run("EVAL", "return redis.call('DEL', 'none')", 0);
  assertEquals(t.effects(), []);
});

Deno.test("what a script wrote before it failed stays and leaves", async () => {
  await using t = await startTestServer();
  const reply = await t.run("EVAL", "redis.call('SET', 'k', 'v') error('stop')", 0);
  assertEquals(message(reply), "ERR user_script:1: stop");
  assertEquals(await t.run("GET", "k"), "v");
  assertEquals(t.effects(), ["0: SET k v"]);
});

Deno.test("scripts choose who hears of their writes", async () => {
  await using t = await startTestServer();
  const seen: string[] = [];
  t.server.effects.listen((_, args, audience) => {
    seen.push(`${args.binary(0)} ${args.count > 1 ? args.binary(1) : ""} ${audience}`);
  });
  const script = `
    redis.call('SET', 'a', 1)
    redis.set_repl(redis.REPL_NONE) redis.call('SET', 'b', 1)
    redis.set_repl(redis.REPL_AOF) redis.call('SET', 'c', 1)
    redis.set_repl(redis.REPL_REPLICA) redis.call('SET', 'd', 1) redis.call('PEXPIRE', 'd', 5)
    redis.set_repl(redis.REPL_ALL) redis.call('SET', 'e', 1)`;
  await t.run("EVAL", script, 0);
  assertEquals(seen, [
    "MULTI  3",
    "SET a 3",
    "SET c 1",
    "SET d 2",
    "PEXPIREAT d 2",
    "SET e 3",
    "EXEC  3",
  ]);
  seen.length = 0;
  await t.run("EVAL", "return redis.call('SET', 'f', 1)", 0);
  assertEquals(seen, ["SET f 3"]);
});

Deno.test("the effects of scripts in a transaction are one unit with its others", async () => {
  await using t = await startTestServer();
  await t.run("MULTI");
  await t.run("SET", "a", "1");
  await t.run("EVAL", "redis.call('INCR', 'a') redis.call('INCR', 'a')", 0);
  assertEquals(await t.run("EXEC"), ["OK", null]);
  assertEquals(t.units(), [["0: SET a 1", "0: INCR a", "0: INCR a"]]);
});

Deno.test("a script breaks WATCH and raises key events as its commands do", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  await other.run("WATCH", "k");
  await t.run("EVAL", "return redis.call('SET', KEYS[1], 1)", 1, "k");
  assertEquals(t.events(), ["n new k", "$ set k"].filter((event) => !event.startsWith("n")));
  await other.run("MULTI");
  await other.run("GET", "k");
  assertEquals(await other.run("EXEC"), null);
});

Deno.test("time stands still while a script runs", async () => {
  await using t = await startTestServer();
  const script = `
    local before = redis.call('TIME')
    for i = 1, 1e6 do end
    local after = redis.call('TIME')
    return before[1] == after[1] and before[2] == after[2]`;
  assertEquals(await t.run("EVAL", script, 0), 1);
});

Deno.test("a blocked client is served when the script that fed it is over", async () => {
  await using t = await startTestServer();
  const waiting = t.connect();
  const popped = waiting.run("BLPOP", "list", 0);
  await t.run("EVAL", "redis.call('RPUSH', 'list', 'a') redis.call('LPUSH', 'list', 'b')", 0);
  assertEquals(await popped, ["list", "b"]);
});

Deno.test("EVAL counts errors once, and itself as failed when it answers one", async () => {
  await using t = await startTestServer();
  const cases: [command: string, script: string, inner: string, outer: string, errors: string][] = [
    [
      "EVAL",
      "return redis.call('SELECT', 99)",
      "rejected_calls=0,failed_calls=1",
      "failed_calls=1",
      "ERR",
    ],
    [
      "EVAL",
      "return redis.pcall('SELECT', 99).err",
      "rejected_calls=0,failed_calls=1",
      "failed_calls=0",
      "ERR",
    ],
    [
      "EVAL",
      "return redis.pcall('SELECT', 99)",
      "rejected_calls=0,failed_calls=1",
      "failed_calls=1",
      "ERR",
    ],
    [
      "EVAL_RO",
      "return redis.call('SET', 'a', 1)",
      "rejected_calls=1,failed_calls=0",
      "failed_calls=1",
      "ERR",
    ],
    [
      "EVAL_RO",
      "return redis.pcall('SET', 'a', 1).err",
      "rejected_calls=1,failed_calls=0",
      "failed_calls=0",
      "ERR",
    ],
    [
      "EVAL",
      "return redis.call('GET')",
      "rejected_calls=1,failed_calls=0",
      "failed_calls=1",
      "ERR",
    ],
    ["EVAL", "return redis.error_reply('MINE x')", "", "failed_calls=1", "MINE"],
    ["EVAL", "error('x')", "", "failed_calls=1", "ERR"],
  ];
  for (const [command, script, inner, outer, code] of cases) {
    await t.run("CONFIG", "RESETSTAT");
    await t.run(command, script, 0);
    const name = /call\('(\w+)'/.exec(script)?.[1].toLowerCase();
    if (name !== undefined) {
      assertStringIncludes(await field(t, "commandstats", `cmdstat_${name}`), inner, script);
    }
    const own = await field(t, "commandstats", `cmdstat_${command.toLowerCase()}`);
    assertStringIncludes(own, outer, script);
    assertEquals(await field(t, "errorstats", `errorstat_${code}`), "count=1", script);
    assertEquals(await field(t, "stats", "total_error_replies"), "1", script);
  }
});

Deno.test("without memory scripts are refused by what they declare, or at their first write", async () => {
  await using t = await startTestServer();
  await t.run("SET", "x", "1");
  await t.run("CONFIG", "SET", "maxmemory", 1);
  const full = "OOM command not allowed when used memory > 'maxmemory'.";
  const cases: [script: string, expected: Value][] = [
    ["return redis.call('GET', 'x')", "1"],
    ["return redis.pcall('SET', 'x', 2).err", full],
    ["return redis.call('DEL', 'none')", 0],
    ["redis.call('DEL', 'none') return redis.call('SET', 'x', 2)", "OK"],
    ["#!lua flags=allow-oom\nreturn redis.call('SET', 'x', 3)", "OK"],
    ["#!lua flags=no-writes\nreturn redis.call('GET', 'x')", "3"],
  ];
  for (const [script, expected] of cases) {
    assertEquals(await t.run("EVAL", script, 0), expected, script);
  }
  assertEquals(refusal(await t.run("EVAL", "#!lua\nreturn 1", 0)), full);
  await t.run("CONFIG", "SET", "maxmemory", 0);
  await t.run("MULTI");
  await t.run("CONFIG", "SET", "maxmemory", 1);
  await t.run("EVAL", "#!lua\nreturn 1", 0);
  const [, inner] = await t.run("EXEC") as Value[];
  assertEquals(
    refusal(inner),
    "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
  );
});

Deno.test("scripts may call everything when DEBUG lets them", async () => {
  await using t = await startTestServer();
  const script = "return redis.pcall('CONFIG', 'GET', 'port').err or 'allowed'";
  assertEquals(await t.run("EVAL", script, 0), "ERR This Redis command is not allowed from script");
  await t.run("DEBUG", "SET-DISABLE-DENY-SCRIPTS", 1);
  assertEquals(await t.run("EVAL", script, 0), "allowed");
});

Deno.test("INFO and MEMORY STATS tell of scripts, SCRIPT FLUSH gives their memory back", async () => {
  await using t = await startTestServer();
  assertEquals(await field(t, "memory", "used_memory_vm_eval"), "0");
  const used = Number(await field(t, "memory", "used_memory"));
  for (let i = 0; i < 100; i++) await t.run("SCRIPT", "LOAD", `return ${i} -- ${"x".repeat(1000)}`);
  assertEquals(await field(t, "memory", "number_of_cached_scripts"), "100");
  assertGreater(Number(await field(t, "memory", "used_memory_scripts_eval")), 100_000);
  assertGreater(Number(await field(t, "memory", "used_memory_vm_eval")), 10_000);
  assertGreater(Number(await field(t, "memory", "used_memory")), used + 100_000);
  const stats = await t.run("MEMORY", "STATS") as Value[];
  assertGreater(Number(stats[stats.indexOf("lua.caches") + 1]), 100_000);
  await t.run("SCRIPT", "FLUSH");
  assertEquals(await field(t, "memory", "number_of_cached_scripts"), "0");
  assertEquals(await field(t, "memory", "used_memory_vm_eval"), "0");
  assertLess(Number(await field(t, "memory", "used_memory")), used + 10_000);
});

Deno.test("a script's memory is bounded, and the server goes on after the bound was met", async () => {
  await using t = await startTestServer({ "coolcache-lua-memory-limit": "32mb" });
  const hog = "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end";
  const sha = String(await t.run("SCRIPT", "LOAD", "return 'kept'"));
  for (let round = 0; round < 2; round++) {
    const reply = refusal(await t.run("EVAL", hog, 0));
    assert(/^ERR Error running script [0-9a-f]{40}, not enough memory$/.test(reply), reply);
    assertEquals(await t.run("EVALSHA", sha, 0), "kept");
  }
});

Deno.test("arguments that do not fit into Lua's memory are an error, after which scripts run again", async () => {
  await using t = await startTestServer({ "coolcache-lua-memory-limit": "32mb" });
  const sha = String(await t.run("SCRIPT", "LOAD", "return #ARGV[1]"));
  const large = new Uint8Array(40 * 1024 * 1024);
  assertStringIncludes(refusal(await t.run("EVALSHA", sha, 0, large)), `script ${sha}`);
  assertEquals(await t.run("EVALSHA", sha, 0, "abc"), 3);
});

Deno.test("a reply that does not fit into Lua's memory leaves the data as the command made it", async () => {
  await using t = await startTestServer({ "coolcache-lua-memory-limit": "32mb" });
  for (let i = 0; i < 40; i++) await t.run("RPUSH", "list", `${i}${"x".repeat(1_000_000)}`);
  const reply = refusal(await t.run("EVAL", "return #redis.call('LPOP', 'list', 100)", 0));
  assertStringIncludes(reply, "not enough memory");
  assertEquals(await t.run("EXISTS", "list"), 0);
  assertEquals(await t.run("EVAL", "return redis.call('PING')", 0), "PONG");
});

Deno.test("what breaks the interpreter is an error, after which known scripts run again", async () => {
  await using t = await startTestServer();
  const sha = String(await t.run("SCRIPT", "LOAD", "return KEYS[1]"));
  const deep = "return ('a'):rep(300000):find(('a?'):rep(150000) .. 'b')";
  const reply = refusal(await t.run("EVAL", deep, 0));
  assertStringIncludes(reply, "the interpreter had to give up");
  assertEquals(await t.run("EVALSHA", sha, 1, "k"), "k");
  const looped = `for i = 1, 1 do end ${deep}`;
  assertStringIncludes(refusal(await t.run("EVAL", looped, 0)), "the interpreter had to give up");
  assertEquals(await t.run("EVALSHA", sha, 1, "k"), "k");
});

Deno.test("a deeply nested result is replied as far as Lua's stack goes", async () => {
  await using t = await startTestServer();
  const script = "local a = {} local b = { a } a[1] = b return a";
  const text = new TextDecoder().decode(await t.bytes("EVAL", script, 0));
  const heads = text.split("\r\n").filter((line) => line === "*1").length;
  assertGreater(heads, 7000);
  assert(text.endsWith("-ERR reached lua stack limit\r\n"));
});

Deno.test("many scripts do not leak into Lua's memory", async () => {
  await using t = await startTestServer();
  await t.run("SET", "x", 0);
  for (let i = 0; i < 5000; i++) await t.run("EVAL", "return redis.call('INCR', KEYS[1])", 1, "x");
  assertEquals(await t.run("GET", "x"), "5000");
  assertLess(Number(await field(t, "memory", "used_memory_lua")), 100 * 1024);
});

Deno.test("nothing that scripts are made of at random harms the server", async () => {
  await using t = await startTestServer({ "coolcache-lua-memory-limit": "64mb" });
  const random = seededRandom(7);
  const pieces = [
    "redis.call(",
    "redis.pcall(",
    "'SET', ",
    "'GET', ",
    "'k'",
    ", 'v'",
    ")",
    " return ",
    "local x = ",
    "{}",
    "{1, 2, {3}}",
    "nil",
    "x",
    "x.y",
    "x[1]",
    "KEYS",
    "ARGV[1]",
    "cjson.encode(",
    "cjson.decode(",
    "cmsgpack.pack(",
    "cmsgpack.unpack(",
    "struct.pack('>I8', ",
    "bit.band(",
    "string.rep('x', 99)",
    "setmetatable(",
    "getmetatable(",
    "_G",
    "''",
    "pcall(",
    "error(",
    "unpack(",
    "tostring(",
    "#",
    "..",
    " + ",
    "-1",
    "2^53",
    "0/0",
    "function() ",
    " end",
    " if x then ",
    " for i = 1, 3 do ",
    "coroutine.wrap(",
    "redis.setresp(3)",
    "redis.error_reply('A b')",
    "table.concat(",
    "\n",
    ";",
    "loadstring(",
    "'\\0\\255'",
  ];
  for (let round = 0; round < 3000; round++) {
    let script = "";
    const length = 1 + Math.floor(random() * 12);
    for (let i = 0; i < length; i++) script += pieces[Math.floor(random() * pieces.length)];
    await t.run("EVAL", script, 1, "k", "v");
  }
  assertEquals(await t.run("EVAL", "return redis.call('PING').ok", 0), "PONG");
});
