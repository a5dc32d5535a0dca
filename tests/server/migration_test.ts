/**
 * MIGRATE to servers that answer late, wrongly or not at all, and what other clients see of it meanwhile.
 *
 * The target is played by the test, which decides when it answers what.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CoolCache } from "../../server/coolcache.ts";
import { RawConnection } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";
import { startServer } from "./wire.ts";

/** What is sent back; after last words the connection is closed. */
type Answer = string | { readonly lastWords: string };

/** A target that answers each connection's requests, whole chunks at a time, as the test says. */
class Target implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #served: Promise<void>;
  /** What has come, by connection. */
  readonly received: string[] = [];

  /** `answer` is given what has come on a connection that far, and which connection it is. */
  constructor(answer: (text: string, connection: number) => Promise<Answer>) {
    this.#served = this.#serve(answer);
  }

  get port(): string {
    return String(this.#listener.addr.port);
  }

  async #serve(
    answer: (text: string, connection: number) => Promise<Answer>,
  ): Promise<void> {
    const work: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      work.push(this.#converse(connection, answer));
    }
    await Promise.all(work);
  }

  async #converse(
    connection: Deno.Conn,
    answer: (text: string, connection: number) => Promise<Answer>,
  ): Promise<void> {
    const index = this.received.push("") - 1;
    const chunk = new Uint8Array(65536);
    try {
      for (;;) {
        const count = await connection.read(chunk);
        if (count === null) break;
        this.received[index] += new TextDecoder("latin1").decode(chunk.subarray(0, count));
        const reply = await answer(this.received[index], index);
        const text = typeof reply === "string" ? reply : reply.lastWords;
        if (text !== "") await connection.write(new TextEncoder().encode(text));
        if (typeof reply !== "string") break;
      }
    } catch (error) {
      // The other side may break it off at any time.
      const isOver = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted;
      if (!isOver) throw error;
    }
    this.#end(connection);
  }

  #end(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) this.#end(connection);
    await this.#served;
  }
}

/** Something that the test lets happen. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

function connect(instance: CoolCache): Promise<RawConnection> {
  return RawConnection.connect({ port: instance.port });
}

/** The replies to a pipeline of SELECT and RESTOREs. */
const accepting = (keys: number) => () => Promise.resolve("+OK\r\n".repeat(keys + 1));

Deno.test("MIGRATE gives up a target that is silent, and keeps its keys", async () => {
  await using source = await startServer();
  await using target = new Target(() =>
    new Promise<string>((resolve) => setTimeout(resolve, 300, ""))
  );
  using client = await connect(source);
  await client.line("SET", "k", "v");
  const started = performance.now();
  assertEquals(
    await client.line("MIGRATE", "127.0.0.1", target.port, "k", "0", "100"),
    "-IOERR error or timeout reading to target instance",
  );
  assert(performance.now() - started >= 99);
  assertEquals(target.received.length, 1, "a timeout is not tried again");
  assertEquals(await client.text("GET", "k"), "v");
  assertStringIncludes(await client.text("INFO", "stats"), "migrate_cached_sockets:0");
});

Deno.test("MIGRATE tries once more when the target hangs up before it answers", async () => {
  await using source = await startServer();
  await using target = new Target((_, connection) =>
    Promise.resolve(connection === 0 ? { lastWords: "" } : "+OK\r\n+OK\r\n")
  );
  using client = await connect(source);
  await client.line("SET", "k", "v");
  assertEquals(await client.line("MIGRATE", "127.0.0.1", target.port, "k", "0", "5000"), "+OK");
  assertEquals(target.received.length, 2);
  assertEquals(target.received[1], target.received[0]);
  assertEquals(await client.line("EXISTS", "k"), ":0");
  assertStringIncludes(await client.text("INFO", "stats"), "migrate_cached_sockets:1");
});

Deno.test("MIGRATE deletes what has arrived when the target dies in between, and does not repeat itself", async () => {
  await using source = await startServer();
  await using target = new Target(() => Promise.resolve({ lastWords: "+OK\r\n+OK\r\n" }));
  using client = await connect(source);
  await client.line("MSET", "a", "1", "b", "2");
  const reply = client.line(
    ...["MIGRATE", "127.0.0.1", target.port, "", "0", "2000", "KEYS", "a", "b"],
  );
  assertEquals(await reply, "-IOERR error or timeout reading to target instance");
  assertEquals(target.received.length, 1);
  assertEquals(await client.line("EXISTS", "a"), ":0");
  assertEquals(await client.text("GET", "b"), "2");
});

Deno.test("MIGRATE tells of a refusal, not of the connection that breaks after it", async () => {
  await using source = await startServer();
  await using target = new Target(() => Promise.resolve({ lastWords: "+OK\r\n-BUSYKEY no\r\n" }));
  using client = await connect(source);
  await client.line("MSET", "a", "1", "b", "2");
  assertEquals(
    await client.line("MIGRATE", "127.0.0.1", target.port, "", "0", "2000", "KEYS", "a", "b"),
    "-ERR Target instance replied with error: BUSYKEY no",
  );
  assertEquals(target.received.length, 1);
  assertEquals(await client.line("EXISTS", "a", "b"), ":2");
});

Deno.test("MIGRATE uses a connection again, and selects only what is not selected", async () => {
  await using source = await startServer();
  await using target = new Target((text) =>
    Promise.resolve(
      text.split("SELECT").length === 2 && text.split("RESTORE").length === 3
        ? "+OK\r\n"
        : "+OK\r\n+OK\r\n",
    )
  );
  using client = await connect(source);
  await client.line("MSET", "a", "1", "b", "2", "c", "3");
  for (const [key, database] of [["a", "5"], ["b", "5"], ["c", "6"]]) {
    const reply = client.line("MIGRATE", "127.0.0.1", target.port, key, database, "1000");
    assertEquals(await reply, "+OK");
  }
  assertEquals(target.received.length, 1);
  assertEquals(
    [...target.received[0].matchAll(/SELECT\r\n\$1\r\n(\d)|RESTORE\r\n\$1\r\n(.)/g)]
      .map(([, database, key]) => database ?? key),
    ["5", "a", "b", "6", "c"],
  );
});

Deno.test("while MIGRATE waits others read, and write when the keys have gone", async () => {
  await using source = await startServer();
  const arrived = gate();
  const answered = gate();
  await using target = new Target(async () => {
    arrived.open();
    await answered.opened;
    return "+OK\r\n+OK\r\n";
  });
  using client = await connect(source);
  using writer = await connect(source);
  using reader = await connect(source);
  await client.line("SET", "k", "1");
  const migrated = client.line("MIGRATE", "127.0.0.1", target.port, "k", "0", "5000");
  await arrived.opened;
  const written = writer.line("INCRBY", "k", "10");
  const counted = reader.text("GET", "k");
  assertEquals(await counted, "1");
  await waitFor(() => source.server.clients.list({}).some((each) => each.isPostponed), {
    what: "the writer to wait",
  });
  assertEquals(await reader.text("GET", "k"), "1");
  answered.open();
  assertEquals(await migrated, "+OK");
  // What it adds to is what is left here: nothing.
  assertEquals(await written, ":10");
});

Deno.test("a transaction with MIGRATE is one for everybody, however long the target takes", async () => {
  await using source = await startServer();
  const arrived = gate();
  const answered = gate();
  await using target = new Target(async () => {
    arrived.open();
    await answered.opened;
    return "+OK\r\n+OK\r\n";
  });
  using client = await connect(source);
  using reader = await connect(source);
  await client.line("SET", "k", "1");
  await client.line("MULTI");
  await client.line("SET", "state", "begun");
  await client.line("MIGRATE", "127.0.0.1", target.port, "k", "0", "5000");
  await client.line("SET", "state", "ended");
  await client.line("EXISTS", "k");
  const executed = client.send(["EXEC"]);
  await arrived.opened;
  let isRead = false;
  const read = reader.text("GET", "state").then((text) => {
    isRead = true;
    return text;
  });
  await waitFor(() => source.server.clients.list({}).some((each) => each.isPostponed), {
    what: "the reader to wait",
  });
  assert(!isRead);
  answered.open();
  assertEquals(
    new TextDecoder().decode(await executed),
    "*4\r\n+OK\r\n+OK\r\n+OK\r\n:0\r\n",
  );
  assertEquals(await read, "ended");
  assertEquals(await reader.line("SET", "state", "free"), "+OK");
});

Deno.test("what MIGRATE deletes leaves as one DEL, with COPY nothing does", async () => {
  await using source = await startServer();
  await using target = new Target(accepting(2));
  const effects: string[] = [];
  source.server.effects.listen((database, args) =>
    effects.push(
      [database, ...Array.from({ length: args.count }, (_, i) => args.binary(i))].join(" "),
    )
  );
  using client = await connect(source);
  await client.line("SELECT", "2");
  await client.line("MSET", "a", "1", "b", "2");
  effects.length = 0;
  const request = ["MIGRATE", "127.0.0.1", target.port, "", "0", "1000"];
  assertEquals(await client.line(...request, "COPY", "KEYS", "a", "x", "b"), "+OK");
  assertEquals(effects, []);
  await using other = new Target(accepting(2));
  request[2] = other.port;
  assertEquals(await client.line(...request, "KEYS", "a", "x", "b"), "+OK");
  assertEquals(effects, ["2 DEL a b"]);
});

Deno.test("a wait for a key that MIGRATE takes away ends at once", async () => {
  await using source = await startServer();
  await using target = new Target(accepting(1));
  using client = await connect(source);
  using consumer = await connect(source);
  await client.line("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
  const read = consumer.line("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">");
  await waitFor(() => source.server.blocking.clients === 1, { what: "the consumer to wait" });
  assertEquals(await client.line("MIGRATE", "127.0.0.1", target.port, "s", "0", "1000"), "+OK");
  assertStringIncludes(await read, "-NOGROUP");
});

Deno.test("a transaction that watches a key fails when MIGRATE has taken it away", async () => {
  await using source = await startServer();
  await using target = new Target(accepting(1));
  using client = await connect(source);
  using watcher = await connect(source);
  await client.line("SET", "k", "1");
  await watcher.line("WATCH", "k");
  await watcher.line("MULTI");
  await watcher.line("PING");
  assertEquals(await client.line("MIGRATE", "127.0.0.1", target.port, "k", "0", "1000"), "+OK");
  assertEquals(await watcher.line("EXEC"), "*-1");
});

Deno.test("scripts cannot MIGRATE what is there", async () => {
  await using source = await startServer();
  using client = await connect(source);
  await client.line("SET", "k", "1");
  const script = "return redis.call('MIGRATE', '127.0.0.1', '1', KEYS[1], '0', '100')";
  assertStringIncludes(
    await client.line("EVAL", script, "1", "k"),
    "-ERR MIGRATE cannot wait within a script",
  );
  assertEquals(await client.line("EVAL", script, "1", "none"), "+NOKEY");
});
