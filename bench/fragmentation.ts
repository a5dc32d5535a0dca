/**
 * Memory under values whose sizes change: what an allocator with size classes fears most.
 *
 * In each phase most keys are overwritten, at random, with values around one size, and some are
 * deleted; sizes go 16, 64, 200, 40, 600 bytes. Then resident memory and the server's own count are
 * compared with the bytes of keys and values alive. The sequence is the same in every run.
 *
 * @module
 */

import { pause } from "../tests/support/wait.ts";
import type { Contenders } from "./contenders.ts";
import { keyOf, load, request } from "./loader.ts";
import { residentBytes, usedMemory } from "./machine.ts";
import type { Measure } from "./report.ts";

const SIZES = [16, 64, 200, 40, 600];
const KEY_BYTES = 16;

/** Runs the phases over `keys` keys. */
export async function measureFragmentation(
  contenders: Contenders,
  keys: number,
): Promise<Measure[]> {
  const { redis, coolcache } = await contenders.each(async (server) => {
    using connection = await server.connect({ timeout: 60_000 });
    const empty = residentBytes(server.pid);
    const emptyUsed = usedMemory(await connection.text("INFO", "memory"));
    const workload = new Workload(keys);
    const shares: number[] = [];
    for (const size of SIZES) {
      await load(server.port, workload.phase(size));
      await pause(500);
      shares.push((residentBytes(server.pid) - empty) / workload.payload);
    }
    const used = usedMemory(await connection.text("INFO", "memory"));
    return {
      last: shares[shares.length - 1],
      worst: Math.max(...shares.slice(1)),
      used: (used - emptyUsed) / workload.payload,
    };
  });
  const unit = "× payload";
  const area = "fragmentation";
  return [
    {
      area,
      name: "resident above empty, after all phases",
      unit,
      redis: redis.last,
      coolcache: coolcache.last,
    },
    {
      area,
      name: "resident above empty, worst phase after the first",
      unit,
      redis: redis.worst,
      coolcache: coolcache.worst,
    },
    {
      area,
      name: "used_memory above empty, after all phases",
      unit,
      redis: redis.used,
      coolcache: coolcache.used,
    },
  ];
}

/** The requests of the phases, and how many bytes are alive once they are done. */
class Workload {
  /** Value bytes of each key; 0 for a key that is not there. */
  #sizes: Uint16Array;
  #state = 0x9e3779b9;
  /** Bytes of all keys and values that are there. */
  payload = 0;

  constructor(keys: number) {
    this.#sizes = new Uint16Array(keys);
  }

  /** As many overwrites as there are keys, a quarter around the size, and a fifth of deletions. */
  *phase(size: number): Generator<string> {
    const keys = this.#sizes.length;
    for (let i = 0; i < keys; i++) {
      const key = this.#below(keys);
      if (i % 5 === 4) {
        this.#become(key, 0);
        yield request("DEL", keyOf(key));
      } else {
        const length = size - (size >> 2) + this.#below(size >> 1);
        this.#become(key, length);
        yield request("SET", keyOf(key), "v".repeat(length));
      }
    }
  }

  #become(key: number, size: number): void {
    const before = this.#sizes[key];
    this.payload += size - before;
    if (before === 0 && size > 0) this.payload += KEY_BYTES;
    if (before > 0 && size === 0) this.payload -= KEY_BYTES;
    this.#sizes[key] = size;
  }

  /** A number from 0 to `limit` - 1 (xorshift, always the same sequence). */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}
