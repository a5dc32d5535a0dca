import { assertEquals } from "@std/assert";
import { startTestServer } from "../../support/harness.ts";

Deno.test("GEOADD is handed on as ZADD of scores, and only when something changed", async () => {
  await using t = await startTestServer();
  await t.line("GEOADD g CH 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
  assertEquals(t.effects(), ["0: ZADD g CH 3479099956230698 Palermo 3479447370796909 Catania"]);
  assertEquals(t.events(), ["z zadd g"]);
  await t.line("GEOADD g 13.361389 38.115556 Palermo");
  assertEquals(t.effects(), []);
  assertEquals(t.events(), []);
});

Deno.test("searches that store tell of their destination", async () => {
  await using t = await startTestServer();
  await t.line("GEOADD g 13.361389 38.115556 Palermo");
  for (
    const [line, event] of [
      ["GEOSEARCHSTORE d g FROMLONLAT 13 38 BYRADIUS 100 km", "geosearchstore"],
      ["GEORADIUS g 13 38 100 km STORE d", "georadiusstore"],
      ["GEORADIUSBYMEMBER g Palermo 100 km STOREDIST d", "georadiusstore"],
    ]
  ) {
    t.effects();
    t.events();
    assertEquals(await t.line(line), 1);
    assertEquals(t.events(), [`z ${event} d`]);
    assertEquals(t.effects(), [`0: ${line}`]);
  }
  assertEquals(await t.line("GEORADIUS g 0 0 1 km STORE d"), 0);
  assertEquals(t.events(), ["g del d"]);
});

Deno.test("GEORADIUS names the keys that it stores under", async () => {
  await using t = await startTestServer();
  assertEquals(await t.line("COMMAND GETKEYS GEORADIUS g 0 0 1 km STORE d"), ["g", "d"]);
  assertEquals(await t.line("COMMAND GETKEYS GEORADIUSBYMEMBER g a 1 km STOREDIST d"), ["g", "d"]);
});
