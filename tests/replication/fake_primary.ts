/**
 * A primary played by a test: it listens, and knows what a replica must say.
 *
 * @module
 */

import { concat } from "@std/bytes/concat";
import { snapshot } from "../../storage/snapshot.ts";
import { bareServer } from "../support/bare_server.ts";
import { encodeCommand } from "../support/raw_connection.ts";
import { Wire } from "../server/wire.ts";
import { commands } from "../../commands/mod.ts";

/** What a replica says it can do. */
export const CAPABILITIES = ["capa", "eof", "capa", "psync2", "capa", "field-times"] as const;

/** Listens on a free port. */
export class FakePrimary implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;

  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
  }

  /** The next replica. */
  async accept(): Promise<Wire> {
    return new Wire(await this.#listener.accept());
  }

  /** The next replica, when it has made itself known and asks for its data with this PSYNC. */
  async greet(psync: readonly string[]): Promise<Wire> {
    const wire = await this.accept();
    await wire.expect(resp("PING"));
    await wire.send("+PONG\r\n");
    await wire.expect(resp("REPLCONF", "listening-port"));
    await wire.line();
    await wire.line();
    await wire.expect(resp("REPLCONF", ...CAPABILITIES));
    await wire.send("+OK\r\n+OK\r\n");
    await wire.expect(resp("PSYNC", ...psync));
    return wire;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** A request in RESP; of REPLCONF listening-port all but its last argument. */
export function resp(...words: readonly string[]): string {
  const whole = new TextDecoder().decode(encodeCommand(words));
  return words[1] === "listening-port" ? whole.replace("*2", "*3") : whole;
}

/** RDB of what requests of words make. */
export async function dataOf(...requests: string[]): Promise<Uint8Array> {
  const { server, replies } = bareServer({}, { commands });
  replies(...requests);
  const chunks = await Array.fromAsync(snapshot(server.keyspace, {
    fields: [["repl-stream-db", 0]],
    functions: [],
    includesKeys: true,
    use: "none",
    compress: false,
    pause: () => Promise.resolve(),
  }));
  return concat(chunks);
}
