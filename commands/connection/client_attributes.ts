/**
 * What clients may say of themselves. CLIENT LIST shows it between spaces, so it must hold none.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { ReplyError } from "../../server/resp/errors.ts";

const EXCLAMATION_MARK = 33;
const TILDE = 126;

/** Whether an argument is visible ASCII throughout; an empty one is. */
function isPlain(args: Args, i: number): boolean {
  const end = args.off[i] + args.len[i];
  for (let at = args.off[i]; at < end; at++) {
    if (args.buf[at] < EXCLAMATION_MARK || args.buf[at] > TILDE) return false;
  }
  return true;
}

/** @throws {ReplyError} when the argument cannot be a client's name */
export function checkClientName(args: Args, i: number): void {
  if (isPlain(args, i)) return;
  throw new ReplyError(
    "ERR Client names cannot contain spaces, newlines or special characters.",
  );
}

/** @throws {ReplyError} when the argument cannot be the value of an attribute, called as the client called it */
export function checkClientAttribute(args: Args, i: number, name: string): void {
  if (isPlain(args, i)) return;
  throw new ReplyError(`ERR ${name} cannot contain spaces, newlines or special characters.`);
}
