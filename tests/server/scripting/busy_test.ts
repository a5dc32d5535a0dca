import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CoolCache } from "../../../server/coolcache.ts";
import { waitFor } from "../../support/wait.ts";
import { allGone, startServer, Wire } from "../wire.ts";

const BUSY =
  "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const ENDLESS = "while true do end";
const KILLED =
  /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:\d+\.$/;

/** A request of these words. */
function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** Runs a test with a server that calls scripts busy soon, and two of its clients. */
async function withServer(
  test: (caller: Wire, other: Wire, instance: CoolCache) => Promise<void>,
  directives: Readonly<Record<string, string>> = {},
): Promise<void> {
  await using instance = await startServer({ "busy-reply-threshold": "20", ...directives });
  {
    using caller = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await test(caller, other, instance);
  }
  await allGone(instance);
}

/** Begins a script and waits until the server is busy with it. */
async function begin(caller: Wire, instance: CoolCache, ...words: string[]): Promise<void> {
  await caller.send(request(...words));
  await waitFor(() => instance.server.busy !== undefined, { what: "the server to be busy" });
}

async function ask(wire: Wire, ...words: string[]): Promise<string> {
  await wire.send(request(...words));
  return await wire.line();
}

Deno.test("a script that runs for long leaves the server answering, until it is killed", () =>
  withServer(async (caller, other, instance) => {
    await begin(caller, instance, "EVAL", ENDLESS, "0");
    assertEquals(await ask(other, "PING"), BUSY);
    assertEquals(await ask(other, "SET", "k", "v"), BUSY);
    assertEquals(await ask(other, "EVAL", "return 1", "0"), BUSY);
    assertEquals(await ask(other, "SCRIPT", "LOAD", "return 1"), BUSY);
    assertEquals(await ask(other, "FUNCTION", "KILL"), BUSY);
    assertEquals(await ask(other, "SHUTDOWN"), BUSY);
    assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
    assertMatch(await caller.line(), KILLED);
    assertEquals(await ask(other, "PING"), "+PONG");
    assertEquals(await ask(caller, "GET", "k"), "$-1");
    assertEquals(await ask(other, "SCRIPT", "KILL"), "-NOTBUSY No scripts in execution right now.");
    assertEquals(await ask(caller, "EVAL", "for i = 1, 2 do end return 7", "0"), ":7");
  }));

Deno.test("a killed script cannot go on by catching errors", () =>
  withServer(async (caller, other, instance) => {
    const scripts = [
      "local f = function() while 1 do redis.call('PING') end end while 1 do pcall(f) end",
      "while true do pcall(function() while true do end end) end",
      "while true do xpcall(function() while true do end end, function() return 1 end) end",
      "while true do coroutine.wrap(function() pcall(function() while true do end end) end)() end",
    ];
    for (const script of scripts) {
      await begin(caller, instance, "EVAL", script, "0");
      assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
      assertMatch(await caller.line(), KILLED);
      assertEquals(await ask(other, "PING"), "+PONG");
    }
  }));

Deno.test("requests behind a busy script are answered after it, in their order", () =>
  withServer(async (caller, other, instance) => {
    const before = request("SET", "k", "1") + request("INCR", "k");
    const after = request("INCR", "k") + request("PING");
    await caller.send(before + request("EVAL", ENDLESS, "0") + after);
    await caller.expect("+OK\r\n:2\r\n");
    await waitFor(() => instance.server.busy !== undefined, { what: "the server to be busy" });
    assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
    assertMatch(await caller.line(), KILLED);
    await caller.expect(":3\r\n+PONG\r\n");
  }));

Deno.test("a busy script that comes to its end is answered as any other", () =>
  withServer(async (caller, other, instance) => {
    const script = "for i = 1, 3e7 do end return {1, 'two', {3}}";
    await begin(caller, instance, "EVAL", script, "0");
    assertEquals(await ask(other, "PING"), BUSY);
    await caller.expect("*3\r\n:1\r\n$3\r\ntwo\r\n*1\r\n:3\r\n");
    await waitFor(() => instance.server.busy === undefined, { what: "the script to be over" });
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("a script that has written is not killed", () =>
  withServer(async (caller, other, instance) => {
    const script = "redis.call('SET', KEYS[1], 'y') for i = 1, 3e7 do end return 1";
    await begin(caller, instance, "EVAL", script, "1", "x");
    assertMatch(
      await ask(other, "SCRIPT", "KILL"),
      /^-UNKILLABLE Sorry the script already executed/,
    );
    assertEquals(await ask(other, "PING"), BUSY);
    await caller.expect(":1\r\n");
    assertEquals(await ask(caller, "GET", "x"), "$1");
    await caller.expect("y\r\n");
  }));

Deno.test("the effects of a busy script are one unit, with nobody's between", () =>
  withServer(async (caller, other, instance) => {
    const seen: string[] = [];
    instance.server.effects.listen((_, args) => {
      seen.push(Array.from({ length: args.count }, (_, i) => args.binary(i)).join(" "));
    });
    const script =
      "redis.call('SET', 'a', 1) for i = 1, 2e7 do end redis.call('SET', 'b', 2) return 1";
    await begin(caller, instance, "EVAL", script, "0");
    assertEquals(await ask(other, "SET", "c", "3"), BUSY);
    assertEquals(seen, []);
    await caller.expect(":1\r\n");
    assertEquals(await ask(other, "SET", "d", "4"), "+OK");
    assertEquals(seen, ["MULTI", "SET a 1", "SET b 2", "EXEC", "SET d 4"]);
  }));

Deno.test("neither time nor expiry comes between the commands of a busy script", () =>
  withServer(async (caller, other, instance) => {
    const { server } = instance;
    assertEquals(await ask(other, "SET", "k", "v", "PX", "40"), "+OK");
    const script = `
      local first = redis.call('PTTL', 'k')
      for i = 1, 4e7 do end
      return { first - redis.call('PTTL', 'k'), redis.call('EXISTS', 'k') }`;
    await begin(caller, instance, "EVAL", script, "0");
    const expired = server.keyspace.expiredKeys;
    assertEquals(await ask(other, "PING"), BUSY);
    await caller.expect("*2\r\n:0\r\n:1\r\n");
    assertEquals(server.keyspace.expiredKeys, expired);
    await waitFor(() => server.keyspace.expiredKeys > expired, { what: "the key to expire" });
  }));

Deno.test("clients that wait for keys are served, and time out, after a busy script", () =>
  withServer(async (caller, other, instance) => {
    using popping = await Wire.connect(instance);
    using impatient = await Wire.connect(instance);
    await popping.send(request("BLPOP", "x", "0"));
    await impatient.send(request("BLPOP", "never", "0.03"));
    await waitFor(() => instance.server.blocking.clients === 2, { what: "two blocked clients" });
    const script =
      "redis.call('LPUSH', 'x', 'y') for i = 1, 3e7 do end redis.call('LPUSH', 'x', 'z') return 1";
    await begin(caller, instance, "EVAL", script, "0");
    assertStringIncludes(await ask(other, "HELLO", "2", "SETNAME", "me"), "*");
    assertEquals(instance.server.blocking.clients, 2);
    await caller.expect(":1\r\n");
    await popping.expect("*2\r\n$1\r\nx\r\n$1\r\nz\r\n");
    await impatient.expect("*-1\r\n");
    // The rest of HELLO's reply.
    await other.send(request("QUIT"));
  }));

Deno.test("a busy script in a transaction holds the others out until all of it is done", () =>
  withServer(async (caller, other, instance) => {
    await caller.send(request("MULTI") + request("SET", "a", "1"));
    await caller.send(request("EVAL", "for i = 1, 2e7 do end return redis.call('INCR', 'a')", "0"));
    await caller.send(request("INCR", "a"));
    await caller.expect("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    await begin(caller, instance, "EXEC");
    assertEquals(await ask(other, "SET", "a", "9"), BUSY);
    await caller.expect("*3\r\n+OK\r\n:2\r\n:3\r\n");
    assertEquals(await ask(other, "GET", "a"), "$1");
    await other.expect("3\r\n");
  }));

Deno.test("a caller that goes away leaves its busy script to be killed", () =>
  withServer(async (_, other, instance) => {
    {
      using leaving = await Wire.connect(instance);
      await begin(leaving, instance, "EVAL", ENDLESS, "0");
    }
    await waitFor(() => instance.server.clients.count === 2, { what: "the caller to be gone" });
    assertEquals(await ask(other, "PING"), BUSY);
    assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
    await waitFor(() => instance.server.busy === undefined, { what: "the script to be over" });
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("a threshold of 0 lets scripts run undisturbed", () =>
  withServer(async (caller, other) => {
    await caller.send(request("EVAL", "for i = 1, 2e7 do end return 1", "0"));
    await other.send(request("PING"));
    await caller.expect(":1\r\n");
    await other.expect("+PONG\r\n");
  }, { "busy-reply-threshold": "0" }));

Deno.test("a server with a busy script can be closed", async () => {
  const instance = await startServer({ "busy-reply-threshold": "20" });
  using caller = await Wire.connect(instance);
  await begin(caller, instance, "EVAL", `redis.call('SET', 'k', 'v') ${ENDLESS}`, "0");
  using other = await Wire.connect(instance);
  await other.send(request("SHUTDOWN", "NOSAVE"));
  await instance.closed;
  assert(instance.server.busy !== undefined);
});

Deno.test("monitors are shown a script before what it calls", () =>
  withServer(async (caller, other) => {
    assertEquals(await ask(other, "MONITOR"), "+OK");
    await caller.send(request("EVAL", "return redis.call('SET', KEYS[1], 1)", "1", "k"));
    assertMatch(
      await other.line(),
      /^\+\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "EVAL" "return redis\.call\('SET', KEYS\[1\], 1\)" "1" "k"$/,
    );
    assertMatch(await other.line(), /^\+\d+\.\d+ \[0 lua\] "SET" "k" "1"$/);
  }));

Deno.test("scripts that declare to write nothing are carried out while writes are paused", () =>
  withServer(async (caller, other) => {
    const library = "#!lua name=lib\nredis.register_function{ function_name = 'f', flags = " +
      "{ 'no-writes' }, callback = function() return 5 end }";
    await caller.send(request("FUNCTION", "LOAD", library));
    await caller.expect("$3\r\nlib\r\n");
    const reading = "#!lua flags=no-writes\nreturn 7";
    await caller.send(request("SCRIPT", "LOAD", reading));
    await caller.expect("$40\r\n");
    const sha = await caller.line();
    assertEquals(await ask(other, "CLIENT", "PAUSE", "60000", "WRITE"), "+OK");
    assertEquals(await ask(caller, "EVAL", reading, "0"), ":7");
    assertEquals(await ask(caller, "EVALSHA", sha, "0"), ":7");
    assertEquals(await ask(caller, "EVAL_RO", "return 6", "0"), ":6");
    assertEquals(await ask(caller, "FCALL", "f", "0"), ":5");
    await caller.send(request("MULTI") + request("EVAL", reading, "0") + request("EXEC"));
    await caller.expect("+OK\r\n+QUEUED\r\n*1\r\n:7\r\n");
    await caller.send(request("EVAL", "return 8", "0"));
    assertEquals(await ask(other, "PING"), "+PONG");
    assertEquals(await ask(other, "CLIENT", "UNPAUSE"), "+OK");
    await caller.expect(":8\r\n");
  }));
