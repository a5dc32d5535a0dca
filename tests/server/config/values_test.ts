/**
 * Every kind of value is read, refused and shown as redis-server does it: the same cases are put to both.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Config } from "../../../server/config/config.ts";
import { directives } from "../../../server/config/directives.ts";
import { formatMemory, parseMemory } from "../../../server/config/values.ts";
import { ReplyError } from "../../../server/resp/errors.ts";
import { hasRedisServer, startRedis } from "../../support/peer.ts";
import type { RawConnection } from "../../support/raw_connection.ts";
import { fakeHost } from "./fake_host.ts";

/** A reason in brackets is a refusal; anything else is what CONFIG GET shows afterwards. */
const CASES: Record<string, [value: string, outcome: string][]> = {
  "replica-read-only": [
    ["NO", "no"],
    ["true", "[argument must be 'yes' or 'no']"],
    ["", "[argument must be 'yes' or 'no']"],
  ],
  "activedefrag": [
    ["no", "no"],
    [
      "yes",
      "[Active defragmentation cannot be enabled: it requires a Redis server compiled with a " +
      "modified Jemalloc like the one shipped by default with the Redis source distribution]",
    ],
  ],
  "timeout": [
    ["0", "0"],
    ["2147483647", "2147483647"],
    ["2147483648", "[argument must be between 0 and 2147483647 inclusive]"],
    ["-1", "[argument must be between 0 and 2147483647 inclusive]"],
    ["01", "[argument couldn't be parsed into an integer]"],
    ["1.5", "[argument couldn't be parsed into an integer]"],
    ["+1", "[argument couldn't be parsed into an integer]"],
    ["1k", "[argument couldn't be parsed into an integer]"],
    ["", "[argument couldn't be parsed into an integer]"],
  ],
  "slowlog-log-slower-than": [
    ["9007199254740993", "9007199254740993"],
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", "[argument couldn't be parsed into an integer]"],
    ["-1", "-1"],
    ["-2", "[argument must be between -1 and 9223372036854775807 inclusive]"],
  ],
  "maxclients": [["0", "[argument must be between 1 and 4294967295 inclusive]"]],
  "hz": [["0", "1"], ["100000", "500"], ["20", "20"]],
  "maxmemory": [
    ["100mb", "104857600"],
    ["1GB", "1073741824"],
    ["2k", "2000"],
    ["3kB", "3072"],
    ["5M", "5000000"],
    ["7b", "7"],
    ["1g", "1000000000"],
    ["0007", "7"],
    ["99999999999999999999999", "18446744073709551615"],
    ["99999999999gb", "15140462030378500096"],
    ["", "0"],
    ["-1", "[argument must be a memory value]"],
    ["1 mb", "[argument must be a memory value]"],
    ["10%", "[argument must be a memory value]"],
    ["1tb", "[argument must be a memory value]"],
  ],
  "proto-max-bulk-len": [
    ["2mb", "2097152"],
    ["1mb", "1048576"],
    ["1", "[argument must be between 1048576 and 9223372036854775807 inclusive]"],
    [
      "9223372036854775808",
      "[argument must be between 1048576 and 9223372036854775807 inclusive]",
    ],
  ],
  "maxmemory-clients": [
    ["50%", "50%"],
    ["100%", "100%"],
    ["0%", "0"],
    ["1kb", "1024"],
    ["101%", "[percentage argument must be less or equal to 100]"],
    ["-1%", "[argument must be a memory or percent value]"],
    ["%", "[argument must be a memory or percent value]"],
  ],
  "maxmemory-policy": [
    ["AllKeys-LRU", "allkeys-lru"],
    [
      "lru",
      "[argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, " +
      "volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction]",
    ],
    ["noeviction", "noeviction"],
  ],
  "loglevel": [
    [
      "toString",
      "[argument(s) must be one of the following: debug, verbose, notice, warning, nothing]",
    ],
  ],
  "oom-score-adj": [
    ["maybe", "[argument(s) must be one of the following: no, yes, relative, absolute]"],
    ["relative", "yes"],
    ["no", "no"],
  ],
  "shutdown-on-sigterm": [
    ["force NOW save", "save now force"],
    ["default now", "now"],
    ["default", "default"],
    ["save nosave", "[shutdown options SAVE and NOSAVE can't be used simultaneously]"],
    ["", "[argument(s) must be one of the following: default, save, nosave, now, force]"],
    ["now  force", "[argument(s) must be one of the following: default, save, nosave, now, force]"],
  ],
  "save": [
    ["3600 1", "3600 1"],
    ["10 0 20 5", "10 0 20 5"],
    ["", ""],
    ["10", "[Invalid save parameters]"],
    ["0 1", "[Invalid save parameters]"],
    ["1 -1", "[Invalid save parameters]"],
    ["1  2", "[Invalid save parameters]"],
    ["1 2x", "[Invalid save parameters]"],
  ],
  "client-output-buffer-limit": [
    [
      "normal 1mb 2k 3",
      "normal 1048576 2000 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    ],
    ["replica 0 0 0 PUBSUB 1 2 3", "normal 1048576 2000 3 slave 0 0 0 pubsub 1 2 3"],
    ["slave 1 1 1 slave 2 2 2", "normal 1048576 2000 3 slave 2 2 2 pubsub 1 2 3"],
    ["", "normal 1048576 2000 3 slave 2 2 2 pubsub 1 2 3"],
    ["normal 1 1", "[Wrong number of arguments in buffer limit configuration.]"],
    ["master 1 1 1", "[Invalid client class specified in buffer limit configuration.]"],
    [
      "normal 1 1 -1",
      "[Error in hard, soft or soft_seconds setting in buffer limit configuration.]",
    ],
    [
      "normal x 1 1",
      "[Error in hard, soft or soft_seconds setting in buffer limit configuration.]",
    ],
  ],
  "oom-score-adj-values": [
    ["0 100 200", "0 100 200"],
    ["-2000 0 +2000", "-2000 0 2000"],
    ["1 2", "[wrong number of arguments]"],
    ["1 2 2001", "[Invalid oom-score-adj-values, elements must be between -2000 and 2000.]"],
  ],
  "notify-keyspace-events": [
    ["KEA", "AKE"],
    ["gxE", "gxE"],
    ["Kt$lshzxegd", "AK"],
    ["nm", "nm"],
    ["An", "A"],
    ["", ""],
    ["KEq", "[Invalid event class character. Use 'Ag$lshzxeKEtmdn'.]"],
  ],
  "latency-tracking-info-percentiles": [
    ["5e1 99.9900 0 100", "50 99.99 0 100"],
    ["", ""],
    ["101", "[latency-tracking-info-percentiles parameters should sit between [0.0,100.0]]"],
    ["x", "[Invalid latency-tracking-info-percentiles parameters]"],
  ],
  "dbfilename": [
    ["x.rdb", "x.rdb"],
    ["", ""],
    ["../x.rdb", "[dbfilename can't be a path, just a filename]"],
  ],
  "proc-title-template": [
    ["{title}", "[template format is invalid or contains unknown variables]"],
    ["x {nosuch}", "[template format is invalid or contains unknown variables]"],
    ["x {title", "[template format is invalid or contains unknown variables]"],
    ["{{x} {port}", "{{x} {port}"],
  ],
  "cluster-announce-hostname": [
    ["a.example-1", "a.example-1"],
    ["a_b", "[Hostnames may only contain alphanumeric characters, hyphens or dots]"],
    ["x".repeat(256), "[Hostnames must be less than 256 characters]"],
    ["", ""],
  ],
};

/** What CONFIG SET and then CONFIG GET of our configuration answer, as in {@link CASES}. */
function ours(config: Config, name: string, value: string): string {
  try {
    config.set([[name, value]]);
  } catch (error) {
    if (error instanceof ReplyError) return asOutcome(name, error.message);
    throw error;
  }
  return config.get([name])[0][1];
}

/** The same of redis-server. */
async function theirs(connection: RawConnection, name: string, value: string): Promise<string> {
  const reply = await connection.line("CONFIG", "SET", name, value);
  if (reply !== "+OK") return asOutcome(name, reply.slice(1));
  return (await bulks(connection, "CONFIG", "GET", name))[1];
}

function asOutcome(name: string, message: string): string {
  const start = `ERR CONFIG SET failed (possibly related to argument '${name}') - `;
  return message.startsWith(start) ? `[${message.slice(start.length)}]` : message;
}

/** The bulk strings of a reply, none of which has a line break in it. */
async function bulks(connection: RawConnection, ...command: string[]): Promise<string[]> {
  const reply = new TextDecoder().decode(await connection.send(command));
  return [...reply.matchAll(/\$\d+\r\n(.*)\r\n/g)].map(([, text]) => text);
}

/** Cases that 7.2 decides otherwise than 7.0, which is the redis-server that is asked. */
const NEWER = new Set(["loglevel toString"]);

for (const [name, cases] of Object.entries(CASES)) {
  Deno.test(`${name} is read, refused and shown`, () => {
    const config = new Config({ host: fakeHost() });
    config.assign("enable-protected-configs", ["yes"]);
    for (const [value, outcome] of cases) {
      assertEquals(ours(config, name, value), outcome, `${name} '${value}'`);
    }
  });
}

Deno.test({
  name: "redis-server reads, refuses and shows all of these in the same way",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await startRedis(["--enable-protected-configs", "yes"]);
    using connection = await redis.connect();
    for (const [name, cases] of Object.entries(CASES)) {
      for (const [value, outcome] of cases) {
        if (NEWER.has(`${name} ${value}`)) continue;
        assertEquals(await theirs(connection, name, value), outcome, `${name} '${value}'`);
      }
    }
  },
});

Deno.test({
  name: "directives have the names, aliases and defaults of redis-server",
  ignore: !hasRedisServer,
  async fn() {
    await using redis = await startRedis();
    using connection = await redis.connect();
    const pairs = await bulks(connection, "CONFIG", "GET", "*");
    const theirValues = new Map<string, string>();
    for (let i = 0; i < pairs.length; i += 2) theirValues.set(pairs[i], pairs[i + 1]);

    const config = new Config({ host: fakeHost() });
    // Given by the test's own command line, or differing between machines; and hidden since 7.2.
    const excepted = ["bind", "port", "dir", "save", "loglevel", "logfile", "aof-disable-auto-gc"];
    for (const [name, value] of theirValues) {
      const [found] = config.get([name]);
      if (excepted.includes(name)) assertEquals(found?.[0], name);
      else assertEquals(found, [name, value]);
    }

    const newer = config.get(["*"]).map(([name]) => name).filter((name) => !theirValues.has(name));
    assertEquals(newer.sort(), [
      "cluster-announce-human-nodename",
      "coolcache-lua-memory-limit",
      "hide-user-data-from-log",
      "locale-collate",
      "max-new-connections-per-cycle",
      "max-new-tls-connections-per-cycle",
      "set-max-listpack-entries",
      "set-max-listpack-value",
    ]);
  },
});

Deno.test("directives have defaults that they would accept themselves", () => {
  const config = new Config({ host: fakeHost() });
  for (const [name, { initial }] of Object.entries(directives)) {
    if (name === "dir" || name === "replicaof") continue;
    const again = Config.fromOptions({ [name]: initial.text }, fakeHost());
    assertEquals(again.get([name]), config.get([name]));
    assertEquals(again.values, config.values, name);
  }
});

Deno.test("the value of notify-keyspace-events holds every wanted class by its own letter", () => {
  const config = new Config({ host: fakeHost() });
  config.set([["notify-keyspace-events", "AKn"]]);
  assertEquals(config.values.notifyKeyspaceEvents, "g$lshzxetdnK");
  assertEquals(config.get(["notify-keyspace-events"])[0][1], "AK");
});

Deno.test("unixsocketperm is octal", () => {
  const { values } = Config.fromOptions({ unixsocketperm: "0770" }, fakeHost());
  assertEquals(values.unixsocketperm, 0o770);
});

Deno.test("formatMemory writes what parseMemory reads, in the largest unit", () => {
  for (const text of ["0", "1", "1023", "1kb", "1025", "3mb", "1025kb", "2gb", "2049mb"]) {
    assertEquals(formatMemory(parseMemory(text)!), text);
  }
});
