/**
 * Running programs to their end: the server's own command line, and Redis's tools.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
const decoder = new TextDecoder();

/** How a program ended and what it wrote. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Whether a program is installed: it must know `--version`. */
export function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program; `input` goes to its standard input, `environment` is added to ours. */
export async function run(
  program: string,
  args: readonly string[],
  { input = "", environment = {}, timeout = 30_000 }: {
    input?: string;
    environment?: Readonly<Record<string, string>>;
    /** Milliseconds until the program is killed. */
    timeout?: number;
  } = {},
): Promise<Ended> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
  try {
    const [{ code, stdout, stderr }] = await Promise.all([
      child.output(),
      feed(child.stdin, input),
    ]);
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}

/** Writes the input; a program may end without having read it. */
async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    if (input !== "") await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Runs `main.ts` from source. */
export function runCoolcache(
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<Ended> {
  return run(Deno.execPath(), ["run", "-A", `${ROOT}main.ts`, ...args], options);
}
