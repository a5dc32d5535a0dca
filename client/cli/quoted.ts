/**
 * Lines and words that people type, as the bytes that they mean.
 *
 * @module
 */

import { encodeLatin1 } from "../../server/resp/args.ts";
import { splitWords } from "../../server/resp/split_words.ts";

const encoder = new TextEncoder();

/** The arguments in a line; undefined when its quotes are unbalanced. Text counts as UTF-8. */
export function splitLine(line: string | Uint8Array): Uint8Array[] | undefined {
  return splitWords(typeof line === "string" ? encoder.encode(line) : line)?.map(encodeLatin1);
}

/** One argument written with quotes and escapes; undefined when it is not exactly one. */
export function unquote(text: string): Uint8Array | undefined {
  const words = splitLine(text);
  return words?.length === 1 ? words[0] : undefined;
}
