import { assertEquals } from "@std/assert";
import { splitWords } from "../../../server/resp/split_words.ts";

for (
  const [what, line, words] of [
    ["separates words at blanks", " set  key\tvalue \r\n", ["set", "key", "value"]],
    ["finds no words in an empty line", " \t ", []],
    ["keeps blanks within double quotes", '"a b" c', ["a b", "c"]],
    ["keeps blanks within single quotes", "'a b' c", ["a b", "c"]],
    ["knows empty words", `"" ''`, ["", ""]],
    ["translates escapes within double quotes", String.raw`"\n\r\t\b\a"`, ["\n\r\t\b\x07"]],
    ["translates hexadecimal escapes", String.raw`"\x00\xfF"`, ["\0\xff"]],
    ["takes an unfinished hexadecimal escape literally", String.raw`"\xg0\x1"`, ["xg0x1"]],
    ["takes any other escaped character literally", String.raw`"\"\\\q"`, [`"\\q`]],
    ["knows one escape within single quotes", String.raw`'it\'s \n'`, [String.raw`it's \n`]],
    ["leaves backslashes outside quotes alone", String.raw`a\nb`, [String.raw`a\nb`]],
    ["lets a quote begin within a word", `a"b c"`, ["ab c"]],
    ["keeps the other kind of quote", `"it's" 'a "b"'`, ["it's", `a "b"`]],
    ["does not split at bytes beyond ASCII", "\xc3\xa0 \xa0", ["\xc3\xa0", "\xa0"]],
    ["lets a vertical tab be part of a word but not begin one", "\va\vb", ["a\vb"]],
  ] as const
) {
  Deno.test(`splitWords ${what}`, () => {
    assertEquals(splitWords(line), [...words]);
  });
}

Deno.test("splitWords takes bytes as characters of one byte each", () => {
  assertEquals(splitWords(Uint8Array.of(0xff, 0x20, 0x80)), ["\xff", "\x80"]);
});

for (const line of ['"open', "'open", 'a "b', '"a"b', "'a'b", String.raw`"a\"`, String.raw`'a\'`]) {
  Deno.test(`splitWords refuses ${line}`, () => {
    assertEquals(splitWords(line), undefined);
  });
}
