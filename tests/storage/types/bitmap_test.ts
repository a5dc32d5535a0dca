import { assertEquals } from "@std/assert";
import { combineInto, countBits, findBit, invert } from "../../../storage/types/bitmap.ts";
import { BitFields, fit } from "../../../storage/types/bit_fields.ts";
import { seededRandom } from "../../support/harness.ts";

const STEPS = Number(Deno.env.get("STEPS") ?? 2000);

/** A stretch of mostly equal bytes somewhere inside a larger buffer. */
function randomStretch(random: () => number): { buf: Uint8Array; off: number; len: number } {
  const off = Math.floor(random() * 12);
  const len = Math.floor(random() * (random() < 0.5 ? 12 : 300));
  const buf = new Uint8Array(off + len + 8);
  const usual = random() < 0.5 ? 0 : 0xff;
  const oddness = random() ** 4;
  for (let i = 0; i < buf.length; i++) {
    buf[i] = random() < oddness ? Math.floor(random() * 256) : usual;
  }
  return { buf, off, len };
}

function bitsOf(buf: Uint8Array, off: number, len: number): number[] {
  const bits = [];
  for (let i = 0; i < len * 8; i++) bits.push((buf[off + (i >> 3)] >> (7 - i % 8)) & 1);
  return bits;
}

Deno.test("countBits counts what a look at every bit counts", () => {
  const random = seededRandom(1);
  for (let step = 0; step < STEPS; step++) {
    const { buf, off, len } = randomStretch(random);
    const count = bitsOf(buf, off, len).reduce((sum, bit) => sum + bit, 0);
    assertEquals(countBits(buf, off, len), count);
  }
});

Deno.test("findBit finds what a look at every bit finds", () => {
  const random = seededRandom(2);
  for (let step = 0; step < STEPS; step++) {
    const { buf, off, len } = randomStretch(random);
    if (len === 0) continue;
    const from = Math.floor(random() * len * 8);
    const to = from + Math.floor(random() * (len * 8 - from));
    const bit = random() < 0.5 ? 0 : 1;
    const found = bitsOf(buf, off, len).slice(from, to + 1).indexOf(bit);
    assertEquals(findBit(buf, off, { bit, from, to }), found === -1 ? -1 : from + found);
  }
});

Deno.test("combineInto and invert do to words what they do to bytes", () => {
  const random = seededRandom(3);
  const longest = 40_000;
  for (let step = 0; step < 200; step++) {
    const result = new Uint8Array(Math.floor(random() * longest)).map(() => random() * 256);
    const room = new Uint8Array(longest + 8).map(() => random() * 256);
    const off = Math.floor(random() * 8);
    const source = room.subarray(off, off + Math.floor(random() * (result.length + 1)));
    const at = (i: number) => source[i] ?? 0;

    const and = result.slice();
    combineInto(and, source, "and");
    assertEquals(and, result.map((byte, i) => byte & at(i)));
    const or = result.slice();
    combineInto(or, source, "or");
    assertEquals(or, result.map((byte, i) => byte | at(i)));
    const xor = result.slice();
    combineInto(xor, source, "xor");
    assertEquals(xor, result.map((byte, i) => byte ^ at(i)));
    const not = result.slice();
    invert(not);
    assertEquals(not, result.map((byte) => ~byte));
  }
});

Deno.test("BitFields reads back what it wrote and touches nothing else", () => {
  const random = seededRandom(4);
  const bytes = new Uint8Array(40);
  const fields = new BitFields(bytes);
  for (let step = 0; step < STEPS; step++) {
    const signed = random() < 0.5;
    const bits = 1 + Math.floor(random() * (signed ? 64 : 63));
    const offset = Math.floor(random() * (bytes.length * 8 - bits + 1));
    const raw = BigInt(Math.floor(random() * 2 ** 32)) << 32n |
      BigInt(Math.floor(random() * 2 ** 32));
    const value = signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
    const model = bitsOf(bytes, 0, bytes.length);
    for (let i = 0; i < bits; i++) model[offset + i] = Number((raw >> BigInt(bits - 1 - i)) & 1n);

    fields.set(offset, { signed, bits }, value);
    assertEquals(bitsOf(bytes, 0, bytes.length), model);
    assertEquals(fields.get(offset, { signed, bits }), value);
  }
});

Deno.test("BitFields reads zeros behind the end", () => {
  const fields = new BitFields(Uint8Array.of(0xff));
  assertEquals(fields.get(4, { signed: false, bits: 8 }), 0xf0n);
  assertEquals(fields.get(800, { signed: true, bits: 64 }), 0n);
});

Deno.test("fit wraps, saturates or fails", () => {
  const i8 = { signed: true, bits: 8 };
  assertEquals(fit(127n, i8, "fail"), 127n);
  assertEquals(fit(128n, i8, "wrap"), -128n);
  assertEquals(fit(128n, i8, "sat"), 127n);
  assertEquals(fit(-129n, i8, "sat"), -128n);
  assertEquals(fit(128n, i8, "fail"), undefined);
  const u63 = { signed: false, bits: 63 };
  assertEquals(fit(1n << 63n, u63, "wrap"), 0n);
  assertEquals(fit(-1n, u63, "sat"), 0n);
});
