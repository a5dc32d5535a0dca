/**
 * LZF, the compression of strings in RDB: what was there before is not repeated but pointed at.
 *
 *     000lllll            l + 1 bytes follow as they are (32 at the most)
 *     lllooooo oooooooo   l + 2 bytes (3 to 8) are those o + 1 bytes back (8192 at the most)
 *     111ooooo llllllll oooooooo   l + 9 bytes (264 at the most) are
 *
 * By Marc Lehmann: http://oldhome.schmorp.de/marc/liblzf.html. The compressor is free to choose what to point at.
 *
 * @module
 */

const HASH_BITS = 14;
const LONGEST_LITERAL = 32;
const SHORTEST_MATCH = 3;
const LONGEST_MATCH = 264;
const FARTHEST = 8192;
/** Positions are numbered on from string to string, until numbers become too large for the table. */
const LAST_BASE = 2 ** 30;
/** A string that does not become shorter by this much is kept as it is. */
const LEAST_GAIN = 4;

/** Compresses strings, one after the other. Keeps a table between them, so that short ones cost little. */
export class LzfCompressor {
  /** Where three bytes were seen last, by their hash. */
  readonly #seen = new Int32Array(1 << HASH_BITS);
  /** The position of the present string's first byte: all that the table holds of former strings lies below. */
  #base = 1;
  #out = new Uint8Array(256);

  /**
   * Compresses bytes; undefined when that would save fewer than four. The answer is good until the next call. O(bytes).
   */
  compress(buf: Uint8Array, off: number, len: number): Uint8Array | undefined {
    const limit = len - LEAST_GAIN;
    if (limit <= 0) return undefined;
    if (this.#out.length < len) this.#out = new Uint8Array(len * 2);
    const base = this.#begin(len);
    const seen = this.#seen;
    const out = this.#out;
    let written = 0;
    let literals = 0;
    /** The first byte that is not written yet. */
    let from = 0;
    let at = 0;
    while (at + SHORTEST_MATCH < len) {
      const slot = hashOf(buf, off + at);
      const before = seen[slot] - base;
      seen[slot] = base + at;
      if (before < 0 || at - before > FARTHEST || !isSame(buf, off + before, off + at)) {
        at++;
        continue;
      }
      const length = matchLength(buf, off + before, off + at, Math.min(LONGEST_MATCH, len - at));
      literals = at - from;
      if (written + literals + Math.ceil(literals / LONGEST_LITERAL) + 3 > limit) return undefined;
      written = writeLiterals(buf, off + from, literals, out, written);
      written = writeMatch(out, written, at - before, length);
      // What the match covers may be pointed at, too: its last bytes are the most likely to go on.
      const next = at + length;
      for (at = Math.max(at + 1, next - 2); at < next && at + SHORTEST_MATCH < len; at++) {
        seen[hashOf(buf, off + at)] = base + at;
      }
      at = from = next;
    }
    literals = len - from;
    if (written + literals + Math.ceil(literals / LONGEST_LITERAL) > limit) return undefined;
    written = writeLiterals(buf, off + from, literals, out, written);
    return out.subarray(0, written);
  }

  /** Numbers the positions of a string of so many bytes. */
  #begin(len: number): number {
    if (this.#base + len > LAST_BASE) {
      this.#seen.fill(0);
      this.#base = 1;
    }
    const base = this.#base;
    this.#base += len;
    return base;
  }
}

function hashOf(buf: Uint8Array, at: number): number {
  const bytes = (buf[at] << 16) | (buf[at + 1] << 8) | buf[at + 2];
  return Math.imul(bytes, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function isSame(buf: Uint8Array, a: number, b: number): boolean {
  return buf[a] === buf[b] && buf[a + 1] === buf[b + 1] && buf[a + 2] === buf[b + 2];
}

function matchLength(buf: Uint8Array, a: number, b: number, most: number): number {
  let length = SHORTEST_MATCH;
  while (length < most && buf[a + length] === buf[b + length]) length++;
  return length;
}

function writeLiterals(
  buf: Uint8Array,
  from: number,
  count: number,
  out: Uint8Array,
  at: number,
): number {
  while (count > 0) {
    const run = Math.min(count, LONGEST_LITERAL);
    out[at++] = run - 1;
    for (let i = 0; i < run; i++) out[at++] = buf[from++];
    count -= run;
  }
  return at;
}

function writeMatch(out: Uint8Array, at: number, distance: number, length: number): number {
  const offset = distance - 1;
  const code = length - 2;
  if (code < 7) {
    out[at++] = (code << 5) | (offset >>> 8);
  } else {
    out[at++] = (7 << 5) | (offset >>> 8);
    out[at++] = code - 7;
  }
  out[at++] = offset & 0xff;
  return at;
}

/**
 * Writes what was compressed into all of `out`; false unless it fits exactly. Reads and writes nothing beyond either.
 * O(bytes).
 */
export function decompress(buf: Uint8Array, off: number, len: number, out: Uint8Array): boolean {
  const end = off + len;
  let at = off;
  let written = 0;
  while (at < end) {
    const control = buf[at++];
    if (control < LONGEST_LITERAL) {
      const run = control + 1;
      if (at + run > end || written + run > out.length) return false;
      for (let i = 0; i < run; i++) out[written++] = buf[at++];
      continue;
    }
    let length = control >>> 5;
    if (length === 7) {
      if (at >= end) return false;
      length += buf[at++];
    }
    if (at >= end) return false;
    let from = written - (((control & 0x1f) << 8) | buf[at++]) - 1;
    length += 2;
    if (from < 0 || written + length > out.length) return false;
    for (; length > 0; length--) out[written++] = out[from++];
  }
  return written === out.length;
}
