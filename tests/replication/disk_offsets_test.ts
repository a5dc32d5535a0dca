import { assertEquals, assertLessOrEqual } from "@std/assert";
import { DiskOffsets } from "../../server/following.ts";

Deno.test("an offset is on the disk when the file is synced up to where it was written", () => {
  const offsets = new DiskOffsets();
  assertEquals(offsets.advance({ position: 100, offset: 10 }, 0), 0);
  assertEquals(offsets.advance({ position: 200, offset: 20 }, 99), 0);
  assertEquals(offsets.advance({ position: 300, offset: 30 }, 100), 10);
  assertEquals(offsets.advance({ position: 300, offset: 35 }, 250), 20);
  // What came since has written nothing.
  assertEquals(offsets.advance({ position: 300, offset: 40 }, 300), 40);
  assertEquals(offsets.size, 0);
});

Deno.test("where nothing is ever synced little is remembered, and nothing is told too early", () => {
  const offsets = new DiskOffsets();
  for (let i = 1; i <= 10_000; i++) {
    assertEquals(offsets.advance({ position: i * 100, offset: i }, 0), 0);
    assertLessOrEqual(offsets.size, 1000);
  }
  for (let synced = 100; synced <= 1_000_000; synced += 100) {
    const offset = offsets.advance({ position: 1_000_000, offset: 10_000 }, synced);
    assertLessOrEqual(offset * 100, synced);
  }
  assertEquals(offsets.advance({ position: 1_000_000, offset: 10_000 }, 1_000_000), 10_000);
});
