/**
 * `redis://[[user:]password@]host[:port][/database]`, as `-u` takes it.
 *
 * @module
 */

import { UsageError } from "./usage_error.ts";

/** What a URI says; parts that it leaves out are undefined. */
export interface UriParts {
  username?: string;
  password?: string;
  host?: string;
  port?: number;
  database?: number;
}

const URI = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:/]*)(?::(\d*))?(?:\/(\d*))?$/;

/**
 * Reads a server's URI.
 *
 * @throws {UsageError} when it is none, or asks for TLS
 */
export function parseUri(uri: string): UriParts {
  const scheme = /^(rediss?):\/\//i.exec(uri);
  if (!scheme) throw new UsageError("Invalid URI scheme");
  if (scheme[1].toLowerCase() === "rediss") throw new UsageError("rediss:// is not supported");
  const match = URI.exec(uri.slice(scheme[0].length));
  if (!match) throw new UsageError(`Invalid URI: ${uri}`);
  const [, login, host, port, database] = match;
  const parts: UriParts = {};
  if (login !== undefined) {
    const colon = login.indexOf(":");
    // ":password" has no user: an empty name would be refused by every server.
    if (colon > 0) parts.username = percentDecode(login.slice(0, colon));
    parts.password = percentDecode(login.slice(colon + 1));
  }
  if (host !== "") parts.host = host.replace(/^\[(.*)\]$/, "$1");
  if (port) parts.port = Number(port);
  if (database) parts.database = Number(database);
  return parts;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new UsageError("Illegal character in URI encoding");
    throw error;
  }
}
