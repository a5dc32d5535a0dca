/**
 * A server under rubbish: whatever one connection sends, the others are served and memory stays bounded.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { encodeLatin1 } from "../../server/resp/args.ts";
import { CoolCache } from "../../server/coolcache.ts";
import { waitFor } from "../support/wait.ts";
import { allGone, Wire } from "../server/wire.ts";
import { seededRandom } from "../storage/memory/random.ts";
import { mutate, PIPELINE, protocolNoise, type Random, randomBytes } from "./inputs.ts";

const MB = 1024 * 1024;

/** A server whose log is searched for bugs. */
async function withServer(run: (instance: CoolCache) => Promise<void>): Promise<void> {
  const log: string[] = [];
  {
    await using instance = await CoolCache.start({
      port: 0,
      hostname: "127.0.0.1",
      log: (line) => log.push(line),
    });
    await run(instance);
  }
  const bugs = log.filter((line) => /unexpectedly|was dropped/.test(line));
  assertEquals(bugs, []);
}

for (
  const [what, make] of [
    ["random bytes", (random) => randomBytes(random, 2000)],
    ["protocol noise", (random) => protocolNoise(random)],
    ["mutated pipelines", (random) => mutate(PIPELINE, random)],
    ["long mutated pipelines", (random) => mutate(concat(Array(50).fill(PIPELINE)), random)],
  ] as [string, (random: Random) => Uint8Array][]
) {
  Deno.test(`A server survives clients that send ${what}`, () =>
    withServer(async (instance) => {
      const random = seededRandom(7);
      using witness = await Wire.connect(instance);
      for (let i = 0; i < 150; i++) {
        const bytes = make(random);
        using wire = await Wire.connect(instance);
        await wire.sendUntilClosed(bytes);
        // Half of them wait for the answers, half just go.
        if (i % 2 === 0) {
          await wire.endRequestsUntilClosed();
          const replies = await wire.rest();
          assert(!replies.includes("internal error"), `input ${i}: ${JSON.stringify([...bytes])}`);
        }
        await witness.ask("PING\r\n", "+PONG\r\n");
      }
      await waitFor(() => instance.server.clients.count === 1, { what: "the others to be gone" });
    }));
}

Deno.test("A server keeps its memory when clients announce what they never send", () =>
  withServer(async (instance) => {
    using witness = await Wire.connect(instance);
    const wires: Wire[] = [];
    try {
      for (const length of [1, 100, 1e6, 1e8, 536870912]) {
        for (const count of [1, 10, 1e6, 2147483647]) {
          const wire = await Wire.connect(instance);
          wires.push(wire);
          await wire.send(`*${count}\r\n$${length}\r\n` + "x".repeat(Math.min(length, 5000)));
        }
      }
      await witness.ask("PING\r\n", "+PONG\r\n");
      const sessions = [...instance.server.clients];
      assertEquals(sessions.length, wires.length + 1);
      await waitFor(
        () => sessions.every((session) => session.inputPending > 0 || session === sessions[0]),
        {
          what: "all halves to come",
        },
      );
      for (const session of sessions) assertLess(session.memory, MB);
    } finally {
      for (const wire of wires) wire.close();
    }
  }));

Deno.test("A server keeps its memory when a request has a million arguments", () =>
  withServer(async (instance) => {
    const many = 1_000_000;
    {
      using wire = await Wire.connect(instance);
      const request = encodeLatin1(`*${many + 1}\r\n$3\r\nDEL\r\n` + "$1\r\nk\r\n".repeat(many));
      await wire.send(request);
      await wire.expect(":0\r\n");
      await wire.ask("PING\r\nPING\r\n", "+PONG\r\n+PONG\r\n");
      const [session] = instance.server.clients;
      assertLess(session.memory, MB);
    }
    await allGone(instance);
  }));
