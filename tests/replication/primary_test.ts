/**
 * What a primary says to replicas, byte by byte: the test is the replica.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { CoolCache } from "../../server/coolcache.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Wire } from "../server/wire.ts";
import { decodeLatin1 } from "../../server/resp/args.ts";
import { TEST_TIME } from "../support/harness.ts";
import { encodeCommand } from "../support/raw_connection.ts";
import { waitFor } from "../support/wait.ts";

/** A server on a socket whose clock is the test's; the server's own second hand stands still. */
class Primary implements AsyncDisposable {
  readonly instance: CoolCache;
  readonly #clock: { now: number };

  private constructor(instance: CoolCache, clock: { now: number }) {
    this.instance = instance;
    this.#clock = clock;
  }

  static async start(directives: Readonly<Record<string, string>> = {}): Promise<Primary> {
    const clock = { now: TEST_TIME };
    const instance = await CoolCache.start({
      port: 0,
      hostname: "127.0.0.1",
      directives: { "repl-diskless-sync-delay": "0", "enable-debug-command": "yes", ...directives },
      now: () => clock.now,
    });
    const primary = new Primary(instance, clock);
    using wire = await Wire.connect(instance);
    await wire.ask("DEBUG PAUSE-CRON 1\r\n", "+OK\r\n");
    return primary;
  }

  get replication() {
    return this.instance.server.replication;
  }

  /** Lets a second pass. */
  second(): void {
    this.#clock.now += 1000;
    this.instance.server.keyspace.setTime(this.#clock.now);
    this.replication.tick();
  }

  connect(): Promise<Wire> {
    return Wire.connect(this.instance);
  }

  /** A replica that came with SYNC and has read the snapshot. */
  async replica(): Promise<Wire> {
    const wire = await this.connect();
    await wire.send("SYNC\r\n");
    await skipSnapshot(wire);
    await this.online();
    return wire;
  }

  /** Waits until the newest replica follows the stream. */
  async online(): Promise<void> {
    await waitFor(() => this.replication.replicas.length === this.replication.replicaCount, {
      what: "the replicas to be online",
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.instance.close();
  }
}

async function skipSnapshot(wire: Wire): Promise<void> {
  const header = await wire.line();
  assertMatch(header, /^\$\d+$/);
  await wire.skip(Number(header.slice(1)));
}

function resp(...commands: string[]): string {
  return commands.map((line) => decodeLatin1(encodeCommand(line.split(" ")))).join("");
}

Deno.test("SYNC is answered with the length, the snapshot, and then every effect", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  using replica = await primary.replica();
  await client.ask("SET a 1\r\n", "+OK\r\n");
  await replica.expect(resp("SELECT 0", "SET a 1"));
  await client.ask("GET a\r\nDEL nothing\r\n", "$1\r\n1\r\n:0\r\n");
  await client.ask(
    "SELECT 2\r\nMULTI\r\nINCR n\r\nSELECT 0\r\nINCR n\r\nEXEC\r\n".repeat(1),
    "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n+OK\r\n:1\r\n",
  );
  await replica.expect(resp("MULTI", "SELECT 2", "INCR n", "SELECT 0", "INCR n", "EXEC"));
  await client.ask("PUBLISH c m\r\nSET b 1 PX 5000\r\n", ":0\r\n+OK\r\n");
  await replica.expect(resp("PUBLISH c m", `SET b 1 PXAT ${TEST_TIME + 5000}`));
});

Deno.test("PSYNC of a stranger gets id, offset and a snapshot that ends with a mark; the stream waits for its ACK", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  using replica = await primary.connect();
  await replica.ask("REPLCONF listening-port 7777 ip-address host.example\r\n", "+OK\r\n");
  await replica.ask("REPLCONF capa eof capa psync2 capa unknown version 9.0.0\r\n", "+OK\r\n");
  await replica.send("PSYNC ? -1\r\n");
  assertEquals(await replica.line(), `+FULLRESYNC ${primary.replication.stream.id} 0`);
  const [, mark] = /^\$EOF:(.{40})$/.exec(await replica.line()) ?? [];
  await replica.expect("REDIS0010");
  await primary.online();
  await client.ask("SET a 1\r\n", "+OK\r\n");
  const [{ offset: sentBefore }] = primary.replication.links;
  assertEquals(sentBefore, 0);
  await replica.send("REPLCONF ACK 0\r\n");
  await waitFor(() => {
    const [{ offset }] = primary.replication.links;
    return offset === primary.replication.offset;
  }, { what: "the stream to be sent" });
  await replica.endRequests();
  const rest = await replica.rest();
  const end = rest.indexOf(mark);
  // Opcode 255 and the checksum end the snapshot.
  assertEquals(rest.charCodeAt(end - 9), 255);
  assert(rest.slice(end + 40).startsWith(resp("SELECT 0", "SET a 1")));
});

Deno.test("PSYNC with the id and a place in the backlog goes on from there", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  {
    using first = await primary.replica();
    await client.ask("SET a 1\r\n", "+OK\r\n");
    await first.expect(resp("SELECT 0", "SET a 1"));
  }
  await waitFor(() => primary.replication.replicaCount === 0, { what: "the replica to go" });
  const place = resp("SELECT 0", "SET a 1").length + 1;
  await client.ask("SET b 2\r\n", "+OK\r\n");

  const { id } = primary.replication.stream;
  for (const [capa, answer] of [["eof", "+CONTINUE\r\n"], ["psync2", `+CONTINUE ${id}\r\n`]]) {
    using again = await primary.connect();
    await again.ask(`REPLCONF capa ${capa}\r\n`, "+OK\r\n");
    await again.ask(`PSYNC ${id} ${place}\r\n`, answer + resp("SET b 2"));
  }
  for (
    const request of [`PSYNC ${id} 0`, `PSYNC ${id} 10000`, `PSYNC ${"0".repeat(40)} ${place}`]
  ) {
    using stranger = await primary.connect();
    await stranger.send(`${request}\r\n`);
    assertMatch(await stranger.line(), /^\+FULLRESYNC /);
  }
  const { fullSyncs, partialSyncs, failedPartialSyncs } = primary.replication;
  assertEquals([fullSyncs, partialSyncs, failedPartialSyncs], [4, 2, 3]);
});

Deno.test("Who wants only a snapshot, or only functions, gets that and is closed", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  await client.ask("SET key value\r\n", "+OK\r\n");
  const source = "#!lua name=lib\nredis.register_function('f', function() end)";
  await client.send(encodeCommand(["FUNCTION", "LOAD", source]));
  await client.expect("$3\r\nlib\r\n");
  const tried: [filter: string, key: boolean, library: boolean][] = [
    ["", true, true],
    ["REPLCONF rdb-filter-only functions\r\n", false, true],
    ['REPLCONF rdb-filter-only ""\r\n', false, false],
  ];
  for (const [filter, key, library] of tried) {
    using wire = await primary.connect();
    await wire.ask("REPLCONF capa eof rdb-only 1\r\n", "+OK\r\n");
    if (filter !== "") await wire.ask(filter, "+OK\r\n");
    await wire.send("SYNC\r\n");
    const all = await wire.rest();
    assertEquals([all.includes("value"), all.includes("name=lib")], [key, library], filter);
  }
  using old = await primary.connect();
  await old.ask("REPLCONF rdb-filter-only functions\r\n", "+OK\r\n");
  await old.ask("SYNC\r\n", "-ERR Filtered replica requires EOF capability\r\n");
});

Deno.test("A replica may not touch keys, and is closed when it wants a reply", async () => {
  await using primary = await Primary.start();
  for (
    const request of ["GET a\r\n", "SET a 1\r\n", "PUBLISH c m\r\n", "PING\r\n", "nonsense\r\n"]
  ) {
    using replica = await primary.replica();
    await replica.send(request);
    assertEquals(await replica.rest(), "", request);
    await waitFor(() => primary.replication.replicaCount === 0, { what: "the replica to go" });
  }
  using replica = await primary.replica();
  // A second SYNC, what is never answered, and empty lines are let pass.
  await replica.send("SYNC\r\nREPLCONF GETACK *\r\nREPLCONF ACK 0\r\n\r\n\r\nREPLCONF ACK x\r\n");
  using client = await primary.connect();
  await client.ask("SET a 1\r\n", "+OK\r\n");
  await replica.expect(resp("SELECT 0", "SET a 1"));
});

Deno.test("SYNC is refused while replies wait to be read", async () => {
  await using primary = await Primary.start();
  using wire = await primary.connect();
  await wire.ask(
    "PING\r\nSYNC\r\n",
    "+PONG\r\n-ERR SYNC and PSYNC are invalid with pending output\r\n",
  );
});

Deno.test("WAIT asks replicas to acknowledge, and counts those that have the client's writes", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  using one = await primary.replica();
  using two = await primary.replica();
  await client.ask("SET a 1\r\n", "+OK\r\n");
  const { offset } = primary.replication;
  await client.ask("WAIT 2 20\r\n", ":0\r\n");
  const stream = resp("SELECT 0", "SET a 1", "REPLCONF GETACK *");
  await one.expect(stream);
  await two.expect(stream);
  assertEquals(offset, resp("SELECT 0", "SET a 1").length);

  await client.send("WAIT 2 0\r\n");
  await one.send(`REPLCONF ACK ${offset}\r\n`);
  await one.expect(resp("REPLCONF GETACK *"));
  await two.send(`REPLCONF ACK ${offset - 1}\r\n`);
  await two.send(`REPLCONF ACK ${offset} FACK ${offset}\r\n`);
  await client.expect(":2\r\n");
  await client.ask("WAIT 1 0\r\nWAIT 5 5\r\nWAITAOF 0 1 0\r\n", ":2\r\n:2\r\n*2\r\n:0\r\n:1\r\n");
  await client.ask("MULTI\r\nWAIT 9 0\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n:2\r\n");
});

Deno.test("WAITAOF counts no replica without a file, also for what was written before it came", async () => {
  using folder = new TemporaryFolder();
  await using primary = await Primary.start({
    appendonly: "yes",
    appendfsync: "always",
    dir: folder.path,
  });
  using client = await primary.connect();
  await client.ask("SET a 1\r\nSET a 2\r\n", "+OK\r\n+OK\r\n");
  // Two offsets that no stream has, as in Redis 7.2.
  assertEquals(primary.replication.offset, 2);
  using replica = await primary.replica();
  await replica.send("REPLCONF ACK 2\r\n");
  await client.ask("WAIT 1 5000\r\nWAITAOF 1 1 20\r\n", ":1\r\n*2\r\n:1\r\n:0\r\n");
  await client.send("WAITAOF 1 1 0\r\n");
  await replica.send("REPLCONF ACK 2 FACK 1\r\n");
  await replica.send("REPLCONF ACK 2 FACK 2\r\n");
  await client.expect("*2\r\n:1\r\n:1\r\n");
});

Deno.test("WAIT counts what was changed for a client after its batch: by a long script, or when its wait ended", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  using other = await primary.connect();
  using _replica = await primary.replica();
  await client.send("CLIENT ID\r\n");
  const id = Number((await client.line()).slice(1));
  const writeOffset = () => primary.instance.server.clients.get(id)?.writeOffset;
  await client.ask("CONFIG SET busy-reply-threshold 1\r\n", "+OK\r\n");
  const script = "for i = 1, 3000000 do end return redis.call('SET', 'a', 1)";
  await client.ask(`EVAL "${script}" 0\r\n`, "+OK\r\n");
  assertEquals(writeOffset(), primary.replication.offset);
  await client.ask(`MULTI\r\nEVAL "${script}" 0\r\nEXEC\r\n`, "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  assertEquals(writeOffset(), primary.replication.offset);
  await client.send("BLPOP list 0\r\n");
  await other.ask("RPUSH list x\r\n", ":1\r\n");
  await client.expect("*2\r\n$4\r\nlist\r\n$1\r\nx\r\n");
  assertEquals(writeOffset(), primary.replication.offset);
});

Deno.test("Writes need as many good replicas as configured", async () => {
  await using primary = await Primary.start({
    "min-replicas-to-write": "1",
    "min-replicas-max-lag": "2",
  });
  using client = await primary.connect();
  const refusal = "-NOREPLICAS Not enough good replicas to write.\r\n";
  await client.ask("SET a 1\r\nGET a\r\nFLUSHALL\r\n", `${refusal}$-1\r\n${refusal}`);
  await client.ask(
    'EVAL "return 1" 0\r\nMULTI\r\nGET a\r\nSET a 1\r\nEXEC\r\n',
    `:1\r\n+OK\r\n+QUEUED\r\n${refusal}-EXECABORT Transaction discarded because of previous errors.\r\n`,
  );
  await client.send("EVAL \"return redis.call('set','a',1)\" 0\r\n");
  assertMatch(await client.line(), /^-NOREPLICAS Not enough good replicas to write. script: /);
  await client.send(encodeCommand(["EVAL", "#!lua\nreturn 1", "0"]));
  await client.expect(refusal);
  await client.send(encodeCommand(["EVAL", "#!lua flags=no-writes\nreturn 1", "0"]));
  await client.expect(":1\r\n");

  using replica = await primary.replica();
  await client.ask("MULTI\r\nSET a 1\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
  for (let i = 0; i < 3; i++) primary.second();
  await client.ask("SET a 1\r\n", refusal);
  await replica.send("REPLCONF ACK 1\r\n");
  await waitFor(() => primary.replication.goodReplicas === 1, { what: "a good replica" });
  await client.ask("SET a 1\r\n", "+OK\r\n");
});

Deno.test("Replicas are sent PING now and then, and closed when they are silent for too long", async () => {
  await using primary = await Primary.start({
    "repl-ping-replica-period": "2",
    "repl-timeout": "5",
  });
  using old = await primary.replica();
  using replica = await primary.connect();
  await replica.ask("REPLCONF capa psync2\r\n", "+OK\r\n");
  await replica.send("PSYNC ? -1\r\n");
  assertMatch(await replica.line(), /^\+FULLRESYNC /);
  await skipSnapshot(replica);
  await primary.online();
  for (let i = 0; i < 4; i++) primary.second();
  await replica.expect(resp("PING", "PING"));
  // While it loads it sends empty lines.
  await replica.send("\n");
  const [, second] = primary.replication.links;
  await waitFor(() => second.lagSeconds(TEST_TIME + 4000) === 0, { what: "the line" });
  for (let i = 0; i < 5; i++) primary.second();
  assertEquals(primary.replication.replicaCount, 2);
  primary.second();
  assertEquals(primary.replication.replicaCount, 1);
  // One that came with SYNC acknowledges nothing.
  await old.expect(resp("PING", "PING", "PING", "PING", "PING"));
});

Deno.test("A replica that waits for a snapshot is kept alive by empty lines", async () => {
  await using primary = await Primary.start({ "repl-diskless-sync-delay": "3" });
  using replica = await primary.connect();
  await replica.ask("REPLCONF capa eof\r\n", "+OK\r\n");
  await replica.send("PSYNC ? -1\r\n");
  await waitFor(() => primary.replication.replicaCount === 1, { what: "the replica" });
  for (let i = 0; i < 3; i++) primary.second();
  await replica.expect("\n\n\n+FULLRESYNC ");
});

Deno.test("The backlog is given up, and the history with it, when there has been no replica for long", async () => {
  await using primary = await Primary.start({ "repl-backlog-ttl": "3" });
  const { effects } = primary.instance.server;
  assertEquals(effects.active, false);
  {
    using _replica = await primary.replica();
    assertEquals(effects.active, true);
  }
  await waitFor(() => primary.replication.replicaCount === 0, { what: "the replica to go" });
  const { id } = primary.replication.stream;
  for (let i = 0; i < 3; i++) primary.second();
  assertEquals(primary.replication.stream.id, id);
  primary.second();
  assertEquals([effects.active, primary.replication.stream.isOpen], [false, false]);
  assert(primary.replication.stream.id !== id);
});

Deno.test("ROLE, INFO and CLIENT LIST show replicas", async () => {
  await using primary = await Primary.start();
  using client = await primary.connect();
  await client.ask("ROLE\r\n", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
  using replica = await primary.connect();
  await replica.ask("REPLCONF listening-port 7777\r\n", "+OK\r\n");
  await replica.send("SYNC\r\n");
  await skipSnapshot(replica);
  await primary.online();
  await client.ask("SET a 1\r\n", "+OK\r\n");
  await replica.expect(resp("SELECT 0", "SET a 1"));
  const { offset } = primary.replication;
  await replica.send(`REPLCONF ACK ${offset}\r\n`);
  await client.ask("WAIT 1 0\r\n", ":1\r\n");
  await client.ask(
    "ROLE\r\n",
    `*3\r\n$6\r\nmaster\r\n:${offset}\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n7777\r\n` +
      `$${String(offset).length}\r\n${offset}\r\n`,
  );
  await client.send("INFO replication\r\n");
  const length = Number((await client.line()).slice(1));
  const lines: string[] = [];
  for (let left = length; left > 0; left -= lines[lines.length - 1].length + 2) {
    lines.push(await client.line());
  }
  await client.expect("\r\n");
  assert(lines.includes("connected_slaves:1"));
  assert(
    lines.includes(`slave0:ip=127.0.0.1,port=7777,state=online,offset=${offset},lag=0`),
    lines.join("\n"),
  );
  assert(lines.includes("repl_backlog_active:1"));
  await client.send("CLIENT LIST TYPE replica\r\n");
  await client.line();
  assertMatch(await client.line(), / flags=S .* cmd=replconf /);
});
