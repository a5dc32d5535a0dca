/**
 * Whether the data are being loaded, and how far that is: at the start from a file, later from a primary.
 *
 * While it goes on, commands are refused that need the data; those that may run all the same say so with the flag
 * `loading`. An *asynchronous* load goes into databases of its own: until they take the place of the old ones these
 * are there to be read, and only commands with the flag `no_async_loading` are refused.
 *
 * @module
 */

/** A load that goes on. */
export interface Load {
  readonly isAsync: boolean;
  /** Unix time in ms. */
  readonly startedAt: number;
  /** Bytes used by the data that there were before. */
  readonly usedBefore: number;
  /** How many bytes there are to load; 0 where that is not known. */
  readonly totalBytes: number;
  loadedBytes: number;
  /** Bytes that the data took where it was written; 0 where that is not known. */
  usedByWriter: number;
}

/** The share of a load that is done, in percent. */
export function loadedPercent({ loadedBytes, totalBytes }: Load): number {
  return totalBytes === 0 ? 0 : Math.min(100, loadedBytes / totalBytes * 100);
}

/** Seconds until a load will be over if it goes on as before; `now` is Unix time in ms. */
export function remainingSeconds(
  { loadedBytes, totalBytes, startedAt }: Load,
  now: number,
): number {
  if (loadedBytes === 0) return 1;
  return Math.max(0, (now - startedAt) / 1000 * (totalBytes - loadedBytes) / loadedBytes);
}

/** The loads of one server, one at a time. */
export class Loading {
  readonly #onChange: () => void;
  #load: Load | undefined;

  /** @param onChange called when one begins or ends */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The load that goes on. */
  get current(): Load | undefined {
    return this.#load;
  }

  /** Says that one begins; what is known of its progress is the caller's to change. */
  begin(load: Omit<Load, "loadedBytes" | "usedByWriter">): Load {
    this.#load = { ...load, loadedBytes: 0, usedByWriter: 0 };
    this.#onChange();
    return this.#load;
  }

  /** Says that it is over. */
  end(): void {
    this.#load = undefined;
    this.#onChange();
  }
}
