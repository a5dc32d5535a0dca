import { assert, assertEquals } from "@std/assert";
import { ReplyError } from "../../../server/resp/errors.ts";
import { startTestServer } from "../../support/harness.ts";

const REFUSED = [
  "ZADD z 1 a x b",
  "ZADD z NX XX 1 new",
  "ZADD z GT LT 1 new",
  "ZADD z INCR 1 a 2 b",
  "ZADD z 9 new 1",
  "ZADD s 1 a",
  "ZADD new nan a",
  "ZINCRBY inf -inf p",
  "ZADD inf INCR -inf p",
  "ZINCRBY s 1 a",
  "ZREM s a",
  "ZREMRANGEBYRANK z 0 x",
  "ZREMRANGEBYSCORE z 0 x",
  "ZREMRANGEBYLEX z - x",
  "ZREMRANGEBYRANK s 0 -1",
  "ZPOPMIN z -1",
  "ZPOPMAX z 1 1",
  "ZPOPMIN s",
  "ZMPOP 1 z MIN COUNT 0",
  "ZMPOP 2 s z MIN",
  "BZPOPMIN z x",
  "BZPOPMIN s z 0",
  "BZMPOP -1 1 z MIN",
  "ZRANGESTORE d z 0 x",
  "ZRANGESTORE d s 0 -1",
  "ZUNIONSTORE d 2 z s",
  "ZUNIONSTORE d 1 z WEIGHTS x",
  "ZINTERSTORE d 1 z AGGREGATE x",
  "ZDIFFSTORE d 1 z WITHSCORES",
  "GEOADD z 0 0 a 200 0 b",
  "GEOADD z NX XX 0 0 a",
  "GEOADD s 0 0 a",
  "GEOSEARCHSTORE d z FROMLONLAT 0 0 BYRADIUS 1 yd",
  "GEOSEARCHSTORE d z FROMMEMBER none BYRADIUS 1 m",
  "GEORADIUS z 0 0 1 m WITHDIST STORE d",
  "GEORADIUSBYMEMBER z a -1 m STORE d",
];

Deno.test("a refused command on sorted sets changes nothing", async () => {
  for (const entries of [128, 0]) {
    await using t = await startTestServer({ "zset-max-listpack-entries": String(entries) });
    for (const line of ["ZADD z 1 a 2 b 3 c", "ZADD inf inf p", "SET s v", "ZADD d 1 kept"]) {
      await t.line(line);
    }
    const digest = await t.line("DEBUG DIGEST");
    t.effects();
    t.events();
    for (const line of REFUSED) {
      const before = t.server.changes;
      assert(await t.line(line) instanceof ReplyError, line);
      assertEquals(t.server.changes, before, line);
      assertEquals([...t.effects(), ...t.events()], [], line);
      assertEquals(await t.line("DEBUG DIGEST"), digest, line);
    }
  }
});
