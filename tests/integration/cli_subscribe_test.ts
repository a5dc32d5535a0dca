import { assertEquals } from "@std/assert";
import { CoolCache } from "../../server/coolcache.ts";
import { waitFor } from "../support/wait.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;

Deno.test("coolcache-cli SUBSCRIBE prints messages until it is interrupted", async () => {
  await using instance = await CoolCache.start({ port: 0 });
  const { pubsub } = instance.server;
  const encode = (text: string) => new TextEncoder().encode(text);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", CLI, "-p", String(instance.port), "SUBSCRIBE", "news"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const reading = process.stdout.pipeThrough(new TextDecoderStream())
    .pipeTo(
      new WritableStream({
        write(text) {
          printed += text;
        },
      }),
    );
  await waitFor(() => pubsub.subscriberCount("channel", encode("news")) === 1, {
    what: "the subscription",
    timeout: 20_000,
  });
  pubsub.publish(encode("news"), encode("one"));
  pubsub.publish(encode("news"), encode("two"));
  const expected = "subscribe\nnews\n1\nmessage\nnews\none\nmessage\nnews\ntwo\n";
  await waitFor(() => printed.length >= expected.length, { what: "the messages" });
  assertEquals(printed, expected);
  process.kill("SIGINT");
  const { signal } = await process.status;
  assertEquals(signal, "SIGINT");
  await reading;
  await process.stderr.cancel();
  await waitFor(() => pubsub.names("channel").length === 0, { what: "the end" });
});
