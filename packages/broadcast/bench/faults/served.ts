/** A server process behind a proxy that can cut connections, and that goes with it when it is killed and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { TcpProxy } from "@lab/simnet";
import type { RunningProcess } from "../../../../test/process.js";
import { type From, type StartProgram, startSource } from "./library.js";

export const serverProgram: URL = new URL("./server.ts", import.meta.url);

export class Served implements AsyncDisposable {
  /** Without the proxy, of the process that runs now. */
  direct = "";
  /** Of the proxy. */
  address = "";
  readonly proxy: TcpProxy = new TcpProxy({});
  readonly #args: readonly string[];
  readonly #startProgram: StartProgram;
  readonly #folder: string;
  #process: RunningProcess | undefined;

  private constructor(from: From, log: "memory" | "written", startProgram: StartProgram) {
    this.#folder = mkdtempSync(join(tmpdir(), "lab-broadcast-faults-"));
    this.#args = [from, log, this.#folder];
    this.#startProgram = startProgram;
  }

  static async start(from: From, log: "memory" | "written", startProgram: StartProgram = startSource): Promise<Served> {
    const served = new Served(from, log, startProgram);
    const { host, port } = await served.proxy.listen();
    served.address = `${host}:${port}`;
    await served.#start();
    return served;
  }

  /** Ends the process with SIGKILL and starts another on the same log. Tells when it was killed and when the new one listened. */
  async restart(): Promise<{ readonly killedAt: number; readonly listenedAt: number }> {
    const killedAt = performance.now();
    this.#process?.signal("SIGKILL");
    await this.#process?.exited;
    await this.#start();
    return { killedAt, listenedAt: performance.now() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await this.proxy.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    this.#process = this.#startProgram(serverProgram, this.#args);
    const port = await this.#process.port();
    this.direct = `127.0.0.1:${port}`;
    await this.proxy.retarget({ host: "127.0.0.1", port });
  }
}
