/**
 * An epoll instance: waits for news of many file descriptors at once.
 *
 * The interface and its numbers are those of Linux, see epoll(7) and its `sys/epoll.h`.
 *
 * @module
 */

import type { Libc } from "./libc.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** What happened to a file descriptor; bits. */
export const Event = {
  readable: 0x001,
  writable: 0x004,
  error: 0x008,
  /** Both directions have ended. */
  hungUp: 0x010,
  /** The other side will send nothing more. */
  peerEnded: 0x2000,
  /** Tell of changes only. */
  onChange: 0x80000000,
} as const;

/** At most so many events are told at once. */
const MOST_EVENTS = 512;
/** The record of an event is packed on this architecture alone. */
const RECORD_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const DATA_WORD = RECORD_WORDS - 2;

/** One instance; events carry two words that were given with their file descriptor. */
export class Epoll {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #events = new Int32Array(MOST_EVENTS * RECORD_WORDS);
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  readonly #record = new Int32Array(RECORD_WORDS);
  readonly #recordBytes = new Uint8Array(this.#record.buffer);

  /** @throws {Error} when the system gives none */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.epoll_create1(EPOLL_CLOEXEC);
    if (this.#fd < 0) throw new Error("epoll_create1 failed");
  }

  /** Watches a file descriptor for `events`; false when it cannot be watched. */
  add(fd: number, events: number, key: number, generation: number): boolean {
    return this.#control(EPOLL_CTL_ADD, fd, events, key, generation);
  }

  /** Watches it for other events. */
  change(fd: number, events: number, key: number, generation: number): boolean {
    return this.#control(EPOLL_CTL_MOD, fd, events, key, generation);
  }

  /** Watches it no more; false when it was not watched. */
  remove(fd: number): boolean {
    return removeFrom(this.#libc, this.#fd, fd);
  }

  #control(operation: number, fd: number, events: number, key: number, generation: number) {
    this.#record[0] = events;
    this.#record[DATA_WORD] = key;
    this.#record[DATA_WORD + 1] = generation;
    return this.#libc.epoll_ctl(this.#fd, operation, fd, this.#recordBytes) === 0;
  }

  /** Waits up to `ms` for events, and answers their number. The thread stands still meanwhile. */
  wait(ms: number): number {
    return Math.max(0, this.#libc.epoll_wait(this.#fd, this.#eventBytes, MOST_EVENTS, ms));
  }

  /** Waits for events on another thread; no other wait may begin meanwhile. */
  waitAside(): Promise<number> {
    return this.#libc.epoll_wait_aside(this.#fd, this.#eventBytes, MOST_EVENTS, -1)
      .then((count) => Math.max(0, count));
  }

  /** What happened in an event of the last wait: bits of {@link Event}. */
  flags(i: number): number {
    return this.#events[i * RECORD_WORDS];
  }

  key(i: number): number {
    return this.#events[i * RECORD_WORDS + DATA_WORD];
  }

  generation(i: number): number {
    return this.#events[i * RECORD_WORDS + DATA_WORD + 1];
  }

  close(): void {
    this.#libc.close(this.#fd);
  }
}

/** Takes a file descriptor out of somebody's epoll instance; false when it was not in it. */
export function removeFrom(libc: Libc, epollFd: number, fd: number): boolean {
  return libc.epoll_ctl(epollFd, EPOLL_CTL_DEL, fd, new Uint8Array(RECORD_WORDS * 4)) === 0;
}

/** Puts a file descriptor back into somebody's epoll instance, who will hear nothing of it but its end; false when it cannot be. */
export function returnTo(libc: Libc, epollFd: number, fd: number): boolean {
  const record = new Int32Array(RECORD_WORDS);
  record[0] = Event.onChange;
  return libc.epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, new Uint8Array(record.buffer)) === 0;
}

/** The file descriptors of this process's epoll instances. */
export function epollInstances(): number[] {
  const instances: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) === "anon_inode:[eventpoll]") {
        instances.push(Number(name));
      }
    } catch (error) {
      // The folder's own descriptor is gone by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return instances;
}
