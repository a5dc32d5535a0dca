/**
 * What a second client feels: a PING every two milliseconds while something else goes on.
 *
 * Run as a program, this file is the probe: it pings until its standard input ends, then prints
 * what it saw. It is a process of its own so that neither the loader's work nor its garbage
 * collection is mistaken for the server's.
 *
 * @module
 */

/** The round trips of a probe in milliseconds. */
export interface PingTimes {
  count: number;
  median: number;
  p999: number;
  slowest: number;
}

/** Runs `work` while a probe pings the server, and returns the result of both. */
export async function whilePinging<T>(
  port: number,
  work: () => Promise<T>,
): Promise<{ result: T; pings: PingTimes }> {
  const probe = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL(import.meta.url).pathname, String(port)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = probe.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    // The probe's first line says that it pings.
    await output.read();
    const result = await work();
    await probe.stdin.close();
    let text = "";
    for (let part; !(part = await output.read()).done;) text += part.value;
    await probe.status;
    return { result, pings: JSON.parse(text) as PingTimes };
  } catch (error) {
    probe.kill("SIGKILL");
    await probe.status;
    throw error;
  }
}

async function probe(port: number): Promise<void> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  const ping = new TextEncoder().encode("PING\r\n");
  const reply = new Uint8Array(64);
  const times: number[] = [];
  let goOn = true;
  const inputEnds = Deno.stdin.read(new Uint8Array(1)).then(() => goOn = false);

  for (let i = 0; i < 50; i++) await pingOnce();
  console.log("pinging");
  while (goOn) {
    times.push(await pingOnce());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await inputEnds;
  times.sort((a, b) => a - b);
  const seen: PingTimes = {
    count: times.length,
    median: times[times.length >> 1],
    p999: times[Math.floor(times.length * 0.999)],
    slowest: times[times.length - 1],
  };
  console.log(JSON.stringify(seen));

  async function pingOnce(): Promise<number> {
    const started = performance.now();
    await socket.write(ping);
    for (let got = 0; got < "+PONG\r\n".length;) {
      const length = await socket.read(reply);
      if (length === null) throw new Error("The server closed the probe's connection");
      got += length;
    }
    return performance.now() - started;
  }
}

if (import.meta.main) await probe(Number(Deno.args[0]));
