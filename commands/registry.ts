/**
 * The registry: every command that a server knows, compiled for the dispatcher.
 *
 * Built once per server from a plain list. Names become a small hash table that is searched with the request's own
 * bytes, flags become one bit mask, containers know their subcommands. Facts that others derive (COMMAND, ACL) read
 * {@link RegisteredCommand.spec}.
 *
 * @module
 */

import { type Args, encodeLatin1 } from "../server/resp/args.ts";
import type { CommandFlag, CommandSpec } from "./command.ts";

/**
 * The bits of {@link RegisteredCommand.mask}: those flags that the dispatcher's gates test, and (`at_once`, `executes`,
 * `tells_of_disk_errors`, `runs_script`) what else the spec says.
 */
export const Flag = {
  write: 1 << 0,
  readonly: 1 << 1,
  denyoom: 1 << 2,
  admin: 1 << 3,
  noscript: 1 << 4,
  blocking: 1 << 5,
  loading: 1 << 6,
  stale: 1 << 7,
  fast: 1 << 8,
  no_auth: 1 << 9,
  may_replicate: 1 << 10,
  no_multi: 1 << 11,
  allow_busy: 1 << 12,
  protected: 1 << 13,
  skip_monitor: 1 << 14,
  skip_slowlog: 1 << 15,
  pubsub: 1 << 16,
  no_async_loading: 1 << 17,
  at_once: 1 << 18,
  executes: 1 << 19,
  while_subscribed: 1 << 20,
  touches_arbitrary_keys: 1 << 21,
  tells_of_disk_errors: 1 << 22,
  runs_script: 1 << 23,
} as const;

/** A command as one server knows it. */
export interface RegisteredCommand {
  readonly spec: CommandSpec;
  /** Its place in {@link Registry.commands}, for counters kept beside it. */
  readonly id: number;
  /** Lower case, `config|get` for a subcommand. */
  readonly fullName: string;
  /** The same before `rename-command`, by which users are allowed it. */
  readonly originalName: string;
  readonly mask: number;
  readonly arity: number;
  readonly run: NonNullable<CommandSpec["run"]> | undefined;
  readonly parent: RegisteredCommand | undefined;
  /** By lower-case name; undefined when the command is no container. */
  readonly subcommands: ReadonlyMap<string, RegisteredCommand> | undefined;
}

/** Every command of a server, found by name. */
export class Registry {
  /** Commands and subcommands, by {@link RegisteredCommand.id}. */
  readonly commands: readonly RegisteredCommand[];
  /** Top-level commands in the order of registration. */
  readonly topLevel: readonly RegisteredCommand[];
  /** {@link commands}, and behind them those that `rename-command` removed: rules about users may still name them. */
  readonly everything: readonly RegisteredCommand[];
  readonly #slots: (RegisteredCommand | undefined)[];
  readonly #slotMask: number;
  /** All names as bytes: an array for each would be three cache lines more to load, a string slower to compare with. */
  readonly #names: Uint8Array;
  /** By slot: where the name begins there, and its length; 0 in an empty slot. */
  readonly #namePlaces: Uint32Array;

  /**
   * @param specs the commands
   * @param renames `rename-command`: lower-case names to new ones; an empty new name removes the command
   */
  constructor(specs: readonly CommandSpec[], renames: ReadonlyMap<string, string> = new Map()) {
    const all: RegisteredCommand[] = [];
    const topLevel: RegisteredCommand[] = [];
    for (const spec of specs) {
      const name = renames.get(spec.name.toLowerCase()) ?? spec.name.toLowerCase();
      if (name !== "") topLevel.push(register(all, spec, name));
    }
    this.commands = all.slice();
    for (const spec of specs) {
      const name = spec.name.toLowerCase();
      if (renames.get(name) === "") register(all, spec, name);
    }
    this.everything = all;
    this.topLevel = topLevel;

    let size = 64;
    while (size < topLevel.length * 4) size *= 2;
    this.#slotMask = size - 1;
    this.#slots = new Array(size).fill(undefined);
    this.#names = encodeLatin1(topLevel.map(({ fullName }) => fullName).join(""));
    this.#namePlaces = new Uint32Array(size * 2);
    let start = 0;
    for (const command of topLevel) {
      let slot = hashText(command.fullName) & this.#slotMask;
      while (this.#slots[slot] !== undefined) slot = (slot + 1) & this.#slotMask;
      this.#slots[slot] = command;
      this.#namePlaces[slot * 2] = start;
      start += this.#namePlaces[slot * 2 + 1] = command.fullName.length;
    }
  }

  /** The command that the request names in argument 0 (its subcommand is not looked at). */
  find(args: Args): RegisteredCommand | undefined {
    const buf = args.buf;
    const from = args.off[0];
    const length = args.len[0];
    const names = this.#names;
    const places = this.#namePlaces;
    if (length === 0) return undefined;
    let slot = mix(
      length,
      buf[from] | 0x20,
      buf[from + (length >> 1)] | 0x20,
      buf[from + length - 1] | 0x20,
    ) & this.#slotMask;
    for (;;) {
      const stored = places[slot * 2 + 1];
      if (stored === 0) return undefined;
      if (stored === length && sameName(names, places[slot * 2], buf, from, length)) {
        return this.#slots[slot];
      }
      slot = (slot + 1) & this.#slotMask;
    }
  }

  /** The command or subcommand that a request names; undefined when there is no such one. */
  lookUp(args: Args): RegisteredCommand | undefined {
    const command = this.find(args);
    if (command?.subcommands === undefined || args.count === 1) return command;
    return command.subcommands.get(args.lower(1));
  }

  /** The command or subcommand of a full name in any case: `get`, `config|get`. */
  byName(fullName: string): RegisteredCommand | undefined {
    const [name, sub] = fullName.toLowerCase().split("|");
    const command = this.topLevel.find((each) => each.fullName === name);
    return sub === undefined ? command : command?.subcommands?.get(sub);
  }
}

function register(
  all: RegisteredCommand[],
  spec: CommandSpec,
  fullName: string,
  parent?: RegisteredCommand,
): RegisteredCommand {
  const subcommands = spec.subcommands && new Map<string, RegisteredCommand>();
  const ownName = spec.name.toLowerCase();
  const command: RegisteredCommand = {
    spec,
    id: all.length,
    fullName,
    originalName: parent === undefined ? ownName : `${parent.originalName}|${ownName}`,
    mask: flagMask(spec.flags ?? []) | traitMask(spec),
    arity: spec.arity,
    run: spec.run,
    parent,
    subcommands,
  };
  all.push(command);
  for (const sub of spec.subcommands ?? []) {
    const name = sub.name.toLowerCase();
    subcommands?.set(name, register(all, sub, `${fullName}|${name}`, command));
  }
  return command;
}

function flagMask(flags: readonly CommandFlag[]): number {
  let mask = 0;
  const bits: Partial<Record<CommandFlag, number>> = Flag;
  for (const flag of flags) mask |= bits[flag] ?? 0;
  return mask;
}

/** What the spec says of the command beside its flags. */
function traitMask(spec: CommandSpec): number {
  const { inTransaction, whileSubscribed, tellsOfDiskErrors, declaredFlags } = spec;
  let mask = whileSubscribed ? Flag.while_subscribed : 0;
  if (tellsOfDiskErrors) mask |= Flag.tells_of_disk_errors;
  if (declaredFlags !== undefined) mask |= Flag.runs_script;
  if (inTransaction !== undefined) mask |= Flag.at_once;
  if (inTransaction === "executes") mask |= Flag.executes;
  return mask;
}

function hashText(name: string): number {
  const length = name.length;
  return mix(
    length,
    name.charCodeAt(0) | 0x20,
    name.charCodeAt(length >> 1) | 0x20,
    name.charCodeAt(length - 1) | 0x20,
  );
}

/** A hash of a name's length and three of its letters, which tell nearly all commands apart. */
function mix(length: number, first: number, middle: number, last: number): number {
  const hash = Math.imul(length | (first << 8) | (middle << 16) | (last << 24), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

function sameName(
  names: Uint8Array,
  at: number,
  buf: Uint8Array,
  from: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    let c = buf[from + i];
    if (c >= 65 && c <= 90) c |= 0x20;
    if (c !== names[at + i]) return false;
  }
  return true;
}
