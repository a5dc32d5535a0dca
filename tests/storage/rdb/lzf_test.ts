import { assert, assertEquals } from "@std/assert";
import { decompress, LzfCompressor } from "../../../storage/rdb/lzf.ts";
import { seededRandom } from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 1000);

/** Bytes that repeat themselves more or less. */
function repetitive(random: () => number): Uint8Array {
  const bytes = new Uint8Array(Math.floor(random() ** 3 * 20_000));
  const alphabet = 1 + Math.floor(random() * 256);
  for (let at = 0; at < bytes.length;) {
    if (at > 0 && random() < 0.7) {
      const from = Math.floor(random() * at);
      const len = Math.min(Math.floor(random() * 400), bytes.length - at);
      for (let i = 0; i < len; i++) bytes[at + i] = bytes[from + i];
      at += len;
    } else bytes[at++] = Math.floor(random() * alphabet);
  }
  return bytes;
}

Deno.test("LZF gives back what was compressed", () => {
  const random = seededRandom(1);
  const lzf = new LzfCompressor();
  let compressible = 0;
  for (let step = 0; step < STEPS; step++) {
    const bytes = repetitive(random);
    const off = Math.floor(random() * 3);
    const room = new Uint8Array(off + bytes.length);
    room.set(bytes, off);
    const compressed = lzf.compress(room, off, bytes.length);
    if (compressed === undefined) continue;
    compressible++;
    assert(compressed.length <= bytes.length - 4);
    const out = new Uint8Array(bytes.length);
    assert(decompress(compressed, 0, compressed.length, out));
    assertEquals(out, bytes);
  }
  assert(compressible > STEPS / 2);
});

Deno.test("LZF makes much of much repetition", () => {
  const compressed = new LzfCompressor().compress(new Uint8Array(10_000), 0, 10_000);
  assert(compressed !== undefined && compressed.length < 130, `${compressed?.length} bytes`);
});

Deno.test("LZF leaves alone what does not become shorter", () => {
  const random = seededRandom(2);
  const bytes = new Uint8Array(500).map(() => random() * 256);
  assertEquals(new LzfCompressor().compress(bytes, 0, bytes.length), undefined);
});

Deno.test("decompress refuses what is cut short, too long or points before the beginning", () => {
  const out = new Uint8Array(4);
  const tries = (...bytes: number[]) => decompress(Uint8Array.from(bytes), 0, bytes.length, out);
  assert(tries(3, 1, 2, 3, 4));
  assert(!tries(3, 1, 2, 3), "cut short");
  assert(!tries(2, 1, 2, 3), "too short");
  assert(!tries(4, 1, 2, 3, 4, 5), "too long");
  assert(tries(0, 1, 0x20, 0));
  assert(!tries(0, 1, 0x20, 1), "before the beginning");
  assert(!tries(0, 1, 0x20), "without an offset");
  assert(!tries(0, 1, 0xe0), "without a length");
  assert(!tries(0, 1, 0x40, 0), "one byte too many");
});

Deno.test("decompress survives random bytes", () => {
  const random = seededRandom(3);
  for (let step = 0; step < STEPS * 5; step++) {
    const bytes = new Uint8Array(Math.floor(random() * 30)).map(() => random() * 256);
    decompress(bytes, 0, bytes.length, new Uint8Array(Math.floor(random() * 100)));
  }
});
