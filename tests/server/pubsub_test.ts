import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { Audience } from "../../replication/effects.ts";
import type { CoolCache } from "../../server/coolcache.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";
import type { Session } from "../../server/session.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire } from "./wire.ts";

/** Runs `talk` with a subscriber and another client of one server. */
async function subscribed(
  request: string,
  confirmation: string,
  talk: (subscriber: Wire, other: Wire, instance: CoolCache) => Promise<void>,
): Promise<void> {
  await using instance = await startServer();
  {
    using subscriber = await Wire.connect(instance);
    using other = await Wire.connect(instance);
    await subscriber.ask(request, confirmation);
    await talk(subscriber, other, instance);
  }
  await allGone(instance);
  assertEquals(instance.server.pubsub.names("channel"), []);
  assertEquals(instance.server.pubsub.names("pattern"), []);
  assertEquals(instance.server.pubsub.names("shard"), []);
}

/** RESP of a message, as an array or a push. */
function message(type: "*" | ">", ...parts: string[]): string {
  return `${type}${parts.length}\r\n` +
    parts.map((part) => `$${part.length}\r\n${part}\r\n`).join("");
}

/** RESP of the confirmation of a subscription. */
function confirmed(type: "*" | ">", word: string, name: string, count: number): string {
  return `${type}3\r\n$${word.length}\r\n${word}\r\n$${name.length}\r\n${name}\r\n:${count}\r\n`;
}

/** RESP2's subscriber that listens to `x`. */
function listening(
  talk: (subscriber: Wire, other: Wire, instance: CoolCache) => Promise<void>,
): Promise<void> {
  return subscribed("SUBSCRIBE x\r\n", confirmed("*", "subscribe", "x", 1), talk);
}

/** The same beside one that speaks RESP3 and is handed in instead. */
function listeningIn3(talk: (subscriber: Wire, other: Wire) => Promise<void>): Promise<void> {
  return listening((_, other, instance) =>
    withModernSubscriber(instance, (subscriber) => talk(subscriber, other))
  );
}

async function withModernSubscriber(
  instance: CoolCache,
  talk: (subscriber: Wire) => Promise<void>,
): Promise<void> {
  using subscriber = await Wire.connect(instance);
  await subscriber.send("HELLO 3\r\nSUBSCRIBE x\r\n");
  while (await subscriber.line() !== ">3");
  await subscriber.expect(confirmed(">", "subscribe", "x", 1).slice(4));
  await talk(subscriber);
}

Deno.test("a message reaches subscribers of the channel in the order in which they came, then patterns", () =>
  listening(async (subscriber, other, instance) => {
    using both = await Wire.connect(instance);
    await both.ask("PSUBSCRIBE [x]\r\n", confirmed("*", "psubscribe", "[x]", 1));
    await both.ask("SUBSCRIBE x\r\n", confirmed("*", "subscribe", "x", 2));
    await other.ask("PUBLISH x hello\r\n", ":3\r\n");
    await subscriber.expect(message("*", "message", "x", "hello"));
    await both.expect(message("*", "message", "x", "hello"));
    await both.expect(message("*", "pmessage", "[x]", "x", "hello"));
  }));

Deno.test("messages are encoded in the protocol of each subscriber, and keep their order", () =>
  listening((subscriber, other, instance) =>
    withModernSubscriber(instance, async (modern) => {
      await other.ask("PUBLISH x 1\r\nPUBLISH x 2\r\n", ":2\r\n:2\r\n");
      await other.ask("PUBLISH x 3\r\n", ":2\r\n");
      for (const text of ["1", "2", "3"]) {
        await subscriber.expect(message("*", "message", "x", text));
        await modern.expect(message(">", "message", "x", text));
      }
    })
  ));

Deno.test("messages of several channels reach a subscriber in the order in which they were published", () =>
  subscribed(
    "SUBSCRIBE x y\r\n",
    confirmed("*", "subscribe", "x", 1) + confirmed("*", "subscribe", "y", 2),
    async (subscriber, other, instance) => {
      using onlyY = await Wire.connect(instance);
      await onlyY.ask("SUBSCRIBE y\r\n", confirmed("*", "subscribe", "y", 1));
      const count = 3000;
      let requests = "";
      for (let i = 0; i < count; i++) requests += `PUBLISH ${"xyz"[i % 3]} ${i}\r\n`;
      await other.send(requests);
      for (let i = 0; i < count; i++) {
        await other.expect([":1\r\n", ":2\r\n", ":0\r\n"][i % 3]);
        if (i % 3 < 2) await subscriber.expect(message("*", "message", "xy"[i % 3], String(i)));
        if (i % 3 === 1) await onlyY.expect(message("*", "message", "y", String(i)));
      }
    },
  ));

Deno.test("messages of any size and any bytes arrive whole", () =>
  listening(async (subscriber, other) => {
    const sizes = [0, 1, 63, 64, 16_384, 65_000, 65_536, 200_000, 5_000_000, 10];
    for (const size of sizes) {
      const text = String.fromCharCode(0, 13, 10, 255).repeat(size / 4 + 1).slice(0, size);
      await other.send(`*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n$${size}\r\n${text}\r\n`);
      await other.expect(":1\r\n");
      await subscriber.expect(message("*", "message", "x", text));
    }
  }));

Deno.test("in RESP2 a subscriber may only say what its mode allows", () =>
  listening(async (subscriber) => {
    await subscriber.ask(
      "GET k\r\n",
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET " +
        "are allowed in this context\r\n",
    );
    await subscriber.ask("CONFIG GET x\r\n", "-ERR Can't execute 'config|get': only (P|S)SUBSC");
    await subscriber.line();
    await subscriber.ask("PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    await subscriber.ask("PING hello\r\n", "*2\r\n$4\r\npong\r\n$5\r\nhello\r\n");
    await subscriber.ask("SSUBSCRIBE s\r\n", confirmed("*", "ssubscribe", "s", 1));
    await subscriber.ask("UNSUBSCRIBE\r\n", confirmed("*", "unsubscribe", "x", 0));
    await subscriber.ask("UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
    await subscriber.ask("GET k\r\n", "-ERR Can't execute 'get'");
    await subscriber.line();
    await subscriber.ask("SUNSUBSCRIBE\r\n", confirmed("*", "sunsubscribe", "s", 0));
    await subscriber.ask("GET k\r\n", "$-1\r\n");
  }));

Deno.test("RESET ends all subscriptions without a word", () =>
  listening(async (subscriber, other) => {
    await subscriber.ask("PSUBSCRIBE *\r\n", confirmed("*", "psubscribe", "*", 2));
    await subscriber.ask("RESET\r\nGET k\r\n", "+RESET\r\n$-1\r\n");
    await other.ask("PUBLISH x y\r\n", ":0\r\n");
  }));

Deno.test("QUIT is answered to a subscriber, too", () =>
  listening(async (subscriber) => {
    await subscriber.send("QUIT\r\n");
    assertEquals(await subscriber.rest(), "+OK\r\n");
  }));

Deno.test("in RESP3 a subscriber may say anything, and what it is sent by itself follows the reply", () =>
  listeningIn3(async (subscriber) => {
    const own = (text: string) => message(">", "message", "x", text);
    await subscriber.ask("PUBLISH x 1\r\nGET k\r\n", `:2\r\n${own("1")}_\r\n`);
    await subscriber.ask("PING\r\n", "+PONG\r\n");
    await subscriber.ask("UNSUBSCRIBE y\r\n", confirmed(">", "unsubscribe", "y", 1));
    await subscriber.send("MULTI\r\nPUBLISH x 2\r\nSET k v\r\nPUBLISH x 3\r\nEXEC\r\nPING\r\n");
    await subscriber.expect("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:2\r\n+OK\r\n:2\r\n");
    await subscriber.expect(`${own("2")}${own("3")}+PONG\r\n`);
    await subscriber.send("CONFIG SET notify-keyspace-events E$\r\n");
    await subscriber.expect("+OK\r\n");
    await subscriber.ask(
      "SUBSCRIBE __keyevent@0__:set\r\nSET k v\r\n",
      confirmed(">", "subscribe", "__keyevent@0__:set", 2) + "+OK\r\n" +
        message(">", "message", "__keyevent@0__:set", "k"),
    );
  }));

Deno.test("what a blocked client is sent by its own command follows the reply", () =>
  listeningIn3(async (subscriber, other) => {
    await subscriber.ask("CONFIG SET notify-keyspace-events El\r\n", "+OK\r\n");
    const channel = "__keyevent@0__:lpop";
    await subscriber.ask(`SUBSCRIBE ${channel}\r\n`, confirmed(">", "subscribe", channel, 2));
    await subscriber.send("BLPOP l 0\r\n");
    // A message of somebody else is not held back meanwhile.
    await other.ask("PUBLISH x early\r\n", ":2\r\n");
    await subscriber.expect(message(">", "message", "x", "early"));
    await other.ask("RPUSH l v\r\n", ":1\r\n");
    await subscriber.expect("*2\r\n$1\r\nl\r\n$1\r\nv\r\n" + message(">", "message", channel, "l"));
  }));

Deno.test("CLIENT REPLY silences neither messages nor confirmations", () =>
  listening(async (_, other, instance) => {
    using quiet = await Wire.connect(instance);
    await quiet.send("CLIENT REPLY OFF\r\nPING\r\nSUBSCRIBE x\r\n");
    await quiet.expect(confirmed("*", "subscribe", "x", 1));
    await other.ask("PUBLISH x 1\r\n", ":2\r\n");
    await quiet.expect(message("*", "message", "x", "1"));
    await quiet.send("UNSUBSCRIBE x\r\nPING\r\nCLIENT REPLY ON\r\n");
    await quiet.expect(confirmed("*", "unsubscribe", "x", 0) + "+OK\r\n");
  }));

Deno.test("shard channels are a world of their own", () =>
  subscribed(
    "SSUBSCRIBE x\r\n",
    confirmed("*", "ssubscribe", "x", 1),
    async (subscriber, other) => {
      await subscriber.ask("SUBSCRIBE x\r\n", confirmed("*", "subscribe", "x", 1));
      await subscriber.ask("PSUBSCRIBE *\r\n", confirmed("*", "psubscribe", "*", 2));
      await other.ask("SPUBLISH x 1\r\n", ":1\r\n");
      await subscriber.expect(message("*", "smessage", "x", "1"));
      await other.ask("PUBLISH x 2\r\n", ":2\r\n");
      await subscriber.expect(message("*", "message", "x", "2"));
      await subscriber.expect(message("*", "pmessage", "*", "x", "2"));
    },
  ));

Deno.test("CLIENT LIST, CLIENT KILL and INFO know subscribers", () =>
  listening(async (subscriber, other) => {
    await subscriber.send("SUBSCRIBE y\r\nPSUBSCRIBE a b\r\nSSUBSCRIBE s t u\r\n");
    for (let lines = 0; lines < 6 * 6; lines++) await subscriber.line();
    await other.send("CLIENT LIST TYPE pubsub\r\n");
    await other.line();
    assertMatch(await other.line(), / flags=P db=0 sub=2 psub=2 ssub=3 /);
    await other.send("INFO stats\r\n");
    const lines: string[] = [];
    do lines.push(await other.line()); while (lines.at(-1) !== "");
    assertEquals(lines.filter((line) => line.startsWith("pubsub")), [
      "pubsub_channels:2",
      "pubsub_patterns:2",
      "pubsubshard_channels:3",
    ]);
    await other.send("INFO clients\r\n");
    while (await other.line() !== "pubsub_clients:1");
    while (await other.line() !== "");
    await other.ask("CLIENT KILL TYPE normal\r\n", ":0\r\n");
    await other.ask("CLIENT KILL TYPE pubsub\r\n", ":1\r\n");
    assertEquals(await subscriber.rest(), "");
  }));

// --- without sockets --------------------------------------------------------------------------------------------

/** A subscriber whose connection keeps what it is given, or takes nothing. */
class Listener {
  readonly session: Session;
  readonly written: Uint8Array[] = [];
  closed = false;
  /** Whether its socket takes nothing any more. */
  isStuck = false;

  constructor(t: TestServer, ...channels: string[]) {
    const { server } = t;
    this.session = server.clients.add({
      read: () => Promise.resolve(null),
      write: (bytes) => {
        if (this.isStuck) return new Promise(() => {});
        this.written.push(bytes);
        return Promise.resolve(bytes.length);
      },
      close: () => this.closed = true,
    }, { remote: "127.0.0.1:50001", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
    for (const channel of channels) {
      server.pubsub.subscribe(this.session, "channel", new TextEncoder().encode(channel));
    }
  }

  get text(): string {
    return this.written.map(decodeLatin1).join("");
  }
}

Deno.test("a message for a thousand subscribers is encoded once for each protocol", async () => {
  await using t = await startTestServer();
  const listeners = Array.from({ length: 1000 }, () => new Listener(t, "x"));
  for (const { session } of listeners.slice(500)) session.protocol = 3;
  assertEquals(await t.run("PUBLISH", "x", "hello"), 1000);
  await waitFor(() => listeners.every(({ written }) => written.length === 1), { what: "messages" });
  assertEquals(listeners[0].text, message("*", "message", "x", "hello"));
  assertEquals(listeners[999].text, message(">", "message", "x", "hello"));
  // Not equal bytes: the same ones.
  for (const { written } of listeners.slice(0, 500)) {
    assertStrictEquals(written[0], listeners[0].written[0]);
  }
  for (const { written } of listeners.slice(500)) {
    assertStrictEquals(written[0], listeners[500].written[0]);
  }
});

Deno.test("all that is published while a batch runs leaves in one write", async () => {
  await using t = await startTestServer();
  const listener = new Listener(t, "x", "y");
  const one = new Listener(t, "x");
  const publish = (channel: string, text: string) =>
    t.server.pubsub.publish(new TextEncoder().encode(channel), new TextEncoder().encode(text));
  publish("x", "1");
  publish("x", "2");
  publish("y", "3");
  publish("x", "4");
  await waitFor(() => one.written.length > 0, { what: "messages" });
  const texts: [string, string][] = [["x", "1"], ["x", "2"], ["y", "3"], ["x", "4"]];
  const bytes = (all: typeof texts) =>
    all.map(([channel, text]) => message("*", "message", channel, text)).join("");
  assertEquals(listener.written.map(decodeLatin1), [bytes(texts)]);
  assertEquals(one.written.map(decodeLatin1), [bytes(texts.filter(([name]) => name === "x"))]);
});

Deno.test("a subscriber that does not read is closed at the hard limit, and holds nobody up", async () => {
  await using t = await startTestServer({ "client-output-buffer-limit": "pubsub 100kb 0 0" });
  const stuck = new Listener(t, "x");
  const other = new Listener(t, "x");
  stuck.isStuck = true;
  const text = "x".repeat(1000);
  let received = 0;
  while (await t.run("PUBLISH", "x", text) === 2) {
    received++;
    assert(received < 200, "never closed");
    const line = stuck.session.describe();
    assertMatch(line, new RegExp(` omem=${Math.max(0, stuck.session.output.pending - 16384)} `));
  }
  assert(stuck.closed);
  assertEquals(other.closed, false);
  assertEquals(received, 100);
  assertEquals(t.server.stats.outputLimitDisconnections, 1);
  await waitFor(() => other.text.length > received * 1000, { what: "all messages" });
});

Deno.test("within one command, too, the hard limit ends what gathers for a subscriber", async () => {
  await using t = await startTestServer({ "client-output-buffer-limit": "pubsub 1mb 0 0" });
  const listener = new Listener(t, "x");
  const text = new Uint8Array(100_000);
  for (let i = 0; i < 20; i++) t.server.pubsub.publish(new TextEncoder().encode("x"), text);
  assert(listener.closed);
  assertEquals(t.server.pubsub.count("channel"), 0);
});

Deno.test("a subscriber above the soft limit is closed when its seconds are over", async () => {
  await using t = await startTestServer({ "client-output-buffer-limit": "pubsub 0 50kb 10" });
  const stuck = new Listener(t, "x");
  stuck.isStuck = true;
  for (let i = 0; i < 60; i++) await t.run("PUBLISH", "x", "x".repeat(1000));
  t.advance(9_000);
  stuck.session.checkOutputLimit();
  assertEquals(stuck.closed, false);
  t.advance(2_000);
  stuck.session.checkOutputLimit();
  assert(stuck.closed);
  assertEquals(await t.run("PUBLISH", "x", "y"), 0);
});

Deno.test("a subscriber's limits are not those of normal clients", async () => {
  await using t = await startTestServer({ "client-output-buffer-limit": "normal 1kb 0 0" });
  const stuck = new Listener(t, "x");
  stuck.isStuck = true;
  for (let i = 0; i < 60; i++) await t.run("PUBLISH", "x", "x".repeat(1000));
  assertEquals(stuck.closed, false);
});

Deno.test("subscribers may be idle for longer than the timeout", async () => {
  await using t = await startTestServer();
  const listener = new Listener(t, "x");
  const idle = new Listener(t);
  t.advance(100_000);
  t.server.clients.closeIdle(t.now, 10);
  assertEquals([listener.closed, idle.closed], [false, true]);
});

Deno.test("subscriptions count in a client's memory", async () => {
  await using t = await startTestServer();
  const listener = new Listener(t, "x");
  const before = listener.session.memory;
  const name = new Uint8Array(1000);
  t.server.pubsub.subscribe(listener.session, "shard", name);
  assert(listener.session.memory >= before + 1000);
  t.server.pubsub.unsubscribe(listener.session, "shard", name);
  assertEquals(listener.session.memory, before);
});

Deno.test("PUBLISH reaches replicas as itself, and is marked as a message", async () => {
  await using t = await startTestServer();
  const seen: string[] = [];
  t.server.effects.listen((_, args, audience) => {
    seen.push(`${args.binary(0)} ${audience === Audience.replicas}`);
  });
  await t.run("PUBLISH", "x", "hello");
  await t.run("SPUBLISH", "x", "hello");
  await t.run("SET", "k", "v");
  await t.run("MULTI");
  await t.run("SET", "k", "v");
  await t.run("PUBLISH", "x", "hello");
  await t.run("EXEC");
  assertEquals(t.effects(), [
    "0: PUBLISH x hello",
    "0: SPUBLISH x hello",
    "0: SET k v",
    "0: SET k v",
    "0: PUBLISH x hello",
  ]);
  assertEquals(seen, [
    "PUBLISH true",
    "SPUBLISH true",
    "SET false",
    "MULTI false",
    "SET false",
    "PUBLISH true",
    "EXEC false",
  ]);
});

Deno.test("key events are listened for only while somebody can hear of them", async () => {
  await using instance = await startServer({ "notify-keyspace-events": "KEA" });
  const { keyEvents, keyspace } = instance.server;
  assert(keyEvents.idle);
  {
    using subscriber = await Wire.connect(instance);
    await subscriber.ask("SUBSCRIBE x\r\n", confirmed("*", "subscribe", "x", 1));
    assertEquals(keyEvents.idle, false);
    assertEquals(keyspace.hooks.missed, undefined);
    using other = await Wire.connect(instance);
    await other.ask("CONFIG SET notify-keyspace-events Em\r\n", "+OK\r\n");
    assert(keyspace.hooks.missed !== undefined);
    await other.ask('CONFIG SET notify-keyspace-events ""\r\n', "+OK\r\n");
    assert(keyEvents.idle);
    await other.ask("CONFIG SET notify-keyspace-events KE$\r\n", "+OK\r\n");
    assertEquals(keyEvents.idle, false);
    await subscriber.ask("UNSUBSCRIBE\r\n", confirmed("*", "unsubscribe", "x", 0));
    assert(keyEvents.idle);
    // A shard channel hears of no keys.
    await subscriber.ask("SSUBSCRIBE x\r\n", confirmed("*", "ssubscribe", "x", 1));
    assert(keyEvents.idle);
  }
  await allGone(instance);
});

Deno.test("keys and fields that expire are told of", async () => {
  await using t = await startTestServer({ "notify-keyspace-events": "Exgh" });
  const listener = new Listener(t);
  t.server.pubsub.subscribe(listener.session, "pattern", new TextEncoder().encode("__key*"));
  const heard = async () => {
    await Promise.resolve();
    await Promise.resolve();
    return listener.text.match(/@0__:\w+\r\n\$\d+\r\n\w+/g)?.map((each) =>
      each.replace(/@0__:(\w+)\s+\$\d+\s+(\w+)/, "$1 $2")
    ) ?? [];
  };
  await t.line("SET k v PX 100");
  await t.line("HSET h f v g w");
  await t.line("HPEXPIRE h 100 FIELDS 1 f");
  t.advance(101);
  await t.line("GET k");
  await t.line("HGET h f");
  while (t.server.fieldExpiry.run(1));
  await t.line("HPEXPIRE h 100 FIELDS 1 g");
  t.advance(101);
  while (t.server.fieldExpiry.run(1));
  assertEquals(await heard(), [
    "expire k",
    "hset h",
    "hexpire h",
    "expired k",
    "hexpired h",
    "hexpire h",
    "hexpired h",
    "del h",
  ]);
});
