import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import net from "node:net";
import { CoolCache } from "../../server/coolcache.ts";
import { freePort } from "../support/free_port.ts";
import { startCoolcache } from "../support/peer.ts";
import { waitFor } from "../support/wait.ts";
import { startServer, Wire } from "./wire.ts";

/** An address of this machine that is not a loopback one. */
const outerAddress = Deno.networkInterfaces()
  .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;
const hasIpv6 = Deno.networkInterfaces().some(({ address }) => address === "::1");

Deno.test("Several servers live in one process and share nothing", async () => {
  await using one = await startServer();
  await using other = await startServer();
  assert(one.port !== other.port);
  using first = await Wire.connect(one);
  using second = await Wire.connect(other);
  await first.ask("SET key 1\r\n", "+OK\r\n");
  await second.ask("GET key\r\n", "$-1\r\n");
  await first.ask("CONFIG SET maxclients 1\r\n", "+OK\r\n");
  using third = await Wire.connect(other);
  await third.ask("PING\r\n", "+PONG\r\n");
});

Deno.test("A server is reached over a Unix socket", async () => {
  const directory = Deno.makeTempDirSync();
  const path = `${directory}/coolcache.sock`;
  try {
    await using instance = await CoolCache.start({ port: null, unixSocket: path });
    assertEquals(instance.port, 0);
    using wire = new Wire(await Deno.connect({ transport: "unix", path }));
    await wire.ask("SET key value\r\nGET key\r\n", "+OK\r\n$5\r\nvalue\r\n");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("A Unix socket has the permissions of unixsocketperm and is gone afterwards", async () => {
  const directory = Deno.makeTempDirSync();
  const path = `${directory}/coolcache.sock`;
  try {
    const instance = await CoolCache.start({
      port: null,
      unixSocket: path,
      directives: { unixsocketperm: "700" },
    });
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o700);
    await instance.close();
    assertEquals([...Deno.readDirSync(directory)], []);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("A server listens on several addresses with one port", async () => {
  await using instance = await CoolCache.start({ port: 0, hostname: ["127.0.0.1", "127.0.0.2"] });
  for (const hostname of ["127.0.0.1", "127.0.0.2"]) {
    using wire = await Wire.connect(instance, hostname);
    await wire.ask("PING\r\n", "+PONG\r\n");
  }
});

Deno.test({
  name: "A server is reached over IPv6",
  ignore: !hasIpv6,
  async fn() {
    await using instance = await CoolCache.start({ port: 0, hostname: "::1" });
    using wire = await Wire.connect(instance, "::1");
    await wire.ask("PING\r\n", "+PONG\r\n");
    const [session] = instance.server.clients;
    assert(session.endpoints.remote.startsWith("[::1]:"));
  },
});

Deno.test("The default addresses serve IPv4 and, where there is one, IPv6", async () => {
  await using instance = await CoolCache.start({ port: 0 });
  for (const hostname of hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
    using wire = await Wire.connect(instance, hostname);
    await wire.ask("PING\r\n", "+PONG\r\n");
  }
});

Deno.test("A port that is taken is refused, and nothing is left running", async () => {
  await using instance = await startServer();
  await assertRejects(
    () => CoolCache.start({ port: instance.port, hostname: "127.0.0.1" }),
    Error,
    `Cannot listen on 127.0.0.1:${instance.port}: the address is in use`,
  );
});

Deno.test({
  name: "Protected mode turns clients of other machines away unless there is a password",
  ignore: outerAddress === undefined,
  async fn() {
    await using instance = await CoolCache.start({ port: 0, hostname: "0.0.0.0" });
    {
      using wire = await Wire.connect(instance, outerAddress);
      assert((await wire.rest()).startsWith("-DENIED "));
    }
    using local = await Wire.connect(instance);
    await local.ask("CONFIG SET requirepass secret\r\n", "+OK\r\n");
    using wire = await Wire.connect(instance, outerAddress);
    await wire.ask("AUTH secret\r\n", "+OK\r\n");
  },
});

Deno.test({
  name: "Without protected mode clients of other machines are served",
  ignore: outerAddress === undefined,
  async fn() {
    await using instance = await CoolCache.start({
      port: 0,
      hostname: "0.0.0.0",
      directives: { "protected-mode": "no" },
    });
    using wire = await Wire.connect(instance, outerAddress);
    await wire.ask("PING\r\n", "+PONG\r\n");
  },
});

Deno.test("CONFIG SET port moves the server, whose clients stay", async () => {
  await using instance = await startServer();
  await using occupied = await startServer();
  const before = instance.port;
  const free = await startServer();
  const port = free.port;
  await free.close();
  using wire = await Wire.connect(instance);
  await wire.ask(`CONFIG SET port ${port} maxclients 100\r\nPING\r\n`, "+OK\r\n+PONG\r\n");
  assertEquals(instance.port, port);
  using other = await Wire.connect(instance);
  await other.ask("PING\r\n", "+PONG\r\n");
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: before }));
  await other.ask(
    `CONFIG SET maxclients 200 port ${occupied.port}\r\n`,
    "-ERR CONFIG SET failed (possibly related to argument 'port') - " +
      "Unable to listen on this port. Check server logs.\r\n",
  );
  assertEquals(instance.port, port);
  assertEquals(instance.server.config.values.maxclients, 100);
  await other.ask("CONFIG SET port 0\r\n", "+OK\r\n");
  assertEquals(instance.server.addresses, []);
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port }));
  await other.ask(`CONFIG SET port ${port}\r\n`, "+OK\r\n");
  using back = await Wire.connect(instance);
  await back.ask("PING\r\n", "+PONG\r\n");
});

Deno.test("A client of this machine may set protected directives where that is allowed", async () => {
  await using instance = await startServer({ "enable-protected-configs": "local" });
  using wire = await Wire.connect(instance);
  await wire.ask("CONFIG SET dbfilename other.rdb\r\n", "+OK\r\n");
});

/** Opens so many connections, which the system completes, and resets them at once. */
async function connectAndReset(port: number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const socket = net.connect(port, "127.0.0.1");
    await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.resetAndDestroy();
    await closed;
  }
}

Deno.test("Connections that are reset before they are accepted hold nobody up", async () => {
  await using peer = await startCoolcache();
  Deno.kill(peer.pid, "SIGSTOP");
  try {
    await connectAndReset(peer.port, 200);
  } finally {
    Deno.kill(peer.pid, "SIGCONT");
  }
  const started = performance.now();
  using connection = await peer.connect();
  assertEquals(await connection.line("PING"), "+PONG");
  assertLess(performance.now() - started, 1000);
  assert(!peer.log().includes("could not be accepted"), peer.log());
});

Deno.test("Neither do such connections to the cluster bus", async () => {
  const busPort = freePort();
  await using peer = await startCoolcache([
    ...["--cluster-enabled", "yes", "--cluster-port", String(busPort)],
    ...["--loglevel", "verbose"],
  ]);
  Deno.kill(peer.pid, "SIGSTOP");
  try {
    await connectAndReset(busPort, 20);
  } finally {
    Deno.kill(peer.pid, "SIGCONT");
  }
  const seen = () => peer.log().split("connection ended before it began").length - 1;
  await waitFor(() => seen() === 20, { what: "all of them", timeout: 1000 });
});
