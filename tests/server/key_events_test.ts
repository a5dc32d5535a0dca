import { assertEquals } from "@std/assert";
import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

/** Collects all events, those included that must be asked for. */
function collectAll(t: TestServer): { events: string[]; stop: () => void } {
  const events: string[] = [];
  const stop = t.server.keyEvents.onEvent(
    (kind, event, key) => events.push(`${kind} ${event} ${decodeLatin1(key)}`),
    ["n", "m"],
  );
  return { events, stop };
}

Deno.test("a new key is told before what was done to it, to those who ask", async () => {
  await using t = await startTestServer();
  const { events } = collectAll(t);
  await t.line("SET a 1");
  await t.line("SET a 2");
  await t.line("RENAME a b");
  await t.line("INCR c");
  assertEquals(events, [
    "n new a",
    "$ set a",
    "$ set a",
    "n new b",
    "g rename_from a",
    "g rename_to b",
    "n new c",
    "$ incrby c",
  ]);
  assertEquals(t.events().filter((event) => event.startsWith("n")), []);
});

Deno.test("a key that is read and not there is told as missed, to those who ask", async () => {
  await using t = await startTestServer();
  const { events } = collectAll(t);
  await t.line("GET a");
  await t.line("EXISTS b");
  await t.line("DEL c");
  assertEquals(events, ["m keymiss a", "m keymiss b"]);
});

Deno.test("the keyspace tells of new and missed keys only while somebody asks", async () => {
  await using t = await startTestServer();
  const { hooks } = t.server.keyspace;
  assertEquals([hooks.created, hooks.missed], [undefined, undefined]);
  const { stop } = collectAll(t);
  assertEquals([typeof hooks.created, typeof hooks.missed], ["function", "function"]);
  stop();
  assertEquals([hooks.created, hooks.missed], [undefined, undefined]);
});

Deno.test("a client that waits for a key looks again when SWAPDB brings one", async () => {
  await using t = await startTestServer();
  const waiting = t.connect();
  await t.line("SELECT 1");
  await t.line("SET k v");
  let tries = 0;
  const wait = waiting.session.context.block(Args.of("WAITFOR", "k"), {
    keys: [1],
    timeout: 0,
    serve(ctx, args) {
      tries++;
      return ctx.db.find(args, 1) !== 0;
    },
    onTimeout: () => {},
  });
  await t.line("SET k w");
  assertEquals(tries, 0);
  await t.line("SWAPDB 0 1");
  await wait;
  assertEquals([tries, waiting.session.isBlocked], [1, false]);
});
