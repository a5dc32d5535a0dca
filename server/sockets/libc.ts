/**
 * What the C library offers for sockets, as far as {@link SocketPoller} needs it.
 *
 * Calling C needs Linux and the permission `ffi` (which `-A` includes). Never asks for the permission. No `errno` is
 * read, since the runtime may have changed it by then: what -1 means is told by the events of the socket. Lengths are
 * declared as 32 bits, since those of 64 are slow to pass (380 ns a call in place of 140).
 *
 * @module
 */

const SYMBOLS = {
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  /** The same on a thread of its own. */
  epoll_wait_aside: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  eventfd_write: { parameters: ["i32", "u64"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** Memory that no other thread of JavaScript has. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** The functions by their names in C. */
export interface Libc {
  recv(fd: number, into: Bytes, length: number, flags: number): number;
  send(fd: number, bytes: Bytes, length: number, flags: number): number;
  getpeername(fd: number, address: Bytes, length: Bytes): number;
  getsockname(fd: number, address: Bytes, length: Bytes): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Bytes): number;
  epoll_wait(epoll: number, events: Bytes, most: number, ms: number): number;
  epoll_wait_aside(epoll: number, events: Bytes, most: number, ms: number): Promise<number>;
  eventfd(value: number, flags: number): number;
  eventfd_write(fd: number, value: bigint): number;
  close(fd: number): number;
}

/** The library. */
export interface LibcLibrary {
  readonly symbols: Libc;
  close(): void;
}

/** Opens the library; undefined where it may not be called. About 1 ms. */
export function openLibc(): LibcLibrary | undefined {
  if (Deno.build.os !== "linux") return undefined;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch (error) {
    // Another C library, musl for example, has another name.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
