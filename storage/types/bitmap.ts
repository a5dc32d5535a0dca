/**
 * A run of bytes as a row of bits, the first bit being the highest of the first byte.
 *
 * Counting, searching and combining go through 32-bit words wherever the bytes allow: words read from memory have their
 * bytes reversed on the machines that Deno runs on, which counting and combining need not care about and searching
 * looks past, as it only asks of a word whether it is worth looking at.
 *
 * Knows nothing of keys, clients or replies.
 *
 * @module
 */

/** How the bits of several runs are combined into one. */
export type Combination = "and" | "or" | "xor" | "not";

/** Runs shorter than this are gone through byte by byte: a view of words costs more. */
const WORDS_FROM = 64;
/** Bytes of a source that are brought into line with the result's words at a time. */
const BLOCK_BYTES = 16 * 1024;

/** How many bits of these bytes are set. O(n), 32 bits at a time. */
export function countBits(buf: Uint8Array, off: number, len: number): number {
  let count = 0;
  let at = off;
  const end = off + len;
  if (len >= WORDS_FROM) {
    while (((buf.byteOffset + at) & 3) !== 0) count += bitsOf(buf[at++]);
    const words = (end - at) >>> 2;
    count += countWords(new Int32Array(buf.buffer, buf.byteOffset + at, words));
    at += words * 4;
  }
  while (at < end) count += bitsOf(buf[at++]);
  return count;
}

/** How many bits of a 32-bit word are set. */
function bitsOf(word: number): number {
  // The zeros keep V8 from leaving 32-bit integers.
  word = (word - ((word >>> 1) & 0x55555555)) | 0;
  word = ((word & 0x33333333) + ((word >>> 2) & 0x33333333)) | 0;
  return Math.imul(((word + (word >>> 4)) | 0) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * Harley and Seal's way: carry-save adders sum up eight words bit by bit, so that only the carries worth eight are
 * counted one by one. Described in H. S. Warren, Hacker's Delight, section 5-1.
 */
function countWords(words: Int32Array): number {
  let eightsCounted = 0;
  let ones = 0;
  let twos = 0;
  let fours = 0;
  const whole = words.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    const a = words[i];
    const b = words[i + 1];
    let half = ones ^ a;
    const twosA = (ones & a) | (half & b);
    ones = half ^ b;

    const c = words[i + 2];
    const d = words[i + 3];
    half = ones ^ c;
    const twosB = (ones & c) | (half & d);
    ones = half ^ d;

    half = twos ^ twosA;
    const foursA = (twos & twosA) | (half & twosB);
    twos = half ^ twosB;

    const e = words[i + 4];
    const f = words[i + 5];
    half = ones ^ e;
    const twosC = (ones & e) | (half & f);
    ones = half ^ f;

    const g = words[i + 6];
    const h = words[i + 7];
    half = ones ^ g;
    const twosD = (ones & g) | (half & h);
    ones = half ^ h;

    half = twos ^ twosC;
    const foursB = (twos & twosC) | (half & twosD);
    twos = half ^ twosD;

    half = fours ^ foursA;
    eightsCounted += bitsOf((fours & foursA) | (half & foursB));
    fours = half ^ foursB;
  }
  let count = 8 * eightsCounted + 4 * bitsOf(fours) + 2 * bitsOf(twos) + bitsOf(ones);
  for (let i = whole; i < words.length; i++) count += bitsOf(words[i]);
  return count;
}

/**
 * The first bit of this value among the bits `from` to `to` (both included, counted from byte `off`), or -1. O(n), 32
 * bits at a time.
 */
export function findBit(
  buf: Uint8Array,
  off: number,
  { bit, from, to }: { bit: 0 | 1; from: number; to: number },
): number {
  /** Bytes without what is sought are zero once turned over by this. */
  const flip = bit === 1 ? 0 : 0xff;
  let byte = Math.floor(from / 8);
  const last = Math.floor(to / 8);
  let bits = (buf[off + byte] ^ flip) & (0xff >>> (from % 8));
  while (bits === 0 && byte < last) {
    byte = nextByteOtherThan(buf, off, byte + 1, last, flip);
    bits = buf[off + byte] ^ flip;
  }
  if (byte === last) bits &= 0xff << (7 - to % 8);
  return bits === 0 ? -1 : byte * 8 + Math.clz32(bits) - 24;
}

/** The first byte that is not `skipped`, from `byte` up to `last`; `last` when all before it are. */
function nextByteOtherThan(
  buf: Uint8Array,
  off: number,
  byte: number,
  last: number,
  skipped: number,
): number {
  if (last - byte >= WORDS_FROM) {
    while (((buf.byteOffset + off + byte) & 3) !== 0) {
      if (buf[off + byte] !== skipped) return byte;
      byte++;
    }
    const length = (last - byte) >>> 2;
    const words = new Int32Array(buf.buffer, buf.byteOffset + off + byte, length);
    const skippedWord = Math.imul(skipped, 0x01010101);
    let i = 0;
    while (i < length && words[i] === skippedWord) i++;
    byte += i * 4;
  }
  while (byte < last && buf[off + byte] === skipped) byte++;
  return byte;
}

/**
 * Combines more bytes into a result that holds the first ones already; `source` may be shorter than the result, as if
 * zeros followed.
 *
 * @param result begins at a word
 */
export function combineInto(
  result: Uint8Array,
  source: Uint8Array,
  how: Exclude<Combination, "not">,
): void {
  // Sources lie at any address: brought into line block by block, they can be read as words.
  const aligned = new Uint8Array(Math.min(BLOCK_BYTES, (source.length + 3) & ~3));
  const from = new Int32Array(aligned.buffer);
  const common = Math.min(source.length, result.length);
  for (let at = 0; at < common; at += BLOCK_BYTES) {
    const length = Math.min(BLOCK_BYTES, common - at);
    const words = length >>> 2;
    aligned.set(source.subarray(at, at + length));
    const to = new Int32Array(result.buffer, result.byteOffset + at, words);
    if (how === "and") { for (let i = 0; i < words; i++) to[i] &= from[i]; }
    else if (how === "or") { for (let i = 0; i < words; i++) to[i] |= from[i]; }
    else for (let i = 0; i < words; i++) to[i] ^= from[i];
    for (let i = words * 4; i < length; i++) {
      if (how === "and") result[at + i] &= aligned[i];
      else if (how === "or") result[at + i] |= aligned[i];
      else result[at + i] ^= aligned[i];
    }
  }
  if (how === "and") result.fill(0, common);
}

/** Turns over all bits of a run that begins at a word. */
export function invert(result: Uint8Array): void {
  const words = new Int32Array(result.buffer, result.byteOffset, result.length >>> 2);
  for (let i = 0; i < words.length; i++) words[i] = ~words[i];
  for (let i = words.length * 4; i < result.length; i++) result[i] = ~result[i];
}
