/**
 * The manifest of an append-only file.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { AofManifest, BrokenManifest } from "../../../server/persistence/aof_manifest.ts";

function parse(text: string): AofManifest {
  return AofManifest.parse(new TextEncoder().encode(text));
}

const WHOLE = "file a.2.base.rdb seq 2 type b\nfile a.1.base.rdb seq 1 type h\n" +
  "file a.3.incr.aof seq 3 type i\nfile a.4.incr.aof seq 4 type i\n";

Deno.test("A manifest is written as it was read, its base first and its increments last", () => {
  assertEquals(parse(WHOLE).toString(), WHOLE);
  const shuffled = WHOLE.split("\n").slice(0, -1).toReversed().sort().join("\n") + "\n";
  assertEquals(parse(shuffled).toString(), WHOLE);
});

Deno.test("Comments and what later versions add are passed over", () => {
  const text = "# hello\nFILE x seq 3 startoffset 0 Type i endoffset 7\n";
  assertEquals(parse(text).toString(), "file x seq 3 type i\n");
});

Deno.test("Names with odd characters are quoted", () => {
  const manifest = new AofManifest({ increments: [{ name: 'a "b"\t\u00e9', seq: 1 }] });
  assertEquals(manifest.toString(), 'file "a \\"b\\"\\t\\xc3\\xa9" seq 1 type i\n');
  assertEquals(parse(manifest.toString()).increments[0].name, 'a "b"\t\u00e9');
});

for (
  const [text, refusal] of [
    ["", "Found an empty AOF manifest"],
    ["file a seq 1 type i", "The AOF manifest file contains too long line"],
    [`file ${"a".repeat(1100)} seq 1 type i\n`, "The AOF manifest file contains too long line"],
    ["\n", "Invalid AOF manifest file format"],
    ["file a seq 1\n", "Invalid AOF manifest file format"],
    ["file a seq 1 type i more\n", "Invalid AOF manifest file format"],
    ['file "a seq 1 type i\n', "Invalid AOF manifest file format"],
    ["file a seq 0 type i\n", "Invalid AOF manifest file format"],
    ["file a seq b type i\n", "Invalid AOF manifest file format"],
    ["file a/b seq 1 type i\n", "File can't be a path, just a filename"],
    ["file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"],
    ["file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"],
    ["file a seq 1 type x\n", "Unknown AOF file type"],
  ]
) {
  Deno.test(`A manifest is refused: ${JSON.stringify(text).slice(0, 60)}`, () => {
    assertThrows(() => parse(text), BrokenManifest, refusal);
  });
}

Deno.test("A rewrite gives the parts their next numbers, and makes history of the old ones", () => {
  const first = new AofManifest().withBase("a", "rdb").withIncrement("a");
  assertEquals(first.parts.map(({ name }) => name), ["a.1.base.rdb", "a.1.incr.aof"]);
  const next = first.withIncrement("a").withBase("a", "aof").withoutIncrements(1);
  assertEquals(
    next.toString(),
    "file a.2.base.aof seq 2 type b\nfile a.1.incr.aof seq 1 type h\n" +
      "file a.1.base.rdb seq 1 type h\nfile a.2.incr.aof seq 2 type i\n",
  );
  assertEquals(next.withoutIncrements(0).withIncrement("a").increments[0].name, "a.3.incr.aof");
  assertEquals(next.withoutHistory().history, []);
});
