/**
 * The event loop of connections that a process reads and writes itself.
 *
 * Deno's own way from a socket to JavaScript and back costs about 4 µs a request that comes alone: an operation and a
 * promise for each read and write, while a system call takes 1 to 3 µs. So once Deno has accepted a connection its
 * socket is taken out of Deno's epoll instance and put into one of ours. A turn of the loop asks that for news, reads
 * every socket that has some, and passes them on as one chunk of a stream; its sink ({@link takeArrivals}) has their
 * receivers carry out what has come. Then comes a turn of Deno's loop (1.5 µs), which has us go on.
 *
 *     busy      wait 0 ms ─► read all ─► take all ─► setImmediate ───┐
 *       ▲ ▲                                                          │
 *       │ └──────────────────────────────────────────────────────────┘
 *       │   nothing there: wait up to 5 ms, on this thread            asleep: wait on another thread
 *       └──────────────────────────────── something there ◄───────────  (Deno's loop waits as usual)
 *
 * A wait on this thread must not keep Deno's own business waiting: files, timers, other sockets. Deno's epoll instance
 * is therefore itself watched by ours, so that the wait ends at once when Deno has something to do. Only timers may be
 * late, by as much as the wait is long. After a twentieth of a second without news another thread waits; it takes about
 * 0.1 ms longer to wake us, which then matters to nobody.
 *
 * @module
 */

import type { setImmediate } from "node:timers";
import { Epoll, epollInstances, Event, removeFrom, returnTo } from "./epoll.ts";
import { type Libc, type LibcLibrary, openLibc } from "./libc.ts";
import { PolledSocket, type Turns } from "./polled_socket.ts";
import { SocketFinder } from "./socket_finder.ts";

/** How long this thread waits, in ms, when there may be timers that are due soon, … */
const SHORT_WAIT_MS = 1;
/** … and when it is quiet. */
const LONG_WAIT_MS = 5;
/** After so many waits that brought nothing it is quiet, … */
const QUIET_WAITS = 3;
/** … and after so many more another thread waits. */
const LAST_WAITS = 13;
/** While it is busy Deno's loop looks at its own sockets and timers every so many ms. */
const LOOK_EVERY_MS = 5;
/** How often the clock is read for that, in turns. */
const TURNS_PER_CLOCK = 16;
/**
 * After so many turns `setImmediate` is loaded, which takes 5 to 10 ms: not while somebody waits for a server to start.
 */
const FIRST_TURNS = 32;
/** EFD_CLOEXEC and EFD_NONBLOCK. */
const EVENTFD_FLAGS = 0o2000000 | 0o4000;
/** Keys of what is no socket. */
const DENO_KEY = -1;
const ALARM_KEY = -2;

/** What the process does beside its connections. */
export interface OtherWork {
  /** Ends when Deno's loop has looked at its own sockets and timers once. */
  othersFirst(): Promise<void>;
  /** Whether timers are due in a millisecond or two. */
  readonly isUrgent: boolean;
}

/** Polls the sockets of one process. */
export class SocketPoller implements Turns {
  readonly #library: LibcLibrary;
  readonly #libc: Libc;
  readonly #finder: SocketFinder;
  readonly #sockets: (PolledSocket | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #freeKeys: number[] = [];
  /** Made with the first connection. */
  #epoll: Epoll | undefined;
  /** Deno's epoll instance. */
  #denoFd = -1;
  /** Ends a wait on the other thread. */
  #alarmFd = -1;
  readonly #work: OtherWork;
  /** The sockets of each turn that have been read. */
  readonly arrivals: ReadableStream<readonly PolledSocket[]>;
  #controller!: ReadableStreamDefaultController<readonly PolledSocket[]>;
  /** Those that have been read in this turn. */
  #arrived: PolledSocket[] = [];
  /** Sockets that are to be read in the next turn. */
  #next: PolledSocket[] = [];
  #count = 0;
  #asleep = false;
  #running = false;
  #closing = false;
  readonly #released = Promise.withResolvers<void>();
  /** How many waits in a row brought nothing. */
  #emptyWaits = 0;
  #turns = 0;
  #lookedAt = 0;
  readonly #turn = () => this.#takeTurn();
  readonly #goOn = () => this.#scheduleTurn();
  /** Calls back in the next turn of Deno's loop; undefined until it is loaded. */
  #setImmediate: typeof setImmediate | undefined;
  #firstTurns = 0;

  private constructor(library: LibcLibrary, work: OtherWork) {
    this.#library = library;
    this.#libc = library.symbols;
    this.#finder = new SocketFinder(this.#libc);
    this.#work = work;
    this.arrivals = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
    }, { highWaterMark: 0 });
  }

  /** A poller for this process; undefined where its sockets cannot be had. */
  static open(work: OtherWork): SocketPoller | undefined {
    const library = openLibc();
    if (library === undefined) return undefined;
    const poller = new SocketPoller(library, work);
    takeArrivals(poller.arrivals);
    return poller;
  }

  /** Takes a connection over that nobody has read from; undefined when it has to stay with Deno. */
  adopt(connection: Deno.TcpConn): PolledSocket | undefined {
    const fd = this.#finder.find(connection.localAddr, connection.remoteAddr);
    if (fd === undefined || !this.#takeFromDeno(fd)) return undefined;
    const key = this.#freeKeys.pop() ?? this.#sockets.length;
    const generation = ((this.#generations[key] ?? 0) + 1) | 0;
    const socket = new PolledSocket(this.#libc, this, connection, fd, key);
    this.#sockets[key] = socket;
    this.#generations[key] = generation;
    this.#finder.taken(fd);
    this.#count++;
    const events = Event.readable | Event.writable | Event.peerEnded | Event.onChange;
    if (!this.#epoll!.add(fd, events, key, generation)) {
      throw new Error("the system cannot watch a further connection");
    }
    if (!this.#running) {
      this.#running = true;
      queueMicrotask(this.#turn);
    }
    return socket;
  }

  /** Has Deno's loop watch a socket no more. The first time Deno's epoll instance is found, and our own is made. */
  #takeFromDeno(fd: number): boolean {
    if (this.#epoll !== undefined) return removeFrom(this.#libc, this.#denoFd, fd);
    const instance = epollInstances().find((instance) => removeFrom(this.#libc, instance, fd));
    if (instance === undefined) return false;
    this.#denoFd = instance;
    this.#alarmFd = this.#libc.eventfd(0, EVENTFD_FLAGS);
    this.#epoll = new Epoll(this.#libc);
    this.#epoll.add(this.#denoFd, Event.readable, DENO_KEY, 0);
    this.#epoll.add(this.#alarmFd, Event.readable | Event.onChange, ALARM_KEY, 0);
    return true;
  }

  drop(socket: PolledSocket): void {
    this.#sockets[socket.key] = undefined;
    this.#freeKeys.push(socket.key);
    this.#finder.freed(socket.fd);
    this.#epoll!.remove(socket.fd);
    // Deno takes it out of its instance when it closes it, and keeps its record of it (0.5 KB) for ever when that fails.
    returnTo(this.#libc, this.#denoFd, socket.fd);
    if (--this.#count === 0) this.#wake();
  }

  arrived(socket: PolledSocket): void {
    this.#arrived.push(socket);
  }

  receiveNext(socket: PolledSocket): void {
    this.#next.push(socket);
    this.#wake();
  }

  #wake(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#libc.eventfd_write(this.#alarmFd, 1n);
  }

  #takeTurn(): void {
    const epoll = this.#epoll!;
    if (this.#count === 0) return this.#rest();
    let count = epoll.wait(0);
    if (count === 0 && this.#next.length === 0) {
      count = epoll.wait(this.#isQuiet ? LONG_WAIT_MS : SHORT_WAIT_MS);
      if (count === 0) return this.#onNothing(epoll);
    }
    this.#emptyWaits = 0;
    this.#handle(epoll, count);
  }

  get #isQuiet(): boolean {
    return this.#emptyWaits >= QUIET_WAITS && !this.#work.isUrgent;
  }

  /** Nothing has come: lets Deno look after its timers, or another thread wait. */
  #onNothing(epoll: Epoll): void {
    if (++this.#emptyWaits > LAST_WAITS) this.#sleep(epoll);
    else this.#letOthersWork();
  }

  #letOthersWork(): void {
    this.#work.othersFirst().then(this.#goOn);
  }

  /** Lets another thread wait. */
  #sleep(epoll: Epoll): void {
    // Deno's loop waits by itself now.
    epoll.change(this.#denoFd, 0, DENO_KEY, 0);
    this.#asleep = true;
    epoll.waitAside().then((count) => {
      this.#asleep = false;
      epoll.change(this.#denoFd, Event.readable, DENO_KEY, 0);
      this.#handle(epoll, count);
    });
  }

  /** Reads what `count` events and the last turn left to be read, and sees to it that there is another turn. */
  #handle(epoll: Epoll, count: number): void {
    const next = this.#next;
    if (next.length > 0) this.#next = [];
    let denoWaits = false;
    for (let i = 0; i < count; i++) {
      const key = epoll.key(i);
      if (key < 0) {
        if (key === DENO_KEY) denoWaits = true;
        continue;
      }
      // It may have been closed since, and its key given to another one.
      if (this.#generations[key] === epoll.generation(i)) {
        this.#sockets[key]?.happened(epoll.flags(i));
      }
    }
    for (const socket of next) socket.receive();
    if (this.#arrived.length > 0) {
      this.#controller.enqueue(this.#arrived);
      this.#arrived = [];
    }
    if (denoWaits || this.#isLookDue()) this.#letOthersWork();
    else this.#scheduleTurn();
  }

  /** Lets Deno's loop have a turn, and goes on then. */
  #scheduleTurn(): void {
    if (this.#setImmediate !== undefined) {
      this.#setImmediate(this.#turn);
      return;
    }
    this.#work.othersFirst().then(this.#turn);
    if (++this.#firstTurns !== FIRST_TURNS) return;
    import("node:timers").then((timers) => this.#setImmediate = timers.setImmediate);
  }

  #isLookDue(): boolean {
    if (++this.#turns % TURNS_PER_CLOCK !== 0) return false;
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return false;
    this.#lookedAt = now;
    return true;
  }

  /** Ends the loop until there is another connection. */
  #rest(): void {
    this.#running = false;
    if (this.#closing) this.#release();
  }

  /** Gives everything back when the last connection is closed, and ends then. */
  close(): Promise<void> {
    this.#closing = true;
    if (!this.#running) this.#release();
    return this.#released.promise;
  }

  #release(): void {
    this.#controller.close();
    this.#epoll?.close();
    this.#epoll = undefined;
    if (this.#alarmFd >= 0) this.#libc.close(this.#alarmFd);
    this.#alarmFd = -1;
    this.#library.close();
    this.#released.resolve();
  }
}

/** Has what sockets have read taken by their receivers, turn by turn. Ends with the stream. */
async function takeArrivals(arrivals: ReadableStream<readonly PolledSocket[]>): Promise<void> {
  const reader = arrivals.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const socket of value) socket.take();
  }
}
