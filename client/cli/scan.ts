/**
 * `--scan`: lists the keys.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { decodeLatin1 } from "../../server/resp/args.ts";
import type { Argument } from "../connection.ts";
import type { CliFlags } from "./flags.ts";
import { quote } from "./format.ts";
import { itemsOf, textOf } from "./reply_node.ts";
import type { Session } from "./session.ts";
import type { System } from "./system.ts";
import { printed } from "./system.ts";

/** Prints every key, one a line, quoted in the standard format; answers the exit code. */
export async function scanKeys(session: Session, flags: CliFlags, system: System): Promise<number> {
  if (!await session.connect()) return 1;
  const match: Argument[] = flags.pattern === undefined ? [] : ["MATCH", flags.pattern];
  const asQuoted = flags.style.format === "standard";
  let cursor = "0";
  do {
    const reply = await session.query(["SCAN", cursor, ...match, "COUNT", flags.count]);
    if (reply.type === "error") {
      system.err(`SCAN error: ${reply.text}`);
      return 1;
    }
    const [next, keys] = itemsOf(reply);
    for (const key of itemsOf(keys)) {
      if (key.type !== "bulk") continue;
      system.out(
        asQuoted
          ? printed(`${quote(decodeLatin1(key.bytes))}\n`)
          : concat([key.bytes, printed("\n")]),
      );
    }
    cursor = textOf(next) ?? "0";
    if (flags.interval > 0) await new Promise((resolve) => setTimeout(resolve, flags.interval));
  } while (cursor !== "0");
  return 0;
}
