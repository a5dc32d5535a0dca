/**
 * Raw RESP replies: where one ends, what kind it is, how to show it to a person.
 *
 *     *2\r\n  $3\r\nfoo\r\n  :1\r\n        an aggregate of two, a bulk, a line
 *     |1\r\n  +ttl\r\n :3\r\n  $1\r\nx\r\n an attribute goes with the reply after it
 *
 * Every element begins with a line: a type byte and, for bulks and aggregates, a length. So the end
 * of a reply is found by counting the elements still to come, with no stack and no decoding.
 *
 * Knows nothing of the decoders under test. Values stay bytes; nothing here reads a number but
 * lengths.
 *
 * @module
 */

const LF = 10;

/** How a type byte goes on after its line. */
const SHAPES: ReadonlyMap<string, "line" | "bulk" | "list" | "map" | "attribute"> = new Map([
  ["+", "line"],
  ["-", "line"],
  [":", "line"],
  ["_", "line"],
  ["#", "line"],
  [",", "line"],
  ["(", "line"],
  ["$", "bulk"],
  ["=", "bulk"],
  ["!", "bulk"],
  ["*", "list"],
  ["~", "list"],
  [">", "list"],
  ["%", "map"],
  ["|", "attribute"],
]);

/** The first line of an element. `end` is where its children, or the next element, begin. */
interface Element {
  type: string;
  end: number;
  /** How many elements follow that belong to it. */
  children: number;
}

/** Reads the element at `at`, or `undefined` when not all of its own bytes are there. */
function readElement(bytes: Uint8Array, at: number): Element | undefined {
  if (at >= bytes.length) return undefined;
  const type = String.fromCharCode(bytes[at]);
  const shape = SHAPES.get(type);
  if (!shape) throw new Error(`Not a RESP reply: ${showBytes(bytes.subarray(at, at + 80))}`);
  const lf = bytes.indexOf(LF, at + 1);
  if (lf < 0) return undefined;
  const end = lf + 1;
  if (shape === "line") return { type, end, children: 0 };

  const header = latin1(bytes.subarray(at + 1, lf - 1));
  if (!/^(-1|\d+)$/.test(header)) throw new Error(`Not a RESP length: ${type}${header}`);
  const length = Number(header);
  if (length < 0) return { type, end, children: 0 };
  if (shape === "list") return { type, end, children: length };
  if (shape === "map") return { type, end, children: 2 * length };
  if (shape === "attribute") return { type, end, children: 2 * length + 1 };
  return end + length + 2 <= bytes.length
    ? { type, end: end + length + 2, children: 0 }
    : undefined;
}

/** Cuts a stream of reply bytes into whole replies, however the bytes arrive. */
export class ReplySplitter {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;
  /** Everything from `#start` to here has been counted. */
  #cursor = 0;
  /** Elements of the reply at `#start` that are still to come. */
  #missing = 1;

  /** Bytes that are here but not yet taken. */
  get pending(): Uint8Array {
    return this.#buffer.slice(this.#start, this.#end);
  }

  /** Adds bytes that arrived. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next whole reply as a copy of its bytes, or `undefined`. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    const filled = this.#buffer.subarray(0, this.#end);
    while (this.#missing > 0) {
      const element = readElement(filled, this.#cursor);
      if (!element) return undefined;
      this.#cursor = element.end;
      this.#missing += element.children - 1;
    }
    const reply = this.#buffer.slice(this.#start, this.#cursor);
    this.#start = this.#cursor;
    this.#missing = 1;
    return reply;
  }

  #makeRoom(wanted: number): void {
    const used = this.#end - this.#start;
    const size = Math.max(this.#buffer.length, 2 * (used + wanted));
    const larger = new Uint8Array(size);
    larger.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = larger;
    this.#cursor -= this.#start;
    this.#start = 0;
    this.#end = used;
  }
}

/**
 * The kind of a reply: its type byte, or `null` for each of the three ways to say nothing. An
 * attribute in front counts as the kind.
 */
export function replyKind(reply: Uint8Array): string {
  const head = latin1(reply.subarray(0, 3));
  return head === "$-1" || head === "*-1" || head[0] === "_" ? "null" : head[0];
}

/**
 * A reply as text in which the order of elements does not show: two replies that differ only in
 * the order inside their arrays, sets and maps, at any depth, give the same text.
 */
export function unorderedReply(reply: Uint8Array): string {
  return unorderedElement(reply, 0).text;
}

function unorderedElement(bytes: Uint8Array, at: number): { text: string; end: number } {
  const element = readElement(bytes, at);
  if (!element) throw new Error(`Half a reply: ${showBytes(bytes)}`);
  const own = latin1(bytes.subarray(at, element.end));
  const children: string[] = [];
  let end = element.end;
  for (let i = 0; i < element.children; i++) {
    const child = unorderedElement(bytes, end);
    children.push(child.text);
    end = child.end;
  }
  if (element.type === "|") return { text: own + children.join(""), end };
  if (element.type !== "%") return { text: own + children.sort().join(""), end };
  const pairs: string[] = [];
  for (let i = 0; i < children.length; i += 2) pairs.push(children[i] + children[i + 1]);
  return { text: own + pairs.sort().join(""), end };
}

/** Bytes as one printable line, with `\r`, `\n` and `\xHH` for what does not print. */
export function showBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 13) text += "\\r";
    else if (byte === 10) text += "\\n";
    else if (byte === 92) text += "\\\\";
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += "\\x" + byte.toString(16).padStart(2, "0");
  }
  return text;
}

/** One character for each byte; `TextDecoder("latin1")` means another table. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
