/**
 * The replication stream: every effect as one request in RESP, with SELECT where the database changes.
 *
 * Each effect is encoded once, into blocks that are only ever appended to, so that all replicas may be sent the same
 * bytes from where they lie:
 *
 *     block ──► block ──► block        the backlog begins with the first, effects are added to the last
 *                 ▲         ▲
 *              a slow     most         each replica has a reader, which keeps the blocks from its place on
 *              replica    replicas
 *
 * The *offset* counts the bytes of the stream. The backlog keeps at least so many of the last ones as it is told to; a
 * replica that lost its connection goes on from there. Id and offset together name a state of the data: nothing but
 * what is in the stream may change it.
 *
 * A primary composes the stream; a replica takes over its primary's, byte for byte, with its id and offset, so that
 * all servers that follow one primary have the same stream and can go on from each other. Who is promoted begins a
 * new history where the old one ends for him: until there he knows the old id as the *second* one.
 *
 * Knows nothing of sockets, replicas or time.
 *
 * @module
 */

import { Args } from "../server/resp/args.ts";
import { copyBytes } from "../storage/memory/bytes.ts";
import { NO_DATABASE } from "./effects.ts";

/** Smaller requests share blocks of so many bytes; a larger one has a block of its own. */
const BLOCK_BYTES = 64 * 1024;
const STAR = 42;
const DOLLAR = 36;
const CR = 13;
const LF = 10;
const ZERO = 48;
/** Type and line end around the digits of a length. */
const HEADER_EXTRA = 3;

/** Bytes of the stream, from one offset on. */
interface Block {
  readonly bytes: Uint8Array;
  /** How many bytes of the stream come before it. */
  readonly start: number;
  /** How many of its bytes are in use. */
  length: number;
  next: Block | undefined;
}

/** Where a reader's next bytes lie: they will not change. */
export interface StreamRange {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** One server's replication stream. */
export class ReplicationStream {
  /** 40 hexadecimal digits that name the history that the stream belongs to. */
  id: string;
  /** The name that the history had up to {@link secondOffset}; undefined when it never had another one. */
  secondId: string | undefined;
  /** How many bytes there were when the history got its present name. */
  secondOffset = 0;
  #offset = 0;
  /** The backlog; undefined while none is kept. */
  #first: Block | undefined;
  #last: Block | undefined;
  /** The database that replicas have selected; {@link NO_DATABASE} when they may have any. */
  #database: number = NO_DATABASE;
  readonly #backlogBytes: () => number;

  /** @param backlogBytes how many of the last bytes are to be kept, at least */
  constructor(id: string, backlogBytes: () => number) {
    this.id = id;
    this.#backlogBytes = backlogBytes;
  }

  /** How many bytes there have been. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether effects are kept. */
  get isOpen(): boolean {
    return this.#last !== undefined;
  }

  /** How many bytes came before those in the backlog. */
  get backlogStart(): number {
    return this.#first?.start ?? this.#offset;
  }

  /** How many bytes the backlog holds. */
  get backlogLength(): number {
    return this.#offset - this.backlogStart;
  }

  /** The database that replicas have selected; undefined when they may have any. */
  get database(): number | undefined {
    return this.#database === NO_DATABASE ? undefined : this.#database;
  }

  /** Begins to keep what is added, under a new id: nobody knows what happened before. */
  open(id: string): void {
    this.id = id;
    this.secondId = undefined;
    this.keep();
  }

  /** Begins to keep what is added to a history that is known so far; does nothing where that is so already. */
  keep(): void {
    if (this.isOpen) return;
    this.#first = this.#last = newBlock(this.#offset, BLOCK_BYTES);
    this.#database = NO_DATABASE;
  }

  /** Gives the backlog up, and with it the history. */
  close(id: string): void {
    this.id = id;
    this.secondId = undefined;
    this.#first = this.#last = undefined;
  }

  /** Takes over another server's history, of which so many bytes are known to have been; keeps what follows. */
  restart(id: string, offset: number): void {
    this.close(id);
    this.#offset = offset;
    this.keep();
  }

  /** Gives the history another name from here on: its server was promoted, or follows one that was. */
  rename(id: string): void {
    this.secondId = this.id;
    this.secondOffset = this.#offset;
    this.id = id;
    this.#database = NO_DATABASE;
  }

  /** Whether a state, named by id and offset, belongs to this history. */
  includes(id: string, offset: number): boolean {
    return id === this.id || (id === this.secondId && offset <= this.secondOffset);
  }

  /** Lets the next effect begin with SELECT: a replica is about to begin without knowing the database. */
  forgetDatabase(): void {
    this.#database = NO_DATABASE;
  }

  /** Adds an effect on a database, or on {@link NO_DATABASE}. O(bytes). */
  add(database: number, args: Args): void {
    if (database !== NO_DATABASE && database !== this.#database) {
      this.#database = database;
      this.#append(Args.of("SELECT", String(database)));
    }
    this.#append(args);
    this.#trim();
  }

  /** Counts an effect that is not kept as one byte, so that no offset before it covers it; only while it is not open. */
  pass(): void {
    this.#offset++;
  }

  /** Adds bytes of a primary's stream as they are. O(bytes). */
  relay(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const block = this.#roomFor(1);
      const to = Math.min(bytes.length, from + block.bytes.length - block.length);
      block.bytes.set(bytes.subarray(from, to), block.length);
      block.length += to - from;
      this.#offset += to - from;
      from = to;
    }
    this.#trim();
  }

  #append(args: Args): void {
    const size = requestLength(args);
    const block = this.#roomFor(size);
    block.length = writeRequest(args, block.bytes, block.length);
    this.#offset += size;
  }

  #roomFor(size: number): Block {
    const last = this.#last;
    if (last === undefined) throw new Error("The replication stream is not open");
    if (last.length + size <= last.bytes.length) return last;
    const block = newBlock(this.#offset, Math.max(size, BLOCK_BYTES));
    this.#last = last.next = block;
    return block;
  }

  /** Lets blocks go that are not needed for the backlog. */
  #trim(): void {
    const least = this.#backlogBytes();
    while (this.#first?.next !== undefined && this.#offset - this.#first.next.start >= least) {
      this.#first = this.#first.next;
    }
  }

  /** Whether the backlog holds everything after so many bytes. */
  reaches(offset: number): boolean {
    return this.isOpen && offset >= this.backlogStart && offset <= this.#offset;
  }

  /** Reads what comes after so many bytes, which the backlog {@link reaches}. O(blocks). */
  readFrom(offset: number): StreamReader {
    let block = this.#first;
    while (block !== undefined && block.start + block.length < offset) block = block.next;
    if (block === undefined || block.start > offset) {
      throw new Error(`The backlog does not reach back to ${offset}`);
    }
    return new StreamReader(block, offset - block.start);
  }
}

/** One replica's place in the stream. */
export class StreamReader {
  #block: Block;
  #at: number;

  constructor(block: Block, at: number) {
    this.#block = block;
    this.#at = at;
  }

  /** How many bytes of the stream it has passed. */
  get offset(): number {
    return this.#block.start + this.#at;
  }

  /** The next bytes, all that lie in one place, and steps over them; undefined when there are none yet. */
  next(): StreamRange | undefined {
    while (this.#at === this.#block.length) {
      const { next } = this.#block;
      if (next === undefined) return undefined;
      this.#block = next;
      this.#at = 0;
    }
    const { bytes, length } = this.#block;
    const range = { bytes, from: this.#at, to: length };
    this.#at = length;
    return range;
  }
}

function newBlock(start: number, size: number): Block {
  return { bytes: new Uint8Array(size), start, length: 0, next: undefined };
}

/** How many bytes a request takes in RESP. O(arguments). */
export function requestLength({ len, count }: Args): number {
  let size = HEADER_EXTRA + digitsOf(count);
  for (let i = 0; i < count; i++) size += HEADER_EXTRA + digitsOf(len[i]) + len[i] + 2;
  return size;
}

/** Writes a request in RESP where there is room for it; answers where it ends. O(bytes). */
export function writeRequest(
  { buf, off, len, count }: Args,
  bytes: Uint8Array,
  start: number,
): number {
  let at = writeHeader(bytes, start, STAR, count);
  for (let i = 0; i < count; i++) {
    at = writeHeader(bytes, at, DOLLAR, len[i]);
    copyBytes(buf, off[i], bytes, at, len[i]);
    at += len[i];
    bytes[at++] = CR;
    bytes[at++] = LF;
  }
  return at;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** Writes `*value` or `$value` and the line's end; answers where it ends. */
function writeHeader(bytes: Uint8Array, at: number, type: number, value: number): number {
  bytes[at++] = type;
  const end = at + digitsOf(value);
  let rest = value;
  for (let digit = end - 1; digit >= at; digit--) {
    bytes[digit] = ZERO + rest % 10;
    rest = Math.floor(rest / 10);
  }
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return end + 2;
}
