import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, startServer, Wire, wireTest } from "./wire.ts";

wireTest("A connection speaks RESP2 until HELLO 3", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask("GET nothing\r\n", "$-1\r\n");
  await wire.send("HELLO 3\r\n");
  await wire.expect(
    "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.4.0\r\n$5\r\nproto\r\n:3\r\n",
  );
});

wireTest("HELLO switches between the protocols and back", async () => {
  await using instance = await startServer();
  using connection = await RawConnection.connect({ port: instance.port });
  assertEquals(await connection.line("GET", "nothing"), "$-1");
  assert((await connection.line("HELLO", "3")).startsWith("%7"));
  assertEquals(await connection.line("GET", "nothing"), "_");
  assert((await connection.line("HELLO", "2")).startsWith("*14"));
  assertEquals(await connection.line("GET", "nothing"), "$-1");
});

wireTest("HELLO refuses protocols that do not exist, and the old one goes on", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask("HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n");
  await wire.ask("HELLO x\r\n", "-ERR Protocol version is not an integer or out of range\r\n");
  await wire.ask("GET nothing\r\n", "$-1\r\n");
});

wireTest("HELLO logs in and names the connection in one step", async () => {
  await using instance = await startServer({ requirepass: "secret" });
  using wire = await Wire.connect(instance);
  await wire.ask("PING\r\n", "-NOAUTH Authentication required.\r\n");
  await wire.ask(
    "HELLO 3 AUTH default wrong\r\n",
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
  );
  await wire.ask("PING\r\n", "-NOAUTH Authentication required.\r\n");
  await wire.send("HELLO 2 AUTH default secret SETNAME tester\r\nCLIENT GETNAME\r\nQUIT\r\n");
  assert((await wire.rest()).endsWith("$6\r\ntester\r\n+OK\r\n"));
});

wireTest("Ten thousand commands in one write are answered in their order", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  const count = 10_000;
  const commands: Uint8Array[] = [];
  let replies = "";
  for (let i = 0; i < count; i++) {
    commands.push(
      encodeCommand(["SET", `key:${i}`, `value:${i}`]),
      encodeCommand(["GET", `key:${i}`]),
    );
    replies += `+OK\r\n$${6 + String(i).length}\r\nvalue:${i}\r\n`;
  }
  // Both at once: neither side's socket holds everything.
  await Promise.all([wire.send(concat(commands)), wire.expect(replies)]);
});

wireTest("Requests are carried out however they are split", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  const requests = concat([
    encodeCommand(["SET", "key", "a\r\nb"]),
    new TextEncoder().encode('\r\nAPPEND key "c d"\r\n*0\r\n'),
    encodeCommand(["GET", "key"]),
    encodeCommand(["DEL", "key", "", "other"]),
  ]);
  const replies = "+OK\r\n:7\r\n$7\r\na\r\nbc d\r\n:1\r\n";
  const { stats } = instance.server;
  for (let cut = 1; cut < requests.length; cut++) {
    const before = stats.inputBytes;
    await wire.send(requests.subarray(0, cut));
    await waitFor(() => stats.inputBytes === before + cut, { what: "the first part", interval: 0 });
    await wire.send(requests.subarray(cut));
    await wire.expect(replies);
  }
});

wireTest("Requests are carried out when they come byte by byte", async () => {
  await using instance = await startServer();
  using connection = await RawConnection.connect({ port: instance.port, protocol: 3 });
  const bytes = concat([encodeCommand(["SET", "key", "value"]), encodeCommand(["GET", "key"])]);
  for (const byte of bytes) await connection.write(Uint8Array.of(byte));
  assertEquals(new TextDecoder().decode(await connection.read()), "+OK\r\n");
  assertEquals(new TextDecoder().decode(await connection.read()), "$5\r\nvalue\r\n");
});

wireTest("Keys and values may be any bytes", async () => {
  await using instance = await startServer();
  using connection = await RawConnection.connect({ port: instance.port });
  const bytes = Uint8Array.from({ length: 512 }, (_, i) => i);
  await connection.send(["SET", bytes, bytes]);
  const reply = await connection.send(["GET", bytes]);
  assertEquals(reply.subarray(6, -2), bytes);
});

wireTest("Inline commands are carried out beside RESP ones", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask("PING\r\n", "+PONG\r\n");
  await wire.ask("ping\n", "+PONG\r\n");
  await wire.ask('SET key "two words\\x21"\r\n', "+OK\r\n");
  await wire.ask("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", "$10\r\ntwo words!\r\n");
  await wire.ask("\r\n\r\nECHO ''\r\n", "$0\r\n\r\n");
});

// The endless ones are just so long that all of it has been read when the connection is closed: a close with unread
// bytes may overtake the reply.
for (
  const [what, bytes, error] of [
    ["a count that is no number", "*x\r\n", "invalid multibulk length"],
    ["a count out of range", "*3000000000\r\n", "invalid multibulk length"],
    ["a negative length", "*1\r\n$-5\r\n", "invalid bulk length"],
    ["a length that is no number", "*1\r\n$blabla\r\n", "invalid bulk length"],
    [
      "a length above 512 MB",
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870913\r\n",
      "invalid bulk length",
    ],
    ["a missing length", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "expected '$', got 'f'"],
    ["unbalanced quotes", 'SET "a b\r\n', "unbalanced quotes in request"],
    ["an endless inline request", "a".repeat(65_537), "too big inline request"],
    ["an endless count", "*" + "1".repeat(65_536), "too big mbulk count string"],
    ["an endless length", "*1\r\n$" + "1".repeat(65_536), "too big bulk count string"],
  ] as const
) {
  wireTest(`A protocol error closes the connection: ${what}`, async () => {
    await using instance = await startServer();
    using wire = await Wire.connect(instance);
    await wire.send("SET before 1\r\n" + bytes);
    assertEquals(await wire.rest(), `+OK\r\n-ERR Protocol error: ${error}\r\n`);
    await allGone(instance);
  });
}

wireTest("What follows a protocol error is not carried out", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("*1\r\n$-1\r\nSET after 1\r\n");
  assertEquals(await wire.rest(), "-ERR Protocol error: invalid bulk length\r\n");
  using other = await Wire.connect(instance);
  await other.ask("EXISTS after\r\n", ":0\r\n");
});

wireTest("QUIT answers and closes; what follows is not carried out", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("SET a 1\r\nQUIT\r\nSET b 1\r\n");
  assertEquals(await wire.rest(), "+OK\r\n+OK\r\n");
  using other = await Wire.connect(instance);
  await other.ask("EXISTS a b\r\n", ":1\r\n");
});

wireTest("A client that ends its requests gets the replies to those it sent", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("SET a 1\r\nGET a\r\nGET half");
  await wire.endRequests();
  assertEquals(await wire.rest(), "+OK\r\n$1\r\n1\r\n");
  await allGone(instance);
});

wireTest("CLIENT REPLY OFF silences everything until ON", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("CLIENT REPLY OFF\r\nPING\r\nNOSUCH\r\nSET a 1\r\n");
  await wire.ask("CLIENT REPLY ON\r\nGET a\r\n", "+OK\r\n$1\r\n1\r\n");
});

wireTest("CLIENT REPLY SKIP silences the next command only", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask("CLIENT REPLY SKIP\r\nSET a 1\r\nGET a\r\n", "$1\r\n1\r\n");
  await wire.send("CLIENT REPLY SKIP\r\n");
  await wire.send("SET a 2\r\n");
  await wire.ask("GET a\r\n", "$1\r\n2\r\n");
});

wireTest("CLIENT REPLY SKIP has no effect while replies are off", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\n");
  await wire.ask("CLIENT REPLY ON\r\nPING\r\n", "+OK\r\n+PONG\r\n");
});

wireTest("Unknown commands are refused with the words they began with", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.ask(
    "FOO a b\r\n",
    "-ERR unknown command 'FOO', with args beginning with: 'a' 'b' \r\n",
  );
  await wire.ask("GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n");
  await wire.send(encodeCommand(["x\r\ny", "a\nb"]));
  await wire.expect("-ERR unknown command 'x  y', with args beginning with: 'a b' \r\n");
  await wire.send(encodeCommand(["grün", Uint8Array.of(0xff), "a\0b"]));
  await wire.expect(
    "-ERR unknown command 'gr\xc3\xbcn', with args beginning with: '\xff' 'a' \r\n",
  );
});

wireTest("Errors keep the connection in step", async () => {
  await using instance = await startServer();
  using wire = await Wire.connect(instance);
  await wire.send("SET n x\r\nINCR n\r\nGET n\r\n");
  await wire.send("QUIT\r\n");
  assertStringIncludes(
    await wire.rest(),
    "+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nx\r\n",
  );
});
