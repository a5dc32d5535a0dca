/**
 * A folder for the files of one test.
 *
 * @module
 */

/** An empty folder that is removed, with all that is in it, at the end of its scope. */
export class TemporaryFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "coolcache-test-" });

  /** The names of what is in it, in order. */
  names(): string[] {
    return Array.from(Deno.readDirSync(this.path), ({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
