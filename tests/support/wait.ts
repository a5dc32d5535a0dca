/**
 * Waiting for something that another process does.
 *
 * Only for what cannot be awaited or moved by a clock of ours: a server that starts, a key that a
 * real redis-server expires. Inside one process pass a clock in and move it.
 *
 * @module
 */

/** How long to wait, how often to look, and what to call it when it does not come. */
export interface WaitOptions {
  /** Completes the sentence "waited in vain for …". */
  what: string;
  /** Milliseconds until giving up; 5000 if absent. */
  timeout?: number;
  /** Milliseconds between two looks; 10 if absent. */
  interval?: number;
}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks until `condition` gives something that is neither `undefined` nor `false`, and returns it.
 * Throws when the time is up, or whatever `condition` throws.
 */
export async function waitFor<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { what, timeout = 5000, interval = 10 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + timeout;
  while (true) {
    const seen = await condition();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    }
    await pause(interval);
  }
}
