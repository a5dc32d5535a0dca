/**
 * The kinds of values that have a grammar of their own: points of saving, addresses, limits, classes of events.
 *
 * Like those in ./values.ts they are pure, and refuse with Redis's words.
 *
 * @module
 */

import { Refusal } from "./errors.ts";
import { quoteWord } from "./parser.ts";
import {
  type Directive,
  formatMemory,
  notOneOf,
  oneWord,
  parseLooseInteger,
  parseMemory,
  type Setting,
  type Traits,
} from "./values.ts";

/** Save after so many seconds if so many changes were made. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** `save`: pairs of seconds and changes; in files, further lines add to the first. */
export function savePoints(
  initial: readonly SavePoint[],
  traits: Traits = {},
): Directive<readonly SavePoint[]> {
  const setting = (value: readonly SavePoint[]): Setting<readonly SavePoint[]> => ({
    value,
    text: value.map(({ seconds, changes }) => `${seconds} ${changes}`).join(" "),
  });
  return {
    ...traits,
    initial: setting(initial),
    severalWords: true,
    read(words, { current, repeated }) {
      if (isNone(words)) return setting([]);
      const numbers = words.map(parseLooseInteger);
      if (numbers.length % 2 !== 0) throw new Refusal("Invalid save parameters");
      const points = repeated ? [...current.value] : [];
      for (let i = 0; i < numbers.length; i += 2) {
        const seconds = numbers[i];
        const changes = numbers[i + 1];
        if (seconds === undefined || seconds < 1 || changes === undefined || changes < 0) {
          throw new Refusal("Invalid save parameters");
        }
        points.push({ seconds, changes });
      }
      return setting(points);
    },
    // Written even when it is the default: a file without it would get the default of its reader.
    fileLines({ value }) {
      if (value.length === 0) return [{ text: '""', needed: true }];
      return value.map((point) => ({ text: setting([point]).text, needed: true }));
    },
  };
}

/** What may wait for a client before it is disconnected; 0 means "no limit". */
export interface OutputBufferLimit {
  /** Disconnected at once above this. */
  readonly hardBytes: number;
  /** Disconnected when above this for `softSeconds`. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

/** Limits by class of clients. */
export interface OutputBufferLimits {
  readonly normal: OutputBufferLimit;
  readonly replica: OutputBufferLimit;
  readonly pubsub: OutputBufferLimit;
}

const CLIENT_CLASSES = ["normal", "replica", "pubsub"] as const;
const CLIENT_CLASS_NAMES = new Map<string, keyof OutputBufferLimits>([
  ["normal", "normal"],
  ["slave", "replica"],
  ["replica", "replica"],
  ["pubsub", "pubsub"],
]);

/** `client-output-buffer-limit`: class, hard limit, soft limit, seconds; classes not named stay as they are. */
export function outputBufferLimits(
  initial: OutputBufferLimits,
  traits: Traits = {},
): Directive<OutputBufferLimits> {
  const setting = (value: OutputBufferLimits): Setting<OutputBufferLimits> => ({
    value,
    text: CLIENT_CLASSES.map((name) => {
      const { hardBytes, softBytes, softSeconds } = value[name];
      // Clients know the class by its old name.
      const shown = name === "replica" ? "slave" : name;
      return `${shown} ${BigInt(hardBytes)} ${BigInt(softBytes)} ${softSeconds}`;
    }).join(" "),
  });
  return {
    ...traits,
    initial: setting(initial),
    severalWords: true,
    read(words, { current }) {
      if (words.length % 4 !== 0) {
        throw new Refusal("Wrong number of arguments in buffer limit configuration.");
      }
      const limits = { ...current.value };
      for (let i = 0; i < words.length; i += 4) {
        const name = CLIENT_CLASS_NAMES.get(words[i].toLowerCase());
        if (name === undefined) {
          throw new Refusal("Invalid client class specified in buffer limit configuration.");
        }
        limits[name] = readLimit(words.slice(i + 1, i + 4));
      }
      return setting(limits);
    },
    fileLines({ value }) {
      return CLIENT_CLASSES.map((name) => {
        const limit = value[name];
        return { text: `${name} ${limitText(limit)}`, needed: !isSameLimit(limit, initial[name]) };
      });
    },
  };
}

function readLimit([hard, soft, seconds]: readonly string[]): OutputBufferLimit {
  const hardBytes = parseMemory(hard);
  const softBytes = parseMemory(soft);
  const softSeconds = parseLooseInteger(seconds);
  if (
    hardBytes === undefined || softBytes === undefined || softSeconds === undefined ||
    softSeconds < 0
  ) {
    throw new Refusal("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  }
  return { hardBytes: Number(hardBytes), softBytes: Number(softBytes), softSeconds };
}

function limitText({ hardBytes, softBytes, softSeconds }: OutputBufferLimit): string {
  return `${formatMemory(BigInt(hardBytes))} ${formatMemory(BigInt(softBytes))} ${softSeconds}`;
}

function isSameLimit(a: OutputBufferLimit, b: OutputBufferLimit): boolean {
  return a.hardBytes === b.hardBytes && a.softBytes === b.softBytes &&
    a.softSeconds === b.softSeconds;
}

const MOST_ADDRESSES = 16;

/** `bind`: the addresses to listen on; a dash before one means that it may be missing. */
export function addresses(
  initial: readonly string[],
  traits: Traits = {},
): Directive<readonly string[]> {
  const defaultText = initial.join(" ");
  return {
    ...traits,
    initial: { value: initial, text: defaultText },
    severalWords: true,
    read(words) {
      if (words.length > MOST_ADDRESSES) throw new Refusal("Too many bind addresses specified.");
      const value = isNone(words) ? [] : [...words];
      return { value, text: value.join(" ") };
    },
    fileLines({ text }) {
      return text === defaultText ? [] : [{ text: text === "" ? '""' : text, needed: true }];
    },
  };
}

/** The primary that a replica follows. */
export interface PrimaryAddress {
  readonly host: string;
  readonly port: number;
}

/** `replicaof`: host and port, or `no one`. */
export function primaryAddress(traits: Traits = {}): Directive<PrimaryAddress | undefined> {
  return {
    ...traits,
    initial: { value: undefined, text: "" },
    severalWords: true,
    read(words) {
      if (words.length !== 2) throw new Refusal("wrong number of arguments");
      const [host, portText] = words;
      if (host.toLowerCase() === "no" && portText.toLowerCase() === "one") return this.initial;
      const port = parseLooseInteger(portText);
      if (port === undefined || port < 0 || port > 65535) throw new Refusal("Invalid master port");
      return { value: { host, port }, text: `${host} ${port}` };
    },
    fileLines: ({ text }) => text === "" ? [] : [{ text, needed: true }],
  };
}

/** `oom-score-adj-values`: for primaries, replicas and saving children. */
export function oomScoreAdjustments(
  initial: readonly [number, number, number],
  traits: Traits = {},
): Directive<readonly number[]> {
  const defaultText = initial.join(" ");
  return {
    ...traits,
    initial: { value: initial, text: defaultText },
    severalWords: true,
    read(words) {
      if (words.length !== initial.length) throw new Refusal("wrong number of arguments");
      const value = words.map((word) => {
        const score = parseLooseInteger(word);
        if (score !== undefined && Math.abs(score) <= 2000) return score;
        throw new Refusal(
          "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
        );
      });
      return { value, text: value.join(" ") };
    },
    fileLines: ({ text }) => [{ text, needed: text !== defaultText }],
  };
}

/** `latency-tracking-info-percentiles`: numbers from 0 to 100. */
export function percentiles(
  initial: readonly number[],
  traits: Traits = {},
): Directive<readonly number[]> {
  const setting = (value: readonly number[]): Setting<readonly number[]> => ({
    value,
    text: value.map((percentile) => String(Number(percentile.toFixed(6)))).join(" "),
  });
  return {
    ...traits,
    initial: setting(initial),
    severalWords: true,
    read(words) {
      if (isNone(words)) return setting([]);
      return setting(words.map((word) => {
        if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) {
          throw new Refusal("Invalid latency-tracking-info-percentiles parameters");
        }
        const percentile = Number(word);
        if (percentile >= 0 && percentile <= 100) return percentile;
        throw new Refusal(
          "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
        );
      }));
    },
    fileLines: ({ text }) => [{ text: text === "" ? '""' : text, needed: true }],
  };
}

/** What a signal may ask of a shutdown. */
export type ShutdownFlag = "save" | "nosave" | "now" | "force";

const SHUTDOWN_FLAGS: readonly ShutdownFlag[] = ["save", "nosave", "now", "force"];

/** `shutdown-on-sigint` and `shutdown-on-sigterm`: flags, or `default` for none. */
export function shutdownFlags(traits: Traits = {}): Directive<readonly ShutdownFlag[]> {
  return {
    ...traits,
    initial: { value: [], text: "default" },
    severalWords: true,
    read(words) {
      const names = words.map((word) => word.toLowerCase());
      const known: readonly string[] = ["default", ...SHUTDOWN_FLAGS];
      if (names.length === 0 || names.some((name) => !known.includes(name))) {
        throw notOneOf(known);
      }
      const value = SHUTDOWN_FLAGS.filter((flag) => names.includes(flag));
      if (value.includes("save") && value.includes("nosave")) {
        throw new Refusal("shutdown options SAVE and NOSAVE can't be used simultaneously");
      }
      return { value, text: value.join(" ") || "default" };
    },
    fileLines: ({ text }) => [{ text, needed: text !== "default" }],
  };
}

/** The classes that `A` stands for, in the order in which Redis shows them. */
const ALL_EVENT_CLASSES = "g$lshzxetd";
const EVENT_CLASSES = ALL_EVENT_CLASSES + "nKEm";

/**
 * `notify-keyspace-events`: a letter for each class of events. The value is the set of letters with `A` written out,
 * so that one `includes` tells whether a class is wanted; it is empty when nothing is.
 */
export function keyspaceEvents(traits: Traits = {}): Directive<string> {
  const initial = { value: "", text: "" };
  const directive = oneWord(initial, traits, (word) => {
    const letters = word.replaceAll("A", ALL_EVENT_CLASSES);
    const value = [...EVENT_CLASSES].filter((letter) => letters.includes(letter)).join("");
    if ([...letters].some((letter) => !EVENT_CLASSES.includes(letter))) {
      throw new Refusal("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    if (!value.startsWith(ALL_EVENT_CLASSES)) return { value, text: value };
    // Redis does not show an `n` beside an `A`.
    const others = value.slice(ALL_EVENT_CLASSES.length).replace("n", "");
    return { value, text: "A" + others };
  });
  return {
    ...directive,
    fileLines: ({ text }) => [{ text: quoteWord(text), needed: text !== "" }],
  };
}

/** `dir`: the folder that files are saved in. Every instance has its own; the process never changes folders. */
export function directory(traits: Traits = {}): Directive<string> {
  const directive = oneWord({ value: ".", text: "." }, traits, (word, { realDirectory }) => {
    const path = realDirectory(word);
    return { value: path, text: path };
  });
  return { ...directive, fileLines: ({ value }) => [{ text: quoteWord(value), needed: true }] };
}

/** No words, or the empty one: "none of them". */
function isNone(words: readonly string[]): boolean {
  return words.length === 0 || (words.length === 1 && words[0] === "");
}
