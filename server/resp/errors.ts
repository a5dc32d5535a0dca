/**
 * The two ways in which the protocol layer says no.
 *
 * A {@link ReplyError} is an expected refusal: its text, code first, goes to the client as it stands and the
 * connection lives on. A {@link ProtocolError} means that the byte stream can no longer be followed: the client
 * is told once and the connection is closed.
 *
 * @module
 */

/**
 * A refusal whose text is sent to the client as an error reply, for example `ERR syntax error`. Each character is one
 * byte, so that arguments are quoted as they came: take them from `args.binary`.
 */
export class ReplyError extends Error {
  override readonly name = "ReplyError";
  /** Whether the statistics know of it already: a script hands on the error of a command. */
  readonly isCounted: boolean;
  /** Whether a transaction that ends with it is answered with nothing else: clients follow redirections. */
  readonly isBare: boolean;

  constructor(message?: string, options: { isCounted?: boolean; isBare?: boolean } = {}) {
    super(message);
    this.isCounted = options.isCounted ?? false;
    this.isBare = options.isBare ?? false;
  }

  /** The first word of the text, which clients match on: `ERR`, `WRONGTYPE`, `OOM` … */
  get code(): string {
    const space = this.message.indexOf(" ");
    return space < 0 ? this.message : this.message.slice(0, space);
  }
}

/** An error's text as a reply can hold it, on one line: line breaks at its end are dropped, others become blanks. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+$/, "").replace(/[\r\n]/g, " ");
}

/** The request stream is broken beyond recovery; the message follows `ERR Protocol error: `. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** An argument that should be a 64-bit signed integer is not. */
export function notAnInteger(): ReplyError {
  return new ReplyError("ERR value is not an integer or out of range");
}

/** An argument that should be a floating-point number is not. */
export function notAFloat(): ReplyError {
  return new ReplyError("ERR value is not a valid float");
}

/** The arguments do not fit the command's grammar. */
export function syntaxError(): ReplyError {
  return new ReplyError("ERR syntax error");
}
