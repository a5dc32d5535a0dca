/**
 * Reads the elements of RDB from bytes that anybody may have made: every length is held against what is left.
 *
 * @module
 */

import { writeInteger } from "../types/listpack.ts";
import { CorruptRdb, LENGTH_32, LENGTH_64, LengthForm, ShortRdb, SpecialString } from "./format.ts";
import { decompress } from "./lzf.ts";

/** The most that a compressed byte can become: three bytes say to repeat 264. */
const MOST_EXPANSION = 88;
/** Lengths in front of doubles that stand for values with no digits. */
const OldDouble = { nan: 253, infinity: 254, minusInfinity: 255 } as const;

/** A string within larger bytes. */
export interface Stretch {
  readonly buf: Uint8Array;
  readonly off: number;
  readonly len: number;
}

/** A place in RDB. All methods throw {@link CorruptRdb} when the bytes do not allow what is asked for. */
export class RdbReader {
  #buf: Uint8Array;
  #view: DataView;
  #end: number;
  #at: number;
  readonly #isOpen: boolean;

  /**
   * Reads what lies between two offsets.
   *
   * @param isOpen whether more bytes may follow: where they do not suffice, {@link ShortRdb} is thrown
   */
  constructor(buf: Uint8Array, start = 0, end = buf.length, isOpen = false) {
    this.#buf = buf;
    this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    this.#at = start;
    this.#end = end;
    this.#isOpen = isOpen;
  }

  /** Goes on in other bytes, between two offsets. */
  attach(buf: Uint8Array, at: number, end: number): void {
    this.#buf = buf;
    this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    this.#at = at;
    this.#end = end;
  }

  /** Where the next byte lies. May be set back, to read something once more. */
  get at(): number {
    return this.#at;
  }

  set at(at: number) {
    this.#at = at;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Steps over bytes and answers where they begin. */
  #skip(bytes: number): number {
    if (bytes > this.left) throw this.#tooShort(`${bytes} bytes expected, ${this.left} left`);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #tooShort(message: string): CorruptRdb {
    return this.#isOpen ? new ShortRdb(message) : new CorruptRdb(message);
  }

  byte(): number {
    return this.#buf[this.#skip(1)];
  }

  /** Bytes as they are. */
  raw(len: number): Stretch {
    return { buf: this.#buf, off: this.#skip(len), len };
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#skip(8), true);
  }

  /** 64 bits with a sign that a number can hold exactly. */
  safeInt64(): number {
    return safe(this.int64());
  }

  double(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  /** A double as text, as RDB had it before version 8. */
  oldDouble(): number {
    const len = this.byte();
    if (len === OldDouble.nan) return NaN;
    if (len === OldDouble.infinity) return Infinity;
    if (len === OldDouble.minusInfinity) return -Infinity;
    const { off } = this.raw(len);
    const text = String.fromCharCode(...this.#buf.subarray(off, off + len));
    if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
      throw new CorruptRdb("a score is no number");
    }
    return Number(text);
  }

  /** A count or a size of 64 bits. */
  bigCount(): bigint {
    const first = this.byte();
    switch (first & 0xc0) {
      case LengthForm.six:
        return BigInt(first & 0x3f);
      case LengthForm.fourteen:
        return BigInt(((first & 0x3f) << 8) | this.byte());
      default:
        if (first === LENGTH_32) return BigInt(this.#view.getUint32(this.#skip(4)));
        if (first === LENGTH_64) return this.#view.getBigUint64(this.#skip(8));
        throw new CorruptRdb(`${first} begins no length`);
    }
  }

  /** A count or a size that a number can hold exactly. */
  count(): number {
    const first = this.left > 0 ? this.#buf[this.#at] : 0;
    if (first < LengthForm.fourteen) return this.byte();
    return safe(this.bigCount());
  }

  /** The count of elements that follow, each of which takes a byte or more: never more than there can be. */
  elements(): number {
    const count = this.count();
    if (count > this.left) {
      throw this.#tooShort(`${count} elements expected in ${this.left} bytes`);
    }
    return count;
  }

  /** A string; where its bytes lie depends on how it was written. */
  string(): Stretch {
    const first = this.left > 0 ? this.#buf[this.#at] : 0;
    if ((first & 0xc0) !== LengthForm.special) return this.raw(this.count());
    this.byte();
    switch (first & 0x3f) {
      case SpecialString.int8:
        return digits((this.byte() << 24) >> 24);
      case SpecialString.int16:
        return digits(this.#view.getInt16(this.#skip(2), true));
      case SpecialString.int32:
        return digits(this.#view.getInt32(this.#skip(4), true));
      case SpecialString.lzf:
        return this.#compressed();
      default:
        throw new CorruptRdb(`${first} begins no string`);
    }
  }

  #compressed(): Stretch {
    const compressedLength = this.count();
    const len = this.count();
    const { off } = this.raw(compressedLength);
    if (len > compressedLength * MOST_EXPANSION) {
      throw new CorruptRdb(`${compressedLength} bytes cannot become ${len}`);
    }
    const buf = new Uint8Array(len);
    if (len === 0 || !decompress(this.#buf, off, compressedLength, buf)) {
      throw new CorruptRdb("a compressed string cannot be decompressed");
    }
    return { buf, off: 0, len };
  }

  /** Steps over a string. */
  skipString(): void {
    const first = this.left > 0 ? this.#buf[this.#at] : 0;
    if ((first & 0xc0) !== LengthForm.special) {
      this.#skip(this.count());
    } else if (first === (LengthForm.special | SpecialString.lzf)) {
      this.byte();
      const compressedLength = this.count();
      this.count();
      this.#skip(compressedLength);
    } else {
      this.string();
    }
  }

  /** A string's bytes, copied. */
  bytes(): Uint8Array {
    const { buf, off, len } = this.string();
    return buf.slice(off, off + len);
  }
}

function digits(value: number): Stretch {
  const buf = new Uint8Array(11);
  return { buf, off: 0, len: writeInteger(value, buf) };
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new CorruptRdb(`${value} is too large`);
  return number;
}
