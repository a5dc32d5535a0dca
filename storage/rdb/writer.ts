/**
 * Writes the elements of RDB into memory that grows: bytes, lengths, strings, numbers.
 *
 * Whoever writes more than fits into memory takes what there is from time to time ({@link RdbWriter.take}).
 *
 * @module
 */

import { parseSafeInteger } from "../../server/resp/numbers.ts";
import { copyBytes } from "../memory/bytes.ts";
import { COMMON_VERSION, LENGTH_32, LENGTH_64, LengthForm, SpecialString } from "./format.ts";
import { LzfCompressor } from "./lzf.ts";

const INITIAL_BYTES = 512;
/** Longest text that may be a 32-bit integer. */
const INTEGER_TEXT = 11;
/** Strings up to this long cannot be compressed. */
const INCOMPRESSIBLE = 20;

/** How to write. */
export interface RdbWriterOptions {
  /** The version of the format; that of Redis 7.0 unless given. */
  version?: number;
  /** Whether strings are compressed where that helps (`rdbcompression`). Default true. */
  compress?: boolean;
}

/** A growing piece of RDB. */
export class RdbWriter {
  readonly version: number;
  /** What has been written lies at the beginning of these bytes. */
  #buf = new Uint8Array(INITIAL_BYTES);
  #length = 0;
  readonly #compress: boolean;
  #lzf: LzfCompressor | undefined;

  constructor({ version = COMMON_VERSION, compress = true }: RdbWriterOptions = {}) {
    this.version = version;
    this.#compress = compress;
  }

  /** How many bytes have been written, and not taken. */
  get length(): number {
    return this.#length;
  }

  /** What has been written; good until more is. */
  get bytes(): Uint8Array {
    return this.#buf.subarray(0, this.#length);
  }

  /** Hands over what has been written and begins anew. */
  take(): Uint8Array {
    const bytes = this.#buf.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Makes room for so many bytes more. */
  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buf.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buf.length * 2));
    grown.set(this.bytes);
    this.#buf = grown;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buf[this.#length++] = value;
  }

  /** Bytes as they are, with no length before them. */
  raw(buf: Uint8Array, off = 0, len = buf.length - off): void {
    this.#reserve(len);
    copyBytes(buf, off, this.#buf, this.#length, len);
    this.#length += len;
  }

  #view(bytes: number): DataView {
    this.#reserve(bytes);
    const view = new DataView(this.#buf.buffer, this.#length, bytes);
    this.#length += bytes;
    return view;
  }

  uint16(value: number): void {
    this.#view(2).setUint16(0, value, true);
  }

  /** 64 bits with a sign: the form of times. */
  int64(value: number | bigint): void {
    this.#view(8).setBigInt64(0, BigInt(value), true);
  }

  double(value: number): void {
    this.#view(8).setFloat64(0, value, true);
  }

  /** A count or a size, up to 64 bits. */
  count(value: number | bigint): void {
    if (value < 0x40) {
      this.byte(Number(value));
    } else if (value < 0x4000) {
      this.byte(LengthForm.fourteen | (Number(value) >>> 8));
      this.byte(Number(value) & 0xff);
    } else if (value < 0x100000000) {
      this.byte(LENGTH_32);
      this.#view(4).setUint32(0, Number(value));
    } else {
      this.byte(LENGTH_64);
      this.#view(8).setBigUint64(0, BigInt(value));
    }
  }

  /** A string: as an integer, compressed or as it is, whichever is shortest. */
  string(buf: Uint8Array, off = 0, len = buf.length - off): void {
    if (len <= INTEGER_TEXT) {
      const value = parseSafeInteger(buf, off, len);
      if (value === (value | 0)) {
        this.#integer(value);
        return;
      }
    }
    if (len > INCOMPRESSIBLE && this.#compress) {
      this.#lzf ??= new LzfCompressor();
      const compressed = this.#lzf.compress(buf, off, len);
      if (compressed !== undefined) {
        this.byte(LengthForm.special | SpecialString.lzf);
        this.count(compressed.length);
        this.count(len);
        this.raw(compressed);
        return;
      }
    }
    this.count(len);
    this.raw(buf, off, len);
  }

  #integer(value: number): void {
    if (value === (value << 24) >> 24) {
      this.byte(LengthForm.special | SpecialString.int8);
      this.byte(value);
    } else if (value === (value << 16) >> 16) {
      this.byte(LengthForm.special | SpecialString.int16);
      this.uint16(value);
    } else {
      this.byte(LengthForm.special | SpecialString.int32);
      this.#view(4).setInt32(0, value, true);
    }
  }
}
