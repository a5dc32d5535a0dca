/**
 * The few commands that the command line must know by name, because their replies need another treatment than
 * their types tell.
 *
 * Words are in lower case, the command's name first.
 *
 * @module
 */

/** Commands, or beginnings of them, that answer with a text for people. */
const REPORTS: readonly { words: readonly string[]; length?: number }[] = [
  { words: ["info"] },
  { words: ["lolwut"] },
  { words: ["debug", "htstats"] },
  { words: ["debug", "htstats-key"] },
  { words: ["debug", "client-eviction"] },
  { words: ["memory", "malloc-stats"] },
  { words: ["memory", "doctor"] },
  { words: ["cluster", "nodes"], length: 2 },
  { words: ["cluster", "info"], length: 2 },
  { words: ["client", "list"] },
  { words: ["client", "info"] },
  { words: ["latency", "graph"], length: 3 },
  { words: ["latency", "doctor"], length: 2 },
];

/** Whether the reply is to be printed as it is, unquoted. */
export function isReport(words: readonly string[]): boolean {
  return REPORTS.some((report) =>
    report.words.every((word, i) => words[i] === word) &&
    (report.length === undefined || report.length === words.length)
  );
}

/** SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE. */
export function isSubscribe(word: string): boolean {
  return /^[ps]?subscribe$/.test(word);
}

/** UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE. */
export function isUnsubscribe(word: string): boolean {
  return /^[ps]?unsubscribe$/.test(word);
}

/** Whether the line holds a password, so that it must not be remembered. */
export function isSensitive(words: readonly string[]): boolean {
  switch (words[0]) {
    case "auth":
      return true;
    case "acl":
      return words[1] === "setuser";
    case "config":
      return words[1] === "set" &&
        words.some((word, i) =>
          i >= 2 && i % 2 === 0 && ["masterauth", "masteruser", "requirepass"].includes(word)
        );
    case "hello":
      return words.includes("auth", 2);
    case "migrate": {
      const keys = words.indexOf("keys", 6);
      const options = words.slice(6, keys < 0 ? words.length : keys);
      return options.includes("auth") || options.includes("auth2");
    }
    default:
      return false;
  }
}
