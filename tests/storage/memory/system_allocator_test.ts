import { assertEquals } from "@std/assert";
import { mapChunksSeparately, trimSystemHeap } from "../../../storage/memory/system_allocator.ts";

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
