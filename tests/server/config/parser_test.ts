/**
 * Lines of redis.conf are split into words and words are quoted, without loss.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { ConfigFileError } from "../../../server/config/errors.ts";
import { parseConfigText, quoteWord, splitLine } from "../../../server/config/parser.ts";

Deno.test("parseConfigText answers names, words and line numbers", () => {
  const text = "# comment\r\n\n  PORT\t6379 \r\nsave 1 2\n   # indented\nrequirepass 'a b'";
  const lines = parseConfigText(text, { source: "a test", line: 1 });
  assertEquals(lines.map(({ name, words, origin }) => [origin.line, name, ...words]), [
    [3, "port", "6379"],
    [4, "save", "1", "2"],
    [6, "requirepass", "a b"],
  ]);
});

Deno.test("parseConfigText refuses unbalanced quotes", () => {
  for (const text of ['a "b', "a 'b", 'a "b"c', 'a "b\\"']) {
    assertThrows(
      () => parseConfigText(text, { source: "a test", line: 1 }),
      ConfigFileError,
      "Unbalanced quotes in configuration line",
    );
  }
});

Deno.test("splitLine knows the escapes of both kinds of quotes", () => {
  assertEquals(splitLine(String.raw`a "\n\r\t\b\a\x41\\\"\q" 'it\'s \n' ""`), [
    "a",
    '\n\r\t\b\x07A\\"q',
    "it's \\n",
    "",
  ]);
});

Deno.test("splitLine reads text beyond ASCII as it stands and as escaped bytes", () => {
  assertEquals(splitLine('é "é" "\\xc3\\xa9" 日本'), ["é", "é", "é", "日本"]);
});

Deno.test("quoteWord writes what splitLine reads", () => {
  assertEquals(quoteWord('a "b"\\'), String.raw`"a \"b\"\\"`);
  assertEquals(quoteWord("é\x01\n"), String.raw`"\xc3\xa9\x01\n"`);
  const word = Array.from({ length: 0x250 }, (_, i) => String.fromCharCode(i)).join("") + "日🙂";
  assertEquals(splitLine(quoteWord(word)), [word]);
});
