/**
 * The kinds of configuration values: how each is read, shown and written.
 *
 * A directive's state is a {@link Setting}: the value that the server works with, and the text that CONFIG GET
 * answers. Both are made together when the value is read, so the text stays exact where a number beyond 2^53 does
 * not. A kind is pure: what it must know of the world is handed to it in {@link Reading}.
 *
 * Kinds of several words (`save`, `bind` …) are in ./lists.ts. Reasons for a refusal are Redis's words.
 *
 * @module
 */

import { Refusal } from "./errors.ts";
import { quoteWord } from "./parser.ts";

/** What a directive is set to. */
export interface Setting<T> {
  readonly value: T;
  /** As CONFIG GET shows it; equal texts are equal settings. */
  readonly text: string;
}

/** What a directive may need to know besides its words. */
export interface Reading<T> {
  /** What is to be replaced. */
  readonly current: Setting<T>;
  /** Whether the files and flags of this start set the directive before; lines of `save` add up. */
  readonly repeated: boolean;
  /** Makes the path of an existing folder absolute, or refuses. */
  realDirectory(path: string): string;
}

/** A line that CONFIG REWRITE writes for a directive, without the name. */
export interface FileLine {
  readonly text: string;
  /** Whether it is written though the file never mentioned the directive. */
  readonly needed: boolean;
}

/** How a directive may be used. */
export interface Traits {
  /** Another name for it, from an earlier time. */
  readonly alias?: string;
  /** A name that it has had since Redis 7.4, which patterns of CONFIG GET do not find. */
  readonly laterName?: string;
  /** It can be set at the start only. */
  readonly immutable?: boolean;
  /** Patterns of CONFIG GET do not find it, its full name does. */
  readonly hidden?: boolean;
  /** Its value must not appear in logs. */
  readonly sensitive?: boolean;
  /** CONFIG SET obeys `enable-protected-configs`. */
  readonly protected?: boolean;
  /** CONFIG SET refuses it while the dataset is loaded. */
  readonly denyLoading?: boolean;
  /** Setting the same value again counts as a change: a file of that name may have new content. */
  readonly renewable?: boolean;
}

/** One directive: its traits, its default, and its kind's functions. */
export interface Directive<T> extends Traits {
  readonly initial: Setting<T>;
  /** Whether it takes several words, in CONFIG SET separated by single spaces. */
  readonly severalWords: boolean;
  /** @throws {Refusal} */
  read(words: readonly string[], reading: Reading<T>): Setting<T>;
  /** The lines that set it to this; none: lines that set it are removed from the file. */
  fileLines(setting: Setting<T>): readonly FileLine[];
}

export const INT_MIN = -(2 ** 31);
export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
export const LONG_MAX = 2n ** 63n - 1n;
export const ULONG_MAX = 2n ** 64n - 1n;

/** `yes` or `no`. `check` may refuse one of them. */
export function bool(
  initial: boolean,
  traits: Traits & { check?: (value: boolean) => void } = {},
): Directive<boolean> {
  const setting = (value: boolean) => ({ value, text: value ? "yes" : "no" });
  return oneWord(setting(initial), traits, (word) => {
    const answer = word.toLowerCase();
    if (answer !== "yes" && answer !== "no") throw new Refusal("argument must be 'yes' or 'no'");
    traits.check?.(answer === "yes");
    return setting(answer === "yes");
  });
}

/** Bounds of a number, both included. */
export interface Range {
  readonly min: number | bigint;
  readonly max: number | bigint;
}

/** A decimal integer. With `clamp`, values in range but outside of it are moved to its nearer end. */
export function integer(
  initial: number,
  options: Traits & Range & { clamp?: { min: number; max: number } },
): Directive<number> {
  return oneWord(numberSetting(BigInt(initial)), options, (word) => {
    const value = parseInteger(word);
    if (value === undefined) throw new Refusal("argument couldn't be parsed into an integer");
    checkRange(value, options);
    const { clamp } = options;
    if (clamp === undefined) return numberSetting(value);
    return numberSetting(BigInt(Math.min(clamp.max, Math.max(clamp.min, Number(value)))));
  });
}

/** An octal integer: file permissions. */
export function octal(initial: number, options: Traits & Range): Directive<number> {
  const setting = (value: number) => ({ value, text: value.toString(8) });
  return oneWord(setting(initial), options, (word) => {
    if (!/^(\s*[+-]?[0-7]{1,20})?$/.test(word)) {
      throw new Refusal("argument couldn't be parsed as an octal number");
    }
    const value = word === "" ? 0 : parseInt(word, 8);
    checkRange(BigInt(value), options, 8);
    return setting(value);
  });
}

/**
 * An amount of memory in bytes: digits and `b`, `k`, `kb`, `m`, `mb`, `g` or `gb`; the units without a `b` are powers of
 * 1000. With `mostPercent`, `n%` is also allowed, and its value is the negative number.
 */
export function memory(
  initial: number,
  options: Traits & Range & { mostPercent?: number },
): Directive<number> {
  const { mostPercent } = options;
  const read = (word: string): Setting<number> => {
    const bytes = parseMemory(word);
    if (bytes !== undefined) {
      checkRange(bytes, options);
      return numberSetting(bytes);
    }
    if (mostPercent === undefined) throw new Refusal("argument must be a memory value");
    const percent = word.endsWith("%") ? parseInteger(word.slice(0, -1)) : undefined;
    if (percent === undefined || percent < 0n) {
      throw new Refusal("argument must be a memory or percent value");
    }
    if (percent > mostPercent) {
      throw new Refusal(`percentage argument must be less or equal to ${mostPercent}`);
    }
    return percent === 0n ? numberSetting(0n) : { value: -Number(percent), text: `${percent}%` };
  };
  return {
    ...oneWord(numberSetting(BigInt(initial)), options, read),
    fileLines({ text }) {
      const shown = text.endsWith("%") ? text : formatMemory(BigInt(text));
      return [{ text: shown, needed: text !== String(initial) }];
    },
  };
}

/** One of several names. `synonyms` are further names for some of them. */
export function oneOf<const Names extends readonly string[]>(
  initial: Names[number],
  names: Names,
  traits: Traits & { synonyms?: Record<string, Names[number]> } = {},
): Directive<Names[number]> {
  const all = { ...Object.fromEntries(names.map((name) => [name, name])), ...traits.synonyms };
  return oneWord({ value: initial, text: initial }, traits, (word) => {
    const name = word.toLowerCase();
    if (!Object.hasOwn(all, name)) throw notOneOf(Object.keys(all));
    return { value: all[name], text: all[name] };
  });
}

/** The refusal of a word that is none of these. */
export function notOneOf(names: readonly string[]): Refusal {
  return new Refusal(`argument(s) must be one of the following: ${names.join(", ")}`);
}

/**
 * Text. With `optional`, the empty text means "none" and is never written into a file. `check` may refuse a text.
 */
export function text(
  initial: string,
  options: Traits & { optional?: boolean; check?: (text: string) => void } = {},
): Directive<string> {
  const setting = (value: string) => ({ value, text: value });
  return {
    ...oneWord(setting(initial), options, (word) => {
      options.check?.(word);
      return setting(word);
    }),
    fileLines({ value }) {
      if (options.optional && value === "") return [];
      return [{ text: quoteWord(value), needed: value !== initial }];
    },
  };
}

/** A directive of one word, written as it is shown, unless the file does not need it. */
export function oneWord<T>(
  initial: Setting<T>,
  traits: Traits,
  read: (word: string, reading: Reading<T>) => Setting<T>,
): Directive<T> {
  return {
    ...traits,
    initial,
    severalWords: false,
    read(words, reading) {
      if (words.length !== 1) throw new Refusal("wrong number of arguments");
      return read(words[0], reading);
    },
    fileLines: ({ text }) => [{ text, needed: text !== initial.text }],
  };
}

/** Bytes as CONFIG REWRITE writes them: in the largest unit that divides them. */
export function formatMemory(bytes: bigint): string {
  if (bytes === 0n) return "0";
  const units = [["gb", 1n << 30n], ["mb", 1n << 20n], ["kb", 1n << 10n]] as const;
  for (const [unit, size] of units) {
    if (bytes % size === 0n) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

const UNITS: Record<string, bigint> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
};

/** An amount of memory in bytes; undefined when the text is none. The empty text is 0, and 2^64 wraps, as in Redis. */
export function parseMemory(text: string): bigint | undefined {
  const parts = /^(\d{0,127})([a-z]*)$/i.exec(text);
  const unit = parts?.[2].toLowerCase();
  if (!parts || unit === undefined || !Object.hasOwn(UNITS, unit)) return undefined;
  const number = BigInt(parts[1]);
  return BigInt.asUintN(64, (number > ULONG_MAX ? ULONG_MAX : number) * UNITS[unit]);
}

/** A 64-bit integer without plus sign, leading zeros or blanks. */
function parseInteger(text: string): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** An integer as C's strtoll reads it where the whole text must be one: blanks and a sign first, the empty text is 0. */
export function parseLooseInteger(text: string): number | undefined {
  return /^(\s*[+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function numberSetting(value: bigint): Setting<number> {
  return { value: Number(value), text: String(value) };
}

function checkRange(value: bigint, { min, max }: Range, radix = 10): void {
  if (value >= min && value <= max) return;
  throw new Refusal(
    `argument must be between ${min.toString(radix)} and ${max.toString(radix)} inclusive`,
  );
}
