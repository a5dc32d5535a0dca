import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { seededRandom } from "../support/harness.ts";
import { hasRedisServer } from "../support/peer.ts";
import type { Command } from "../support/raw_connection.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  "PFADD, PFCOUNT, PFMERGE": `
    PFCOUNT none
    PFCOUNT none none
    PFADD h
    PFADD h
    GET h
    PFADD h a
    PFADD h a
    PFADD h "" b "c\\x00\\xff" abcdefgh abcdefghi
    GET h
    OBJECT ENCODING h
    PFCOUNT h
    GET h
    PFCOUNT h
    PFADD h a
    GET h
    PFADD i b c d
    PFCOUNT h i none
    PFMERGE m h i none
    GET m
    PFCOUNT m
    PFMERGE n
    GET n
    PFMERGE h
    GET h
    PFADD
    PFCOUNT
    PFMERGE
    PFDEBUG ENCODING h
    PFDEBUG DECODE h
    PFDEBUG TODENSE h
    PFDEBUG TODENSE h
    PFDEBUG ENCODING h
    PFDEBUG DECODE h
    GET h
    PFCOUNT h
    GET h
    PFMERGE i h
    PFDEBUG ENCODING i
    GET i
    PFMERGE new h
    PFDEBUG encoding new
    PFDEBUG GETREG m
    PFDEBUG ENCODING m
    PFDEBUG foo m
    PFDEBUG foo none
    PFDEBUG ENCODING none
    PFDEBUG ENCODING
    PFDEBUG ENCODING m m
    PFSELFTEST x
  `,
  "other strings": `
    SET s foo
    PFADD s a
    PFCOUNT s
    PFCOUNT none s
    PFMERGE d s
    PFMERGE s
    PFDEBUG ENCODING s
    SET i 12345
    PFADD i a
    SET k "HYLL\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
    PFADD k a
    SET k "HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
    PFADD k a
    SET k "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
    PFCOUNT k
    PFCOUNT k k
    PFADD k a
    SET k "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xfe\\x80"
    PFCOUNT k
    GET k
    SET k "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff\\x80"
    PFCOUNT k
    PFCOUNT k none
    PFMERGE d k
    PFDEBUG TODENSE k
    LPUSH l 1
    PFADD l a
    PFCOUNT l
    PFCOUNT none l
    PFMERGE d l
    PFMERGE l d
    PFDEBUG ENCODING l
  `,
};

Deno.test({
  name: "hyperloglog commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await t.step(name, () => compareScripts(script, { peers, events: true }));
    }
    for (const limit of [3000, 40, 0, 15_000]) {
      await t.step(`hll-sparse-max-bytes ${limit}`, () => compareBytes(peers, limit));
    }
  },
});

/** Adds, counts and merges at random: the strings must have the same bytes all the time. */
async function compareBytes(peers: Peers, sparseLimit: number): Promise<void> {
  const random = seededRandom(sparseLimit);
  const below = (n: number) => Math.floor(random() * n);
  const key = () => `h${below(4)}`;
  const script: Command[] = [["CONFIG", "SET", "hll-sparse-max-bytes", String(sparseLimit)]];
  for (let i = 0; i < 150; i++) {
    const many = below(10) === 0 ? 300 : 3;
    const elements = Array.from({ length: below(many) }, () => `element:${below(50_000)}`);
    const changed = key();
    script.push(["PFADD", changed, ...elements], ["GET", changed], ["PFCOUNT", key()]);
    if (below(10) === 0) script.push(["PFCOUNT", key(), key(), key()]);
    if (below(20) === 0) script.push(["PFMERGE", `m${below(2)}`, key(), key()]);
    if (below(20) === 0) script.push(["GET", "m0"], ["GET", "m1"], ["DEL", "m0"]);
    if (below(50) === 0) script.push(["DEL", key()]);
  }
  await compareScripts(script, { peers, protocols: [2] });
}
