import { assertEquals, assertNotEquals } from "@std/assert";
import { HASH_BITS, Hasher } from "../../../storage/memory/hash.ts";
import { pick, seededRandom } from "./random.ts";

/** HalfSipHash as its description says, for any number of rounds and without any care for speed. */
function halfSipHash(
  rounds: { perWord: number; atEnd: number },
  seed: [number, number],
  bytes: Uint8Array,
): number {
  const v = [seed[0], seed[1], seed[0] ^ 0x6c796765, seed[1] ^ 0x74656462];
  const rotate = (i: number, by: number) => v[i] = (v[i] << by) | (v[i] >>> (32 - by));
  const add = (i: number, j: number) => v[i] = (v[i] + v[j]) | 0;
  const round = () => {
    add(0, 1), rotate(1, 5), v[1] ^= v[0], rotate(0, 16);
    add(2, 3), rotate(3, 8), v[3] ^= v[2];
    add(0, 3), rotate(3, 7), v[3] ^= v[0];
    add(2, 1), rotate(1, 13), v[1] ^= v[2], rotate(2, 16);
  };
  const words: number[] = [];
  for (let i = 0; i < bytes.length - (bytes.length % 4); i += 4) {
    words.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(i, true));
  }
  let last = bytes.length << 24;
  for (let i = 0; i < bytes.length % 4; i++) last |= bytes[words.length * 4 + i] << (8 * i);
  for (const word of [...words, last]) {
    v[3] ^= word;
    for (let i = 0; i < rounds.perWord; i++) round();
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  for (let i = 0; i < rounds.atEnd; i++) round();
  return (v[1] ^ v[3]) >>> 0;
}

Deno.test("HalfSipHash in the tests agrees with the published vectors of HalfSipHash-2-4", () => {
  // Key 00 01 ... 07, input 00 01 ... (n-1); the first results of the reference implementation, little-endian.
  const published = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a, 0x89466e2a];
  const input = Uint8Array.from({ length: published.length }, (_, i) => i);
  const results = published.map((_, n) =>
    halfSipHash({ perWord: 2, atEnd: 4 }, [0x03020100, 0x07060504], input.subarray(0, n))
  );
  assertEquals(results, published);
});

Deno.test("Hasher gives the upper bits of HalfSipHash-1-3 for every length and alignment", () => {
  const random = seededRandom(1);
  const buffer = Uint8Array.from({ length: 300 }, () => pick(random, 256));
  for (const seed of [[0, 0], [0x03020100, 0x07060504], [0xffffffff, 0x80000000]]) {
    const hasher = new Hasher(seed[0], seed[1]);
    for (let length = 0; length < 260; length++) {
      const offset = length % 7;
      assertEquals(
        hasher.hash(buffer, offset, length),
        halfSipHash(
          { perWord: 1, atEnd: 3 },
          [seed[0], seed[1]],
          buffer.subarray(offset, offset + length),
        ) >>> (32 - HASH_BITS),
      );
    }
  }
});

Deno.test("Hasher gives other hashes under another seed", () => {
  const key = new TextEncoder().encode("user:1000");
  assertNotEquals(new Hasher(1, 2).hash(key, 0, 9), new Hasher(1, 3).hash(key, 0, 9));
  assertNotEquals(new Hasher(1, 2).hash(key, 0, 9), new Hasher(2, 2).hash(key, 0, 9));
});

Deno.test("Hasher spreads counting keys evenly over high and low bits", () => {
  const hasher = new Hasher(0x12345678, 0x9abcdef0);
  const keys = 65536;
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let i = 0; i < keys; i++) {
    const key = new TextEncoder().encode(`key:${i}`);
    const hash = hasher.hash(key, 0, key.length);
    high[hash >>> (HASH_BITS - 8)]++;
    low[hash & 0xff]++;
  }
  for (const counts of [high, low]) {
    let chiSquare = 0;
    for (const count of counts) chiSquare += (count - keys / 256) ** 2 / (keys / 256);
    // 255 degrees of freedom: above 350 in fewer than one of 10,000 seeds.
    assertEquals(chiSquare < 350, true, `chi-square ${chiSquare}`);
  }
});
