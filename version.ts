/**
 * Which version of coolcache this is.
 *
 * deno.json says it, too, and a test holds them together. That file is not imported: of a program with a JSON module
 * among its own, Deno 2.7's executables keep no compiled code between starts, and each takes half as long again.
 *
 * @module
 */

/** The version of server and client, as in deno.json. */
export const COOLCACHE_VERSION = "0.1.0";
