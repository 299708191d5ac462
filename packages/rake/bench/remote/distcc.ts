/** distccd on loopback: its clients go through TCP, and fail where it does not compile for them. */
import { chmodSync } from "node:fs";
import { connect } from "node:net";
import { type RunningProcess, start } from "../../../../test/process.js";
import { newFolder, removeFolder } from "./folders.js";
import { freePort } from "./programs.js";

export class Distccd {
  readonly #jobs: number;
  readonly #folder = newFolder();
  #daemon: RunningProcess | undefined;
  #port = 0;

  constructor(jobs: number) {
    this.#jobs = jobs;
  }

  /** As DISTCC_HOSTS names it. */
  get host(): string {
    return `127.0.0.1:${this.#port}/${this.#jobs}`;
  }

  get env(): Record<string, string> {
    return distccEnv([this], this.#folder);
  }

  async prepare(): Promise<void> {
    this.#port = await freePort();
    chmodSync(this.#folder, 0o777); // it gives up being root
    const args = ["--no-detach", "--daemon", "--listen", "127.0.0.1", "--allow", "127.0.0.1", "--enable-tcp-insecure"];
    args.push("--port", String(this.#port), "--jobs", String(this.#jobs), "--log-stderr", "--log-level", "error");
    if (process.getuid?.() === 0) args.push("--user", "nobody");
    this.#daemon = start("distccd", args);
    await listening(this.#port);
  }

  async close(): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    removeFolder(this.#folder);
  }
}

export function distccEnv(daemons: readonly Distccd[], folder: string): Record<string, string> {
  return { DISTCC_HOSTS: daemons.map(({ host }) => host).join(" "), DISTCC_FALLBACK: "0", DISTCC_DIR: folder };
}

/** Resolves once somebody listens there; the daemons say so nowhere. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect({ port, host: "127.0.0.1" });
    const isThere = await new Promise<boolean>((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on port ${port} after 10 s`);
}
