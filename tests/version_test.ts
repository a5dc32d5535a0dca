import { assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { COOLCACHE_VERSION } from "../version.ts";

Deno.test("The version that programs tell is deno.json's", () => {
  assertEquals(COOLCACHE_VERSION, config.version);
});
