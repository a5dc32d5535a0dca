/**
 * LOLWUT: a picture, as serious servers need one.
 *
 * Ours is drawn by an elementary cellular automaton. A row of cells, dark or lit, begets the next one: what becomes of
 * a cell depends on itself and its two neighbours, eight cases, whose outcomes are the bits of the rule's number.
 *
 * @module
 */

import type { Args } from "../../server/resp/args.ts";
import { arg, command } from "../command.ts";

/** Rules whose pictures are worth looking at. */
const GOOD_RULES = [18, 22, 30, 45, 57, 60, 73, 75, 86, 90, 105, 106, 110, 124, 126, 129, 150, 182];
const USUAL_COLUMNS = 66;
const USUAL_ROWS = 33;
const MOST_COLUMNS = 1000;
const MOST_ROWS = 1000;
/** Two rows of cells share a line of text: neither, the upper, the lower or both are lit. */
const HALVES = [" ", "▀", "▄", "█"] as const;

/** LOLWUT */
export const lolwut = command({
  name: "LOLWUT",
  summary: "Draws a picture, and tells the version.",
  group: "server",
  since: "5.0.0",
  arity: -1,
  flags: ["readonly", "fast"],
  args: [arg.integer("version", { token: "VERSION", optional: true })],

  run(ctx, args) {
    const { server, reply } = ctx;
    const from = skipVersion(args);
    const rule = from < args.count
      ? args.int(from) & 0xff
      : GOOD_RULES[Math.floor(server.random() * GOOD_RULES.length)];
    const columns = sizeAt(args, from + 1, { usual: USUAL_COLUMNS, most: MOST_COLUMNS });
    const rows = sizeAt(args, from + 2, { usual: USUAL_ROWS, most: MOST_ROWS });
    const picture = draw(rule, { columns, rows });
    const caption = `Rule ${rule}, ${rows} generations from a single lit cell.`;
    reply.verbatim("txt", `${picture}\n${caption}\n\nRedis ver. ${server.redisVersion}\n`);
  },
});

/** Where the picture's own arguments begin: rule, columns, rows. There is one picture for all versions. */
function skipVersion(args: Args): number {
  if (args.count < 3 || !args.is(1, "VERSION")) return 1;
  args.int(2);
  return 3;
}

function sizeAt(args: Args, i: number, { usual, most }: { usual: number; most: number }): number {
  return i < args.count ? Math.min(most, Math.max(1, args.int(i))) : usual;
}

function draw(rule: number, { columns, rows }: { columns: number; rows: number }): string {
  let cells = new Uint8Array(columns);
  cells[columns >> 1] = 1;
  let picture = "";
  for (let row = 0; row < rows; row += 2) {
    const below = beget(cells, rule);
    let line = "";
    for (let i = 0; i < columns; i++) {
      line += HALVES[cells[i] | (row + 1 < rows ? below[i] << 1 : 0)];
    }
    picture += `${line.trimEnd()}\n`;
    cells = beget(below, rule);
  }
  return picture;
}

/** The next generation; the row is a ring. */
function beget(cells: Uint8Array, rule: number): Uint8Array<ArrayBuffer> {
  const last = cells.length - 1;
  return new Uint8Array(cells.map((cell, i) => {
    const left = cells[i === 0 ? last : i - 1];
    const right = cells[i === last ? 0 : i + 1];
    return (rule >>> (left * 4 + cell * 2 + right)) & 1;
  }));
}
