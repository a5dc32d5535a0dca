/**
 * A connection's two streams.
 *
 * The **request stream** reads the socket into the session's decoder; what flows out of it is "there are new bytes",
 * one chunk a read. The **command sink** lets the session carry out every request that is complete. Piped together
 * they are a connection's life: no read happens before the last batch has been taken, nothing is copied on the way,
 * and a chunk is a whole pipeline of requests, so the streams' own cost is shared by all of them.
 *
 * @module
 */

import type { Session } from "./session.ts";

/** The reading side of a connection. */
export interface ByteSource {
  read(into: Uint8Array): Promise<number | null>;
}

/** Bytes that have come, in batches; a chunk is their number, the bytes are in the session's decoder. */
export function requestStream(source: ByteSource, session: Session): ReadableStream<number> {
  let controller: ReadableStreamDefaultController<number>;
  const arrived = (count: number | null) => {
    if (count === null) controller.close();
    else controller.enqueue(count);
  };
  const failed = (error: unknown) => controller.error(error);
  return new ReadableStream<number>({
    start(given) {
      controller = given;
    },
    // Answers no promise: nothing is asked for again before it has arrived, since the pipe reads one chunk at a time
    // and nothing is kept ahead. That spares a promise and a closure for each read.
    pull() {
      source.read(session.room()).then(arrived, failed);
    },
  }, { highWaterMark: 0 });
}

/** Carries out what has come. Only a client that leaves too many replies unread is made to wait. */
export function commandSink(session: Session): WritableStream<number> {
  return new WritableStream<number>({
    write: (count) => session.receive(count),
  });
}
