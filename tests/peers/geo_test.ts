import { compareScripts, PeerPair, type Peers } from "../support/compare.ts";
import { hasRedisServer } from "../support/peer.ts";
import { seededRandom } from "../support/harness.ts";
import type { Command } from "../support/raw_connection.ts";

const PLACES = `
    GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
    GEOADD g -73.9454966 40.747533 "lic market" -0.1278 51.5074 London 179.9 -17 Fiji
    GEOADD g -179.9 -17.1 "east of Fiji" 0 0 null 180 85.05112878 corner -180 -85.05112878 other
`;

const SCRIPTS: Readonly<Record<string, string>> = {
  "GEOADD": `
    ${PLACES}
    GEOADD g 13.361389 38.115556 Palermo
    GEOADD g CH 13.5 38.115556 Palermo 1 1 new
    GEOADD g NX 0 0 Palermo 2 2 newer
    GEOADD g XX 0 0 none
    GEOADD g xx ch 0 0 newer
    ZRANGE g 0 -1 WITHSCORES
    GEOADD g 181 0 a
    GEOADD g 0 86 a
    GEOADD g -200.0078125 100.5 a
    GEOADD g inf 0 a
    GEOADD g x 0 a
    GEOADD g 0 x a
    GEOADD g 0 0 a 200 0 b
    GEOADD g NX XX 0 0 a
    GEOADD g 0 0 a 1
    GEOADD g NX CH CH
    GEOADD g CH 0 0
    GEOADD g 0 0
    SET s v
    GEOADD s 0 0 a
    GEOADD s 200 0 a
    ZSCORE g a
  `,
  "GEOPOS, GEOHASH, GEODIST": `
    GEOPOS none a
    GEOPOS none
    GEOHASH none a b
    GEOHASH none
    GEODIST none a b
    ${PLACES}
    GEOPOS g Palermo Catania nothing "lic market" London Fiji null corner other
    GEOPOS g
    GEOHASH g Palermo Catania nothing "lic market" London Fiji null corner other
    GEOHASH g
    GEODIST g Palermo Catania
    GEODIST g Palermo Catania km
    GEODIST g Palermo Catania MI
    GEODIST g Palermo Catania ft
    GEODIST g Palermo Catania M
    GEODIST g Palermo London km
    GEODIST g Fiji "east of Fiji"
    GEODIST g Palermo Palermo
    GEODIST g Palermo nothing
    GEODIST g corner other
    GEODIST g Palermo Catania yd
    GEODIST g Palermo Catania km x
    GEODIST none a b yd
    SET s v
    GEOPOS s a
    GEOHASH s a
    GEODIST s a b
    GEODIST s a b yd
    ZADD odd 1.5 half -1 minus 9007199254740992 large 1e300 huge inf endless
    GEOPOS odd half minus large
    GEOHASH odd half minus large
    GEOPOS
    GEODIST g a
  `,
  "GEORADIUS and GEORADIUSBYMEMBER": `
    ${PLACES}
    GEORADIUS g 15 37 200 km
    GEORADIUS g 15 37 200 km ASC
    GEORADIUS g 15 37 200 km DESC WITHDIST
    GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH ASC
    GEORADIUS g 15 37 200 km WITHHASH ASC COUNT 1
    GEORADIUS g 15 37 20000 km ASC
    GEORADIUS g 15 37 20000 km DESC COUNT 3
    GEORADIUS g 15 37 100 m
    GEORADIUS g 15 37 200 km COUNT 1 ANY
    GEORADIUS g 180 -17 50 km ASC WITHDIST
    GEORADIUS_RO g 15 37 200 mi ASC WITHDIST
    GEORADIUSBYMEMBER g Palermo 200 km ASC WITHDIST
    GEORADIUSBYMEMBER g Fiji 100000 ft ASC WITHDIST
    GEORADIUSBYMEMBER g London 0 m
    GEORADIUSBYMEMBER_RO g Palermo 200 km DESC WITHCOORD
    GEORADIUS g 15 37 200 km STORE d
    ZRANGE d 0 -1 WITHSCORES
    GEORADIUS g 15 37 200 km STOREDIST d
    ZRANGE d 0 -1
    GEORADIUS g 15 37 200 km STORE e STOREDIST d COUNT 1
    ZRANGE d 0 -1
    EXISTS e
    GEORADIUS g 15 37 1 m STORE d
    EXISTS d
    SET d v
    GEORADIUS none 15 37 1 m STORE d
    EXISTS d
    GEORADIUSBYMEMBER g Palermo 200 km STORE d ASC COUNT 1
    ZRANGE d 0 -1
    GEORADIUSBYMEMBER none Palermo 200 km STORE d
    EXISTS d
    GEORADIUSBYMEMBER none Palermo x yd
    GEORADIUSBYMEMBER none Palermo x yd foo
    GEORADIUSBYMEMBER g nothing 200 km
    GEORADIUSBYMEMBER g nothing x km
    GEORADIUS none 15 37 200 km
    GEORADIUS none 15 37 x km
    GEORADIUS none 200 37 x km
    GEORADIUS g 15 37 -1 km
    GEORADIUS g 15 37 -1 yd
    GEORADIUS g 15 37 1 yd
    GEORADIUS g 15 37 inf m ASC
    GEORADIUS g 15 37 1 m COUNT 0
    GEORADIUS g 15 37 1 m COUNT -1
    GEORADIUS g 15 37 1 m COUNT x
    GEORADIUS g 15 37 1 m COUNT
    GEORADIUS g 15 37 1 m ANY
    GEORADIUS g 15 37 1 m foo
    GEORADIUS g 15 37 1 m STORE
    GEORADIUS g 15 37 1 m WITHDIST STORE d
    GEORADIUS g 15 37 1 m ANY WITHDIST STORE d
    GEORADIUS_RO g 15 37 1 m STORE d
    GEORADIUSBYMEMBER_RO g Palermo 1 m STOREDIST d
    GEORADIUS g 15 37 1 m BYBOX 1 1 m
    SET s v
    GEORADIUS s 15 37 x km
    GEORADIUSBYMEMBER s a x km
    GEORADIUS g 15 37 200
    GEORADIUSBYMEMBER g Palermo 200
  `,
  "GEOSEARCH and GEOSEARCHSTORE": `
    ${PLACES}
    GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
    GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST
    GEOSEARCH g FROMMEMBER Palermo BYBOX 400 200 km DESC WITHDIST WITHHASH
    GEOSEARCH g BYRADIUS 3000 mi FROMMEMBER London ASC COUNT 2
    GEOSEARCH g FROMLONLAT 0 0 BYBOX 40000 20000 km ASC
    GEOSEARCH g FROMLONLAT 179 -17 BYBOX 500 500 km ASC
    GEOSEARCH g FROMLONLAT 0 80 BYRADIUS 1000 km
    GEOSEARCH none FROMLONLAT 0 80 BYRADIUS 1000 km
    GEOSEARCH none FROMMEMBER a BYRADIUS 1000 km
    GEOSEARCH g FROMMEMBER Palermo FROMMEMBER London BYRADIUS 1 km BYRADIUS 2 km
    GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km ASC
    ZRANGE d 0 -1 WITHSCORES
    GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST
    ZRANGE d 0 -1
    GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 1 km
    EXISTS d
    SET d v
    GEOSEARCHSTORE d none FROMLONLAT 15 37 BYRADIUS 1 km
    EXISTS d
    GEOSEARCHSTORE g g FROMMEMBER Palermo BYRADIUS 200 km
    ZCARD g
    ${PLACES}
    GEOSEARCH g FROMMEMBER nothing BYRADIUS 1 km
    GEOSEARCH g FROMMEMBER Palermo FROMLONLAT 0 0 BYRADIUS 1 km
    GEOSEARCH g FROMLONLAT 0 0 FROMMEMBER Palermo BYRADIUS 1 km
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km BYBOX 1 1 km
    GEOSEARCH g FROMLONLAT 0 0 BYBOX 1 1 km BYRADIUS 1 km
    GEOSEARCH g FROMLONLAT 0 0 ASC ASC ASC
    gEoSearch g BYRADIUS 1 km ASC ASC ASC
    GEOSEARCH g ASC ASC ASC ASC ASC
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS x km
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS -1 km
    GEOSEARCH g FROMLONLAT 0 0 BYBOX x 1 km
    GEOSEARCH g FROMLONLAT 0 0 BYBOX 1 x km
    GEOSEARCH g FROMLONLAT 0 0 BYBOX -1 1 km
    GEOSEARCH g FROMLONLAT 0 0 BYBOX 1 1 yd
    GEOSEARCH g FROMLONLAT 0 0 BYBOX 1 1
    GEOSEARCH g FROMLONLAT 200 0 BYBOX 1 1 km
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km STORE d
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km STOREDIST
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km ANY
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km COUNT 0
    GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 km WITHDIST
    GEOSEARCHSTORE d g BYRADIUS 1 km WITHDIST ANY
    geosearchstore d g BYRADIUS 1 km ASC ASC
    SET s v
    GEOSEARCH s FROMLONLAT 0 0 BYRADIUS x km
    GEOSEARCHSTORE d s FROMLONLAT 0 0 BYRADIUS x km
    GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1
    GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1
  `,
};

/** Places all over the world and searches of every size among them. */
function randomCommands(seed: number, count: number): Command[] {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const longitude = () => (random() * 360 - 180).toFixed(below(9));
  const latitude = () => (random() * 170 - 85).toFixed(below(9));
  const member = () => `m${below(300)}`;
  const size = () => (10 ** (random() * 5)).toFixed(3);
  const commands: Command[] = Array.from(
    { length: 300 },
    (_, i) => ["GEOADD", "g", longitude(), latitude(), `m${i}`],
  );
  const makers: (() => string[])[] = [
    () => ["GEOPOS", "g", member()],
    () => ["GEOHASH", "g", member()],
    () => ["GEODIST", "g", member(), member(), ["m", "km", "ft", "mi"][below(4)]],
    () => [
      "GEORADIUS",
      "g",
      longitude(),
      latitude(),
      size(),
      "km",
      "ASC",
      "WITHDIST",
    ],
    () => ["GEOSEARCH", "g", "FROMMEMBER", member(), "BYBOX", size(), size(), "km", "DESC"],
    () => [
      "GEOSEARCH",
      "g",
      "FROMLONLAT",
      longitude(),
      latitude(),
      "BYBOX",
      size(),
      size(),
      "mi",
      "WITHCOORD",
    ],
    () => ["GEOSEARCH", "g", "FROMMEMBER", member(), "BYRADIUS", size(), "km", "COUNT", "5"],
    () => ["GEORADIUSBYMEMBER", "g", member(), size(), "km", "COUNT", "3", "ANY"],
  ];
  for (let i = 0; i < count; i++) commands.push(makers[below(makers.length)]());
  return commands;
}

Deno.test({
  name: "geo commands reply as redis-server does",
  ignore: !hasRedisServer,
  async fn(test) {
    await using peers: Peers & AsyncDisposable = await PeerPair.start();
    for (const [name, script] of Object.entries(SCRIPTS)) {
      await test.step(name, () => compareScripts(script, { peers, events: true }));
    }
    await test.step("random places", () =>
      compareScripts(randomCommands(1, 1000), { peers, events: true }));
  },
});
