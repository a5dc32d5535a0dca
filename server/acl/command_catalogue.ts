/**
 * What rules and checks need to know of commands: how they are called, which categories they belong to, and which keys
 * and channels a request of theirs names.
 *
 * @module
 */

import type { ChannelUse, KeyUse } from "../../commands/command.ts";
import { ACL_CATEGORIES, aclCategories } from "../../commands/facts.ts";
import { findKeys, hasKeys } from "../../commands/key_finder.ts";
import type { RegisteredCommand, Registry } from "../../commands/registry.ts";
import type { Args } from "../resp/args.ts";

/** What a key pattern allows, and what a command needs of a key: a sum of these. */
export const KeyAccess = { read: 1, write: 2 } as const;

/** What the rules need to know of the commands of a server; found out when it is first asked for. */
export class CommandCatalogue {
  readonly #registry: Registry;
  readonly #uses: (CommandUse | undefined)[] = [];
  #byName: Map<string, RegisteredCommand> | undefined;
  #byCategory: Map<string, RegisteredCommand[]> | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** How many ids there are. */
  get size(): number {
    return this.#registry.everything.length;
  }

  /** The command or subcommand of an original name in any case, `config|get`: rules do not heed renaming. */
  find(name: string): RegisteredCommand | undefined {
    this.#byName ??= new Map(this.#registry.everything.map((each) => [each.originalName, each]));
    return this.#byName.get(name.toLowerCase());
  }

  /** The commands and subcommands of a category, given in lower case; undefined when there is no such category. */
  inCategory(category: string): readonly RegisteredCommand[] | undefined {
    if (this.#byCategory === undefined) {
      this.#byCategory = new Map(ACL_CATEGORIES.map((each) => [each, []]));
      for (const command of this.#registry.everything) {
        for (const each of aclCategories(command.spec)) this.#byCategory.get(each)?.push(command);
      }
    }
    return this.#byCategory.get(category);
  }

  /** What a command uses. */
  useOf({ id, spec }: RegisteredCommand): CommandUse {
    return this.#uses[id] ??= {
      hasKeys: hasKeys(spec),
      onlyKey: onlyKey(spec.keys ?? []),
      channels: spec.channels,
    };
  }
}

/** What of a command's facts a check looks at. */
export interface CommandUse {
  readonly hasKeys: boolean;
  /** Its only key, where it always stands in the same place and has the same use; most commands are such. */
  readonly onlyKey: NeededKey | undefined;
  readonly channels: ChannelUse | undefined;
}

/** A key of a request and the {@link KeyAccess} that it needs. */
export interface NeededKey {
  readonly index: number;
  readonly access: number;
}

function onlyKey(specs: NonNullable<RegisteredCommand["spec"]["keys"]>): NeededKey | undefined {
  if (specs.length !== 1) return undefined;
  const { at, countAt, effects = [], last = 0, unknown } = specs[0];
  const isFixed = at !== undefined && countAt === undefined && last === 0 && unknown !== true;
  if (!isFixed || effects.some((effect) => UNSURE_EFFECTS.has(effect))) return undefined;
  return { index: at, access: neededAccess(specs[0]) };
}

/** Key specs with these do not say everything. */
const UNSURE_EFFECTS = new Set(["not_key", "incomplete", "variable_flags"]);

function neededAccess({ effects = [] }: KeyUse): number {
  let access = 0;
  for (const effect of effects) {
    if (effect === "access") access |= KeyAccess.read;
    else if (effect === "insert" || effect === "delete" || effect === "update") {
      access |= KeyAccess.write;
    }
  }
  return access;
}

/** A request as several selectors look at it: its keys are found once. */
export class CheckedRequest {
  readonly command: RegisteredCommand;
  readonly args: Args;
  readonly use: CommandUse;
  #keys: readonly NeededKey[] | undefined;

  constructor(catalogue: CommandCatalogue, command: RegisteredCommand, args: Args) {
    this.command = command;
    this.args = args;
    this.use = catalogue.useOf(command);
  }

  get keys(): readonly NeededKey[] {
    return this.#keys ??= findKeys(this.command.spec, this.args)
      .map(({ index, use }) => ({ index, access: neededAccess(use) }));
  }
}
