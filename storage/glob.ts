/**
 * Glob patterns as KEYS, SCAN, PSUBSCRIBE and CONFIG GET understand them.
 *
 *     *        any bytes, also none        [abc]  [a-z]  one of these bytes
 *     ?        one byte                    [^abc]        one byte, but none of these
 *     \x       the byte x itself
 *
 * Works on bytes, never on characters: `?` matches half of an `é`. What Redis does in odd cases is kept, since users
 * meet it: a class may lack its `]`, a range may be written backwards, `[a-]` is a range that ends at `]`, and an
 * empty text is matched by the empty pattern alone, not by `*`. (KEYS and SCAN treat a lone `*` as "everything"
 * before they come here.)
 *
 * Matching takes at most |pattern| × |text| steps. When the part after a star fails everywhere, a longer match for an
 * earlier star cannot help, so only the last star is ever tried again.
 *
 * @module
 */

const STAR = 42;
const DASH = 45;
const QUESTION_MARK = 63;
const OPENING_BRACKET = 91;
const BACKSLASH = 92;
const CLOSING_BRACKET = 93;
const CARET = 94;

/** Patterns with more stars than this match nothing unless the last of them ends the pattern, as in Redis. */
const MOST_STARS = 1000;

/** Whether the whole text matches; with `nocase`, ASCII letters match in both cases. */
export function globMatch(pattern: Uint8Array, text: Uint8Array, nocase = false): boolean {
  return globMatchAt(pattern, text, { off: 0, len: text.length, nocase });
}

/** Where in a larger buffer the text lies, so that no view of it need be made. */
export interface TextAt {
  off: number;
  len: number;
  nocase?: boolean;
}

/** {@link globMatch} for a text that lies somewhere in `buf`. */
export function globMatchAt(pattern: Uint8Array, buf: Uint8Array, where: TextAt): boolean {
  const nocase = where.nocase === true;
  const patternEnd = pattern.length;
  let t = where.off;
  const textEnd = t + where.len;
  if (t === textEnd) return patternEnd === 0;

  let p = 0;
  let stars = 0;
  /** Where the pattern goes on after the last star, and from where in the text it was tried last. */
  let afterStar = -1;
  let triedFrom = 0;

  while (t < textEnd) {
    if (p < patternEnd && pattern[p] === STAR) {
      p = skipStars(pattern, p);
      if (p === patternEnd) return true;
      if (++stars > MOST_STARS) return false;
      afterStar = p;
      triedFrom = t;
      continue;
    }
    const next = p < patternEnd ? matchOne(pattern, p, buf[t], nocase) : NO_MATCH;
    if (next !== NO_MATCH) {
      p = next;
      t++;
    } else if (afterStar >= 0) {
      p = afterStar;
      t = ++triedFrom;
    } else {
      return false;
    }
  }
  return skipStars(pattern, p) === patternEnd;
}

function skipStars(pattern: Uint8Array, p: number): number {
  while (p < pattern.length && pattern[p] === STAR) p++;
  return p;
}

const NO_MATCH = -1;

/** Matches one byte against the element at `p`; answers where the next element begins, or {@link NO_MATCH}. */
function matchOne(pattern: Uint8Array, p: number, byte: number, nocase: boolean): number {
  switch (pattern[p]) {
    case QUESTION_MARK:
      return p + 1;
    case OPENING_BRACKET:
      return matchClass(pattern, p + 1, byte, nocase);
    case BACKSLASH:
      if (p + 1 < pattern.length) p++;
  }
  return isSame(pattern[p], byte, nocase) ? p + 1 : NO_MATCH;
}

/** The same for a class; `p` is behind its opening bracket. */
function matchClass(pattern: Uint8Array, p: number, byte: number, nocase: boolean): number {
  const end = pattern.length;
  const negated = p < end && pattern[p] === CARET;
  if (negated) p++;

  let found = false;
  for (; p < end && pattern[p] !== CLOSING_BRACKET; p++) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      // Redis compares an escaped byte exactly even where case does not count.
      if (pattern[++p] === byte) found = true;
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (isInRange(pattern[p], pattern[p + 2], byte, nocase)) found = true;
      p += 2;
    } else if (isSame(pattern[p], byte, nocase)) {
      found = true;
    }
  }
  if (found === negated) return NO_MATCH;
  return p < end ? p + 1 : end;
}

function isInRange(first: number, last: number, byte: number, nocase: boolean): boolean {
  // Redis compares `char`s, which are signed on x86-64: bytes from 0x80 lie below ASCII.
  let low = Math.min(signed(first), signed(last));
  let high = Math.max(signed(first), signed(last));
  let at = signed(byte);
  if (nocase) {
    // Only now, after the bounds were ordered, as Redis does it: [Z-a] becomes the empty range z–a.
    low = lowerCase(low);
    high = lowerCase(high);
    at = lowerCase(at);
  }
  return at >= low && at <= high;
}

function isSame(a: number, b: number, nocase: boolean): boolean {
  return a === b || (nocase && lowerCase(a) === lowerCase(b));
}

function signed(byte: number): number {
  return byte << 24 >> 24;
}

function lowerCase(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
