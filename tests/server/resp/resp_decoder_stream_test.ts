import { assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { ProtocolError } from "../../../server/resp/errors.ts";
import { RespDecoderStream } from "../../../server/resp/resp_decoder_stream.ts";
import { encodeCommand } from "../../support/raw_connection.ts";
import { texts } from "./requests.ts";

const COMMANDS = [
  ["SET", "key", "value"],
  ["SET", "large", "x".repeat(100_000)],
  ["DEL", ""],
];
const BYTES = concat(COMMANDS.map(encodeCommand));

/** A stream of the bytes, in chunks of a size. */
function inChunks(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(at, at += size));
      if (at >= bytes.length) controller.close();
    },
  });
}

Deno.test("RespDecoderStream turns chunks of any size into requests", async () => {
  for (const size of [13, 1000, 70_000, BYTES.length]) {
    const requests = await Array.fromAsync(
      inChunks(BYTES, size).pipeThrough(new RespDecoderStream()),
    );
    assertEquals(requests.map(texts), COMMANDS);
  }
});

Deno.test("RespDecoderStream hands out requests that stay valid", async () => {
  const stream = inChunks(BYTES, 4096).pipeThrough(new RespDecoderStream());
  const [first, ...others] = await Array.fromAsync(stream);
  for (const other of others) other.buf.fill(0);
  assertEquals(texts(first), COMMANDS[0]);
});

Deno.test("RespDecoderStream says where the last whole request ended", async () => {
  const whole = encodeCommand(["SET", "key", "value"]).length;
  for (const cut of [whole, whole + 1, whole + 4, whole + 4000, BYTES.length - 1]) {
    const stream = new RespDecoderStream();
    const requests = await Array.fromAsync(
      inChunks(BYTES, 1000).pipeThrough(new LimitedBytesTransformStream(cut)).pipeThrough(stream),
    );
    assertEquals(
      stream.completeBytes,
      concat(COMMANDS.slice(0, requests.length).map(encodeCommand)).length,
    );
  }
});

Deno.test("RespDecoderStream counts what an interrupted write left behind", async () => {
  const stream = new RespDecoderStream();
  const whole = encodeCommand(["GET", "key"]);
  const cut = whole.subarray(0, 5);
  await Array.fromAsync(inChunks(concat([whole, cut]), 3).pipeThrough(stream));
  assertEquals([stream.completeBytes, stream.incompleteBytes], [whole.length, cut.length]);
});

Deno.test("RespDecoderStream fails where the bytes make no sense", async () => {
  const bytes = concat([encodeCommand(["PING"]), new TextEncoder().encode("*1\r\nfoo\r\n")]);
  const stream = inChunks(bytes, 1000).pipeThrough(new RespDecoderStream());
  await assertRejects(() => Array.fromAsync(stream), ProtocolError, "expected '$', got 'f'");
});

Deno.test("RespDecoderStream keeps to the limits it is given", async () => {
  const stream = inChunks(BYTES, 1000).pipeThrough(new RespDecoderStream({ maxBulkLength: 1000 }));
  await assertRejects(() => Array.fromAsync(stream), ProtocolError, "invalid bulk length");
});

Deno.test("RespDecoderStream lets its source wait for its reader", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(encodeCommand(["PING"]));
    },
  });
  const reader = source.pipeThrough(new RespDecoderStream()).getReader();
  for (let i = 0; i < 5; i++) await reader.read();
  assertEquals(pulled < 20, true);
  await reader.cancel();
});
