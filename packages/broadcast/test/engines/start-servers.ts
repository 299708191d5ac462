/** Starts Redis and NATS for a test: on free ports of 127.0.0.1, their data in a folder that goes away, to be killed and started anew. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../../test/process.js";

/** A server of others. Its port stays the same over its starts, so that whoever talked to it finds it again. */
export class EngineServer implements AsyncDisposable {
  readonly url: string;
  readonly #command: string;
  readonly #args: readonly string[];
  readonly #isUp: RegExp;
  readonly #folder: string;
  #process: RunningProcess | undefined;

  constructor(url: string, command: string, args: readonly string[], isUp: RegExp, folder: string) {
    this.url = url;
    this.#command = command;
    this.#args = args;
    this.#isUp = isUp;
    this.#folder = folder;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    this.#process = start(this.#command, this.#args);
    await this.#process.line(this.#isUp);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** Stops and goes on with it, as a machine that hangs. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Two may be given the same one by the system when the first was not taken yet: the start fails then, and another is tried. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

async function started(make: (port: number, folder: string) => EngineServer): Promise<EngineServer> {
  for (let tries = 3; ; tries--) {
    const server = make(await freePort(), mkdtempSync(join(tmpdir(), "lab-engine-")));
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (tries === 1) throw error;
    }
  }
}

export interface RedisDurability {
  /** Default true. */
  readonly appendOnly?: boolean;
  /** Default "always". */
  readonly appendFsync?: "always" | "everysec" | "no";
}

/**
 * `redis-server --bind 127.0.0.1 --port PORT --dir FOLDER --save "" --appendonly yes --appendfsync always`: nothing that it
 * acknowledged is lost, whatever happens to it.
 */
export async function startRedis(durability: RedisDurability = {}): Promise<EngineServer> {
  const { appendOnly = true, appendFsync = "always" } = durability;
  return await started((port, folder) => {
    const args = [
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", "", "--daemonize", "no"],
      ...["--appendonly", appendOnly ? "yes" : "no", "--appendfsync", appendFsync],
    ];
    return new EngineServer(`redis://127.0.0.1:${port}`, "redis-server", args, /Ready to accept connections/, folder);
  });
}

/** `nats-server --addr 127.0.0.1 --port PORT --jetstream --store_dir FOLDER`: what it acknowledged survives its own death. */
export async function startNats(): Promise<EngineServer> {
  return await started((port, folder) => {
    const args = ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", folder];
    // It writes to standard error.
    return new EngineServer(
      `nats://127.0.0.1:${port}`,
      "sh",
      ["-c", 'exec nats-server "$@" 2>&1', "nats-server", ...args],
      /Server is ready/,
      folder,
    );
  });
}
