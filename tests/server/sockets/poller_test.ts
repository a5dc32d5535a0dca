import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { CoolCache } from "../../../server/coolcache.ts";
import type { PolledSocket } from "../../../server/sockets/polled_socket.ts";
import { SocketPoller } from "../../../server/sockets/poller.ts";
import { encodeCommand } from "../../support/raw_connection.ts";
import { pause, waitFor } from "../../support/wait.ts";
import { allGone, Wire } from "../wire.ts";

const isLinux = Deno.build.os === "linux";
/** Longer than a poller waits itself, in ms. */
const UNTIL_ASLEEP = 150;

function startPolled(directives: Record<string, string> = {}): Promise<CoolCache> {
  return CoolCache.start({ port: 0, hostname: "127.0.0.1", directives, pollSockets: true });
}

function pollerTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !isLinux, fn });
}

/** Some work beside the sockets: none. */
const NO_WORK = {
  othersFirst: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
  isUrgent: false,
};

/** What a socket delivers, and how it ended. */
class Inbox {
  readonly #room = new Uint8Array(100);
  readonly #bytes: number[] = [];
  ended: "well" | "badly" | undefined;
  /** What it answers to whatever comes. */
  patience: Promise<void> | undefined;

  constructor(socket: PolledSocket) {
    socket.deliver(this).then(() => this.ended = "well", () => this.ended = "badly");
  }

  room(): Uint8Array {
    return this.#room;
  }

  receive(count: number): void | Promise<void> {
    this.#bytes.push(...this.#room.subarray(0, count));
    return this.patience;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Waits until so many bytes have come, and takes them. */
  async take(count: number): Promise<number[]> {
    await waitFor(() => this.#bytes.length >= count, { what: `${count} bytes` });
    return this.#bytes.splice(0, count);
  }

  async hasEnded(how: "well" | "badly"): Promise<void> {
    await waitFor(() => this.ended !== undefined, { what: "the end" });
    assertEquals(this.ended, how);
  }
}

Deno.test({
  name: "without the permission ffi there is no poller, and nobody is asked for it",
  permissions: { ffi: false },
  fn() {
    assertEquals(SocketPoller.open(NO_WORK), undefined);
  },
});

pollerTest("a poller takes over connections that Deno has accepted", async () => {
  const poller = SocketPoller.open(NO_WORK)!;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const accepted = await listener.accept();
  const socket = poller.adopt(accepted)!;
  // Nobody can have it twice.
  assertEquals(poller.adopt(accepted), undefined);
  const inbox = new Inbox(socket);
  await client.write(new Uint8Array([1, 2, 3]));
  assertEquals(await inbox.take(3), [1, 2, 3]);
  assertEquals(socket.write(new Uint8Array([4, 5])), 2);
  const into = new Uint8Array(10);
  assertEquals(await client.read(into), 2);
  assertEquals([...into.subarray(0, 2)], [4, 5]);
  await client.closeWrite();
  await inbox.hasEnded("well");
  socket.close();
  await assertRejects(async () => void await socket.write(into), Deno.errors.BrokenPipe);
  assertEquals(await client.read(into), null);
  await poller.close();
});

pollerTest("data and the end that come together are both delivered", async () => {
  const poller = SocketPoller.open(NO_WORK)!;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const accepted = await listener.accept();
  await client.write(new Uint8Array(5));
  client.close();
  const socket = poller.adopt(accepted)!;
  const inbox = new Inbox(socket);
  await inbox.hasEnded("well");
  assertEquals(inbox.length, 5);
  socket.close();
  await poller.close();
});

pollerTest("a receiver that asks for patience is given nothing more until then", async () => {
  const poller = SocketPoller.open(NO_WORK)!;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const socket = poller.adopt(await listener.accept())!;
  const inbox = new Inbox(socket);
  const patience = Promise.withResolvers<void>();
  inbox.patience = patience.promise;
  await client.write(new Uint8Array(350));
  assertEquals((await inbox.take(100)).length, 100);
  await pause(UNTIL_ASLEEP);
  assertEquals(inbox.length, 0);
  inbox.patience = undefined;
  patience.resolve();
  assertEquals((await inbox.take(250)).length, 250);
  socket.close();
  await inbox.hasEnded("well");
  await poller.close();
});

pollerTest("a receiver that throws ends its connection alone", async () => {
  const poller = SocketPoller.open(NO_WORK)!;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clients: Deno.TcpConn[] = [];
  const sockets: PolledSocket[] = [];
  for (let i = 0; i < 2; i++) {
    clients.push(await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }));
    sockets.push(poller.adopt(await listener.accept())!);
  }
  const failing = sockets[0].deliver({
    room: () => new Uint8Array(10),
    receive() {
      throw new Error("it cannot be read");
    },
  });
  const inbox = new Inbox(sockets[1]);
  for (const client of clients) await client.write(new Uint8Array([1]));
  await assertRejects(() => failing, Error, "it cannot be read");
  assertEquals(await inbox.take(1), [1]);
  for (const socket of sockets) socket.close();
  for (const client of clients) client.close();
  await poller.close();
});

pollerTest("nothing of a connection is left behind", async () => {
  const poller = SocketPoller.open(NO_WORK)!;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connectAndClose = async (count: number) => {
    for (let i = 0; i < count; i++) {
      using _client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      poller.adopt(await listener.accept())!.close();
    }
  };
  // What is not JavaScript's own memory, in bytes.
  const native = () => {
    const { rss, heapTotal } = Deno.memoryUsage();
    return rss - heapTotal;
  };
  const growths: number[] = [];
  for (let round = 0; round < 8; round++) {
    const before = native();
    await connectAndClose(3000);
    growths.push((native() - before) / 3000);
  }
  // Single rounds differ by the collector's doings.
  const median = growths.toSorted((a, b) => a - b)[4];
  assertLess(median, 200, `bytes of a connection: ${growths}`);
  await poller.close();
});

pollerTest("over IPv6 it is the same", async () => {
  const hostname = "::1";
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname, port: 0 });
  } catch {
    // This machine has no IPv6.
    return;
  }
  const poller = SocketPoller.open(NO_WORK)!;
  using client = await Deno.connect({ hostname, port: listener.addr.port });
  const socket = poller.adopt(await listener.accept())!;
  assertEquals(socket.write(new Uint8Array([1])), 1);
  assertEquals(await client.read(new Uint8Array(10)), 1);
  socket.close();
  await poller.close();
  listener.close();
});

pollerTest("a client that has been quiet for long is answered", async () => {
  await using instance = await startPolled();
  using wire = await Wire.connect(instance);
  for (let i = 0; i < 3; i++) {
    await wire.ask("PING\r\n", "+PONG\r\n");
    await pause(UNTIL_ASLEEP);
  }
  // Others that come and go meanwhile change nothing.
  for (let i = 0; i < 3; i++) {
    using other = await Wire.connect(instance);
    await other.ask("PING\r\n", "+PONG\r\n");
    await pause(UNTIL_ASLEEP);
  }
  await wire.ask("PING\r\n", "+PONG\r\n");
});

pollerTest("a server with a client that sends nothing ends at once", async () => {
  const instance = await startPolled();
  using wire = await Wire.connect(instance);
  await wire.ask("PING\r\n", "+PONG\r\n");
  await pause(UNTIL_ASLEEP);
  const started = performance.now();
  await instance.close();
  assertLess(performance.now() - started, 1000);
  assertEquals(await wire.rest(), "");
});

pollerTest("what a client does not read waits, and leaves when it reads", async () => {
  await using instance = await startPolled();
  using wire = await Wire.connect(instance);
  const size = 1_000_000;
  await wire.send(encodeCommand(["SET", "k", "x".repeat(size)]));
  await wire.expect("+OK\r\n");
  const count = 40;
  for (let i = 0; i < count; i++) await wire.send("GET k\r\n");
  await waitFor(() => [...instance.server.clients].some(({ output }) => output.pending > size), {
    what: "replies to wait",
  });
  // Others are served meanwhile.
  using other = await Wire.connect(instance);
  await other.ask("PING\r\n", "+PONG\r\n");
  for (let i = 0; i < count; i++) {
    await wire.expect(`$${size}\r\n`);
    await wire.skip(size + 2);
  }
  await wire.ask("PING\r\n", "+PONG\r\n");
});

pollerTest("a client that floods does not keep others waiting", async () => {
  await using instance = await startPolled();
  using flooder = await Wire.connect(instance);
  using other = await Wire.connect(instance);
  let flooding = true;
  const chunk = new TextEncoder().encode("PING\r\n".repeat(5000));
  const flood = (async () => {
    while (flooding) {
      await flooder.send(chunk);
      await flooder.skip(5000 * 7);
    }
  })();
  let slowest = 0;
  for (let i = 0; i < 50; i++) {
    const started = performance.now();
    await other.ask("PING\r\n", "+PONG\r\n");
    slowest = Math.max(slowest, performance.now() - started);
  }
  flooding = false;
  await flood;
  assertLess(slowest, 500);
});

pollerTest("timers are not late while clients are busy, nor when they are quiet", async () => {
  await using instance = await startPolled();
  using busy = await Wire.connect(instance);
  using waiting = await Wire.connect(instance);
  for (const isBusy of [true, false]) {
    let going = isBusy;
    const traffic = (async () => {
      while (going) await busy.ask("PING\r\n", "+PONG\r\n");
    })();
    const started = performance.now();
    await waiting.ask("BLPOP nothing 0.2\r\n", "*-1\r\n");
    const elapsed = performance.now() - started;
    going = false;
    await traffic;
    assert(elapsed >= 195 && elapsed < 400, `it took ${elapsed} ms`);
  }
});

pollerTest("a connection that is reset is forgotten", async () => {
  await using instance = await startPolled();
  for (let i = 0; i < 20; i++) {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: instance.port });
    // What has been received but not read when a socket is closed makes it send a reset.
    await socket.write(new TextEncoder().encode("PING\r\n".repeat(1 + i * 100)));
    if (i % 2 === 0) await pause(5);
    socket.close();
  }
  await allGone(instance);
  using wire = await Wire.connect(instance);
  await wire.ask("PING\r\n", "+PONG\r\n");
});

pollerTest("a thousand connections have their turns, and their places go to others", async () => {
  await using instance = await startPolled();
  for (let round = 0; round < 2; round++) {
    const wires = await Promise.all(
      Array.from({ length: 500 }, () => Wire.connect(instance)),
    );
    await Promise.all(
      wires.map((wire, i) => wire.ask(`ECHO ${i}\r\n`, `$${String(i).length}\r\n${i}\r\n`)),
    );
    for (const wire of wires) wire.close();
    await allGone(instance);
  }
});
