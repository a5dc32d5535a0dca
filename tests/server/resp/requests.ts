/**
 * Feeding the request decoder in tests, and reading out what it found.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Args } from "../../../server/resp/args.ts";
import { type DecoderLimits, RequestDecoder } from "../../../server/resp/request_decoder.ts";

const encoder = new TextEncoder();
/** So many requests are looked at before they are taken. */
const MOST_SKIMMED = 16;

/** The arguments of a request as texts, each byte one character. */
export function texts(args: Args): string[] {
  return Array.from({ length: args.count }, (_, i) => args.binary(i));
}

/** A decoder that is fed by hand; keeps the requests it has found. */
export class Feeder {
  readonly requests: string[][] = [];
  readonly decoder: RequestDecoder;

  constructor(limits: Partial<DecoderLimits> = {}) {
    this.decoder = new RequestDecoder({
      maxBulkLength: 512 * 1024 * 1024,
      restricted: false,
      ...limits,
    });
  }

  /** Hands bytes over as a socket would, and takes every request that is whole. */
  feed(bytes: string | Uint8Array): this {
    const source = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
    for (let at = 0; at < source.length;) {
      const room = this.decoder.room();
      const part = source.subarray(at, at + room.length);
      room.set(part);
      this.decoder.filled(part.length);
      at += part.length;
      this.#takeAll();
    }
    return this;
  }

  /** Takes what is whole, and sees to it that it is what was foreseen. */
  #takeAll(): void {
    const off = new Int32Array(MOST_SKIMMED);
    const len = new Int32Array(MOST_SKIMMED);
    const { decoder } = this;
    const seen = decoder.skim(off, len, MOST_SKIMMED);
    for (let i = 0; decoder.next(); i++) {
      const { args } = decoder;
      this.requests.push(texts(args));
      if (i < seen) {
        const [at, length] = args.count > 1 ? [args.off[1], args.len[1]] : [off[i], -1];
        assertEquals([off[i], len[i]], [at, length]);
      }
      decoder.release();
    }
  }
}

/** The requests in some bytes that come at once. */
export function decodeAll(bytes: string | Uint8Array): string[][] {
  return new Feeder().feed(bytes).requests;
}
