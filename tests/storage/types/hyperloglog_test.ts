import {
  DENSE_BYTES,
  emptyHyperLogLog,
  estimateRegisters,
  HyperLogLog,
  type HyperLogLogOwner,
  isHyperLogLog,
  REGISTERS,
} from "../../../storage/types/hyperloglog.ts";
import { MurmurHash } from "../../../storage/types/hyperloglog_estimate.ts";
import { seededRandom } from "../../support/harness.ts";
import { assert, assertEquals } from "@std/assert";

const encoder = new TextEncoder();

/** A HyperLogLog in the midst of other bytes, which must not change. */
class Guarded implements HyperLogLogOwner {
  readonly hll = new HyperLogLog();
  buf = new Uint8Array(0);
  length = 0;
  static readonly margin = 8;

  constructor(bytes: Uint8Array) {
    this.#place(bytes);
  }

  resize(_hll: HyperLogLog, length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.bytes().subarray(0, length));
    this.checkMargins();
    this.#place(bytes);
  }

  bytes(): Uint8Array {
    return this.buf.slice(Guarded.margin, Guarded.margin + this.length);
  }

  checkMargins(): void {
    for (let i = 0; i < Guarded.margin; i++) {
      assertEquals(this.buf[i], 0xaa);
      assertEquals(this.buf[Guarded.margin + this.length + i], 0xaa);
    }
  }

  #place(bytes: Uint8Array): void {
    this.buf = new Uint8Array(bytes.length + 2 * Guarded.margin).fill(0xaa);
    this.buf.set(bytes, Guarded.margin);
    this.length = bytes.length;
    this.hll.attach(this.buf, Guarded.margin, bytes.length);
  }
}

function murmur(bytes: Uint8Array, seed: bigint): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const cut = (value: bigint) => BigInt.asUintN(64, value);
  let h = cut(seed ^ (BigInt(bytes.length) * m));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) {
    let k = cut(view.getBigUint64(at, true) * m);
    k = cut((k ^ (k >> 47n)) * m);
    h = cut((h ^ k) * m);
  }
  if (whole < bytes.length) {
    for (let i = whole; i < bytes.length; i++) h ^= BigInt(bytes[i]) << BigInt(8 * (i - whole));
    h = cut(h * m);
  }
  h = cut((h ^ (h >> 47n)) * m);
  return h ^ (h >> 47n);
}

Deno.test("MurmurHash computes in halves what is defined in 64 bits", () => {
  const random = seededRandom(1);
  const hash = new MurmurHash(0xadc83b19);
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).map(() => random() * 256);
    const { high, low } = hash.hash(bytes, 0, length);
    assertEquals((BigInt(high) << 32n) | BigInt(low), murmur(bytes, 0xadc83b19n));
  }
});

Deno.test("HyperLogLog counts the same whether sparse or dense", () => {
  const dense = new Guarded(emptyHyperLogLog());
  assert(dense.hll.makeDense(dense));
  assertEquals(dense.length, DENSE_BYTES);
  const sparse = new Guarded(emptyHyperLogLog());
  for (let i = 0; i < 20_000; i++) {
    const buf = encoder.encode(`element ${i}`);
    const element = { buf, off: 0, len: buf.length, sparseLimit: 20_000 };
    assertEquals(sparse.hll.add(sparse, element), dense.hll.add(dense, element));
    if (i % 1000 === 0) assertEquals(sparse.hll.estimate(), dense.hll.estimate());
  }
  const registers = new Uint8Array(REGISTERS);
  assert(dense.hll.raise(registers));
  assertEquals(estimateRegisters(registers), dense.hll.estimate());
  dense.checkMargins();
  sparse.checkMargins();
});

Deno.test("HyperLogLog stays sparse up to the limit", () => {
  const stored = new Guarded(emptyHyperLogLog());
  for (let i = 0; stored.hll.isSparse; i++) {
    assert(stored.length <= 300);
    const buf = encoder.encode(String(i));
    stored.hll.add(stored, { buf, off: 0, len: buf.length, sparseLimit: 300 });
  }
  assertEquals(stored.length, DENSE_BYTES);
});

Deno.test("HyperLogLog keeps its last estimate until told otherwise", () => {
  const { hll } = new Guarded(emptyHyperLogLog());
  assertEquals(hll.cachedEstimate, 0n);
  hll.outdateEstimate();
  assertEquals(hll.cachedEstimate, undefined);
  hll.cacheEstimate(2 ** 40 + 1);
  assertEquals(hll.cachedEstimate, 2n ** 40n + 1n);
});

Deno.test("HyperLogLog touches nothing beyond its bytes, whatever they are", () => {
  const random = seededRandom(2);
  const header = emptyHyperLogLog().subarray(0, 16);
  for (let step = 0; step < 3000; step++) {
    const bytes = new Uint8Array(16 + Math.floor(random() * 60)).map(() => random() * 256);
    bytes.set(header);
    // Half of them are long runs of zeros, by which the end is soon reached.
    if (random() < 0.5) { for (let i = 16; i < bytes.length; i += 3) bytes[i] = 0x7f; }
    const stored = new Guarded(bytes);
    assert(isHyperLogLog(stored.buf, Guarded.margin, stored.length));
    for (let i = 0; i < 5; i++) {
      const buf = encoder.encode(String(random()));
      stored.hll.add(stored, { buf, off: 0, len: buf.length, sparseLimit: 100 });
    }
    stored.hll.estimate();
    stored.hll.raise(new Uint8Array(REGISTERS));
    stored.hll.makeDense(stored);
    stored.checkMargins();
  }
});

Deno.test("isHyperLogLog knows one by its head", () => {
  const bytes = emptyHyperLogLog();
  assert(isHyperLogLog(bytes, 0, bytes.length));
  assert(!isHyperLogLog(bytes, 0, 15));
  bytes[4] = 0;
  assert(!isHyperLogLog(bytes, 0, bytes.length), "a dense one has one length only");
  bytes[4] = 2;
  assert(!isHyperLogLog(bytes, 0, bytes.length));
});
