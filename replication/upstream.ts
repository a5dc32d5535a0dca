/**
 * A connection to a primary, up to the point where its stream begins: the handshake, and what it sends of its data.
 *
 *     PING
 *     AUTH …, REPLCONF listening-port …, REPLCONF ip-address …, REPLCONF capa …     in one go
 *     PSYNC id offset     ──►  +CONTINUE [id]        the stream goes on
 *                              +FULLRESYNC id offset
 *                              $length | $EOF:mark   all data as RDB, then the stream
 *
 * While a primary prepares its answer, or its data, it sends empty lines.
 *
 * @module
 */

import { Args, decodeLatin1, encodeLatin1 } from "../server/resp/args.ts";
import { requestLength, writeRequest } from "./stream.ts";

/** Digits of an id, and of the mark at a snapshot's end. */
const ID_LENGTH = 40;
/** No answer of a primary is longer. */
const LONGEST_LINE = 1024;
const READ_BYTES = 64 * 1024;
const LF = 10;

/** The socket, as Deno has it. */
export interface UpstreamSocket {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** Why a sync failed: what a primary said, or how the connection ended. */
export class SyncFailure extends Error {
  override readonly name = "SyncFailure";
}

/** What a replica tells its primary of itself. */
export interface Introduction {
  /** Credentials, where the primary asks for them. */
  readonly user: string;
  readonly password: string;
  /** The port, and where it is another than the connection's, the address to be known by. */
  readonly port: number;
  readonly address: string;
}

/** What a primary answers to PSYNC. */
export type SyncAnswer =
  /** The stream goes on; `id` is the history's name, if the primary tells it. */
  | { readonly kind: "continue"; readonly id: string | undefined }
  /** All data follow, and then the stream from `offset` on; neither is known of a primary that has no PSYNC. */
  | { readonly kind: "full"; readonly id: string; readonly offset: number }
  /** The primary cannot answer now. */
  | { readonly kind: "later"; readonly why: string }
  /** The primary does not know PSYNC, or refuses it. */
  | { readonly kind: "refused"; readonly why: string };

/** How long the data are: so many bytes, or up to a mark. */
export type PayloadEnd = { readonly length: number } | { readonly mark: Uint8Array };

/** A connection to a primary. All methods throw {@link SyncFailure} when it ends. */
export class Upstream {
  readonly socket: UpstreamSocket;
  /** How many bytes have come. */
  receivedBytes = 0;
  readonly #onRead: () => void;
  /** What has come and is not used yet. */
  #unread: Uint8Array = new Uint8Array(0);
  #isClosed = false;

  /** @param onRead called whenever something has come */
  constructor(socket: UpstreamSocket, onRead: () => void) {
    this.socket = socket;
    this.#onRead = onRead;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.socket.close();
  }

  /** Sends all bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.socket.write(bytes.subarray(at));
    } catch (error) {
      throw new SyncFailure(`the connection broke: ${messageOf(error)}`);
    }
  }

  /** Bytes that have come, at least one: what is left of former reads first. */
  async read(): Promise<Uint8Array> {
    const unread = this.#unread;
    if (unread.length > 0) {
      this.#unread = unread.subarray(unread.length);
      return unread;
    }
    const chunk = new Uint8Array(READ_BYTES);
    let count: number | null;
    try {
      count = await this.socket.read(chunk);
    } catch (error) {
      throw new SyncFailure(`the connection broke: ${messageOf(error)}`);
    }
    if (count === null) throw new SyncFailure("the primary closed the connection");
    this.receivedBytes += count;
    this.#onRead();
    return chunk.subarray(0, count);
  }

  /** What has come and was not used. */
  get rest(): Uint8Array {
    return this.#unread;
  }

  /** Gives bytes back, to be read next. */
  unread(bytes: Uint8Array): void {
    this.#unread = bytes;
  }

  /** The next line without its end. */
  async line(): Promise<string> {
    let line = new Uint8Array(0);
    for (;;) {
      const chunk = await this.read();
      const end = chunk.indexOf(LF);
      line = concat(line, end < 0 ? chunk : chunk.subarray(0, end));
      if (line.length > LONGEST_LINE) throw new SyncFailure("an answer is too long");
      if (end < 0) continue;
      this.unread(chunk.subarray(end + 1));
      return decodeLatin1(line).replace(/\r$/, "");
    }
  }

  /** The next line that is not empty. */
  async answer(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line !== "") return line;
    }
  }

  // --- the handshake ------------------------------------------------------------------------------------------

  /** Makes the replica known; `note` is told what the primary does not understand, which does no harm. */
  async introduce(
    { user, password, port, address }: Introduction,
    note: (message: string) => void,
  ): Promise<void> {
    await this.send(request("PING"));
    const pong = await this.answer();
    if (!/^(\+|-NOAUTH|-NOPERM|-ERR operation not permitted)/.test(pong)) {
      throw new SyncFailure(`Error reply to PING from master: '${pong}'`);
    }
    const credentials = user === "" ? [password] : [user, password];
    const requests: (readonly [...words: string[]])[] = [
      ...(password === "" ? [] : [["AUTH", ...credentials]]),
      ["REPLCONF", "listening-port", String(port)],
      ...(address === "" ? [] : [["REPLCONF", "ip-address", address]]),
      // A primary ignores what it does not know: the last is coolcache's own.
      ["REPLCONF", "capa", "eof", "capa", "psync2", "capa", "field-times"],
    ];
    await this.send(concat(...requests.map((words) => request(...words))));
    for (const [name, option] of requests) {
      const reply = await this.answer();
      if (!reply.startsWith("-")) continue;
      if (name === "AUTH") throw new SyncFailure(`Unable to AUTH to MASTER: ${reply}`);
      note(`(Non critical) Master does not understand ${name} ${option}: ${reply}`);
    }
  }

  /** Asks for the stream after so many bytes of a history, or (undefined) for everything. */
  async psync(
    from: { readonly id: string; readonly offset: number } | undefined,
    { isFailover = false } = {},
  ): Promise<SyncAnswer> {
    const state = from === undefined ? ["?", "-1"] : [from.id, String(from.offset + 1)];
    await this.send(request("PSYNC", ...state, ...(isFailover ? ["FAILOVER"] : [])));
    const reply = await this.answer();
    const [word, id, offset] = reply.split(" ");
    if (word === "+FULLRESYNC") {
      if (!isId(id) || !/^\d+$/.test(offset)) {
        throw new SyncFailure("Master replied with wrong +FULLRESYNC syntax.");
      }
      return { kind: "full", id, offset: Number(offset) };
    }
    if (word === "+CONTINUE") return { kind: "continue", id: isId(id) ? id : undefined };
    const kind = word === "-NOMASTERLINK" || word === "-LOADING" ? "later" : "refused";
    return { kind, why: reply };
  }

  // --- the data -----------------------------------------------------------------------------------------------

  /** Waits for the data, and answers where they will end. */
  async payloadEnd(): Promise<PayloadEnd> {
    const line = await this.answer();
    if (line.startsWith("-")) {
      throw new SyncFailure(`MASTER aborted replication with an error: ${line.slice(1)}`);
    }
    if (line.startsWith("$EOF:") && line.length >= 5 + ID_LENGTH) {
      return { mark: encodeLatin1(line.slice(5, 5 + ID_LENGTH)) };
    }
    if (!/^\$\d+$/.test(line)) {
      throw new SyncFailure(
        `Bad protocol from MASTER, the first byte is not '$' (we received '${line}'), ` +
          `are you sure the host and port are right?`,
      );
    }
    return { length: Number(line.slice(1)) };
  }

  /** The data, piece by piece; what follows them is there to be read afterwards. */
  payload(end: PayloadEnd): AsyncGenerator<Uint8Array, void> {
    return "mark" in end ? this.#untilMark(end.mark) : this.#counted(end.length);
  }

  async *#counted(length: number): AsyncGenerator<Uint8Array, void> {
    for (let left = length; left > 0;) {
      const chunk = await this.read();
      if (chunk.length > left) this.unread(chunk.subarray(left));
      const part = chunk.subarray(0, left);
      left -= part.length;
      yield part;
    }
  }

  async *#untilMark(mark: Uint8Array): AsyncGenerator<Uint8Array, void> {
    /** The end of what came before, which may be the beginning of the mark. */
    let held: Uint8Array = new Uint8Array(0);
    for (;;) {
      const bytes = concat(held, await this.read());
      const at = indexOf(bytes, mark);
      if (at >= 0) {
        this.unread(bytes.subarray(at + mark.length));
        if (at > 0) yield bytes.subarray(0, at);
        return;
      }
      const safe = Math.max(0, bytes.length - mark.length + 1);
      held = bytes.slice(safe);
      if (safe > 0) yield bytes.subarray(0, safe);
    }
  }
}

/** A request in RESP. */
export function request(...words: readonly string[]): Uint8Array {
  const args = Args.of(...words);
  const bytes = new Uint8Array(requestLength(args));
  writeRequest(args, bytes, 0);
  return bytes;
}

function isId(text: string | undefined): text is string {
  return text?.length === ID_LENGTH;
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array): number {
  for (let at = 0;; at++) {
    at = bytes.indexOf(pattern[0], at);
    if (at < 0 || at + pattern.length > bytes.length) return -1;
    let i = 1;
    while (i < pattern.length && bytes[at + i] === pattern[i]) i++;
    if (i === pattern.length) return at;
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
