import { assert, assertEquals, assertMatch } from "@std/assert";
import { decodeLatin1 } from "../../server/resp/args.ts";
import { assertRefused } from "../support/assert_refused.ts";
import { startTestServer, TestClient, type TestServer, type Value } from "../support/harness.ts";
import { allGone, startServer, Wire } from "./wire.ts";

/** A client that speaks RESP3, and what it is sent beside replies. */
class Listener extends TestClient {
  readonly #sent: string[];

  constructor(t: TestServer) {
    const sent: string[] = [];
    const session = t.server.clients.add({
      read: () => Promise.resolve(null),
      write: (bytes) => {
        sent.push(decodeLatin1(bytes));
        return Promise.resolve(bytes.length);
      },
      close: () => {},
    }, { remote: "127.0.0.1:50001", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
    session.protocol = 3;
    super(t.server, session);
    this.#sent = sent;
  }

  /** The keys of all messages since the last call, each message's joined by commas; `*` for all keys. */
  async invalidated(): Promise<string[]> {
    // Pushes leave when the JavaScript at hand is over.
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.session.sendPushed();
    await new Promise((resolve) => setTimeout(resolve, 0));
    const messages = this.#sent.splice(0).join("").split(">2\r\n").slice(1);
    return messages.map((message) => {
      assertMatch(message, /^\$10\r\ninvalidate\r\n(_|\*)/);
      const body = message.slice("$10\r\ninvalidate\r\n".length);
      return body === "_\r\n" ? "*" : body.split("\r\n").filter((_, i) => i > 0 && i % 2 === 0)
        .join(",");
    });
  }
}

/** A listener that tracks. */
async function tracking(t: TestServer, options = ""): Promise<Listener> {
  const client = new Listener(t);
  assertEquals(await client.line(`CLIENT TRACKING ON ${options}`.trim()), "OK");
  return client;
}

Deno.test("a client is told once of a change to each key that it has read", async () => {
  await using t = await startTestServer();
  const client = await tracking(t);
  await client.line("MGET a b");
  await t.line("SET a 1");
  await t.line("SET a 2");
  await t.line("SET c 1");
  assertEquals(await client.invalidated(), ["a"]);
  await client.line("GET a");
  await t.line("DEL a");
  assertEquals(await client.invalidated(), ["a"]);
});

Deno.test("only commands that read are remembered, wherever their keys stand", async () => {
  await using t = await startTestServer();
  const client = await tracking(t);
  const keys = async (line: string) => {
    await t.line("FLUSHALL");
    await client.invalidated();
    await client.line(line);
    for (const key of ["a", "b", "c", "d"]) await t.line(`SET ${key} v`);
    return (await client.invalidated()).join("");
  };
  assertEquals(await keys("GET a"), "a");
  assertEquals(await keys("SET a 1"), "");
  assertEquals(await keys("GETEX a"), "");
  assertEquals(await keys("INCR a"), "");
  assertEquals(await keys("EXISTS a b a"), "ab");
  assertEquals(await keys("SUNION a c"), "ac");
  assertEquals(await keys("ZDIFF 2 a b"), "ab");
  assertEquals(await keys("XREAD STREAMS a b 0 0"), "ab");
  assertEquals(await keys("LCS a b"), "ab");
  assertEquals(await keys("SORT_RO a BY x* GET y*"), "a");
  assertEquals(await keys("OBJECT ENCODING a"), "a");
  assertEquals(await keys("GEOSEARCH d FROMLONLAT 0 0 BYRADIUS 1 m"), "d");
  assertEquals(await keys("KEYS *"), "");
  assertEquals(await keys("ZDIFF x a"), "");
});

Deno.test("a script is no reader, but what it calls reads", async () => {
  await using t = await startTestServer();
  const client = await tracking(t);
  await t.line("SET a v");
  for (const command of ["EVAL", "EVAL_RO"]) {
    await client.run(command, "redis.call('GET', KEYS[1])", 2, "a", "b");
    assertEquals(t.server.tracking.keys, 1);
    await t.line("MSET a 1 b 1");
    assertEquals(await client.invalidated(), ["a"]);
  }
  await client.run("EVAL", "redis.call('GET', 'a') return redis.call('SET', 'a', 'x')", 0);
  assertEquals(await client.invalidated(), ["a"]);
});

Deno.test("keys that expire or are evicted are told of, whoever meets them", async () => {
  await using t = await startTestServer({ "maxmemory-policy": "allkeys-lru" });
  await t.line("DEBUG SET-ACTIVE-EXPIRE 0");
  const client = await tracking(t);
  const broadcast = await tracking(t, "BCAST NOLOOP");
  for (
    const meet of [
      () => t.line("GET a"),
      () => broadcast.line("GET a"),
      () => t.server.expiry.run(1),
    ]
  ) {
    await t.line("SET a v PX 10");
    await broadcast.invalidated();
    await client.line("GET a");
    t.advance(20);
    await meet();
    assertEquals(await client.invalidated(), ["a"]);
    assertEquals(await broadcast.invalidated(), ["a"]);
  }
  await t.line("SET a v");
  await client.line("GET a");
  await broadcast.invalidated();
  await t.line("CONFIG SET maxmemory 1");
  await t.line("GET none");
  assertEquals(await client.invalidated(), ["a"]);
  assertEquals(await broadcast.invalidated(), ["a"]);
});

Deno.test("a hash whose fields expire has changed", async () => {
  await using t = await startTestServer();
  await t.line("HSET h f v g w");
  await t.line("HPEXPIRE h 10 FIELDS 1 f");
  const client = await tracking(t);
  await client.line("HGETALL h");
  t.advance(20);
  t.server.fieldExpiry.run(10);
  assertEquals(await client.invalidated(), ["h"]);
});

Deno.test("flushing tells every tracking client that all keys are gone, once", async () => {
  await using t = await startTestServer();
  const clients = [
    await tracking(t),
    await tracking(t, "NOLOOP"),
    await tracking(t, "BCAST PREFIX x"),
  ];
  for (const flush of ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC"]) {
    await clients[0].line("GET a");
    await t.line(flush);
    assertEquals(t.server.tracking.keys, 0);
    for (const client of clients) assertEquals(await client.invalidated(), ["*"], flush);
  }
  // One database of several that hold something.
  await t.line("SET a v");
  await t.line("SELECT 1");
  await t.line("SET a v");
  await t.line("FLUSHDB");
  assertEquals(await clients[0].invalidated(), ["*"]);
  await t.line("SWAPDB 0 1");
  assertEquals(await clients[0].invalidated(), []);
});

Deno.test("broadcasts gather what one batch changes, in order, for each prefix", async () => {
  await using t = await startTestServer();
  const all = await tracking(t, "BCAST");
  const some = await tracking(t, "BCAST PREFIX b: PREFIX a:");
  await t.line("MSET b:2 v a:1 v c v b:1 v b:2 w");
  assertEquals(await all.invalidated(), ["a:1,b:1,b:2,c"]);
  assertEquals(await some.invalidated(), ["a:1", "b:1,b:2"]);
  assertEquals(t.server.tracking.prefixes, 3);
  some.session.close();
  assertEquals(t.server.tracking.prefixes, 1);
  await all.line("CLIENT TRACKING OFF");
  assertEquals(t.server.tracking.prefixes, 0);
});

Deno.test("prefixes of one client must not overlap, those of two may", async () => {
  await using t = await startTestServer();
  const client = await tracking(t, "BCAST PREFIX user: PREFIX other");
  await tracking(t, "BCAST PREFIX use");
  const refusal = (a: string, b: string) =>
    `ERR Prefix '${a}' overlaps with ${b}. Prefixes for a single client must not overlap.`;
  const attempts: [string, string, string][] = [
    ["PREFIX user", "user", "an existing prefix 'user:'"],
    ["PREFIX fine PREFIX user:1", "user:1", "an existing prefix 'user:'"],
    ["PREFIX x PREFIX xy", "x", "another provided prefix 'xy'"],
    ["PREFIX y PREFIX xyz PREFIX x", "xyz", "another provided prefix 'x'"],
    ["PREFIX z PREFIX z", "z", "another provided prefix 'z'"],
  ];
  for (const [options, prefix, other] of attempts) {
    const reply = await client.line(`CLIENT TRACKING ON BCAST ${options}`);
    assertRefused(reply, refusal(prefix, other));
  }
  assertEquals(client.session.tracking?.prefixes, ["other", "user:"]);
  const many = Array.from({ length: 10_000 }, (_, i) => ["PREFIX", `p${i}:`]).flat();
  const started = performance.now();
  assertEquals(await client.run("CLIENT", "TRACKING", "ON", "BCAST", ...many), "OK");
  assert(performance.now() - started < 2000);
});

Deno.test("more keys than the limit are let go of, and their readers told", async () => {
  await using t = await startTestServer({ "tracking-table-max-keys": "10" });
  const client = await tracking(t, "NOLOOP");
  for (let i = 0; i < 30; i++) await client.line(`GET key:${i}`);
  assertEquals(t.server.tracking.keys, 10);
  const told = await client.invalidated();
  assertEquals(new Set(told).size, 20);
  await t.line("CONFIG SET tracking-table-max-keys 3");
  assertEquals((await client.invalidated()).length, 7);
  await t.line("CONFIG SET tracking-table-max-keys 0");
  for (let i = 0; i < 30; i++) await client.line(`GET key:${i}`);
  assertEquals(t.server.tracking.keys, 30);
});

Deno.test("a limit that falls far is reached by growing efforts", async () => {
  await using t = await startTestServer();
  const client = await tracking(t);
  const keys = Array.from({ length: 1000 }, (_, i) => `key:${i}`);
  await client.run("MGET", ...keys);
  await t.line("CONFIG SET tracking-table-max-keys 1");
  const sizes: number[] = [];
  for (let tick = 0; tick < 5; tick++) {
    sizes.push(t.server.tracking.keys);
    t.server.tracking.limit();
  }
  assertEquals(sizes, [900, 700, 400, 1, 1]);
  assertEquals((await client.invalidated()).length, 999);
});

Deno.test("the keys remembered count as memory, and INFO tells of them", async () => {
  await using t = await startTestServer();
  const client = await tracking(t);
  await tracking(t, "BCAST PREFIX p: PREFIX q:");
  const before = t.server.usedMemory;
  const keys = Array.from({ length: 10_000 }, (_, i) => `key:${i}`);
  await client.run("MGET", ...keys);
  await (await tracking(t)).line("GET key:1");
  assert(t.server.usedMemory > before + 10_000 * 30);
  const info = String(await t.line("INFO everything"));
  assertMatch(info, /\r\ntracking_clients:3\r\n/);
  assertMatch(info, /\r\ntracking_total_keys:10000\r\n/);
  assertMatch(info, /\r\ntracking_total_items:10001\r\n/);
  assertMatch(info, /\r\ntracking_total_prefixes:2\r\n/);
});

Deno.test("nothing is kept or listened for when the clients that tracked have gone", async () => {
  await using t = await startTestServer();
  let listening = 0;
  const { keyEvents } = t.server;
  const onChange = keyEvents.onChange.bind(keyEvents);
  keyEvents.onChange = (listener) => {
    listening++;
    const stop = onChange(listener);
    return () => {
      listening--;
      stop();
    };
  };
  const one = await tracking(t);
  const two = await tracking(t);
  await one.line("MGET a b");
  await two.line("MGET b c");
  await two.line("CLIENT TRACKING OFF");
  one.session.close();
  // The other one may come back to what it knows.
  assertEquals([t.server.tracking.keys, t.server.tracking.clients, listening], [3, 0, 1]);
  two.session.close();
  assertEquals([t.server.tracking.keys, listening], [0, 0]);
  const three = await tracking(t);
  assertEquals(listening, 1);
  await three.line("RESET");
  assertEquals(listening, 0);
});

Deno.test("CLIENT LIST shows how a client tracks", async () => {
  await using t = await startTestServer();
  const shown = async (client: TestClient) => {
    const line = String(await t.line(`CLIENT LIST ID ${client.session.id}`));
    return /flags=(\w+)/.exec(line)?.[1] + " " + /redir=(-?\d+)/.exec(line)?.[1];
  };
  const client = new Listener(t);
  const other = t.connect();
  assertEquals(await shown(client), "N -1");
  await client.line(`CLIENT TRACKING ON REDIRECT ${other.session.id}`);
  assertEquals(await shown(client), `t ${other.session.id}`);
  await client.line("GET a");
  other.session.close();
  await t.line("SET a v");
  assertEquals(await shown(client), `tR ${other.session.id}`);
  await client.line("CLIENT TRACKING OFF");
  await client.line("CLIENT TRACKING ON BCAST");
  assertEquals(await shown(client), "tB 0");
});

Deno.test("CLIENT TRACKINGINFO and GETREDIR tell of a client that does not track", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  assertEquals(
    await t.line("CLIENT TRACKINGINFO"),
    new Map<Value, Value>([["flags", new Set(["off"])], ["redirect", -1], ["prefixes", []]]),
  );
  assertEquals(await t.line("CLIENT GETREDIR"), -1);
});

Deno.test("CLIENT CACHING holds for the next command of a client in OPTIN or OPTOUT mode", async () => {
  await using t = await startTestServer();
  const optIn = await tracking(t, "OPTIN");
  const optOut = await tracking(t, "OPTOUT");
  for (const line of ["GET a", "CLIENT CACHING YES", "CLIENT ID", "GET b", "GET c"]) {
    await optIn.line(line);
  }
  for (const line of ["GET a", "CLIENT CACHING NO", "GET b", "GET c"]) await optOut.line(line);
  for (const key of ["a", "b", "c"]) await t.line(`SET ${key} v`);
  assertEquals(await optIn.invalidated(), ["b"]);
  assertEquals(await optOut.invalidated(), ["a", "c"]);
  for (const line of ["CLIENT CACHING YES", "MULTI", "GET a", "GET b", "EXEC", "GET c"]) {
    await optIn.line(line);
  }
  for (const key of ["a", "b", "c"]) await t.line(`SET ${key} w`);
  assertEquals(await optIn.invalidated(), ["a", "b"]);
});

/** RESP of a message that says that keys have changed. */
function invalidation(...keys: string[]): string {
  const body = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join("");
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${body}`;
}

/** Runs `test` with a RESP3 client that tracks, and another one. */
async function onTheWire(
  test: (tracker: Wire, other: Wire) => Promise<void>,
  options = "",
): Promise<void> {
  await using instance = await startServer();
  {
    using tracker = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await tracker.send(`HELLO 3\r\nCLIENT TRACKING ON ${options}\r\n`);
    while ((await tracker.line()) !== "+OK") continue;
    await test(tracker, other);
  }
  await allGone(instance);
}

Deno.test("what a client changes itself it is told of after the reply, within a pipeline too", () =>
  onTheWire(async (tracker) => {
    await tracker.ask(
      "GET a\r\nSET a 1\r\nGET a\r\nMGET a b\r\nMSET a 1 b 2\r\nPING\r\n",
      `_\r\n+OK\r\n${invalidation("a")}$1\r\n1\r\n*2\r\n$1\r\n1\r\n_\r\n+OK\r\n` +
        `${invalidation("a")}${invalidation("b")}+PONG\r\n`,
    );
    await tracker.ask(
      "GET a\r\nMULTI\r\nDEL a\r\nGET b\r\nEXEC\r\n",
      `$1\r\n1\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$1\r\n2\r\n${invalidation("a")}`,
    );
  }));

Deno.test("broadcasts follow the replies of the batch", () =>
  onTheWire(async (tracker) => {
    await tracker.ask(
      "SET b 1\r\nSET a 1\r\nPING\r\n",
      `+OK\r\n+OK\r\n+PONG\r\n${invalidation("a", "b")}`,
    );
  }, "BCAST"));

Deno.test("a client that is not answered is told of changes all the same", () =>
  onTheWire(async (tracker, other) => {
    await tracker.ask("MGET a b c\r\n", "*3\r\n_\r\n_\r\n_\r\n");
    await tracker.send("CLIENT REPLY OFF\r\nSET a 1\r\nPING\r\n");
    await tracker.expect(invalidation("a"));
    await other.ask("SET b 1\r\n", "+OK\r\n");
    await tracker.expect(invalidation("b"));
    await tracker.ask(
      "CLIENT REPLY ON\r\nCLIENT REPLY SKIP\r\nSET c 1\r\n",
      "+OK\r\n" + invalidation("c"),
    );
  }));

Deno.test("a client is told of evicted keys before the reply of the command that evicts them", async () => {
  await using instance = await startServer({ "maxmemory-policy": "allkeys-random" });
  {
    using tracker = await Wire.connect(instance);
    await tracker.send("HELLO 3\r\nSET a 1\r\nCLIENT TRACKING ON\r\n");
    while ((await tracker.line()) !== "+OK") continue;
    await tracker.ask("GET a\r\nCONFIG SET maxmemory 1\r\n", "+OK\r\n$1\r\n1\r\n+OK\r\n");
    await tracker.ask("GET a\r\n", `${invalidation("a")}_\r\n`);
    await tracker.ask(
      "CONFIG SET maxmemory 0\r\nSET a 1\r\nGET a\r\n",
      `+OK\r\n+OK\r\n${invalidation("a")}$1\r\n1\r\n`,
    );
    // One that then waits is told at once, and one that is not answered too.
    await tracker.send("CONFIG SET maxmemory 1\r\nBLPOP none 0\r\n");
    await tracker.expect(`+OK\r\n${invalidation("a")}`);
  }
  await allGone(instance);
});
