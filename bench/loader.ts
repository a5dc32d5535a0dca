/**
 * Fills a server: pipelined requests over one connection, replies counted and not decoded.
 *
 * Only for commands whose replies all have the same number of lines, since it is line ends that are
 * counted. A few batches are in flight at any time, so the server never waits for us and we never
 * queue without bound.
 *
 * @module
 */

const BATCH_BYTES = 64 * 1024;
const MOST_IN_FLIGHT = 4000;

/** The key of a number: 16 bytes. */
export function keyOf(number: number): string {
  return "key:" + String(number).padStart(12, "0");
}

/** A request as RESP; ASCII only, because lengths are counted in characters. */
export function request(...words: string[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += `$${word.length}\r\n${word}\r\n`;
  return text;
}

/** SET requests for `count` keys of 16 bytes with values of 32. */
export function* sets(count: number): Generator<string> {
  const padding = "x".repeat(20);
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    yield `*3\r\n$3\r\nSET\r\n$16\r\n${key}\r\n$32\r\n${padding}${key.slice(4)}\r\n`;
  }
}

/**
 * Sends requests and resolves when all are answered, each with so many lines, with the milliseconds
 * it took; throws at the first error reply.
 */
export async function load(
  port: number,
  requests: Iterable<string>,
  linesPerReply = 1,
): Promise<number> {
  const started = performance.now();
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  const encoder = new TextEncoder();
  const chunk = new Uint8Array(BATCH_BYTES);
  let batch = "";
  let batched = 0;
  /** Lines of replies that are still to come. */
  let inFlight = 0;
  let lineBegins = true;

  async function flush(): Promise<void> {
    const bytes = encoder.encode(batch);
    for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
    inFlight += batched * linesPerReply;
    batch = "";
    batched = 0;
  }

  async function drainTo(limit: number): Promise<void> {
    while (inFlight > limit) {
      const length = await socket.read(chunk);
      if (length === null) throw new Error("The server closed the connection while it was filled");
      for (let i = 0; i < length; i++) {
        if (lineBegins && chunk[i] === 0x2d) {
          throw new Error(`Refused: ${new TextDecoder().decode(chunk.subarray(i, i + 200))}`);
        }
        lineBegins = chunk[i] === 0x0a;
        if (lineBegins) inFlight--;
      }
    }
  }

  for (const text of requests) {
    batch += text;
    batched++;
    if (batch.length >= BATCH_BYTES) {
      await flush();
      await drainTo(MOST_IN_FLIGHT * linesPerReply);
    }
  }
  await flush();
  await drainTo(0);
  return performance.now() - started;
}
