/**
 * Checks that imports point one way between the rooms of the house (docs/architecture.md).
 *
 * Each room names the rooms that it may import; its own files are always allowed. A file belongs to the room with
 * the longest matching path, so `server/resp/` is a room of its own below `storage/`, though its folder lies in
 * `server/`. A new folder at the top needs a row here before anything in it passes.
 *
 * Imports are found by their shape, not by a parser: `deno fmt` keeps static imports at the start of a line. Type
 * imports count like all others, since an arrow is about what a reader must know.
 *
 * Run as `deno task arrows`; exits with 1 and one line for each import that breaks a rule.
 *
 * @module
 */

/** An import as it stands in a source file. */
export interface Import {
  readonly specifier: string;
  /** Counted from 1. */
  readonly line: number;
}

interface Room {
  /** Path of a folder, or of a single file at the top. */
  readonly path: string;
  /** Rooms that it may import. `folder/*.ts` stands for the files directly in a folder. */
  readonly may: readonly string[];
  /** Whether it may import npm packages other than the standard library. */
  readonly packages?: boolean;
}

const STORAGE = ["storage", "storage/types", "storage/memory"];
const BELOW_SERVER = [
  "server/resp",
  ...STORAGE,
  "commands",
  "replication",
  "server/scripting",
  "server/scripting/engine",
];
const EVERYTHING = [
  "server",
  ...BELOW_SERVER,
  "client",
  "main.ts",
  "cli.ts",
  "version.ts",
  "deno.json",
];

const ROOMS: readonly Room[] = [
  { path: "server/resp", may: [] },
  { path: "storage/memory", may: [] },
  { path: "storage/types", may: ["server/resp", "storage/memory"] },
  { path: "storage", may: ["server/resp", ...STORAGE] },
  { path: "commands", may: ["server/resp", ...STORAGE] },
  { path: "replication", may: ["server/resp", ...STORAGE, "commands"] },
  {
    path: "server/scripting/engine",
    may: ["server/resp", "storage/memory", "server/scripting"],
    packages: true,
  },
  {
    path: "server/scripting",
    may: ["server/resp", ...STORAGE, "commands", "server/scripting/engine"],
  },
  { path: "server", may: ["version.ts", ...BELOW_SERVER] },
  { path: "version.ts", may: [] },
  { path: "main.ts", may: ["server", ...BELOW_SERVER] },
  // The registry and its facts lie directly in commands/; handlers, in its subfolders, stay out of reach.
  { path: "client", may: ["version.ts", "server/resp", "commands/*.ts"] },
  { path: "cli.ts", may: ["client"] },
  { path: "tests", may: [...EVERYTHING, "bench", "tools"], packages: true },
  { path: "bench", may: [...EVERYTHING, "tests"], packages: true },
  { path: "tools", may: EVERYTHING, packages: true },
];

const STATIC_IMPORT =
  /^(?:import\s+(?:type\s+)?[\w$*\s{},]*?\s*from|import|export\s+(?:type\s+)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})\s*from)\s*["']([^"']+)["']/gm;
const DYNAMIC_IMPORT = /^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*["']([^"']+)["']/gm;

/** The imports and re-exports of a module, in the order of their lines. */
export function importsOf(source: string): Import[] {
  return [...source.matchAll(STATIC_IMPORT), ...source.matchAll(DYNAMIC_IMPORT)]
    .toSorted((a, b) => a.index - b.index)
    .map((match) => ({
      specifier: match[1],
      line: source.slice(0, match.index).split("\n").length,
    }));
}

/** One line for each import of `source` that the rules do not allow; `path` is relative to the top. */
export function violationsOf(path: string, source: string): string[] {
  const room = roomOf(path);
  if (room === undefined) return [`${path}: its folder has no row in tools/check_arrows.ts`];

  const violations: string[] = [];
  for (const { specifier, line } of importsOf(source)) {
    if (!isAllowed(path, room, specifier)) {
      const allowed = room.may.length === 0 ? "nothing else of ours" : room.may.join(", ");
      violations.push(
        `${path}:${line}: imports "${specifier}", but ${room.path} may import ${allowed}`,
      );
    }
  }
  return violations;
}

function isAllowed(path: string, room: Room, specifier: string): boolean {
  if (!specifier.startsWith(".")) {
    return room.packages === true || /^(@std\/|node:)/.test(specifier);
  }
  const target = resolve(path, specifier);
  const targetRoom = roomOf(target)?.path ?? target;
  if (targetRoom === room.path || room.may.includes(targetRoom)) return true;
  return room.may.includes(target.replace(/[^/]+\.ts$/, "*.ts"));
}

function roomOf(path: string): Room | undefined {
  let found: Room | undefined;
  for (const room of ROOMS) {
    const inside = path === room.path || path.startsWith(`${room.path}/`);
    if (inside && room.path.length > (found?.path.length ?? 0)) found = room;
  }
  return found;
}

/** A relative specifier as a path from the top; one that leaves the tree keeps its "..". */
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === ".") continue;
    const isClimb = part === ".." && parts.length > 0 && parts.at(-1) !== "..";
    if (isClimb) parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function* sourceFiles(top: URL, folder = ""): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, top))) {
    if (entry.name.startsWith(".") || ["dist", "coverage", "node_modules"].includes(entry.name)) {
      continue;
    }
    const path = folder + entry.name;
    if (entry.isDirectory) yield* sourceFiles(top, `${path}/`);
    else if (path.endsWith(".ts") && !path.endsWith(".d.ts")) yield path;
  }
}

if (import.meta.main) {
  const top = new URL("../", import.meta.url);
  const paths = [...sourceFiles(top)].toSorted();
  const violations = paths.flatMap((path) =>
    violationsOf(path, Deno.readTextFileSync(new URL(path, top)))
  );
  for (const violation of violations) console.error(violation);
  console.log(`${paths.length} files, ${violations.length} forbidden imports`);
  if (violations.length > 0) Deno.exit(1);
}
