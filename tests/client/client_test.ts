/**
 * CoolClient against a scripted server.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  ConnectionError,
  type ConnectOptions,
  CoolClient,
  type Reply,
  ReplyError,
} from "../../client/mod.ts";
import { request, ScriptedServer } from "./scripted_server.ts";

/** A RESP2 client, which has nothing to say on connecting, and its server. */
async function connect(
  options: ConnectOptions = { protocol: 2 },
): Promise<AsyncDisposable & { client: CoolClient; server: ScriptedServer }> {
  const server = new ScriptedServer();
  const [client] = await Promise.all([
    CoolClient.connect({ ...options, port: server.port }),
    server.accept(),
  ]);
  return {
    client,
    server,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test("CoolClient sends commands of one tick in one write and matches replies by order", async () => {
  await using pair = await connect();
  const replies = Promise.all([
    pair.client.command("SET", "k", 1.5),
    pair.client.command("GET", "k"),
    pair.client.command("STRLEN", new Uint8Array([107])),
  ]);
  assertEquals(
    await pair.server.read(),
    request("SET", "k", "1.5") + request("GET", "k") + request("STRLEN", "k"),
  );
  await pair.server.write("+OK\r\n$3\r\n1.5\r\n:3\r\n");
  assertEquals(await replies, ["OK", "1.5", 3]);
});

Deno.test("CoolClient makes plain values of RESP3 replies", async () => {
  await using pair = await connect();
  const ask = async (wire: string): Promise<Reply> => {
    const reply = pair.client.command("X");
    await pair.server.read();
    await pair.server.write(wire);
    return await reply;
  };
  assertEquals(await ask("%1\r\n+a\r\n*1\r\n:1\r\n"), new Map<Reply, Reply>([["a", [1]]]));
  assertEquals(await ask("~2\r\n+a\r\n+b\r\n"), new Set<Reply>(["a", "b"]));
  assertEquals(await ask(",-inf\r\n"), -Infinity);
  assertEquals(await ask(",nan\r\n"), NaN);
  assertEquals(await ask(",0.5\r\n"), 0.5);
  assertEquals(await ask("(123456789012345678901\r\n"), 123456789012345678901n);
  assertEquals(await ask(":9223372036854775807\r\n"), 9223372036854775807n);
  assertEquals(await ask("=6\r\ntxt:hi\r\n"), "hi");
  assertEquals(await ask("$2\r\n\xc3\xa4\r\n"), "ä");
  assertEquals(await ask("#t\r\n"), true);
  assertEquals(await ask("_\r\n"), null);
});

Deno.test("CoolClient keeps bulk strings as bytes where that is asked for", async () => {
  await using pair = await connect({ protocol: 2, strings: "bytes" });
  const reply = pair.client.command("GET", "k");
  await pair.server.read();
  await pair.server.write("$3\r\na\xff\0\r\n");
  assertEquals(await reply, new Uint8Array([97, 255, 0]));
});

Deno.test("CoolClient rejects with a ReplyError that has the code, and lives on", async () => {
  await using pair = await connect();
  const refused = assertRejects(
    () => pair.client.command("INCR", "k"),
    ReplyError,
    "not an integer",
  );
  const answered = pair.client.command("PING");
  await pair.server.read();
  await pair.server.write("-ERR value is not an integer\r\n+PONG\r\n");
  assertEquals((await refused).code, "ERR");
  assertEquals(await answered, "PONG");
});

Deno.test("CoolClient's pipeline answers refusals in their places", async () => {
  await using pair = await connect();
  const replies = pair.client.pipeline([["PING"], ["BAD"], ["PING"]]);
  await pair.server.read();
  await pair.server.write("+1\r\n-NOPE bad\r\n+3\r\n");
  const [first, second, third] = await replies;
  assertEquals([first, third], ["1", "3"]);
  assertInstanceOf(second, ReplyError);
  assertEquals(second.code, "NOPE");
});

Deno.test("CoolClient greets with HELLO, login, name and database in one write", async () => {
  await using server = new ScriptedServer();
  const connecting = CoolClient.connect({
    port: server.port,
    username: "u",
    password: "p",
    name: "me",
    database: 3,
  });
  await server.accept();
  assertEquals(
    await server.read(),
    request("HELLO", "3", "AUTH", "u", "p", "SETNAME", "me") + request("SELECT", "3"),
  );
  await server.write("%0\r\n+OK\r\n");
  await using client = await connecting;
  assert(!client.closed);
});

Deno.test("CoolClient refuses to connect when the login is refused", async () => {
  await using server = new ScriptedServer();
  const connecting = assertRejects(
    () => CoolClient.connect({ port: server.port, password: "p" }),
    ReplyError,
    "WRONGPASS",
  );
  await server.accept();
  await server.read();
  await server.write("-WRONGPASS invalid\r\n");
  await connecting;
});

Deno.test("CoolClient says why it cannot connect", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assertRejects(
    () => CoolClient.connect({ port }),
    ConnectionError,
    "Connection refused",
  );
});

Deno.test("CoolClient rejects what is under way when the server hangs up, and all that follows", async () => {
  await using pair = await connect();
  const first = assertRejects(() => pair.client.command("A"), ConnectionError, "Server closed");
  const second = assertRejects(() => pair.client.command("B"), ConnectionError, "Server closed");
  await pair.server.read();
  pair.server.hangUp();
  await first;
  await second;
  await assertRejects(() => pair.client.command("C"), ConnectionError, "Server closed");
  assert(pair.client.closed);
});

Deno.test("CoolClient rejects what is under way when it is closed", async () => {
  await using pair = await connect();
  const reply = assertRejects(() => pair.client.command("A"), ConnectionError, "was closed");
  await pair.server.read();
  await pair.client.close();
  await reply;
});

Deno.test("CoolClient ends a connection whose bytes are no replies", async () => {
  await using pair = await connect();
  const reply = assertRejects(() => pair.client.command("A"), ConnectionError, "no type of RESP");
  await pair.server.read();
  await pair.server.write("HTTP/1.1 400 Bad Request\r\n");
  await reply;
  assert(pair.client.closed);
});

Deno.test("CoolClient keeps pushes apart from replies", async () => {
  await using pair = await connect();
  const pushes: Reply[] = [];
  pair.client.onPush = (message) => pushes.push(message);
  const reply = pair.client.command("GET", "k");
  await pair.server.read();
  await pair.server.write(">2\r\n+invalidate\r\n*1\r\n+k\r\n$1\r\nv\r\n>2\r\n+a\r\n+b\r\n");
  assertEquals(await reply, "v");
  assertEquals(pushes[0], ["invalidate", ["k"]]);
});

for (const [protocol, sign] of [[2, "*"], [3, ">"]] as const) {
  Deno.test(`CoolClient subscribes in RESP${protocol}: the last confirmation is the reply`, async () => {
    await using pair = await connect();
    const pushes: Reply[] = [];
    pair.client.onPush = (message) => pushes.push(message);
    const subscribed = pair.client.command("SUBSCRIBE", "a", "b");
    await pair.server.read();
    await pair.server.write(`${sign}3\r\n+subscribe\r\n+a\r\n:1\r\n`);
    await pair.server.write(`${sign}3\r\n+message\r\n+a\r\n+early\r\n`);
    await pair.server.write(`${sign}3\r\n+subscribe\r\n+b\r\n:2\r\n`);
    assertEquals(await subscribed, ["subscribe", "b", 2]);

    const pong = pair.client.command("PING");
    await pair.server.read();
    await pair.server.write(`${sign}3\r\n+message\r\n+a\r\n+text\r\n+PONG\r\n`);
    assertEquals(await pong, "PONG");
    assertEquals(pushes, [
      ["subscribe", "a", 1],
      ["message", "a", "early"],
      ["subscribe", "b", 2],
      ["message", "a", "text"],
    ]);
  });
}

Deno.test("CoolClient takes an array that looks like a message for a reply when nothing is subscribed", async () => {
  await using pair = await connect();
  const left = pair.client.command("UNSUBSCRIBE", "a");
  const list = pair.client.command("LRANGE", "l", 0, -1);
  await pair.server.read();
  await pair.server.write(
    "*3\r\n+unsubscribe\r\n+a\r\n:0\r\n*3\r\n+message\r\n+x\r\n+y\r\n",
  );
  assertEquals(await left, ["unsubscribe", "a", 0]);
  assertEquals(await list, ["message", "x", "y"]);
});
