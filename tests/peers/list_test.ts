import { assertEquals } from "@std/assert";
import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer, type Peer } from "../support/peer.ts";
import { seededRandom } from "../support/harness.ts";
import { encodeCommand, type RawConnection } from "../support/raw_connection.ts";
import { showBytes } from "../support/reply_bytes.ts";
import { waitFor } from "../support/wait.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "pushing and popping": `
    RPUSH l a b c
    LPUSH l d e
    LPUSHX l f
    RPUSHX l g h
    LPUSHX none a
    RPUSHX none a b
    LRANGE l 0 -1
    LLEN l
    LLEN none
    LPOP l
    RPOP l
    LPOP l 2
    RPOP l 2
    LPOP l 0
    RPOP l 100
    LPOP l
    RPOP l 1
    LPOP none 0
    EXISTS l
    RPUSH "bytes\\x00\\xff" "" "\\x00\\r\\n\\xff" 12 012 -5 9223372036854775807 9223372036854775808
    LRANGE "bytes\\x00\\xff" 0 -1
    DEBUG DIGEST
    LPUSH
    LPUSH l
    RPUSHX l
    LPOP
    LPOP l 1 2
    RPOP none 1 2
    LPOP l x
    RPOP l -1
    RPOP l 9223372036854775808
    LPOP l 9223372036854775807
    LLEN
    LLEN a b
  `,
  "indexes": `
    RPUSH l a b c d e 6 7
    LINDEX l 0
    LINDEX l 6
    LINDEX l 7
    LINDEX l -1
    LINDEX l -7
    LINDEX l -8
    LINDEX l x
    LINDEX none x
    LINDEX none 0
    LINDEX l 9223372036854775807
    LINDEX l -9223372036854775808
    LINDEX l 9223372036854775808
    LSET l 0 A
    LSET l -1 seven
    LSET l 3 44
    LSET l 7 x
    LSET l -8 x
    LSET l x x
    LSET none 0 x
    LSET none x x
    LINSERT l BEFORE A first
    LINSERT l after seven last
    LINSERT l AFTER 44 "4 1/2"
    LINSERT l Before none x
    LINSERT none BEFORE a x
    LINSERT none BESIDE a x
    LINSERT l BEFORE a
    LRANGE l 0 -1
    LRANGE l 2 4
    LRANGE l -3 -2
    LRANGE l -100 100
    LRANGE l 5 2
    LRANGE l 100 200
    LRANGE l 0 -100
    LRANGE l x 0
    LRANGE l 0 x
    LRANGE none 0 -1
    LRANGE none 0 x
    LRANGE l 0
    LTRIM l 1 -2
    LRANGE l 0 -1
    LTRIM l x 0
    LTRIM none 0 0
    LTRIM none 0 x
    LTRIM l -3 100
    LRANGE l 0 -1
    LTRIM l 5 1
    EXISTS l
  `,
  "looking for elements": `
    RPUSH l a b a 5 a b 05 a 5
    LREM l 2 a
    LRANGE l 0 -1
    LREM l -1 5
    LRANGE l 0 -1
    LREM l 0 b
    LREM l 0 none
    LREM l x a
    LREM none 0 a
    LREM l -9223372036854775808 05
    LRANGE l 0 -1
    LREM l 0 a
    LREM l 0 5
    EXISTS l
    RPUSH p a b c 1 2 3 c c
    LPOS p a
    LPOS p c
    LPOS p 3
    LPOS p none
    LPOS none c
    LPOS none c COUNT 2
    LPOS p c RANK 1
    LPOS p c RANK 2
    LPOS p c RANK 4
    LPOS p c RANK -1
    LPOS p c RANK -2
    LPOS p c COUNT 0
    LPOS p c COUNT 1
    LPOS p c COUNT 2
    LPOS p c COUNT 100
    LPOS p none COUNT 1
    LPOS p c COUNT 0 RANK 2
    LPOS p c COUNT 2 RANK -1
    LPOS p c COUNT 0 MAXLEN 1
    LPOS p c COUNT 0 MAXLEN 3
    LPOS p c COUNT 0 MAXLEN 3 RANK -1
    LPOS p c MAXLEN 7 RANK 2
    LPOS p c COUNT 0 MAXLEN 7 RANK 2
    LPOS p c rank 0
    LPOS p c rank x
    ~skip7.0 LPOS p c RANK -9223372036854775808 => "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\\r\\n"
    LPOS p c RANK -9223372036854775807
    LPOS p c COUNT -1
    LPOS p c COUNT x
    LPOS p c MAXLEN -1
    LPOS p c COUNT
    LPOS p c WHAT 1
    LPOS p
    LPOS p c RANK 1 RANK 2
  `,
  "moving": `
    RPUSH src a b c d e f
    LMOVE src dst LEFT LEFT
    LMOVE src dst LEFT RIGHT
    LMOVE src dst right left
    LMOVE src dst RIGHT RIGHT
    RPOPLPUSH src dst
    LRANGE src 0 -1
    LRANGE dst 0 -1
    LMOVE dst dst LEFT RIGHT
    LMOVE dst dst LEFT LEFT
    RPOPLPUSH dst dst
    LRANGE dst 0 -1
    RPOPLPUSH src dst
    EXISTS src
    RPOPLPUSH src dst
    LMOVE src dst LEFT LEFT
    RPUSH one x
    RPOPLPUSH one one
    LMOVE one one LEFT LEFT
    LRANGE one 0 -1
    LMOVE src dst UP LEFT
    LMOVE src dst LEFT DOWN
    LMOVE src dst LEFT
    RPOPLPUSH src
    SET s v
    RPOPLPUSH s dst
    RPOPLPUSH dst s
    LMOVE none s LEFT LEFT
    BLMOVE s dst LEFT LEFT 0
    BLMOVE dst s LEFT LEFT 0
    BRPOPLPUSH dst s 0
    BLMOVE dst new LEFT RIGHT 0
    BRPOPLPUSH dst new 0
    LRANGE new 0 -1
    DEBUG DIGEST
  `,
  "popping from several": `
    RPUSH a 1 2 3 4 5
    RPUSH b 6
    LMPOP 2 none a LEFT
    LMPOP 3 none a b RIGHT COUNT 2
    lmpop 2 a b left count 100
    LMPOP 2 a b LEFT
    LMPOP 2 a b LEFT
    LMPOP 0 a LEFT
    LMPOP -1 a LEFT
    LMPOP x a LEFT
    LMPOP 1 a
    LMPOP 1 a UP
    LMPOP 2 a LEFT
    LMPOP 9223372036854775807 a LEFT
    LMPOP 1 a LEFT COUNT
    LMPOP 1 a LEFT COUNT 0
    LMPOP 1 a LEFT COUNT x
    LMPOP 1 a LEFT COUNT 1 COUNT 1
    LMPOP 1 a LEFT MANY 1
    SET s v
    LMPOP 2 s a LEFT
    RPUSH a 1 2 3
    LMPOP 2 a s LEFT
    BLMPOP 0 2 none a LEFT
    BLMPOP 0 2 none a RIGHT COUNT 5
    BLMPOP 0.01 2 none a RIGHT COUNT 5
    BLMPOP 0 1 s LEFT
    BLMPOP x 1 a LEFT
    BLMPOP -1 1 a LEFT
    BLMPOP x 0 a LEFT
    BLMPOP 0 1 a UP
    BLMPOP 0 1 a LEFT COUNT 0
    BLMPOP 0 1 a
    BLMPOP 0 2 a LEFT
  `,
  "waiting in vain": `
    BLPOP none 0.01
    BRPOP none other 0.01
    BLMOVE none dst LEFT LEFT 0.01
    BRPOPLPUSH none dst 0.01
    BLPOP none 1e-2
    BLPOP none x
    BLPOP none -1
    BLPOP none -1e-9x
    ~skip7.0 BLPOP none 1e17 => -ERR timeout is out of range
    ~skip7.0 BLPOP none 9223372036854775.807 => -ERR timeout is out of range
    ~skip7.0 BLPOP none inf => -ERR timeout is out of range
    BLPOP none nan
    BLPOP none ""
    BLPOP none " 1"
    BLPOP none
    BLPOP
    BRPOP none
    BLMOVE none dst LEFT LEFT x
    BLMOVE none dst UP LEFT x
    BLMOVE none dst LEFT LEFT
    BRPOPLPUSH none dst x
    BRPOPLPUSH none dst -1
    BRPOPLPUSH none
    SET s v
    BLPOP s 0
    BLPOP s x
    BLPOP none s 0
    RPUSH l a b
    BLPOP none l s 0
    BLPOP s l 0
    BRPOP l 0
    EXISTS l
  `,
  "other types": `
    SET s v
    LPUSH s a
    RPUSH s a
    LPUSHX s a
    RPUSHX s a
    LPOP s
    RPOP s 1
    LPOP s x
    LLEN s
    LINDEX s x
    LSET s x x
    LINSERT s BEFORE a b
    LRANGE s 0 -1
    LTRIM s 0 -1
    LREM s 0 a
    LPOS s a
    LPOS s a COUNT x
    RPUSH l a
    GET l
    APPEND l x
    TYPE l
  `,
  "encodings": `
    RPUSH l a b c
    ~skip7.0 OBJECT ENCODING l => "$8\\r\\nlistpack\\r\\n"
    CONFIG SET list-max-listpack-size 3
    RPUSH l d
    OBJECT ENCODING l
    LPOP l
    OBJECT ENCODING l
    LPOP l 2
    ~skip7.0 OBJECT ENCODING l => "$8\\r\\nlistpack\\r\\n"
    RPUSH l b c d
    OBJECT ENCODING l
    LTRIM l 0 0
    ~skip7.0 OBJECT ENCODING l => "$8\\r\\nlistpack\\r\\n"
    RPUSH m 1 2 3 4
    OBJECT ENCODING m
    COPY m n
    OBJECT ENCODING n
    LRANGE n 0 -1
    LREM m 0 4
    LREM m 0 3
    LREM m 0 2
    ~skip7.0 OBJECT ENCODING m => "$8\\r\\nlistpack\\r\\n"
    CONFIG SET list-max-listpack-size -2
    DEBUG DIGEST
  `,
};

/** Every command on few lists, which are small and large in turn. */
function randomCommands(seed: number, count: number): string {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const key = () => `k${below(4)}`;
  const end = () => below(2) === 0 ? "LEFT" : "RIGHT";
  const element = () =>
    [
      () => String(below(20)),
      () => String(below(1e12) - 5e11),
      () => `e${below(20)}`,
      () => "x".repeat(below(300)),
      () => "y".repeat(below(4) === 0 ? below(10_000) : 1),
    ][below(5)]() || '""';
  const several = () =>
    Array.from({ length: 1 + below(below(8) === 0 ? 60 : 6) }, element).join(" ");
  const index = () => below(120) - 60;
  const makers: (() => string)[] = [
    () => `RPUSH ${key()} ${several()}`,
    () => `LPUSH ${key()} ${several()}`,
    () => `RPUSH ${key()} ${several()}`,
    () => `LPUSHX ${key()} ${several()}`,
    () => `LPOP ${key()}`,
    () => `RPOP ${key()} ${below(10)}`,
    () => `LMPOP 2 ${key()} ${key()} ${end()} COUNT ${1 + below(5)}`,
    () => `LINDEX ${key()} ${index()}`,
    () => `LSET ${key()} ${index()} ${element()}`,
    () => `LINSERT ${key()} BEFORE ${element()} ${element()}`,
    () => `LINSERT ${key()} AFTER ${element()} ${element()}`,
    () => `LRANGE ${key()} ${index()} ${index()}`,
    () => `LTRIM ${key()} ${below(5)} ${below(8) === 0 ? index() : -1}`,
    () => `LREM ${key()} ${below(7) - 3} ${element()}`,
    () => `LPOS ${key()} ${element()} RANK ${below(2) === 0 ? -1 : 1} COUNT ${below(3)}`,
    () => `LMOVE ${key()} ${key()} ${end()} ${end()}`,
    () => `BLPOP ${key()} ${key()} ${key()} ${key()} 0.001`,
    () => `LLEN ${key()}`,
    () => `COPY ${key()} ${key()} REPLACE`,
    () => `RENAME ${key()} ${key()}`,
    () => "DEBUG DIGEST",
    () => `CONFIG SET list-max-listpack-size ${[-2, -1, 5, 16][below(4)]}`,
  ];
  return Array.from({ length: count }, () => makers[below(makers.length)]()).join("\n");
}

/** Who says what in which order; lines of `@name` block, and their replies are compared at the end. */
const WAITS: Readonly<Record<string, string>> = {
  "one is served": `
    @a BLPOP k 0
    RPUSH k x y
    LRANGE k 0 -1
  `,
  "first come, first served": `
    @a BLPOP k 0
    @b BRPOP k 0
    @c BLMPOP 0 2 none k LEFT COUNT 2
    @d BLMOVE k dst LEFT RIGHT 0
    RPUSH k 1 2 3 4 5 6
    LRANGE k 0 -1
    LRANGE dst 0 -1
  `,
  "a chain of moves": `
    @a BLPOP c 0
    @b BLMOVE b c LEFT RIGHT 0
    @c BRPOPLPUSH a b 0
    RPUSH a x
    EXISTS a b c
  `,
  "a ring": `
    @a BRPOPLPUSH a b 0
    @b BRPOPLPUSH b a 0
    LPUSH a x
    LRANGE a 0 -1
    EXISTS b
  `,
  "another type comes and goes": `
    @a BLPOP k 0
    SET k v
    DEL k
    RPUSH k x
    EXISTS k
  `,
  "a destination of another type": `
    SET s v
    @a BLMOVE k s LEFT LEFT 0
    @b BLPOP k 0
    RPUSH k x
    EXISTS k
  `,
  "a list moves in": `
    RPUSH src x y
    @a BLPOP k 0
    RENAME src k
    LRANGE k 0 -1
    @a BLPOP l 0
    COPY k l
    EXISTS l
  `,
  "databases are swapped": `
    SELECT 1
    RPUSH k x
    @a BLPOP k 0
    SELECT 0
    SWAPDB 0 1
    EXISTS k
  `,
};

/** Plays a script of waits; answers the replies of all, those of who waited at the end. */
async function playWaits(peer: Peer, protocol: 2 | 3, script: string): Promise<string[]> {
  using main = await peer.connect({ protocol });
  await main.send(["FLUSHALL"]);
  const others = new Map<string, RawConnection>();
  const late: [who: string, connection: RawConnection][] = [];
  const replies: string[] = [];
  for (const line of script.trim().split("\n").map((text) => text.trim())) {
    const words = line.split(" ");
    if (!line.startsWith("@")) {
      replies.push(showBytes(await main.send(words)));
      continue;
    }
    const [who, ...command] = words;
    let connection = others.get(who);
    if (connection === undefined) {
      connection = await peer.connect({ protocol });
      others.set(who, connection);
    }
    await connection.write(encodeCommand(command));
    late.push([who, connection]);
    // Whoever comes next must come second: the server says that it has taken this request.
    const waiting = others.size;
    await waitFor(
      async () => (await main.text("INFO", "clients")).includes(`blocked_clients:${waiting}`),
      { what: `${waiting} to wait` },
    );
  }
  for (const [who, connection] of late) {
    replies.push(`${who} ${showBytes(await connection.read())}`);
  }
  for (const connection of others.values()) connection.close();
  return replies;
}

Deno.test({
  name: "list commands reply as redis-server does",
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
      compareScripts(randomCommands(7, 800), { peers, events: true }));
    for (const [name, script] of Object.entries(WAITS)) {
      await test.step(`waiting: ${name}`, async () => {
        for (const protocol of [2, 3] as const) {
          assertEquals(
            await playWaits(peers.subject, protocol, script),
            await playWaits(peers.reference, protocol, script),
          );
        }
      });
    }
  },
});
