import { assert, assertEquals } from "@std/assert";
import {
  discardPages,
  mapChunksSeparately,
  trimSystemHeap,
} from "../../../storage/memory/system_allocator.ts";

const isLinux = Deno.build.os === "linux";

Deno.test("system allocator takes both requests where it is GNU's", () => {
  const isGnu = isLinux && Deno.build.target.endsWith("-gnu");
  assertEquals(mapChunksSeparately(), isGnu);
  assertEquals(trimSystemHeap(), isGnu);
});

Deno.test("system allocator is left alone without the permission to call it", {
  permissions: { ffi: false },
}, () => {
  assertEquals(mapChunksSeparately(), false);
  assertEquals(trimSystemHeap(), false);
});

Deno.test("system allocator gives the whole pages of an array back and leaves the array", {
  ignore: !isLinux || !Deno.build.target.endsWith("-gnu"),
  // The library stays open for the process.
  sanitizeResources: false,
}, () => {
  const discard = discardPages();
  assert(discard !== undefined);
  const bytes = new Uint8Array(8 << 20).fill(1);
  const before = residentBytes();
  discard(bytes);
  const freed = before - residentBytes();
  assert(freed > 7 << 20, `${freed} bytes were freed`);
  assertEquals(bytes.length, 8 << 20);
  assertEquals(bytes[4 << 20], 0);
  // Not whole pages, so they may be in use by others.
  const ends = bytes[0] + bytes[bytes.length - 1];
  bytes.fill(2);
  assert(ends <= 2);
  discard(new Uint8Array(100));
});

Deno.test("system allocator has no way to discard without the permission to call it", {
  permissions: { ffi: false },
}, () => {
  assertEquals(discardPages(), undefined);
});

function residentBytes(): number {
  const pages = Deno.readTextFileSync("/proc/self/statm").split(" ")[1];
  return Number(pages) * 4096;
}
