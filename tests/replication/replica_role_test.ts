/**
 * What a replica says to its primary, byte by byte, and what it says to its clients: the test is the primary.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeLatin1 } from "../../server/resp/args.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { encodeCommand, RawConnection } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";
import type { Wire } from "../server/wire.ts";
import { CAPABILITIES, dataOf, FakePrimary, resp } from "./fake_primary.ts";
import { Member } from "./group.ts";

const ID = "0123456789".repeat(4);
const OTHER_ID = "fedcba9876".repeat(4);
const MARK = "abcdefghij".repeat(4);
const ANY = ["?", "-1"];
const READONLY = "-READONLY You can't write against a read only replica.";

/** Hands all data over, with their length; the offset is that of their moment. */
async function sendAll(wire: Wire, offset: number, ...requests: string[]): Promise<void> {
  const data = await dataOf(...requests);
  await wire.send(`+FULLRESYNC ${ID} ${offset}\r\n$${data.length}\r\n`);
  await wire.send(data);
  await wire.expect(resp("REPLCONF", "ACK", String(offset)));
}

/** A server that starts as a replica, and so knows of no history. */
function replicaOf(
  { port }: FakePrimary,
  directives: Readonly<Record<string, string>> = {},
): Promise<Member> {
  return Member.coolcache({ "replicaof": `127.0.0.1 ${port}`, ...directives });
}

/** A replica that has a key `a` and is at offset 1000, and its primary's side of the connection. */
async function following(primary: FakePrimary): Promise<[Member, Wire]> {
  const replica = await replicaOf(primary);
  const wire = await primary.greet(ANY);
  await sendAll(wire, 1000, "SET a 1");
  return [replica, wire];
}

function second({ coolcache }: Member): void {
  coolcache?.server.replica.tick();
}

Deno.test("A replica makes itself known with name, password, address and port", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary, {
    "masteruser": "alice",
    "masterauth": "sécret",
    "replica-announce-ip": "10.0.0.7",
    "replica-announce-port": "7777",
  });
  using wire = await primary.accept();
  await wire.ask("", resp("PING"));
  await wire.send("-NOAUTH Authentication required.\r\n");
  const auth = new TextDecoder("latin1").decode(encodeCommand(["AUTH", "alice", "sécret"]));
  await wire.expect(auth);
  await wire.expect(
    resp("REPLCONF", "listening-port") + "$4\r\n7777\r\n" +
      resp("REPLCONF", "ip-address", "10.0.0.7") +
      resp("REPLCONF", ...CAPABILITIES),
  );
  // What it does not understand does no harm.
  await wire.send("+OK\r\n-ERR no such option\r\n-ERR what?\r\n+OK\r\n");
  await wire.expect(resp("PSYNC", ...ANY));
  assertEquals(
    (await replica.connection.text("ROLE")).replace(/:\d+/, ":port"),
    "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:port\r\n$9\r\nhandshake\r\n:-1",
  );
});

Deno.test("A replica that is refused tries again a second later", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary, { "masterauth": "wrong" });
  for (let i = 0; i < 2; i++) {
    using wire = await primary.accept();
    await wire.ask("", resp("PING"));
    await wire.ask("+PONG\r\n", resp("AUTH", "wrong"));
    await wire.send("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    await wire.rest();
    await waitFor(() => replica.coolcache?.server.replica.state === "connect", { what: "the end" });
    second(replica);
  }
});

Deno.test("Data up to a mark, and the stream behind them, may come in any pieces", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary);
  using wire = await primary.greet(ANY);
  const all = concat([
    // Empty lines keep it waiting.
    encodeLatin1(`\n\n+FULLRESYNC ${ID} 1000\r\n\n\n$EOF:${MARK}\r\n`),
    await dataOf("SET a 1", "RPUSH l 1 2 3"),
    encodeLatin1(MARK + resp("SELECT", "3") + resp("SET", "b", "2")),
  ]);
  for (let at = 0; at < all.length; at += 7) await wire.send(all.subarray(at, at + 7));
  await replica.linked();
  assertEquals(await replica.connection.text("GET", "a"), "1");
  assertEquals(await replica.connection.text("LLEN", "l"), ":3");
  await waitFor(async () => (await replica.connection.text("INFO", "keyspace")).includes("db3"), {
    what: "the stream",
  });
});

Deno.test("A replica acknowledges on demand what came before the demand, and nothing else is answered", async () => {
  using primary = new FakePrimary();
  const [replica, wire] = await following(primary);
  await using _ = replica;
  using __ = wire;
  const before = resp("SELECT", "0") + resp("INCR", "a") + resp("GET", "a") + resp("LPUSH", "a");
  const demand = resp("REPLCONF", "GETACK", "*");
  await wire.send(before + demand + resp("PING"));
  await wire.expect(resp("REPLCONF", "ACK", String(1000 + before.length)));
  await wire.send(demand);
  const position = 1000 + before.length + demand.length + resp("PING").length;
  await wire.expect(resp("REPLCONF", "ACK", String(position)));
  second(replica);
  await wire.expect(resp("REPLCONF", "ACK", String(position + demand.length)));
  assertEquals(await replica.connection.text("GET", "a"), "2");
  // LPUSH had not failed at the primary.
  assertEquals(await replica.info("stats", "unexpected_error_replies"), "1");
});

Deno.test("A replica asks to go on behind the last whole transaction, with the same database", async () => {
  using primary = new FakePrimary();
  const [replica, wire] = await following(primary);
  await using _ = replica;
  const done = resp("SELECT", "5") + resp("SET", "b", "1");
  const half = resp("MULTI") + resp("SET", "b", "2");
  await wire.send(done + half);
  const offsets = () => replica.coolcache!.server.replica.offsets;
  const total = 1000 + done.length + half.length;
  await waitFor(() => offsets().read === total, { what: "the stream" });
  assertEquals(offsets().done, 1000 + done.length);
  assertEquals(await replica.info("replication", "master_link_status"), "up");
  wire.close();

  using again = await primary.greet([ID, String(1000 + done.length + 1)]);
  assertEquals(await replica.info("replication", "master_link_status"), "down");
  await again.send(`+CONTINUE ${OTHER_ID}\r\n` + half + resp("EXEC"));
  await waitFor(() => offsets().done === total + resp("EXEC").length, { what: "the rest" });
  await replica.connection.line("SELECT", "5");
  assertEquals(await replica.connection.text("GET", "b"), "2");
  assertEquals(await replica.info("replication", "master_replid"), OTHER_ID);
  assertEquals(await replica.info("replication", "master_replid2"), ID);
  assertEquals(
    await replica.info("replication", "second_repl_offset"),
    String(1000 + done.length + 1),
  );
});

Deno.test("A replica waits for a primary that has no link itself, and falls back to SYNC", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary);
  {
    using wire = await primary.greet(ANY);
    await wire.send("-NOMASTERLINK Can't SYNC while not connected with my master\r\n");
    await wire.rest();
  }
  await waitFor(() => replica.coolcache?.server.replica.state === "connect", { what: "the end" });
  second(replica);
  using wire = await primary.greet(ANY);
  await wire.ask("-ERR unknown command 'PSYNC'\r\n", resp("SYNC"));
  const data = await dataOf("SET a 1");
  await wire.send(`$${data.length}\r\n`);
  await wire.send(data);
  await replica.linked();
  assertEquals(await replica.connection.text("GET", "a"), "1");
  wire.close();
  // It does not know where it was.
  using again = await primary.greet(ANY);
  assert(again !== undefined);
});

Deno.test("A stream that makes no sense is given up, and all data are asked for anew", async () => {
  using primary = new FakePrimary();
  const [replica, wire] = await following(primary);
  await using _ = replica;
  await wire.send("SET a 2\r\n");
  await wire.rest();
  wire.close();
  using again = await primary.greet(ANY);
  assert(again !== undefined);
  assertEquals(await replica.connection.text("GET", "a"), "1");
});

Deno.test("Data that cannot be loaded leave an empty replica, which tries again", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary);
  using wire = await primary.greet(ANY);
  const data = await dataOf("SET a 1", "SET b 2");
  data[data.length - 1] ^= 1;
  await wire.send(`+FULLRESYNC ${ID} 1000\r\n$${data.length}\r\n`);
  await wire.send(data);
  await wire.rest();
  assertEquals(await replica.connection.line("DBSIZE"), ":0");
  await waitFor(() => replica.coolcache?.server.replica.state === "connect", { what: "the end" });
  second(replica);
  using again = await primary.greet(ANY);
  await sendAll(again, 5, "SET a 1");
  assertEquals(await replica.connection.line("DBSIZE"), ":1");
});

Deno.test("While a replica loads it refuses what needs data, and gives signs of life", async () => {
  using primary = new FakePrimary();
  await using replica = await replicaOf(primary);
  using wire = await primary.greet(ANY);
  const data = await dataOf("SET a 1");
  await wire.send(`+FULLRESYNC ${ID} 1000\r\n$${data.length}\r\n`);
  await wire.send(data.subarray(0, data.length - 3));
  await waitFor(() => replica.coolcache?.server.loading.current !== undefined, {
    what: "the load",
  });
  assertEquals(
    await replica.connection.line("GET", "a"),
    "-LOADING Redis is loading the dataset in memory",
  );
  assertEquals(await replica.info("replication", "master_sync_in_progress"), "1");
  await waitFor(async () => await replica.info("replication", "master_sync_left_bytes") === "3", {
    what: "what was sent",
  });
  second(replica);
  await wire.expect("\n");
  await wire.send(data.subarray(data.length - 3));
  await replica.linked();
  assertEquals(await replica.connection.text("GET", "a"), "1");
});

Deno.test("A replica lets only its primary write, scripts included", async () => {
  using primary = new FakePrimary();
  const [replica, wire] = await following(primary);
  await using _ = replica;
  using __ = wire;
  const { connection } = replica;
  assertEquals(await connection.line("SET", "a", "2"), READONLY);
  assertEquals(await connection.line("MULTI"), "+OK");
  assertEquals(await connection.line("SET", "a", "2"), READONLY);
  assertMatch(await connection.line("EXEC"), /^-EXECABORT /);
  assertMatch(
    await connection.line("EVAL", "return redis.call('SET', 'a', 2)", "0"),
    /^-READONLY You can't write against a read only replica. script: /,
  );
  assertEquals(await connection.line("EVAL", "#!lua\nreturn 1", "0"), READONLY);
  assertEquals(await connection.line("EVAL", "#!lua flags=no-writes\nreturn 1", "0"), ":1");
  assertMatch(await connection.line("WAIT", "0", "0"), /^-ERR WAIT cannot be used with replica /);
  assertEquals(await connection.line("PUBLISH", "channel", "message"), ":0");
  await connection.line("CONFIG", "SET", "replica-read-only", "no");
  assertEquals(await connection.line("SET", "a", "2"), "+OK");
  // What is written here stays here.
  assertEquals(replica.coolcache?.server.replication.offset, 1000);
});

Deno.test("A replica without a link shows old data, or not", async () => {
  using primary = new FakePrimary();
  const [replica, wire] = await following(primary);
  await using _ = replica;
  wire.close();
  const { connection } = replica;
  await waitFor(() => !replica.coolcache?.server.replica.isLinked, { what: "the end" });
  assertEquals(await connection.text("GET", "a"), "1");
  await connection.line("CONFIG", "SET", "replica-serve-stale-data", "no");
  const refusal =
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
  assertEquals(await connection.line("GET", "a"), refusal);
  assertEquals(await connection.line("EVAL", "return 1", "0"), refusal);
  assertEquals(
    await connection.line("EVAL", "#!lua flags=allow-stale,no-writes\nreturn 1", "0"),
    ":1",
  );
  assertMatch(
    await connection.line(
      "EVAL",
      "#!lua flags=allow-stale,no-writes\nreturn redis.call('GET', 'a')",
      "0",
    ),
    /^-ERR Can not execute the command on a stale replica/,
  );
  assertEquals(await connection.line("MULTI"), "+OK");
  assertEquals(await connection.line("PING"), refusal);
  assertMatch(await connection.line("EXEC"), /^-EXECABORT /);
  assertMatch(await connection.text("INFO", "replication"), /^role:slave/m);
  await replica.promote();
  assertEquals(await connection.text("GET", "a"), "1");
});

Deno.test("Clients that wait are sent away when the role changes under them", async () => {
  using primary = new FakePrimary();
  await using replica = await Member.coolcache();
  using waiting = await RawConnection.connect({ port: replica.port });
  await waiting.write(encodeCommand(["BLPOP", "list", "0"]));
  await waitFor(() => replica.coolcache?.server.blocking.clients === 1, { what: "the client" });
  await replica.follow(primary);
  assertEquals(
    new TextDecoder().decode(await waiting.read()),
    "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n",
  );
  await waitFor(() => replica.coolcache?.server.clients.count === 1, { what: "its end" });
});

Deno.test("REPLICAOF answers and refuses as Redis does", async () => {
  using primary = new FakePrimary();
  await using replica = await Member.coolcache();
  const { connection } = replica;
  const port = String(primary.port);
  assertEquals(await connection.line("REPLICAOF", "NO", "ONE"), "+OK");
  assertEquals(await connection.line("REPLICAOF", "host", "70000"), "-ERR Invalid master port");
  assertEquals(await connection.line("SLAVEOF", "localhost", port), "+OK");
  assertEquals(
    await connection.line("REPLICAOF", "LOCALHOST", port),
    "+OK Already connected to specified master",
  );
  assertEquals(
    await connection.text("CONFIG", "GET", "replicaof"),
    `*2\r\n$9\r\nreplicaof\r\n$${10 + port.length}\r\nlocalhost ${port}`,
  );
  assertEquals(
    await connection.line("PSYNC", ID, "5", "FAILOVER"),
    "-ERR PSYNC FAILOVER replid must match my replid.",
  );
  assertEquals(
    await connection.line("PSYNC", ID, "5"),
    "-NOMASTERLINK Can't SYNC while not connected with my master",
  );
  assertEquals(
    await connection.line("FAILOVER"),
    "-ERR FAILOVER is not valid when server is a replica.",
  );
  await replica.promote();
  assertEquals(
    await connection.text("CONFIG", "GET", "replicaof"),
    "*2\r\n$9\r\nreplicaof\r\n$0",
  );
});

Deno.test("FAILOVER refuses what cannot be, and can be given up", async () => {
  await using primary = await Member.coolcache();
  const { connection } = primary;
  const refusals: [string, string][] = [
    ["FAILOVER", "FAILOVER requires connected replicas."],
    ["FAILOVER ABORT", "No failover in progress."],
    ["FAILOVER TIMEOUT 0", "FAILOVER timeout must be greater than 0"],
    ["FAILOVER FORCE FORCE", "syntax error"],
    ["FAILOVER TO host", "syntax error"],
    ["FAILOVER TO host x", "value is not an integer or out of range"],
  ];
  for (const [request, refusal] of refusals) {
    assertEquals(await connection.line(...request.split(" ")), `-ERR ${refusal}`);
  }
  // One that never acknowledges anything.
  using replica = await RawConnection.connect({ port: primary.port });
  await replica.write(encodeCommand(["SYNC"]));
  await waitFor(() => primary.coolcache?.server.replication.replicas.length === 1, {
    what: "the replica",
  });
  await connection.line("SET", "a", "1");
  assertEquals(
    await connection.line("FAILOVER", "TO", "127.0.0.1", "1"),
    "-ERR FAILOVER target HOST and PORT is not a replica.",
  );
  assertEquals(
    await connection.line("FAILOVER", "FORCE"),
    "-ERR FAILOVER with force option requires both a timeout and target HOST and IP.",
  );
  assertEquals(await connection.line("FAILOVER"), "+OK");
  assertEquals(await connection.line("FAILOVER"), "-ERR FAILOVER already in progress.");
  assertEquals(
    await connection.line("REPLICAOF", "NO", "ONE"),
    "-ERR REPLICAOF not allowed while failing over.",
  );
  assertEquals(await primary.info("replication", "master_failover_state"), "waiting-for-sync");
  using writer = await RawConnection.connect({ port: primary.port });
  await writer.write(encodeCommand(["SET", "a", "2"]));
  // Not even CLIENT UNPAUSE lets it go on.
  assertEquals(await connection.line("CLIENT", "UNPAUSE"), "+OK");
  assertEquals(await connection.text("GET", "a"), "1");
  assertEquals(await connection.line("FAILOVER", "ABORT"), "+OK");
  assertEquals(new TextDecoder().decode(await writer.read()), "+OK\r\n");
  assertEquals(await connection.line("FAILOVER", "TIMEOUT", "20"), "+OK");
  await waitFor(() => primary.coolcache?.server.failover.isPending === false, { what: "its end" });
});

Deno.test("A server that starts as a replica says so in its configuration", async () => {
  using primary = new FakePrimary();
  await using instance = await CoolCache.start({
    port: 0,
    hostname: "127.0.0.1",
    directives: { "replicaof": `127.0.0.1 ${primary.port}`, "save": "" },
  });
  using wire = await primary.greet(ANY);
  await sendAll(wire, 7, "SET a 1");
  assertEquals(instance.server.replica.offset, 7);
  assertEquals(instance.server.keyspace.databases[0].size, 1);
});
