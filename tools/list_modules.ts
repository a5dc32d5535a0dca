/**
 * Writes server/modules.ts, the list of all modules that the server loads (docs/decisions/0005-start.md says what it is
 * good for).
 *
 * Run as `deno task modules` when a listed module has gone or moved, otherwise now and then: a list that lacks some
 * modules only makes a start slower.
 *
 * @module
 */

const LIST = "server/modules.ts";

const HEADER = `/**
 * All modules that the server loads, for Deno to find in one place.
 *
 * Only a start gets faster by it: 15 ms of 100. Deno reads the source map of each file that is the first to import
 * another one; here one file is the first for all. They stand in the order in which they would be evaluated anyway.
 *
 * Written by \`deno task modules\`: run it again instead of editing. A list that lacks modules makes a start slower, no
 * more; one that names a module that has gone keeps the program from starting.
 *
 * @module
 */

`;

interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

interface Dependency {
  /** Where the import leads when the program runs; none if it is for types alone. */
  readonly code?: { readonly specifier: string };
  readonly isDynamic?: boolean;
}

/** What loading a program brings in. */
export interface LoadedModules {
  /** Files of ours, relative to the top, in the order of their evaluation; neither the program itself nor the list. */
  readonly files: readonly string[];
  /** Everything else that is imported statically: packages, Node's modules, JSON. */
  readonly others: readonly string[];
}

/** Finds what `program` loads before it runs, by `deno info`; paths are relative to the top. */
export async function loadedModules(program: string, top: URL): Promise<LoadedModules> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", program],
    cwd: top,
  }).output();
  if (!success) throw new Error(`Cannot list modules: ${new TextDecoder().decode(stderr)}`);
  const { modules }: { modules: ModuleInfo[] } = JSON.parse(new TextDecoder().decode(stdout));
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));

  const files: string[] = [];
  const others: string[] = [];
  // What only the list leads to is not needed.
  const seen = new Set([new URL(LIST, top).href]);
  const visit = (specifier: string): void => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    for (const { code, isDynamic } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (code !== undefined && isDynamic !== true) visit(code.specifier);
    }
    const isOurs = specifier.startsWith(top.href) && specifier.endsWith(".ts");
    if (isOurs) files.push(specifier.slice(top.href.length));
    else others.push(specifier);
  };
  visit(new URL(program, top).href);
  return { files: files.filter((path) => path !== program && path !== LIST), others };
}

/** The text of the list. */
function listText(files: readonly string[]): string {
  const lines = files.map((path) => {
    const specifier = path.startsWith("server/") ? path.replace("server/", "./") : `../${path}`;
    return `import "${specifier}";\n`;
  });
  return HEADER + lines.join("");
}

if (import.meta.main) {
  const top = new URL("../", import.meta.url);
  const { files } = await loadedModules("main.ts", top);
  await Deno.writeTextFile(new URL(LIST, top), listText(files));
  console.log(`${LIST}: ${files.length} modules`);
}
