/**
 * JSON into Lua values, read where the string lies in Lua's memory.
 *
 * Works as Lua CJSON: tokens first, then a syntax over tokens, so that an error names the token that was found. A string of C ends
 * at its first zero, and Lua puts one behind each of its strings: that zero is the end of the text. Numbers are whatever C's
 * `strtod` reads, with hexadecimal ones, infinities and NaN unless the settings refuse those.
 *
 * Loops instead of calling itself; open tables lie on Lua's stack, whose own limit bounds the depth.
 *
 * @module
 */

import { LuaError, type LuaStack } from "../lua_library.ts";
import type { ByteBuffer } from "./byte_buffer.ts";

export interface JsonDecoding {
  /** Of arrays and objects within each other. */
  readonly maxDepth: number;
  /** Whether to take what only `strtod` knows. */
  readonly allowInvalidNumbers: boolean;
  /** Where strings with escapes are put together. */
  readonly scratch: ByteBuffer;
}

/** In the order of {@link TOKEN_NAMES}. */
const Token = {
  objectBegin: 0,
  objectEnd: 1,
  arrayBegin: 2,
  arrayEnd: 3,
  string: 4,
  number: 5,
  boolean: 6,
  null: 7,
  colon: 8,
  comma: 9,
  end: 10,
  whitespace: 11,
  error: 12,
  /** Begins one that takes a closer look. */
  unknown: 13,
} as const;
type Token = typeof Token[keyof typeof Token];

const TOKEN_NAMES = [
  "T_OBJ_BEGIN",
  "T_OBJ_END",
  "T_ARR_BEGIN",
  "T_ARR_END",
  "T_STRING",
  "T_NUMBER",
  "T_BOOLEAN",
  "T_NULL",
  "T_COLON",
  "T_COMMA",
  "T_END",
];

/** The token that a byte begins. */
const TOKENS: Uint8Array = (() => {
  const tokens = new Uint8Array(256).fill(Token.error);
  const set = (characters: string, token: Token) => {
    for (const character of characters) tokens[character.charCodeAt(0)] = token;
  };
  set("{", Token.objectBegin);
  set("}", Token.objectEnd);
  set("[", Token.arrayBegin);
  set("]", Token.arrayEnd);
  set(":", Token.colon);
  set(",", Token.comma);
  set("\0", Token.end);
  set(" \t\n\r", Token.whitespace);
  set('fiInNt"+-0123456789', Token.unknown);
  return tokens;
})();

/** What a letter after a backslash stands for; 0 for nothing. */
const ESCAPED: Uint8Array = (() => {
  const escaped = new Uint8Array(256);
  const pairs = { '"': '"', "\\": "\\", "/": "/", b: "\b", t: "\t", n: "\n", f: "\f", r: "\r" };
  for (const [letter, character] of Object.entries(pairs)) {
    escaped[letter.charCodeAt(0)] = character.charCodeAt(0);
  }
  return escaped;
})();

const QUOTE = 0x22;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** So many digits make a sum without rounding. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS }, (_, exponent) => 10 ** exponent);
/** No longer piece of text is looked at for a number that is not plain. */
const NUMBER_PIECE = 64;

/** What `strtod` reads, at the beginning. */
const STRTOD =
  /^[-+]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[-+]?[0-9]+)?|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)/i;
/** What only `strtod` takes for a number: a plus, hexadecimals, leading zeros, infinities, NaN. */
const INVALID_NUMBER = /^(?:\+|-?(?:0[x0-9]|inf|nan))/i;

/**
 * Pushes the value of the JSON text on the stack at index 1, a string or a number.
 *
 * @throws {LuaError} on a text that is not JSON, and beyond the depth
 */
export function decodeJson(lua: LuaStack, options: JsonDecoding): void {
  new JsonDecoder(lua, options).decode();
}

class JsonDecoder {
  readonly #lua: LuaStack;
  readonly #options: JsonDecoding;
  /** Where the text begins and the next token, in Lua's memory. */
  readonly #begin: number;
  #at: number;
  #memory: Uint8Array;

  /** Where the last token begins, or where it is wrong, from the text's beginning. */
  #tokenAt = 0;
  /** Of the last token if it is {@link Token.error}. */
  #error = "";
  #number = 0;
  #boolean = false;
  /** A string as it lies in memory... */
  #stringAddress = 0;
  #stringLength = 0;
  /** ...unless it had to be put together in the scratch buffer. */
  #isUnescaped = false;

  constructor(lua: LuaStack, options: JsonDecoding) {
    this.#lua = lua;
    this.#options = options;
    this.#begin = this.#at = lua.stringAddress(1);
    this.#memory = lua.memory;
  }

  decode(): void {
    const memory = this.#memory;
    const isWide = this.#lua.objectLength(1) >= 2 &&
      (memory[this.#begin] === 0 || memory[this.#begin + 1] === 0);
    if (isWide) throw new LuaError("JSON parser does not support UTF-16 or UTF-32");
    this.#pushValue();
    const token = this.#nextToken();
    if (token !== Token.end) throw this.#unexpected("the end", token);
  }

  #pushValue(): void {
    const lua = this.#lua;
    /** Of each open table: the index of the array's value being read, 0 for an object. */
    const open: number[] = [];
    let token = this.#nextToken();
    for (;;) {
      // Begin a value.
      switch (token) {
        case Token.string:
          this.#pushString();
          break;
        case Token.number:
          lua.pushNumber(this.#number);
          break;
        case Token.boolean:
          lua.pushBoolean(this.#boolean);
          break;
        case Token.null:
          lua.pushNull();
          break;
        case Token.objectBegin:
          this.#descend(open.length + 1, 3);
          token = this.#nextToken();
          if (token !== Token.objectEnd) {
            this.#pushKey(token);
            open.push(0);
            token = this.#nextToken();
            continue;
          }
          break;
        case Token.arrayBegin:
          this.#descend(open.length + 1, 2);
          token = this.#nextToken();
          if (token !== Token.arrayEnd) {
            open.push(1);
            continue;
          }
          break;
        default:
          throw this.#unexpected("value", token);
      }

      // Put it into the table that is open, and end those that end here.
      for (;;) {
        const last = open.length - 1;
        if (last < 0) return;
        const index = open[last];
        if (index > 0) {
          lua.rawSetIndex(-2, index);
          token = this.#nextToken();
          if (token === Token.comma) {
            open[last] = index + 1;
            break;
          }
          if (token !== Token.arrayEnd) throw this.#unexpected("comma or array end", token);
        } else {
          lua.rawSet(-3);
          token = this.#nextToken();
          if (token === Token.comma) {
            this.#pushKey(this.#nextToken());
            break;
          }
          if (token !== Token.objectEnd) throw this.#unexpected("comma or object end", token);
        }
        open.pop();
      }
      token = this.#nextToken();
    }
  }

  #descend(depth: number, slots: number): void {
    if (depth > this.#options.maxDepth || !this.#lua.checkStack(slots)) {
      const at = this.#at - this.#begin;
      throw new LuaError(
        `Found too many nested data structures (${depth}) at character ${at}`,
      );
    }
    this.#lua.createTable(0, 0);
  }

  #pushKey(token: Token): void {
    if (token !== Token.string) throw this.#unexpected("object key string", token);
    this.#pushString();
    const next = this.#nextToken();
    if (next !== Token.colon) throw this.#unexpected("colon", next);
  }

  #pushString(): void {
    if (this.#isUnescaped) this.#options.scratch.push(this.#lua);
    else this.#lua.pushFromMemory(this.#stringAddress, this.#stringLength);
  }

  #unexpected(expected: string, token: Token): LuaError {
    const found = token === Token.error ? this.#error : TOKEN_NAMES[token];
    const message = `Expected ${expected} but found ${found} at character ${this.#tokenAt + 1}`;
    return new LuaError(message);
  }

  #wrong(error: string): Token {
    this.#error = error;
    this.#tokenAt = this.#at - this.#begin;
    return Token.error;
  }

  #nextToken(): Token {
    const memory = this.#memory = this.#lua.memory;
    let at = this.#at;
    let byte = memory[at];
    while (TOKENS[byte] === Token.whitespace) byte = memory[++at];
    this.#at = at;
    this.#tokenAt = at - this.#begin;

    const token = TOKENS[byte] as Token;
    switch (token) {
      case Token.unknown:
        break;
      case Token.error:
        return this.#wrong("invalid token");
      case Token.end:
        return token;
      default:
        this.#at++;
        return token;
    }
    if (byte === QUOTE) return this.#readString();
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.#readNumber();
    if (this.#skip("true")) {
      this.#boolean = true;
      return Token.boolean;
    }
    if (this.#skip("false")) {
      this.#boolean = false;
      return Token.boolean;
    }
    if (this.#skip("null")) return Token.null;
    if (this.#options.allowInvalidNumbers && INVALID_NUMBER.test(this.#piece(4))) {
      return this.#readOddNumber();
    }
    return this.#wrong("invalid token");
  }

  #skip(word: string): boolean {
    for (let i = 0; i < word.length; i++) {
      if (this.#memory[this.#at + i] !== word.charCodeAt(i)) return false;
    }
    this.#at += word.length;
    return true;
  }

  /** At most so many bytes from the current one, as text, up to the end. */
  #piece(most: number): string {
    let text = "";
    for (let i = 0; i < most; i++) {
      const byte = this.#memory[this.#at + i];
      if (byte === 0) break;
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #readNumber(): Token {
    const memory = this.#memory;
    let at = this.#at;
    const isNegative = memory[at] === MINUS;
    if (isNegative) at++;
    const first = at;
    let value = 0;
    let byte = memory[at];
    while (byte >= ZERO && byte <= NINE && at - first < EXACT_DIGITS) {
      value = value * 10 + byte - ZERO;
      byte = memory[++at];
    }
    const wholeDigits = at - first;
    let places = 0;
    if (byte === POINT && wholeDigits > 0) {
      byte = memory[++at];
      while (byte >= ZERO && byte <= NINE && wholeDigits + places < EXACT_DIGITS) {
        value = value * 10 + byte - ZERO;
        places++;
        byte = memory[++at];
      }
    }
    const hasLeadingZero = wholeDigits > 1 && memory[first] === ZERO;
    // Whatever ends an ordinary number: the end, a space, a comma or a bracket, all but letters, digits and points.
    const isPlain = wholeDigits > 0 && !hasLeadingZero && TOKENS[byte] !== Token.unknown &&
      TOKENS[byte] !== Token.error;
    if (isPlain) {
      this.#at = at;
      // Both are exact, so that the division rounds once, and rightly.
      if (places > 0) value /= POWERS_OF_TEN[places];
      this.#number = isNegative ? -value : value;
      return Token.number;
    }
    if (!this.#options.allowInvalidNumbers && INVALID_NUMBER.test(this.#piece(4))) {
      return this.#wrong("invalid number");
    }
    return this.#readOddNumber();
  }

  #readOddNumber(): Token {
    let most = NUMBER_PIECE;
    let match: RegExpExecArray | null;
    let piece: string;
    // A number that reaches the piece's end may go on behind it.
    do {
      piece = this.#piece(most);
      match = STRTOD.exec(piece);
      most *= 4;
    } while (match !== null && match[0].length + 16 > piece.length && piece.length === most / 4);
    if (match === null) return this.#wrong("invalid number");
    this.#at += match[0].length;
    this.#number = toDouble(match[0].toLowerCase());
    return Token.number;
  }

  #readString(): Token {
    const memory = this.#memory;
    let at = ++this.#at;
    let byte = memory[at];
    while (byte !== QUOTE && byte !== BACKSLASH && byte !== 0) byte = memory[++at];
    if (byte === QUOTE) {
      this.#stringAddress = this.#at;
      this.#stringLength = at - this.#at;
      this.#isUnescaped = false;
      this.#at = at + 1;
      return Token.string;
    }

    const bytes = this.#options.scratch;
    bytes.clear();
    bytes.copy(memory, this.#at, at - this.#at);
    this.#isUnescaped = true;
    this.#at = at;
    while ((byte = memory[this.#at]) !== QUOTE) {
      if (byte === 0) return this.#wrong("unexpected end of string");
      if (byte !== BACKSLASH) {
        bytes.byte(byte);
        this.#at++;
        continue;
      }
      const letter = memory[this.#at + 1];
      if (letter === LOWER_U) {
        if (!this.#readUnicodeEscape(bytes)) return this.#wrong("invalid unicode escape code");
        continue;
      }
      if (ESCAPED[letter] === 0) return this.#wrong("invalid escape code");
      bytes.byte(ESCAPED[letter]);
      this.#at += 2;
    }
    this.#at++;
    return Token.string;
  }

  /** Appends the character of `\uXXXX`, or of two of them that are a pair of surrogates; false if it is none. */
  #readUnicodeEscape(bytes: ByteBuffer): boolean {
    const memory = this.#memory;
    let codePoint = this.#hexadecimal(this.#at + 2);
    if (codePoint < 0) return false;
    let length = 6;
    if ((codePoint & 0xf800) === 0xd800) {
      const isHigh = (codePoint & 0x400) === 0;
      const next = this.#at + length;
      if (!isHigh || memory[next] !== BACKSLASH || memory[next + 1] !== LOWER_U) return false;
      const low = this.#hexadecimal(next + 2);
      if (low < 0 || (low & 0xfc00) !== 0xdc00) return false;
      codePoint = ((codePoint & 0x3ff) << 10 | (low & 0x3ff)) + 0x10000;
      length = 12;
    }
    this.#at += length;
    if (codePoint < 0x80) {
      bytes.byte(codePoint);
      return true;
    }
    if (codePoint < 0x800) {
      bytes.byte(codePoint >> 6 | 0xc0);
    } else {
      if (codePoint < 0x10000) {
        bytes.byte(codePoint >> 12 | 0xe0);
      } else {
        bytes.byte(codePoint >> 18 | 0xf0);
        bytes.byte(codePoint >> 12 & 0x3f | 0x80);
      }
      bytes.byte(codePoint >> 6 & 0x3f | 0x80);
    }
    bytes.byte(codePoint & 0x3f | 0x80);
    return true;
  }

  /** Four hexadecimal digits; -1 if they are not. */
  #hexadecimal(at: number): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.#memory[at + i];
      const lower = byte | 0x20;
      if (byte >= ZERO && byte <= NINE) value = value << 4 | (byte - ZERO);
      else if (lower >= 0x61 && lower <= 0x66) value = value << 4 | (lower - 0x61 + 10);
      else return -1;
    }
    return value;
  }
}

/** The double of a text that {@link STRTOD} matches, in lower case. */
function toDouble(text: string): number {
  const isNegative = text[0] === "-";
  const digits = text[0] === "-" || text[0] === "+" ? text.slice(1) : text;
  let value: number;
  if (digits.startsWith("0x")) value = hexadecimalToDouble(digits.slice(2));
  else if (digits.startsWith("inf")) value = Infinity;
  else if (digits.startsWith("nan")) value = NaN;
  else value = Number(digits);
  return isNegative ? -value : value;
}

/** `1.8p3`. */
function hexadecimalToDouble(text: string): number {
  const [mantissa, exponent = "0"] = text.split("p");
  const [whole, fraction = ""] = mantissa.split(".");
  return Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
}
