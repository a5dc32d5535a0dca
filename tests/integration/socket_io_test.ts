/**
 * npm's socket.io with @socket.io/redis-adapter: two servers that are one to their users, because what one of them says
 * reaches the users of the other through coolcache.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import { createServer, type Server as HttpServer } from "node:http";
import { Server as SocketServer } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { allGone, startServer } from "../server/wire.ts";
import { waitFor } from "../support/wait.ts";

type AdapterMaker = typeof createAdapter | typeof createShardedAdapter;

/** One of several servers that share a coolcache. */
class Node {
  readonly sockets: SocketServer;
  readonly #http: HttpServer;
  readonly #clients: Redis[];
  readonly #users: Socket[] = [];

  constructor(port: number, prepare: (io: SocketServer) => void, createFor: AdapterMaker) {
    this.#http = createServer();
    const publisher = new Redis({ host: "127.0.0.1", port });
    const subscriber = publisher.duplicate();
    this.#clients = [publisher, subscriber];
    this.sockets = new SocketServer(this.#http, {
      adapter: createFor(publisher, subscriber),
    });
    prepare(this.sockets);
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    await Promise.all(
      this.#clients.map((client) =>
        waitFor(() => client.status === "ready", { what: "a connection to coolcache" })
      ),
    );
  }

  /** A user that is connected to this server. */
  async connect(): Promise<Socket> {
    const address = this.#http.address();
    if (address === null || typeof address === "string") throw new Error("not listening");
    const user = io(`http://127.0.0.1:${address.port}`, { transports: ["websocket"] });
    this.#users.push(user);
    await waitFor(() => user.connected, { what: "a user's connection" });
    return user;
  }

  async close(): Promise<void> {
    for (const user of this.#users) user.disconnect();
    await this.sockets.close();
    await Promise.all(this.#clients.map((client) => client.quit()));
  }
}

/** Two servers with such adapters do together what one alone does. */
async function test(createFor: AdapterMaker): Promise<void> {
  await using instance = await startServer();
  const prepare = (sockets: SocketServer) => {
    sockets.on("connection", (socket) => {
      socket.on("join", (room: string, joined: () => void) => {
        socket.join(room);
        joined();
      });
      socket.on("say", (room: string, text: string) => socket.to(room).emit("said", text));
    });
    sockets.on("add", (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
  };
  const nodes = [
    new Node(instance.port, prepare, createFor),
    new Node(instance.port, prepare, createFor),
  ];
  try {
    for (const node of nodes) await node.listen();
    const [left, right] = nodes;
    const [anna, bert] = [await left.connect(), await right.connect()];
    const heard: Record<string, string[]> = { anna: [], bert: [] };
    anna.on("said", (text: string) => heard.anna.push(text));
    bert.on("said", (text: string) => heard.bert.push(text));
    await anna.emitWithAck("join", "room");
    await bert.emitWithAck("join", "room");

    // A user of one server speaks to a user of the other.
    anna.emit("say", "room", "hello");
    await waitFor(() => heard.bert.length === 1, { what: "Anna's words" });
    bert.emit("say", "room", "hello yourself");
    await waitFor(() => heard.anna.length === 1, { what: "Bert's words" });
    assertEquals(heard, { anna: ["hello yourself"], bert: ["hello"] });

    // A server speaks to everybody.
    right.sockets.emit("said", "to all");
    await waitFor(() => heard.anna.length === 2 && heard.bert.length === 2, { what: "all" });

    // Servers ask each other: who is there, and what do you say?
    const all = await left.sockets.fetchSockets();
    assertEquals(new Set(all.map(({ id }) => id)), new Set([anna.id, bert.id]));
    assertEquals(await left.sockets.serverSideEmitWithAck("add", 2, 3), [5]);

    // One server acts on the users of the other.
    left.sockets.in("room").socketsLeave("room");
    await waitFor(async () => (await right.sockets.in("room").fetchSockets()).length === 0, {
      what: "an empty room",
    });
    left.sockets.disconnectSockets();
    await waitFor(() => !anna.connected && !bert.connected, { what: "the end" });
  } finally {
    for (const node of nodes) await node.close();
  }
  await allGone(instance);
  assertEquals(instance.server.pubsub.names("channel"), []);
  assertEquals(instance.server.pubsub.names("pattern"), []);
  assertEquals(instance.server.pubsub.names("shard"), []);
}

for (
  const [name, createFor] of Object.entries({
    "SUBSCRIBE and PSUBSCRIBE": createAdapter,
    "SSUBSCRIBE": createShardedAdapter,
  })
) {
  Deno.test({
    name: `socket.io's servers are one through @socket.io/redis-adapter with ${name}`,
    // The npm packages leave timers of their own behind for a moment.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => test(createFor),
  });
}
