import { assert, assertEquals, assertMatch } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestServer, type Value } from "../../support/harness.ts";
import { waitFor } from "../../support/wait.ts";

/** A library of one function that has the library's name. */
function library(name: string, body: string, flags = ""): string {
  return `#!lua name=${name}
redis.register_function{
  function_name='${name}', flags={${flags}},
  callback=function(keys, args) ${body} end}`;
}

function load(t: TestServer, name: string, body: string, flags?: string) {
  return t.run("FUNCTION", "LOAD", "REPLACE", library(name, body, flags));
}

Deno.test("FUNCTION LOAD, DELETE, FLUSH and RESTORE leave as themselves", async () => {
  await using t = await startTestServer();
  const source = library("f", "return 1");
  assertEquals(await t.run("FUNCTION", "LOAD", source), "f");
  const payload = await t.bytes("FUNCTION", "DUMP");
  const bytes = payload.slice(payload.indexOf(10) + 1, -2);
  assertEquals(await t.line("FUNCTION DELETE f"), "OK");
  assertEquals(await t.run("FUNCTION", "RESTORE", bytes), "OK");
  assertEquals(await t.line("FUNCTION FLUSH ASYNC"), "OK");
  const [loaded, deleted, restored, flushed] = t.effects();
  assertEquals(loaded, `0: FUNCTION LOAD ${source}`);
  assertEquals(deleted, "0: FUNCTION DELETE f");
  assert(restored.startsWith("0: FUNCTION RESTORE "));
  assertEquals(flushed, "0: FUNCTION FLUSH ASYNC");
});

Deno.test("what is refused leaves nothing and changes nothing", async () => {
  await using t = await startTestServer();
  await load(t, "f", "return 1");
  const list = await t.line("FUNCTION LIST WITHCODE");
  t.effects();
  assertRefused(
    await t.run("FUNCTION", "LOAD", library("f", "")),
    "ERR Library 'f' already exists",
  );
  assertRefused(await t.line("FUNCTION DELETE g"), "ERR Library not found");
  assertRefused(
    await t.line("FUNCTION RESTORE x"),
    "ERR DUMP payload version or checksum are wrong",
  );
  assertRefused(
    await t.line("FUNCTION FLUSH x"),
    "ERR FUNCTION FLUSH only supports SYNC|ASYNC option",
  );
  assertEquals(t.effects(), []);
  assertEquals(await t.line("FUNCTION LIST WITHCODE"), list);
});

Deno.test("a function's writes leave as one unit of its commands, not as FCALL", async () => {
  await using t = await startTestServer();
  await load(t, "f", "redis.call('SET', keys[1], args[1]) return redis.call('INCR', 'n')");
  t.effects();
  assertEquals(await t.line("FCALL f 1 key value"), 1);
  assertEquals(t.units(), [["0: SET key value", "0: INCR n"]]);
  await load(t, "g", "return redis.call('GET', keys[1])", "'no-writes'");
  t.effects();
  assertEquals(await t.line("FCALL_RO g 1 key"), "value");
  assertEquals(t.effects(), []);
});

Deno.test("a function that fails keeps what it has written", async () => {
  await using t = await startTestServer();
  await load(t, "f", "redis.call('SET', 'a', 1) error('too late')");
  t.effects();
  const reply = await t.line("FCALL f 0");
  assert(reply instanceof ReplyError);
  assertMatch(reply.message, /^ERR user_function:4: too late script: f, on @user_function:4\.$/);
  assertEquals(t.units(), [["0: SET a 1"]]);
});

Deno.test("functions keep their local state from call to call, and lose it with their library", async () => {
  await using t = await startTestServer();
  const source = "#!lua name=l\nlocal n = 0\n" +
    "redis.register_function('f', function() n = n + 1 return n end)\n" +
    "redis.register_function('g', function() return n end)";
  await t.run("FUNCTION", "LOAD", source);
  await t.line("FCALL f 0");
  assertEquals(await t.line("FCALL f 0"), 2);
  assertEquals(await t.line("FCALL g 0"), 2);
  await t.run("FUNCTION", "LOAD", "REPLACE", source);
  assertEquals(await t.line("FCALL g 0"), 0);
});

Deno.test("FUNCTION LIST in RESP3 answers maps and sets", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  await load(t, "f", "return 1", "'allow-oom', 'no-writes'");
  assertEquals(
    await t.line("FUNCTION LIST"),
    [
      new Map<string, unknown>([
        ["library_name", "f"],
        ["engine", "LUA"],
        ["functions", [
          new Map<string, unknown>([
            ["name", "f"],
            ["description", null],
            ["flags", new Set(["no-writes", "allow-oom"])],
          ]),
        ]],
      ]),
    ] as unknown,
  );
});

Deno.test("INFO tells of functions and libraries", async () => {
  await using t = await startTestServer();
  const field = async (name: string) =>
    Number(new RegExp(`^${name}:(.*)\r$`, "m").exec(await t.line("INFO memory") as string)?.[1]);
  assertEquals(await field("number_of_libraries"), 0);
  assertEquals(await field("used_memory_vm_functions"), 0);
  await t.run(
    "FUNCTION",
    "LOAD",
    "#!lua name=l\nredis.register_function('a', function() end) redis.register_function('b', function() end)",
  );
  assertEquals(await field("number_of_libraries"), 1);
  assertEquals(await field("number_of_functions"), 2);
  const [vm, total] = [
    await field("used_memory_vm_functions"),
    await field("used_memory_vm_total"),
  ];
  assert(vm > 10_000 && total >= vm);
  assert(await field("used_memory_functions") > 100);
  await t.line("FUNCTION FLUSH");
  assertEquals(await field("number_of_functions"), 0);
  assertEquals(await field("used_memory_vm_functions"), 0);
});

Deno.test("a payload that begins well and ends badly restores nothing", async () => {
  await using t = await startTestServer();
  await load(t, "a", "return 1");
  await load(t, "b", "return 2");
  const reply = await t.bytes("FUNCTION", "DUMP");
  const payload = reply.slice(reply.indexOf(10) + 1, -2);
  await t.line("FUNCTION DELETE a");
  assertRefused(await t.run("FUNCTION", "RESTORE", payload), "ERR Library b already exists");
  assertRefused(await t.line("FCALL a 0"), "ERR Function not found");
  assertEquals(await t.run("FUNCTION", "RESTORE", payload, "REPLACE"), "OK");
  assertEquals([await t.line("FCALL a 0"), await t.line("FCALL b 0")], [1, 2]);
  await load(t, "c", "return 3");
  assertEquals(await t.run("FUNCTION", "RESTORE", payload, "FLUSH"), "OK");
  assertRefused(await t.line("FCALL c 0"), "ERR Function not found");
  assertEquals([await t.line("FCALL a 0"), await t.line("FCALL b 0")], [1, 2]);
});

Deno.test("functions outlive an interpreter that breaks", async () => {
  await using t = await startTestServer();
  await load(t, "fine", "return 'fine'");
  // A pattern that recurses more deeply than the stack allows.
  await load(t, "deep", "return #string.rep('a', 300000):match(string.rep('a?', 300000))");
  await t.line("FCALL deep 0");
  assertEquals(await t.line("FCALL fine 0"), "fine");
  assertEquals(await load(t, "later", "return 'later'"), "later");
  assertEquals(await t.line("FCALL later 0"), "later");
});

Deno.test("a source that runs for too long is ended, and the server goes on", async () => {
  await using t = await startTestServer();
  assertRefused(
    await t.run("FUNCTION", "LOAD", "#!lua name=l\nwhile true do end"),
    "ERR Error registering functions: ERR FUNCTION LOAD timeout",
  );
  assertEquals(await t.line("FUNCTION LIST"), []);
  await load(t, "f", "return 1");
  assertEquals(await t.line("FCALL f 0"), 1);
});

Deno.test("functions cannot be called or loaded from scripts", async () => {
  await using t = await startTestServer();
  await load(t, "f", "return redis.pcall('FCALL', 'f', 0).err");
  assertEquals(
    await t.line("FCALL f 0"),
    "ERR This Redis command is not allowed from script",
  );
});

Deno.test("a function that runs for long is told of, keeps others out, and can be ended", async () => {
  await using t = await startTestServer({ "busy-reply-threshold": "5" });
  const busy =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
  await load(t, "endless", "while true do pcall(function() while true do end end) end");
  const other = t.connect();
  const reply = t.line("FCALL endless 1 key value");
  await waitFor(() => t.server.busy !== undefined, { what: "a busy server" });
  assertRefused(await other.line("PING"), busy);
  assertRefused(await other.line("FUNCTION LIST"), busy);
  assertRefused(await other.line("SCRIPT KILL"), busy);
  const stats = await other.line("FUNCTION STATS") as Value[];
  const running = stats[1] as Value[];
  assertEquals(running.slice(0, 4), ["name", "endless", "command", [
    "FCALL",
    "endless",
    "1",
    "key",
    "value",
  ]]);
  assert(running[5] as number >= 5);
  assertEquals(await other.line("FUNCTION KILL"), "OK");
  const ended = await reply;
  assert(ended instanceof ReplyError);
  assertMatch(ended.message, /^ERR Script killed by user .* script: endless, on @user_function:4/);
  assertEquals(await other.line("PING"), "PONG");
  assertRefused(await other.line("FUNCTION KILL"), "NOTBUSY No scripts in execution right now.");
  assertEquals((await other.line("FUNCTION STATS") as Value[])[1], null);
});

Deno.test("a function that has written is not ended", async () => {
  await using t = await startTestServer({ "busy-reply-threshold": "5" });
  await load(t, "writes", "redis.call('SET', 'a', 1) while true do end");
  const other = t.connect();
  const reply = t.line("FCALL writes 0");
  await waitFor(() => t.server.busy !== undefined, { what: "a busy server" });
  assertMatch((await other.line("FUNCTION KILL") as ReplyError).message, /^UNKILLABLE Sorry/);
  // Closing the server leaves the function where it is; nobody waits for its reply.
  reply.catch(() => {});
});
