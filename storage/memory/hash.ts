/**
 * HalfSipHash-1-3, cut to 30 bits: the hash of every key in every table.
 *
 * Keyed with a secret seed, because clients choose the keys: whoever can predict a table's hashes can send a few
 * thousand keys that all fall into one place and make each lookup walk over all of them (hash flooding). Half the
 * width of SipHash, since JavaScript's fast integers have 32 bits; one round a word and three at the end, as many as
 * Redis's own SipHash-1-2 and Rust's HashMap judge enough for tables.
 *
 * Source: Jean-Philippe Aumasson and Daniel J. Bernstein, "SipHash: a fast short-input PRF" (2012), and the
 * description of HalfSipHash beside its reference implementation, https://github.com/veorq/SipHash.
 *
 * @module
 */

import type { KeyWindow } from "./look_ahead.ts";

/** The bits in a hash: as many as every build of V8 keeps in an integer without allocating it. */
export const HASH_BITS = 30;

/** Hashes byte strings under one secret seed; equal seeds give equal hashes. */
export class Hasher {
  readonly #seed0: number;
  readonly #seed1: number;
  /** Keys that were hashed ahead of their use. */
  known: KeyWindow | undefined;

  /** The seed's 64 bits as two uint32; take them from a source of randomness that clients cannot guess. */
  constructor(seed0: number, seed1: number) {
    this.#seed0 = seed0 | 0;
    this.#seed1 = seed1 | 0;
  }

  /** The hash of `length` bytes of `buffer` from `offset` on: HASH_BITS bits. Allocates nothing. */
  hash(buffer: Uint8Array, offset: number, length: number): number {
    const { known } = this;
    if (known !== undefined && known.buf === buffer) {
      const hash = known.hashAt(offset, length);
      if (hash >= 0) return hash;
    }
    return this.#compute(buffer, offset, length);
  }

  #compute(buffer: Uint8Array, offset: number, length: number): number {
    let v0 = this.#seed0;
    let v1 = this.#seed1;
    let v2 = 0x6c796765 ^ v0;
    let v3 = 0x74656462 ^ v1;

    // The rounds are written out: a function for one would have to return four numbers.
    const tail = offset + (length & ~3);
    let at = offset;
    for (; at < tail; at += 4) {
      const word = buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16) |
        (buffer[at + 3] << 24);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }

    let last = length << 24;
    const rest = length & 3;
    if (rest > 0) {
      last |= buffer[at];
      if (rest > 1) {
        last |= buffer[at + 1] << 8;
        if (rest > 2) last |= buffer[at + 2] << 16;
      }
    }
    v3 ^= last;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= last;

    v2 ^= 0xff;
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return (v1 ^ v3) >>> (32 - HASH_BITS);
  }
}
