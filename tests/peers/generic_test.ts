import { compareScripts, PeerPair } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

/** Scripts about keys of any type. What differs between Redis 7.0 and 7.2 is said inline. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "DEL, UNLINK, EXISTS, TOUCH and TYPE": `
    MSET a 1 b 2 c 3 d 4 "\\x00\\xff" bin
    DEL a a missing b
    UNLINK c "\\x00\\xff" c
    EXISTS a b c d
    EXISTS d d d missing
    TOUCH d d missing
    TYPE d
    TYPE missing
    SET "" empty
    EXISTS ""
    TYPE ""
    DEL ""
    DEL
    UNLINK
    EXISTS
    TOUCH
    TYPE
    TYPE a b
    DBSIZE
    DBSIZE x
  `,
  "EXPIRE and PERSIST": `
    SET k v
    EXPIRE k 100
    TTL k
    EXPIRE k 100 NX
    EXPIRE k 200 XX
    TTL k
    EXPIRE k 100 GT
    EXPIRE k 300 GT
    TTL k
    EXPIRE k 400 LT
    EXPIRE k 50 LT
    TTL k
    EXPIRE k 60 XX GT
    EXPIRE k 50 xx lt
    PERSIST k
    PERSIST k
    PERSIST missing
    TTL k
    EXPIRE k 100 GT
    EXPIRE k 100 XX
    EXPIRE k 100 LT
    TTL k
    PEXPIRE k 100000
    TTL k
    PEXPIREAT k 33177117420123
    PEXPIRETIME k
    EXPIRETIME k
    EXPIREAT k 33177117420
    EXPIRETIME k
    PEXPIRETIME k
    PEXPIREAT k 33177117420500
    EXPIRETIME k
    PEXPIREAT k 33177117420499
    EXPIRETIME k
    EXPIRE missing 100
    EXPIRE k 0
    EXISTS k
    SET k v
    PEXPIRE k -1
    GET k
    SET k v
    EXPIREAT k 1
    TTL k
    SET k v
    PEXPIREAT k 0
    PTTL k
    SET k v
    EXPIRE k -1 LT
    EXISTS k
    SET k v
    EXPIRE k -1 GT
    EXISTS k
  `,
  "EXPIRE's refusals": `
    EXPIRE
    EXPIRE k
    EXPIRE k x
    EXPIRE k 1.5
    EXPIRE k ""
    EXPIRE k " 1"
    EXPIRE k +1
    EXPIRE k 01
    EXPIRE k 10 NX XX
    EXPIRE k x NX GT
    EXPIRE k 10 LT NX
    EXPIRE k 10 GT LT
    EXPIRE k 10 GT LT XX
    EXPIRE k x FOO NX XX
    EXPIRE k 10 NX foo
    PEXPIRE k 10 "a b"
    PEXPIRE k 10 "a\\x00b"
    PEXPIRE k 10 "a\\r\\nb\\n\\r\\n"
    PEXPIRE k 10 "\\r\\n"
    EVAL "return redis.pcall('EXPIRE', 'k', 1, ARGV[1]).err" 0 "a\\r\\nb\\n\\r\\n"
    EVAL "return redis.pcall('EXPIRE', 'k', 1, ARGV[1]).err" 0 "a\\x00b"
    OBJECT "x\\x00y" k
    EXPIRE k 9223372036854775808
    EXPIRE k 9223372036854776
    EXPIRE k 9223372036854775
    EXPIRE k -9223372036854776
    EXPIRE k -9223372036854775
    PEXPIRE k 9223372036854775807
    PEXPIRE k -9223372036854775808
    EXPIREAT k 9223372036854776
    EXPIREAT k 9223372036854775
    PEXPIREAT k 9223372036854775807
    PEXPIREAT k
    EXPIREAT k x
    PERSIST
    PERSIST a b
    SET k v
    EXPIRE k 9223372036854776
    TTL k
    EXPIREAT k -9223372036854775
    EXISTS k
    SET k v
    PEXPIREAT k 9007199254740991
    PEXPIRETIME k
    EXPIRETIME k
    PEXPIREAT k -9223372036854775808
    EXISTS k
  `,
  "TTL and its like": `
    TTL missing
    PTTL missing
    EXPIRETIME missing
    PEXPIRETIME missing
    SET k v
    TTL k
    PTTL k
    EXPIRETIME k
    PEXPIRETIME k
    SET k v EX 100
    TTL k
    ~type PTTL k
    TTL
    PTTL
    EXPIRETIME
    PEXPIRETIME
    TTL a b
    EXPIRETIME a b
  `,
  "RENAME and RENAMENX": `
    RENAME missing k
    RENAMENX missing k
    RENAME missing missing
    SET a 1
    RENAME a a
    RENAMENX a a
    RENAME a b
    MGET a b
    SET c 3 EX 100
    RENAME c b
    GET b
    TTL b
    SET a 1
    RENAMENX a b
    MGET a b
    RENAMENX a d
    MGET a b d
    RENAME b "a much longer name with \\x00 and \\xff in it"
    GET "a much longer name with \\x00 and \\xff in it"
    TTL "a much longer name with \\x00 and \\xff in it"
    RENAME "a much longer name with \\x00 and \\xff in it" ""
    GET ""
    RENAME
    RENAME a
    RENAMENX a b c
  `,
  "MOVE": `
    MOVE k 1
    SET k v EX 100
    MOVE k 0
    MOVE k 16
    MOVE k -1
    MOVE k x
    MOVE k 99999999999
    MOVE k 2147483648
    MOVE k 1.0
    MOVE k 1
    EXISTS k
    SELECT 1
    GET k
    TTL k
    MOVE k 1
    MOVE k 0
    SELECT 0
    GET k
    COPY k k DB 1
    MOVE k 1
    MOVE
    MOVE k
  `,
  "COPY": `
    COPY missing k
    SET k v EX 100
    COPY k k
    COPY k k DB 0
    COPY k l
    GET l
    TTL l
    SET k w
    COPY k l
    GET l
    COPY k l REPLACE
    GET l
    TTL l
    COPY k k DB 2
    COPY k k DB 2
    COPY k k db 2 replace
    COPY k k DB 3 DB 4
    SELECT 4
    GET k
    SELECT 0
    COPY k m DB
    COPY k m DB x
    COPY k m DB 16
    COPY k m DB -1
    COPY k m DB 2147483648
    COPY k m FOO
    COPY k m REPLACE DB
    COPY missing m FOO
    COPY k
    COPY
    APPEND l x
    OBJECT ENCODING l
    COPY l n
    OBJECT ENCODING n
    GET n
  `,
  "OBJECT": `
    OBJECT
    OBJECT ENCODING
    OBJECT ENCODING a b
    OBJECT ENCODING missing
    OBJECT REFCOUNT missing
    OBJECT IDLETIME missing
    OBJECT FREQ missing
    SET k v
    OBJECT ENCODING k
    OBJECT REFCOUNT k
    OBJECT IDLETIME k
    OBJECT FREQ k
    SET k 9999
    OBJECT ENCODING k
    OBJECT REFCOUNT k
    SET k 10000
    OBJECT REFCOUNT k
    SET k -1
    OBJECT REFCOUNT k
    OBJECT ENCODING k
    SET k 007
    OBJECT ENCODING k
    SET k 9223372036854775807
    OBJECT ENCODING k
    SET k 9223372036854775808
    OBJECT ENCODING k
    SET k 12345678901234567890123456789012345678901234
    OBJECT ENCODING k
    SET k 123456789012345678901234567890123456789012345
    OBJECT ENCODING k
    SET k abc
    APPEND k d
    OBJECT encoding k
    OBJECT NONSENSE
    OBJECT NONSENSE k
    OBJECT HELP x
    ~type OBJECT HELP
    CONFIG SET maxmemory-policy allkeys-lfu
    OBJECT FREQ missing
    OBJECT IDLETIME missing
    OBJECT IDLETIME k
    SET fresh v
    OBJECT FREQ fresh
    CONFIG SET maxmemory-policy noeviction
  `,
  "SCAN": `
    SCAN 0
    SET k v
    SCAN 0
    SCAN 0 MATCH k
    SCAN 0 MATCH x
    SCAN 0 MATCH *
    SCAN 0 COUNT 5 MATCH ?
    SCAN 0 TYPE string
    SCAN 0 TYPE STRING
    SCAN 0 TYPE list
    SCAN 0 TYPE nonsense
    SCAN 0 type string count 100 match k*
    MSET a 1 b 2 "\\x00\\xff\\n" 3
    ~sorted SCAN 0 COUNT 100
    SCAN 0 COUNT 100 MATCH "[ab\\x00]*" TYPE hash
    SCAN 0 COUNT 100 MATCH "\\x00*"
    SCAN
    SCAN x
    ~sorted SCAN ""
    SCAN -
    SCAN +
    SCAN 1x
    SCAN " 0"
    SCAN "0 "
    SCAN 18446744073709551616
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 COUNT x
    SCAN 0 COUNT 9223372036854775808
    SCAN 0 MATCH
    SCAN 0 TYPE
    SCAN 0 FOO
    SCAN 0 FOO bar
    SCAN 0 COUNT 0 MATCH
    SCAN x COUNT 0
  `,
  "KEYS and RANDOMKEY": `
    RANDOMKEY
    KEYS *
    KEYS ""
    SET k v
    RANDOMKEY
    RANDOMKEY x
    MSET foo 1 fob 2 bar 3 "[x]" 4 "\\x00\\xff\\n" 5 "a*b" 6 hello 7 hallo 8 hxllo 9
    ~sorted KEYS *
    ~sorted KEYS fo?
    ~sorted KEYS *o*
    ~sorted KEYS h[ae]llo
    ~sorted KEYS h[^e]llo
    ~sorted KEYS h[a-e]llo
    KEYS "\\\\[x\\\\]"
    KEYS "a\\\\*b"
    KEYS "\\x00*"
    KEYS "?\\xff?"
    KEYS nothing
    KEYS [
    SET "" empty
    ~sorted KEYS *
    KEYS ""
    KEYS
    KEYS a b
  `,
  "WAIT and WAITAOF": `
    WAIT 0 0
    WAIT 0 100
    WAIT -1 0
    WAIT 1 20
    WAIT x 0
    WAIT 0 x
    WAIT 0 -1
    WAIT 0 1.5
    ~skip7.0 WAIT 0 9223372036854775807 => -ERR timeout is out of range
    WAIT 1 9223372036854775808
    WAIT
    WAIT 0
    WAIT 0 0 0
    ~skip7.0 WAITAOF 0 0 0 => "*2\\r\\n:0\\r\\n:0\\r\\n"
    ~skip7.0 WAITAOF 0 1 20 => "*2\\r\\n:0\\r\\n:0\\r\\n"
    ~skip7.0 WAITAOF 1 0 0 => -ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
    ~skip7.0 WAITAOF 2 0 0 => -ERR value is out of range, value must between 0 and 1
    ~skip7.0 WAITAOF x 0 0 => -ERR value is not an integer or out of range
    ~skip7.0 WAITAOF 0 x 0 => -ERR value is out of range, must be positive
    ~skip7.0 WAITAOF 0 0 x => -ERR timeout is not an integer or out of range
    ~skip7.0 WAITAOF 0 0 => -ERR wrong number of arguments for 'waitaof' command
  `,
  "FLUSHDB, FLUSHALL and SWAPDB": `
    MSET a 1 b 2
    COPY a a DB 1
    FLUSHDB
    DBSIZE
    SELECT 1
    DBSIZE
    FLUSHDB ASYNC
    DBSIZE
    SET x y
    FLUSHDB sync
    GET x
    SET x y
    SELECT 0
    SET x z
    SWAPDB 0 1
    GET x
    @second GET x
    SWAPDB 1 0
    GET x
    SWAPDB 0 0
    SWAPDB x 0
    SWAPDB 0 x
    SWAPDB x y
    SWAPDB 0 16
    SWAPDB -1 0
    SWAPDB 99999999999 0
    SWAPDB 0
    FLUSHALL NOW
    FLUSHDB ASYNC SYNC
    FLUSHALL ASYNC
    DBSIZE
    SET x y
    FLUSHALL SYNC
    DBSIZE
    FLUSHALL
  `,
};

Deno.test({
  name: "commands about keys answer as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers, events: true }));
    }
  },
});
