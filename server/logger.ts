/**
 * The server's log, in the line format of redis-server: process id, role, time, level sign, message.
 *
 * @module
 */

import type { LogLevel } from "../commands/context.ts";

const LEVELS: readonly LogLevel[] = ["debug", "verbose", "notice", "warning"];
const SIGNS: Record<LogLevel, string> = { debug: ".", verbose: "-", notice: "*", warning: "#" };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Writes the log of one server. */
export class Logger {
  readonly #write: (line: string) => void;
  readonly #level: () => string;
  readonly #now: () => Date;
  /** What the server is: a primary or a replica. */
  role: "M" | "S" = "M";

  /**
   * @param write takes a whole line, with its newline
   * @param level the least level to write, `nothing` for none
   */
  constructor(write: (line: string) => void, level: () => string, now: () => Date) {
    this.#write = write;
    this.#level = level;
    this.#now = now;
  }

  log(level: LogLevel, message: string): void {
    const least = this.#level();
    if (least === "nothing" || LEVELS.indexOf(level) < LEVELS.indexOf(least as LogLevel)) return;
    this.#write(`${Deno.pid}:${this.role} ${stamp(this.#now())} ${SIGNS[level]} ${message}\n`);
  }
}

/** `22 Nov 2026 13:21:05.123`, local time. */
function stamp(date: Date): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  return `${pad(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}` +
    `.${pad(date.getMilliseconds(), 3)}`;
}
