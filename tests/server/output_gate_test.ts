/**
 * Replies that wait for the disk: which leave with which release of the gate, and in which order.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { EncoderPool, Output } from "../../server/output.ts";
import { decodeLatin1, encodeLatin1 } from "../../server/resp/args.ts";

/** A connection whose writes end when the test says so. */
class SlowSink {
  readonly writes: string[] = [];
  #done: (() => void) | undefined;

  write(bytes: Uint8Array): Promise<number> {
    this.writes.push(decodeLatin1(bytes));
    return new Promise((resolve) => this.#done = () => resolve(bytes.length));
  }

  /** Lets the write under way end, and what depends on it happen. */
  async take(): Promise<void> {
    this.#done?.();
    for (let i = 0; i < 5; i++) await Promise.resolve();
  }
}

function outputs(): { pool: EncoderPool; sink: SlowSink; output: Output; say(text: string): void } {
  const pool = new EncoderPool();
  const sink = new SlowSink();
  const traffic = { outputBytes: 0, writes: 0 };
  const output = new Output(sink, pool, traffic, () => {});
  const say = (text: string) => {
    output.encoder(2).raw(encodeLatin1(text));
    output.flush();
  };
  return { pool, sink, output, say };
}

Deno.test("While the gate is closed nothing leaves, and all does when it opens", () => {
  const { pool: { gate }, sink, output, say } = outputs();
  gate.close();
  say("a");
  say("b");
  assertEquals(sink.writes, []);
  assertEquals(output.pending, 2);
  gate.open();
  assertEquals(sink.writes, ["ab"]);
  assertEquals(output.pending, 2);
});

Deno.test("A release lets those replies go that there were at the seal, and no later ones", async () => {
  const { pool: { gate }, sink, output, say } = outputs();
  gate.close();
  say("a");
  gate.seal();
  say("b");
  gate.release();
  assertEquals(sink.writes, ["a"]);
  await sink.take();
  assertEquals([...sink.writes, output.pending], ["a", 1]);
  gate.seal();
  say("c");
  gate.open();
  await sink.take();
  assertEquals(sink.writes, ["a", "b", "c"]);
});

Deno.test("A client that never stops asking is answered with each release", async () => {
  const { pool: { gate }, sink, say } = outputs();
  gate.close();
  say("0");
  for (let i = 1; i <= 5; i++) {
    gate.seal();
    say(String(i));
    gate.release();
    await sink.take();
  }
  assertEquals(sink.writes, ["0", "1", "2", "3", "4"]);
});

Deno.test("What is released while the socket is busy leaves after it, in order", async () => {
  const { pool: { gate }, sink, output, say } = outputs();
  say("a");
  gate.close();
  say("b");
  gate.seal();
  say("c");
  gate.release();
  gate.seal();
  gate.release();
  assertEquals(sink.writes, ["a"]);
  await sink.take();
  assertEquals(sink.writes, ["a", "bc"]);
  gate.open();
  await sink.take();
  assertEquals(output.pending, 0);
});

Deno.test("Shared messages wait, too, between the replies before and behind them", async () => {
  const { pool: { gate }, sink, output, say } = outputs();
  const message = encodeLatin1("message");
  gate.close();
  say("a");
  output.share(message, 0, 7);
  gate.seal();
  output.share(message, 0, 4);
  output.flush();
  say("b");
  gate.release();
  await sink.take();
  gate.open();
  assertEquals(sink.writes, ["amessage", "messb"]);
  await sink.take();
  assertEquals(output.pending, 0);
});

Deno.test("Who waits for the output to drain waits for the gate, or for the end", async () => {
  const { pool: { gate }, sink, output, say } = outputs();
  gate.close();
  say("a");
  let drained = 0;
  output.drained().then(() => drained++);
  await sink.take();
  assertEquals(drained, 0);
  gate.open();
  await sink.take();
  assertEquals(drained, 1);

  gate.close();
  say("b");
  output.drained().then(() => drained++);
  output.discard();
  await Promise.resolve();
  assertEquals(drained, 2);
  gate.open();
  assertEquals(sink.writes, ["a"]);
});
