import { assertEquals } from "@std/assert";
import { StringEncoding } from "../../storage/entry.ts";
import { stringEncoding } from "../../storage/encoding.ts";

function encodingOf(text: string, encoding: number = StringEncoding.plain): string {
  const bytes = new TextEncoder().encode(`..${text}..`);
  return stringEncoding(bytes, 2, bytes.length - 4, encoding);
}

Deno.test("a string of a canonical 64-bit integer is an int", () => {
  for (const text of ["0", "-1", "9223372036854775807", "-9223372036854775808"]) {
    assertEquals(encodingOf(text), "int", text);
  }
  for (const text of ["", "-0", "01", "+1", " 1", "9223372036854775808", "1.0"]) {
    assertEquals(encodingOf(text), "embstr", text);
  }
});

Deno.test("a string of more than 44 bytes is raw", () => {
  assertEquals(encodingOf("x".repeat(44)), "embstr");
  assertEquals(encodingOf("x".repeat(45)), "raw");
});

Deno.test("a string that was changed in part is raw", () => {
  assertEquals(encodingOf("1", StringEncoding.raw), "raw");
});

Deno.test("a string of computed text is no int", () => {
  assertEquals(encodingOf("1", StringEncoding.text), "embstr");
  assertEquals(encodingOf("1".repeat(45), StringEncoding.text), "raw");
});
