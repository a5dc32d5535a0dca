/**
 * All directives, by name.
 *
 * Redis's of 7.2, and those that 7.4 added. This table is the only place that knows a directive's name, kind, default,
 * range and traits; the types of {@link ConfigValues} and of every name follow from it. Directives of features that
 * are not there yet are kept and reported all the same.
 *
 * @module
 */

import { appendOnlyFile, encodings, memoryLimits, snapshots, upkeep } from "./directives_data.ts";
import {
  clients,
  cluster,
  general,
  network,
  replication,
  security,
  system,
  tls,
} from "./directives_server.ts";
import type { Directive } from "./values.ts";

/** Every directive, in the order in which patterns of CONFIG GET list them. */
export const directives = {
  ...network,
  ...tls,
  ...security,
  ...clients,
  ...general,
  ...system,
  ...memoryLimits,
  ...upkeep,
  ...encodings,
  ...snapshots,
  ...appendOnlyFile,
  ...replication,
  ...cluster,
} satisfies Record<string, Directive<unknown>>;

/** The name of a directive, as documented today. */
export type DirectiveName = keyof typeof directives;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ValueOf<D> = D extends Directive<infer Value> ? Value : never;

/** The live values: `proto-max-bulk-len` is `protoMaxBulkLen`. Bytes, unless the name says otherwise. */
export type ConfigValues = {
  readonly [Name in DirectiveName as CamelCase<Name>]: ValueOf<(typeof directives)[Name]>;
};

/** What a name leads to: a directive by its name of today or by its alias. */
export interface NamedDirective {
  /** The name that was looked up, lower case. */
  readonly shownAs: string;
  readonly name: DirectiveName;
  readonly directive: Directive<unknown>;
}

/** All names of directives, aliases too, each behind the name of today. */
export function namedDirectives(): Map<string, NamedDirective> {
  const byName = new Map<string, NamedDirective>();
  for (const [key, directive] of Object.entries<Directive<unknown>>(directives)) {
    const name = key as DirectiveName;
    byName.set(name, { shownAs: name, name, directive });
    const { alias, laterName } = directive;
    if (alias !== undefined) byName.set(alias, { shownAs: alias, name, directive });
    if (laterName !== undefined) byName.set(laterName, { shownAs: laterName, name, directive });
  }
  return byName;
}

/** The property of {@link ConfigValues} that a directive's value is kept in. */
export function propertyName(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Directives that Redis once knew: one word after them, and nothing happens. */
export const FORMER_DIRECTIVES: readonly string[] = [
  "list-max-ziplist-entries",
  "list-max-ziplist-value",
  "lua-replicate-commands",
];
