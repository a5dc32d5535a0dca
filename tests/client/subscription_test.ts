import { assertEquals, assertRejects } from "@std/assert";
import { CoolClient, type Message, type Reply } from "../../client/mod.ts";
import { ConnectionError, ReplyError } from "../../client/errors.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { waitFor } from "../support/wait.ts";

/** The next messages. */
async function take(
  messages: AsyncIterator<Message<Reply>>,
  count: number,
): Promise<Message<Reply>[]> {
  const taken: Message<Reply>[] = [];
  while (taken.length < count) taken.push((await messages.next()).value);
  return taken;
}

for (const protocol of [2, 3] as const) {
  Deno.test(`CoolClient's subscriptions are streams of messages in RESP${protocol}`, async () => {
    await using server = await CoolCache.start({ port: 0 });
    await using client = await CoolClient.connect({ port: server.port, protocol });
    await using publisher = await CoolClient.connect({ port: server.port });
    await using news = await client.subscribe("news", "weather");
    await using patterns = await client.psubscribe("n*");
    await using shard = await client.ssubscribe("news");
    await publisher.pipeline([
      ["PUBLISH", "news", "one"],
      ["PUBLISH", "weather", "rain"],
      ["SPUBLISH", "news", "shard"],
      ["PUBLISH", "news", "two"],
    ]);
    assertEquals(await take(news, 3), [
      { channel: "news", message: "one" },
      { channel: "weather", message: "rain" },
      { channel: "news", message: "two" },
    ]);
    assertEquals(await take(patterns, 2), [
      { channel: "news", message: "one", pattern: "n*" },
      { channel: "news", message: "two", pattern: "n*" },
    ]);
    assertEquals(await take(shard, 1), [{ channel: "news", message: "shard" }]);
  });
}

Deno.test("leaving the loop over a subscription unsubscribes, unless another one goes on", async () => {
  await using server = await CoolCache.start({ port: 0 });
  await using client = await CoolClient.connect({ port: server.port });
  const listeners = () => client.command("PUBSUB", "NUMSUB", "x", "y");
  const both = await client.subscribe("x", "y");
  const one = await client.subscribe("x");
  await client.command("PUBLISH", "x", "1");
  for await (const { message } of both) {
    assertEquals(message, "1");
    break;
  }
  assertEquals(await listeners(), ["x", 1, "y", 0]);
  assertEquals(await both.next(), { done: true, value: undefined });
  assertEquals((await one.next()).value, { channel: "x", message: "1" });
  const waiting = one.next();
  await one[Symbol.asyncDispose]();
  assertEquals(await waiting, { done: true, value: undefined });
  assertEquals(await listeners(), ["x", 0, "y", 0]);
});

Deno.test("messages may be bytes, and reach onPush as well", async () => {
  await using server = await CoolCache.start({ port: 0 });
  const pushed: Reply[] = [];
  await using client = await CoolClient.connect({
    port: server.port,
    strings: "bytes",
    onPush: (message) => pushed.push(message),
  });
  await using messages = await client.subscribe("käse");
  await client.command("PUBLISH", "käse", Uint8Array.of(0, 255));
  assertEquals((await messages.next()).value, { channel: "käse", message: Uint8Array.of(0, 255) });
  assertEquals(pushed.length, 2);
});

Deno.test("a subscription that the server refuses is none", async () => {
  await using server = await CoolCache.start({ port: 0, directives: { requirepass: "secret" } });
  await using client = await CoolClient.connect({ port: server.port, protocol: 2 });
  await assertRejects(() => client.subscribe("x"), ReplyError, "NOAUTH");
  await assertRejects(() => client.subscribe(), TypeError);
  await client.command("AUTH", "secret");
  await using messages = await client.subscribe("x");
  assertEquals(server.server.pubsub.publish(new TextEncoder().encode("x"), new Uint8Array(0)), 1);
  assertEquals((await messages.next()).value, { channel: "x", message: "" });
});

Deno.test("a subscription ends with its connection", async () => {
  await using server = await CoolCache.start({ port: 0 });
  await using client = await CoolClient.connect({ port: server.port });
  const messages = await client.subscribe("x");
  await client.command("PUBLISH", "x", "last");
  const [session] = server.server.clients;
  session.close();
  await waitFor(() => client.closed, { what: "the end" });
  assertEquals((await messages.next()).value, { channel: "x", message: "last" });
  await assertRejects(() => messages.next(), ConnectionError);
  await messages[Symbol.asyncDispose]();
});

Deno.test("in RESP2 channels go on when the last shard channel is left", async () => {
  await using server = await CoolCache.start({ port: 0 });
  await using client = await CoolClient.connect({ port: server.port, protocol: 2 });
  await using publisher = await CoolClient.connect({ port: server.port });
  await using messages = await client.subscribe("x");
  const shard = await client.ssubscribe("s");
  await shard.return();
  const pong = client.command("PING");
  await publisher.command("PUBLISH", "x", "still");
  assertEquals(await pong, ["pong", ""]);
  assertEquals((await messages.next()).value, { channel: "x", message: "still" });
});
