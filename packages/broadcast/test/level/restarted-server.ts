/** A server with a durable log that is killed and started again, at one address for those who are connected. */
import { TcpProxy } from "@lab/simnet";
import type { RunningProcess } from "../../../../test/process.js";
import { startBundled } from "../../../../test/programs.js";
import type { Durability } from "../../src/core/server-contract.js";

const SERVER = new URL("./durable-server.ts", import.meta.url);

export class RestartedServer implements AsyncDisposable {
  /** Each life's words about the epoch of the room. */
  readonly epochs: string[] = [];
  /** Of the proxy before it. */
  address = "";
  readonly #args: readonly string[];
  readonly #proxy = new TcpProxy({});
  #process: RunningProcess | undefined;

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  static async start(folder: string, durability: Durability, mutant = ""): Promise<RestartedServer> {
    const server = new RestartedServer([folder, durability, mutant]);
    const { host, port } = await server.#proxy.listen();
    server.address = `${host}:${port}`;
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const process = startBundled(SERVER, this.#args, {
      onLine: (line) => {
        if (line.startsWith("epoch ")) this.epochs.push(line);
      },
    });
    this.#process = process;
    await this.#proxy.retarget({ host: "127.0.0.1", port: await process.port() });
  }

  /** Resolves when it is gone. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.#process?.signal(signal);
    const exit = await this.#process?.exited;
    if (exit?.stderr !== "") throw new Error(`the server said: ${exit?.stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await this.#proxy.close();
  }
}
