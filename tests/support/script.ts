/**
 * Scripts that are played to two servers: one command on a line, as one types it into redis-cli.
 *
 *     # A comment has a line of its own.
 *     SET greeting "hello\r\n"
 *     @other GET greeting
 *     ~sorted KEYS *
 *     ~type TIME
 *     ~skip7.0 ZADD z 1 a => :1
 *     ~resp3 HGETALL nothing => %0
 *
 * `@name` sends from a connection of that name, opened at its first use; without it from `@main`.
 * The markers:
 *
 * - `~sorted`: the order of elements, at any depth, does not count.
 * - `~type`: only the kind of the reply counts.
 * - `~skip7.0`: a redis-server older than 7.2 is not asked, since we follow 7.2: say what the reply
 *   is instead.
 * - `~noevents`: what happens to keys is not compared (see ./compare.ts).
 * - `~resp2`, `~resp3`: the line belongs to this protocol alone.
 * - `=> reply`: the exact reply of both servers. The CRLF at the end is added; a reply of several
 *   lines is quoted whole: `=> "$3\r\nfoo\r\n"`. A `=>` that is an argument is quoted, too.
 *
 * @module
 */

import type { Command } from "./raw_connection.ts";
import { splitWords } from "./split_words.ts";

/** How exactly two replies must agree. */
export type Tolerance = "exact" | "sorted" | "type";

/** One line of a script. */
export interface Step {
  /** The line's number in its script, from 1. */
  line: number;
  connection: string;
  command: Command;
  tolerance: Tolerance;
  /** Whether a redis-server older than 7.2 is left out. */
  newer: boolean;
  /** Whether the keyspace events count. */
  events: boolean;
  /** The protocols in which the line is played. */
  protocols: readonly (2 | 3)[];
  /** The exact bytes that the reply must have, whatever the other server says. */
  expected?: Uint8Array;
}

/** Reads a script; an error in it names the line. */
export function parseScript(text: string): Step[] {
  const steps: Step[] = [];
  text.split("\n").forEach((content, index) => {
    const trimmed = content.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return;
    try {
      steps.push(parseLine(trimmed, index + 1));
    } catch (error) {
      throw new Error(`Line ${index + 1} of the script: ${(error as Error).message}`);
    }
  });
  return steps;
}

/** A list of commands as a script that is compared exactly; lines are counted from 1. */
export function commandsAsScript(commands: readonly Command[]): Step[] {
  return commands.map((command, index) => ({ ...plainStep(index + 1), command }));
}

function plainStep(line: number): Step {
  return {
    line,
    connection: "main",
    command: [],
    tolerance: "exact",
    newer: false,
    events: true,
    protocols: [2, 3],
  };
}

function parseLine(content: string, line: number): Step {
  const step = plainStep(line);
  let at = 0;
  for (let marker; (marker = /^([~@])(\S+)\s+/.exec(content.slice(at))); at += marker[0].length) {
    if (marker[1] === "@") step.connection = marker[2];
    else applyMarker(step, marker[2]);
  }

  const rest = content.slice(at);
  const words = splitWords(rest);
  const arrow = words.findIndex((word) => rest.slice(word.start, word.end) === "=>");
  if (arrow >= 0) step.expected = readExpected(rest.slice(words[arrow].end).trim());
  step.command = words.slice(0, arrow < 0 ? words.length : arrow).map((word) => word.bytes);
  if (step.command.length === 0) throw new Error("there is no command");
  if (step.newer && !step.expected) throw new Error("~skip7.0 needs a reply after =>");
  return step;
}

function applyMarker(step: Step, marker: string): void {
  switch (marker) {
    case "sorted":
    case "type":
      step.tolerance = marker;
      return;
    case "skip7.0":
      step.newer = true;
      return;
    case "noevents":
      step.events = false;
      return;
    case "resp2":
      step.protocols = [2];
      return;
    case "resp3":
      step.protocols = [3];
      return;
    default:
      throw new Error(`~${marker} is not a marker`);
  }
}

function readExpected(text: string): Uint8Array {
  if (text === "") throw new Error("there is no reply after =>");
  if (text.startsWith('"')) return splitWords(text)[0].bytes;
  return new TextEncoder().encode(text + "\r\n");
}
