/**
 * How the server process ends: by signals and by SHUTDOWN, cleanly and with exit code 0.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Peer, startCoolcache } from "../support/peer.ts";
import { ConnectionClosed } from "../support/raw_connection.ts";

/** How the process ended after a signal, which its clients notice, too. */
async function endBy(peer: Peer, signal: Deno.Signal): Promise<Deno.CommandStatus> {
  using idle = await peer.connect();
  using half = await peer.connect();
  assertEquals(await idle.line("PING"), "+PONG");
  await half.write(new TextEncoder().encode("*2\r\n$3\r\nGET"));
  const status = await peer.stop(signal);
  await assertRejects(() => idle.line("PING"), ConnectionClosed);
  return status;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends the server cleanly, with clients connected`, async () => {
    await using peer = await startCoolcache();
    const started = performance.now();
    const status = await endBy(peer, signal);
    assertEquals([status.code, status.signal], [0, null]);
    // SIGKILL would have come after five seconds.
    assertEquals(performance.now() - started < 4000, true);
  });
}

Deno.test("SHUTDOWN ends the server cleanly", async () => {
  await using peer = await startCoolcache();
  using connection = await peer.connect();
  await assertRejects(() => connection.line("SHUTDOWN", "NOSAVE"), ConnectionClosed);
  const status = await peer.status;
  assertEquals([status.code, status.signal], [0, null]);
  assertStringIncludes(peer.log(), "bye bye");
});
