import { assertEquals, assertThrows } from "@std/assert";
import { splitWords } from "./split_words.ts";

function words(line: string): number[][] {
  return splitWords(line).map((word) => [...word.bytes]);
}

function text(line: string): string[] {
  return splitWords(line).map((word) => new TextDecoder().decode(word.bytes));
}

Deno.test("splitWords separates words at runs of blanks", () => {
  assertEquals(text("  SET  a\tb "), ["SET", "a", "b"]);
  assertEquals(text("   "), []);
});

Deno.test("splitWords reads escapes in double quotes", () => {
  assertEquals(words(String.raw`"\x00\xfF\n\r\t\b\a\"\\\q"`), [
    [0, 255, 10, 13, 9, 8, 7, 34, 92, 113],
  ]);
});

Deno.test("splitWords leaves backslashes in single quotes except before a quote", () => {
  assertEquals(text(String.raw`'a\n' 'it\'s'`), ["a\\n", "it's"]);
});

Deno.test("splitWords gives empty words for empty quotes", () => {
  assertEquals(text(`SET "" ''`), ["SET", "", ""]);
});

Deno.test("splitWords encodes what is not ASCII as UTF-8", () => {
  assertEquals(words("é 😀"), [[0xc3, 0xa9], [0xf0, 0x9f, 0x98, 0x80]]);
});

Deno.test("splitWords refuses quotes that are open or inside a word", () => {
  for (const line of ['"a', "'a", '"a"b', "'a'b", '"a\\"']) assertThrows(() => splitWords(line));
});
