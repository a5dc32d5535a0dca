/**
 * `--pipe`: mass insertion. Standard input goes to the server as it is; the replies are only counted.
 *
 * At the end an ECHO of random bytes is sent: when it comes back, everything before it has been answered. It is
 * preceded by an empty line, which the server ignores, in case the input ended within one.
 *
 * @module
 */

import { equals } from "@std/bytes/equals";
import { ConnectionError } from "../errors.ts";
import type { ReplyNode } from "./reply_node.ts";
import type { Session } from "./session.ts";
import type { System } from "./system.ts";
import { printed } from "./system.ts";

const MAGIC_LENGTH = 20;

/** Transfers standard input and answers the exit code: 0 when no reply was an error. */
export async function pipeInput(
  session: Session,
  { timeout }: { timeout: number },
  system: System,
): Promise<number> {
  if (!await session.connect()) return 1;
  const magic = crypto.getRandomValues(new Uint8Array(MAGIC_LENGTH));
  const finished = Promise.withResolvers<"echoed" | "silent">();
  let errors = 0;
  let replies = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sent = false;

  const expectReply = () => {
    clearTimeout(timer);
    if (sent && timeout > 0) timer = setTimeout(() => finished.resolve("silent"), timeout * 1000);
  };
  const ended = session.pipe((reply: ReplyNode) => {
    expectReply();
    if (sent && reply.type === "bulk" && equals(reply.bytes, magic)) {
      finished.resolve("echoed");
      return;
    }
    replies++;
    if (reply.type !== "error") return;
    errors++;
    system.err(reply.text);
  });

  try {
    for await (const chunk of system.input()) await session.sendRaw(chunk);
    system.out(printed("All data transferred. Waiting for the last reply...\n"));
    sent = true;
    expectReply();
    await session.sendRaw(printed(`\r\n*2\r\n$4\r\nECHO\r\n$${MAGIC_LENGTH}\r\n`));
    await session.sendRaw(magic);
    await session.sendRaw(printed("\r\n"));
    const end = await Promise.race([
      finished.promise,
      ended.then((reason) => Promise.reject(reason)),
    ]);
    if (end === "echoed") {
      system.out(printed("Last reply received from server.\n"));
    } else {
      system.err(`No replies for ${timeout} seconds: exiting.`);
      errors++;
    }
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    system.err(`Error: ${error.message}`);
    return 1;
  } finally {
    clearTimeout(timer);
  }
  system.out(printed(`errors: ${errors}, replies: ${replies}\n`));
  return errors > 0 ? 1 : 0;
}
