/**
 * The request decoder under random bytes: no socket, so many thousand tries fit a second.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { ProtocolError } from "../../server/resp/errors.ts";
import { Feeder } from "../server/resp/requests.ts";
import { pick, seededRandom } from "../storage/memory/random.ts";
import { mutate, PIPELINE, protocolNoise, type Random, randomBytes } from "./inputs.ts";

/** What came of some bytes: the requests found, and the error that ended them. */
interface Outcome {
  requests: string[][];
  error: string | undefined;
}

/** Decodes bytes in pieces of random sizes, one piece if `random` is absent. */
function decode(bytes: Uint8Array, random?: Random): Outcome {
  const feeder = new Feeder({ maxBulkLength: 1024 * 1024 });
  try {
    for (let at = 0; at < bytes.length;) {
      const end = random ? at + 1 + pick(random, 20) : bytes.length;
      feeder.feed(bytes.subarray(at, end));
      at = end;
      assertLess(feeder.decoder.capacity, 64 * 1024);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { requests: feeder.requests, error: error.message };
  }
  return { requests: feeder.requests, error: undefined };
}

for (
  const [what, make] of [
    ["random bytes", (random) => randomBytes(random, 300)],
    ["bytes that look like a protocol", (random) => protocolNoise(random)],
    ["mutated pipelines", (random) => mutate(PIPELINE, random)],
    [
      "noise behind good requests",
      (random) => concat([PIPELINE, protocolNoise(random)]),
    ],
  ] as [string, (random: Random) => Uint8Array][]
) {
  Deno.test(`RequestDecoder makes the same of ${what} however they are split`, () => {
    const random = seededRandom(what.length);
    for (let i = 0; i < 5000; i++) {
      const bytes = make(random);
      const whole = decode(bytes);
      const split = decode(bytes, random);
      assertEquals(split, whole, `input ${i}: ${JSON.stringify([...bytes])}`);
    }
  });
}
