/**
 * Which version this is, and which Redis it behaves like.
 *
 * @module
 */

export const COOLCACHE_VERSION = "0.1.0";
/** Behaviour is that of Redis 7.2 with 7.4's expiry of hash fields. */
export const REDIS_VERSION = "7.4.0";
