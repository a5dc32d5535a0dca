/**
 * The ways in which configuration says no.
 *
 * A {@link Refusal} says why one value cannot be; where the value came from decides what becomes of it: CONFIG SET
 * answers it as an error reply, a file or the command line turns it into a {@link ConfigFileError}, which ends the
 * start.
 *
 * @module
 */

import { ReplyError } from "../resp/errors.ts";

/**
 * A value is refused; the message is the reason alone, such as `argument must be 'yes' or 'no'`. Listeners of
 * {@link ./config.ts Config} throw it, too, when a change cannot be carried out.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** Where a line of configuration was read, for messages. */
export interface Origin {
  /** `the configuration file`, `the command line` … */
  readonly source: string;
  /** The file's path, if it is a file. */
  readonly file?: string;
  /** Counted from 1; absent where lines mean nothing to the user. */
  readonly line?: number;
}

/** The server cannot start with what it was told; the message is ready for stderr. */
export class ConfigFileError extends Error {
  override readonly name = "ConfigFileError";
}

/** One line is wrong. The layout is Redis's, since tools look for it, with the file's name added. */
export function badLine(origin: Origin, text: string, reason: string): ConfigFileError {
  const line = origin.line === undefined ? "" : `, at line ${origin.line}`;
  const file = origin.file === undefined ? "" : ` of ${origin.file}`;
  return new ConfigFileError(
    `*** FATAL CONFIG FILE ERROR (coolcache) ***\nReading ${origin.source}${line}${file}\n>>> '${text}'\n${reason}`,
  );
}

/** The lines are fine one by one, but not together. */
export function badConfiguration(reason: string): ConfigFileError {
  return new ConfigFileError(`*** FATAL CONFIG FILE ERROR (coolcache) ***\n${reason}`);
}

/** A configuration file, or one that it includes, cannot be read. */
export function cannotOpenFile(path: string, reason: string): ConfigFileError {
  return new ConfigFileError(`Fatal error, can't open config file '${path}': ${reason}`);
}

/** CONFIG SET of a directive that does not exist. */
export function unknownOption(name: string): ReplyError {
  return new ReplyError(
    `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`,
  );
}

/** CONFIG SET was refused and changed nothing. */
export function setFailed(name: string, reason: string): ReplyError {
  return new ReplyError(
    `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
  );
}

/** CONFIG SET of a directive that must stay as it is while the dataset is loaded. */
export function loading(): ReplyError {
  return new ReplyError("LOADING Redis is loading the dataset in memory");
}

/** CONFIG REWRITE of a server that was started without a file. */
export function noConfigFile(): ReplyError {
  return new ReplyError("ERR The server is running without a config file");
}

/** CONFIG REWRITE could not read or replace the file. */
export function rewriteFailed(reason: string): ReplyError {
  return new ReplyError(`ERR Rewriting config file: ${reason}`);
}
