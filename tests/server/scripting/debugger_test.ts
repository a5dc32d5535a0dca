import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CoolCache } from "../../../server/coolcache.ts";
import { waitFor } from "../../support/wait.ts";
import { allGone, startServer, Wire } from "../wire.ts";

const BUSY =
  "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const CANNOT_UNDO =
  "-ERR This server cannot undo what a debugged script changes: use SCRIPT DEBUG SYNC";
const END = "*1\r\n+<endsession>\r\n";

/** A request of these words. */
function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** What the debugger answers. */
function answer(...lines: string[]): string {
  return `*${lines.length}\r\n${lines.map((line) => `+${line}\r\n`).join("")}`;
}

/** What the debugger says when the script stops. */
function stopped(line: number, source: string, reason = "step over"): string {
  return answer(
    `* Stopped at ${line}, stop reason = ${reason}`,
    `-> ${String(line).padEnd(3)} ${source}`,
  );
}

async function withServer(
  test: (caller: Wire, other: Wire, instance: CoolCache) => Promise<void>,
): Promise<void> {
  await using instance = await startServer({ "busy-reply-threshold": "30" });
  {
    using caller = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await test(caller, other, instance);
  }
  await allGone(instance);
}

/** Begins to debug a script, which stops before its first line. */
async function begin(caller: Wire, script: string, ...keys: string[]): Promise<void> {
  await caller.ask(request("SCRIPT", "DEBUG", "SYNC"), "+OK\r\n");
  await caller.ask(
    request("EVAL", script, String(keys.length), ...keys),
    stopped(1, script.split("\n")[0]),
  );
}

async function ask(wire: Wire, ...words: string[]): Promise<string> {
  await wire.send(request(...words));
  return await wire.line();
}

/** Demands that a script is running, and that the server says so to those who may ask. */
async function assertHeld(other: Wire): Promise<void> {
  assertEquals(await ask(other, "FUNCTION", "KILL"), BUSY);
}

/** Reads what is left up to the end of the connection. */
function ending(wire: Wire): Promise<string> {
  return wire.rest();
}

Deno.test("while a debugged script waits the others' commands wait, too", () =>
  withServer(async (caller, other, instance) => {
    await begin(caller, "redis.call('SET', 'k', 1)\nreturn 7");
    await assertHeld(other);
    using waiting = await Wire.connect(instance);
    await waiting.send(request("INCR", "k") + request("GET", "k"));
    await caller.ask(
      request("s"),
      answer(
        "<redis> SET k 1",
        '<reply> "+OK"',
        "* Stopped at 2, stop reason = step over",
        "-> 2   return 7",
      ),
    );
    assertEquals(
      await ask(other, "SCRIPT", "KILL"),
      "-UNKILLABLE Sorry the script already executed write commands against the dataset. You can " +
        "either wait the script termination or kill the server in a hard way using the SHUTDOWN " +
        "NOSAVE command.",
    );
    await caller.ask(request("r", "GET", "k"), answer("<redis> GET k", '<reply> "1"'));
    await caller.send(request("c"));
    assertEquals(await ending(caller), `${END}:7\r\n`);
    assertEquals(instance.server.busy, undefined);
    await waiting.expect(":2\r\n$1\r\n2\r\n");
    // The next script is not followed any more.
    await other.ask(
      request("EVAL", "local n = 0 for i = 1, 10 do n = n + i end return n", "0"),
      ":55\r\n",
    );
  }));

Deno.test("a debugged script that waits can be killed", () =>
  withServer(async (caller, other) => {
    await begin(caller, "local a = 1\nreturn a");
    await other.send(request("SCRIPT", "KILL") + request("PING"));
    await other.expect("+OK\r\n+PONG\r\n");
    assertMatch(
      await ending(caller),
      /^\*1\r\n\+<endsession>\r\n-ERR Script killed by user with SCRIPT KILL\.\.\. script: \S+ on @user_script:1\.\r\n$/,
    );
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("a debugged script whose client goes away comes to its end", () =>
  withServer(async (_, other, instance) => {
    {
      using leaving = await Wire.connect(instance);
      await begin(leaving, "redis.breakpoint()\nredis.call('SET', 'k', 'v')\nreturn 1");
    }
    await waitFor(() => instance.server.busy === undefined, { what: "the script to be over" });
    await other.ask(request("GET", "k"), "$1\r\nv\r\n");
  }));

Deno.test("a debugged script without end is given up once its client is gone", () =>
  withServer(async (_, other, instance) => {
    {
      using leaving = await Wire.connect(instance);
      await begin(leaving, "while true do pcall(function() while true do end end) end");
    }
    await waitFor(() => instance.server.busy === undefined, { what: "the script to be over" });
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("a debugged script that runs for long lets others ask, and is stopped", () =>
  withServer(async (caller, other) => {
    await begin(caller, "local a = 1\nwhile true do a = a + 1 end");
    await caller.send(request("c"));
    await assertHeld(other);
    await caller.expect(
      stopped(2, "while true do a = a + 1 end", "timeout reached, infinite loop?"),
    );
    await caller.send(request("a"));
    assertMatch(await ending(caller), /-ERR script aborted for user request script: /);
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("a debugged script cannot catch its abortion", () =>
  withServer(async (caller, other) => {
    await begin(
      caller,
      "local ok = pcall(function()\nlocal b = 1\nend)\nredis.call('SET', 'k', 1)",
    );
    await caller.ask(request("s"), stopped(3, "end)"));
    await caller.ask(request("s"), stopped(1, "local ok = pcall(function()"));
    await caller.ask(request("s"), stopped(2, "local b = 1"));
    await caller.send(request("abort"));
    assertMatch(await ending(caller), /-ERR script aborted for user request script: /);
    await other.ask(request("EXISTS", "k"), ":0\r\n");
  }));

Deno.test("Lua of the debugger's that has no end lets others ask, and can be killed", () =>
  withServer(async (caller, other) => {
    await begin(caller, "local a = 1\nreturn a");
    await caller.send(request("e", "while true do end"));
    await assertHeld(other);
    await assertHeld(other);
    assertEquals(await ask(other, "SCRIPT", "KILL"), "+OK");
    assertMatch(await ending(caller), /-ERR Script killed by user with SCRIPT KILL/);
    assertEquals(await ask(other, "PING"), "+PONG");
  }));

Deno.test("Lua of the debugger's that takes long is answered, and the script goes on", () =>
  withServer(async (caller, other) => {
    await begin(caller, "local a = 1\nreturn a");
    await caller.send(request("e", "(function() for i = 1, 3e6 do end return 'done' end)()"));
    await assertHeld(other);
    await caller.expect(answer('<retval> "done"'));
    await caller.ask(request("n"), stopped(2, "return a"));
    await caller.send(request("n"));
    assertEquals(await ending(caller), `${END}:1\r\n`);
  }));

Deno.test("the debugger takes commands however they come", () =>
  withServer(async (caller) => {
    await begin(caller, "local a = 1\nlocal b = 2\nreturn a");
    for (const byte of request("print", "a")) await caller.send(byte);
    await caller.expect(answer("No such variable."));
    await caller.ask(
      request("s") + request("p", "a") + request("s"),
      stopped(2, "local b = 2") + answer("<value> 1") + stopped(3, "return a"),
    );
    await caller.send("PING\r\n");
    assertMatch(await ending(caller), /^\*1\r\n\+<endsession>\r\n-ERR protocol error script: /);
  }));

Deno.test("replies of commands before a debugged script come before it", () =>
  withServer(async (caller) => {
    await caller.ask(request("SCRIPT", "DEBUG", "SYNC"), "+OK\r\n");
    await caller.ask(
      request("SET", "k", "1") + request("INCR", "k") + request("EVAL", "return 1", "0"),
      `+OK\r\n:2\r\n${stopped(1, "return 1")}`,
    );
    await caller.send(request("c"));
    assertEquals(await ending(caller), `${END}:1\r\n`);
  }));

Deno.test("scripts of a transaction can be debugged", () =>
  withServer(async (caller, other) => {
    await caller.ask(request("SCRIPT", "DEBUG", "SYNC"), "+OK\r\n");
    await caller.ask(
      request("MULTI") + request("SET", "k", "1") + request("EVAL", "return 5", "0") +
        request("INCR", "k"),
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n",
    );
    await caller.ask(request("EXEC"), stopped(1, "return 5"));
    await assertHeld(other);
    await caller.send(request("c"));
    assertEquals(await ending(caller), `${END}*3\r\n+OK\r\n:5\r\n:2\r\n`);
    await other.ask(request("GET", "k"), "$1\r\n2\r\n");
  }));

Deno.test("what a debugged script changes leaves as one unit when it is over", () =>
  withServer(async (caller, _, instance) => {
    const seen: string[] = [];
    instance.server.effects.listen((_, args) => {
      seen.push(Array.from({ length: args.count }, (_, i) => args.binary(i)).join(" "));
    });
    await begin(caller, "redis.call('SET', 'a', 1)\nredis.call('SET', 'b', 2)\nreturn 1");
    await caller.ask(
      request("r", "SET", "c", "3"),
      answer("<redis> SET c 3", '<reply> "+OK"'),
    );
    await caller.send(request("c"));
    await ending(caller);
    assertEquals(seen, ["MULTI", "SET c 3", "SET a 1", "SET b 2", "EXEC"]);
  }));

Deno.test("SCRIPT DEBUG YES is refused, and so are the scripts that were to be undone", () =>
  withServer(async (caller, other) => {
    assertEquals(await ask(caller, "SCRIPT", "DEBUG", "YES"), CANNOT_UNDO);
    assertEquals(await ask(caller, "EVALSHA", "0".repeat(40), "0"), DEBUG_BY_SOURCE);
    await caller.send(request("EVAL", "return redis.call('SET', 'k', 1)", "0"));
    assertEquals(await ending(caller), `${END}${CANNOT_UNDO}\r\n`);
    await other.ask(request("EXISTS", "k"), ":0\r\n");
  }));

const DEBUG_BY_SOURCE = "-ERR Please use EVAL instead of EVALSHA for debugging";

Deno.test("SCRIPT DEBUG says what it wants", () =>
  withServer(async (caller) => {
    assertEquals(
      await ask(caller, "SCRIPT", "DEBUG", "maybe"),
      "-ERR Use SCRIPT DEBUG YES/SYNC/NO",
    );
    await caller.ask(
      request("PING") + request("SCRIPT", "DEBUG", "SYNC"),
      "+PONG\r\n-ERR SCRIPT DEBUG must be called outside a pipeline\r\n",
    );
    assertEquals(await ask(caller, "SCRIPT", "DEBUG", "SYNC"), "+OK");
    assertEquals(await ask(caller, "EVALSHA", "0".repeat(40), "0"), DEBUG_BY_SOURCE);
    assertEquals(await ask(caller, "SCRIPT", "DEBUG", "no"), "+OK");
    assertEquals(await ask(caller, "EVAL", "return redis.breakpoint()", "0"), "$-1");
  }));

Deno.test("a server with a debugged script that waits can be closed, and leaves it there", async () => {
  const instance = await startServer();
  using caller = await Wire.connect(instance);
  await begin(caller, "local a = 1\nredis.call('SET', 'k', 1)");
  using other = await Wire.connect(instance);
  await other.send(request("SHUTDOWN", "NOSAVE"));
  await instance.closed;
  assert(instance.server.busy !== undefined);
  assertEquals(instance.server.keyspace.databases[0].size, 0);
});
