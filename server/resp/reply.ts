/**
 * Where handlers put their answers.
 *
 * A handler speaks of values (a bulk string, a map of three pairs, a double); what they look like is decided behind
 * this interface: {@link ./reply_encoder.ts | RESP2 and RESP3 bytes} for clients, values for scripts,
 * {@link DiscardReply | nothing} for replayed commands. Aggregates are announced with their size and followed by their
 * elements.
 *
 * @module
 */

/** Text goes out as UTF-8; bytes as they are. */
export type ReplyText = string | Uint8Array;

/** The sink of one command's answer. */
export interface Reply {
  /** Which protocol the receiver speaks; handlers ask only where Redis's reply has another shape. */
  readonly protocol: 2 | 3;
  /** `+OK` */
  ok(): void;
  /** A status line, such as `+PONG`; it has no line breaks. */
  simple(text: ReplyText): void;
  /**
   * An error, its code first, each character one byte: what it quotes of a request comes from `args.binary`. Handlers
   * throw a ReplyError instead, except within aggregates.
   */
  error(text: string): void;
  int(value: number | bigint): void;
  bulk(value: ReplyText): void;
  /** A bulk string of bytes that lie in a larger buffer; the hot path of GET. */
  bulkAt(buf: Uint8Array, off: number, len: number): void;
  /** The absent value: RESP2's null bulk string. */
  null(): void;
  /** The absent aggregate: RESP2's null array. */
  nullArray(): void;
  bool(value: boolean): void;
  /** `digits`: its text, where that is not the shortest one (GEOPOS). */
  double(value: number, digits?: string): void;
  /** An integer of any size, given in decimal. */
  bigNumber(digits: string): void;
  /** Text for people, with its three-letter format. */
  verbatim(format: "txt" | "mkd", text: ReplyText): void;
  array(length: number): void;
  /** `pairs` keys, each followed by its value. */
  map(pairs: number): void;
  set(length: number): void;
  push(length: number): void;
  /** RESP3 only: `pairs` keys and values about the reply that follows them. */
  attribute(pairs: number): void;
  /** Where the next reply begins, for {@link rollback}. */
  mark(): number;
  /** Takes back what was replied since the mark: an error has come in between. */
  rollback(mark: number): void;
  /** Begins an aggregate whose size is not known yet; answers a mark for {@link close}, or for {@link rollback}. */
  open(): number;
  /** Ends what {@link open} began. Costs a move of the bytes in between. */
  close(mark: number, kind: "array" | "map" | "set", length: number): void;
}

/** Takes every reply and forgets it; remembers the last error, which a replay must not pass over. */
export class DiscardReply implements Reply {
  readonly protocol = 2;
  lastError: string | undefined;

  ok(): void {}
  simple(): void {}
  error(text: string): void {
    this.lastError = text;
  }
  int(): void {}
  bulk(): void {}
  bulkAt(): void {}
  null(): void {}
  nullArray(): void {}
  bool(): void {}
  double(): void {}
  bigNumber(): void {}
  verbatim(): void {}
  array(): void {}
  map(): void {}
  set(): void {}
  push(): void {}
  attribute(): void {}
  mark(): number {
    return 0;
  }
  rollback(): void {}
  open(): number {
    return 0;
  }
  close(): void {}
}
