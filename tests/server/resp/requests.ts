/**
 * Feeding the request decoder in tests, and reading out what it found.
 *
 * @module
 */

import type { Args } from "../../../server/resp/args.ts";
import { type DecoderLimits, RequestDecoder } from "../../../server/resp/request_decoder.ts";

const encoder = new TextEncoder();

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
      while (this.decoder.next()) {
        this.requests.push(texts(this.decoder.args));
        this.decoder.release();
      }
    }
    return this;
  }
}

/** The requests in some bytes that come at once. */
export function decodeAll(bytes: string | Uint8Array): string[][] {
  return new Feeder().feed(bytes).requests;
}
