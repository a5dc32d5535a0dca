import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire, wireTest } from "./wire.ts";

const MB = 1024 * 1024;

wireTest("An argument of 64 MB arrives whole and comes back", async () => {
  await using instance = await startServer();
  using connection = await RawConnection.connect({ port: instance.port, timeout: 20_000 });
  const value = new Uint8Array(64 * MB);
  for (let i = 0; i < value.length; i += 997) value[i] = i;
  await connection.send(["SET", "large", value]);
  const reply = await connection.send(["GET", "large"]);
  const header = `$${value.length}\r\n`.length;
  assertEquals(reply.length, header + value.length + 2);
  // Byte by byte in a loop: assertEquals would take minutes.
  for (let i = 0; i < value.length; i += 997) assertEquals(reply[header + i], value[i]);
  assertEquals(await connection.line("DEL", "large"), ":1");
});

wireTest("proto-max-bulk-len refuses an argument at its header", async () => {
  await using instance = await startServer({ "proto-max-bulk-len": "2mb" });
  using wire = await Wire.connect(instance);
  await wire.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${2 * MB}\r\n`);
  await wire.send("x".repeat(2 * MB) + "\r\n");
  await wire.expect("+OK\r\n");
  await wire.send(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${2 * MB + 1}\r\n`);
  assertEquals(await wire.rest(), "-ERR Protocol error: invalid bulk length\r\n");
});

wireTest("proto-max-bulk-len can be changed while clients are connected", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask("CONFIG SET proto-max-bulk-len 1mb\r\n", "+OK\r\n");
  await wire.send(`*1\r\n$${MB + 1}\r\n`);
  assertEquals(await wire.rest(), "-ERR Protocol error: invalid bulk length\r\n");
});

wireTest("client-query-buffer-limit closes a connection whose request grows too long", async () => {
  await using instance = await startServer({ "client-query-buffer-limit": "1mb" });
  using wire = await Wire.connect(instance);
  await wire.sendUntilClosed(`*2\r\n$4\r\nECHO\r\n$${64 * MB}\r\n` + "x".repeat(3 * MB));
  assertEquals(await wire.rest(), "");
  await allGone(instance);
});

wireTest("Announced sizes take no memory", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  using other = await Wire.connect(instance);
  await wire.send("*2147483647\r\n$536870912\r\nabc");
  await other.ask("PING\r\n", "+PONG\r\n");
  const [session] = instance.server.clients;
  await waitFor(() => session.inputPending > 0, { what: "the half request" });
  assertLess(session.memory, MB);
});

wireTest("A client that must log in may only send small requests", async () => {
  await using instance = await startServer({ requirepass: "secret" });
  for (
    const [request, error] of [
      ["*11\r\n", "unauthenticated multibulk length"],
      ["*2\r\n$4\r\nECHO\r\n$16385\r\n", "unauthenticated bulk length"],
    ]
  ) {
    using wire = await Wire.connect(instance);
    await wire.ask("PING\r\n", "-NOAUTH Authentication required.\r\n");
    await wire.send(request);
    assertEquals(await wire.rest(), `-ERR Protocol error: ${error}\r\n`);
  }
  using wire = await Wire.connect(instance);
  await wire.ask("AUTH secret\r\n", "+OK\r\n");
  await wire.ask(
    encodeCommand(["ECHO", "x".repeat(20_000)]),
    `$20000\r\n${"x".repeat(20_000)}\r\n`,
  );
});

wireTest("maxclients turns further clients away until one leaves", async () => {
  await using instance = await startServer({ maxclients: "2" });
  using first = await Wire.connect(instance);
  using second = await Wire.connect(instance);
  await first.ask("PING\r\n", "+PONG\r\n");
  await second.ask("PING\r\n", "+PONG\r\n");
  using third = await Wire.connect(instance);
  assertEquals(await third.rest(), "-ERR max number of clients reached\r\n");
  second.close();
  await waitFor(() => instance.server.clients.count === 1, { what: "the second to be gone" });
  using fourth = await Wire.connect(instance);
  await fourth.ask("PING\r\n", "+PONG\r\n");
  await first.ask("PING\r\n", "+PONG\r\n");
});

wireTest("Half a request does not hold anybody up", async () => {
  await using instance = await startServer();
  const halves: Wire[] = [];
  try {
    for (let i = 0; i < 50; i++) {
      const half = await Wire.connect(instance);
      halves.push(half);
      await half.send("*2\r\n$3\r\nGET\r\n$3\r\nke");
    }
    using wire = await Wire.connect(instance);
    await wire.ask("SET key value\r\n", "+OK\r\n");
    for (const half of halves) await half.ask("y\r\n", "$5\r\nvalue\r\n");
  } finally {
    for (const half of halves) half.close();
  }
  await allGone(instance);
});

wireTest("A client that vanishes within a request leaves nothing behind", async () => {
  await using instance = await startServer();
  for (const part of ["*", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nxxx", "GET", "PING\r\n*1\r\n"]) {
    const wire = await Wire.connect(instance);
    await wire.send(part);
    wire.close();
  }
  await allGone(instance);
  using wire = await Wire.connect(instance);
  await wire.ask("EXISTS k\r\n", ":0\r\n");
});

wireTest("A client that never reads is held up alone, with bounded memory", async () => {
  await using instance = await startServer();
  using lazy = await Wire.connect(instance);
  using other = await Wire.connect(instance);
  await other.send(encodeCommand(["SET", "large", "x".repeat(MB)]));
  await other.expect("+OK\r\n");
  // A gigabyte of replies is asked for in 22 kB.
  await lazy.send("GET large\r\n".repeat(2000));
  const [session] = instance.server.clients;
  await waitFor(() => session.output.pending > MB, { what: "replies to pile up" });
  await other.ask("PING\r\n", "+PONG\r\n");
  await other.ask("STRLEN large\r\n", `:${MB}\r\n`);
  assertLessOrEqual(session.memory, 200 * MB);
});

wireTest("A client that reads late gets every reply", async () => {
  await using instance = await startServer();
  using late = await Wire.connect(instance);
  await late.ask(encodeCommand(["SET", "large", "x".repeat(MB)]), "+OK\r\n");
  await late.send("GET large\r\n".repeat(200) + "ECHO end\r\n");
  const [session] = instance.server.clients;
  await waitFor(() => session.output.pending > 0, { what: "replies to wait" });
  await late.skip(200 * (MB + "$1048576\r\n\r\n".length));
  await late.expect("$3\r\nend\r\n");
});

wireTest("The end of a client that never read is noticed", async () => {
  await using instance = await startServer();
  using lazy = await Wire.connect(instance);
  await lazy.ask(encodeCommand(["SET", "large", "x".repeat(MB)]), "+OK\r\n");
  await lazy.send("GET large\r\n".repeat(200));
  const [session] = instance.server.clients;
  await waitFor(() => session.output.pending > 0, { what: "replies to wait" });
  lazy.close();
  await allGone(instance);
});

wireTest("client-output-buffer-limit closes a client that leaves too much unread", async () => {
  await using instance = await startServer({ "client-output-buffer-limit": "normal 2mb 0 0" });
  using wire = await Wire.connect(instance);
  await wire.ask(encodeCommand(["SET", "large", "x".repeat(MB)]), "+OK\r\n");
  await wire.send("GET large\r\n");
  await wire.skip(MB + "$1048576\r\n\r\n".length);
  await wire.send("GET large\r\n".repeat(20));
  await allGone(instance);
  assertEquals(instance.server.stats.outputLimitDisconnections, 1);
});

wireTest("A monitor that never reads is closed, and nobody else is held up", async () => {
  await using instance = await startServer();
  using monitor = await Wire.connect(instance);
  await monitor.ask("MONITOR\r\n", "+OK\r\n");
  using other = await Wire.connect(instance);
  const request = encodeCommand(["ECHO", "x".repeat(4 * MB)]);
  const reply = 4 * MB + "$4194304\r\n\r\n".length;
  for (let sent = 0; instance.server.clients.count === 2; sent++) {
    assertLess(sent, 40);
    await other.send(request);
    await other.skip(reply);
  }
  await other.ask("PING\r\n", "+PONG\r\n");
});

wireTest("A thousand connections come and go without a trace", async () => {
  await using instance = await startServer();
  for (let round = 0; round < 10; round++) {
    const wires = await Promise.all(Array.from({ length: 100 }, () => Wire.connect(instance)));
    await Promise.all(wires.map((wire) => wire.ask("PING\r\n", "+PONG\r\n")));
    assertEquals(instance.server.clients.count, 100);
    for (const wire of wires) wire.close();
    await allGone(instance);
  }
  assertEquals(instance.server.stats.connections, 1000);
});

wireTest("Closing a server ends its connections", async () => {
  const instance = await startServer();
  using idle = await Wire.connect(instance);
  using half = await Wire.connect(instance);
  await idle.ask("PING\r\n", "+PONG\r\n");
  await half.ask("PING\r\nGET", "+PONG\r\n");
  await instance.close();
  assertEquals(await idle.rest(), "");
  assertEquals(await half.rest(), "");
});

wireTest(
  "client-output-buffer-limit gives a client nothing of a reply that is too long",
  async () => {
    await using instance = await startServer({ "client-output-buffer-limit": "normal 100kb 0 0" });
    using wire = await Wire.connect(instance);
    await wire.ask(`SET k ${"x".repeat(60 * 1024)}\r\nSTRLEN k\r\n`, `+OK\r\n:${60 * 1024}\r\n`);
    await wire.send("MULTI\r\nSET done 1\r\nGET k\r\nGET k\r\nSET done 2\r\n");
    await wire.expect("+OK\r\n" + "+QUEUED\r\n".repeat(4));
    await wire.send("EXEC\r\n");
    assertEquals(await wire.rest(), "");
    using other = await Wire.connect(instance);
    await other.ask("GET done\r\n", "$1\r\n2\r\n");
  },
);
