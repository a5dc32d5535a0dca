/**
 * Integers of 1 to 64 bits at any bit of a run of bytes, the highest bit first.
 *
 *     bit         0        8        16
 *     bytes       00000001 01110000 …       a five-bit 23 (10111) at bit 7
 *
 * A field is read through the nine bytes that it can touch at most; those beyond the end are zero.
 *
 * @module
 */

/** Width and sign of a field. */
export interface FieldType {
  readonly signed: boolean;
  /** 1 to 64, 63 when it has no sign. */
  readonly bits: number;
}

/** What becomes of a number that a field cannot hold: its low bits, the nearest one that it can, or nothing. */
export type Overflow = "wrap" | "sat" | "fail";

/** Most bytes that a field of 64 bits touches. */
const WINDOW_BYTES = 9;

/** A window on such fields. */
export class BitFields {
  readonly #bytes: Uint8Array;
  readonly #window = new Uint8Array(WINDOW_BYTES);
  readonly #words = new DataView(this.#window.buffer);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The field that begins at a bit. */
  get(offset: number, { signed, bits }: FieldType): bigint {
    const around = this.#load(Math.floor(offset / 8)) >> behind(offset, bits);
    return signed ? BigInt.asIntN(bits, around) : BigInt.asUintN(bits, around);
  }

  /** Overwrites a field, all bits of which there must be, with the low bits of a value. */
  set(offset: number, { bits }: FieldType, value: bigint): void {
    const byte = Math.floor(offset / 8);
    const shift = behind(offset, bits);
    const cleared = this.#load(byte) & ~(BigInt.asUintN(bits, -1n) << shift);
    const around = cleared | (BigInt.asUintN(bits, value) << shift);
    this.#words.setBigUint64(0, around >> 8n);
    this.#window[8] = Number(around & 0xffn);
    const touched = Math.ceil((offset % 8 + bits) / 8);
    this.#bytes.set(this.#window.subarray(0, touched), byte);
  }

  /** The nine bytes from `byte` on as one number. */
  #load(byte: number): bigint {
    const window = this.#window;
    for (let i = 0; i < WINDOW_BYTES; i++) window[i] = this.#bytes[byte + i] ?? 0;
    return (this.#words.getBigUint64(0) << 8n) | BigInt(window[8]);
  }
}

/** How many of the nine bytes' bits come behind a field. */
function behind(offset: number, bits: number): bigint {
  return BigInt(WINDOW_BYTES * 8 - offset % 8 - bits);
}

/** A number as a field of this type holds it; undefined when it cannot and `overflow` says to fail. */
export function fit(
  value: bigint,
  { signed, bits }: FieldType,
  overflow: Overflow,
): bigint | undefined {
  const width = BigInt(signed ? bits - 1 : bits);
  const most = (1n << width) - 1n;
  const least = signed ? -most - 1n : 0n;
  if (value >= least && value <= most) return value;
  if (overflow === "fail") return undefined;
  if (overflow === "sat") return value > most ? most : least;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}
