/**
 * INFO: what a server tells of itself, as text in sections of `name:value` lines.
 *
 * This is the list of sections; what is in them is in ./info/. Names, order and number formats are Redis's, because
 * programs read them; fields of our own begin with `coolcache_`. What belongs to features that are not there yet is
 * told as Redis tells it of a server that does not use them.
 *
 * @module
 */

import type { InfoSource } from "./info/fields.ts";
import { keyspaceFields } from "./info/keyspace.ts";
import { memoryFields } from "./info/memory.ts";
import { persistenceFields } from "./info/persistence.ts";
import { cpuFields, serverFields } from "./info/process.ts";
import { clusterFields, replicationFields } from "./info/replication.ts";
import { clientsFields, commandFields, errorFields, statsFields } from "./info/stats.ts";
import type { Server } from "./server.ts";

interface Section {
  readonly title: string;
  readonly fields: InfoSource;
  /** Only told when it, or everything, is asked for. */
  readonly extra?: boolean;
}

/** All sections by the names that ask for them, in the order in which they are told. */
const SECTIONS: Readonly<Record<string, Section>> = {
  server: { title: "Server", fields: serverFields },
  clients: { title: "Clients", fields: clientsFields },
  memory: { title: "Memory", fields: memoryFields },
  persistence: { title: "Persistence", fields: persistenceFields },
  stats: { title: "Stats", fields: statsFields },
  replication: { title: "Replication", fields: replicationFields },
  cpu: { title: "CPU", fields: cpuFields },
  modules: { title: "Modules", fields: () => ({}) },
  commandstats: { title: "Commandstats", fields: commandFields, extra: true },
  errorstats: { title: "Errorstats", fields: errorFields },
  // Times are summed up, not kept one by one, so there is no command with percentiles to tell.
  latencystats: { title: "Latencystats", fields: () => ({}), extra: true },
  cluster: { title: "Cluster", fields: clusterFields },
  keyspace: { title: "Keyspace", fields: keyspaceFields },
};

/**
 * The text of INFO for sections named in lower case: names of sections, `default` (also when nothing is named), `all`
 * or `everything`. Unknown names ask for nothing.
 */
export function composeInfo(server: Server, sections: readonly string[]): string {
  const wanted = sections.length === 0 ? ["default"] : sections;
  return Object.entries(SECTIONS)
    .filter(([name, { extra = false }]) => wanted.some((word) => asksFor(word, name, extra)))
    .map(([, section]) => composeSection(server, section))
    .join("\r\n");
}

function asksFor(word: string, name: string, extra: boolean): boolean {
  switch (word) {
    case "all":
    case "everything":
      return true;
    case "default":
      return !extra;
    case "module_list":
      return name === "modules";
    default:
      return word === name;
  }
}

function composeSection(server: Server, { title, fields }: Section): string {
  const lines = Object.entries(fields(server)).map(([name, value]) => `${name}:${value}\r\n`);
  return `# ${title}\r\n${lines.join("")}`;
}
