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
  return new ReadableStream<number>({
    pull(controller) {
      return source.read(session.room()).then((count) => {
        if (count === null) controller.close();
        else controller.enqueue(count);
      });
    },
  }, { highWaterMark: 0 });
}

/** Carries out what has come. Only a client that leaves too many replies unread is made to wait. */
export function commandSink(session: Session): WritableStream<number> {
  return new WritableStream<number>({
    write: (count) => session.receive(count),
  });
}
