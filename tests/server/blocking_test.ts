import { assert, assertEquals } from "@std/assert";
import { Args } from "../../server/resp/args.ts";
import { assertRefused } from "../support/assert_refused.ts";
import {
  startTestServer,
  type TestClient,
  type TestServer,
  type Value,
} from "../support/harness.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire } from "./wire.ts";

/** A client that has sent a line which is not answered yet. */
function waiting(t: TestServer, line: string): { client: TestClient; reply: Promise<Value> } {
  const client = t.connect();
  return { client, reply: client.line(line) };
}

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

Deno.test("BLPOP takes what is there at once, from the first list that exists", async () => {
  await using t = await startTestServer();
  await t.line("RPUSH b 1 2 3");
  assertEquals(await t.line("BLPOP a b 0"), ["b", "1"]);
  assertEquals(await t.line("BRPOP a b 0"), ["b", "3"]);
  assertEquals(await t.line("BLMPOP 0 2 a b LEFT COUNT 10"), ["b", ["2"]]);
  assertEquals(t.effects(), ["0: RPUSH b 1 2 3", "0: LPOP b", "0: RPOP b", "0: LPOP b 1"]);
});

Deno.test("BLPOP is served by a push, after it and handed on as LPOP", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP a b 0");
  assertEquals(await t.line("RPUSH b x y"), 2);
  assertEquals(await reply, ["b", "x"]);
  assertEquals(await t.line("LRANGE b 0 -1"), ["y"]);
  assertEquals(t.effects(), ["0: RPUSH b x y", "0: LPOP b"]);
  assertEquals(t.events(), ["l rpush b", "l lpop b"]);
});

Deno.test("clients that wait for one key are served in the order in which they came", async () => {
  await using t = await startTestServer();
  const first = waiting(t, "BLPOP k 0");
  const second = waiting(t, "BRPOP k 0");
  const third = waiting(t, "BLMPOP 0 1 k LEFT COUNT 2");
  const fourth = waiting(t, "BLPOP k 0");
  await t.line("RPUSH k 1 2 3 4");
  assertEquals(await first.reply, ["k", "1"]);
  assertEquals(await second.reply, ["k", "4"]);
  assertEquals(await third.reply, ["k", ["2", "3"]]);
  assertEquals(t.server.blocking.clients, 1);
  await t.line("LPUSH k 5");
  assertEquals(await fourth.reply, ["k", "5"]);
  assertEquals(t.server.blocking.keys, 0);
});

Deno.test("a client that waits for several keys takes from its own first, whichever came first", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP a b 0");
  transaction(t, ["RPUSH b 1", "RPUSH a 2"]);
  assertEquals(await reply, ["a", "2"]);
  assertEquals(await t.line("LLEN b"), 1);
});

Deno.test("a key named twice is waited for once", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP k k 0");
  await t.line("LPUSH k 1 2");
  assertEquals(await reply, ["k", "2"]);
  assertEquals(await t.line("LLEN k"), 1);
});

/** Runs commands as a transaction does: nobody is served before the last one. */
function transaction(t: TestServer, lines: readonly string[]): void {
  const { server, session } = t;
  for (const line of lines) {
    const args = Args.of(...line.split(" "));
    server.dispatcher.call(session.context, server.dispatcher.resolve(args), args);
  }
  server.blocking.serveReady();
}

Deno.test("nobody is served within a transaction, and nobody by what did not outlast it", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP k 0");
  transaction(t, ["RPUSH k a", "DEL k"]);
  assertEquals(t.server.blocking.clients, 1);
  transaction(t, ["RPUSH k a", "DEL k", "RPUSH k b c"]);
  assertEquals(await reply, ["k", "b"]);
});

Deno.test("nobody is served by a key whose time is over by then, and it stays until it is asked for", async () => {
  await using t = await startTestServer();
  const { client, reply } = waiting(t, "BLPOP k 0");
  const { server, session } = t;
  for (const line of ["RPUSH k a", "PEXPIRE k 100"]) {
    const args = Args.of(...line.split(" "));
    server.dispatcher.call(session.context, server.dispatcher.resolve(args), args);
  }
  t.advance(200);
  server.blocking.serveReady();
  assertEquals(server.blocking.clients, 1);
  assertEquals(t.effects().length, 2);
  assertEquals(await t.line("EXISTS k"), 0);
  assertEquals(t.effects(), ["0: DEL k"]);
  client.session.unblock("timeout");
  assertEquals(await reply, null);
});

Deno.test("a key of another type disturbs nobody who waits for a list", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP k 0");
  await t.line("SET k v");
  await t.line("ZADD z 1 a");
  await t.line("RENAME z k");
  assertEquals(t.server.blocking.clients, 1);
  await t.line("DEL k");
  await t.line("LPUSH k 1");
  assertEquals(await reply, ["k", "1"]);
});

Deno.test("a client that could be served but meets another type first is refused", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLPOP s k 0");
  await t.line("SET s v");
  await t.line("RPUSH k 1");
  assertRefused(await reply, WRONG_TYPE);
  assertEquals(await t.line("LRANGE k 0 -1"), ["1"]);
});

Deno.test("who waits for lists and who waits for sorted sets may wait for one key", async () => {
  await using t = await startTestServer();
  const list = waiting(t, "BLPOP k 0");
  const set = waiting(t, "BZPOPMIN k 0");
  await t.line("ZADD k 1 a");
  assertEquals(await set.reply, ["k", "a", "1"]);
  await t.line("RPUSH k b");
  assertEquals(await list.reply, ["k", "b"]);
});

Deno.test("RENAME, COPY, MOVE and SWAPDB serve, too", async () => {
  await using t = await startTestServer();
  const serve = async (...lines: string[]) => {
    const { reply } = waiting(t, "BLPOP k 0");
    await t.line("RPUSH src x");
    for (const line of lines) await t.line(line);
    assertEquals(await reply, ["k", "x"], lines.join(", "));
    await t.line("FLUSHALL");
  };
  await serve("RENAME src k");
  await serve("RENAMENX src k");
  await serve("COPY src k");
  await serve("LMOVE src k LEFT LEFT");
  await serve("SELECT 1", "RPUSH k x", "MOVE k 0", "SELECT 0");
  await serve("SELECT 1", "RPUSH k x", "SWAPDB 0 1", "SELECT 0");
});

Deno.test("a client waits in the database that it had selected", async () => {
  await using t = await startTestServer();
  const { client, reply } = waiting(t, "SELECT 3");
  await reply;
  const popped = client.line("BLPOP k 0");
  await t.line("RPUSH k here");
  await t.line("SELECT 3");
  await t.line("RPUSH k there");
  assertEquals(await popped, ["k", "there"]);
  assertEquals(t.effects().at(-1), "3: LPOP k");
});

Deno.test("BLMOVE serves whom its push makes ready", async () => {
  await using t = await startTestServer();
  const last = waiting(t, "BLPOP c 0");
  const second = waiting(t, "BLMOVE b c LEFT RIGHT 0");
  const first = waiting(t, "BRPOPLPUSH a b 0");
  await t.line("RPUSH a x");
  assertEquals(await first.reply, "x");
  assertEquals(await second.reply, "x");
  assertEquals(await last.reply, ["c", "x"]);
  assertEquals(t.effects(), [
    "0: RPUSH a x",
    "0: RPOPLPUSH a b",
    "0: LMOVE b c LEFT RIGHT",
    "0: LPOP c",
  ]);
});

Deno.test("BLMOVE onto its own source turns the list", async () => {
  await using t = await startTestServer();
  const { reply } = waiting(t, "BLMOVE k k LEFT RIGHT 0");
  await t.line("RPUSH k 1 2 3");
  assertEquals(await reply, "1");
  assertEquals(await t.line("LRANGE k 0 -1"), ["2", "3", "1"]);
});

Deno.test("BLMOVE is refused when its destination turns out wrong, and takes nothing", async () => {
  await using t = await startTestServer();
  await t.line("SET s v");
  const { reply } = waiting(t, "BLMOVE k s LEFT LEFT 0");
  const behind = waiting(t, "BLPOP k 0");
  await t.line("RPUSH k x");
  assertRefused(await reply, WRONG_TYPE);
  assertEquals(await behind.reply, ["k", "x"]);
});

Deno.test("a wait ends with null when its time is over", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("BLPOP k 0.01"), null);
  assertEquals(await t.line("BLMPOP 0.01 1 k LEFT"), null);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(decode(await t.bytes("BLMOVE", "k", "l", "LEFT", "LEFT", "0.01")), "*-1\r\n");
  assertEquals(decode(await t.bytes("BRPOPLPUSH", "k", "l", "0.01")), "*-1\r\n");
  assertEquals(t.server.blocking.clients, 0);
  assertEquals(t.server.blocking.timers, 0);
  await t.line("RPUSH k x");
  assertEquals(await t.line("LLEN k"), 1);
});

Deno.test("a timeout is a number of seconds from 0 on", async () => {
  await using t = await startTestServer();
  const notAFloat = "ERR timeout is not a float or out of range";
  for (const text of ["x", "1 ", "nan", ""]) {
    assertRefused(await t.run("BLPOP", "k", text), notAFloat, text);
  }
  assertRefused(await t.line("BLPOP k -1"), "ERR timeout is negative");
  assertRefused(await t.line("BLPOP k 1e300"), "ERR timeout is out of range");
  assertRefused(await t.line("BLMPOP -1 1 k LEFT"), "ERR timeout is negative");
});

Deno.test("who may not be kept waiting gets the reply of nothing at once", async () => {
  await using t = await startTestServer();
  t.session.context.denyBlocking = true;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(decode(await t.bytes("BLPOP", "k", "0")), "*-1\r\n");
  assertEquals(decode(await t.bytes("BLMOVE", "k", "l", "LEFT", "LEFT", "0")), "$-1\r\n");
  assertEquals(t.server.blocking.clients, 0);
});

Deno.test("CLIENT UNBLOCK ends a wait as its timeout would, or with an error", async () => {
  await using t = await startTestServer();
  const first = waiting(t, "BLPOP k 0");
  assertEquals(await t.line(`CLIENT UNBLOCK ${first.client.session.id}`), 1);
  assertEquals(await first.reply, null);
  const second = waiting(t, "BLPOP k 100");
  assertEquals(await t.line(`CLIENT UNBLOCK ${second.client.session.id} ERROR`), 1);
  assertRefused(await second.reply, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
  assertEquals(await t.line(`CLIENT UNBLOCK ${second.client.session.id}`), 0);
  assertEquals(t.server.blocking.clients, 0);
  const stats = await t.line("INFO commandstats") as string;
  assert(/cmdstat_blpop:calls=2,.*failed_calls=1/.test(stats), stats);
  const errors = await t.line("INFO errorstats") as string;
  assert(errors.includes("errorstat_UNBLOCKED:count=1"), errors);
});

Deno.test("INFO counts who waits, and for how many keys", async () => {
  await using t = await startTestServer();
  const clients = [waiting(t, "BLPOP a b 0"), waiting(t, "BLPOP b 100")];
  await t.line("XGROUP CREATE x g $ MKSTREAM");
  clients.push(waiting(t, "XREADGROUP GROUP g c BLOCK 0 STREAMS x >"));
  const info = await t.line("INFO clients") as string;
  for (
    const field of [
      "blocked_clients:3",
      "clients_in_timeout_table:1",
      "total_blocking_keys:3",
      "total_blocking_keys_on_nokey:1",
    ]
  ) assert(info.includes(`${field}\r\n`), `${field} in ${info}`);
  for (const { client } of clients) client.session.unblock("timeout");
  await Promise.all(clients.map(({ reply }) => reply));
});

Deno.test("a key that expires ends the wait for its consumer group", async () => {
  await using t = await startTestServer();
  await t.line("XGROUP CREATE x g $ MKSTREAM");
  const { reply } = waiting(t, "XREADGROUP GROUP g c BLOCK 0 STREAMS x >");
  await t.line("PEXPIRE x 100");
  t.advance(200);
  assertEquals(await t.line("EXISTS x"), 0);
  assertRefused(
    await reply,
    "NOGROUP No such key 'x' or consumer group 'g' in XREADGROUP with GROUP option",
  );
});

Deno.test("ten thousand clients wait for one key, and each push serves the next", async () => {
  await using t = await startTestServer();
  const count = 10_000;
  const replies: Promise<Value>[] = [];
  for (let i = 0; i < count; i++) replies.push(waiting(t, "BLPOP k 0").reply);
  const half = Array.from({ length: count / 2 }, (_, i) => String(i));
  for (const element of half) await t.run("RPUSH", "k", element);
  assertEquals(t.server.blocking.clients, count / 2);
  await t.run("RPUSH", "k", ...half.map((_, i) => String(count / 2 + i)));
  assertEquals(t.server.blocking.clients, 0);
  for (const [i, reply] of (await Promise.all(replies)).entries()) {
    assertEquals(reply, ["k", String(i)]);
  }
});

// --- on sockets -------------------------------------------------------------------------------------------------

function request(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

async function blocked(instance: { server: TestServer["server"] }, count: number): Promise<void> {
  await waitFor(() => instance.server.blocking.clients === count, {
    what: `${count} to wait`,
    interval: 0,
  });
}

Deno.test("a waiting client's further requests wait with it", async () => {
  await using instance = await startServer();
  using worker = await Wire.connect(instance);
  using feeder = await Wire.connect(instance);
  await worker.send(request("PING") + request("BLPOP", "k", "0") + request("PING"));
  await worker.expect("+PONG\r\n");
  await blocked(instance, 1);
  await worker.send(request("LLEN", "k"));
  await feeder.ask(request("RPUSH", "k", "a", "b"), ":2\r\n");
  await worker.expect("*2\r\n$1\r\nk\r\n$1\r\na\r\n+PONG\r\n:1\r\n");
});

Deno.test("a client waits again in the same batch of requests", async () => {
  await using instance = await startServer();
  using worker = await Wire.connect(instance);
  using feeder = await Wire.connect(instance);
  await worker.send(request("BLPOP", "k", "0").repeat(3));
  for (const element of ["a", "b", "c"]) {
    await blocked(instance, 1);
    await feeder.ask(request("RPUSH", "k", element), ":1\r\n");
    await worker.expect(`*2\r\n$1\r\nk\r\n$1\r\n${element}\r\n`);
  }
});

Deno.test("a client may push to the key that it waits for next", async () => {
  await using instance = await startServer();
  using worker = await Wire.connect(instance);
  await worker.ask(
    request("BLPOP", "k", "0.01") + request("RPUSH", "k", "x") + request("BLPOP", "k", "0"),
    "*-1\r\n:1\r\n*2\r\n$1\r\nk\r\n$1\r\nx\r\n",
  );
});

Deno.test("a client that goes while it waits takes nothing", async () => {
  await using instance = await startServer();
  const first = await Wire.connect(instance);
  using second = await Wire.connect(instance);
  using feeder = await Wire.connect(instance);
  await first.send(request("BLPOP", "k", "0"));
  await blocked(instance, 1);
  await second.send(request("BLPOP", "k", "0"));
  await blocked(instance, 2);
  first.close();
  await blocked(instance, 1);
  await feeder.ask(request("RPUSH", "k", "x"), ":1\r\n");
  await second.expect("*2\r\n$1\r\nk\r\n$1\r\nx\r\n");
  await feeder.ask(request("EXISTS", "k"), ":0\r\n");
});

Deno.test("CLIENT KILL ends a waiting client", async () => {
  await using instance = await startServer();
  using worker = await Wire.connect(instance);
  using feeder = await Wire.connect(instance);
  await worker.send(request("CLIENT", "ID"));
  const id = (await worker.line()).slice(1);
  await worker.send(request("BLPOP", "k", "0"));
  await blocked(instance, 1);
  await feeder.ask(request("CLIENT", "KILL", "ID", id), ":1\r\n");
  assertEquals(await worker.rest(), "");
  await blocked(instance, 0);
});

Deno.test("a server ends with clients waiting", async () => {
  const instance = await startServer();
  using worker = await Wire.connect(instance);
  await worker.send(request("BLPOP", "k", "1000"));
  await blocked(instance, 1);
  await instance.close();
  assertEquals(await worker.rest(), "");
});

Deno.test("a thousand sockets wait for one key and are served in order", async () => {
  await using instance = await startServer();
  using feeder = await Wire.connect(instance);
  const workers: Wire[] = [];
  try {
    for (let i = 0; i < 1000; i++) {
      const worker = await Wire.connect(instance);
      workers.push(worker);
      await worker.send(request("BLPOP", "k", "0"));
      await blocked(instance, i + 1);
    }
    await feeder.ask(request("RPUSH", "k", ...workers.map((_, i) => `${i}`)), ":1000\r\n");
    for (const [i, worker] of workers.entries()) {
      await worker.expect(`*2\r\n$1\r\nk\r\n$${String(i).length}\r\n${i}\r\n`);
    }
  } finally {
    for (const worker of workers) worker.close();
  }
  feeder.close();
  await allGone(instance);
});
