/**
 * The real machine: files are replaced whole, patterns find files, errors are told in plain words.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { absolutePath, denoHost, failureReason } from "../../../server/config/host.ts";

Deno.test("absolutePath resolves leading dots only", () => {
  assertEquals(absolutePath("/a/b", "/c"), "/c");
  assertEquals(absolutePath("/a/b", "c.conf"), "/a/b/c.conf");
  assertEquals(absolutePath("/a/b", "./../../../c"), "/c");
  assertEquals(absolutePath("/", "c"), "/c");
});

Deno.test("denoHost replaces files and leaves nothing else behind", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const host = denoHost();
    Deno.writeTextFileSync(`${folder}/a.conf`, "old");
    host.replaceFile(`${folder}/a.conf`, "new é");
    assertEquals(host.readFile(`${folder}/a.conf`), "new é");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.conf"]);
    assertEquals(Deno.statSync(`${folder}/a.conf`).mode! & 0o777, 0o644 & ~Deno.umask());

    Deno.mkdirSync(`${folder}/in the way`);
    assertThrows(() => host.replaceFile(`${folder}/in the way`, "new"));
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("denoHost lists the files that a pattern matches, sorted and without hidden ones", () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (const path of ["b", "a", "c"]) {
      Deno.mkdirSync(`${folder}/${path}`);
      for (const name of ["2.conf", "1.conf", ".3.conf", "4.txt"]) {
        Deno.writeTextFileSync(`${folder}/${path}/${name}`, "");
      }
    }
    const list = (pattern: string) =>
      denoHost().listFiles(`${folder}/${pattern}`).map((path) => path.slice(folder.length + 1));
    assertEquals(list("a/*.conf"), ["a/1.conf", "a/2.conf"]);
    assertEquals(list("[!a]/?.conf"), ["b/1.conf", "b/2.conf", "c/1.conf", "c/2.conf"]);
    assertEquals(list("*/4.*"), ["a/4.txt", "b/4.txt", "c/4.txt"]);
    assertEquals(list("a/.*.conf"), ["a/.3.conf"]);
    assertEquals(list("nosuch/*"), []);
    assertEquals(list("a/1.conf/*"), []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("denoHost tells folders from what is none", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/file`, "");
    Deno.symlinkSync(folder, `${folder}/link`);
    const host = denoHost();
    assertEquals(host.realDirectory(`${folder}/link`), Deno.realPathSync(folder));
    const reason = (path: string) => failureReason(assertThrows(() => host.realDirectory(path)));
    assertEquals(reason(`${folder}/nosuch`), "No such file or directory");
    assertEquals(reason(`${folder}/file`), "Not a directory");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
