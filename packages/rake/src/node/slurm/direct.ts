/** A server here, whose actions `srun` runs on the nodes of one allocation (R50). */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { listOf, plainText, whole } from "../../core/option-checks.js";
import { removeFolder } from "../removal.js";
import { actionUser } from "../run-as.js";
import type { ServeOptions } from "../serve-options.js";
import { type RakeServer, serve } from "../server.js";
import { SlurmEngine } from "./engine.js";
import type { SlurmHost } from "./host.js";
import { resolveSlurmOptions, type SlurmOptions } from "./options.js";

export interface DirectOptions extends SlurmOptions {
  /** Processors for each action; default 1. */
  readonly cpusPerAction?: number;
  /** Where this process listens for the steps' calls; default 0.0.0.0. Who calls must show a pass of 128 bits; what comes is not encrypted, as with Slurm's own streams. */
  readonly listen?: string;
  /** The address by which nodes reach this process; default: where Slurm's own steps find `srun`. */
  readonly callAddress?: string;
  /** More words for `srun`, such as `--cpu-bind=none`; default none. */
  readonly stepArguments?: readonly string[];
  /** Options of the server, such as limits and `sandbox`; speed and toolchain are found out on this machine where they do not stand here. */
  readonly server?: Omit<ServeOptions, "engine" | "folder" | "host" | "port" | "secret" | "tls">;
}

/**
 * Takes an allocation, and starts a server for it on 127.0.0.1. An action costs a `srun` more than beside a server, some 30 ms; the
 * nodes need perl.
 *
 * ```ts
 * await using host = await direct({ cpus: 16 });
 * await build({ rakefile, hosts: [host.address], secret: host.secret });
 * ```
 *
 * @throws TypeError or RangeError for a wrong option; SlurmError; what `serve` throws
 */
export async function direct(options: DirectOptions = {}): Promise<SlurmHost> {
  const settings = resolveSlurmOptions(options);
  const { partition, server = {}, callAddress } = options;
  const user = actionUser(server.runAs);
  const engine = await SlurmEngine.open({
    settings,
    partition,
    cpusPerAction: whole("cpusPerAction", options.cpusPerAction, { default: 1, min: 1, max: 65_536 }),
    listen: plainText("listen", options.listen ?? "0.0.0.0", 1, 256),
    address: callAddress === undefined ? undefined : plainText("callAddress", callAddress, 1, 256),
    stepArguments: listOf("stepArguments", options.stepArguments ?? [], (name, value) =>
      plainText(name, value, 2, 4_096),
    ),
    user,
  });
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(realpathSync(settings.folder), ".rake-slurm-"));
    chmodSync(folder, 0o711); // actions of another user must be able to pass
    const secret = new Uint8Array(randomBytes(32));
    const served = await serve({
      name: `slurm-${engine.allocation.jobId}`,
      ...server,
      host: "127.0.0.1",
      port: 0,
      folder,
      secret,
      engine,
    });
    return new DirectHost(engine, served, folder, secret);
  } catch (error) {
    await engine.close();
    if (folder !== undefined) await removeFolder(folder);
    throw error;
  }
}

class DirectHost implements SlurmHost {
  readonly address: SlurmHost["address"];
  readonly secret: Uint8Array;
  readonly jobId: number;
  readonly lost: Promise<string>;
  readonly #engine: SlurmEngine;
  readonly #server: RakeServer;
  readonly #folder: string;
  #closing: Promise<void> | undefined;

  constructor(engine: SlurmEngine, server: RakeServer, folder: string, secret: Uint8Array) {
    this.#engine = engine;
    this.#server = server;
    this.#folder = folder;
    this.secret = secret;
    this.address = { host: server.host, port: server.port };
    this.jobId = engine.allocation.jobId;
    // Without its processors it would only fail what it is given.
    this.lost = engine.allocation.lost.then(async (why) => {
      await server.close();
      return why;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#server.close();
    } finally {
      await this.#engine.close();
      await removeFolder(this.#folder);
    }
  }
}
