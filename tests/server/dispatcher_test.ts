import { assertEquals } from "@std/assert";
import type { CommandSpec } from "../../commands/command.ts";
import { ReplyError } from "../../server/resp/errors.ts";
import { bareServer } from "../support/bare_server.ts";

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

Deno.test("an error in the middle of a reply takes its place", () => {
  const fails = commandThatFails("FAILS", () => new ReplyError("ERR no more"));
  const ping: CommandSpec = { ...fails, name: "PING", run: ({ reply }) => reply.simple("PONG") };
  const { replies } = bareServer({}, { commands: [fails, ping] });
  assertEquals(replies("PING", "FAILS", "PING"), "+PONG\r\n-ERR no more\r\n+PONG\r\n");
});

Deno.test("a bug in a handler is answered as an internal error and logged", () => {
  const breaks = commandThatFails("BREAKS", () => new TypeError("not a thing"));
  const { replies, log } = bareServer({}, { commands: [breaks] });
  assertEquals(replies("BREAKS"), "-ERR internal error\r\n");
  assertEquals(log.map((line) => line.includes("TypeError: not a thing")), [true]);
});
