/**
 * What can be asked of a set, however it is kept: as sorted integers (./intset.ts), packed into a listpack
 * (./packed_set.ts) or as a table (./set.ts).
 *
 * @module
 */

import type { ElementSink } from "./listpack.ts";

/** Is shown a member, `len` bytes at `off`, valid only during the call; answering true ends the walk. */
export type MemberVisitor = (buf: Uint8Array, off: number, len: number) => boolean | void;

/** Distinct byte strings in no particular order. */
export interface SetMembers {
  readonly size: number;
  /** About how many bytes all members have together. */
  readonly memberBytes: number;
  has(buf: Uint8Array, off: number, len: number): boolean;
  /** Visits every member, until one visit answers true; answers whether one did. */
  some(visit: MemberVisitor): boolean;
  /** Hands every member on to a sink. */
  copy(sink: ElementSink): void;
  /** Hands random members on, each drawn from all: they may repeat. The set must not be empty. */
  draw(count: number, random: () => number, sink: ElementSink): void;
  /** Hands `count` different random members on, in no random order; there must be as many. */
  sample(count: number, random: () => number, sink: ElementSink): void;
}
