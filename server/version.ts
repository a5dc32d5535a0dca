/**
 * Which version this is, and which Redis it behaves like.
 *
 * @module
 */

import manifest from "../deno.json" with { type: "json" };

/** As deno.json says, the one place where it is written; compiled executables carry that file inside. */
export const COOLCACHE_VERSION = manifest.version;
/** Behaviour is that of Redis 7.2 with 7.4's expiry of hash fields. */
export const REDIS_VERSION = "7.4.0";
