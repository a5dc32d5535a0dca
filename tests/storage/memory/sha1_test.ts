import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { sha1 } from "../../../storage/memory/sha1.ts";
import { seededRandom } from "./random.ts";

const hexOf = (bytes: Uint8Array) =>
  [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
const hex = (text: string) => hexOf(sha1(new TextEncoder().encode(text)));

Deno.test("sha1 gives the hashes of the standard's examples", () => {
  assertEquals(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assertEquals(hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  assertEquals(
    hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  );
});

Deno.test("sha1 agrees with the library at every length around its blocks", () => {
  const random = seededRandom(20);
  for (let length = 0; length <= 200; length++) {
    const bytes = Uint8Array.from({ length }, () => random() * 256);
    assertEquals(hexOf(sha1(bytes)), createHash("sha1").update(bytes).digest("hex"), `${length}`);
  }
});

Deno.test("sha1 reads a part of a larger buffer alone", () => {
  const part = new TextEncoder().encode("xxabcyy").subarray(2, 5);
  assertEquals(hexOf(sha1(part)), "a9993e364706816aba3e25717850c26c9cd0d89d");
});
