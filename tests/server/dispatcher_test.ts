import { assertEquals } from "@std/assert";
import type { CommandSpec } from "../../commands/command.ts";
import { Config } from "../../server/config/config.ts";
import { Logger } from "../../server/logger.ts";
import { Args, decodeLatin1 } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { ReplyEncoder } from "../../server/resp/reply_encoder.ts";
import { Server } from "../../server/server.ts";

function commandThatFails(name: string, error: () => Error): CommandSpec {
  return {
    name,
    summary: "Fails in the middle of its reply.",
    group: "server",
    since: "1.0.0",
    arity: 1,
    run({ reply }) {
      reply.array(2);
      reply.bulk("first");
      throw error();
    },
  };
}

/** What a server of only these commands replies to the requests, one after the other, and what it logs. */
function serve(
  commands: readonly CommandSpec[],
  requests: readonly string[],
): { replies: string; log: string[] } {
  const log: string[] = [];
  const config = Config.fromOptions({});
  const server = new Server({
    config,
    commands,
    logger: new Logger((line) => log.push(line), () => "warning", () => new Date(0)),
    now: () => 1_700_000_000_000,
    monotonic: () => 0,
    random: () => 0.5,
    end: () => Promise.resolve(),
  });
  const session = server.clients.add({
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => {},
  }, { remote: "127.0.0.1:1", local: "127.0.0.1:2", isLocal: true, isUnix: false });
  const encoder = new ReplyEncoder();
  session.context.reply = encoder;
  for (const request of requests) server.dispatcher.dispatch(session.context, Args.of(request));
  return { replies: decodeLatin1(encoder.bytes()), log };
}

Deno.test("an error in the middle of a reply takes its place", () => {
  const fails = commandThatFails("FAILS", () => new ReplyError("ERR no more"));
  const ping: CommandSpec = { ...fails, name: "PING", run: ({ reply }) => reply.simple("PONG") };
  assertEquals(
    serve([fails, ping], ["PING", "FAILS", "PING"]).replies,
    "+PONG\r\n-ERR no more\r\n+PONG\r\n",
  );
});

Deno.test("a bug in a handler is answered as an internal error and logged", () => {
  const breaks = commandThatFails("BREAKS", () => new TypeError("not a thing"));
  const { replies, log } = serve([breaks], ["BREAKS"]);
  assertEquals(replies, "-ERR internal error\r\n");
  assertEquals(log.map((line) => line.includes("TypeError: not a thing")), [true]);
});
