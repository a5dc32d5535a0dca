import { compareScripts, PeerPair } from "../support/compare.ts";
import { seededRandom } from "../support/harness.ts";
import { hasRedisServer } from "../support/peer.ts";
import { CASES, randomCases, showing } from "./lua_libraries_cases.ts";

const RANDOM_CASES = 1000;

Deno.test({
  name: "the libraries of Lua do what redis-server's do",
  ignore: !hasRedisServer,
  async fn(t) {
    await using peers = await PeerPair.start();
    const random = seededRandom(4);
    const cases = {
      ...CASES,
      "random values": randomCases(RANDOM_CASES, (below) => Math.floor(random() * below)),
    };
    for (const [name, bodies] of Object.entries(cases)) {
      const script = bodies.map((body) => ["EVAL", showing(body), "0"]);
      await t.step(name, () => compareScripts(script, { peers, protocols: [2] }));
    }
  },
});
