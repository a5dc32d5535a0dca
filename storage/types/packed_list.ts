/**
 * A small list: one listpack and nothing else.
 *
 * Knows nothing of where the listpack lies: its owner gives it another length.
 *
 * @module
 */

import type { List } from "./list.ts";
import type { ElementSink, ElementView, Listpack, ListpackOwner } from "./listpack.ts";
import {
  copyElements,
  removeElements,
  removeEqualElements,
  searchElements,
} from "./listpack_elements.ts";

/** A list on a listpack that somebody else owns. */
export class PackedList implements List {
  readonly #pack: Listpack;
  readonly #owner: ListpackOwner;
  readonly #view: ElementView;

  constructor(pack: Listpack, owner: ListpackOwner) {
    this.#pack = pack;
    this.#owner = owner;
    this.#view = { buf: pack.buf, off: 0, len: 0 };
  }

  get size(): number {
    return this.#pack.count;
  }

  read(index: number): ElementView {
    this.#pack.view(this.#pack.seek(index), this.#view);
    return this.#view;
  }

  copy(start: number, count: number, backwards: boolean, sink: ElementSink): void {
    const pack = this.#pack;
    copyElements(pack, pack.seek(backwards ? start + count - 1 : start), count, backwards, sink);
  }

  remove(start: number, count: number): void {
    if (count > 0) removeElements(this.#pack, this.#owner, this.#pack.seek(start), count);
  }

  replace(index: number, buf: Uint8Array, off: number, len: number): void {
    this.#pack.replace(this.#owner, this.#pack.seek(index), buf, off, len);
  }

  insert(index: number, buf: Uint8Array, off: number, len: number): void {
    const pack = this.#pack;
    const at = index === 0 ? pack.front() : index === pack.count ? pack.end() : pack.seek(index);
    pack.insert(this.#owner, at, buf, off, len);
  }

  removeEqual(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
  ): number {
    return removeEqualElements(this.#pack, this.#owner, buf, off, len, most, backwards);
  }

  search(
    buf: Uint8Array,
    off: number,
    len: number,
    most: number,
    backwards: boolean,
    visit: (index: number) => boolean,
  ): void {
    searchElements(this.#pack, buf, off, len, most, backwards, visit);
  }
}
