/**
 * The longest common subsequence of two byte strings, by the classic table: cell (i, j) is its length for the first i
 * bytes of `a` and the first j bytes of `b`.
 *
 * Where several are equally long, the one found is Redis's: from the end backwards, `b` is shortened in a tie.
 *
 * @module
 */

/** A run of bytes that both strings have in common; positions are of the first byte in each. */
export interface CommonRun {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/** The length of the longest common subsequence. O(a × b) time, O(b) space. */
export function commonLength(a: Uint8Array, b: Uint8Array): number {
  const row = new Uint32Array(b.length + 1);
  for (let i = 0; i < a.length; i++) {
    const byte = a[i];
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j];
      row[j] = byte === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row[b.length];
}

/** A longest common subsequence, as the runs that it consists of, the last one first. */
export interface CommonRuns {
  readonly length: number;
  readonly runs: readonly CommonRun[];
}

/**
 * Finds a longest common subsequence. O(a × b) time and space, 4 bytes a cell.
 *
 * @throws {RangeError} when there is no memory for the table
 */
export function commonRuns(a: Uint8Array, b: Uint8Array): CommonRuns {
  const width = b.length + 1;
  const table = fillTable(a, b);
  const runs: CommonRun[] = [];
  let i = a.length;
  let j = b.length;
  let length = 0;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      length++;
      continue;
    }
    if (length > 0) runs.push({ a: i, b: j, length });
    length = 0;
    if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
    else j--;
  }
  if (length > 0) runs.push({ a: i, b: j, length });
  return { length: table[a.length * width + b.length], runs };
}

function fillTable(a: Uint8Array, b: Uint8Array): Uint32Array {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1];
    const row = i * width;
    for (let j = 1; j < width; j++) {
      const at = row + j;
      table[at] = byte === b[j - 1]
        ? table[at - width - 1] + 1
        : Math.max(table[at - width], table[at - 1]);
    }
  }
  return table;
}
