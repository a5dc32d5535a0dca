/**
 * The sizes in which the arena hands out small blocks, and how many pages a span of each size takes.
 *
 * Up to 128 bytes every multiple of 8 is a class; above, each doubling is divided into eight, so that rounding up
 * wastes at most an eighth, up to 32 KiB. A span is a run of pages cut into blocks of one class: it takes the fewest
 * pages that leave little over at the end and hold enough blocks to be worth it.
 *
 * Pure arithmetic: knows nothing of the arena's memory.
 *
 * @module
 */

/** Bytes in a page, the unit in which spans and larger blocks are cut from a chunk. */
export const PAGE_BYTES = 4096;

/** The largest block that comes from a span, in bytes. */
export const LARGEST_CLASS_BYTES = 32 * 1024;

/** The arena's size classes as lookup tables, indexed by class unless said otherwise. */
export interface SizeClasses {
  /** The number of classes. */
  readonly count: number;
  /** The class for a request, indexed by its size in units of 8 bytes, rounded up. */
  readonly byUnits: Uint8Array;
  /** Block size in units of 8 bytes. */
  readonly units: Uint16Array;
  /** Pages in a span. */
  readonly pages: Uint8Array;
  /** Blocks in a span. */
  readonly blocks: Uint16Array;
}

const LARGEST_LINEAR_BYTES = 128;
const STEPS_PER_DOUBLING = 8;
/** From this size on a span holds four blocks at least, below it eight. */
const FEW_BLOCKS_FROM_BYTES = 2048;
const TAIL_WASTE_ALLOWED = 0.03;
const LARGEST_SPAN_PAGES = 40;

/** Computes the tables; about 5 KiB, made once for each arena. */
export function buildSizeClasses(): SizeClasses {
  const sizes = blockSizes();
  const byUnits = new Uint8Array(LARGEST_CLASS_BYTES / 8 + 1);
  const units = new Uint16Array(sizes.length);
  const pages = new Uint8Array(sizes.length);
  const blocks = new Uint16Array(sizes.length);

  let covered = 0;
  for (const [index, size] of sizes.entries()) {
    units[index] = size / 8;
    pages[index] = spanPages(size);
    blocks[index] = Math.floor((pages[index] * PAGE_BYTES) / size);
    byUnits.fill(index, covered, size / 8 + 1);
    covered = size / 8 + 1;
  }
  return { count: sizes.length, byUnits, units, pages, blocks };
}

function blockSizes(): number[] {
  const sizes: number[] = [];
  for (let size = 8; size <= LARGEST_LINEAR_BYTES; size += 8) sizes.push(size);
  for (let base = LARGEST_LINEAR_BYTES; base < LARGEST_CLASS_BYTES; base *= 2) {
    for (let step = 1; step <= STEPS_PER_DOUBLING; step++) {
      sizes.push(base + (base / STEPS_PER_DOUBLING) * step);
    }
  }
  return sizes;
}

function spanPages(size: number): number {
  const fewest = size < FEW_BLOCKS_FROM_BYTES ? 8 : 4;
  let best = 0;
  let leastWaste = 1;
  for (let pages = 1; pages <= LARGEST_SPAN_PAGES; pages++) {
    const bytes = pages * PAGE_BYTES;
    const blocks = Math.floor(bytes / size);
    if (blocks < fewest) continue;
    const waste = (bytes - blocks * size) / bytes;
    if (waste <= TAIL_WASTE_ALLOWED) return pages;
    if (waste < leastWaste) {
      leastWaste = waste;
      best = pages;
    }
  }
  return best;
}
