/**
 * Splits a line into words by the quoting rules that redis-cli's users know.
 *
 * Words are separated by blanks. Inside "double quotes" a backslash introduces `\n \r \t \b \a`,
 * `\xHH` for any byte, or stands for the character after it; inside 'single quotes' only `\'` is
 * special. A closing quote must end its word. Text outside escapes is UTF-8.
 *
 * Deliberately not the splitter of the command line under test: a fault in that one must not hide
 * itself here.
 *
 * @module
 */

/** One word of a line. */
export interface Word {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where the word begins in the line, as an index into the string. */
  start: number;
  /** Where it ends, exclusive. */
  end: number;
}

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 };

const encoder = new TextEncoder();

/** The words of a line; throws when a quote is not closed or not followed by a blank. */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  while (true) {
    while (at < line.length && isBlank(line[at])) at++;
    if (at === line.length) return words;
    const word = readWord(line, at);
    words.push(word);
    at = word.end;
  }
}

function readWord(line: string, start: number): Word {
  const bytes: number[] = [];
  let at = start;
  while (at < line.length && !isBlank(line[at])) {
    const quote = line[at];
    if (quote !== '"' && quote !== "'") {
      at = pushCharacter(bytes, line, at);
      continue;
    }
    at = quote === '"' ? readDoubleQuoted(bytes, line, at) : readSingleQuoted(bytes, line, at);
    if (at < line.length && !isBlank(line[at])) {
      throw new Error(`A closing quote must end its word: ${line}`);
    }
  }
  return { bytes: Uint8Array.from(bytes), start, end: at };
}

function readDoubleQuoted(bytes: number[], line: string, opening: number): number {
  let at = opening + 1;
  while (at < line.length && line[at] !== '"') {
    if (line[at] !== "\\" || at + 1 === line.length) {
      at = pushCharacter(bytes, line, at);
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    const code = ESCAPES[line[at + 1]];
    if (hex) {
      bytes.push(parseInt(hex[1], 16));
      at += 4;
    } else if (code !== undefined) {
      bytes.push(code);
      at += 2;
    } else {
      at = pushCharacter(bytes, line, at + 1);
    }
  }
  if (at >= line.length) throw new Error(`A double quote is not closed: ${line}`);
  return at + 1;
}

function readSingleQuoted(bytes: number[], line: string, opening: number): number {
  let at = opening + 1;
  while (at < line.length && line[at] !== "'") {
    if (line.startsWith("\\'", at)) at++;
    at = pushCharacter(bytes, line, at);
  }
  if (at >= line.length) throw new Error(`A single quote is not closed: ${line}`);
  return at + 1;
}

/** Appends the character at `at` as UTF-8 and returns the index behind it. */
function pushCharacter(bytes: number[], line: string, at: number): number {
  const character = String.fromCodePoint(line.codePointAt(at)!);
  bytes.push(...encoder.encode(character));
  return at + character.length;
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}
