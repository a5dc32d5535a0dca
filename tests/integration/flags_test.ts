/**
 * The server's command line: what it prints, what it refuses, where it takes its configuration from.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCoolcache } from "../support/executables.ts";
import { type Peer, startCoolcache, startPeer } from "../support/peer.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs a test with a configuration file of this content. */
async function withFile(content: string, test: (path: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/test.conf`;
    Deno.writeTextFileSync(path, content);
    await test(path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

async function configOf(peer: Peer, name: string): Promise<string> {
  using connection = await peer.connect();
  const reply = await connection.text("CONFIG", "GET", name);
  return reply.split("\r\n")[4];
}

Deno.test("coolcache --version says which version it is and which Redis it is like", async () => {
  for (const flag of ["--version", "-v"]) {
    const { code, out, err } = await runCoolcache([flag]);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^coolcache v=\d+\.\d+\.\d+ redis_version=7\.\d+\.\d+ .*\n$/);
  }
});

Deno.test("coolcache --help shows how to start it", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, out, err } = await runCoolcache([flag]);
    assertEquals([code, err], [0, ""]);
    assert(out.startsWith("Usage: coolcache "));
    assertStringIncludes(out, "--port");
  }
});

Deno.test("coolcache refuses an unknown flag and does not start", async () => {
  const { code, out, err } = await runCoolcache(["--port", "0", "--no-such-thing", "1"]);
  assertEquals([code, out], [1, ""]);
  assertStringIncludes(err, "FATAL CONFIG FILE ERROR");
  assertStringIncludes(err, "no-such-thing");
});

Deno.test("coolcache refuses a value that a directive cannot have", async () => {
  const { code, err } = await runCoolcache(["--port", "seventy"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "port");
});

Deno.test("coolcache names file and line of an unknown directive", () =>
  withFile("port 0\n# a comment\nno-such-thing 1\n", async (path) => {
    const { code, out, err } = await runCoolcache([path]);
    assertEquals([code, out], [1, ""]);
    assertStringIncludes(err, path);
    assertStringIncludes(err, "line 3");
    assertStringIncludes(err, ">>> 'no-such-thing 1'");
  }));

Deno.test("coolcache names a configuration file that it cannot read", async () => {
  const { code, err } = await runCoolcache(["/no/such/file.conf"]);
  assertEquals(code, 1);
  assertStringIncludes(err, "/no/such/file.conf");
});

Deno.test("coolcache takes its configuration from a file, and flags override it", () =>
  withFile('maxmemory 50mb\nsave ""\ntimeout 300\n', async (path) => {
    await using peer = await startPeer({
      name: "coolcache with a file",
      command: [Deno.execPath(), "run", "-A", `${ROOT}main.ts`, path, "--port", "{port}"],
      args: ["--timeout", "500"],
    });
    assertEquals(await configOf(peer, "maxmemory"), String(50 * 1024 * 1024));
    assertEquals(await configOf(peer, "timeout"), "500");
    assertEquals(await configOf(peer, "port"), String(peer.port));
  }));

Deno.test("coolcache says when it is ready, and where", async () => {
  await using peer = await startCoolcache();
  assertMatch(peer.log(), /^\d+:M .* \* Ready to accept connections/m);
  assertStringIncludes(peer.log(), String(peer.port));
});

Deno.test("coolcache refuses a port that is taken", async () => {
  await using peer = await startCoolcache();
  const { code, err } = await runCoolcache(["--port", String(peer.port)]);
  assertEquals(code, 1);
  assertStringIncludes(err, String(peer.port));
  assertMatch(err, /in use/);
});
