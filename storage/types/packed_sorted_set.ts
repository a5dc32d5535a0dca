/**
 * The packed sorted set: a small sorted set as a listpack in Redis's own format, member, score, member, score, in order.
 *
 * A score is an integer where it is one, else the text that Redis would write. Everything walks along the bytes, which
 * for the few members that are kept so beats any cleverer structure.
 *
 * This is a window: it is attached to bytes that somebody else owns and resizes. A member's handle is the position of
 * its entry.
 *
 * @module
 */

import { decodeLatin1, parseDouble } from "../../server/resp/args.ts";
import { formatDouble, parseShortDecimal } from "../../server/resp/numbers.ts";
import { compareBytes } from "../memory/bytes.ts";
import {
  entryBytesFor,
  integerEntryBytes,
  Listpack,
  type ListpackOwner,
  writeEntry,
  writeInteger,
  writeIntegerEntry,
} from "./listpack.ts";
import type { Member, SortedMembers } from "./sorted_members.ts";

/** Longest text of a 64-bit integer. */
const INTEGER_TEXT = 20;
/** Room for the longest text of a double. */
const SCORE_TEXT = 32;

/** A window on the bytes of a small sorted set. */
export class PackedSortedSet implements SortedMembers {
  score = 0;
  buf: Uint8Array = new Uint8Array(0);
  off = 0;
  len = 0;

  readonly #pack = new Listpack();
  readonly #owner: ListpackOwner;
  readonly #memberText = new Uint8Array(INTEGER_TEXT);
  readonly #otherText = new Uint8Array(INTEGER_TEXT);
  readonly #scoreText = new Uint8Array(SCORE_TEXT);
  /** How long the score's text is; 0 when the score to be written is an integer. */
  #scoreLength = 0;
  #at = 0;

  constructor(owner: ListpackOwner) {
    this.#owner = owner;
  }

  /** Looks at the listpack that begins at `start` from now on. */
  attach(buf: Uint8Array, start: number): this {
    this.#pack.attach(buf, start);
    return this;
  }

  get size(): number {
    return this.#pack.count >> 1;
  }

  // --- members -------------------------------------------------------------------------------------------------

  find(buf: Uint8Array, off: number, len: number): Member {
    return this.#pack.find(this.#pack.first(), buf, off, len, 1);
  }

  scoreOf(member: Member): number {
    return this.#scoreAt(this.#pack.next(member));
  }

  /** The score that an entry holds. */
  #scoreAt(at: number): number {
    const pack = this.#pack;
    pack.read(at);
    if (pack.isInt) return Number(pack.int);
    const { buf, stringOff, stringLen } = pack;
    const short = parseShortDecimal(buf, stringOff, stringLen);
    if (short === short) return short;
    return parseDouble(decodeLatin1(buf.subarray(stringOff, stringOff + stringLen))) ?? 0;
  }

  add(buf: Uint8Array, off: number, len: number, score: number): void {
    const pack = this.#pack;
    const member = entryBytesFor(buf, off, len);
    const at = this.#placeFor(buf, off, len, score);
    const place = pack.splice(this.#owner, at, 0, member + this.#prepareScore(score), 2);
    writeEntry(pack.buf, place, buf, off, len);
    this.#writeScore(place + member, score);
  }

  /** Where a member belongs: the position of the one that comes after it, or the end. */
  #placeFor(buf: Uint8Array, off: number, len: number, score: number): number {
    const pack = this.#pack;
    const last = pack.last();
    // Scores that only grow need no walk.
    if (last === 0 || this.#scoreAt(last) < score) return pack.end();
    let at = pack.first();
    while (at !== 0) {
      const scoreAt = pack.next(at);
      const other = this.#scoreAt(scoreAt);
      if (other > score || (other === score && this.#compare(at, buf, off, len) > 0)) return at;
      at = pack.next(scoreAt);
    }
    return pack.end();
  }

  rescore(member: Member, score: number): void {
    const pack = this.#pack;
    const scoreAt = pack.next(member);
    const before = pack.prev(member);
    const after = pack.next(scoreAt);
    const staysAfter = before === 0 || this.#scoreAt(before) < score;
    if (staysAfter && (after === 0 || this.#scoreAt(pack.next(after)) > score)) {
      const held = pack.entryBytes(scoreAt);
      const place = pack.splice(this.#owner, scoreAt, held, this.#prepareScore(score), 0);
      this.#writeScore(place, score);
      return;
    }
    const bytes = pack.bytesAt(member);
    this.remove(member);
    this.add(bytes, 0, bytes.length, score);
  }

  remove(member: Member): void {
    this.#pack.remove(this.#owner, member, 2);
  }

  removeRange(rank: number, length: number): void {
    this.#pack.remove(this.#owner, this.#pack.seek(rank * 2), length * 2);
  }

  removeHere(): void {
    this.remove(this.#at);
  }

  /** Bytes that the entry of a score takes; {@link #writeScore} writes it then. */
  #prepareScore(score: number): number {
    if (Number.isSafeInteger(score)) {
      this.#scoreLength = 0;
      return integerEntryBytes(score);
    }
    const text = formatDouble(score);
    for (let i = 0; i < text.length; i++) this.#scoreText[i] = text.charCodeAt(i);
    this.#scoreLength = text.length;
    return entryBytesFor(this.#scoreText, 0, text.length);
  }

  #writeScore(at: number, score: number): void {
    const { buf } = this.#pack;
    // Minus zero becomes zero, as it does in Redis.
    if (this.#scoreLength === 0) writeIntegerEntry(buf, at, score + 0);
    else writeEntry(buf, at, this.#scoreText, 0, this.#scoreLength);
  }

  // --- order ---------------------------------------------------------------------------------------------------

  rankOf(member: Member): number {
    const pack = this.#pack;
    let rank = 0;
    for (let at = pack.first(); at !== member; at = this.#nextMember(at)) rank++;
    return rank;
  }

  countBelow(bound: number, inclusive: boolean): number {
    const pack = this.#pack;
    let count = 0;
    let at = pack.first();
    while (at !== 0) {
      const scoreAt = pack.next(at);
      const score = this.#scoreAt(scoreAt);
      if (score > bound || (score === bound && !inclusive)) break;
      count++;
      at = pack.next(scoreAt);
    }
    return count;
  }

  countBelowBytes(buf: Uint8Array, off: number, len: number, inclusive: boolean): number {
    const limit = inclusive ? 1 : 0;
    let count = 0;
    let at = this.#pack.first();
    for (; at !== 0 && this.#compare(at, buf, off, len) < limit; at = this.#nextMember(at)) count++;
    return count;
  }

  seek(rank: number): void {
    this.#arrive(this.#pack.seek(rank * 2));
  }

  forward(): void {
    const at = this.#nextMember(this.#at);
    if (at !== 0) this.#arrive(at);
  }

  back(): void {
    const scoreAt = this.#pack.prev(this.#at);
    if (scoreAt !== 0) this.#arrive(this.#pack.prev(scoreAt));
  }

  #nextMember(at: number): number {
    return this.#pack.next(this.#pack.next(at));
  }

  #arrive(at: number): void {
    const pack = this.#pack;
    this.#at = at;
    this.score = this.#scoreAt(pack.next(at));
    pack.read(at);
    if (pack.isInt) {
      this.buf = this.#memberText;
      this.off = 0;
      this.len = writeInteger(pack.int, this.#memberText);
    } else {
      this.buf = pack.buf;
      this.off = pack.stringOff;
      this.len = pack.stringLen;
    }
  }

  /** Orders the member of an entry and other bytes. */
  #compare(at: number, buf: Uint8Array, off: number, len: number): number {
    const pack = this.#pack;
    const text = pack.readText(at, this.#otherText);
    return compareBytes(text, pack.stringOff, pack.stringLen, buf, off, len);
  }
}
