import { assert, assertEquals } from "@std/assert";
import { importsOf } from "../../tools/check_arrows.ts";
import { loadedModules } from "../../tools/list_modules.ts";

const TOP = new URL("../../", import.meta.url);
/** So many modules may be missing before a start is noticeably slower. */
const SLACK = 30;

Deno.test("The server starts without packages, modules of Node, which take long, and JSON, which spoils executables", async () => {
  const { others } = await loadedModules("main.ts", TOP);
  assertEquals(others, []);
});

Deno.test("The list of modules names nearly all that the server loads, and no others", async () => {
  const source = await Deno.readTextFile(new URL("server/modules.ts", TOP));
  const listed = importsOf(source).map(({ specifier }) =>
    new URL(specifier, new URL("server/", TOP)).href.slice(TOP.href.length)
  );
  const loaded = new Set((await loadedModules("main.ts", TOP)).files);
  assertEquals(listed.filter((path) => !loaded.has(path)), []);
  assert(loaded.size - listed.length <= SLACK, "run `deno task modules`");
});
