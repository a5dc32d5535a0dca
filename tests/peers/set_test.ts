import { seededRandom } from "../support/harness.ts";
import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";

const LONG = "x".repeat(65);
const INTEGERS = Array.from({ length: 512 }, (_, i) => i).join(" ");
/** Replies of OBJECT ENCODING where 7.0 knows no listpacks of sets, or does not look ahead. */
const LISTPACK = '"$8\\r\\nlistpack\\r\\n"';
const HASHTABLE = '"$9\\r\\nhashtable\\r\\n"';
const WORDS = Array.from({ length: 128 }, (_, i) => `w${i}`).join(" ");

const SCRIPTS: Readonly<Record<string, string>> = {
  "SADD and SREM": `
    SADD s a
    SADD s a b c a
    SCARD s
    ~sorted SMEMBERS s
    SADD s "" "\\x00\\xff\\r\\n" ${LONG}
    SISMEMBER s ""
    SISMEMBER s "\\x00\\xff\\r\\n"
    ~sorted SMEMBERS s
    SREM s a "" none a
    SREM s b c "\\x00\\xff\\r\\n" ${LONG}
    EXISTS s
    SREM s a
    SCARD s
    SADD s
    SADD
    SREM s
    SREM
    SET str x
    SADD str a
    SREM str a
    SADD t a
    EXPIRE t 100
    SADD t b
    TTL t
    SREM t a b c
    TTL t
  `,
  "SISMEMBER, SMISMEMBER, SCARD, SMEMBERS": `
    SADD s 1 2 a
    SISMEMBER s 1
    SISMEMBER s 01
    SISMEMBER s a
    SISMEMBER s b
    SISMEMBER none a
    SISMEMBER s
    SISMEMBER s a b
    SMISMEMBER s 1 x a a
    SMISMEMBER none a b
    SMISMEMBER s
    SCARD s
    SCARD none
    SCARD
    SCARD s s
    ~sorted SMEMBERS s
    SMEMBERS none
    SMEMBERS
    SMEMBERS s s
    SET str x
    SISMEMBER str a
    SMISMEMBER str a
    SCARD str
    SMEMBERS str
  `,
  "integers": `
    SADD i 5 3 1 4
    SMEMBERS i
    OBJECT ENCODING i
    SADD i -1 32767 -32768 32768
    SMEMBERS i
    SADD i 2147483647 -2147483648 2147483648
    SMEMBERS i
    SADD i 9007199254740991 9007199254740992 9007199254740993 -9007199254740992 -9007199254740993
    SADD i 9223372036854775807 -9223372036854775808 9223372036854775806
    SMEMBERS i
    SISMEMBER i 9007199254740993
    SISMEMBER i 9007199254740994
    SISMEMBER i 9223372036854775807
    SISMEMBER i 9223372036854775808
    SISMEMBER i -0
    SISMEMBER i +1
    SREM i 9007199254740992 1 2 -32768 9223372036854775807
    SMEMBERS i
    OBJECT ENCODING i
    SADD j -70000
    SADD j -1 1
    SMEMBERS j
    SADD k 1
    SADD k 70000
    SADD k -5000000000
    SMEMBERS k
    SADD k 9223372036854775808
    ~skip7.0 OBJECT ENCODING k => ${LISTPACK}
    ~sorted SMEMBERS k
    SADD z 0 -0 00
    ~sorted SMEMBERS z
  `,
  "encodings": `
    SADD i ${INTEGERS}
    OBJECT ENCODING i
    SADD i 512
    OBJECT ENCODING i
    SCARD i
    SREM i 1 2 3
    OBJECT ENCODING i
    SADD j ${INTEGERS} 512
    OBJECT ENCODING j
    SADD few 1 2 3
    SADD few a
    ~skip7.0 OBJECT ENCODING few => ${LISTPACK}
    ~resp2 ~skip7.0 SMEMBERS few => "*4\\r\\n$1\\r\\n1\\r\\n$1\\r\\n2\\r\\n$1\\r\\n3\\r\\n$1\\r\\na\\r\\n"
    SADD w ${WORDS}
    ~skip7.0 OBJECT ENCODING w => ${LISTPACK}
    SADD w w1
    ~skip7.0 OBJECT ENCODING w => ${LISTPACK}
    SADD w one-more
    OBJECT ENCODING w
    SADD long ${LONG}
    OBJECT ENCODING long
    SADD mixed 1 2 ${LONG}
    OBJECT ENCODING mixed
    SADD many ${WORDS} more
    OBJECT ENCODING many
    CONFIG SET set-max-intset-entries 2
    SADD small 1 2
    OBJECT ENCODING small
    SADD small 3
    OBJECT ENCODING small
    SADD again 1
    SADD again 1 1 1
    ~skip7.0 OBJECT ENCODING again => ${HASHTABLE}
    SADD first 1 2 3
    ~skip7.0 OBJECT ENCODING first => ${LISTPACK}
    CONFIG SET set-max-intset-entries 512
    COPY i i2
    OBJECT ENCODING i2
    SCARD i2
    ~sorted SDIFF i i2
    COPY small s2
    ~sorted SMEMBERS s2
    RENAME i2 i3
    SCARD i3
    TYPE i3
  `,
  "SMOVE": `
    SADD a x y 1
    SADD b z
    SMOVE a b x
    ~sorted SMEMBERS a
    ~sorted SMEMBERS b
    SMOVE a b none
    SMOVE a a y
    SMOVE a a none
    SMOVE none b x
    SMOVE a new y
    SMOVE a new 1
    EXISTS a
    ~sorted SMEMBERS new
    SADD a z
    SMOVE a b z
    EXISTS a
    SET str x
    SMOVE str b x
    SMOVE b str z
    SMOVE none str z
    SMOVE b str none
    SMOVE str str x
    SMOVE a b
    SMOVE a b c d
    SADD ints 1 2
    SMOVE ints int2 2
    OBJECT ENCODING int2
  `,
  "SPOP": `
    SADD s a
    SPOP s
    EXISTS s
    SPOP s
    SPOP s 1
    SPOP s 0
    SADD s 1 2 3
    SPOP s 0
    ~type SPOP s
    SCARD s
    ~type SPOP s 100
    EXISTS s
    SADD s 1 2 3
    ~sorted SPOP s 3
    EXISTS s
    SADD s a b c 1 2 3 4 5
    EXPIRE s 100
    ~type SPOP s 7
    SCARD s
    TTL s
    ~type SPOP s 1
    TTL s
    SADD w ${WORDS} 1 2 3
    ~type SPOP w 10
    SCARD w
    ~type SPOP w 115
    SCARD w
    SADD i ${INTEGERS}
    ~type SPOP i 500
    SCARD i
    OBJECT ENCODING i
    SPOP i -1
    SPOP i x
    SPOP none -1
    SPOP none x
    SPOP i 9223372036854775808
    SPOP none 9223372036854775807
    SPOP i 1 1
    SPOP
    SET str x
    SPOP str
    SPOP str 1
    SPOP str 0
    SPOP str -1
  `,
  "SRANDMEMBER": `
    SADD s a
    SRANDMEMBER s
    SRANDMEMBER s 1
    SRANDMEMBER s -3
    SRANDMEMBER s 0
    SRANDMEMBER s 5
    SRANDMEMBER none
    SRANDMEMBER none 1
    SRANDMEMBER none -1
    SRANDMEMBER none 0
    SADD i 1 2 3
    ~sorted SRANDMEMBER i 3
    ~sorted SRANDMEMBER i 4
    ~type SRANDMEMBER i 2
    ~type SRANDMEMBER i -10
    SADD w ${WORDS} more
    ~sorted SRANDMEMBER w 129
    ~type SRANDMEMBER w 100
    ~type SRANDMEMBER w 5
    ~type SRANDMEMBER w -200
    SRANDMEMBER s x
    SRANDMEMBER none x
    SRANDMEMBER s 9223372036854775808
    SRANDMEMBER s -9223372036854775808
    SRANDMEMBER none -9223372036854775807
    SRANDMEMBER s 1 1
    SRANDMEMBER
    SET str x
    SRANDMEMBER str
    SRANDMEMBER str 1
    SRANDMEMBER str 0
    SRANDMEMBER str x
  `,
  "SINTER, SINTERSTORE, SINTERCARD": `
    SADD a 1 2 3 x y
    SADD b 2 3 y z
    SADD c 3 y
    SADD i 1 2 3 4
    ~sorted SINTER a
    ~sorted SINTER a b
    ~sorted SINTER a b c
    ~sorted SINTER a a
    SINTER a none
    SINTER none
    SINTER none a b
    SINTER i a
    SINTERSTORE d a b
    ~sorted SMEMBERS d
    SINTERSTORE d a i
    SMEMBERS d
    OBJECT ENCODING d
    SINTERSTORE a a b c
    ~sorted SMEMBERS a
    SINTERSTORE d a none
    EXISTS d
    SINTERSTORE none2 a none
    SET str x
    EXPIRE str 100
    SINTERSTORE str b c
    TTL str
    ~sorted SMEMBERS str
    SET str x
    SINTER b str
    SINTER none str
    SINTER str none
    SINTERSTORE str b str
    SINTERSTORE str str
    GET str
    SINTERSTORE str none
    EXISTS str
    SINTERCARD 1 b
    SINTERCARD 2 b c
    SINTERCARD 2 b c LIMIT 1
    SINTERCARD 2 b c limit 0
    SINTERCARD 2 b c LIMIT 10
    SINTERCARD 2 b c LIMIT 1 LIMIT 2
    SINTERCARD 2 b none
    SINTERCARD 2 b c LIMIT -1
    SINTERCARD 2 b c LIMIT x
    SINTERCARD 2 b c LIMIT
    SINTERCARD 2 b c d
    SINTERCARD 3 b c
    SINTERCARD 3 b c LIMIT 1
    SINTERCARD 0 b
    SINTERCARD -1 b
    SINTERCARD x b
    SINTERCARD 9223372036854775807 b
    SINTERCARD 1
    SINTERCARD
    SET str x
    SINTERCARD 2 none str
    SINTERCARD 2 b str LIMIT x
    SINTER
    SINTERSTORE
    SINTERSTORE d
  `,
  "SUNION, SUNIONSTORE": `
    SADD a 1 2 3 x y
    SADD b 2 3 y z
    SADD i 9 4 1
    SADD w ${WORDS}
    ~sorted SUNION a
    ~sorted SUNION a b
    ~sorted SUNION a none b a
    SUNION i i
    SUNION none
    SUNION none none
    ~sorted SUNION w a i
    SUNIONSTORE d a b
    ~sorted SMEMBERS d
    SUNIONSTORE d i none
    SMEMBERS d
    OBJECT ENCODING d
    SUNIONSTORE d w a i
    OBJECT ENCODING d
    ~sorted SMEMBERS d
    SUNIONSTORE a a b
    ~sorted SMEMBERS a
    SUNIONSTORE a none
    EXISTS a
    SUNIONSTORE none none
    SET str x
    SUNION b str
    SUNION none str
    SUNIONSTORE d b str
    SCARD d
    SUNIONSTORE str b
    TYPE str
    SUNION
    SUNIONSTORE
    SUNIONSTORE d
  `,
  "SDIFF, SDIFFSTORE": `
    SADD a 1 2 3 x y
    SADD b 2 3 y z
    SADD c 1
    SADD i 5 6 7
    SADD w ${WORDS} 5
    ~sorted SDIFF a
    ~sorted SDIFF a b
    SDIFF a b c
    SDIFF a a
    SDIFF a b a
    SDIFF none a
    SDIFF none none
    ~sorted SDIFF a none
    SDIFF i b
    SDIFF i w
    ~sorted SDIFF w i a b c
    ~sorted SDIFF w none c i i i i i
    SDIFFSTORE d a b
    ~sorted SMEMBERS d
    SDIFFSTORE d i b
    OBJECT ENCODING d
    SDIFFSTORE d w i
    ~sorted SMEMBERS d
    SDIFFSTORE d w c c c c
    OBJECT ENCODING d
    SDIFFSTORE d a a
    EXISTS d
    SDIFFSTORE a a b
    ~sorted SMEMBERS a
    SDIFFSTORE none none
    SET str x
    SDIFF a str
    SDIFF none str
    SDIFF str a
    SDIFFSTORE d a str
    SDIFFSTORE str b
    TYPE str
    SDIFF
    SDIFFSTORE
    SDIFFSTORE d
  `,
  "SSCAN": `
    SADD i 3 1 2
    SSCAN i 0
    SSCAN i 5
    SSCAN i 0 COUNT 1
    SSCAN i 0 MATCH [12]
    SSCAN i 0 MATCH * COUNT 100
    SADD s a b ab ""
    ~sorted SSCAN s 0
    ~sorted SSCAN s 0 MATCH a*
    SSCAN s 0 MATCH none
    SSCAN s 0 MATCH ""
    SADD w ${WORDS} more
    ~sorted SSCAN w 0 COUNT 1000
    ~sorted SSCAN w 0 COUNT 1000 MATCH w1*
    SSCAN none 0
    SSCAN none x
    SSCAN none 0 COUNT x
    SSCAN s x
    SSCAN s -x
    SSCAN s 0 COUNT 0
    SSCAN s 0 COUNT x
    SSCAN s 0 COUNT
    SSCAN s 0 MATCH
    SSCAN s 0 TYPE set
    SSCAN s 0 x
    ~skip7.0 SSCAN s 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
    SSCAN s
    SSCAN
    SET str x
    SSCAN str 0
    SSCAN str x
    SSCAN str 0 COUNT x
    SSCAN s 18446744073709551616
  `,
  "sets as values": `
    DEBUG DIGEST
    SADD i 3 1 2
    SADD s a b c
    SADD w ${WORDS} more ${LONG}
    DEBUG DIGEST
    DEBUG DIGEST-VALUE i s w
    TYPE i
    SCAN 0 TYPE string
    EXPIRE s 1000
    DEBUG DIGEST
    COPY w w2
    MOVE w2 1
    RENAME w x
    DEBUG DIGEST
    SET x string
    SADD s d
    GETSET s x
    APPEND s x
    INCR s
    DEL s i x
    DEBUG DIGEST
  `,
};

/** Random changes of few sets, with what they hold shown in between. */
function randomCommands(seed: number, count: number): string {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const key = () => `k${below(5)}`;
  const integers = [
    () => String(below(300) - 150),
    () => String(below(1e5) - 5e4),
    () => String(below(1e12)),
    () => `${below(9)}22337203685477580${below(10)}`,
  ];
  const member = () => below(3) > 0 ? integers[below(4)]() : `m${below(200)}`;
  const integer = () => integers[below(4)]();
  const several = (make: () => string) =>
    Array.from({ length: 1 + below(random() < 0.1 ? 150 : 8) }, make).join(" ");
  const makers: (() => string)[] = [
    () => `SADD ${key()} ${several(integer)}`,
    () => `SADD ${key()} ${several(member)}`,
    () => `SREM ${key()} ${several(integer)}`,
    () => `SREM ${key()} ${several(member)}`,
    () => `SMISMEMBER ${key()} ${several(member)}`,
    () => `SMOVE ${key()} ${key()} ${integers[0]()}`,
    () => `~sorted SMEMBERS ${key()}`,
    () => `~sorted SINTER ${key()} ${key()}`,
    () => `~sorted SUNION ${key()} ${key()} ${key()}`,
    () => `~sorted SDIFF ${key()} ${key()} ${key()}`,
    () => `SINTERCARD 2 ${key()} ${key()} LIMIT ${below(5)}`,
    () => `SINTERSTORE ${key()} ${key()} ${key()}`,
    () => `SUNIONSTORE ${key()} ${key()} ${key()}`,
    () => `SDIFFSTORE ${key()} ${key()} ${key()}`,
    () => `COPY ${key()} ${key()} REPLACE`,
    () => `DEL ${key()}`,
    () => `DEBUG DIGEST`,
  ];
  return Array.from({ length: count }, () => makers[below(makers.length)]()).join("\n");
}

Deno.test({
  name: "set commands reply as redis-server does",
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
      compareScripts(randomCommands(5, 1200), { peers, events: true }));
  },
});
