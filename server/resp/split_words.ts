/**
 * Splits a line into words with the quoting rules of redis-cli, inline commands and redis.conf.
 *
 * `"…"` knows the escapes `\n \r \t \b \a \xHH`, any other escaped character stands for itself; `'…'` knows `\'` only.
 * A closing quote must be followed by a space or the end.
 *
 * @module
 */

import { decodeLatin1 } from "./args.ts";

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const SPACE = /[\s\0]/;

/** The words of a line, each byte one character; undefined when the quotes are unbalanced. */
export function splitWords(line: Uint8Array | string): string[] | undefined {
  const text = typeof line === "string" ? line : decodeLatin1(line);
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && SPACE.test(text[at])) at++;
    if (at >= text.length) return words;
    let word = "";
    for (; at < text.length && !SPACE.test(text[at]); at++) {
      const c = text[at];
      if (c !== '"' && c !== "'") {
        word += c;
        continue;
      }
      const quoted = c === '"' ? doubleQuoted(text, at + 1) : singleQuoted(text, at + 1);
      if (quoted === undefined) return undefined;
      word += quoted.text;
      at = quoted.end;
      if (at + 1 < text.length && !SPACE.test(text[at + 1])) return undefined;
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
