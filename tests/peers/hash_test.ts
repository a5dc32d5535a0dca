import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { seededRandom } from "../support/harness.ts";
import { hasRedisServer } from "../support/peer.ts";

const LONG = "x".repeat(65);
const MANY = Array.from({ length: 513 }, (_, i) => `f${i} ${i}`).join(" ");
/** A time that is far away, and one in ms. */
const LATER = 2_524_600_800;
const NUMBERS_ASK = "ERR Number of fields must be a positive integer";
const NUMBERS_SET = "ERR Parameter `numFields` should be greater than 0";
const FIELDS_MISSING = "-ERR Mandatory argument FIELDS is missing or not at the right position";
const DIFFERS = "-ERR The `numfields` parameter must match the number of arguments";
const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value";

/** An array of integers, as an expected reply. */
function integers(...values: number[]): string {
  return `"*${values.length}\\r\\n${values.map((value) => `:${value}\\r\\n`).join("")}"`;
}

/** A bulk string, as an expected reply. */
function bulk(text: string): string {
  return `"$${text.length}\\r\\n${text}\\r\\n"`;
}

/** An array of bulk strings, as an expected reply; null is RESP2's. */
function bulks(...values: (string | null)[]): string {
  const items = values.map((value) =>
    value === null ? "$-1\\r\\n" : `$${value.length}\\r\\n${value}\\r\\n`
  );
  return `"*${values.length}\\r\\n${items.join("")}"`;
}

const SCRIPTS: Readonly<Record<string, string>> = {
  "HSET, HMSET, HSETNX": `
    HSET h a 1
    HSET h a 2 b 3 b 4
    HGETALL h
    HSET h "" "" "\\x00\\xff\\r\\n" "\\x00\\xff"
    HGET h ""
    HGET h "\\x00\\xff\\r\\n"
    HSET h
    HSET h a
    HSET h a 1 b
    HSET
    HMSET h x 1 y 2
    HMSET h x 1 y
    HMSET h x
    HMSET new a b
    HGETALL new
    HSETNX h x 2
    HSETNX h z 2
    HSETNX brandnew f v
    HGETALL brandnew
    HSETNX h
    HSETNX h a
    HSETNX h a b c
    SET str x
    HSET str a b
    HMSET str a b
    HSETNX str a b
    HSET str a
    HSET h n 0 m -1 o 9223372036854775807 p -9223372036854775808 q 9223372036854775808 r 007
    HMGET h n m o p q r
    HGETALL h
    EXPIRE h 100
    HSET h a 5
    TTL h
  `,
  "HGET, HMGET, HEXISTS, HSTRLEN, HLEN": `
    HSET h a 1 b "" c ${LONG} d -129
    HGET h a
    HGET h b
    HGET h c
    HGET h e
    HGET none a
    HGET h
    HGET h a b
    HMGET h a b x c a
    HMGET none a b
    HMGET h
    HEXISTS h a
    HEXISTS h x
    HEXISTS none a
    HEXISTS h
    HSTRLEN h a
    HSTRLEN h b
    HSTRLEN h c
    HSTRLEN h d
    HSTRLEN h x
    HSTRLEN none x
    HSTRLEN h
    HSTRLEN h a b
    HLEN h
    HLEN none
    HLEN
    HLEN h h
    SET str x
    HGET str a
    HMGET str a
    HEXISTS str a
    HSTRLEN str a
    HLEN str
  `,
  "HGETALL, HKEYS, HVALS": `
    HSET h a 1 b 2 c 3
    HGETALL h
    HKEYS h
    HVALS h
    HGETALL none
    HKEYS none
    HVALS none
    HSET big ${MANY}
    ~sorted HGETALL big
    ~sorted HKEYS big
    ~sorted HVALS big
    HGETALL
    HKEYS
    HVALS h h
    SET str x
    HGETALL str
    HKEYS str
    HVALS str
  `,
  "HDEL": `
    HSET h a 1 b 2 c 3
    HDEL h a x a
    HDEL h
    HDEL none a
    HDEL h b c d
    EXISTS h
    HDEL
    SET str x
    HDEL str a
    HSET big ${MANY}
    HDEL big f0 f512 f1000 f7
    HLEN big
    OBJECT ENCODING big
  `,
  "encodings follow the thresholds": `
    HSET h a 1
    OBJECT ENCODING h
    HSET h a ${LONG}
    OBJECT ENCODING h
    HSET g ${LONG} 1
    OBJECT ENCODING g
    HSET full ${MANY.split(" ").slice(0, 1024).join(" ")}
    OBJECT ENCODING full
    HSET full f0 new
    OBJECT ENCODING full
    HSET full one more
    OBJECT ENCODING full
    HSET over ${MANY}
    OBJECT ENCODING over
    CONFIG SET hash-max-listpack-entries 2
    HSET two a 1 b 2
    OBJECT ENCODING two
    HSET two a 1 b 2 a 3
    # 7.2 looks ahead: three pairs may be three fields.
    ~skip7.0 OBJECT ENCODING two => ${bulk("hashtable")}
    HSET three a 1 a 2 a 3
    ~skip7.0 OBJECT ENCODING three => ${bulk("hashtable")}
    HSETNX few a 1
    HSETNX few b 1
    OBJECT ENCODING few
    HSETNX few c 1
    OBJECT ENCODING few
    CONFIG SET hash-max-listpack-value 3
    HINCRBY number f 99
    HINCRBY number f 900
    OBJECT ENCODING number
    HINCRBY number f 1
    OBJECT ENCODING number
    HINCRBYFLOAT float name 1
    OBJECT ENCODING float
    CONFIG SET hash-max-listpack-entries 512
    CONFIG SET hash-max-listpack-value 64
    DEBUG DIGEST
  `,
  "HINCRBY": `
    HINCRBY h a 5
    HINCRBY h a -7
    HINCRBY h a 0
    HGET h a
    HINCRBY h a x
    HINCRBY h a 1.5
    HINCRBY h a 9223372036854775808
    HSET h s text e "" sp " 1" z 01 big 9223372036854775807 small -9223372036854775808
    HINCRBY h s 1
    HINCRBY h e 1
    HINCRBY h sp 1
    HINCRBY h z 1
    HINCRBY h big 1
    HINCRBY h big 0
    HINCRBY h big -1
    HINCRBY h small -1
    HINCRBY h small 9223372036854775807
    HINCRBY h n 9223372036854775807
    HINCRBY h n 1
    HINCRBY h n -9223372036854775808
    HINCRBY h
    HINCRBY h a
    HINCRBY h a 1 2
    SET str x
    HINCRBY str a 1
    HINCRBY str a x
    HINCRBY none a x
    EXISTS none
    HGETALL h
  `,
  "HINCRBYFLOAT": `
    HINCRBYFLOAT h a 10.5
    HINCRBYFLOAT h a 0.1
    HINCRBYFLOAT h a -5
    HINCRBYFLOAT h a 5.0e3
    HINCRBYFLOAT h b 3
    HINCRBYFLOAT h b 1e17
    HGET h a
    HINCRBYFLOAT h a x
    HINCRBYFLOAT h a inf
    HINCRBYFLOAT h a -inf
    HINCRBYFLOAT h a nan
    HINCRBYFLOAT h a ""
    HSET h s text e "" sp " 1" i inf m 1.7e308 l 1e4931
    HINCRBYFLOAT h s 1
    HINCRBYFLOAT h e 1
    HINCRBYFLOAT h sp 1
    HINCRBYFLOAT h i 1
    HINCRBYFLOAT h m 1.7e308
    HSET h p 3.0e3
    HINCRBYFLOAT h p 200
    HINCRBYFLOAT h
    HINCRBYFLOAT h a
    SET str x
    HINCRBYFLOAT str a 1
    HINCRBYFLOAT str a x
    HINCRBYFLOAT none a x
    EXISTS none
    ~sorted HGETALL h
  `,
  "HRANDFIELD": `
    HSET h a 1
    HRANDFIELD h
    HRANDFIELD h 1
    HRANDFIELD h 0
    HRANDFIELD h 10
    HRANDFIELD h -3
    HRANDFIELD h 1 WITHVALUES
    HRANDFIELD h 5 withvalues
    HRANDFIELD h -2 WITHVALUES
    HRANDFIELD h 0 WITHVALUES
    HRANDFIELD none
    HRANDFIELD none 1
    HRANDFIELD none 1 WITHVALUES
    HRANDFIELD h x
    HRANDFIELD h 1 x
    HRANDFIELD h 1 WITHVALUES x
    HRANDFIELD h WITHVALUES
    HRANDFIELD h -9223372036854775808
    HRANDFIELD h 9223372036854775807
    HRANDFIELD h 9223372036854775807 WITHVALUES
    HRANDFIELD h -9223372036854775807 WITHVALUES
    HRANDFIELD h 9223372036854775808
    HRANDFIELD
    HSET h b 2 c 3
    ~type HRANDFIELD h
    ~sorted HRANDFIELD h 3
    ~sorted HRANDFIELD h 4 WITHVALUES
    HSET big ${MANY}
    ~sorted HRANDFIELD big 600
    ~sorted HRANDFIELD big 513 WITHVALUES
    SET str x
    HRANDFIELD str
    HRANDFIELD str 1
  `,
  "HSCAN": `
    HSET h a 1 b 2 ab 3
    HSCAN h 0
    HSCAN h 5
    HSCAN h 0 MATCH a*
    HSCAN h 0 MATCH *
    HSCAN h 0 MATCH x
    HSCAN h 0 COUNT 1
    HSCAN h 0 COUNT 0
    HSCAN h 0 COUNT x
    HSCAN h 0 COUNT
    HSCAN h 0 MATCH
    HSCAN h 0 FOO
    HSCAN h 0 TYPE hash
    HSCAN h x
    HSCAN h -1
    HSCAN h
    HSCAN none 0
    HSCAN none x
    HSCAN none 0 COUNT 0
    HSET big ${MANY}
    ~sorted HSCAN big 0 COUNT 10000
    ~sorted HSCAN big 0 COUNT 10000 MATCH f1?
    SET str x
    HSCAN str 0
    HSCAN str x
    ~skip7.0 HSCAN h 0 NOVALUES => "*2\\r\\n$1\\r\\n0\\r\\n*3\\r\\n$1\\r\\na\\r\\n$1\\r\\nb\\r\\n$2\\r\\nab\\r\\n"
    ~skip7.0 HSCAN h 0 NOVALUES MATCH b COUNT 5 => "*2\\r\\n$1\\r\\n0\\r\\n*1\\r\\n$1\\r\\nb\\r\\n"
    SADD set m
    ~skip7.0 SSCAN set 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
    ~skip7.0 SCAN 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
  `,
  "COPY, RENAME, MOVE, OBJECT and TYPE of hashes": `
    HSET h a 1 b 2
    HSET big ${MANY}
    TYPE h
    OBJECT REFCOUNT h
    COPY h c
    COPY big bigcopy
    HSET c a 2
    HSET bigcopy f0 x
    HGETALL h
    HGET big f0
    RENAME big moved
    HLEN moved
    MOVE moved 3
    SELECT 3
    HLEN moved
    SELECT 0
    GET h
    APPEND h x
    LPUSH h x
    SADD h x
    DEBUG DIGEST
    DEL h
    HSET h x 1
    SET h string
    HGET h x
  `,
  "HEXPIRE and its like": `
    ~skip7.0 HEXPIRE none 100 FIELDS 2 a b => ${integers(-2, -2)}
    HSET h a 1 b 2 c 3
    ~skip7.0 HEXPIREAT h ${LATER} FIELDS 2 a x => ${integers(1, -2)}
    ~skip7.0 OBJECT ENCODING h => ${bulk("listpackex")}
    ~skip7.0 HEXPIRETIME h FIELDS 4 a b c x => ${integers(LATER, -1, -1, -2)}
    ~skip7.0 HPEXPIRETIME h FIELDS 1 a => ${integers(LATER * 1000)}
    ~skip7.0 HPEXPIREAT h ${LATER * 1000 + 1} FIELDS 1 b => ${integers(1)}
    ~skip7.0 HEXPIRETIME h FIELDS 1 b => ${integers(LATER + 1)}
    ~skip7.0 HEXPIREAT h ${LATER} NX FIELDS 2 a c => ${integers(0, 1)}
    ~skip7.0 HEXPIREAT h ${LATER + 5} xx FIELDS 2 a x => ${integers(1, -2)}
    ~skip7.0 HEXPIREAT h ${LATER + 4} GT FIELDS 2 a b => ${integers(0, 1)}
    ~skip7.0 HEXPIREAT h ${LATER + 4} LT FIELDS 2 a b => ${integers(1, 0)}
    ~skip7.0 HPERSIST h FIELDS 3 a b x => ${integers(1, 1, -2)}
    ~skip7.0 HPERSIST h FIELDS 1 a => ${integers(-1)}
    ~skip7.0 HPERSIST none FIELDS 2 a b => ${integers(-2, -2)}
    ~skip7.0 HTTL none FIELDS 1 a => ${integers(-2)}
    ~skip7.0 HPTTL h FIELDS 2 a x => ${integers(-1, -2)}
    ~skip7.0 HEXPIREAT h 1 FIELDS 2 a x => ${integers(2, -2)}
    ~skip7.0 HPEXPIRE h 0 FIELDS 1 b => ${integers(2)}
    ~skip7.0 HEXISTS h a => :0
    ~skip7.0 HEXPIRE h 0 FIELDS 1 c => ${integers(2)}
    ~skip7.0 EXISTS h => :0
  `,
  "times of fields of a table": `
    HSET h a 1 b 2 c 3 long ${LONG}
    ~skip7.0 HEXPIREAT h ${LATER} FIELDS 3 a b x => ${integers(1, 1, -2)}
    ~skip7.0 OBJECT ENCODING h => ${bulk("hashtable")}
    ~skip7.0 HEXPIRETIME h FIELDS 4 a b c x => ${integers(LATER, LATER, -1, -2)}
    ~skip7.0 HSET h a 2 => :0
    ~skip7.0 HEXPIRETIME h FIELDS 1 a => ${integers(-1)}
    ~skip7.0 HINCRBY h b 5 => :7
    ~skip7.0 HINCRBYFLOAT h b 0.5 => ${bulk("7.5")}
    ~skip7.0 HEXPIRETIME h FIELDS 1 b => ${integers(LATER)}
    ~skip7.0 HEXPIREAT h 0 FIELDS 4 a b c long => ${integers(2, 2, 2, 2)}
    ~skip7.0 EXISTS h => :0
  `,
  "refusals of the commands about times": `
    HSET h a 1
    SET str x
    ~skip7.0 HEXPIRE h 100 FIELDS 1 => -ERR wrong number of arguments for 'hexpire' command
    ~skip7.0 HPERSIST h FIELDS 1 => -ERR wrong number of arguments for 'hpersist' command
    ~skip7.0 HTTL h FIELDS 1 => -ERR wrong number of arguments for 'httl' command
    ~skip7.0 HEXPIRE str x FIELDS 1 a => ${WRONG_TYPE}
    ~skip7.0 HPERSIST str FOO 1 a => ${WRONG_TYPE}
    ~skip7.0 HTTL str FOO 1 a => ${WRONG_TYPE}
    ~skip7.0 HEXPIRE h x FOO 1 a => -ERR value is not an integer or out of range
    ~skip7.0 HEXPIRE h -1 FOO 1 a => -ERR invalid expire time, must be >= 0
    ~skip7.0 HEXPIRE h 281474976710656 FOO 1 a => -ERR invalid expire time in 'hexpire' command
    ~skip7.0 HPEXPIRE h 70368744177663 FIELDS 1 a => -ERR invalid expire time in 'hpexpire' command
    ~skip7.0 HPEXPIREAT h 70368744177664 FIELDS 1 a => -ERR invalid expire time in 'hpexpireat' command
    ~skip7.0 HPEXPIREAT h 70368744177663 FIELDS 1 a => ${integers(1)}
    ~skip7.0 HEXPIREAT h 70368744178 FIELDS 1 a => -ERR invalid expire time in 'hexpireat' command
    ~skip7.0 HEXPIRE h 100 FOO 1 a => ${FIELDS_MISSING}
    ~skip7.0 HEXPIRE h 100 NX 1 a b => ${FIELDS_MISSING}
    ~skip7.0 HEXPIRE h 100 NX XX FIELDS 1 a => ${FIELDS_MISSING}
    ~skip7.0 HEXPIRE h 100 FIELDS 0 a => -${NUMBERS_SET}
    ~skip7.0 HEXPIRE h 100 FIELDS x a => -${NUMBERS_SET}
    ~skip7.0 HEXPIRE h 100 FIELDS 2 a => ${DIFFERS}
    ~skip7.0 HEXPIRE h 100 FIELDS 1 a b => ${DIFFERS}
    ~skip7.0 HEXPIRE none 100 FIELDS 1 a b => ${DIFFERS}
    ~skip7.0 HPERSIST h FOO 1 a => ${FIELDS_MISSING}
    ~skip7.0 HPERSIST h FIELDS 0 a => -${NUMBERS_ASK}
    ~skip7.0 HPERSIST h FIELDS 2 a => ${DIFFERS}
    ~skip7.0 HPTTL h FOO 1 a => ${FIELDS_MISSING}
    ~skip7.0 HEXPIRETIME h FIELDS -1 a => -${NUMBERS_ASK}
    ~skip7.0 HPEXPIRETIME h FIELDS 1 a b => ${DIFFERS}
  `,
  "HGETDEL": `
    HSET h a 1 b 2 c 3
    ~resp2 ~skip7.0 HGETDEL h FIELDS 3 a x a => ${bulks("1", null, null)}
    ~resp3 ~skip7.0 HGETDEL h FIELDS 2 a x => "*2\\r\\n$1\\r\\n1\\r\\n_\\r\\n"
    ~skip7.0 HLEN h => :2
    ~skip7.0 HGETDEL h FIELDS 2 b c => ${bulks("2", "3")}
    ~skip7.0 EXISTS h => :0
    ~resp2 ~skip7.0 HGETDEL h FIELDS 2 b c => ${bulks(null, null)}
    SET str x
    ~skip7.0 HGETDEL str FOO 1 a => ${WRONG_TYPE}
    ~skip7.0 HGETDEL h FOO 1 a => ${FIELDS_MISSING}
    ~skip7.0 HGETDEL h FIELDS b a => -${NUMBERS_ASK}
    ~skip7.0 HGETDEL h FIELDS 2 a => ${DIFFERS}
    ~skip7.0 HGETDEL h FIELDS 1 => -ERR wrong number of arguments for 'hgetdel' command
  `,
  "HGETEX": `
    HSET h a 1 b 2 c 3
    ~skip7.0 HGETEX h FIELDS 2 a b => ${bulks("1", "2")}
    ~skip7.0 OBJECT ENCODING h => ${bulk("listpack")}
    ~skip7.0 HGETEX h EXAT ${LATER} FIELDS 1 a => ${bulks("1")}
    ~resp2 ~skip7.0 HGETEX h pxat ${LATER * 1000 + 7} FIELDS 2 b x => ${bulks("2", null)}
    ~resp2 ~skip7.0 HPEXPIRETIME h FIELDS 3 a b c => ${integers(LATER * 1000, LATER * 1000 + 7, -1)}
    ~skip7.0 HGETEX h PERSIST FIELDS 2 a c => ${bulks("1", "3")}
    ~skip7.0 HEXPIRETIME h FIELDS 1 a => ${integers(-1)}
    ~skip7.0 HGETEX h PX 0 FIELDS 1 a => ${bulks("1")}
    ~skip7.0 HEXISTS h a => :0
    ~skip7.0 HGETEX h EXAT 1 FIELDS 2 b c => ${bulks("2", "3")}
    ~skip7.0 EXISTS h => :0
    ~resp2 ~skip7.0 HGETEX h EX 100 FIELDS 1 a => ${bulks(null)}
    SET str x
    ~skip7.0 HGETEX str EX x FIELDS 1 a => ${WRONG_TYPE}
    ~skip7.0 HGETEX h EX x FIELDS 1 a => -ERR value is not an integer or out of range
    ~skip7.0 HGETEX h PX -1 FIELDS 1 a => -ERR invalid expire time, must be >= 0
    ~skip7.0 HGETEX h PX 70368744177664 FIELDS 1 a => -ERR invalid expire time in 'hgetex' command
    ~skip7.0 HGETEX h FOO 1 a => ${FIELDS_MISSING}
    ~skip7.0 HGETEX h PXAT 1 1 => ${FIELDS_MISSING}
    ~skip7.0 HGETEX h EX 10 FIELDS => ${FIELDS_MISSING}
    ~skip7.0 HGETEX h PERSIST 1 FIELDS 1 a => ${FIELDS_MISSING}
    ~skip7.0 HGETEX h FIELDS 2 a => ${DIFFERS}
    ~skip7.0 HGETEX h FIELDS 0 a => -${NUMBERS_ASK}
  `,
  "HSETEX": `
    ~skip7.0 HSETEX h FIELDS 2 a 1 b 2 => :1
    ~skip7.0 OBJECT ENCODING h => ${bulk("listpack")}
    ~skip7.0 HSETEX h EXAT ${LATER} FIELDS 1 a 3 => :1
    ~skip7.0 HEXPIRETIME h FIELDS 2 a b => ${integers(LATER, -1)}
    ~skip7.0 HSETEX h KEEPTTL FIELDS 2 a 4 b 5 => :1
    ~skip7.0 HEXPIRETIME h FIELDS 2 a b => ${integers(LATER, -1)}
    ~skip7.0 HMGET h a b => ${bulks("4", "5")}
    ~skip7.0 HSETEX h FIELDS 1 a 6 => :1
    ~skip7.0 HEXPIRETIME h FIELDS 1 a => ${integers(-1)}
    ~skip7.0 HSETEX h FNX FIELDS 2 a 7 c 7 => :0
    ~skip7.0 HSETEX h FXX FIELDS 2 a 7 c 7 => :0
    ~skip7.0 HSETEX h FNX FIELDS 1 c 7 => :1
    ~skip7.0 HSETEX h PXAT ${LATER * 1000} FXX FIELDS 2 a 8 c 8 => :1
    ~skip7.0 HSETEX none FXX FIELDS 1 a 1 => :0
    ~skip7.0 EXISTS none => :0
    ~skip7.0 HSETEX none PX 0 FIELDS 1 a 1 => :1
    ~skip7.0 EXISTS none => :0
    ~skip7.0 HSETEX h EXAT 1 FIELDS 3 a 1 b 2 c 3 => :1
    ~skip7.0 EXISTS h => :0
    SET str x
    ~skip7.0 HSETEX str FIELDS 1 a 1 => ${WRONG_TYPE}
    ~skip7.0 HSETEX h FIELDS 2 a 1 => -ERR wrong number of arguments for 'hsetex' command
    ~skip7.0 HSETEX h FIELDS 1 a 1 b => -ERR wrong number of arguments for 'hsetex' command
    ~skip7.0 HSETEX h FIELDS x a 1 => -ERR invalid number of fields
    ~skip7.0 HSETEX h FIELDS 0 a 1 => -ERR invalid number of fields
    ~skip7.0 HSETEX h NX FIELDS 1 a 1 => -ERR unknown argument: NX
    ~skip7.0 HSETEX h FXX fnx FIELDS 1 a 1 => -ERR Only one of FXX or FNX arguments can be specified
    ~skip7.0 HSETEX h EX 1 KEEPTTL FIELDS 1 a 1 => -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
    ~skip7.0 HSETEX h EX FIELDS 1 a 1 => -ERR value is not an integer or out of range
    ~skip7.0 HSETEX h EXAT -1 FIELDS 1 a 1 => -ERR invalid expire time, must be >= 0
    ~skip7.0 HSETEX h PXAT 70368744177664 FIELDS 1 a 1 => -ERR invalid expire time in 'hsetex' command
    ~skip7.0 EXISTS h => :0
  `,
};

/** Random changes of few hashes, with what they hold shown in between. */
function randomCommands(seed: number, count: number): string {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const key = () => `k${below(4)}`;
  const field = () => below(2) > 0 ? `f${below(400)}` : String(below(300) - 100);
  const values = [
    () => String(below(1e5) - 5e4),
    () => String(below(1e12) * (below(2) > 0 ? 1 : -1)),
    () => `${below(9)}22337203685477580${below(10)}`,
    () => `v${"y".repeat(below(30))}`,
    () => "z".repeat(below(200) < 199 ? 64 : 70),
  ];
  const value = () => values[below(values.length)]();
  const several = (make: () => string) =>
    Array.from({ length: 1 + below(random() < 0.1 ? 150 : 8) }, make).join(" ");
  const makers: (() => string)[] = [
    () => `HSET ${key()} ${several(() => `${field()} ${value()}`)}`,
    () => `HSET ${key()} ${field()} ${value()}`,
    () => `HSETNX ${key()} ${field()} ${value()}`,
    () => `HDEL ${key()} ${several(field)}`,
    () => `HMGET ${key()} ${several(field)}`,
    () => `HGET ${key()} ${field()}`,
    () => `HSTRLEN ${key()} ${field()}`,
    () => `HINCRBY ${key()} ${field()} ${below(1000) - 500}`,
    () => `HINCRBYFLOAT ${key()} ${field()} ${(below(1000) - 500) / 8}`,
    () => `~sorted HGETALL ${key()}`,
    () => `HLEN ${key()}`,
    () => `OBJECT ENCODING ${key()}`,
    () => `COPY ${key()} ${key()} REPLACE`,
    () => `DEL ${key()}`,
    () => `DEBUG DIGEST`,
  ];
  return Array.from({ length: count }, () => makers[below(makers.length)]()).join("\n");
}

Deno.test({
  name: "hash commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(test) {
    await using peers: Peers & AsyncDisposable = await PeerPair.start([
      "--enable-debug-command",
      "yes",
    ]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await test.step(name, () => compareScripts(script, { peers, events: true }));
    }
    await test.step("random commands", () =>
      compareScripts(randomCommands(7, 1200), { peers, events: true }));
  },
});
