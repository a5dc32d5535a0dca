import { assert, assertEquals } from "@std/assert";
import { Flag } from "../../../commands/registry.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, type TestClient } from "../../support/harness.ts";

/** The fields of a line of CLIENT LIST. */
function fields(line: unknown): Record<string, string> {
  assert(typeof line === "string");
  return Object.fromEntries(
    line.trimEnd().split(" ").map((field) => {
      const equals = field.indexOf("=");
      return [field.slice(0, equals), field.slice(equals + 1)];
    }),
  );
}

async function idOf(client: TestClient): Promise<number> {
  return Number(await client.run("CLIENT", "ID"));
}

Deno.test("CLIENT INFO shows what a client said of itself", async () => {
  await using t = await startTestServer();
  await t.line("CLIENT SETNAME me");
  await t.line("CLIENT SETINFO LIB-NAME ioredis");
  await t.line("CLIENT SETINFO lib-ver 5.9.2");
  await t.line("SELECT 3");
  const info = fields(await t.line("CLIENT INFO"));
  assertEquals(info.id, String(await idOf(t)));
  assertEquals(info.name, "me");
  assertEquals(info["lib-name"], "ioredis");
  assertEquals(info["lib-ver"], "5.9.2");
  assertEquals(info.db, "3");
  assertEquals(info.user, "default");
});

Deno.test("CLIENT SETNAME with an empty name forgets the name", async () => {
  await using t = await startTestServer();
  await t.line("CLIENT SETNAME me");
  assertEquals(await t.run("CLIENT", "SETNAME", ""), "OK");
  assertEquals(await t.line("CLIENT GETNAME"), null);
});

Deno.test("CLIENT LIST ID answers in the order asked for, once for each asking", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  const [mine, theirs] = [await idOf(t), await idOf(other)];
  const text = await t.run("CLIENT", "LIST", "ID", theirs, 999, mine, theirs);
  assert(typeof text === "string");
  const ids = text.trimEnd().split("\n").map((line) => Number(fields(line).id));
  assertEquals(ids, [theirs, mine, theirs]);
});

Deno.test("CLIENT NO-EVICT shows in the flags", async () => {
  await using t = await startTestServer();
  await t.line("CLIENT NO-EVICT ON");
  assertEquals(fields(await t.line("CLIENT INFO")).flags, "e");
  await t.line("CLIENT NO-EVICT OFF");
  assertEquals(fields(await t.line("CLIENT INFO")).flags, "N");
});

Deno.test("CLIENT KILL by filters spares the one that asks", async () => {
  await using t = await startTestServer();
  const others = [t.connect(), t.connect()];
  assertEquals(await t.line("CLIENT KILL TYPE normal"), 2);
  assertEquals(t.server.clients.count, 1);
  assert(others.every(({ session }) => session.isClosing));
  assert(!t.session.isClosing);
});

Deno.test("CLIENT KILL SKIPME NO answers before it closes the one that asks", async () => {
  await using t = await startTestServer();
  assertEquals(await t.run("CLIENT", "KILL", "ID", await idOf(t), "SKIPME", "NO"), 1);
  assert(t.session.isClosing);
});

Deno.test("CLIENT KILL with an address may mean the one that asks", async () => {
  await using t = await startTestServer();
  const { addr } = fields(await t.line("CLIENT INFO"));
  assertEquals(await t.run("CLIENT", "KILL", addr), "OK");
  assert(t.session.isClosing);
});

Deno.test("CLIENT KILL demands every filter", async () => {
  await using t = await startTestServer();
  const other = t.connect();
  const id = await idOf(other);
  assertEquals(await t.run("CLIENT", "KILL", "ID", id, "TYPE", "pubsub"), 0);
  assertEquals(await t.run("CLIENT", "KILL", "ID", id, "MAXAGE", 10), 0);
  t.advance(10_000);
  assertEquals(await t.run("CLIENT", "KILL", "ID", id, "MAXAGE", 10, "USER", "default"), 1);
});

Deno.test("CLIENT PAUSE lasts until its time is over, or CLIENT UNPAUSE", async () => {
  await using t = await startTestServer();
  const { clients } = t.server;
  await t.line("CLIENT PAUSE 1000 WRITE");
  assert(clients.holds(t.session, Flag.write));
  assert(!clients.holds(t.session, Flag.readonly));
  await t.line("CLIENT PAUSE 2000");
  assert(clients.holds(t.session, Flag.readonly));
  t.advance(1500);
  assert(clients.holds(t.session, Flag.readonly));
  await t.line("CLIENT UNPAUSE");
  assert(!clients.holds(t.session, Flag.write));
});

Deno.test("keys whose time is over during a pause are hidden, and go when it ends", async () => {
  await using t = await startTestServer();
  await t.line("SET key value PX 10");
  await t.line("HSET hash field value");
  await t.line("HPEXPIRE hash 10 FIELDS 1 field");
  await t.line("CLIENT PAUSE 100000 WRITE");
  t.effects();
  t.advance(1000);
  assertEquals(await t.line("GET key"), null);
  assertEquals(await t.line("HGET hash field"), null);
  assertEquals([t.server.keyspace.expiredKeys, t.effects()], [0, []]);
  await t.line("CLIENT UNPAUSE");
  assertEquals(await t.line("GET key"), null);
  assertEquals(await t.line("HGET hash field"), null);
  assertEquals([t.server.keyspace.expiredKeys, t.server.keyspace.expiredFields], [1, 1]);
  assertEquals(t.effects(), ["0: DEL key", "0: HDEL hash field"]);
});

Deno.test("CLIENT UNBLOCK ends a wait as its timeout would, or with an error", async () => {
  await using t = await startTestServer();
  const waiter = t.connect();
  const id = await idOf(waiter);
  assertEquals(await t.run("CLIENT", "UNBLOCK", id), 0);
  let wait = waiter.line("WAIT 1 0");
  assertEquals(await t.run("CLIENT", "UNBLOCK", id, "TIMEOUT"), 1);
  assertEquals(await wait, 0);
  wait = waiter.line("WAIT 1 0");
  assertEquals(await t.run("CLIENT", "UNBLOCK", id, "ERROR"), 1);
  assertRefused(await wait, "UNBLOCKED client unblocked via CLIENT UNBLOCK");
});

Deno.test("CLIENT CAPA takes any words", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("CLIENT CAPA redirect nosuch"), "OK");
});

Deno.test("CLIENT HELP names every subcommand", async () => {
  await using t = await startTestServer();
  const help = await t.line("CLIENT HELP");
  assert(Array.isArray(help));
  assertEquals(help[0], "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const name of t.server.registry.byName("client")?.subcommands?.keys() ?? []) {
    assert(help.some((line) => new RegExp(`^${name}\\b`, "i").test(String(line))), name);
  }
});
