/**
 * What the executable says of itself: its version, which Redis it behaves like, how it is used.
 *
 * @module
 */

import { COOLCACHE_VERSION } from "../version.ts";

/** Behaviour is that of Redis 7.2 with 7.4's expiry of hash fields. */
export const REDIS_VERSION = "7.4.0";

/** The answer to `--version`. */
export const VERSION_LINE = `coolcache v=${COOLCACHE_VERSION} redis_version=${REDIS_VERSION} ` +
  `deno=${Deno.version.deno} bits=64`;

/** The answer to `--help`. */
export const USAGE = `Usage: coolcache [/path/to/redis.conf] [--directive value ...]

  coolcache                              listen on port 6379 with the default configuration
  coolcache --port 7777                  any directive of redis.conf is a flag
  coolcache redis.conf --loglevel debug  flags come after, and override, the file
  coolcache -                            read the configuration from standard input
  coolcache --help | --version

COOLCACHE_HOST and COOLCACHE_PORT stand for --bind and --port where these are not given.
`;
