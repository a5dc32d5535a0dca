/**
 * Random commands that change data, for tests of what reaches replicas: every type, transactions, scripts and functions.
 *
 * Only what redis-server 7.0 understands. Some commands fail, as keys of several types share names; those must leave nothing.
 *
 * @module
 */

import { pick } from "../storage/memory/random.ts";
import type { Command } from "../support/raw_connection.ts";

/** What is in the place of `{…}` in a template. */
const WORDS: Readonly<Record<string, (random: () => number) => string>> = {
  // A few keys for each type, and some that any command may be used on.
  s: (random) => oneOf(random, ["s1", "s2", "s3", "any1", "any2"]),
  n: (random) => oneOf(random, ["n1", "n2"]),
  l: (random) => oneOf(random, ["l1", "l2", "l3", "any1"]),
  set: (random) => oneOf(random, ["set1", "set2", "set3", "any2"]),
  h: (random) => oneOf(random, ["h1", "h2", "any1"]),
  z: (random) => oneOf(random, ["z1", "z2", "z3", "any2"]),
  x: (random) => oneOf(random, ["x1", "x2"]),
  p: (random) => oneOf(random, ["p1", "p2"]),
  g: (random) => oneOf(random, ["g1", "g2"]),
  k: (random) =>
    oneOf(random, ["s1", "l1", "set1", "h1", "z1", "x1", "any1", "any2", "p1", "n1", "l2", "z2"]),
  m: (random) => `m${pick(random, 12)}`,
  i: (random) => String(pick(random, 40) - 10),
  c: (random) => String(pick(random, 5)),
  f: (random) => ((pick(random, 2000) - 1000) / 16).toString(),
  v: (random) => "v".repeat(pick(random, 3) === 0 ? 100 : 3) + pick(random, 50),
  // Mostly over soon, so that expiries happen all the time.
  ms: (random) => String(1 + pick(random, pick(random, 3) === 0 ? 100_000_000 : 30)),
  lon: (random) => String(pick(random, 360) - 180),
  lat: (random) => String(pick(random, 160) - 80),
  side: (random) => oneOf(random, ["LEFT", "RIGHT"]),
  end: (random) => oneOf(random, ["MIN", "MAX"]),
  db: (random) => String(pick(random, 3)),
};

const TEMPLATES: readonly string[] = [
  "SET {s} {v}|SET {s} {v} PX {ms}|SET {s} {v} KEEPTTL|SET {s} {v} NX|SET {s} {v} XX GET|SET {n} {i}",
  "SET {s} {v} EX 1000|SETEX {s} 100 {v}|PSETEX {s} {ms} {v}|SETNX {s} {v}|GETSET {s} {v}",
  "MSET {s} {v} {s} {v}|MSETNX {s} {v} {n} {i}|APPEND {s} {v}|SETRANGE {s} {c} {v}",
  "INCR {n}|DECRBY {n} {i}|INCRBYFLOAT {n} {f}|GETDEL {s}|GETEX {s} PX {ms}|GETEX {s} PERSIST",
  "SETBIT {s} {m} 1|SETBIT {s} {c} 1|BITOP OR {s} {s} {s}|BITFIELD {s} SET u8 #1 {c} INCRBY i5 100 1",
  "PFADD {p} {m} {m} {v}|PFMERGE {p} {p} {p}|PFCOUNT {p}|PFCOUNT {p} {p}",
  "LPUSH {l} {v} {m}|RPUSH {l} {m}|RPUSHX {l} {m}|LPOP {l}|RPOP {l} {c}|LREM {l} {i} {m}",
  "LTRIM {l} 0 20|LSET {l} {c} {v}|LINSERT {l} BEFORE {m} {v}|LMOVE {l} {l} {side} {side}",
  "RPOPLPUSH {l} {l}|LMPOP 2 {l} {l} {side} COUNT 2|BLPOP {l} {l} 0.001|BRPOP {l} 0.001",
  "BLMOVE {l} {l} {side} {side} 0.001|BRPOPLPUSH {l} {l} 0.001|BLMPOP 0.001 2 {l} {l} {side}",
  "SADD {set} {m} {m} {v}|SADD {set} {i} {i}|SREM {set} {m} {i}|SPOP {set}|SPOP {set} {c}",
  "SPOP {set} 100|SMOVE {set} {set} {m}|SINTERSTORE {set} {set} {set}|SUNIONSTORE {set} {set} {set}",
  "SDIFFSTORE {set} {set} {set}|SRANDMEMBER {set} 2|SORT {set} ALPHA STORE {l}|SORT {l} STORE {l}",
  "HSET {h} {m} {v} {m} {i}|HSETNX {h} {m} {v}|HDEL {h} {m} {m}|HINCRBY {h} n {i}",
  "HINCRBYFLOAT {h} n {f}|HMSET {h} {m} {v}|HRANDFIELD {h} 2",
  "ZADD {z} {f} {m} {i} {m}|ZADD {z} NX {f} {m}|ZADD {z} GT CH {f} {m}|ZADD {z} INCR {f} {m}",
  "ZINCRBY {z} {f} {m}|ZREM {z} {m} {m}|ZPOPMIN {z}|ZPOPMAX {z} {c}|ZMPOP 2 {z} {z} {end} COUNT 2",
  "BZPOPMIN {z} {z} 0.001|BZPOPMAX {z} 0.001|BZMPOP 0.001 1 {z} {end}|ZREMRANGEBYRANK {z} 0 {c}",
  "ZREMRANGEBYSCORE {z} -5 ({f}|ZREMRANGEBYLEX {z} [m1 (m3|ZRANGESTORE {z} {z} 0 {c}",
  "ZUNIONSTORE {z} 2 {z} {set} WEIGHTS 1 2|ZINTERSTORE {z} 2 {z} {z} AGGREGATE MAX|ZDIFFSTORE {z} 2 {z} {z}",
  "GEOADD {g} {lon} {lat} {m}|GEOADD {g} XX CH {lon} {lat} {m}",
  "GEOSEARCHSTORE {z} {g} FROMLONLAT {lon} {lat} BYRADIUS 5000 km|GEORADIUS {g} {lon} {lat} 4000 km STORE {z}",
  "XADD {x} * {m} {v}|XADD {x} MAXLEN ~ 20 * {m} {v}|XADD {x} MAXLEN 10 * a {i} b {v}|XADD {x} NOMKSTREAM * a b",
  "XTRIM {x} MAXLEN {i}|XTRIM {x} MAXLEN ~ 5 LIMIT 100|XDEL {x} 1-1|XGROUP CREATE {x} group $ MKSTREAM",
  "XGROUP CREATE {x} group 0|XREADGROUP GROUP group {m} COUNT {c} STREAMS {x} >|XGROUP DESTROY {x} group",
  "XREADGROUP GROUP group {m} NOACK STREAMS {x} {x} > >|XREADGROUP GROUP group {m} STREAMS {x} 0",
  "XAUTOCLAIM {x} group {m} 0 0 COUNT 3|XGROUP CREATECONSUMER {x} group {m}|XGROUP DELCONSUMER {x} group {m}",
  "XGROUP SETID {x} group 0|XSETID {x} 99999999999999-1|XREADGROUP GROUP group {m} BLOCK 1 STREAMS {x} >",
  "DEL {k} {k}|UNLINK {k}|EXPIRE {k} 1000|PEXPIRE {k} {ms}|PEXPIRE {k} {ms} GT|PEXPIREAT {k} 1|PERSIST {k}",
  "EXPIREAT {k} 9999999999 NX|PEXPIRE {k} 100000 XX|RENAME {k} {k}|RENAMENX {k} {k}|COPY {k} {k} REPLACE",
  "MOVE {k} {db}|COPY {k} {k} DB {db}|SELECT {db}|SELECT {db}|SWAPDB 1 2|GET {s}|EXISTS {k} {k}|TOUCH {k}",
  "RANDOMKEY|SCAN 0 COUNT 100|PUBLISH channel {v}|DBSIZE|TTL {k}|SORT_RO {l}|OBJECT ENCODING {k}",
  "EVAL_ONE {s} {l}|EVAL_TWO {set} {z}|EVAL_FAILING {n}|FCALL_ONE {h}|FLUSHDB_RARELY|FUNCTION_AGAIN",
];

const ALL = TEMPLATES.flatMap((line) => line.split("|"));

const LIBRARY = (i: string) =>
  `#!lua name=library\n-- ${i}\n` +
  `redis.register_function('put', function(keys, args) redis.call('HSET', keys[1], args[1], args[2])\n` +
  `redis.call('HINCRBY', keys[1], 'n', 1) return redis.call('SPOP', 'set1') end)`;

/** Commands that take whole texts as arguments. */
const LONG: Readonly<Record<string, (words: string[], random: () => number) => Command>> = {
  EVAL_ONE: ([s, l]) => [
    "EVAL",
    "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SELECT', 2) return redis.call('RPUSH', KEYS[2], ARGV[1], 'x')",
    "2",
    s,
    l,
    "from a script",
  ],
  EVAL_TWO: ([set, z]) => [
    "EVAL",
    "local m = redis.call('SPOP', KEYS[1]) if m then redis.call('ZADD', KEYS[2], 3, m) end return redis.call('TIME')",
    "2",
    set,
    z,
  ],
  EVAL_FAILING: ([n]) => [
    "EVAL",
    "redis.call('INCR', KEYS[1]) redis.call('LPUSH', KEYS[1], 1) redis.call('SET', 'never', 1)",
    "1",
    n,
  ],
  FCALL_ONE: ([h], random) => ["FCALL", "put", "1", h, WORDS.m(random), WORDS.v(random)],
  FLUSHDB_RARELY: (_, random) => pick(random, 10) === 0 ? ["FLUSHDB"] : ["PING"],
  FUNCTION_AGAIN: (_, random) =>
    pick(random, 10) === 0
      ? ["FUNCTION", "FLUSH"]
      : ["FUNCTION", "LOAD", "REPLACE", LIBRARY(WORDS.i(random))],
};

function oneOf<T>(random: () => number, choices: readonly T[]): T {
  return choices[pick(random, choices.length)];
}

/** One random command. */
export function randomCommand(random: () => number): Command {
  const words = oneOf(random, ALL).split(" ").map((word) =>
    word.replace(/\{(\w+)\}/g, (_, name) => WORDS[name](random))
  );
  const long = LONG[words[0]];
  return long === undefined ? words : long(words.slice(1), random);
}

/** Random commands, some of them within MULTI and EXEC. */
export function* workload(random: () => number, count: number): Generator<Command> {
  for (let made = 0; made < count;) {
    if (pick(random, 12) > 0) {
      made++;
      yield randomCommand(random);
      continue;
    }
    yield ["MULTI"];
    for (let left = pick(random, 5); left > 0; left--) {
      made++;
      yield randomCommand(random);
    }
    yield [pick(random, 8) > 0 ? "EXEC" : "DISCARD"];
  }
}
