/**
 * SHA-1: the name of a script, and what DEBUG DIGEST sums up a dataset with. No protection against forgery.
 *
 * Written here because `node:crypto` costs a start 30 ms, and Web Crypto only answers promises. Scripts and elements
 * are short, so a call into a library would cost more than the hash.
 *
 * Source: FIPS PUB 180-4, "Secure Hash Standard", section 6.1.
 *
 * @module
 */

/** The bytes in a hash. */
export const SHA1_BYTES = 20;

const BLOCK_BYTES = 64;
const ROUNDS = 80;

/** The SHA-1 hash of the bytes. O(bytes). */
export function sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const schedule = new Int32Array(ROUNDS);

  const wholeBlocks = bytes.length - bytes.length % BLOCK_BYTES;
  for (let at = 0; at < wholeBlocks; at += BLOCK_BYTES) addBlock(state, schedule, bytes, at);

  const end = padded(bytes.subarray(wholeBlocks), bytes.length);
  for (let at = 0; at < end.length; at += BLOCK_BYTES) addBlock(state, schedule, end, at);

  const hash = new Uint8Array(SHA1_BYTES);
  const view = new DataView(hash.buffer);
  for (let i = 0; i < state.length; i++) view.setInt32(i * 4, state[i]);
  return hash;
}

/** The SHA-1 hash of the bytes in 40 hexadecimal digits. */
export function sha1Hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of sha1(bytes)) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** What is hashed after the last whole block: the rest, a bit that is set, zeros, and the length in bits. */
function padded(rest: Uint8Array, length: number): Uint8Array {
  const blocks = rest.length + 1 + 8 <= BLOCK_BYTES ? 1 : 2;
  const end = new Uint8Array(blocks * BLOCK_BYTES);
  end.set(rest);
  end[rest.length] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(length) * 8n);
  return end;
}

/** Takes 64 bytes from `at` on into the state; `schedule` is room for this call alone. */
function addBlock(state: Int32Array, schedule: Int32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++, at += 4) {
    schedule[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < ROUNDS; i++) {
    const mixed = schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16];
    schedule[i] = (mixed << 1) | (mixed >>> 31);
  }

  let [a, b, c, d, e] = state;
  for (let i = 0; i < ROUNDS; i++) {
    const term = i < 20
      ? ((b & c) | (~b & d)) + 0x5a827999
      : i < 40
      ? (b ^ c ^ d) + 0x6ed9eba1
      : i < 60
      ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
      : (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + term + e + schedule[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}
