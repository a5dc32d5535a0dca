/**
 * Once a buffer with several views has been detached, V8 compiles every access to any typed array with a look at its
 * buffer. So a server must not detach such a buffer, which the chunks of its arena are.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../support/executables.ts";

const HARNESS = new URL("../support/harness.ts", import.meta.url).href;
const ALLOCATOR = new URL("../../storage/memory/system_allocator.ts", import.meta.url).href;

/** Runs a program that V8 tells of the first detached buffer. */
async function detachingOf(program: string): Promise<string> {
  const flags = "--v8-flags=--trace-protector-invalidation";
  const { code, out, err } = await run(Deno.execPath(), ["eval", flags, program]);
  assertEquals(code, 0, err);
  assertStringIncludes(out, "done");
  return /^.*ArrayBufferDetaching.*$/m.exec(out)?.[0] ?? "";
}

Deno.test("a server detaches no buffer with several views while data comes, changes and goes", {
  // With Deno 2.7 V8 tells of one; which it is has not been found out.
  ignore: Deno.build.os !== "linux" || !Deno.build.target.endsWith("-gnu") ||
    Deno.version.deno.startsWith("2.7."),
}, async () => {
  const seen = await detachingOf(`
    import { startTestServer } from "${HARNESS}";
    import { discardPages } from "${ALLOCATOR}";
    const t = await startTestServer({}, { discardMemory: discardPages() });
    const arena = t.server.keyspace.arena;
    for (let i = 0; i < 40_000; i++) await t.run("SET", "key:" + i, "x".repeat(100));
    for (let i = 0; i < 20_000; i++) {
      await t.run("HSET", "hash", "field:" + i, i);
      await t.run("ZADD", "zset", i, "member:" + i);
    }
    const chunks = arena.chunkCount;
    for (let i = 0; i < 40_000; i++) await t.run("DEL", "key:" + i);
    if (arena.chunkCount >= chunks) throw new Error("No chunk was released");
    await t.run("FLUSHALL", "SYNC");
    await t[Symbol.asyncDispose]();
    console.log("done");
    Deno.exit(0);
  `);
  assertEquals(seen, "");
});

Deno.test("V8 tells of the first detached buffer with several views", async () => {
  const seen = await detachingOf(`
    const bytes = new Uint8Array(8);
    const words = new Uint32Array(bytes.buffer);
    words[0] = 1;
    bytes.buffer.transfer(0);
    console.log("done");
    Deno.exit(0);
  `);
  assertStringIncludes(seen, "ArrayBufferDetaching");
});
