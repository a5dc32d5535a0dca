/**
 * What the fuzz tests send: good requests, the same ones damaged, and noise that looks like a protocol.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { encodeLatin1 } from "../../server/resp/args.ts";
import { pick } from "../storage/memory/random.ts";
import { encodeCommand } from "../support/raw_connection.ts";

/** A source of numbers in [0, 1). */
export type Random = () => number;

/** Good requests of every form. */
export const PIPELINE: Uint8Array = concat([
  encodeCommand(["SET", "key", "value", "EX", "100"]),
  encodeCommand(["GET", "key"]),
  encodeLatin1('PING\r\nAPPEND key "a b\\x00"\r\n\r\n'),
  encodeCommand(["MSET", "a", "1", "b", "2", "c", "x".repeat(100)]),
  encodeCommand(["INCRBY", "a", "-9223372036854775808"]),
  encodeCommand(["GETEX", "key", "PX", "100000"]),
  encodeCommand(["SETRANGE", "key", "10", "\r\n$5\r\n"]),
  encodeLatin1("*0\r\n*-1\r\nECHO 'x y'\n"),
  encodeCommand(["DEL", "", "a", "b"]),
]);

/** Words of the protocol, and numbers that break careless arithmetic. */
const WORDS = [
  "*",
  "$",
  "*1\r\n",
  "*2\r\n$3\r\nGET\r\n",
  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n",
  "$-1\r\n",
  "$0\r\n\r\n",
  "*-1\r\n",
  "*2147483647\r\n",
  "*2147483648\r\n",
  "*9223372036854775807\r\n",
  "*99999999999999999999\r\n",
  "$536870912\r\n",
  "$536870913\r\n",
  "$-9223372036854775808\r\n",
  "*1000000\r\n",
  "*01\r\n",
  "$ 3\r\n",
  "\r",
  "\n",
  "\r\n",
  "\0",
  "PING\r\n",
  'ECHO "',
  "'",
  "\\x",
  "$3\r\nGET\r\n",
  "$1\r\nk\r\n",
  "GET k\r\n",
  ":1\r\n",
  "+OK\r\n",
  "%1\r\n",
];

/** Random bytes. */
export function randomBytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: pick(random, most) }, () => pick(random, 256));
}

/** Words of the protocol in a senseless order, with some bytes in between. */
export function protocolNoise(random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 1 + pick(random, 12); i > 0; i--) {
    parts.push(encodeLatin1(WORDS[pick(random, WORDS.length)]));
    if (pick(random, 4) === 0) parts.push(randomBytes(random, 6));
  }
  return concat(parts);
}

/** A copy with some bytes changed, dropped, doubled or moved. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let mutant = bytes.slice();
  for (let i = 1 + pick(random, 5); i > 0; i--) {
    const at = pick(random, mutant.length);
    const end = Math.min(mutant.length, at + 1 + pick(random, 20));
    switch (pick(random, 5)) {
      case 0:
        mutant[at] = pick(random, 256);
        break;
      case 1:
        // A digit becomes another one: lengths and counts that are off a little.
        for (let k = at; k < mutant.length; k++) {
          if (mutant[k] < 48 || mutant[k] > 57) continue;
          mutant[k] = 48 + pick(random, 10);
          break;
        }
        break;
      case 2:
        mutant = concat([mutant.subarray(0, at), mutant.subarray(end)]);
        break;
      case 3:
        mutant = concat([mutant.subarray(0, end), mutant.subarray(at)]);
        break;
      default: {
        const word = encodeLatin1(WORDS[pick(random, WORDS.length)]);
        mutant = concat([mutant.subarray(0, at), word, mutant.subarray(at)]);
      }
    }
    if (mutant.length === 0) mutant = Uint8Array.of(0);
  }
  return mutant;
}
