/**
 * A connection's request stream, and how it is consumed.
 *
 * The **request stream** reads the socket into the session's decoder; what flows out of it is "there are new bytes",
 * one chunk a read, however many requests they hold. The **command sink** lets the session carry out every request
 * that is complete. No read happens before the last batch has been taken, nothing is copied on the way, and the
 * streams' own cost is shared by a whole pipeline of requests.
 *
 * The sink takes chunks with a reader. As a WritableStream at the end of a pipe it cost 0.7 µs a chunk more, 7 % of
 * a request that comes alone; see docs/decisions/0002-own-streams.md.
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
    // Answers no promise: nothing is asked for again before it has arrived, since the sink takes one chunk at a time
    // and nothing is kept ahead. That spares a promise and a closure for each read.
    pull() {
      source.read(session.room()).then(arrived, failed);
    },
  }, { highWaterMark: 0 });
}

/** A client's batches between two turns of the event loop, if its reads have not been full. */
const BATCHES_PER_TURN = 128;

/**
 * Carries out what has come, until the stream ends. Two clients are made to wait: one that leaves too many replies
 * unread, and one that sends faster than it is served. The latter's reads would be answered at once, again and again,
 * and other sockets not be looked at meanwhile.
 */
export async function commandSink(
  requests: ReadableStream<number>,
  session: Session,
): Promise<void> {
  const reader = requests.getReader();
  for (let batch = 1;; batch++) {
    const { done, value } = await reader.read();
    if (done) return;
    const patience = session.receive(value);
    if (patience !== undefined) await patience;
    if (session.isFlooding || batch % BATCHES_PER_TURN === 0) await session.othersFirst();
  }
}
