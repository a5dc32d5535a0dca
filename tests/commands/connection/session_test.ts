import { assert, assertEquals } from "@std/assert";
import { Args } from "../../../server/resp/args.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer } from "../../support/harness.ts";

const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
const STRANGER = "NOAUTH Authentication required.";

Deno.test("HELLO tells the version, the protocol and the connection", async () => {
  await using t = await startTestServer();
  const hello = await t.line("HELLO 3 SETNAME me");
  assert(hello instanceof Map);
  assertEquals(
    [...hello],
    [
      ["server", "redis"],
      ["version", "7.4.0"],
      ["proto", 3],
      ["id", t.session.id],
      ["mode", "standalone"],
      ["role", "master"],
      ["modules", []],
    ],
  );
  assertEquals(await t.line("CLIENT GETNAME"), "me");
});

Deno.test("HELLO without a version keeps the protocol", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  await t.line("HELLO");
  assertEquals(t.session.protocol, 3);
});

Deno.test("HELLO with a wrong password changes nothing", async () => {
  await using t = await startTestServer({ requirepass: "secret" });
  assertRefused(await t.line("HELLO 3 AUTH default wrong SETNAME me"), WRONG_PASSWORD);
  assertEquals(t.session.protocol, 2);
  assertEquals(t.session.name, "");
  assertRefused(await t.line("PING"), STRANGER);
});

Deno.test("HELLO logs in, names and chooses the protocol at once", async () => {
  await using t = await startTestServer({ requirepass: "secret" });
  const hello = await t.line("HELLO 3 SETNAME me AUTH default secret");
  assert(hello instanceof Map);
  assertEquals(await t.line("CLIENT GETNAME"), "me");
});

Deno.test("AUTH knows only the default user", async () => {
  await using t = await startTestServer({ requirepass: "secret" });
  assertRefused(await t.line("AUTH nobody secret"), WRONG_PASSWORD);
  assertEquals(await t.line("AUTH default secret"), "OK");
  assertEquals(await t.line("PING"), "PONG");
});

Deno.test("AUTH with a password that nobody asked for is refused in its short form", async () => {
  await using t = await startTestServer();
  assertRefused(
    await t.line("AUTH secret"),
    "ERR AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
  );
  assertEquals(await t.line("AUTH default secret"), "OK");
});

Deno.test("passwords are named as secrets", async () => {
  await using t = await startTestServer();
  const secretsOf = (...words: string[]) => {
    const args = Args.of(...words);
    return t.server.dispatcher.resolve(args).spec.secrets?.(args);
  };
  assertEquals(secretsOf("AUTH", "u", "p"), [1, 2]);
  assertEquals(secretsOf("HELLO", "3", "SETNAME", "n", "AUTH", "u", "p"), [5, 6]);
  assertEquals(secretsOf("HELLO", "3", "AUTH"), []);
  assertEquals(secretsOf("CONFIG", "SET", "hz", "10", "RequirePass", "p"), [5]);
});

Deno.test("RESET makes the connection as it was", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3 SETNAME me");
  await t.line("SELECT 2");
  await t.line("CLIENT NO-EVICT ON");
  await t.line("CLIENT NO-TOUCH ON");
  await t.line("CLIENT SETINFO LIB-NAME lib");
  t.session.output.flush();
  assertEquals(await t.line("RESET"), "RESET");
  const { session } = t;
  assertEquals(session.protocol, 2);
  assertEquals(session.context.db.id, 0);
  assertEquals([session.name, session.noEvict, session.noTouch], ["", false, false]);
  // The library behind the connection stays the same.
  assertEquals(session.libName, "lib");
});

Deno.test("RESET logs out where a password is asked for", async () => {
  await using t = await startTestServer({ requirepass: "secret" });
  await t.line("AUTH secret");
  assertEquals(await t.line("RESET"), "RESET");
  assertRefused(await t.line("PING"), STRANGER);
});

Deno.test("SELECT moves between databases", async () => {
  await using t = await startTestServer({ databases: "2" });
  await t.line("SET k zero");
  assertEquals(await t.line("SELECT 1"), "OK");
  assertEquals(await t.line("GET k"), null);
  assertRefused(await t.line("SELECT 2"), "ERR DB index is out of range");
  assertEquals(await t.line("SELECT 0"), "OK");
  assertEquals(await t.line("GET k"), "zero");
});

Deno.test("QUIT answers, then closes", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("QUIT"), "OK");
  assert(t.session.isClosing);
});
