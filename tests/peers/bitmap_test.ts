import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { seededRandom } from "../support/harness.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "SETBIT and GETBIT": `
    GETBIT k 0
    SETBIT k 7 1
    GET k
    SETBIT k 7 1
    SETBIT k 7 0
    SETBIT k 100 1
    STRLEN k
    GET k
    GETBIT k 100
    GETBIT k 99
    GETBIT k 101
    GETBIT k 4294967295
    OBJECT ENCODING k
    SET n 12345
    GETBIT n 3
    SETBIT n 3 1
    OBJECT ENCODING n
    GET n
    SET n 1
    SETBIT n 2 1
    OBJECT ENCODING n
    SETBIT k 0 2
    SETBIT k 0 -1
    SETBIT k 0 x
    SETBIT k -1 0
    SETBIT k 4294967296 1
    SETBIT k 99999999999999999999 1
    SETBIT k "#1" 1
    SETBIT k 1.5 1
    SETBIT k 01 1
    SETBIT k x 2
    SETBIT k
    SETBIT k 1
    SETBIT k 1 1 1
    GETBIT k -1
    GETBIT k 4294967296
    GETBIT k x
    GETBIT k
    GETBIT k 1 1
    LPUSH l 1
    SETBIT l 0 1
    GETBIT l 0
    SETBIT l -1 1
    SETBIT l 0 2
  `,
  BITCOUNT: `
    BITCOUNT none
    BITCOUNT none 0
    BITCOUNT none 0 x foo
    SET k foobar
    BITCOUNT k
    BITCOUNT k 0 0
    BITCOUNT k 1 1
    BITCOUNT k 1 1 BYTE
    BITCOUNT k 5 30 bit
    BITCOUNT k 0 -1
    BITCOUNT k -3 -2
    BITCOUNT k -2 -3
    BITCOUNT k -2 -3 foo
    BITCOUNT k -100 -50
    BITCOUNT k -100 100
    BITCOUNT k 3 1
    BITCOUNT k 100 200
    BITCOUNT k 7 8 BIT
    BITCOUNT k 8 8 BIT
    BITCOUNT k 0 -1 BIT
    BITCOUNT k -9 -2 BIT
    BITCOUNT k -5 3 BIT
    BITCOUNT k 1000 2000 BIT
    BITCOUNT k 0
    BITCOUNT k 0 1 BITS
    BITCOUNT k 0 1 BIT 3
    BITCOUNT k x 1
    BITCOUNT k 0 x
    BITCOUNT k 0 1 x
    BITCOUNT k x 1 x
    BITCOUNT
    SET n 1234
    BITCOUNT n
    SET e ""
    BITCOUNT e
    BITCOUNT e 0 -1
    LPUSH l 1
    BITCOUNT l
    BITCOUNT l 0
  `,
  BITPOS: `
    BITPOS none 0
    BITPOS none 1
    BITPOS none 2
    BITPOS none x
    BITPOS none 1 x
    BITPOS none 1 0 1 x 5 6
    SET k "\\xff\\xf0\\x00"
    BITPOS k 0
    BITPOS k 1
    BITPOS k 0 1
    BITPOS k 1 2
    BITPOS k 0 0 0
    BITPOS k 0 0 1
    BITPOS k 0 0 -1
    BITPOS k 1 2 -1
    BITPOS k 1 3
    BITPOS k 0 3
    BITPOS k 0 0 7 BIT
    BITPOS k 0 0 12 BIT
    BITPOS k 0 7 15 BIT
    BITPOS k 1 12 -1 BIT
    BITPOS k 1 9 11 BIT
    BITPOS k 1 -13 -12 BIT
    BITPOS k 0 -100 -1 BIT
    BITPOS k 0 -1 -100
    BITPOS k 0 2 1
    BITPOS k 0 5 -1 BYTE
    SET o "\\xff\\xff\\xff"
    BITPOS o 0
    BITPOS o 0 0
    BITPOS o 0 1
    BITPOS o 0 0 -1
    BITPOS o 0 3
    BITPOS o 0 0 5 BIT
    BITPOS o 0 23 23 BIT
    SET z "\\x00\\x00"
    BITPOS z 1
    BITPOS z 1 0
    BITPOS z 1 0 -1
    SET e ""
    BITPOS e 0
    BITPOS e 1
    BITPOS e 0 0
    BITPOS e 0 0 -1
    BITPOS k 2
    BITPOS k -1
    BITPOS k x
    BITPOS k 1 x
    BITPOS k 1 0 x
    BITPOS k 1 x 1 foo
    BITPOS k 1 0 x foo
    BITPOS k 1 0 1 foo
    BITPOS k 1 0 1 BIT 1
    BITPOS k
    SET n 1
    BITPOS n 1
    LPUSH l 1
    BITPOS l 1
    BITPOS l 2
  `,
  BITOP: `
    BITOP AND d none
    SET a "\\xff\\x0f"
    SET b "\\x01\\x02\\x03"
    BITOP AND d a b
    GET d
    BITOP or d a b
    GET d
    BITOP Xor d a b none
    GET d
    BITOP NOT d a
    GET d
    OBJECT ENCODING d
    BITOP NOT d none
    EXISTS d
    BITOP AND d a none
    GET d
    BITOP AND d none a
    GET d
    BITOP XOR a a a
    GET a
    SET n 123
    SET d x EX 100
    BITOP OR d n
    GET d
    TTL d
    OBJECT ENCODING d
    BITOP NOT d a b
    BITOP NAND d a b
    BITOP NOT d
    BITOP AND d
    BITOP
    LPUSH l 1
    BITOP AND d a l
    BITOP AND d l a
    BITOP NOT d l
    BITOP AND l a
    TYPE l
    BITOP AND l none
    EXISTS l
  `,
  "BITFIELD reads and writes": `
    BITFIELD k
    BITFIELD k GET u8 0
    EXISTS k
    BITFIELD k SET i8 0 100 GET i8 0 GET u4 0 GET u4 4
    BITFIELD k SET i8 #1 -1 GET u8 8 GET i8 8 GET u16 0
    BITFIELD k INCRBY i5 100 1 GET u4 0
    STRLEN k
    BITFIELD k GET i64 0 GET u63 1 GET u1 7 GET i1 7
    BITFIELD k GET i64 1000 GET u63 100000
    BITFIELD k SET i64 0 -9223372036854775808
    BITFIELD k INCRBY i64 0 -1
    BITFIELD k OVERFLOW SAT INCRBY i64 0 1
    BITFIELD k OVERFLOW SAT SET i64 0 9223372036854775807
    BITFIELD k OVERFLOW SAT INCRBY i64 0 9223372036854775807
    BITFIELD k OVERFLOW SAT SET i64 3 -9223372036854775808
    BITFIELD k OVERFLOW SAT INCRBY i64 3 -9223372036854775808
    BITFIELD k OVERFLOW FAIL INCRBY i64 3 -1
    BITFIELD k OVERFLOW WRAP SET u8 0 257
    BITFIELD k OVERFLOW SAT SET u8 0 257
    BITFIELD k OVERFLOW SAT SET u8 0 -1
    BITFIELD k OVERFLOW FAIL SET u8 0 -1
    BITFIELD k OVERFLOW FAIL SET u8 0 256
    BITFIELD k OVERFLOW FAIL SET u63 9 9223372036854775807
    BITFIELD k OVERFLOW SAT INCRBY u63 9 1
    BITFIELD k OVERFLOW WRAP INCRBY u63 9 1
    BITFIELD k OVERFLOW SAT INCRBY u63 9 -1
    BITFIELD k OVERFLOW WRAP INCRBY u63 9 -1
    BITFIELD k overflow wrap incrby u2 100 1 overflow sat incrby u2 102 1
    BITFIELD k overflow wrap incrby u2 100 1 overflow sat incrby u2 102 1
    BITFIELD k overflow wrap incrby u2 100 1 overflow sat incrby u2 102 1
    BITFIELD k overflow wrap incrby u2 100 1 overflow sat incrby u2 102 1
    BITFIELD k overflow fail incrby u2 102 1 set i3 105 -5
    BITFIELD k OVERFLOW SAT
    GET k
    SET n 77
    BITFIELD n GET u8 0 GET u8 #1 GET u8 #2
    OBJECT ENCODING n
    BITFIELD n SET u8 0 48
    OBJECT ENCODING n
    GET n
    BITFIELD_RO n GET u8 0 GET i4 #1
    BITFIELD_RO none GET u8 0
    BITFIELD_RO none
  `,
  "BITFIELD refuses": `
    BITFIELD k GET u64 0
    BITFIELD k GET i65 0
    BITFIELD k GET u0 0
    BITFIELD k GET i0 0
    BITFIELD k GET x8 0
    BITFIELD k GET U8 0
    BITFIELD k GET u 0
    BITFIELD k GET "" 0
    BITFIELD k GET u8
    BITFIELD k GET u8 -1
    BITFIELD k GET u8 x
    BITFIELD k GET u8 ""
    BITFIELD k GET u8 "#"
    BITFIELD k GET u8 "#-1"
    BITFIELD k GET u8 "#x"
    BITFIELD k GET u8 "#536870911"
    BITFIELD k GET u8 "#536870912"
    BITFIELD k GET u8 4294967295
    BITFIELD k GET u8 4294967296
    BITFIELD k SET u8 0
    BITFIELD k SET u8 0 x
    BITFIELD k SET u8 0 99999999999999999999
    BITFIELD k INCRBY u8 0
    BITFIELD k INCRBY u8 0 1.5
    BITFIELD k OVERFLOW
    BITFIELD k OVERFLOW foo
    BITFIELD k foo
    BITFIELD k GET u8 0 foo
    BITFIELD k SET u8 0 1 GET x 0
    EXISTS k
    BITFIELD
    BITFIELD_RO
    BITFIELD_RO k SET u8 0 1
    BITFIELD_RO k GET u8 0 INCRBY u8 0 1
    BITFIELD_RO k SET u8 0 x
    BITFIELD_RO k OVERFLOW WRAP GET u8 0
    LPUSH l 1
    BITFIELD l GET u8 0
    BITFIELD l SET u8 0 1
    BITFIELD_RO l GET u8 0
    BITFIELD l GET u99 0
    COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0
    COMMAND GETKEYSANDFLAGS BITFIELD k SET u8 0 1
    COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 OVERFLOW SAT
    COMMAND GETKEYSANDFLAGS BITFIELD k GET
  `,
};

Deno.test({
  name: "bitmap commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers, events: true }));
    }
    await t.step("random requests", () => compareAtRandom(peers));
  },
});

async function compareAtRandom(peers: Peers): Promise<void> {
  const random = seededRandom(7);
  const below = (n: number) => Math.floor(random() * n);
  const position = () => String(below(1200) - 600);
  const pick = <T>(...choices: T[]): T => choices[below(choices.length)];
  const key = () => pick("a", "b", "c", "none");
  const field = () => pick("i", "u") + (1 + below(63));
  const script: Command[] = [];
  for (let i = 0; i < 1500; i++) {
    script.push(
      pick<() => Command>(
        () => ["SETRANGE", key(), String(below(40)), pick("\x00", "\xff", "abc", "\xff\xff\x7f")],
        () => ["SETBIT", key(), String(below(600)), pick("0", "1")],
        () => ["BITCOUNT", key(), position(), position(), pick("BIT", "BYTE")],
        () => ["BITPOS", key(), pick("0", "1"), position(), position(), pick("BIT", "BYTE")],
        () => ["BITPOS", key(), pick("0", "1"), position()],
        () => ["BITOP", pick("AND", "OR", "XOR"), key(), key(), key(), key()],
        () => ["BITOP", "NOT", key(), key()],
        () => ["BITFIELD", key(), "GET", field(), String(below(600))],
        () => [
          "BITFIELD",
          key(),
          "OVERFLOW",
          pick("SAT", "WRAP", "FAIL"),
          pick("SET", "INCRBY"),
          field(),
          String(below(600)),
          String((BigInt(below(2 ** 31)) << BigInt(below(32))) * BigInt(pick(1, -1))),
        ],
        () => ["GET", key()],
        () => ["DEL", key()],
      )(),
    );
  }
  await compareScripts(script, { peers, protocols: [2] });
}
