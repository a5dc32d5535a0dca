/**
 * Splits a line into words with the quoting rules of redis-cli, inline commands and redis.conf.
 *
 * `"…"` knows the escapes `\n \r \t \b \a \xHH`, any other escaped character stands for itself; `'…'` knows `\'` only.
 * A closing quote must be followed by a blank or the end. Only ASCII blanks count: 0xa0 may be half of a UTF-8
 * character.
 *
 * @module
 */

import { decodeLatin1 } from "./args.ts";

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
/** What stands between words. */
const BLANKS = " \t\n\v\f\r\0";
/** What ends a word; redis-cli lets the other blanks be part of it. */
const WORD_ENDS = " \t\n\r\0";

/** The words of a line, each byte one character; undefined when the quotes are unbalanced. */
export function splitWords(line: Uint8Array | string): string[] | undefined {
  const text = typeof line === "string" ? line : decodeLatin1(line);
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && BLANKS.includes(text[at])) at++;
    if (at >= text.length) return words;
    let word = "";
    for (; at < text.length && !WORD_ENDS.includes(text[at]); at++) {
      const c = text[at];
      if (c !== '"' && c !== "'") {
        word += c;
        continue;
      }
      const quoted = c === '"' ? doubleQuoted(text, at + 1) : singleQuoted(text, at + 1);
      if (quoted === undefined) return undefined;
      word += quoted.text;
      at = quoted.end + 1;
      if (at < text.length && !BLANKS.includes(text[at])) return undefined;
      break;
    }
    words.push(word);
  }
}

/** `end` is where the closing quote stands. */
interface Quoted {
  text: string;
  end: number;
}

function doubleQuoted(text: string, from: number): Quoted | undefined {
  let word = "";
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (c === '"') return { text: word, end: at };
    if (c !== "\\" || at + 1 >= text.length) {
      word += c;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1, at + 4));
    if (hex) {
      word += String.fromCharCode(parseInt(hex[1], 16));
      at += 3;
    } else {
      at++;
      word += ESCAPES[text[at]] ?? text[at];
    }
  }
  return undefined;
}

function singleQuoted(text: string, from: number): Quoted | undefined {
  let word = "";
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\" && text[at + 1] === "'") {
      word += "'";
      at++;
    } else if (text[at] === "'") {
      return { text: word, end: at };
    } else {
      word += text[at];
    }
  }
  return undefined;
}
