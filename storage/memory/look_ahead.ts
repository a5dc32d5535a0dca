/**
 * Looking ahead: keys that are about to be looked up are found together before the first of them is needed.
 *
 * Of a small request in a pipeline, half of the time is waiting for memory: a key's slot and its record are rarely in
 * the processor's caches. One after the other that is three waits a key; loaded in a row, those of many keys take little
 * longer than those of one. What is found is only touched, and the hashes are kept; whoever looks a key up does so as
 * always, so that nothing depends on what was foreseen.
 *
 * @module
 */

import type { Hasher } from "./hash.ts";
import type { Table } from "./table.ts";

/** So many keys are looked at together. */
export const WINDOW = 16;
/** Fewer are not worth it. */
const LEAST = 3;
const BEYOND = 0x7fffffff;

/** Some byte strings of one buffer, in the order of their places, with their hashes. */
export class KeyWindow {
  readonly off = new Int32Array(WINDOW + 1);
  /** −1 where there is no key at all. */
  readonly len = new Int32Array(WINDOW);
  readonly #hashes = new Int32Array(WINDOW);
  readonly #hasher: Hasher;
  /** What the offsets are of; none while this window is closed. */
  buf: Uint8Array | undefined;
  #next = 0;
  /** Keeps what was loaded from being thought useless. */
  touched = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /**
   * Hashes the `count` keys that `off` and `len` tell of and touches their records; until {@link close} their bytes
   * must not change. Too few of them are left alone.
   */
  open(buf: Uint8Array, count: number, table: Table): void {
    this.close();
    if (count < LEAST) return;
    const { off, len } = this;
    const hashes = this.#hashes;
    for (let i = 0; i < count; i++) {
      hashes[i] = len[i] < 0 ? 0 : table.hash(buf, off[i], len[i]);
    }
    if (table.size > 0) this.touched = table.touch(hashes, count);
    off[count] = BEYOND;
    this.#next = 0;
    this.buf = buf;
    this.#hasher.known = this;
  }

  /** Lets the hasher use this window again after another one. */
  resume(): void {
    if (this.buf !== undefined) this.#hasher.known = this;
  }

  close(): void {
    this.buf = undefined;
    this.#hasher.known = undefined;
  }

  /** The hash of the bytes at an offset of the buffer, which only grows from call to call; −1 if it is not known. */
  hashAt(offset: number, length: number): number {
    const { off } = this;
    let i = this.#next;
    while (off[i] < offset) i++;
    this.#next = i;
    return off[i] === offset && this.len[i] === length ? this.#hashes[i] : -1;
  }
}
