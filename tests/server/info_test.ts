/**
 * INFO: which sections and fields there are, and where their values come from.
 *
 * @module
 */

import type { CommandSpec } from "../../commands/command.ts";
import { Config, type ConfigOptions } from "../../server/config/config.ts";
import { composeInfo } from "../../server/info.ts";
import { humanBytes, safeName } from "../../server/info/fields.ts";
import { Logger } from "../../server/logger.ts";
import { Args } from "../../server/resp/args.ts";
import { Server } from "../../server/server.ts";
import { REDIS_VERSION } from "../../server/version.ts";
import { COOLCACHE_VERSION } from "../../version.ts";
import { hasRedisServer, startRedis } from "../support/peer.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";

const START = 1_700_000_000_000;

/** Fields that redis-server 7.0.15 does not have, but 7.2 and 7.4. */
const LATER_FIELDS = [
  "listener0",
  "pubsub_clients",
  "watching_clients",
  "total_watched_keys",
  "total_blocking_keys",
  "total_blocking_keys_on_nokey",
  "allocator_muzzy",
  "mem_overhead_db_hashtable_rehashing",
  "expired_subkeys",
  "evicted_scripts",
  "client_query_buffer_limit_disconnections",
  "client_output_buffer_limit_disconnections",
  "eventloop_cycles",
  "eventloop_duration_sum",
  "eventloop_duration_cmd_sum",
  "instantaneous_eventloop_cycles_per_sec",
  "instantaneous_eventloop_duration_usec",
  "acl_access_denied_auth",
  "acl_access_denied_cmd",
  "acl_access_denied_key",
  "acl_access_denied_channel",
];

/** Fields of Redis that are left out: Deno cannot tell one thread's CPU time from another's. */
const MISSING_FIELDS = ["used_cpu_sys_main_thread", "used_cpu_user_main_thread"];

/** Sections whose fields depend on what the server was asked to do. */
const VARYING_SECTIONS = ["Commandstats", "Errorstats", "Latencystats", "Keyspace"];

interface TestedServer {
  server: Server;
  /** Moves time on. */
  advance(ms: number): void;
}

/** A server that is never listened on, with two commands that only exist to be counted. */
function testedServer(directives: ConfigOptions = {}): TestedServer {
  let now = START;
  const server = new Server({
    config: Config.fromOptions(directives),
    commands: [PROBE, BOX],
    logger: new Logger(() => {}, () => "warning", () => new Date(now)),
    now: () => now,
    monotonic: () => now,
    random: () => 0.5,
    end: () => Promise.resolve(),
  });
  return {
    server,
    advance(ms) {
      now += ms;
      server.keyspace.setTime(now);
    },
  };
}

const FACTS = {
  group: "server",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "For tests",
} as const;
const PROBE: CommandSpec = { ...FACTS, name: "PROBE", arity: 1 };
const BOX: CommandSpec = {
  ...FACTS,
  name: "BOX",
  arity: -2,
  subcommands: [{ ...FACTS, name: "OPEN", arity: 2 }],
};

/** The fields of each section, by title; both in the order of the text. */
function parseInfo(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let fields = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (line.startsWith("# ")) sections.set(line.slice(2), fields = new Map());
    else if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return sections;
}

function titles(server: Server, ...sections: string[]): string[] {
  return [...parseInfo(composeInfo(server, sections)).keys()];
}

/** How values may look; an id of 40 digits is text. */
const FORMS: Readonly<Record<string, RegExp>> = {
  integer: /^-?\d{1,20}$/,
  decimals: /^-?\d+\.\d\d$/,
  percent: /^\d+\.\d\d%$/,
  seconds: /^\d+\.\d{6}$/,
  bytes: /^(\d+B|\d+\.\d\d[KMGTP])$/,
};

function formOf(value: string): string {
  return Object.keys(FORMS).find((form) => FORMS[form].test(value)) ?? "text";
}

/** The fields of one section. */
function fieldsOf(server: Server, section: string): Record<string, string> {
  const [fields] = parseInfo(composeInfo(server, [section])).values();
  return Object.fromEntries(fields);
}

Deno.test({
  name: "INFO has the sections and fields of redis-server in its order",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await startRedis();
    using connection = await redis.connect();
    const theirs = parseInfo(await connection.text("INFO", "everything"));
    const { server } = testedServer();
    server.addresses = [{ hostname: "127.0.0.1", port: 6379 }];
    const ours = parseInfo(composeInfo(server, ["everything"]));

    assertEquals([...ours.keys()], [...theirs.keys()]);
    for (const [title, fields] of ours) {
      if (VARYING_SECTIONS.includes(title)) continue;
      const shared = [...fields.keys()].filter((name) =>
        !name.startsWith("coolcache_") && !LATER_FIELDS.includes(name)
      );
      const expected = [...theirs.get(title)!.keys()].filter((name) =>
        !MISSING_FIELDS.includes(name)
      );
      assertEquals(shared, expected, title);
    }
  },
});

Deno.test({
  name: "INFO writes every number in redis-server's form",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await startRedis();
    using connection = await redis.connect();
    const theirs = parseInfo(await connection.text("INFO", "everything"));
    const ours = parseInfo(composeInfo(testedServer().server, ["everything"]));
    for (const [title, fields] of theirs) {
      if (VARYING_SECTIONS.includes(title)) continue;
      for (const [name, value] of fields) {
        const our = ours.get(title)?.get(name);
        // A build id is no number, though it may look like one.
        if (our === undefined || name === "redis_build_id") continue;
        assertEquals(formOf(our), formOf(value), `${name}: ${our} and ${value}`);
      }
    }
  },
});

Deno.test("INFO without a name tells the default sections", () => {
  const { server } = testedServer();
  const expected = [
    "Server",
    "Clients",
    "Memory",
    "Persistence",
    "Stats",
    "Replication",
    "CPU",
    "Modules",
    "Errorstats",
    "Cluster",
    "Keyspace",
  ];
  assertEquals(titles(server), expected);
  assertEquals(titles(server, "default"), expected);
});

Deno.test("INFO tells several sections in its own order, each once", () => {
  const { server } = testedServer();
  assertEquals(titles(server, "keyspace", "cpu", "nosuch", "cpu"), ["CPU", "Keyspace"]);
  assertEquals(titles(server, "default", "latencystats").length, 12);
  assertEquals(titles(server, "all").length, 13);
  assertEquals(titles(server, "module_list"), ["Modules"]);
  const text = composeInfo(server, ["modules", "cluster"]);
  assertEquals(text, "# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n");
});

Deno.test("INFO of an unknown section is empty", () => {
  const { server } = testedServer();
  assertEquals(composeInfo(server, ["nosuch"]), "");
  assertEquals(composeInfo(server, ["constructor"]), "");
});

Deno.test("INFO server tells versions, addresses and how long the server runs", () => {
  const { server, advance } = testedServer();
  server.unixSocket = "/run/cool.sock";
  server.addresses = [{ hostname: "127.0.0.1", port: 7001 }, { hostname: "::1", port: 7001 }];
  advance(2 * 86_400_000 + 5_999);
  const fields = fieldsOf(server, "server");
  assertEquals(fields.redis_version, REDIS_VERSION);
  assertEquals(fields.coolcache_version, COOLCACHE_VERSION);
  assertEquals(fields.run_id, server.runId);
  assertEquals(fields.process_id, String(Deno.pid));
  assertEquals(fields.tcp_port, "7001");
  assertEquals(fields.listener0, "name=tcp,bind=127.0.0.1,bind=::1,port=7001");
  assertEquals(fields.listener1, "name=unix,bind=/run/cool.sock");
  assertEquals(fields.uptime_in_seconds, "172805");
  assertEquals(fields.uptime_in_days, "2");
  assertEquals(fields.server_time_usec, `${START + 172_805_999}000`);
});

Deno.test("INFO memory splits what is used into data and overhead", () => {
  const { server } = testedServer({ maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" });
  server.keyspace.databases[0].setString(Args.of("k"), 0, "v".repeat(5000));
  server.clientBytes = 1000;
  const fields = fieldsOf(server, "memory");
  const used = Number(fields.used_memory);
  assertEquals(used, server.usedMemory);
  assertEquals(Number(fields.used_memory_dataset), server.keyspace.arena.usedBytes);
  assertEquals(Number(fields.used_memory_dataset) + Number(fields.used_memory_overhead), used);
  assertEquals(fields.used_memory_peak, fields.used_memory);
  assertEquals(fields.used_memory_peak_perc, "100.00%");
  assertEquals(fields.mem_clients_normal, "1000");
  assertEquals(fields.maxmemory_human, "100.00M");
  assertEquals(fields.maxmemory_policy, "allkeys-lru");
  assertEquals(fields.mem_allocator, "coolcache-arena");
  assertEquals(fields.used_memory_startup, String(server.memory().startup));
  assert(Number(fields.total_system_memory) > used);
  assert(Number(fields.coolcache_arena_committed_bytes) >= server.keyspace.arena.usedBytes);
});

Deno.test("INFO memory counts the runtime as no fragmentation", () => {
  const { server } = testedServer();
  const fields = fieldsOf(server, "memory");
  const ratio = Number(fields.mem_fragmentation_ratio);
  assert(ratio > 0.5 && ratio < 2, fields.mem_fragmentation_ratio);
  const { baseline, used } = server.memory();
  const difference = Number(fields.used_memory_rss) - used - baseline;
  assertEquals(Number(fields.mem_fragmentation_bytes), difference);
});

Deno.test("INFO memory remembers the peak", () => {
  const { server } = testedServer();
  server.stats.peakMemory = server.usedMemory * 4;
  assertEquals(fieldsOf(server, "memory").used_memory_peak_perc, "25.00%");
});

Deno.test("INFO stats tells counters and rates", () => {
  const { server } = testedServer();
  const { stats } = server;
  server.keyspace.hits = 3;
  server.keyspace.misses = 2;
  stats.connections = 7;
  for (let i = 0; i <= 16; i++) {
    stats.commands = i * 100;
    stats.inputBytes = i * 1024;
    stats.sample(START + i * 100);
  }
  const fields = fieldsOf(server, "stats");
  assertEquals(fields.total_connections_received, "7");
  assertEquals(fields.total_commands_processed, "1600");
  assertEquals(fields.instantaneous_ops_per_sec, "1000");
  assertEquals(fields.instantaneous_input_kbps, "10.00");
  assertEquals(fields.keyspace_hits, "3");
  assertEquals(fields.keyspace_misses, "2");
});

Deno.test("INFO replication tells the history that replicas could follow", () => {
  const { server } = testedServer();
  const fields = fieldsOf(server, "replication");
  assertEquals(fields.role, "master");
  assertMatch(fields.master_replid, /^[0-9a-f]{40}$/);
  assertEquals(fields.master_replid2, "0".repeat(40));
  assertEquals(fields.second_repl_offset, "-1");
  assertEquals(fields.min_slaves_good_slaves, undefined);
  const careful = testedServer({ "min-replicas-to-write": 1 });
  assertEquals(fieldsOf(careful.server, "replication").min_slaves_good_slaves, "0");
});

Deno.test("INFO commandstats tells the commands that were called or refused", () => {
  const { server } = testedServer();
  const { registry, stats } = server;
  assertEquals(composeInfo(server, ["commandstats"]), "# Commandstats\r\n");
  const probe = registry.byName("probe")!.id;
  stats.calls[probe] = 3;
  stats.micros[probe] = 5;
  stats.failed[probe] = 1;
  stats.rejected[registry.byName("box|open")!.id] = 2;
  assertEquals(fieldsOf(server, "commandstats"), {
    cmdstat_probe: "calls=3,usec=5,usec_per_call=1.67,rejected_calls=0,failed_calls=1",
    "cmdstat_box|open": "calls=0,usec=0,usec_per_call=0.00,rejected_calls=2,failed_calls=0",
  });
});

Deno.test("INFO errorstats tells error codes in alphabetical order", () => {
  const { server } = testedServer();
  for (const code of ["WRONGTYPE", "ERR", "WRONGTYPE"]) server.stats.countError(code);
  assertEquals(
    composeInfo(server, ["errorstats"]),
    "# Errorstats\r\nerrorstat_ERR:count=1\r\nerrorstat_WRONGTYPE:count=2\r\n",
  );
  assertEquals(fieldsOf(server, "stats").total_error_replies, "3");
});

Deno.test("INFO keyspace tells databases that have keys", () => {
  const { server, advance } = testedServer();
  const { databases } = server.keyspace;
  assertEquals(composeInfo(server, ["keyspace"]), "# Keyspace\r\n");
  databases[0].setString(Args.of("stays"), 0, "v");
  databases[3].setString(Args.of("a"), 0, "v", START + 5_000);
  databases[3].setString(Args.of("b"), 0, "v", START + 10_000);
  databases[3].setString(Args.of("c"), 0, "v");
  advance(1_000);
  assertEquals(fieldsOf(server, "keyspace"), {
    db0: "keys=1,expires=0,avg_ttl=0,subexpiry=0",
    db3: "keys=3,expires=2,avg_ttl=6500,subexpiry=0",
  });
});

Deno.test("INFO keyspace counts a key that is overdue as having no time left", () => {
  const { server, advance } = testedServer();
  server.keyspace.databases[0].setString(Args.of("a"), 0, "v", START + 10);
  advance(1_000);
  assertEquals(fieldsOf(server, "keyspace").db0, "keys=1,expires=1,avg_ttl=0,subexpiry=0");
});

Deno.test("INFO cpu tells seconds with six decimals", () => {
  const { server } = testedServer();
  const fields = fieldsOf(server, "cpu");
  assertMatch(fields.used_cpu_user, /^\d+\.\d{6}$/);
  assertEquals(fields.used_cpu_sys_children, "0.000000");
});

Deno.test({
  name: "INFO leaves out what the program may not read of the system",
  permissions: { sys: false, read: true, env: true },
  fn() {
    const { server } = testedServer();
    assertEquals(fieldsOf(server, "memory").total_system_memory, "0");
    assertMatch(fieldsOf(server, "server").os, /^\w+ \w+$/);
    assertEquals(titles(server, "everything").length, 13);
  },
});

Deno.test("humanBytes shortens numbers as Redis does", () => {
  assertEquals([0, 1023, 1024, 1536].map(humanBytes), ["0B", "1023B", "1.00K", "1.50K"]);
  assertEquals(humanBytes(1024 ** 2 - 1), "1024.00K");
  assertEquals([2, 3, 4, 5].map((power) => humanBytes(1024 ** power)), [
    "1.00M",
    "1.00G",
    "1.00T",
    "1.00P",
  ]);
});

Deno.test("safeName replaces what would break a line of INFO", () => {
  assertEquals(safeName("a:b#c\r\nd|e"), "a_b_c__d|e");
});
