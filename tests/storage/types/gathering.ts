/**
 * Gathers what a structure hands on.
 *
 * @module
 */

import { decodeLatin1 } from "../../../server/resp/args.ts";
import type { ElementSink } from "../../../storage/types/listpack.ts";

/** A sink that keeps members as text. */
export class Gathering implements ElementSink {
  readonly members: string[] = [];

  /** The bytes as text of one-byte characters. */
  static text(buf: Uint8Array, off: number, len: number): string {
    return decodeLatin1(buf.subarray(off, off + len));
  }

  bulkAt(buf: Uint8Array, off: number, len: number): void {
    this.members.push(Gathering.text(buf, off, len));
  }
}
