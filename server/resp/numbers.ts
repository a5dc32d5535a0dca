/**
 * Numbers as Redis reads and writes them.
 *
 * Integers are 64-bit signed. Almost all of them fit a JavaScript number exactly; those beyond 2^53 go through
 * BigInt, so no digit is ever lost where {@link parseBigInt64} is used.
 *
 * @module
 */

export const INT64_MAX = 0x7fffffffffffffffn;
export const INT64_MIN = -0x8000000000000000n;

const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Most decimal digits that always fit a double exactly (2^53 has 16). */
const SAFE_DIGITS = 15;

/** Whole doubles up to half of 2^63 are replied as integers. */
const LARGEST_PLAIN_INTEGER = 2 ** 62;

/** What {@link parseSafeInteger} answers for bytes that are no small integer. */
export const NOT_SAFE_INTEGER = NaN;

/**
 * Reads a canonical decimal integer of up to 15 digits: no plus sign, no leading zeros, no spaces. Anything else,
 * longer integers included, answers NaN; see {@link parseBigInt64} for those.
 */
export function parseSafeInteger(buf: Uint8Array, off: number, len: number): number {
  let at = off;
  const end = off + len;
  let negative = false;
  if (len > 1 && buf[at] === MINUS) {
    negative = true;
    at++;
  }
  const digits = end - at;
  if (digits === 0 || digits > SAFE_DIGITS) return NOT_SAFE_INTEGER;
  const first = buf[at];
  if (first === ZERO) return digits === 1 && !negative ? 0 : NOT_SAFE_INTEGER;
  let value = 0;
  for (; at < end; at++) {
    const digit = buf[at] - ZERO;
    if (digit < 0 || digit > 9) return NOT_SAFE_INTEGER;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

const POINT = 46;
/** Powers of ten that doubles hold exactly, as far as they are needed here. */
const POWERS_OF_TEN = Array.from({ length: SAFE_DIGITS + 1 }, (_, power) => 10 ** power);

/**
 * Reads a short decimal number, up to 15 digits with a point among them or not: the common case of a score. Anything
 * else, zero with a sign included, answers NaN.
 */
export function parseShortDecimal(buf: Uint8Array, off: number, len: number): number {
  let at = off;
  const end = off + len;
  const negative = len > 1 && buf[at] === MINUS;
  if (negative) at++;
  if (end - at > SAFE_DIGITS + 1) return NaN;
  let value = 0;
  let digits = 0;
  let places = -1;
  for (; at < end; at++) {
    const digit = buf[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (places >= 0) places++;
    } else if (buf[at] === POINT && places < 0) {
      places = 0;
    } else {
      return NaN;
    }
  }
  if (digits === 0 || digits > SAFE_DIGITS || (negative && value === 0)) return NaN;
  // Both are exact, so the one rounding of the division is the right one.
  if (places > 0) value /= POWERS_OF_TEN[places];
  return negative ? -value : value;
}

/** Reads a canonical 64-bit signed decimal integer exactly; undefined when the bytes are anything else. */
export function parseBigInt64(buf: Uint8Array, off: number, len: number): bigint | undefined {
  const small = parseSafeInteger(buf, off, len);
  if (small === small) return BigInt(small);
  if (len === 0 || len > 20) return undefined;
  let at = off;
  const end = off + len;
  const negative = buf[at] === MINUS;
  if (negative) at++;
  if (at === end || buf[at] === ZERO) return undefined;
  let value = 0n;
  for (; at < end; at++) {
    const digit = buf[at];
    if (digit < ZERO || digit > NINE) return undefined;
    value = value * 10n + BigInt(digit - ZERO);
  }
  if (negative) value = -value;
  return value > INT64_MAX || value < INT64_MIN ? undefined : value;
}

/**
 * Reads a 64-bit signed integer as a number: exact up to 2^53, rounded beyond. NaN when the bytes are no integer
 * of 64 bits.
 */
export function parseInt64(buf: Uint8Array, off: number, len: number): number {
  const small = parseSafeInteger(buf, off, len);
  if (small === small) return small;
  const big = parseBigInt64(buf, off, len);
  return big === undefined ? NaN : Number(big);
}

/**
 * The shortest decimal text that reads back as the same double, laid out as Redis replies it: plain digits as long
 * as few zeros are needed, else an exponent without leading zeros (`1e+23`, `1.5e-9`). The layout is that of
 * the Grisu implementation that Redis 7.2 uses (fpconv).
 */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  if (value !== value) return "nan";
  if (Math.abs(value) <= LARGEST_PLAIN_INTEGER && Number.isInteger(value)) {
    return BigInt(value).toString();
  }
  return formatShortest(value);
}

/** {@link formatDouble} without its exception for large integers: `1e+15`. The value is finite. */
export function formatShortest(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const text = Math.abs(value).toExponential();
  const e = text.indexOf("e");
  const digits = text[0] + text.slice(2, e);
  const exponent = Number(text.slice(e + 1));
  return (value < 0 ? "-" : "") + layOutDigits(digits, exponent);
}

/** `digits` with the point after the first one, times 10^exponent. */
function layOutDigits(digits: string, exponent: number): string {
  const count = digits.length;
  const zeros = exponent - count + 1;
  const magnitude = Math.abs(exponent);
  if (zeros >= 0 && magnitude < count + 7) return digits + "0".repeat(zeros);
  if (zeros < 0 && (zeros > -7 || magnitude < 4)) {
    return exponent < 0
      ? `0.${"0".repeat(-exponent - 1)}${digits}`
      : `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
  }
  const mantissa = count === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${magnitude}`;
}

/** Significant digits that tell any two doubles apart. */
const PRECISE_DIGITS = 17;
/** Any decimal of so many digits is the shortest text of its double. */
const SURE_DIGITS = 15;
/** As many digits as show whether a double lies just between two texts of 17 digits. */
const DECISIVE_DIGITS = 60;

/** A double as C's `%.17g` prints it: ZSCAN's scores; or with another count of significant digits. */
export function formatPrecisely(value: number, precision: number = PRECISE_DIGITS): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  if (!Number.isFinite(value)) return formatDouble(value);
  let text = Math.abs(value).toExponential(precision - 1);
  if (mayLieBetween(value, precision)) {
    const exact = Math.abs(value).toExponential(DECISIVE_DIGITS);
    // Of two texts equally near JavaScript takes the greater one, C the one whose last digit is even.
    const end = precision + 1; // The digits and the point behind the first one.
    const last = exact[precision === 1 ? 0 : precision];
    if (/^50*$/.test(exact.slice(end, exact.indexOf("e"))) && Number(last) % 2 === 0) {
      text = exact.slice(0, end) + exact.slice(exact.indexOf("e"));
    }
  }
  const e = text.indexOf("e");
  const digits = (text[0] + text.slice(2, e)).replace(/0+$/, "");
  const exponent = Number(text.slice(e + 1));
  return (value < 0 ? "-" : "") + layOutPrecisely(digits, exponent, precision);
}

/** Whether a double can lie just between two texts of so many digits; asked since the exact digits are slow to get. */
function mayLieBetween(value: number, precision: number): boolean {
  if (precision >= SURE_DIGITS) return true;
  // It would be a decimal of one digit more, and its shortest text that decimal.
  const shortest = Math.abs(value).toExponential();
  return shortest.indexOf("e") === precision + 2;
}

/** `digits` with the point after the first one, times 10^exponent. */
function layOutPrecisely(digits: string, exponent: number, precision: number): string {
  if (exponent < -4 || exponent >= precision) {
    const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
    const magnitude = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${magnitude}`;
  }
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** A double as C's `%f` prints it, with so many digits after the point. */
export function formatFixed(value: number, places: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === Infinity || magnitude !== magnitude) return formatDouble(value);
  // JavaScript falls back to an exponent there; such doubles are whole.
  let text = magnitude >= 1e21
    ? `${BigInt(magnitude)}.${"0".repeat(places)}`
    : magnitude.toFixed(places);
  if (magnitude < 1e21) {
    const exact = magnitude.toFixed(DECISIVE_DIGITS);
    const end = exact.length - DECISIVE_DIGITS + places;
    // Of two texts equally near JavaScript takes the greater one, C the one whose last digit is even.
    const isTie = /^50*$/.test(exact.slice(end)) && Number(exact[end - 1]) % 2 === 0;
    if (isTie) text = exact.slice(0, end);
  }
  return (value < 0 || Object.is(value, -0) ? "-" : "") + text;
}
