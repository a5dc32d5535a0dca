/**
 * Three requests to the C library, whose allocator the arena's chunks come from in the end.
 *
 * GNU malloc maps large blocks one by one, so that freeing one gives its memory back to the system, but only until
 * it has seen a few of them come and go: then it takes such blocks from its heap, where freed ones stay in the
 * process between others. Measured with 2 million keys: 154 MiB still resident after everything was freed, 39 MiB
 * (the empty process, nearly) with the limit fixed.
 *
 * Calling C needs Linux with the GNU library and the permission `ffi` (which `-A` includes); without them nothing
 * is done and nothing else changes. Never asks for the permission. Concerns the whole process, so it is for whoever
 * starts it, not for an arena.
 *
 * @module
 */

import type { Discard } from "./pages.ts";

/** GNU malloc's number for the parameter, from its malloc.h. */
const M_MMAP_THRESHOLD = -3;
/** Half a chunk: chunks and larger blocks are mapped one by one. */
const MAPPED_FROM_BYTES = 512 * 1024;
/** Linux's number for the advice. */
const MADV_DONTNEED = 4;

/** Makes freed chunks go back to the system at once; false where that cannot be arranged. About 1 ms. */
export function mapChunksSeparately(): boolean {
  return withLibc((libc) => libc.mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES) === 1);
}

/** Gives unused pages of the C library's heap back to the system (MEMORY PURGE); false where that cannot be done. */
export function trimSystemHeap(): boolean {
  return withLibc((libc) => {
    libc.malloc_trim(0n);
    return true;
  });
}

/**
 * Gives the whole pages within an array back to the system; they read as zeros then. Undefined where that cannot be
 * done.
 *
 * The array itself lives on until the garbage collector comes across it, which then frees what is left: some bytes at
 * either end.
 */
export function discardPages(): Discard | undefined {
  if (!mayCallLibc()) return undefined;
  let libc: Libc | undefined;
  let pageBytes = 0;
  return (bytes) => {
    // Opened for good at the first use, since that takes a millisecond.
    libc ??= openLibc()?.symbols;
    if (libc === undefined) {
      bytes.buffer.transfer(0);
      return;
    }
    if (pageBytes === 0) pageBytes = libc.getpagesize();
    const from = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
    const first = Math.ceil(from / pageBytes) * pageBytes;
    const end = Math.floor((from + bytes.length) / pageBytes) * pageBytes;
    if (end > first) libc.madvise(BigInt(first), BigInt(end - first), MADV_DONTNEED);
  };
}

const SYMBOLS = {
  mallopt: { parameters: ["i32", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  getpagesize: { parameters: [], result: "i32" },
} as const;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

function mayCallLibc(): boolean {
  return Deno.build.os === "linux" &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

function openLibc(): Deno.DynamicLibrary<typeof SYMBOLS> | undefined {
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch (error) {
    // Another C library, musl for example, has neither the name nor the functions.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function withLibc(use: (libc: Libc) => boolean): boolean {
  if (!mayCallLibc()) return false;
  const library = openLibc();
  if (library === undefined) return false;
  try {
    return use(library.symbols);
  } finally {
    library.close();
  }
}
