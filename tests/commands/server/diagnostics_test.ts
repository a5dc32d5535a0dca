import { assert, assertEquals } from "@std/assert";
import { Args } from "../../../server/resp/args.ts";
import { assertRefused } from "../../support/assert_refused.ts";
import { startTestServer, TEST_TIME } from "../../support/harness.ts";

Deno.test("TIME answers seconds and microseconds", async () => {
  await using t = await startTestServer();
  t.advance(1234);
  assertEquals(await t.line("TIME"), [String(TEST_TIME / 1000 + 1), "234000"]);
});

Deno.test("LASTSAVE answers the start while nothing was saved", async () => {
  await using t = await startTestServer();
  t.advance(5000);
  assertEquals(await t.line("LASTSAVE"), TEST_TIME / 1000);
});

Deno.test("ROLE answers a primary without replicas", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("ROLE"), ["master", 0, []]);
});

Deno.test("INFO answers only the sections asked for", async () => {
  await using t = await startTestServer();
  assert(String(await t.line("INFO SERVER")).startsWith("# Server\r\n"));
  assertEquals(await t.line("INFO nosuch"), "");
});

Deno.test("SLOWLOG GET answers the latest entries first", async () => {
  await using t = await startTestServer();
  const entry = { time: 1, micros: 2, client: "1.2.3.4:5", clientName: "me" };
  for (let i = 0; i < 12; i++) t.server.slowlog.add(Args.of("CALL", String(i)), entry, 128);
  assertEquals(await t.line("SLOWLOG LEN"), 12);
  assertEquals(await t.line("SLOWLOG GET 1"), [[11, 1, 2, ["CALL", "11"], "1.2.3.4:5", "me"]]);
  const lengthOf = async (line: string) => {
    const entries = await t.line(line);
    return Array.isArray(entries) ? entries.length : entries;
  };
  assertEquals(await lengthOf("SLOWLOG GET"), 10);
  assertEquals(await lengthOf("SLOWLOG GET -1"), 12);
  assertEquals(await t.line("SLOWLOG RESET"), "OK");
  assertEquals(await t.line("SLOWLOG LEN"), 0);
});

Deno.test("LATENCY shows and forgets spikes", async () => {
  await using t = await startTestServer({ "latency-monitor-threshold": "10" });
  const { latency } = t.server;
  const second = Math.floor(t.now / 1000);
  latency.record("command", 50);
  t.advance(65_000);
  latency.record("command", 20);
  latency.record("fork", 5);
  assertEquals(await t.line("LATENCY LATEST"), [["command", second + 65, 20, 50]]);
  assertEquals(await t.line("LATENCY HISTORY command"), [[second, 50], [second + 65, 20]]);
  assertEquals(await t.line("LATENCY HISTORY fork"), []);
  assert(String(await t.line("LATENCY DOCTOR")).includes("command: 2 spikes within 65 s"));
  assertEquals(await t.line("LATENCY RESET command fork"), 1);
  assertEquals(await t.line("LATENCY LATEST"), []);
});

Deno.test("LATENCY GRAPH draws the longest as the highest", async () => {
  await using t = await startTestServer({ "latency-monitor-threshold": "10" });
  for (const ms of [10, 20, 50, 30]) {
    t.server.latency.record("command", ms);
    t.advance(1000);
  }
  const graph = String(await t.line("LATENCY GRAPH command")).split("\n");
  assertEquals(graph[0], "command - high 50 ms, low 10 ms (all time high 50 ms)");
  assertEquals(graph[1], "-".repeat(80));
  assertEquals(graph.slice(2, 6), ["  #", "  #", "  ##", "_###"]);
  assertEquals(graph.slice(7, 9), ["4321", "ssss"]);
  assertRefused(
    await t.line("LATENCY GRAPH fork"),
    "ERR No samples available for event 'fork'",
  );
});

Deno.test("MEMORY USAGE grows with the value", async () => {
  await using t = await startTestServer();
  await t.line("SET small v");
  await t.run("SET", "large", "x".repeat(10_000));
  const small = Number(await t.line("MEMORY USAGE small"));
  const large = Number(await t.line("MEMORY USAGE large"));
  assert(small > 0 && large > 10_000 && large < 20_000, `${small}, ${large}`);
  assertEquals(await t.line("MEMORY USAGE missing"), null);
});

Deno.test("MEMORY STATS accounts for keys and databases", async () => {
  await using t = await startTestServer();
  await t.line("HELLO 3");
  t.session.output.flush();
  await t.line("SET k v");
  await t.line("SELECT 5");
  await t.line("MSET a 1 b 2");
  const stats = await t.line("MEMORY STATS");
  assert(stats instanceof Map);
  assertEquals(stats.get("keys.count"), 3);
  assert(stats.get("db.0") instanceof Map && stats.get("db.5") instanceof Map);
  assert(!stats.has("db.1"));
  const total = Number(stats.get("total.allocated"));
  assertEquals(
    total,
    Number(stats.get("dataset.bytes")) + Number(stats.get("overhead.total")),
  );
  assert(Number(stats.get("peak.allocated")) >= total);
});

Deno.test("MODULE knows of no modules and loads none", async () => {
  await using t = await startTestServer({ "enable-module-command": "yes" });
  assertEquals(await t.line("MODULE LIST"), []);
  assertRefused(
    await t.line("MODULE LOAD some.so"),
    "ERR Error loading the extension. Please check the server logs.",
  );
  assertRefused(
    await t.line("MODULE UNLOAD some"),
    "ERR Error unloading module: no such module with that name",
  );
});

Deno.test("LOLWUT draws the rule it is given", async () => {
  await using t = await startTestServer();
  const picture = String(await t.line("LOLWUT VERSION 7 90 9 4")).split("\n");
  assertEquals(picture.slice(0, 2), ["   ▄▀▄", " ▄▀▄ ▄▀▄"].map(latin1));
  assertEquals(picture[3], "Rule 90, 4 generations from a single lit cell.");
  assertEquals(picture[5], "Redis ver. 7.4.0");
});

/** Text as a reply shows it: each byte of its UTF-8 a character. */
function latin1(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

Deno.test("LOLWUT keeps its picture within bounds", async () => {
  await using t = await startTestServer();
  const picture = String(await t.line("LOLWUT 110 99999999 -5"));
  assert(picture.includes("Rule 110, 1 generations"));
  assert(picture.length < 4000);
  assertRefused(await t.line("LOLWUT x"), "ERR value is not an integer or out of range");
});

Deno.test("SHUTDOWN refuses options that exclude each other", async () => {
  await using t = await startTestServer();
  assertRefused(await t.line("SHUTDOWN SAVE NOSAVE"), "ERR syntax error");
  assertRefused(await t.line("SHUTDOWN NOW ABORT"), "ERR syntax error");
  assertRefused(await t.line("SHUTDOWN ABORT"), "ERR No shutdown in progress.");
});

Deno.test("MONITOR shows other clients' commands", async () => {
  await using t = await startTestServer();
  const sent: string[] = [];
  const watcher = t.server.clients.add({
    read: () => Promise.resolve(null),
    write: (bytes) => {
      sent.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
    close: () => {},
  }, { remote: "1.2.3.4:5", local: "127.0.0.1:6379", isLocal: true, isUnix: false });
  t.server.monitor(watcher);
  assert(watcher.isMonitor);
  await t.run("SET", "k", 'a "b"');
  assert(sent.join("").endsWith('[0 127.0.0.1:50000] "SET" "k" "a \\"b\\""\r\n'), sent.join(""));
});
