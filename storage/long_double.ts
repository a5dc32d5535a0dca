/**
 * C's `long double` as x86-64 has it: a sign, 64 bits of mantissa, 15 bits of exponent.
 *
 * INCRBYFLOAT and HINCRBYFLOAT compute in it, and clients see its digits, so it is emulated exactly: reading, adding
 * and printing are done with whole numbers of any size and rounded once, to the nearest, ties to even.
 *
 *     value = mantissa × 2^exponent      |mantissa| < 2^64, −16445 ≤ exponent ≤ 16320
 *
 * Mantissas are not normalised: equal values may look different. NaN is never represented.
 *
 * @module
 */

import { decodeLatin1 } from "../server/resp/args.ts";

/** One number; infinite when the exponent is `Infinity`. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** The exponent of the smallest numbers, which have fewer bits of mantissa (subnormal ones). */
const LEAST_EXPONENT = -16445;
/** Finite numbers are below 2 to this. */
const MAGNITUDE_BITS = 16384;
/** Numbers from 10^4932 on, give or take a factor of 2, are infinite; those below 10^-4951 are rounded to zero. */
const LARGEST_DECIMAL = 4932;
const LEAST_DECIMAL = -4951;
/** Bits of a quotient to compute: enough for the mantissa, for the bit that decides the rounding and one more. */
const QUOTIENT_BITS = MANTISSA_BITS + 2;
/** Redis copies the text into a buffer of this size before it reads it. */
const TEXT_ROOM = 5 * 1024;
/** Digits after the point that are printed. */
const PLACES = 17;
const PLACES_SCALE = 10n ** BigInt(PLACES);

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** Zero: the value that an absent key is incremented from. */
export const LONG_DOUBLE_ZERO: LongDouble = { mantissa: 0n, exponent: 0 };

/**
 * Reads a number as C's strtold does, all of the bytes and no leading space. Undefined for anything else, for NaN, for
 * finite numbers too large, and for those so small that nothing would be left of them.
 */
export function parseLongDouble(
  buf: Uint8Array,
  off: number,
  len: number,
): LongDouble | undefined {
  if (len === 0 || len >= TEXT_ROOM) return undefined;
  const text = decodeLatin1(buf.subarray(off, off + len));
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) {
    const [, sign, whole, fraction, exponent] = decimal;
    if (whole === "" && fraction === "") return undefined;
    return signed(sign, readDecimal(whole + fraction, Number(exponent ?? 0) - fraction.length));
  }
  const hex = HEXADECIMAL.exec(text);
  if (hex !== null) {
    const [, sign, whole, fraction, exponent] = hex;
    if (whole === "" && fraction === "") return undefined;
    return signed(sign, readHex(whole + fraction, Number(exponent ?? 0) - 4 * fraction.length));
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return signed(infinite[1], { mantissa: 1n, exponent: Infinity });
  return undefined;
}

function signed(sign: string, value: LongDouble | undefined): LongDouble | undefined {
  if (value === undefined || sign !== "-") return value;
  return { mantissa: -value.mantissa, exponent: value.exponent };
}

/** digits × 10^exponent */
function readDecimal(allDigits: string, exponent: number): LongDouble | undefined {
  const digits = allDigits.replace(/^0+/, "");
  if (digits === "") return LONG_DOUBLE_ZERO;
  // Absurd exponents are told from the size alone, before any power of ten is computed.
  const magnitude = digits.length + exponent;
  if (magnitude > LARGEST_DECIMAL + 1 || magnitude <= LEAST_DECIMAL) return undefined;
  const whole = BigInt(digits);
  return exponent >= 0
    ? inRange(round(whole * 10n ** BigInt(exponent), 0))
    : inRange(roundQuotient(whole, 10n ** BigInt(-exponent)));
}

/** digits × 2^exponent, the digits being hexadecimal */
function readHex(allDigits: string, exponent: number): LongDouble | undefined {
  const digits = allDigits.replace(/^0+/, "");
  if (digits === "") return LONG_DOUBLE_ZERO;
  const magnitude = digits.length * 4 + exponent;
  if (magnitude > MAGNITUDE_BITS + 4 || magnitude < LEAST_EXPONENT - 4) return undefined;
  return inRange(round(BigInt("0x" + digits), exponent));
}

/** What is left of a number other than zero, unless it became infinite or zero by rounding. */
function inRange(value: LongDouble): LongDouble | undefined {
  return value.exponent === Infinity || value.mantissa === 0n ? undefined : value;
}

/** numerator / denominator, both positive */
function roundQuotient(numerator: bigint, denominator: bigint): LongDouble {
  const shift = QUOTIENT_BITS - (bitLength(numerator) - bitLength(denominator));
  const dividend = shift > 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator;
  const quotient = dividend / divisor;
  // One bit more says whether anything follows, which is all that rounding needs to know of it.
  const rest = quotient * divisor === dividend ? 0n : 1n;
  return round((quotient << 1n) | rest, -shift - 1);
}

/** mantissa × 2^exponent for a mantissa above zero of any length */
function round(mantissa: bigint, exponent: number): LongDouble {
  const bits = bitLength(mantissa);
  const excess = Math.max(bits - MANTISSA_BITS, LEAST_EXPONENT - exponent);
  let kept = mantissa;
  let scale = exponent;
  if (excess > 0) {
    kept = shiftRounding(mantissa, excess);
    scale += excess;
  }
  if (bitLength(kept) + scale > MAGNITUDE_BITS) return { mantissa: 1n, exponent: Infinity };
  return { mantissa: kept, exponent: scale };
}

/** value / 2^bits to the nearest whole number, ties to the even one */
function shiftRounding(value: bigint, bits: number): bigint {
  const shift = BigInt(bits);
  const quotient = value >> shift;
  const rest = value - (quotient << shift);
  const half = 1n << (shift - 1n);
  return rest > half || (rest === half && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex[0], 16)) - 28);
}

/** A finite double, exactly. */
export function longDoubleOf(value: number): LongDouble {
  let mantissa = value;
  let exponent = 0;
  // Doubling and halving are exact, and a double has 53 bits, of which the last is 2^-1074 at the least.
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent--;
  }
  while (Math.abs(mantissa) > Number.MAX_SAFE_INTEGER) {
    mantissa /= 2;
    exponent++;
  }
  return { mantissa: BigInt(mantissa), exponent };
}

/** The sum of two numbers; undefined when it is not finite. */
export function sumLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.exponent === Infinity || b.exponent === Infinity) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) +
    (b.mantissa << BigInt(b.exponent - exponent));
  if (sum === 0n) return LONG_DOUBLE_ZERO;
  const { mantissa, exponent: scale } = round(sum < 0n ? -sum : sum, exponent);
  if (scale === Infinity) return undefined;
  return { mantissa: sum < 0n ? -mantissa : mantissa, exponent: scale };
}

/** A finite number in decimal: up to 17 digits after the point, without trailing zeros, never an exponent. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const sign = mantissa < 0n ? "-" : "";
  if (exponent >= 0) return sign + (magnitude << BigInt(exponent)).toString();
  const scaled = shiftRounding(magnitude * PLACES_SCALE, -exponent);
  if (scaled === 0n) return "0";
  const digits = scaled.toString().padStart(PLACES + 1, "0");
  const fraction = digits.slice(-PLACES).replace(/0+$/, "");
  return sign + digits.slice(0, -PLACES) + (fraction === "" ? "" : "." + fraction);
}
