import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Context } from "../../commands/context.ts";
import type { CoolCache } from "../../server/coolcache.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire } from "./wire.ts";

/** Lets PING take until the answered function is called, and then tell the time. */
function slowPing({ server }: CoolCache): () => void {
  const slow = Promise.withResolvers<void>();
  const ping = server.registry.byName("ping");
  assert(ping !== undefined);
  Object.assign(ping, {
    run: (ctx: Context) => slow.promise.then(() => ctx.reply.int(ctx.now)),
  });
  return slow.resolve;
}

Deno.test("a transaction with a slow command is answered in one piece, and what follows after it", async () => {
  await using instance = await startServer();
  {
    using slow = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    using monitor = await Wire.connect(instance);
    await monitor.ask("MONITOR\r\n", "+OK\r\n");
    const finish = slowPing(instance);
    await slow.send(
      "MULTI\r\nSET k 1\r\nPING\r\nHELLO 3\r\nGET none\r\nEXEC\r\nGET k\r\nSET k 9\r\n",
    );
    const queued = "+OK\r\n" + "+QUEUED\r\n".repeat(4);
    await slow.expect(queued);
    assert(instance.server.busy !== undefined);
    await other.ask(
      "SET k 5\r\n",
      "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n",
    );
    const session = instance.server.clients.list({}).find(({ inTransaction }) => inTransaction);
    // What it is sent meanwhile can only come from its own commands, and follows their replies.
    session?.push(new TextEncoder().encode(">1\r\n+pushed\r\n"));
    const { now } = instance.server.keyspace;
    finish();
    await slow.expect(`*4\r\n+OK\r\n:${now}\r\n%7\r\n`);
    while (!(await slow.line()).includes("modules")) continue;
    await slow.expect("*0\r\n_\r\n>1\r\n+pushed\r\n$1\r\n1\r\n+OK\r\n");
    await other.ask("GET k\r\n", "$1\r\n9\r\n");
    const shown: string[] = [];
    while (shown.at(-1) !== "EXEC") shown.push((await monitor.line()).split('"')[1]);
    assertEquals(shown, ["MULTI", "SET", "PING", "HELLO", "GET", "EXEC"]);
  }
  await allGone(instance);
});

Deno.test("what is queued outlives the reads that follow it", async () => {
  await using instance = await startServer();
  {
    using wire = await Wire.connect(instance);
    const requests = ["MULTI", "SET key value", "APPEND key more", "GET key", "EXEC"];
    const text = requests.map((request) => `${request}\r\n`).join("");
    const replies = ["+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3\r\n+OK\r\n:9\r\n$9\r\nvaluemore"];
    for (let cut = 1; cut < text.length; cut++) {
      await wire.send(text.slice(0, cut));
      const answered = text.slice(0, cut).split("\r\n").length - 1;
      for (const reply of replies.slice(0, answered)) await wire.expect(`${reply}\r\n`);
      await wire.send(text.slice(cut));
      for (const reply of replies.slice(answered)) await wire.expect(`${reply}\r\n`);
    }
    // While a command of it takes long the input buffer is filled with other requests.
    const finish = slowPing(instance);
    await wire.send(
      "MULTI\r\nSET first 1\r\nPING\r\nSET second 2\r\nMGET first second\r\nEXEC\r\n",
    );
    await wire.expect(`+OK\r\n${"+QUEUED\r\n".repeat(4)}`);
    const echo = `ECHO ${"x".repeat(90)}\r\n`;
    await wire.send(echo.repeat(300));
    const [session] = instance.server.clients;
    await waitFor(() => session.memory > 20_000, { what: "the requests" });
    finish();
    const { now } = instance.server.keyspace;
    await wire.expect(`*4\r\n+OK\r\n:${now}\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n`);
    await wire.expect(`$90\r\n${"x".repeat(90)}\r\n`.repeat(300));
  }
  await allGone(instance);
});

Deno.test("a transaction whose client goes away meanwhile is carried out to its end", async () => {
  await using instance = await startServer();
  const finish = slowPing(instance);
  {
    using slow = await Wire.connect(instance);
    await slow.send("WATCH k\r\nMULTI\r\nSET k 1\r\nPING\r\nINCR k\r\nEXEC\r\n");
    await slow.expect("+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  }
  await allGone(instance);
  finish();
  using other = await Wire.connect(instance);
  await other.ask("GET k\r\n", "$1\r\n2\r\n");
  assertEquals(instance.server.watches.keys, 0);
});

Deno.test("a pause of writes holds EXEC up when what is queued writes", async () => {
  await using instance = await startServer();
  {
    using writes = await Wire.connect(instance);
    using reads = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await writes.ask("MULTI\r\nSET k 1\r\n", "+OK\r\n+QUEUED\r\n");
    await reads.ask("MULTI\r\nGET k\r\n", "+OK\r\n+QUEUED\r\n");
    await other.ask("CLIENT PAUSE 100000 WRITE\r\n", "+OK\r\n");
    await writes.send("EXEC\r\n");
    await reads.ask("EXEC\r\n", "*1\r\n$-1\r\n");
    await other.ask("GET k\r\n", "$-1\r\n");
    await other.ask("CLIENT UNPAUSE\r\n", "+OK\r\n");
    await writes.expect("*1\r\n+OK\r\n");
  }
  await allGone(instance);
});

Deno.test("a script that takes long inside of a transaction can be killed, and the rest is carried out", async () => {
  await using instance = await startServer({ "busy-reply-threshold": "20" });
  {
    using busy = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await busy.send('MULTI\r\nGET k\r\nEVAL "while true do end" 0\r\nINCR k\r\nEXEC\r\nGET k\r\n');
    await busy.expect("+OK\r\n" + "+QUEUED\r\n".repeat(3));
    let refused = "";
    while (!refused.startsWith("-BUSY ")) {
      await other.send("SET k 5\r\n");
      refused = await other.line();
    }
    await other.ask("SCRIPT KILL\r\n", "+OK\r\n");
    // The other client may have come first.
    await busy.expect("*3\r\n");
    const before = await busy.line() === "$-1" ? 0 : Number(await busy.line());
    assertMatch(await busy.line(), /^-ERR Script killed by user with SCRIPT KILL/);
    await busy.expect(`:${before + 1}\r\n$1\r\n${before + 1}\r\n`);
    await other.ask("SET k 5\r\n", "+OK\r\n");
    assertEquals(instance.server.busy, undefined);
  }
  await allGone(instance);
});

Deno.test("what clients wait for is served after a transaction with a slow command", async () => {
  await using instance = await startServer();
  {
    using slow = await Wire.connect(instance);
    using waiting = await Wire.connect(instance);
    const finish = slowPing(instance);
    await waiting.send("BLPOP l 0\r\n");
    await slow.send("MULTI\r\nRPUSH l a\r\nPING\r\nRPUSH l b\r\nEXEC\r\n");
    await slow.expect("+OK\r\n" + "+QUEUED\r\n".repeat(3));
    finish();
    await waiting.expect("*2\r\n$1\r\nl\r\n$1\r\na\r\n");
    await slow.expect("*3\r\n:1\r\n:");
    await slow.line();
    await slow.expect(":2\r\n");
  }
  await allGone(instance);
});
