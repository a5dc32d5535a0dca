import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Context } from "../../../commands/context.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

Deno.test("MULTI queues and EXEC carries out, in order, with one reply for each", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("MULTI"), "OK");
  assertEquals(await t.line("SET k 5"), "QUEUED");
  assertEquals(await t.line("INCR k"), "QUEUED");
  assertEquals(await t.connect().line("GET k"), null);
  assertEquals(await t.line("EXEC"), ["OK", 6]);
  assertEquals(await t.line("GET k"), "6");
});

Deno.test("an error inside of EXEC is one of its replies, and the rest is carried out", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  for (const line of ["SET k text", "INCR k", "APPEND k s"]) await t.line(line);
  const replies = await t.line("EXEC");
  assert(Array.isArray(replies));
  assertEquals(replies.length, 3);
  assertRefused(replies[1], "ERR value is not an integer or out of range");
  assertEquals(replies[2], 5);
});

Deno.test("EXEC refuses after a command that could not be queued, and ends the transaction", async () => {
  await using t = await startTestServer();
  for (const refused of ["NOSUCH", "GET", "CLIENT NOSUCH", "SHUTDOWN"]) {
    await t.line("MULTI");
    await t.line("SET k v");
    assertMatch(String(await t.line(refused)), /ERR /);
    assertEquals(await t.line("SET k w"), "QUEUED");
    assertRefused(
      await t.line("EXEC"),
      "EXECABORT Transaction discarded because of previous errors.",
    );
    assertEquals(await t.line("EXISTS k"), 0);
  }
});

Deno.test("EXEC that is itself refused says why and ends the transaction", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  assertRefused(
    await t.line("EXEC now"),
    "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
  );
  assertEquals(await t.line("PING"), "PONG");
});

Deno.test("MULTI and WATCH inside of a transaction are refused without aborting it", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  assertRefused(await t.line("MULTI"), "ERR MULTI calls can not be nested");
  assertRefused(await t.line("WATCH k"), "ERR WATCH inside MULTI is not allowed");
  assertEquals(await t.line("PING"), "QUEUED");
  assertEquals(await t.line("EXEC"), ["PONG"]);
});

Deno.test("EXEC and DISCARD without MULTI are refused", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("EXEC"), "ERR EXEC without MULTI");
  assertRefused(await t.line("DISCARD"), "ERR DISCARD without MULTI");
});

Deno.test("DISCARD and RESET forget what was queued", async () => {
  await using t = await startTestServer();
  for (const end of ["DISCARD", "RESET"]) {
    await t.line("MULTI");
    await t.line("SET k v");
    assertEquals(await t.line(end), end === "RESET" ? "RESET" : "OK");
    assertEquals(await t.line("EXISTS k"), 0);
  }
});

Deno.test("a transaction is emptied before the next one, whatever its size", async () => {
  await using t = await startTestServer();
  const long = "x".repeat(10_000);
  for (let round = 0; round < 3; round++) {
    await t.line("MULTI");
    for (let i = 0; i < 300; i++) await t.run("SET", `k${i}`, i % 100 === 0 ? long : "v");
    assertEquals(await t.line("EXEC"), new Array(300).fill("OK"));
    await t.line("MULTI");
    await t.line("STRLEN k100");
    assertEquals(await t.line("EXEC"), [10_000]);
  }
});

Deno.test("arguments of any bytes and of none survive the queue", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  await t.run("SET", "", "\r\n\0ÿ");
  await t.run("GET", "");
  assertEquals((await t.line("EXEC") as unknown[])[1], "\r\n\0Ã¿");
});

Deno.test("the effects of a transaction leave as one unit", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  for (const line of ["SET a 1", "GET a", "SELECT 2", "INCRBYFLOAT b 1.5", "SPOP s"]) {
    await t.line(line);
  }
  assertEquals(t.units(), []);
  await t.line("EXEC");
  assertEquals(t.units(), [["0: SET a 1", "2: SET b 1.5 KEEPTTL"]]);
});

Deno.test("a transaction with one effect leaves it bare, one without any leaves nothing", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  await t.line("SET a 1");
  await t.line("GET a");
  await t.line("EXEC");
  assertEquals(t.units(), [["0: SET a 1"]]);
  await t.line("MULTI");
  await t.line("DEL none");
  await t.line("EXEC");
  assertEquals(t.units(), []);
  // What comes after is not swallowed by the transaction.
  await t.line("SET b 2");
  assertEquals(t.units(), [["0: SET b 2"]]);
});

Deno.test("keys that expire inside of a transaction go with its effects", async () => {
  await using t = await startTestServer();
  await t.line("SET a 1 PX 10");
  t.units();
  t.advance(20);
  await t.line("MULTI");
  await t.line("GET a");
  await t.line("SET b 2");
  await t.line("EXEC");
  assertEquals(t.units(), [["0: DEL a", "0: SET b 2"]]);
});

Deno.test("SELECT inside of a transaction holds after it", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  await t.line("SELECT 3");
  await t.line("SET k three");
  await t.line("EXEC");
  assertEquals(await t.line("GET k"), "three");
  assertEquals(t.session.context.db.id, 3);
});

Deno.test("blocking commands inside of a transaction answer at once", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE s g $ MKSTREAM");
  await t.line("MULTI");
  const lines = [
    "BLPOP none 0",
    "BLMOVE none none LEFT LEFT 0",
    "BRPOPLPUSH none none 0",
    "BZPOPMIN none 0",
    "BZMPOP 0 1 none MIN",
    "XREAD BLOCK 0 STREAMS s $",
    "XREADGROUP GROUP g c BLOCK 0 STREAMS s >",
    "WAIT 1 0",
  ];
  for (const line of lines) assertEquals(await t.line(line), "QUEUED");
  assertEquals(await t.line("EXEC"), [null, null, null, null, null, null, null, 0]);
  // Outside of it they wait again.
  const waiting = t.connect();
  const reply = waiting.line("BLPOP l 0");
  await t.line("RPUSH l a");
  assertEquals(await reply, ["l", "a"]);
});

Deno.test("who waits for a key is served after EXEC, not within", async () => {
  await using t = await startTestServer();
  const reply = t.connect().line("BLPOP l 0");
  await t.line("MULTI");
  for (const line of ["RPUSH l a", "LPUSH l b", "LLEN l"]) await t.line(line);
  assertEquals(await t.line("EXEC"), [1, 2, 2]);
  assertEquals(await reply, ["l", "b"]);
  assertEquals(t.units(), [["0: RPUSH l a", "0: LPUSH l b"], ["0: LPOP l"]]);
});

Deno.test("out of memory, a transaction takes nothing more but can be discarded", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  await t.line("MULTI");
  await t.line("GET k");
  await other.line("CONFIG SET maxmemory 1");
  const refusal = "OOM command not allowed when used memory > 'maxmemory'.";
  assertRefused(await t.line("GET k"), refusal);
  assertEquals(await t.line("DISCARD"), "OK");
  assertRefused(await t.line("EXEC"), "ERR EXEC without MULTI");
});

Deno.test("out of memory, EXEC carries out reads and refuses what takes memory", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  for (const [line, expected] of [["GET k", [null]], ["SET k v", undefined]] as const) {
    await other.line("CONFIG SET maxmemory 0");
    await t.line("MULTI");
    await t.line(line);
    await other.line("CONFIG SET maxmemory 1");
    const reply = await t.line("EXEC");
    if (expected !== undefined) {
      assertEquals(reply, [...expected]);
    } else {
      assertRefused(
        reply,
        "EXECABORT Transaction discarded because of: " +
          "OOM command not allowed when used memory > 'maxmemory'.",
      );
    }
    assertEquals(t.session.inTransaction, false);
  }
});

Deno.test("time stands still inside of a transaction", async () => {
  await using t = await startTestServer();
  await t.line("MULTI");
  await t.line("SET k v PX 1");
  await t.line("DEBUG SLEEP 0.01");
  await t.line("GET k");
  await t.line("TIME");
  const replies = await t.line("EXEC") as unknown[];
  assertEquals(replies[2], "v");
});

Deno.test("each command of a transaction counts in the statistics, queued ones do not", async () => {
  await using t = await startTestServer({ "slowlog-log-slower-than": "0" });
  await t.line("CONFIG RESETSTAT");
  await t.line("SLOWLOG RESET");
  await t.line("MULTI");
  await t.line("SET k v");
  await t.line("SET k w");
  const before = String(await t.connect().line("INFO commandstats"));
  assert(!before.includes("cmdstat_set:"), before);
  await t.line("EXEC");
  const after = String(await t.line("INFO commandstats"));
  assertMatch(after, /cmdstat_set:calls=2,/);
  assertMatch(after, /cmdstat_exec:calls=1,/);
  const slow = await t.line("SLOWLOG GET -1") as unknown[][];
  const logged = slow.map((entry) => (entry[3] as string[]).join(" "));
  // EXEC is not logged: its commands are.
  assertEquals(logged, [
    "INFO commandstats",
    "SET k w",
    "SET k v",
    "INFO commandstats",
    "MULTI",
    "SLOWLOG RESET",
  ]);
});

Deno.test("a slow command of a transaction is logged although others are timed together", async () => {
  await using t = await startTestServer({ "slowlog-log-slower-than": "5000" });
  await t.line("MULTI");
  await t.line("DEBUG SLEEP 0.01");
  await t.line("EXEC");
  const slow = await t.line("SLOWLOG GET") as unknown[][];
  assertEquals(slow.map((entry) => entry[3]), [["DEBUG", "SLEEP", "0.01"]]);
});

Deno.test("CLIENT LIST shows a client's transaction and the memory of its queue", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  const memory = t.session.memory;
  await t.line("MULTI");
  await t.run("SET", "k", "v".repeat(100_000));
  const line = String(await other.line(`CLIENT LIST ID ${t.session.id}`));
  assertMatch(line, / flags=x .* multi=1 .* argv-mem=0 multi-mem=100028 /);
  assert(t.session.memory >= memory + 100_000);
  await t.line("DISCARD");
  const after = String(await other.line(`CLIENT LIST ID ${t.session.id}`));
  assertMatch(after, / flags=N .* multi=-1 .* multi-mem=0 /);
  assert(t.session.memory < memory + 5_000);
});

Deno.test("the memory of a queue counts against maxmemory at once", async () => {
  await using t = await startTestServer({ "maxmemory": "3mb" });
  await t.line("MULTI");
  for (let i = 0; i < 100; i++) {
    const reply = await t.run("ECHO", "v".repeat(100_000));
    if (reply === "QUEUED") continue;
    assertRefused(reply, "OOM command not allowed when used memory > 'maxmemory'.");
    assert(i < 50);
    return;
  }
  throw new Error("ten megabytes were queued");
});

Deno.test("a command of a transaction that takes long holds the others out until all is over", async () => {
  await using t = await startTestServer();
  const slow = Promise.withResolvers<void>();
  const ping = t.server.registry.byName("ping");
  assert(ping !== undefined);
  Object.assign(ping, {
    run: (ctx: Context) => slow.promise.then(() => ctx.reply.simple("LATE")),
  });
  const other = t.connect();
  await t.line("MULTI");
  for (const line of ["SET k 1", "PING", "INCR k", "BLPOP none 0"]) await t.line(line);
  const reply = t.line("EXEC");
  assertRefused(
    await other.line("SET k 100"),
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  );
  // What may run meanwhile takes no part in the transaction's effects.
  assertEquals(await other.line("MULTI"), "OK");
  assertEquals(await other.line("DISCARD"), "OK");
  assertEquals(t.units(), []);
  slow.resolve();
  assertEquals(await reply, ["OK", "LATE", 2, null]);
  assertEquals(t.units(), [["0: SET k 1", "0: INCR k"]]);
  assertEquals(await other.line("SET k 100"), "OK");
  assertEquals(t.units(), [["0: SET k 100"]]);
});

Deno.test("keys that expire while SCAN or RANDOMKEY walks leave one by one, but not from a transaction", async () => {
  await using t = await startTestServer();
  for (const line of ["SCAN 0", "RANDOMKEY"]) {
    for (const inside of [false, true]) {
      await t.line("MSET a 1 b 2");
      await t.line("PEXPIRE a 10");
      await t.line("PEXPIRE b 10");
      t.advance(20);
      t.units();
      if (inside) await t.line("MULTI");
      await t.line(line);
      if (inside) await t.line("EXEC");
      const units = t.units();
      assertEquals(units.flat().sort(), ["0: DEL a", "0: DEL b"]);
      assertEquals(units.length, inside ? 1 : 2, line);
    }
  }
});
