/**
 * What can go wrong between a client and its server.
 *
 * A refusal by the server is a {@link ReplyError}, its code first, and the connection lives on. A
 * {@link ConnectionError} means that there is no connection (any more): commands under way may or may not have
 * been carried out.
 *
 * @module
 */

export { ReplyError } from "../server/resp/errors.ts";

/** The server could not be reached, or the connection to it has ended. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** The system's reason for a failure, without its error number: `Connection refused`. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\)$/, "");
}
