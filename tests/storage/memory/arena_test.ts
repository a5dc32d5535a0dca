import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  Arena,
  bytesEqual,
  CHUNK_BYTES,
  compareBytes,
  copyBytes,
  type Ref,
} from "../../../storage/memory/arena.ts";
import { buildSizeClasses, PAGE_BYTES } from "../../../storage/memory/size_classes.ts";
import { pick, seededRandom } from "./random.ts";

/** A block and what the test wrote into it: bytes counting up from `first`. */
interface Block {
  ref: Ref;
  bytes: number;
  first: number;
}

function bytesOf(arena: Arena, ref: Ref): Uint8Array {
  const at = (ref & 0x1ffff) << 3;
  return arena.u8[ref >>> 17].subarray(at, at + arena.usable(ref));
}

function write(arena: Arena, block: Block): void {
  const bytes = bytesOf(arena, block.ref);
  for (let i = 0; i < block.bytes; i++) bytes[i] = block.first + i;
}

function assertIntact(arena: Arena, block: Block): void {
  const bytes = bytesOf(arena, block.ref);
  for (let i = 0; i < block.bytes; i++) {
    if (bytes[i] !== ((block.first + i) & 0xff)) {
      throw new Error(`Byte ${i} of a block of ${block.bytes} at ${block.ref} was overwritten`);
    }
  }
}

function randomSize(random: () => number): number {
  const kind = random();
  if (kind < 0.7) return 1 + pick(random, 200);
  if (kind < 0.95) return 1 + pick(random, 8000);
  if (kind < 0.99) return 1 + pick(random, 70_000);
  return 1 + pick(random, 1_500_000);
}

Deno.test("arena keeps blocks apart and accounts exactly under random use", () => {
  const random = seededRandom(20);
  const arena = new Arena();
  const blocks: Block[] = [];
  for (let step = 0; step < 20_000; step++) {
    const choice = random();
    // The population swells and ebbs, so that chunks come and go.
    const growing = Math.floor(step / 4000) % 2 === 0;
    if (blocks.length === 0 || choice < (growing ? 0.6 : 0.3)) {
      const bytes = randomSize(random);
      const block = { ref: arena.alloc(bytes), bytes, first: pick(random, 256) };
      assertEquals(arena.usable(block.ref), arena.blockBytes(bytes));
      write(arena, block);
      blocks.push(block);
      continue;
    }
    const place = pick(random, blocks.length);
    const block = blocks[place];
    assertIntact(arena, block);
    if (choice < 0.9) {
      arena.free(block.ref);
      blocks[place] = blocks[blocks.length - 1];
      blocks.pop();
    } else {
      const bytes = randomSize(random);
      block.ref = arena.resize(block.ref, bytes);
      block.bytes = Math.min(block.bytes, bytes);
      assertIntact(arena, block);
      block.bytes = bytes;
      write(arena, block);
    }
    if (step % 500 === 0) {
      const used = blocks.reduce((sum, { ref }) => sum + arena.usable(ref), 0);
      assertEquals(arena.usedBytes, used);
      assertEquals(arena.committedBytes, arena.u8.reduce((sum, chunk) => sum + chunk.length, 0));
      assertEquals(arena.chunkCount, arena.u8.filter((chunk) => chunk.length > 0).length);
    }
  }
  for (const block of blocks) {
    assertIntact(arena, block);
    arena.free(block.ref);
  }
  assertEquals(arena.usedBytes, 0);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
  assertEquals(arena.chunkCount, 1);
});

Deno.test("arena never gives out ref 0, not even for a first block larger than a chunk", () => {
  const arena = new Arena();
  const large = arena.alloc(3 * CHUNK_BYTES + 1);
  assertNotEquals(large, 0);
  assertEquals(arena.usable(large), 3 * CHUNK_BYTES + PAGE_BYTES);
  assertEquals(arena.u8[large >>> 17].length, 3 * CHUNK_BYTES + PAGE_BYTES);
  arena.free(large);
  assertEquals(arena.usedBytes, 0);
  assertNotEquals(arena.alloc(1), 0);
});

Deno.test("arena sees the same memory as bytes, words and doubles", () => {
  const arena = new Arena();
  arena.alloc(8);
  const ref = arena.alloc(16);
  const chunk = ref >>> 17;
  const unit = ref & 0x1ffff;
  arena.f64[chunk][unit] = 1.5;
  assertEquals(arena.u32[chunk][unit * 2 + 1], 0x3ff80000);
  assertEquals(arena.u8[chunk][unit * 8 + 7], 0x3f);
});

Deno.test("arena aligns no block across a chunk's edge and fills a chunk before the next", () => {
  const arena = new Arena();
  const refs = new Set<Ref>();
  while (arena.chunkCount < 2) refs.add(arena.alloc(64));
  // The block that opened the second chunk, and all of the first chunk's pages but the one that describes them.
  assertEquals(refs.size - 1, ((CHUNK_BYTES - PAGE_BYTES) / PAGE_BYTES) * (PAGE_BYTES / 64));
  for (const ref of refs) assert(((ref & 0x1ffff) << 3) + 64 <= CHUNK_BYTES);
});

Deno.test("arena takes the pages of emptied spans for other sizes", () => {
  const arena = new Arena();
  const small = Array.from({ length: 100_000 }, () => arena.alloc(32));
  const committed = arena.committedBytes;
  for (const ref of small) arena.free(ref);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
  const large = Array.from({ length: 150 }, () => arena.alloc(20_000));
  assert(arena.committedBytes <= committed + CHUNK_BYTES);
  for (const ref of large) arena.free(ref);
  assertEquals(arena.usedBytes, 0);
});

Deno.test("arena serves the first room again after freeing and reuses chunk numbers", () => {
  const arena = new Arena();
  const refs = Array.from({ length: 60_000 }, () => arena.alloc(64));
  const chunks = arena.u8.length;
  for (const ref of refs) arena.free(ref);
  assertEquals(arena.chunkCount, 1);
  for (let i = 0; i < refs.length; i++) assert(arena.alloc(64) >>> 17 < chunks);
  assertEquals(arena.u8.length, chunks);
});

Deno.test("arena prefers low chunks, so that high ones empty under steady change", () => {
  const arena = new Arena();
  const random = seededRandom(3);
  const refs = Array.from({ length: 160_000 }, () => arena.alloc(64));
  const most = arena.chunkCount;
  while (refs.length > 40_000) {
    const place = pick(random, refs.length);
    arena.free(refs[place]);
    refs[place] = refs[refs.length - 1];
    refs.pop();
  }
  for (let i = 0; i < 400_000; i++) {
    const place = pick(random, refs.length);
    arena.free(refs[place]);
    refs[place] = arena.alloc(64);
  }
  assert(arena.chunkCount <= most / 2, `${arena.chunkCount} of ${most} chunks are left`);
  for (const ref of refs) arena.free(ref);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
});

Deno.test("arena keeps the ref when a block's new size is of the same class", () => {
  const arena = new Arena();
  for (const [from, to] of [[33, 40], [1000, 1024], [40_000, 40_960], [600_000, 602_112]]) {
    const ref = arena.alloc(from);
    assertEquals(arena.resize(ref, to), ref);
    assertNotEquals(arena.resize(ref, to + 1), ref);
  }
});

Deno.test("arena releases everything on clear and works on", () => {
  const arena = new Arena();
  for (const bytes of [8, 100, 5000, 100_000, 2_000_000]) {
    for (let i = 0; i < 50; i++) arena.alloc(bytes);
  }
  arena.clear();
  assertEquals([arena.usedBytes, arena.committedBytes, arena.chunkCount], [0, 0, 0]);
  const block = { ref: arena.alloc(100), bytes: 100, first: 7 };
  assertNotEquals(block.ref, 0);
  write(arena, block);
  assertIntact(arena, block);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
});

Deno.test("arena evacuates sparse chunks as their owner moves the blocks", () => {
  const random = seededRandom(4);
  const arena = new Arena();
  const blocks: Block[] = [];
  for (let i = 0; i < 60_000; i++) {
    const bytes = 20 + pick(random, 200) + (i % 500 === 0 ? 50_000 : 0);
    const block = { ref: arena.alloc(bytes), bytes, first: pick(random, 256) };
    write(arena, block);
    blocks.push(block);
  }
  const dedicated = arena.alloc(2_000_000);
  const full = arena.committedBytes;
  let left = blocks.filter((block) => {
    const stays = random() < 0.3;
    if (!stays) arena.free(block.ref);
    return stays;
  });
  assert(arena.fragmentation > 0.5);

  for (let round = 0; round < 20 && arena.beginEvacuation(); round++) {
    assert(!arena.isEvacuating(dedicated));
    for (const block of left) {
      const mustMove = arena.isEvacuating(block.ref);
      const size = arena.usable(block.ref);
      const moved = arena.evacuate(block.ref);
      assert((moved !== block.ref) === mustMove && !arena.isEvacuating(moved));
      assert(arena.usable(moved) === size);
      block.ref = moved;
    }
    assert(left.every((block) => !arena.isEvacuating(block.ref)));
    arena.endEvacuation();
  }
  assert(arena.fragmentation <= 0.3, `fragmentation ${arena.fragmentation}`);
  assert(arena.committedBytes < full / 2);
  for (const block of left) assertIntact(arena, block);

  for (const block of left) arena.free(block.ref);
  left = [];
  arena.free(dedicated);
  assertEquals(arena.usedBytes, 0);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
});

Deno.test("arena copies a block of any size, which stays as it is", () => {
  const arena = new Arena();
  for (const bytes of [1, 100, 40_000, 600_000]) {
    const block = { ref: arena.alloc(bytes), bytes, first: bytes & 0xff };
    write(arena, block);
    const copy = { ...block, ref: arena.copy(block.ref) };
    assertNotEquals(copy.ref, block.ref);
    assertEquals(arena.usable(copy.ref), arena.usable(block.ref));
    assertIntact(arena, copy);
    write(arena, { ...copy, first: copy.first + 1 });
    assertIntact(arena, block);
  }
});

Deno.test("arena serves from marked chunks again after an evacuation is given up", () => {
  const arena = new Arena();
  const random = seededRandom(5);
  const refs = Array.from({ length: 60_000 }, () => arena.alloc(48))
    .filter((ref) => random() < 0.4 || (arena.free(ref), false));
  const committed = arena.committedBytes;
  assert(arena.beginEvacuation(2));
  // A few blocks are freed while the marks are on.
  const marked = refs.filter((ref) => arena.isEvacuating(ref));
  for (const ref of marked.slice(0, 1000)) arena.free(ref);
  arena.endEvacuation();
  assert(refs.every((ref) => !arena.isEvacuating(ref)));

  const room = Math.floor((committed - arena.usedBytes) / 48) - 2000;
  const more = Array.from({ length: room }, () => arena.alloc(48));
  assertEquals(arena.committedBytes, committed);
  for (const ref of [...more, ...refs.filter((ref) => !marked.slice(0, 1000).includes(ref))]) {
    arena.free(ref);
  }
  assertEquals(arena.usedBytes, 0);
  assertEquals(arena.committedBytes, CHUNK_BYTES);
});

Deno.test("arena does not evacuate what is dense", () => {
  const arena = new Arena();
  for (let i = 0; i < 60_000; i++) arena.alloc(64);
  assertEquals(arena.beginEvacuation(), false);
});

Deno.test("size classes waste little and cover every small size", () => {
  const classes = buildSizeClasses();
  for (let bytes = 1; bytes <= 32_768; bytes++) {
    const size = classes.units[classes.byUnits[(bytes + 7) >>> 3]] * 8;
    assert(size >= bytes);
    assert(size - bytes < Math.max(8, size / 8));
  }
  for (let index = 0; index < classes.count; index++) {
    const span = classes.pages[index] * PAGE_BYTES;
    const blocks = classes.blocks[index] * classes.units[index] * 8;
    assert(blocks <= span && span - blocks <= span * 0.03);
    assert(classes.blocks[index] >= (classes.units[index] * 8 < 2048 ? 8 : 4));
  }
});

Deno.test("byte helpers copy, compare and order stretches", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i);
  for (const length of [0, 1, 48, 49, 100]) {
    const copy = new Uint8Array(200);
    copyBytes(bytes, 50, copy, 3, length);
    assert(bytesEqual(bytes, 50, copy, 3, length));
    assertEquals(copy[3 + length], 0);
  }
  const text = new TextEncoder().encode("abcabdab");
  assert(compareBytes(text, 0, 3, text, 3, 3) < 0);
  assert(compareBytes(text, 3, 3, text, 0, 3) > 0);
  assertEquals(compareBytes(text, 0, 2, text, 3, 2), 0);
  assert(compareBytes(text, 6, 2, text, 0, 3) < 0);
  assert(!bytesEqual(text, 0, text, 3, 3));
});
