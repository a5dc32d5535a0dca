/**
 * Gathers output that is part text, part bytes as the server sent them.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { encodeLatin1 } from "../../server/resp/args.ts";

/** Output under construction. */
export class ByteWriter {
  #parts: Uint8Array[] = [];
  #text = "";

  /** Appends text of one-byte characters. */
  text(text: string): void {
    this.#text += text;
  }

  /** Appends bytes, which must not change until {@link take}. */
  bytes(bytes: Uint8Array): void {
    this.#settle();
    this.#parts.push(bytes);
  }

  /** Everything so far; the writer begins anew. */
  take(): Uint8Array {
    this.#settle();
    const parts = this.#parts;
    this.#parts = [];
    return parts.length === 1 ? parts[0] : concat(parts);
  }

  #settle(): void {
    if (this.#text === "") return;
    this.#parts.push(encodeLatin1(this.#text));
    this.#text = "";
  }
}
