/** Drives the client's machine over real sockets, files and processes; what is to be done it decides nothing of. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { BuildMachine } from "../core/build-machine.js";
import { resolveBuildOptions } from "../core/build-options.js";
import type { ClientInput, ClientOutput } from "../core/client-contract.js";
import { type BuildReport, ReportBuilder } from "../core/report.js";
import { Attempts } from "./attempts.js";
import type { BuildFolder } from "./build-folder.js";
import type { BuildSetting } from "./build-options.js";
import { Fallbacks } from "./fallbacks.js";
import { FileDigests, inputTrouble } from "./file-digests.js";
import { HostSocket } from "./host-socket.js";
import { InputReader } from "./input-reader.js";
import { readLearned, writeLearned } from "./learned-file.js";
import { LocalRuns } from "./local-runs.js";
import { MachineLoop } from "./machine-loop.js";
import { nodePlatform } from "./platform.js";
import { ResultCache } from "./result-cache.js";
import { Screen } from "./screen.js";

export class BuildDriver {
  readonly #setting: BuildSetting;
  readonly #folder: BuildFolder;
  readonly #machine: BuildMachine;
  readonly #loop: MachineLoop<ClientInput, ClientOutput>;
  readonly #screen: Screen;
  readonly #attempts: Attempts;
  readonly #locals: LocalRuns;
  readonly #fallbacks: Fallbacks;
  readonly #digests: FileDigests;
  readonly #reader: InputReader;
  readonly #links = new Map<number, HostSocket>();
  readonly #sockets = new Set<HostSocket>();
  /** Something was sent to them in this turn. */
  readonly #unflushed = new Set<HostSocket>();
  readonly #report: ReportBuilder;
  #finished: (report: BuildReport) => void = () => {};
  #broken: (error: unknown) => void = () => {};

  constructor(setting: BuildSetting, folder: BuildFolder) {
    const { plan, machine, onTrouble } = setting;
    this.#setting = setting;
    this.#folder = folder;
    this.#report = new ReportBuilder(plan);
    this.#machine = new BuildMachine(plan, machine, nodePlatform, readLearned(folder.state, onTrouble));
    this.#loop = new MachineLoop(this.#machine, {
      perform: (output) => this.#perform(output),
      settled: () => {
        for (const socket of this.#unflushed) socket.flush();
        this.#unflushed.clear();
      },
    });
    this.#screen = new Screen((shown) => {
      try {
        const taking = setting.show(shown);
        return taking?.catch((error: unknown) => this.#break(error));
      } catch (error) {
        this.#break(error);
      }
    });
    const cache =
      machine.cache === true ? new ResultCache(join(folder.state, "cache"), setting.maxCacheBytes) : undefined;
    this.#attempts = new Attempts(folder, this.#screen, cache, onTrouble, {
      took: (attempt, bytes) => this.#tell({ type: "took", attempt, bytes }),
      written: (attempt, path, digest) => this.#tell({ type: "outputWritten", attempt, path, digest }),
      outputFailed: (attempt, path, message) => this.#tell({ type: "outputFailed", attempt, path, message }),
      committed: (attempt) => this.#tell({ type: "committed", attempt }),
      commitFailed: (attempt, message) => this.#tell({ type: "commitFailed", attempt, message }),
    });
    this.#locals = new LocalRuns(folder, this.#screen, {
      started: (attempt) => this.#tell({ type: "localStarted", attempt }),
      ended: (attempt, end) => {
        if (this.#fallbacks.has(attempt)) this.#fallbacks.ended(attempt, end);
        else this.#tell({ type: "localEnded", attempt, end });
      },
    });
    const { maxOutputs, maxOutputBytes } = resolveBuildOptions(machine);
    this.#fallbacks = new Fallbacks({
      ...{ root: folder.root, maxOutputs, maxOutputBytes },
      folderOf: (attempt) => this.#attempts.folder(attempt),
      start: ({ attempt, action, command }, place) => this.#locals.run(attempt, action, command, place),
      ended: (attempt, end, made) => this.#tell({ type: "localEnded", attempt, end, made }),
    });
    this.#digests = new FileDigests(folder.root, folder.state, onTrouble);
    this.#reader = new InputReader(folder.root, this.#digests);
  }

  /** Resolves when the build is over and nothing of it is left. Once. @throws what `onEvent` or `show` throws */
  async run(): Promise<BuildReport> {
    const { signal } = this.#setting;
    const cancel = (): void => this.#tell({ type: "cancel" });
    try {
      const over = new Promise<BuildReport>((resolve, reject) => {
        this.#finished = resolve;
        this.#broken = reject;
      });
      if (signal?.aborted === true) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
      this.#tell({ type: "begin" });
      return await over;
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#loop.stop();
      await this.#close();
    }
  }

  async #close(): Promise<void> {
    for (const socket of this.#links.values()) socket.end();
    this.#links.clear();
    await this.#locals.close();
    await this.#fallbacks.close();
    await this.#attempts.close();
    await this.#screen.settled();
    await this.#reader.close();
    this.#digests.save();
    writeLearned(this.#folder.state, this.#machine.learned, this.#setting.onTrouble);
    await Promise.all([...this.#sockets].map(({ gone }) => gone));
  }

  #tell(input: ClientInput): void {
    try {
      this.#loop.tell(input);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#loop.stop();
    this.#broken(error);
  }

  #perform(output: ClientOutput): void {
    const attempts = this.#attempts;
    switch (output.type) {
      case "connect":
        return this.#connect(output.link, output.host);
      case "send": {
        const socket = this.#links.get(output.link);
        if (socket === undefined) return;
        socket.send(output.bytes);
        this.#unflushed.add(socket);
        return;
      }
      case "disconnect":
        this.#links.get(output.link)?.end();
        this.#links.delete(output.link);
        return;
      case "hash":
        return void this.#hash(output.id, output.path);
      case "readInput":
        return void this.#read(output);
      case "runLocal":
        if (output.apart !== undefined) return this.#fallbacks.run(output, output.apart);
        return this.#locals.run(output.attempt, output.action, output.command);
      case "killLocal":
        this.#fallbacks.kill(output.attempt);
        return this.#locals.kill(output.attempt, output.hard);
      case "openOutput":
        return attempts.folder(output.attempt).open(output.path, output.mode, output.size);
      case "writeOutput":
        return attempts.folder(output.attempt).write(output.path, output.bytes);
      case "endOutput":
        return attempts.folder(output.attempt).end(output.path);
      case "commit":
        return attempts.commit(output.attempt, output.paths);
      case "discard":
        return attempts.discard(output.attempt);
      case "show":
        return attempts.show(output.attempt, output.stream, output.bytes);
      case "keep":
        return attempts.folder(output.attempt).keep(output.stream, output.bytes);
      case "showKept":
        return attempts.showKept(output.attempt);
      case "lookUp":
        return void this.#lookUp(output);
      case "remember":
        return attempts.remember(output.attempt, output.key, output.paths);
      case "event":
        if (output.event.type === "placed") attempts.isOf(output.event.attempt, output.event.action);
        this.#report.add(output.event);
        return this.#setting.onEvent(output.event);
      case "finished":
        return this.#finished({ ...this.#report.report, endedAt: performance.now(), result: output.result });
    }
  }

  #connect(link: number, host: number): void {
    const address = this.#setting.plan.hosts[host];
    if (address === undefined) return;
    const socket = new HostSocket(address, this.#setting.tls, {
      connected: () => this.#tell({ type: "connected", link }),
      data: (bytes) => this.#tell({ type: "data", link, bytes }),
      full: () => this.#tell({ type: "full", link }),
      drained: () => this.#tell({ type: "drained", link }),
      closed: (why) => {
        this.#links.delete(link);
        this.#tell({ type: "closed", link, why });
      },
    });
    this.#links.set(link, socket);
    this.#sockets.add(socket);
    void socket.gone.then(() => this.#sockets.delete(socket));
  }

  async #hash(id: number, path: string): Promise<void> {
    try {
      this.#tell({ type: "hashed", id, ...(await this.#digests.hash(path)) });
    } catch (error) {
      this.#tell({ type: "hashFailed", id, message: inputTrouble(error) });
    }
  }

  async #read({ id, path, offset, maxBytes }: Extract<ClientOutput, { type: "readInput" }>): Promise<void> {
    try {
      this.#tell({ type: "inputBytes", id, bytes: await this.#reader.read(path, offset, maxBytes) });
    } catch (error) {
      this.#tell({ type: "inputFailed", id, message: inputTrouble(error) });
    }
  }

  async #lookUp({ id, attempt, keys }: Extract<ClientOutput, { type: "lookUp" }>): Promise<void> {
    const found = await this.#attempts.lookUp(attempt, keys);
    if (found === undefined) {
      this.#attempts.discard(attempt);
      this.#tell({ type: "notFound", id });
    } else {
      this.#tell({ type: "found", id, ...found });
    }
  }
}
