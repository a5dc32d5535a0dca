/**
 * Demands a refusal.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ReplyError } from "../../server/resp/errors.ts";
import type { Value } from "./harness.ts";

/** Demands that a reply is the error of this text, its code first; other replies are shown as they are. */
export function assertRefused(reply: Value, text: string, message?: string): void {
  // Errors as such do not compare well: they remember where they were made.
  assertEquals(reply instanceof ReplyError ? `-${reply.message}` : reply, `-${text}`, message);
}
