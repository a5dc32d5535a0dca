/**
 * Random commands over all types of data, for a comparison with redis-server: good ones, and some that somebody has
 * damaged.
 *
 * Each template is the grammar of a command. Words in capitals stand for themselves, those in small letters are
 * classes (`CLASSES`) or, where there is none of that name, themselves:
 *
 *     [ a | b ]   one of them, or nothing        { a }   once or several times
 *     ( a | b )   one of them                    < a b > in any order
 *
 * Keys have a type that they mostly hold, so that commands mostly find what they are for; the pool is small, so that
 * types collide.
 *
 * @module
 */

import { pick } from "../storage/memory/random.ts";

/** How two replies must agree. */
export type Agreement =
  /** Byte for byte. */
  | "exact"
  /** But for how doubles are written: 7.0 writes 17 digits, 7.2 the shortest that read back the same. */
  | "doubles"
  /** But for the order of elements, and how doubles are written. */
  | "sorted"
  /** The length of an array, or the kind of another reply: the elements are random. */
  | "shape"
  /** Times to live, of two servers that are asked one after the other. */
  | "near"
  /** Times that something has been idle, in front of a count. */
  | "idle";

/** A command and how the replies to it must agree; bytes are written as latin1. */
export interface RandomCommand {
  words: string[];
  agreement: Agreement;
}

type Random = () => number;

/** A thousand years from now, in seconds, and the like: nothing ends while a test runs. */
const LATER = 33_000_000_000;

/** What breaks careless code; without * and +, which XADD and, since 7.4, XREAD take for an ID. */
const NASTY: readonly string[] = [
  "",
  " ",
  "0",
  "-0",
  "1",
  "-1",
  "2",
  "+1",
  "007",
  " 1",
  "1 ",
  "1.0",
  "1.5",
  "-1.5",
  "1e3",
  ".5",
  "5.",
  "1e400",
  "1e-400",
  "nan",
  "-nan",
  "inf",
  "-inf",
  "+inf",
  "Infinity",
  "0x10",
  "2147483647",
  "2147483648",
  "-2147483649",
  "4294967295",
  "4294967296",
  "9007199254740993",
  "9223372036854775806",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "18446744073709551615",
  "18446744073709551616",
  "99999999999999999999",
  "(",
  "[",
  "-",
  "$",
  ">",
  "#",
  "1-1",
  "(1",
  "(inf",
  "[a",
  "x\0y",
  "\xff\xfe",
  "\r\n",
  "7".repeat(60),
];

/** Of these, what may stand where a time is asked for: no key may end by itself. */
const NASTY_TIMES = NASTY.filter((word) => !/^ ?\+?[1-9]/.test(word) || Number(word) > 1e12);

const SMALL = ["0", "1", "2", "3", "4", "5", "7", "10", "-1", "-2", "-3", "-10", "100"];

function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[pick(random, choices.length)];
}

/** Keys by the type that they mostly hold. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  str: ["s1", "s2", "s3", "\x00\xff\r\n"],
  num: ["n1", "n2", "w_1", "w_2", "w_3"],
  bits: ["b1", "b2", "s1"],
  list: ["l1", "l2", "l3", ""],
  set: ["set1", "set2", "set3"],
  hash: ["h1", "h2", "h3"],
  zset: ["z1", "z2", "z3"],
  stream: ["x1", "x2"],
  hll: ["p1", "p2", "p3"],
  geo: ["g1", "g2"],
};

/** Keys of sorted sets whose members all have the same score: others have no order by bytes. */
const LEX_KEYS: readonly string[] = ["y1", "y2"];

const ALL_KEYS = [...new Set(Object.values(KEYS).flat()), "none"];

function keyOf(type: string): (random: Random) => string {
  return (random) => oneOf(random, pick(random, 12) > 0 ? KEYS[type] : ALL_KEYS);
}

function integer(random: Random): string {
  const from = pick(random, 20);
  if (from < 12) return oneOf(random, SMALL);
  if (from < 19) return String(pick(random, 2000) - 1000);
  return oneOf(random, NASTY);
}

function value(random: Random): string {
  switch (pick(random, 8)) {
    case 0:
      return "";
    case 1:
      return oneOf(random, NASTY);
    case 2:
      return "v".repeat(pick(random, 100)) + pick(random, 10);
    case 3:
      return String.fromCharCode(
        ...Array.from({ length: pick(random, 12) }, () => pick(random, 256)),
      );
    case 4:
      return ((pick(random, 2000) - 1000) / 8).toString();
    default:
      return integer(random);
  }
}

function member(random: Random): string {
  const from = pick(random, 12);
  if (from < 6) return "abcdefghij"[pick(random, 10)];
  if (from < 9) return String(pick(random, 12));
  if (from < 10) return "m".repeat(60 + pick(random, 10));
  return value(random);
}

function score(random: Random): string {
  const from = pick(random, 14);
  if (from < 7) return String(pick(random, 10) - 3);
  if (from < 11) return ((pick(random, 2000) - 1000) / 16).toString();
  if (from < 12) return oneOf(random, ["inf", "-inf", "+inf", "0", "-0", "1e20", "0.1", "1e-5"]);
  if (from < 13) return String(pick(random, 1000) / 7);
  return oneOf(random, NASTY);
}

function id(random: Random): string {
  const from = pick(random, 12);
  if (from < 7) return `${pick(random, 6)}-${pick(random, 4)}`;
  if (from < 9) return String(pick(random, 7));
  if (from < 10) return oneOf(random, ["18446744073709551615-18446744073709551615", "0-0", "5-0"]);
  return oneOf(random, NASTY);
}

const CLASSES: Readonly<Record<string, (random: Random) => string>> = {
  ...Object.fromEntries(Object.keys(KEYS).map((type) => [type, keyOf(type)])),
  key: (random) => oneOf(random, ALL_KEYS),
  value,
  member,
  score,
  id,
  int: integer,
  index: (random) => pick(random, 20) === 0 ? oneOf(random, NASTY) : String(pick(random, 16) - 8),
  count: (random) => pick(random, 20) === 0 ? oneOf(random, NASTY) : String(pick(random, 7) - 1),
  few: (random) => String(pick(random, 9) - 4),
  float: score,
  // So far apart that no two of them change places between one server's turn and the other's.
  seconds: (random) => oneOf(random, ["-1", "0", String(1000 + 10 * pick(random, 1_000_000))]),
  ms: (random) => oneOf(random, ["-1", "0", String(1_000_000 + 10_000 * pick(random, 1_000_000))]),
  at: (random) => oneOf(random, ["-1", "0", "1", String(LATER + pick(random, 5))]),
  atms: (random) => oneOf(random, ["-1", "0", "1", String(1000 * LATER + pick(random, 5))]),
  newid: (random) =>
    pick(random, 4) === 0
      ? id(random)
      : `${pick(random, 9)}-${oneOf(random, ["*", "1", "2", "3", "9"])}`,
  from: (random) => pick(random, 3) > 0 ? "-" : oneOf(random, ["", "("]) + id(random),
  to: (random) => pick(random, 3) > 0 ? "+" : oneOf(random, ["", "("]) + id(random),
  min: (random) =>
    oneOf(random, ["-inf", "(", ""]).replace(/^$|\($/, (open) => open + score(random)),
  max: (random) =>
    oneOf(random, ["+inf", "(", ""]).replace(/^$|\($/, (open) => open + score(random)),
  lexmin: (random) =>
    oneOf(random, ["-", "-", "[", "(", ""]).replace(/[[(]$|^$/, (open) => open + member(random)),
  lexmax: (random) =>
    oneOf(random, ["+", "+", "[", "(", ""]).replace(/[[(]$|^$/, (open) => open + member(random)),
  lex: (random) => oneOf(random, LEX_KEYS),
  group: (random) => oneOf(random, ["group", "group", "group", "other", ""]),
  consumer: (random) => oneOf(random, ["alice", "bob", ""]),
  lon: (random) => pick(random, 15) === 0 ? score(random) : String(pick(random, 3700) / 10 - 185),
  lat: (random) => pick(random, 15) === 0 ? score(random) : String(pick(random, 1720) / 10 - 86),
  radius: (random) => oneOf(random, ["0", "1", "100", "1000.5", "5000", "30000", "-1", "x"]),
  unit: (random) => oneOf(random, ["m", "km", "ft", "mi", "KM", "x"]),
  side: (random) => oneOf(random, ["LEFT", "RIGHT", "left"]),
  bit: (random) => oneOf(random, ["0", "1", "1", "1", "2"]),
  offset: (random) => pick(random, 20) === 0 ? oneOf(random, NASTY) : String(pick(random, 200)),
  field: (random) =>
    oneOf(random, ["u8", "i8", "u1", "i1", "u63", "i64", "u64", "i5", "u33", "x", "i0", "I8"]),
  place: (random) =>
    pick(random, 20) === 0
      ? oneOf(random, NASTY)
      : oneOf(random, ["", "#", "#", "#x", "#-"]) + pick(random, 40),
  pattern: (random) =>
    oneOf(random, ["*", "s*", "?1", "[a-m]1", "[^s]*", "\\*", "", "*1*", "w_?", "[", "a[b-", "1*"]),
  by: (random) => oneOf(random, ["w_*", "n*", "h1->*", "none_*", "h*->a", "*"]),
  get: (random) => oneOf(random, ["#", "w_*", "h1->*", "h*->a", "*", "x", "s*->"]),
  n1: () => "1",
  n2: () => "2",
  new: () => ">",
  tiny: (random) => oneOf(random, ["0.001", "-1", "x", "0.002"]),
};

/** Grammars by agreement: one on a line. */
const TEMPLATES: Readonly<Record<Agreement, string>> = {
  exact: `
    GET str
    GETDEL str
    GETSET str value
    STRLEN str
    SETNX str value
    APPEND str value
    APPEND str value
    GETRANGE str index index
    SUBSTR str index index
    SETRANGE str offset value
    SET str value < [ NX | XX ] [ GET ] >
    SET num int
    SET num float
    MGET { key }
    MSET { str value }
    MSETNX { str value }
    INCR num
    DECR num
    INCRBY num int
    DECRBY num int
    INCRBYFLOAT num float
    INCRBYFLOAT num int
    LCS str str < [ LEN ] [ IDX ] [ MINMATCHLEN count ] [ WITHMATCHLEN ] >
    SETBIT bits offset bit
    GETBIT bits offset
    BITCOUNT bits
    BITCOUNT bits index index [ BYTE | BIT ]
    BITPOS bits bit
    BITPOS bits bit index [ index ] [ BYTE | BIT ]
    BITOP ( AND | OR | XOR | NOT ) bits { bits }
    BITOP NOT bits bits
    BITFIELD bits { ( GET field place | SET field place int | INCRBY field place int | OVERFLOW ( WRAP | SAT | FAIL | X ) ) }
    BITFIELD bits { ( GET field place | SET field place int | INCRBY field place int | OVERFLOW ( WRAP | SAT | FAIL ) ) }
    BITFIELD_RO bits { GET field place } [ SET field place int ]
    DEL key [ key ]
    UNLINK key
    EXISTS { key }
    TOUCH { key }
    TYPE key
    DBSIZE
    PERSIST key
    RENAME key key
    RENAMENX key key
    COPY key key < [ REPLACE ] [ DB ( 0 | 1 | 99 | int ) ] >
    MOVE key ( 1 | 0 | int )
    SWAPDB 0 ( 1 | int )
    LPUSH list { value }
    RPUSH list { value }
    RPUSH list { member }
    LPUSHX list { value }
    RPUSHX list { value }
    LPOP list [ count ]
    RPOP list [ count ]
    LLEN list
    LINDEX list index
    LSET list index value
    LRANGE list index index
    LTRIM list index index
    LREM list few member
    LINSERT list ( BEFORE | AFTER | X ) member value
    LPOS list member < [ RANK few ] [ COUNT count ] [ MAXLEN count ] >
    LMOVE list list side side
    RPOPLPUSH list list
    LMPOP ( n1 list | n2 list list | int list ) side [ COUNT count ]
    BLPOP list list tiny
    BRPOP list tiny
    BLMOVE list list side side tiny
    BRPOPLPUSH list list tiny
    BLMPOP tiny ( n1 list | n2 list list ) side [ COUNT count ]
    SADD set { member }
    SADD set { int }
    SREM set { member }
    SCARD set
    SISMEMBER set member
    SMISMEMBER set { member }
    SMOVE set set member
    SINTERSTORE key { set }
    SINTERSTORE set set set
    SUNIONSTORE set { set }
    SDIFFSTORE set { set }
    SINTERCARD ( n1 set | n2 set set | int set set ) [ LIMIT count ]
    HSET hash { member value }
    HSET hash { member value }
    HMSET hash { member value }
    HSETNX hash member value
    HGET hash member
    HMGET hash { member }
    HDEL hash { member }
    HLEN hash
    HSTRLEN hash member
    HEXISTS hash member
    HINCRBY hash member int
    HINCRBYFLOAT hash member float
    ZCARD zset
    ZCOUNT zset min max
    ZLEXCOUNT lex lexmin lexmax
    ZRANK zset member
    ZREVRANK zset member
    ZREM zset { member }
    ZREMRANGEBYRANK zset index index
    ZREMRANGEBYSCORE zset min max
    ZREMRANGEBYLEX lex lexmin lexmax
    ZADD zset < [ NX | XX ] [ GT | LT ] [ CH ] > { score member }
    ZADD zset { score member }
    ZADD lex { 0 member }
    ZADD lex 0 member 0 member 0 member
    ZREM lex member
    ZRANGESTORE zset zset index index [ REV ]
    ZRANGESTORE key lex lexmin lexmax BYLEX [ LIMIT count count ]
    ZRANGESTORE key zset ( min max BYSCORE | max min BYSCORE REV ) [ LIMIT count count ]
    ZUNIONSTORE key ( n1 zset | n2 zset zset | n2 set zset ) < [ WEIGHTS score [ score ] ] [ AGGREGATE ( SUM | MIN | MAX | X ) ] >
    ZINTERSTORE key ( n1 zset | n2 zset zset | n2 set zset ) < [ WEIGHTS score [ score ] ] [ AGGREGATE ( SUM | MIN | MAX ) ] >
    ZDIFFSTORE key ( n1 zset | n2 zset zset | n2 set zset | int zset )
    ZINTERCARD ( n1 zset | n2 zset zset | n2 set zset ) [ LIMIT count ]
    XADD stream < [ NOMKSTREAM ] [ MAXLEN [ = | ~ ] count [ LIMIT count ] | MINID [ = | ~ ] id [ LIMIT count ] ] > newid { member value }
    XADD stream newid { member value }
    XADD stream newid { member value }
    XLEN stream
    XDEL stream { id }
    XRANGE stream from to [ COUNT count ]
    XREVRANGE stream to from [ COUNT count ]
    XTRIM stream ( MAXLEN | MINID ) [ = | ~ ] id [ LIMIT count ]
    XSETID stream id < [ ENTRIESADDED count ] [ MAXDELETEDID id ] >
    XREAD [ COUNT count ] STREAMS stream ( id | $ )
    XREAD [ COUNT count ] STREAMS stream stream ( id | $ ) id
    XGROUP CREATE stream group ( id | $ | 0 ) < [ MKSTREAM ] [ ENTRIESREAD count ] >
    XGROUP CREATE stream group 0 MKSTREAM
    XGROUP SETID stream group ( id | $ | 0 ) [ ENTRIESREAD count ]
    XGROUP CREATECONSUMER stream group consumer
    XGROUP DELCONSUMER stream group consumer
    XGROUP DESTROY stream group
    XREADGROUP GROUP group consumer < [ COUNT count ] [ NOACK ] > STREAMS stream ( new | new | id )
    XREADGROUP GROUP group consumer < [ COUNT count ] [ NOACK ] > STREAMS stream stream ( new | id ) new
    XACK stream group { id }
    XPENDING stream group
    XCLAIM stream group consumer ( 0 | 100000000 | int ) { id } < [ RETRYCOUNT count ] [ FORCE ] [ JUSTID ] [ LASTID id ] [ IDLE count ] >
    XAUTOCLAIM stream group consumer ( 0 | 100000000 ) id < [ COUNT count ] [ JUSTID ] >
    XINFO GROUPS stream
    XINFO STREAM stream
    PFADD hll { member }
    PFADD hll { value }
    PFADD hll { value }
    PFADD hll
    PFCOUNT { hll }
    PFMERGE hll { hll }
    GET hll
    PFDEBUG ( ENCODING | DECODE | TODENSE ) hll
    GEOADD geo < [ NX | XX ] [ CH ] > { lon lat member }
    GEOADD geo { lon lat member }
    GEOHASH geo { member }
    GEOSEARCHSTORE key geo ( FROMLONLAT lon lat | FROMMEMBER member ) ( BYRADIUS radius unit | BYBOX radius radius unit ) < [ ASC | DESC ] [ COUNT count ] >
    GEORADIUS geo lon lat radius unit < [ COUNT count ] [ STORE key | STOREDIST key ] >
    SORT list < [ BY by ] [ LIMIT index count ] { GET get } [ ASC | DESC ] [ STORE key ] >
    SORT key < [ LIMIT index count ] [ ASC | DESC ] [ STORE list ] >
    SORT key ALPHA < [ LIMIT index count ] [ ASC | DESC ] [ STORE list ] >
    SORT_RO list < [ BY by ] [ LIMIT index count ] { GET get } [ ASC | DESC ] [ STORE key ] >
    LPUSH list 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20
    WATCH key
    UNWATCH
  `,
  doubles: `
    ZSCORE zset member
    ZMSCORE zset { member }
    ZADD zset < [ NX | XX ] [ GT | LT ] [ CH ] INCR > score member
    ZINCRBY zset score member
    ZPOPMIN zset [ count ]
    ZPOPMAX zset [ count ]
    ZMPOP ( n1 zset | n2 zset zset | int zset ) ( MIN | MAX | X ) [ COUNT count ]
    BZPOPMIN zset zset tiny
    BZPOPMAX zset tiny
    BZMPOP tiny ( n1 zset | n2 zset zset ) ( MIN | MAX ) [ COUNT count ]
    ZRANGE zset index index < [ REV ] [ WITHSCORES ] >
    ZRANGE lex ( lexmin lexmax BYLEX | lexmax lexmin BYLEX REV ) [ LIMIT index count ]
    ZRANGE zset ( min max BYSCORE | max min BYSCORE REV ) < [ LIMIT index count ] [ WITHSCORES ] >
    ZREVRANGE zset index index [ WITHSCORES ]
    ZRANGEBYSCORE zset min max < [ WITHSCORES ] [ LIMIT index count ] >
    ZREVRANGEBYSCORE zset max min < [ WITHSCORES ] [ LIMIT index count ] >
    ZRANGEBYLEX lex lexmin lexmax [ LIMIT index count ]
    ZREVRANGEBYLEX lex lexmax lexmin [ LIMIT index count ]
    ZUNION ( n1 zset | n2 zset zset | n2 set zset ) < [ WEIGHTS score [ score ] ] [ AGGREGATE ( SUM | MIN | MAX ) ] [ WITHSCORES ] >
    ZINTER ( n1 zset | n2 zset zset | n2 set zset ) < [ WEIGHTS score [ score ] ] [ AGGREGATE ( SUM | MIN | MAX ) ] [ WITHSCORES ] >
    ZDIFF ( n1 zset | n2 zset zset | n2 set zset ) [ WITHSCORES ]
    GEOPOS geo { member }
    GEODIST geo member member [ unit ]
    GEOSEARCH geo ( FROMLONLAT lon lat | FROMMEMBER member ) ( BYRADIUS radius unit | BYBOX radius radius unit ) < [ ASC | DESC ] [ COUNT count ] [ WITHDIST ] [ WITHCOORD ] [ WITHHASH ] >
    GEORADIUS geo lon lat radius unit < [ ASC | DESC ] [ COUNT count [ ANY ] ] [ WITHDIST ] [ WITHCOORD ] [ WITHHASH ] >
    GEORADIUSBYMEMBER geo member radius unit < [ ASC | DESC ] [ COUNT count ] [ WITHDIST ] [ WITHCOORD ] [ WITHHASH ] >
    GEORADIUS_RO geo lon lat radius unit < [ ASC | DESC ] [ WITHDIST ] [ STORE key ] >
    GEORADIUSBYMEMBER_RO geo member radius unit < [ ASC | DESC ] [ WITHDIST ] >
  `,
  sorted: `
    KEYS pattern
    SMEMBERS set
    SINTER { set }
    SUNION { set }
    SDIFF { set }
    SPOP set ( 1000 | 0 | -1 | x )
    HKEYS hash
    HVALS hash
    HGETALL hash
    SCAN 0 COUNT 10000 < [ MATCH pattern ] [ TYPE ( string | list | zset | set | hash | stream | x ) ] >
    SSCAN set 0 COUNT 10000 [ MATCH pattern ]
    HSCAN hash 0 COUNT 10000 [ MATCH pattern ]
    ZSCAN zset 0 COUNT 10000 [ MATCH pattern ]
    SORT key BY nosort { GET get }
    SORT list BY by ALPHA { GET get }
  `,
  shape: `
    RANDOMKEY
    SRANDMEMBER set [ few ]
    HRANDFIELD hash [ few [ WITHVALUES ] ]
    ZRANDMEMBER zset [ few [ WITHSCORES ] ]
  `,
  near: `
    TTL key
    PTTL key
    EXPIRETIME key
    PEXPIRETIME key
    EXPIRE key seconds [ NX | XX | GT | LT ] [ GT | NX ]
    PEXPIRE key ms [ NX | XX | GT | LT ]
    EXPIREAT key at [ NX | XX | GT | LT ]
    PEXPIREAT key atms [ NX | XX | GT | LT ]
    SET str value < [ NX | XX ] [ GET ] [ EX seconds | PX ms | EXAT at | PXAT atms | KEEPTTL ] >
    SETEX str seconds value
    PSETEX str ms value
    GETEX str [ EX seconds | PX ms | EXAT at | PXAT atms | PERSIST ]
  `,
  idle: `
    XPENDING stream group [ IDLE ( 0 | 100000000 ) ] from to count [ consumer ]
  `,
};

/** A part of a template. */
type Part =
  | { kind: "word"; word: string }
  | { kind: "all" | "repeated" | "shuffled"; parts: Part[] }
  | { kind: "optional" | "one"; choices: Part[] };

function parse(text: string): Part {
  const words = text.split(/\s+/);
  const part: Part = { kind: "all", parts: sequence(words) };
  if (words.length > 0) throw new Error(`"${words[0]}" closes nothing in: ${text}`);
  return part;
}

/** Takes words up to one that closes or divides. */
function sequence(words: string[]): Part[] {
  const parts: Part[] = [];
  while (words.length > 0 && !/^[\])}>|]$/.test(words[0])) {
    const word = words.shift()!;
    if (word === "[" || word === "(") {
      const choices: Part[] = [];
      do choices.push({ kind: "all", parts: sequence(words) }); while (words.shift() === "|");
      parts.push({ kind: word === "[" ? "optional" : "one", choices });
    } else if (word === "{" || word === "<") {
      parts.push({ kind: word === "{" ? "repeated" : "shuffled", parts: sequence(words) });
      words.shift();
    } else {
      parts.push({ kind: "word", word });
    }
  }
  return parts;
}

/** The words of a random command of a grammar. */
function expand(part: Part, random: Random): string[] {
  switch (part.kind) {
    case "word":
      return [Object.hasOwn(CLASSES, part.word) ? CLASSES[part.word](random) : part.word];
    case "all":
      return part.parts.flatMap((each) => expand(each, random));
    case "repeated":
      return Array.from(
        { length: 1 + pick(random, pick(random, 4) === 0 ? 6 : 2) },
        () => part.parts.flatMap((each) => expand(each, random)),
      ).flat();
    case "shuffled":
      return part.parts.map((each) => ({ at: random(), words: expand(each, random) }))
        .sort((a, b) => a.at - b.at).flatMap(({ words }) => words);
    case "optional":
      return pick(random, 5) < 2 ? expand(oneOf(random, part.choices), random) : [];
    case "one":
      return expand(oneOf(random, part.choices), random);
  }
}

interface Template {
  grammar: Part;
  agreement: Agreement;
}

const ALL: readonly Template[] = Object.entries(TEMPLATES).flatMap(([agreement, text]) =>
  text.trim().split("\n").map((line) => ({
    grammar: parse(line.trim()),
    agreement: agreement as Agreement,
  }))
);

/** What is done to a good command so that it is, mostly, a bad one. */
function damage(words: string[], nasty: readonly string[], random: Random): string[] {
  const at = 1 + pick(random, words.length);
  switch (pick(random, 4)) {
    case 0:
      return words.toSpliced(at, 1);
    case 1:
      return words.toSpliced(at, 1, oneOf(random, nasty));
    case 2:
      return words.toSpliced(at, 0, words[at] ?? oneOf(random, nasty));
    default:
      return [...words, oneOf(random, nasty)];
  }
}

/** Scripts that call the command in ARGV. */
const SCRIPTS = [
  "return redis.call(unpack(ARGV))",
  "return redis.pcall(unpack(ARGV))",
  "return {redis.call(unpack(ARGV))}",
  "local reply = redis.pcall(unpack(ARGV)) return type(reply)",
  "local reply = redis.call(unpack(ARGV)) return {type(reply), reply, redis.call('DBSIZE')}",
  "redis.call('SET', 's1', 'script') return {redis.pcall(unpack(ARGV)), redis.call('GET', 's1')}",
];

/** The same in RESP3, where maps and sets come in the order of Lua's tables. */
const SCRIPTS_3 = SCRIPTS.map((script) => `redis.setresp(3) ${script}`);

const BLOCKING = /^B(LM?POP|RPOP|ZM?POP|LMOVE)/;
/** 7.2 has WITHSCORE, so an argument more is an error of another kind. */
const RANK = /^Z(REV)?RANK$/;

/** Commands that say how many keys they have. */
const COUNTED = /^([LZ]MPOP|[SZ]INTERCARD|Z(UNION|INTER|DIFF)(STORE)?)$/;

/** Whether a damaged form of it would do more than be refused on both sides. */
function isDelicate({ words, agreement }: RandomCommand): boolean {
  // A gigantic reply; a wait without end; a cursor that only one server has given; a random member; a score of
  // another place.
  return agreement === "shape" || BLOCKING.test(words[0]) || /SCAN$|^SPOP$/.test(words[0]) ||
    words.some((word) => LEX_KEYS.includes(word)) || RANK.test(words[0]);
}

/** One random command. */
export function randomCommand(random: Random): RandomCommand {
  const { grammar, agreement } = oneOf(random, ALL);
  let words = expand(grammar, random);
  if (!isDelicate({ words, agreement }) && pick(random, 12) === 0) {
    words = damage(words, agreement === "near" ? NASTY_TIMES : NASTY, random);
  }
  // Until 7.2 scripts must not call what blocks.
  switch (BLOCKING.test(words[0]) || RANK.test(words[0]) ? -1 : pick(random, 40)) {
    case 0:
      return {
        words: ["EVAL", oneOf(random, SCRIPTS), "0", ...words],
        agreement: agreement === "exact" ? "doubles" : agreement,
      };
    case 1:
      return {
        words: ["EVAL", oneOf(random, SCRIPTS_3), "0", ...words],
        agreement: agreement === "exact" || agreement === "doubles" ? "sorted" : agreement,
      };
    case 2:
      // Without a key 7.0 wants an argument more; of a count of keys Redis takes what looks like a number.
      if (words.length < 2 || COUNTED.test(words[0])) return { words, agreement };
      return { words: ["COMMAND", "GETKEYS", ...words], agreement: "exact" };
    default:
      return { words, agreement };
  }
}

/**
 * What makes a command find its consumers: since 7.2 XCLAIM and its like make them whatever they find, before only
 * when they found something.
 */
function consumersOf(words: readonly string[]): string[][] {
  const at = words.findIndex((word) => /^X(READGROUP|(AUTO)?CLAIM)$/.test(word));
  if (at < 0) return [];
  const [name, first, second, third = ""] = words.slice(at);
  if (name !== "XREADGROUP") return [["XGROUP", "CREATECONSUMER", first, second, third]];
  const keys = words.slice(words.indexOf("STREAMS") + 1);
  return keys.map((key) => ["XGROUP", "CREATECONSUMER", key, second, third]);
}

/** Random commands, some of them within MULTI and EXEC. */
export function* randomCommands(random: Random, count: number): Generator<RandomCommand> {
  for (let made = 0; made < count;) {
    if (pick(random, 25) > 0) {
      made++;
      const command = randomCommand(random);
      for (const words of consumersOf(command.words)) yield { words, agreement: "exact" };
      yield command;
      continue;
    }
    yield { words: ["MULTI"], agreement: "exact" };
    const queued = Array.from({ length: pick(random, 5) }, () => randomCommand(random))
      .filter(({ agreement }) => ["exact", "doubles", "sorted"].includes(agreement));
    for (const words of queued.flatMap(({ words }) => [...consumersOf(words), words])) {
      yield { words, agreement: "exact" };
    }
    made += queued.length;
    const unordered = queued.some(({ agreement }) => agreement === "sorted");
    yield pick(random, 8) === 0
      ? { words: ["DISCARD"], agreement: "exact" }
      : { words: ["EXEC"], agreement: unordered ? "sorted" : "doubles" };
  }
}
