import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import { seededRandom } from "../support/harness.ts";
import type { Command } from "../support/raw_connection.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "GET and SET": `
    GET k
    SET k v
    GET k
    SET k ""
    GET k
    SET "" "empty key"
    GET ""
    SET "a\\x00\\xff\\r\\n" "\\x00\\x80\\xff\\r\\n"
    GET "a\\x00\\xff\\r\\n"
    set K lower
    GET k
    GET
    GET a b
    SET
    SET k
  `,
  "SET with options": `
    SET k v XX
    SET k v NX
    SET k w NX
    SET k w XX
    GET k
    SET k x GET
    SET k y NX GET
    SET n y NX GET
    SET m y XX GET
    EXISTS m
    SET k z get get
    SET k v EX 100
    TTL k
    SET k v KEEPTTL
    TTL k
    SET k v
    TTL k
    SET k v PX 100000
    TTL k
    SET k v EXAT 33177117420
    EXPIRETIME k
    SET k v PXAT 33177117420123
    PEXPIRETIME k
    SET k v EX 10 EX 100 NX
    SET k v EX 10 EX 100 XX GET
    TTL k
    SET k v KEEPTTL KEEPTTL
    TTL k
    SET k v EXAT 1
    GET k
    SET k v PXAT 1
    EXISTS k
    SET k v PXAT 1 GET
    SET k v KEEPTTL
    TTL k
  `,
  "SET refuses": `
    SET k v NX XX
    SET k v XX NX
    SET k v EX
    SET k v PX
    SET k v EXAT
    SET k v PXAT
    SET k v EX 1 PX 1
    SET k v EX 1 EXAT 1
    SET k v PXAT 1 EXAT 1
    SET k v EX 1 KEEPTTL
    SET k v KEEPTTL EX 1
    SET k v PERSIST
    SET k v foo
    SET k v EX 1 2
    SET k v EX x foo
    SET k v EX x
    SET k v EX 1.5
    SET k v EX ""
    SET k v EX " 1"
    SET k v EX 01
    SET k v EX +1
    SET k v EX 0
    SET k v EX -1
    SET k v PX 0
    SET k v PX -1
    SET k v EXAT 0
    SET k v EXAT -5
    SET k v PXAT 0
    SET k v PXAT -9223372036854775808
    SET k v PXAT 9223372036854775808
    SET k v PX 9223372036854775807
    SET k v PX 9223370000000000000
    SET k v EX 9223372036854775807
    SET k v EX 9223372036854775
    SET k v EX 9223372036854776
    SET k v EX 9223372036854
    SET k v EXAT 9223372036854775
    SET k v EXAT 9223372036854776
    GET k
    SET k v PXAT 9223372036854775807
    GET k
  `,
  "SETEX, PSETEX, SETNX, GETSET": `
    SETEX k 100 v
    TTL k
    GET k
    PSETEX k 100000 w
    TTL k
    SETEX k 0 v
    SETEX k -1 v
    SETEX k x v
    SETEX k 9223372036854775807 v
    PSETEX k 0 v
    PSETEX k 9223372036854775807 v
    PSETEX k 1.0 v
    GET k
    SETEX k 100
    SETEX k 100 v EX
    PSETEX k 100
    SETNX k v
    SETNX n v
    SETNX n w
    GET n
    SETNX n
    GETSET k new
    TTL k
    GETSET none first
    GETSET none second
    GETSET none
  `,
  "GETDEL and GETEX": `
    GETDEL k
    SET k v
    GETDEL k
    GET k
    GETDEL
    GETDEL a b
    GETEX k
    GETEX k EX 10
    SET k v
    GETEX k
    TTL k
    GETEX k EX 100
    TTL k
    GETEX k PX 200000
    TTL k
    GETEX k EXAT 33177117420
    EXPIRETIME k
    GETEX k PXAT 33177117420123
    PEXPIRETIME k
    GETEX k
    PEXPIRETIME k
    GETEX k PERSIST
    TTL k
    GETEX k PERSIST PERSIST
    GETEX k EX 1 EX 100
    TTL k
    GETEX k PERSIST EX 1
    GETEX k EX 1 PERSIST
    GETEX k EX 1 PX 1
    GETEX k KEEPTTL
    GETEX k NX
    GETEX k XX
    GETEX k GET
    GETEX k EX
    GETEX k EX x
    GETEX k EX 0
    GETEX k PXAT -1
    GETEX k EX 9223372036854775807
    GETEX none EX x
    GETEX none EX
    GETEX k EXAT 1
    EXISTS k
    SET k v
    GETEX k PXAT 1
    EXISTS k
    GETEX
  `,
  "MGET, MSET, MSETNX": `
    MSET a 1 b 2
    MGET a b none a
    MSET a 3 a 4
    MGET a
    MSET a 1 b
    MSET a
    MSET
    MSETNX c 1 d 2
    MSETNX d 1 e 2
    MSETNX f 1 f 2
    MGET c d e f
    MSETNX a
    MSETNX a 1 b
    MSETNX
    MGET
    SETEX a 100 v
    MSET a x
    TTL a
  `,
  "INCR and its like": `
    INCR n
    INCR n
    DECR n
    INCRBY n 10
    DECRBY n 100
    GET n
    DECRBY zero 0
    GET zero
    INCRBY zero -0
    INCRBY n ""
    INCRBY n 1.5
    INCRBY n x
    INCRBY n " 1"
    INCRBY n 01
    INCRBY n +1
    INCRBY n 9223372036854775808
    DECRBY n -9223372036854775808
    DECRBY n -9223372036854775809
    SET n 9223372036854775806
    INCR n
    INCR n
    INCRBY n 9223372036854775807
    DECRBY n 9223372036854775807
    GET n
    SET n -9223372036854775807
    DECR n
    DECR n
    INCRBY n -1
    INCRBY n 9223372036854775807
    GET n
    INCRBY low -9223372036854775808
    DECRBY low 1
    INCR low
    SET n 999999999999999
    INCR n
    DECR n
    SET n 9007199254740991
    INCR n
    INCR n
    GET n
    SET n -9
    DECR n
    INCR n
    SET n 10
    DECR n
    SET s x
    INCR s
    SET s ""
    INCR s
    SET s " 1"
    INCR s
    SET s "1\\x00"
    INCR s
    SET s 1.0
    INCR s
    SET s -0
    INCR s
    SETEX t 100 5
    INCR t
    INCRBY t 100
    TTL t
    APPEND a 1
    APPEND a 2
    INCR a
    INCR
    DECR
    INCRBY n
    DECRBY n
    INCR a b
  `,
  "INCRBYFLOAT": `
    INCRBYFLOAT f 10.50
    INCRBYFLOAT f 0.1
    INCRBYFLOAT f -5
    INCRBYFLOAT f 5.0e3
    GET f
    INCRBYFLOAT f 1e-20
    INCRBYFLOAT f 0x10
    INCRBYFLOAT f x
    INCRBYFLOAT f ""
    INCRBYFLOAT f " 1"
    INCRBYFLOAT f "1 "
    INCRBYFLOAT f nan
    INCRBYFLOAT f inf
    INCRBYFLOAT f -inf
    INCRBYFLOAT f 1e4932
    INCRBYFLOAT f 1e4932
    INCRBYFLOAT f 1e5000
    STRLEN f
    SET f 3
    INCRBYFLOAT f 1.1
    SET f 17179869184
    INCRBYFLOAT f 1.5
    SET f " 11"
    INCRBYFLOAT f 1
    SET f "11\\x00"
    INCRBYFLOAT f 1
    SET f 1
    INCRBYFLOAT f -1.1
    INCRBYFLOAT f 0.1
    SETEX t 100 1
    INCRBYFLOAT t 1.25
    TTL t
    INCRBYFLOAT new 3
    INCRBYFLOAT new -3
    INCRBYFLOAT f
    INCRBYFLOAT
  `,
  "APPEND, STRLEN": `
    STRLEN k
    APPEND k ""
    EXISTS k
    APPEND k abc
    APPEND k "\\x00\\xff"
    GET k
    STRLEN k
    SETEX t 100 1
    APPEND t 2
    TTL t
    GET t
    APPEND k
    STRLEN
    STRLEN a b
  `,
  "SETRANGE": `
    SETRANGE k 0 ""
    EXISTS k
    SETRANGE k 5 ""
    SETRANGE k 0 foo
    SETRANGE k 1 b
    SETRANGE k 4 bar
    GET k
    SETRANGE k 0 ""
    SETRANGE none 3 x
    GET none
    SET n 1234
    SETRANGE n 1 9
    GET n
    SETRANGE k -1 x
    SETRANGE k x x
    SETRANGE k 9223372036854775807 x
    SETRANGE k 9223372036854775808 x
    SETRANGE k 1048575 xx
    SETRANGE k 1048575 x
    STRLEN k
    APPEND k x
    APPEND k ""
    SETRANGE new 1048576 x
    SETRANGE new 1048576 ""
    EXISTS new
    SETEX t 100 1
    SETRANGE t 1 1
    TTL t
    SETRANGE k 1
  `,
  "GETRANGE, SUBSTR": `
    SET k "Hello World"
    GETRANGE k 0 3
    GETRANGE k 0 -1
    GETRANGE k -4 -1
    GETRANGE k 5 3
    GETRANGE k 5 5000
    GETRANGE k -5000 10000
    GETRANGE k -1 -5000
    GETRANGE k -5000 -4000
    GETRANGE k -4000 -5000
    GETRANGE k -3 -5
    GETRANGE k 10 11
    GETRANGE k 11 11
    GETRANGE k 0 0
    GETRANGE k 9223372036854775807 9223372036854775807
    GETRANGE k -9223372036854775808 9223372036854775807
    GETRANGE k x 1
    GETRANGE k 1 x
    GETRANGE none x 1
    GETRANGE none 0 -1
    SET e ""
    GETRANGE e 0 -1
    SET n 1234
    GETRANGE n 0 1
    SUBSTR n 1 -2
    SUBSTR none 0 1
    GETRANGE k 0
    SUBSTR k 0
  `,
  "LCS": `
    MSET a ohmytext b mynewtext
    LCS a b
    LCS a b LEN
    LCS a b IDX
    LCS a b IDX WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 4
    LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
    LCS a b IDX MINMATCHLEN 5
    LCS a b IDX MINMATCHLEN -1
    LCS a b LEN MINMATCHLEN 4 WITHMATCHLEN
    LCS a b WITHMATCHLEN
    LCS a a IDX
    LCS a none
    LCS none none IDX
    LCS none none LEN
    LCS a b LEN IDX
    LCS a b IDX LEN
    LCS a b foo
    LCS a b MINMATCHLEN
    LCS a b MINMATCHLEN x
    LCS a b LEN IDX MINMATCHLEN x
    MSET a rnacrossthestreet b rnaxyzstreetcross
    LCS a b IDX WITHMATCHLEN
    MSET n 1234567 m 7654321234
    LCS n m IDX WITHMATCHLEN
    SETRANGE big 511 x
    SETRANGE small 510 x
    LCS big small LEN
    SETRANGE small 511 x
    LCS big small LEN
    SETRANGE big 512 x
    LCS big small
    LCS big small LEN
    LCS a
    LCS
  `,
  "Encodings": `
    SET k 1
    OBJECT ENCODING k
    SET k 9223372036854775807
    OBJECT ENCODING k
    SET k 9223372036854775808
    OBJECT ENCODING k
    SET k 01
    OBJECT ENCODING k
    SET k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    OBJECT ENCODING k
    SET k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    OBJECT ENCODING k
    SET k 1
    APPEND k 2
    OBJECT ENCODING k
    INCR k
    OBJECT ENCODING k
    APPEND new 1
    OBJECT ENCODING new
    SETRANGE range 0 1
    OBJECT ENCODING range
    MSET m 1 n x
    OBJECT ENCODING m
    OBJECT ENCODING n
    GETSET m x
    OBJECT ENCODING m
    INCRBYFLOAT f 1.5
    OBJECT ENCODING f
    INCRBYFLOAT f 1.5
    OBJECT ENCODING f
    COPY f copy
    OBJECT ENCODING copy
    INCR f
    OBJECT ENCODING f
  `,
};

/** Random counters and parts of strings, on few keys. */
function randomCommands(seed: number, count: number): Command[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const key = () => `k${below(6)}`;
  const value = () =>
    [String(below(2000) - 1000), "x".repeat(below(70)), `${below(100)}.5`][below(3)];
  const makers: (() => string[])[] = [
    () => ["SET", key(), value()],
    () => ["INCRBY", key(), String(below(1e6) - 5e5)],
    () => ["DECRBY", key(), String(10 ** below(19))],
    () => ["INCRBYFLOAT", key(), (random() * 10 - 5).toFixed(below(12))],
    () => ["APPEND", key(), value()],
    () => ["SETRANGE", key(), String(below(90)), value()],
    () => ["GETRANGE", key(), String(below(120) - 60), String(below(120) - 60)],
    () => ["SET", key(), value(), "GET", ["NX", "XX", "KEEPTTL"][below(3)]],
    () => ["GETDEL", key()],
    () => ["MSETNX", key(), value(), key(), value()],
    () => ["LCS", key(), key(), "IDX", "WITHMATCHLEN", "MINMATCHLEN", String(below(3))],
    () => ["MGET", "k0", "k1", "k2", "k3", "k4", "k5"],
  ];
  return Array.from({ length: count }, () => makers[below(makers.length)]());
}

Deno.test({
  name: "string commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(test) {
    await using peers: Peers & AsyncDisposable = await PeerPair.start([
      "--proto-max-bulk-len",
      "1mb",
    ]);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await test.step(name, () => compareScripts(script, { peers, events: true }));
    }
    await test.step(
      "random commands",
      () => compareScripts(randomCommands(1, 1500), { peers, events: true }),
    );
  },
});
