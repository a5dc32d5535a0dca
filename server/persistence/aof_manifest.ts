/**
 * The manifest of an append-only file: which files it consists of, in which order.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b      the data at one moment; at most one
 *     file appendonly.aof.1.incr.aof seq 1 type h      history: replaced by the base, to be deleted
 *     file appendonly.aof.2.incr.aof seq 2 type i      what has happened since, in this order
 *     file appendonly.aof.3.incr.aof seq 3 type i
 *
 * Lines that begin with `#` are comments, and further pairs of words are passed over: later versions of Redis add some.
 * Knows nothing of files but their names.
 *
 * @module
 */

import { quoted } from "../resp/quoted.ts";
import { decodeLatin1, encodeLatin1 } from "../resp/args.ts";
import { splitWords } from "../resp/split_words.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Longer lines are refused, in bytes with their end. */
const LONGEST_LINE = 1024;

/** One file. */
export interface AofPart {
  readonly name: string;
  /** Bases and increments are counted apart, from 1. */
  readonly seq: number;
}

/** A manifest that cannot be followed. */
export class BrokenManifest extends Error {
  /** The line that is wrong; 0 when it is none. */
  readonly lineNumber: number;
  readonly line: string;

  constructor(message: string, lineNumber = 0, line = "") {
    super(message);
    this.lineNumber = lineNumber;
    this.line = line;
  }
}

/** Which files there are; a value: changes answer another one. */
export class AofManifest {
  readonly base: AofPart | undefined;
  readonly history: readonly AofPart[];
  /** In ascending order; the last one is being written. */
  readonly increments: readonly AofPart[];
  /** The highest numbers given so far. */
  readonly #baseSeq: number;
  readonly #incrementSeq: number;

  constructor(
    { base, history = [], increments = [], baseSeq = base?.seq ?? 0, incrementSeq }: {
      base?: AofPart | undefined;
      history?: readonly AofPart[];
      increments?: readonly AofPart[];
      baseSeq?: number;
      incrementSeq?: number;
    } = {},
  ) {
    this.base = base;
    this.history = history;
    this.increments = increments;
    this.#baseSeq = baseSeq;
    this.#incrementSeq = incrementSeq ?? increments.at(-1)?.seq ?? 0;
  }

  /** Reads a manifest's bytes. @throws {BrokenManifest} with Redis's words */
  static parse(bytes: Uint8Array): AofManifest {
    if (bytes.length === 0) throw new BrokenManifest("Found an empty AOF manifest");
    let base: AofPart | undefined;
    const history: AofPart[] = [];
    const increments: AofPart[] = [];
    const lines = decodeLatin1(bytes).split("\n");
    const rest = lines.pop();
    if (rest !== "" && rest !== undefined) lines.push(rest);
    lines.forEach((text, i) => {
      if (text.startsWith("#")) return;
      const refuse = (why: string) => new BrokenManifest(why, i + 1, text.trim());
      const isWhole = i < lines.length - 1 || rest === "";
      if (!isWhole || text.length >= LONGEST_LINE) {
        throw refuse("The AOF manifest file contains too long line");
      }
      const { part, type } = readLine(text, refuse);
      if (type === "b") {
        if (base !== undefined) throw refuse("Found duplicate base file information");
        base = part;
      } else if (type === "h") {
        history.push(part);
      } else if (type === "i") {
        if (part.seq <= (increments.at(-1)?.seq ?? 0)) {
          throw refuse("Found a non-monotonic sequence number");
        }
        increments.push(part);
      } else {
        throw refuse("Unknown AOF file type");
      }
    });
    return new AofManifest({ base, history, increments });
  }

  /** The text of the file. */
  toString(): string {
    const lines = [
      ...(this.base === undefined ? [] : [lineOf(this.base, "b")]),
      ...this.history.map((part) => lineOf(part, "h")),
      ...this.increments.map((part) => lineOf(part, "i")),
    ];
    return lines.join("");
  }

  /** The files that hold the data, in the order in which they are read. */
  get parts(): readonly AofPart[] {
    return this.base === undefined ? this.increments : [this.base, ...this.increments];
  }

  get isEmpty(): boolean {
    return this.base === undefined && this.increments.length === 0;
  }

  /** With a further increment, named after `fileName`, behind the others. */
  withIncrement(fileName: string): AofManifest {
    const seq = this.#incrementSeq + 1;
    const part = { name: `${fileName}.${seq}.incr.aof`, seq };
    return this.#with({ increments: [...this.increments, part], incrementSeq: seq });
  }

  /** With a new base, named after `fileName`; the old one becomes history. */
  withBase(fileName: string, format: "rdb" | "aof"): AofManifest {
    const seq = this.#baseSeq + 1;
    const base = { name: `${fileName}.${seq}.base.${format}`, seq };
    const history = this.base === undefined ? this.history : [this.base, ...this.history];
    return this.#with({ base, baseSeq: seq, history });
  }

  /** With the file of that name, from before there were manifests, as its base. */
  withOldFile(name: string): AofManifest {
    return this.#with({ base: { name, seq: 1 }, baseSeq: 1 });
  }

  /** With all increments as history, but for the last `kept`: the base holds what they did. */
  withoutIncrements(kept: 0 | 1): AofManifest {
    const cut = this.increments.length - kept;
    const old = this.increments.slice(0, cut).toReversed();
    return this.#with({
      increments: this.increments.slice(cut),
      history: [...old, ...this.history],
    });
  }

  withoutHistory(): AofManifest {
    return this.#with({ history: [] });
  }

  #with(changes: ConstructorParameters<typeof AofManifest>[0]): AofManifest {
    return new AofManifest({
      base: this.base,
      history: this.history,
      increments: this.increments,
      baseSeq: this.#baseSeq,
      incrementSeq: this.#incrementSeq,
      ...changes,
    });
  }
}

function readLine(
  text: string,
  refuse: (why: string) => BrokenManifest,
): { part: AofPart; type: string } {
  const words = splitWords(encodeLatin1(text.trim()));
  if (words === undefined || words.length < 6 || words.length % 2 !== 0) {
    throw refuse("Invalid AOF manifest file format");
  }
  let name = "";
  let seq = 0;
  let type = "";
  for (let i = 0; i < words.length; i += 2) {
    const value = words[i + 1];
    switch (words[i].toLowerCase()) {
      case "file":
        name = decoder.decode(encodeLatin1(value));
        if (name.includes("/") || name.includes("\\")) {
          throw refuse("File can't be a path, just a filename");
        }
        break;
      case "seq":
        seq = Number.parseInt(value) || 0;
        break;
      case "type":
        type = value.slice(0, 1);
        break;
    }
  }
  if (name === "" || seq === 0 || type === "") throw refuse("Invalid AOF manifest file format");
  return { part: { name, seq }, type };
}

function lineOf({ name, seq }: AofPart, type: string): string {
  // What would be read otherwise than it is written.
  const needsQuotes = /[^!-~]|[\\"']/.test(name);
  return `file ${needsQuotes ? quoted(encoder.encode(name)) : name} seq ${seq} type ${type}\n`;
}
