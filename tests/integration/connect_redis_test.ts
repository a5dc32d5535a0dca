/**
 * npm's express-session with connect-redis: web servers that keep their users' sessions in coolcache.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createClient } from "redis";
import { allGone, startServer } from "../server/wire.ts";

/** What the pages below keep of a user. */
interface UserSession {
  visits?: number;
  destroy(done: (error?: unknown) => void): void;
}

/** A web server whose pages count the visits of each user. */
async function startWebServer(store: RedisStore): Promise<{ server: Server; url: string }> {
  const withSession = session({
    store,
    secret: "of the test",
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 60_000 },
  });
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    withSession(request, response, (error?: unknown) => {
      if (error) return void response.writeHead(500).end(String(error));
      const user = (request as unknown as { session: UserSession }).session;
      if (request.url === "/leave") {
        user.destroy((error) => response.end(error ? String(error) : "bye"));
        return;
      }
      if (request.url !== "/look") user.visits = (user.visits ?? 0) + 1;
      response.end(`visit ${user.visits ?? 0}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return { server, url: `http://127.0.0.1:${address.port}` };
}

/** A browser as far as cookies go. */
class Browser {
  #cookie: string | undefined;

  async open(url: string): Promise<string> {
    const headers = this.#cookie === undefined ? {} : { cookie: this.#cookie };
    const response = await fetch(url, { headers: { ...headers, connection: "close" } });
    this.#cookie = response.headers.get("set-cookie")?.split(";")[0] ?? this.#cookie;
    return await response.text();
  }
}

async function connect(port: number) {
  return await createClient({ socket: { host: "127.0.0.1", port } }).connect();
}

/** Runs a test with a store of sessions whose entries last for `ttl` seconds. */
async function withStore(
  run: (store: RedisStore, client: Awaited<ReturnType<typeof connect>>) => Promise<void>,
  ttl = 60,
): Promise<void> {
  await using instance = await startServer();
  const client = await connect(instance.port);
  try {
    await run(new RedisStore({ client, prefix: "session:", ttl }), client);
  } finally {
    await client.close();
  }
  await allGone(instance);
}

Deno.test({
  name: "express-session's users are known to all web servers that share a connect-redis store",
  // The timers of node:http's connections end a little later than the test.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withStore(async (store, client) => {
      const servers = [await startWebServer(store), await startWebServer(store)];
      try {
        const [left, right] = servers.map(({ url }) => url);
        const anna = new Browser();
        const bert = new Browser();
        assertEquals(await anna.open(left), "visit 1");
        assertEquals(await anna.open(right), "visit 2");
        assertEquals(await bert.open(right), "visit 1");
        assertEquals(await anna.open(left), "visit 3");
        assertEquals((await client.keys("session:*")).length, 2);
        for (const key of await client.keys("session:*")) {
          const ttl = await client.pTTL(key);
          assert(ttl > 50_000 && ttl <= 60_000, `${ttl}`);
        }

        // Only looking renews a session, too.
        const [key] = await client.keys("session:*");
        await client.expire(key, 5);
        await anna.open(`${left}/look`);
        await bert.open(`${left}/look`);
        assert(await client.ttl(key) > 50);

        assertEquals(await anna.open(`${right}/leave`), "bye");
        assertEquals((await client.keys("session:*")).length, 1);
        assertEquals(await anna.open(left), "visit 1");
        assertEquals(await bert.open(left), "visit 2");
      } finally {
        for (const { server } of servers) {
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        }
      }
    }),
});

Deno.test("connect-redis sets, gets, touches, counts and destroys sessions", () =>
  withStore(async (store, client) => {
    const data = (visits: number) => ({ cookie: { originalMaxAge: null }, visits }) as never;
    for (let i = 0; i < 250; i++) await store.set(`user${i}`, data(i));
    assertEquals(await store.get("user7"), data(7));
    assertEquals(await store.get("nobody"), null);
    assertEquals(await client.ttl("session:user7"), 60);
    assertEquals(await store.length(), 250);
    assertEquals((await store.ids()).length, 250);
    assertEquals((await store.all()).length, 250);
    await client.expire("session:user7", 10);
    await store.touch("user7", data(7));
    assertEquals(await client.ttl("session:user7"), 60);
    await store.destroy("user7");
    assertEquals(await store.get("user7"), null);
    await store.clear();
    assertEquals(await store.length(), 0);
  }));
