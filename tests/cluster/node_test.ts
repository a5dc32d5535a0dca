/**
 * One node of a cluster, without sockets.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { keySlot } from "../../storage/memory/key_slot.ts";
import { seededRandom, startTestServer, type TestServer } from "../support/harness.ts";

/** A folder that goes with its scope. */
function temporaryFolder(): { path: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "coolcache-node-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** A node that serves these slots of the cluster that it alone is. */
async function startNode(dir: string, slots: string = "0 16383"): Promise<TestServer> {
  const node = await startTestServer({ "cluster-enabled": "yes", dir });
  if (slots !== "") assertEquals(await node.line(`CLUSTER ADDSLOTSRANGE ${slots}`), "OK");
  // It waits for a while after its start, lest others know better.
  for (let i = 0; i < 3; i++) {
    node.advance(2500);
    node.server.cluster?.tick();
  }
  return node;
}

async function info(node: TestServer, field: string): Promise<string | undefined> {
  const text = String(await node.line("CLUSTER INFO"));
  return new RegExp(`^${field}:(.*)\r$`, "m").exec(text)?.[1];
}

function slotOf(key: string): number {
  const bytes = new TextEncoder().encode(key);
  return keySlot(bytes, 0, bytes.length);
}

Deno.test("CLUSTER is refused where there is none", async () => {
  await using t = await startTestServer();
  const refusal = "ERR This instance has cluster support disabled";
  for (const line of ["CLUSTER INFO", "CLUSTER HELP", "ASKING", "READONLY", "READWRITE"]) {
    assertEquals((await t.line(line) as Error).message, refusal);
  }
  assert(String(await t.line("INFO")).includes("redis_mode:standalone"));
});

Deno.test("a node without slots is down, and serves once it has all", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path, "");
  assertEquals(await info(t, "cluster_state"), "fail");
  assertEquals((await t.line("GET a") as Error).message, "CLUSTERDOWN Hash slot not served");
  assertEquals(await t.line("PING"), "PONG");
  assertEquals(await t.line("CLUSTER ADDSLOTSRANGE 0 16382"), "OK");
  t.server.cluster?.tick();
  assertEquals((await t.line("GET a") as Error).message, "CLUSTERDOWN The cluster is down");
  assertEquals(await t.line("CLUSTER ADDSLOTS 16383"), "OK");
  t.advance(6000);
  t.server.cluster?.tick();
  assertEquals(await t.line("GET a"), null);
  assertEquals(await info(t, "cluster_state"), "ok");
});

Deno.test("keys are counted by slot through random commands", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const random = seededRandom(5);
  const model = new Set<string>();
  const key = () => `{${Math.floor(random() * 8)}}${Math.floor(random() * 600)}`;
  for (let step = 0; step < 12_000; step++) {
    const name = key();
    const choice = random();
    if (choice < 0.55) {
      await t.run("SET", name, "v");
      model.add(name);
    } else if (choice < 0.85) {
      assertEquals(await t.run("DEL", name), model.delete(name) ? 1 : 0);
    } else if (choice < 0.9) {
      const other = name.slice(0, 3) + Math.floor(random() * 600);
      if (model.has(name)) {
        assertEquals(await t.run("RENAME", name, other), "OK");
        model.delete(name);
        model.add(other);
      }
    } else if (choice < 0.95) {
      if (await t.run("PEXPIRE", name, 1) === 1) model.delete(name);
      t.advance(5);
      assertEquals(await t.run("EXISTS", name), 0);
    } else if (choice < 0.9502) {
      await t.run("FLUSHALL");
      model.clear();
    }
    if (step % 1500 !== 0) continue;
    const slots = Map.groupBy(model, slotOf);
    for (let tag = 0; tag < 8; tag++) {
      const slot = slotOf(`{${tag}}`);
      const expected = slots.get(slot) ?? [];
      assertEquals(await t.run("CLUSTER", "COUNTKEYSINSLOT", slot), expected.length);
      const keys = await t.run("CLUSTER", "GETKEYSINSLOT", slot, 100_000) as string[];
      assertEquals(keys.toSorted(), expected.toSorted());
      const some = await t.run("CLUSTER", "GETKEYSINSLOT", slot, 7) as string[];
      assertEquals(new Set(some).size, Math.min(7, expected.length));
    }
  }
});

Deno.test("a transaction is redirected as a whole, with the redirection alone as its reply", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path, "0 16382");
  await t.line("CONFIG SET cluster-require-full-coverage no");
  t.server.cluster?.tick();
  t.advance(6000);
  t.server.cluster?.tick();
  await t.line("MULTI");
  assertEquals(await t.line("SET {a}1 1"), "QUEUED");
  assertEquals(await t.line("SET b 1"), "QUEUED");
  assertEquals(
    (await t.line("EXEC") as Error).message,
    "CROSSSLOT Keys in request don't hash to the same slot",
  );
  assertEquals((await t.line("EXEC") as Error).message, "ERR EXEC without MULTI");
  assertEquals(await t.line("EXISTS {a}1"), 0);
});

Deno.test("SETSLOT refuses nodes that are not known, and slots that are here already", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const other = "b".repeat(40);
  const slot = slotOf("{x}");
  // A node that nobody can reach is known only from the file.
  const topology = String(await t.line("CLUSTER NODES"));
  assert(topology.includes("myself,master"));
  assertEquals(
    (await t.run("CLUSTER", "SETSLOT", slot, "MIGRATING", other) as Error).message,
    `ERR I don't know about node ${other}`,
  );
  assertEquals(
    (await t.run("CLUSTER", "SETSLOT", slot, "IMPORTING", other) as Error).message,
    `ERR I'm already the owner of hash slot ${slot}`,
  );
  assertEquals(
    (await t.run("CLUSTER", "SETSLOT", slot, "NODE", other) as Error).message,
    `ERR Unknown node ${other}`,
  );
});

Deno.test("what a node knows outlives it, in the format of redis-server", async () => {
  using folder = temporaryFolder();
  const own = "a".repeat(40);
  const other = "b".repeat(40);
  Deno.writeTextFileSync(
    `${folder.path}/nodes.conf`,
    `${other} 127.0.0.1:1@10001,,tls-port=0,shard-id=${"d".repeat(40)} master - 0 0 7 connected ` +
      `8000-16383\n` +
      `${own} 127.0.0.1:2@10002 myself,master - 0 0 3 connected 0-7998 7999 [5->-${other}] ` +
      `[9000-<-${other}]\n` +
      `vars currentEpoch 9 lastVoteEpoch 8\n`,
  );
  await using t = await startTestServer({ "cluster-enabled": "yes", dir: folder.path });
  assertEquals(await t.line("CLUSTER MYID"), own);
  const [line] = String(await t.line("CLUSTER NODES")).split("\n").filter((each) =>
    each.includes("myself")
  );
  assert(line.endsWith(` 3 connected 0-7999 [5->-${other}] [9000-<-${other}]`), line);
  assertEquals(await info(t, "cluster_current_epoch"), "9");
  // Of an open slot those keys are served that are there, others elsewhere.
  await t.line("CONFIG SET cluster-allow-reads-when-down yes");
  const leaving = keyOf(5);
  assertEquals((await t.run("GET", leaving) as Error).message, "ASK 5 127.0.0.1:1");
  const coming = keyOf(9000);
  assertEquals((await t.run("GET", coming) as Error).message, "MOVED 9000 127.0.0.1:1");
  await t.line("ASKING");
  assertEquals(await t.run("GET", coming), null);
  assertEquals((await t.run("GET", coming) as Error).message, "MOVED 9000 127.0.0.1:1");
  await t.line("ASKING");
  assertEquals(
    (await t.run("MGET", `{${coming}}1`, `{${coming}}2`) as Error).message,
    "TRYAGAIN Multiple keys request during rehashing of slot",
  );
  assertEquals(await t.line("CLUSTER SAVECONFIG"), "OK");
  const text = Deno.readTextFileSync(`${folder.path}/nodes.conf`);
  assert(text.includes("vars currentEpoch 9 lastVoteEpoch 8"), text);
  assert(text.includes("[9000-<-"), text);
});

/** A key of a slot. */
function keyOf(slot: number): string {
  for (let i = 0;; i++) if (slotOf(`k${i}`) === slot) return `k${i}`;
}

Deno.test("a file that makes no sense ends the start, and so does one that is in use", async () => {
  using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/nodes.conf`, "nonsense\n");
  const start = () => startTestServer({ "cluster-enabled": "yes", dir: folder.path });
  let refusal = "";
  await start().catch((error) => refusal = String(error));
  assert(refusal.includes("nodes.conf"), refusal);
  Deno.writeTextFileSync(`${folder.path}/nodes.conf`, "");
  await using _t = await start();
  await start().catch((error) => refusal = String(error));
  assert(refusal.includes("already used by a different"), refusal);
});

Deno.test("other databases are refused in a cluster", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const refusals: Record<string, string> = {
    "SELECT 1": "ERR SELECT is not allowed in cluster mode",
    "SWAPDB 0 1": "ERR SWAPDB is not allowed in cluster mode",
    "MOVE a 1": "ERR MOVE is not allowed in cluster mode",
    "REPLICAOF 127.0.0.1 1": "ERR REPLICAOF not allowed in cluster mode.",
    "SORT a BY b*": "ERR BY option of SORT denied in Cluster mode.",
    "SORT a GET b*": "ERR GET option of SORT denied in Cluster mode.",
  };
  for (const [line, refusal] of Object.entries(refusals)) {
    assertEquals((await t.line(line) as Error).message, refusal);
  }
  assertEquals(await t.line("SELECT 0"), "OK");
});

Deno.test("clients that wait for a key hear when its slot is not served any more", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const waiting = t.connect().line("BLPOP list 0");
  const slot = slotOf("list");
  await t.run("CLUSTER", "DELSLOTS", slot);
  await t.line("CONFIG SET cluster-require-full-coverage no");
  t.server.cluster?.tick();
  assertEquals((await waiting as Error).message, "CLUSTERDOWN Hash slot not served");
});

Deno.test("scripts keep to the slots that they declare, unless they say otherwise", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const flagged = (flags: string, body: string) => `#!lua flags=${flags}\n${body}`;
  const plain = "redis.call('SET', 'a', 1) redis.call('SET', 'b', 1) return 1";
  assertEquals(await t.run("EVAL", plain, 0), 1);
  const refusal = String(await t.run("EVAL", `#!lua\n${plain}`, 0));
  assert(refusal.includes("Script attempted to access keys that do not hash to the same slot"));
  assertEquals(await t.run("EVAL", flagged("allow-cross-slot-keys", plain), 0), 1);
  assertEquals(
    (await t.run("EVAL", flagged("no-cluster", plain), 0) as Error).message,
    "ERR Can not run script on cluster, 'no-cluster' flag is set.",
  );
  assertEquals(
    (await t.run("EVAL", plain, 2, "a", "b") as Error).message,
    "CROSSSLOT Keys in request don't hash to the same slot",
  );
  await t.line("CONFIG SET cluster-require-full-coverage no");
  await t.run("CLUSTER", "DELSLOTS", slotOf("b"));
  const remote = String(await t.run("EVAL", plain, 0));
  assert(remote.includes("Script attempted to access a non local key in a cluster node"), remote);
});

Deno.test("subscribers of a shard channel are told when its slot goes", async () => {
  using folder = temporaryFolder();
  await using t = await startNode(folder.path);
  const written: Uint8Array[] = [];
  const session = t.server.clients.add({
    read: () => Promise.resolve(null),
    write: (bytes) => {
      written.push(bytes.slice());
      return Promise.resolve(bytes.length);
    },
    close: () => {},
  }, { remote: "127.0.0.1:50001", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
  t.server.pubsub.subscribe(session, "shard", new TextEncoder().encode("news"));
  await t.run("CLUSTER", "DELSLOTS", slotOf("news"));
  await session.output.drained();
  const text = written.map((bytes) => new TextDecoder().decode(bytes)).join("");
  assertEquals(text, "*3\r\n$12\r\nsunsubscribe\r\n$4\r\nnews\r\n:0\r\n");
  assertEquals(await t.line("PUBSUB SHARDNUMSUB news"), ["news", 0]);
});
