/**
 * The syntax of redis.conf: one directive on a line, its words separated by blanks.
 *
 *     # A comment has a line of its own.
 *     port 6379
 *     requirepass "a b\x21"
 *
 * Words are quoted as in redis-cli (../resp/split_words.ts). Escapes stand for bytes; a word is the text whose UTF-8
 * form these bytes are. Knows no directive.
 *
 * @module
 */

import { encodeLatin1 } from "../resp/args.ts";
import { quoted } from "../resp/quoted.ts";
import { splitWords } from "../resp/split_words.ts";
import { badLine, type Origin } from "./errors.ts";

/** One directive as it was written. */
export interface ConfigLine {
  readonly origin: Origin;
  /** The whole line without the blanks around it. */
  readonly text: string;
  /** The directive's name, lower case. */
  readonly name: string;
  /** What follows the name. */
  readonly words: readonly string[];
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** The directives of a text, in order; throws a {@link badLine} where quotes are unbalanced. */
export function parseConfigText(text: string, origin: Origin): ConfigLine[] {
  const lines: ConfigLine[] = [];
  text.split("\n").forEach((raw, index) => {
    const line = trimLine(raw);
    if (isRemark(line)) return;
    const at = origin.line === undefined ? origin : { ...origin, line: origin.line + index };
    const words = splitLine(line);
    if (words === undefined) throw badLine(at, line, "Unbalanced quotes in configuration line");
    if (words.length === 0) return;
    lines.push({ origin: at, text: line, name: words[0].toLowerCase(), words: words.slice(1) });
  });
  return lines;
}

/** A line without the blanks around it that Redis takes away. */
export function trimLine(line: string): string {
  return line.replace(/^[ \t\r\n]+/, "").replace(/[ \t\r\n]+$/, "");
}

/** Whether a trimmed line says nothing to the server: it is empty or a comment. */
export function isRemark(line: string): boolean {
  return line === "" || line.startsWith("#");
}

/** The words of a line; undefined when its quotes are unbalanced. */
export function splitLine(line: string): string[] | undefined {
  const words = splitWords(utf8Encoder.encode(line));
  return words?.map((word) => utf8Decoder.decode(encodeLatin1(word)));
}

/** A word in double quotes, as CONFIG REWRITE writes strings; {@link splitLine} reads it back. */
export function quoteWord(word: string): string {
  return quoted(utf8Encoder.encode(word));
}
