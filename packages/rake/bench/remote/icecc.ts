/**
 * icecc with a client and one worker of two jobs. Its scheduler takes two daemons of one address for one machine, and gives jobs
 * back to it: so each has a network namespace of its own, and the client a daemon that compiles nothing. Root alone can make these.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningProcess, start } from "../../../../test/process.js";
import { newFolder, removeFolder } from "./folders.js";
import { runHere, whyAbsent } from "./programs.js";

const CLIENT = "10.87.0.1";
const WORKER = "10.87.0.2";
const SCHEDULER_PORT = 8765; // it cannot be told to an `icecc-scheduler` that others find by its name alone

export function whyNoIcecc(): string | undefined {
  if (process.getuid?.() !== 0) return "only root makes the network namespaces that its daemons need";
  return whyAbsent("icecc", "iceccd", "icecc-scheduler", "ip", "nsenter", "gcc");
}

export class Icecc {
  readonly #folder = newFolder();
  readonly #client = `rake-ice-client-${process.pid}`;
  readonly #worker = `rake-ice-worker-${process.pid}`;
  readonly #running: RunningProcess[] = [];

  /** What a command is put behind, to run where the client's daemon is. On a busy machine its scheduler may never find a worker. */
  get enter(): readonly [string, ...string[]] {
    return ["timeout", "300", "nsenter", `--net=/run/netns/${this.#client}`];
  }

  /** A job that would be compiled here fails. */
  get env(): Record<string, string> {
    return { ICECC_TEST_SOCKET: join(this.#folder, "client.sock"), ICECC_TEST_REMOTEBUILD: "1" };
  }

  async prepare(): Promise<void> {
    chmodSync(this.#folder, 0o777); // its daemons give up being root
    await this.#makeNamespaces();
    // It says who has come, at once with all these: with fewer its lines wait in a buffer.
    const loud = ["-vvv", "-n", this.#client, "-p", String(SCHEDULER_PORT)];
    const scheduler = this.#start(this.#client, "icecc-scheduler", loud);
    this.#daemon(this.#client, "client", 0);
    this.#daemon(this.#worker, "worker", 2);
    for (const name of ["client", "worker"]) await scheduler.line(new RegExp(`login ${name} `));
    await this.#compilesRemotely();
  }

  async close(): Promise<void> {
    for (const process of this.#running.reverse()) await process[Symbol.asyncDispose]();
    for (const name of [this.#client, this.#worker]) await runHere("ip", ["netns", "del", name]).catch(() => {});
    removeFolder(this.#folder);
  }

  async #makeNamespaces(): Promise<void> {
    const ip = (...args: string[]): Promise<void> => runHere("ip", args);
    for (const name of [this.#client, this.#worker]) await ip("netns", "add", name);
    await ip(
      ...["link", "add", "one", "netns", this.#client, "type", "veth", "peer", "name", "two", "netns", this.#worker],
    );
    for (const [name, link, address] of [
      [this.#client, "one", CLIENT],
      [this.#worker, "two", WORKER],
    ] as const) {
      await ip("-n", name, "addr", "add", `${address}/24`, "dev", link);
      for (const one of ["lo", link]) await ip("-n", name, "link", "set", one, "up");
    }
  }

  #daemon(namespace: string, name: string, jobs: number): void {
    const base = join(this.#folder, name); // it makes it, as its own
    const args = ["-n", this.#client, "-s", `${CLIENT}:${SCHEDULER_PORT}`, "-N", name, "-m", String(jobs), "-b", base];
    this.#start(namespace, "iceccd", args, {
      ICECC_TEST_SOCKET: join(this.#folder, `${name}.sock`),
    });
  }

  #start(
    namespace: string,
    program: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): RunningProcess {
    const words = [`--net=/run/netns/${namespace}`, "sh", "-c", 'exec "$@" 2>&1', "-", program, ...args];
    const running = start("nsenter", words, { env: { ...process.env, ...env } });
    this.#running.push(running);
    return running;
  }

  /** The client's daemon packs its compiler for the worker, which takes seconds, before the first round. */
  async #compilesRemotely(): Promise<void> {
    writeFileSync(join(this.#folder, "probe.c"), "int probe;\n");
    const [command, ...words] = this.enter;
    await runHere(command, [...words, "icecc", "gcc", "-c", "probe.c", "-o", "probe.o"], {
      cwd: this.#folder,
      env: this.env,
    });
  }
}
