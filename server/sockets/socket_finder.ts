/**
 * Finds the file descriptor of a connection, which Deno does not tell.
 *
 * Every descriptor of the process is asked what it connects, until one says what the connection says of itself. New
 * descriptors get the lowest free number, and those that were found before are left out, so there are few to ask.
 *
 * @module
 */

import type { Libc } from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** More than any address takes. */
const ADDRESS_BYTES = 128;
/** Descriptors 0 to 2 are the standard streams. */
const FIRST = 3;
/** So many in a row that are no connections are the end. */
const PATIENCE = 64;

export class SocketFinder {
  readonly #libc: Libc;
  /** 1 for descriptors that were found. Thousands may be passed at each search, so they are bytes. */
  #taken = new Uint8Array(1024);
  readonly #address = new Uint8Array(ADDRESS_BYTES);
  readonly #length = new Int32Array(1);
  readonly #lengthBytes = new Uint8Array(this.#length.buffer);

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** The descriptor of the connection between these addresses. */
  find(local: Deno.NetAddr, remote: Deno.NetAddr): number | undefined {
    let others = 0;
    for (let fd = FIRST; others < PATIENCE; fd++) {
      if (this.#taken[fd] === 1) continue;
      if (this.#isPeer(fd, remote) && this.#isName(fd, local)) return fd;
      others++;
    }
    return undefined;
  }

  /** Says that a descriptor need not be looked at again, … */
  taken(fd: number): void {
    if (fd >= this.#taken.length) {
      const larger = new Uint8Array(fd * 2);
      larger.set(this.#taken);
      this.#taken = larger;
    }
    this.#taken[fd] = 1;
  }

  /** … or that it may be another connection's soon. */
  freed(fd: number): void {
    this.#taken[fd] = 0;
  }

  #isPeer(fd: number, address: Deno.NetAddr): boolean {
    this.#length[0] = ADDRESS_BYTES;
    return this.#libc.getpeername(fd, this.#address, this.#lengthBytes) === 0 &&
      this.#matches(address);
  }

  #isName(fd: number, address: Deno.NetAddr): boolean {
    this.#length[0] = ADDRESS_BYTES;
    return this.#libc.getsockname(fd, this.#address, this.#lengthBytes) === 0 &&
      this.#matches(address);
  }

  /** Whether the answer means this address: its bytes are the family's (2), the port's (2), and, where, the host's. */
  #matches({ hostname, port }: Deno.NetAddr): boolean {
    const bytes = this.#address;
    if ((bytes[2] << 8 | bytes[3]) !== port) return false;
    const family = bytes[0] | bytes[1] << 8;
    if (family === AF_INET) return bytes.subarray(4, 8).join(".") === hostname;
    if (family !== AF_INET6 || !hostname.includes(":")) return false;
    const groups = Array.from({ length: 8 }, (_, i) => bytes[8 + 2 * i] << 8 | bytes[9 + 2 * i]);
    return canonical(groups.map((group) => group.toString(16)).join(":")) === canonical(hostname);
  }
}

/** The one way to write an IPv6 address, for one of many. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname;
}
