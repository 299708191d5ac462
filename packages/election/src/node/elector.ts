/** A node on real sockets: drives its machine, decides nothing (docs/election.md). */
import type { ElectionOutput, ElectionView, LeaderInfo, Stored } from "../core/contract.js";
import { createElection, type Election } from "../core/election.js";
import type { Now } from "../core/stamp.js";
import type { Token } from "../core/token.js";
import { formatAddress } from "./address.js";
import { readerOf, systemClocks } from "./clocks.js";
import { Connections } from "./connections.js";
import { type DisposableElector, ElectorBase } from "./elector-base.js";
import { type ElectorOptions, type ResolvedElectorOptions, resolveElectorOptions } from "./elector-options.js";
import { ElectorError, StorageError } from "./errors.js";
import { hostLoad } from "./host-metrics.js";
import { LeaderlessWatch } from "./leaderless-watch.js";
import { LoadLoop } from "./load-loop.js";
import { type Logger, silentLogger } from "./logger.js";
import { MachineLoop } from "./machine-loop.js";
import { nodePlatform } from "./platform.js";
import { StorageReader } from "./storage-reader.js";
import { StoreQueue } from "./store-queue.js";

export interface NodeElector extends DisposableElector {
  /** What others dial. Where the system chooses the port, that is 0 until `start()` has resolved. */
  readonly address: string;
  /** Where it listens, which is not `address` behind a mapped port. The same holds before `start()`. */
  readonly listening: string;
  /** What the options cost, such as an even number of members (election rule E15). */
  readonly warnings: readonly string[];
  /** What may be shown of this node, made anew at each call. Before `start()` its role is `stopped`. */
  view(): ElectionView;
}

/** How often the clocks are compared, at least: a lease that ended in sleep is told to listeners that soon. */
const MAX_WATCH_MS = 500;

/** What runs between `start()` and `stop()`. */
interface Running {
  readonly machine: Election;
  readonly now: () => Now;
  readonly loop: MachineLoop;
  readonly stores: StoreQueue;
  readonly loads: LoadLoop;
  readonly watch: LeaderlessWatch;
}

class SocketElector extends ElectorBase implements NodeElector {
  readonly warnings: readonly string[];
  readonly #given: ElectorOptions;
  readonly #options: ResolvedElectorOptions;
  readonly #logger: Logger;
  readonly #connections: Connections;
  readonly #reader: StorageReader;
  #address: string;
  #listening: string;
  #running: Running | undefined;
  #lastView: ElectionView | undefined;
  /** What listeners were told last: to ask for a view would make the whole table each time. */
  #leader: LeaderInfo | undefined;
  #elected: Token | undefined;
  /** Called at each `leader` event while `stop()` waits for a successor. */
  #onLeader: ((leader: LeaderInfo | undefined) => void) | undefined;

  constructor(options: ElectorOptions) {
    const resolved = resolveElectorOptions(options);
    const logger = options.logger ?? silentLogger;
    super(logger);
    this.#options = resolved;
    this.#given = options;
    this.#logger = logger;
    this.#listening = formatAddress(this.#options.listen);
    this.#address = this.#options.address ?? this.#listening;
    this.warnings = this.#options.warnings;
    this.#reader = new StorageReader(this.#options.storage);
    this.#connections = new Connections(
      { ...this.#options, logger: this.#logger },
      {
        message: (link, address, payload) => {
          if (address === undefined) this.#running?.loop.feed({ type: "message", link, payload });
          else this.#running?.loop.feed({ type: "message", link, address, payload });
        },
        linkClosed: (link) => this.#running?.loop.feed({ type: "linkClosed", link }),
        peerRefused: (address) => this.#running?.loop.feed({ type: "peerRefused", address }),
      },
    );
  }

  get address(): string {
    return this.#address;
  }

  get listening(): string {
    return this.#listening;
  }

  resign(to?: string): void {
    this.#running?.loop.feed({ type: "resign", ...(to === undefined ? {} : { to }) });
  }

  isLeader(): boolean {
    return this.#running?.machine.isLeader(this.#running.now()) === true;
  }

  token(): Token | undefined {
    return this.#running?.machine.token(this.#running.now());
  }

  leader(): LeaderInfo | undefined {
    const leader = this.#leader;
    const isThisNode = leader !== undefined && leader.id === this.#elected?.id && leader.epoch === this.#elected.epoch;
    return isThisNode && !this.isLeader() ? undefined : leader;
  }

  view(): ElectionView {
    if (this.#running !== undefined) return this.#running.machine.view(this.#running.now());
    this.#lastView ??= this.#viewOfNobody();
    return this.#lastView;
  }

  protected async begin(): Promise<void> {
    const { storage, listen, address, stopTimeoutMs } = this.#options;
    for (const warning of this.warnings) this.#logger.warn({}, warning);
    const stored = await this.#reader.read();
    try {
      this.#checkOwner(stored);
      if (this.isStopping) throw new ElectorError("STOPPED", "this elector was stopped");
      const { port } = await this.#connections.listen(listen);
      this.#listening = formatAddress({ host: listen.host, port });
      this.#address = address ?? this.#listening;
      this.#run(stored);
    } catch (error) {
      await this.#connections.stop(stopTimeoutMs);
      await storage.close?.();
      throw error;
    }
    this.#logger.info({ address: this.#address }, "started");
    this.#running?.loop.feed({ type: "start" });
  }

  /** A file that another node wrote holds promises that this one never made. */
  #checkOwner(stored: Stored | undefined): void {
    const { id } = this.#options.core;
    if (stored === undefined || id === "" || stored.id === "" || stored.id === id) return;
    throw new StorageError("FOREIGN", `what is stored was stored by ${stored.id}, but this node's id is ${id}`);
  }

  #run(stored: Stored | undefined): void {
    const { core, storage, measureMs, measureTimeoutMs } = this.#options;
    const { measureLoad = hostLoad, clocks = systemClocks } = this.#given;
    const machine = createElection({ ...this.#given, address: this.#address, platform: nodePlatform }, stored);
    for (const warning of machine.warnings) if (!this.warnings.includes(warning)) this.#logger.warn({}, warning);
    const now = readerOf(clocks);
    const watchMs = Math.min(MAX_WATCH_MS, core.reportMs);
    const loop = new MachineLoop(machine, now, watchMs, (output) => this.#perform(output));
    const stores = new StoreQueue(storage, this.#logger, (input) => loop.feed(input));
    const loads = new LoadLoop({ measureLoad, measureMs, measureTimeoutMs, logger: this.#logger }, (load) =>
      loop.feed({ type: "load", load }),
    );
    const watch = new LeaderlessWatch(core, this.#logger, {
      isCalm: () => this.#leader !== undefined || machine.view(now()).role === "quarantine",
      troubleAt: (address) => this.#connections.troubleAt(address, core.leaseMs),
    });
    this.#running = { machine, now, loop, stores, loads, watch };
  }

  protected async end(starting: Promise<void> | undefined): Promise<void> {
    const { stopTimeoutMs } = this.#options;
    const timer = setTimeout(() => this.#reader.giveUp(), stopTimeoutMs);
    await starting?.catch(() => {}); // whoever called start() is told
    clearTimeout(timer);
    const running = this.#running;
    if (running === undefined) return;
    await this.#handOver(running);
    running.loads.stop();
    running.watch.stop();
    running.loop.feed({ type: "stop" });
    running.loop.stop();
    this.#lastView = running.machine.view(running.now());
    this.#running = undefined;
    this.#leader = undefined;
    await Promise.all([this.#connections.stop(stopTimeoutMs), running.stores.end(stopTimeoutMs)]);
    this.#logger.info({ address: this.#address }, "stopped");
  }

  /** A leader with a successor at hand does not make its hosts wait for the end of its lease. */
  async #handOver({ machine, now, loop }: Running): Promise<void> {
    const { handOverOnStopMs } = this.#options;
    if (handOverOnStopMs === 0 || !machine.isLeader(now()) || machine.view(now()).fallbacks.length === 0) return;
    const { promise, resolve } = withResolvers();
    this.#onLeader = (leader) => {
      if (leader !== undefined) resolve();
    };
    const timer = setTimeout(resolve, handOverOnStopMs);
    loop.feed({ type: "resign" });
    await promise;
    clearTimeout(timer);
    this.#onLeader = undefined;
  }

  #perform(output: ElectionOutput): void {
    switch (output.type) {
      case "send":
        return this.#connections.send(output.to, output.payload);
      case "renew":
        return this.#connections.renew(output.address);
      case "close":
        return this.#connections.close(output.link, output.why);
      case "store":
        return this.#running?.stores.add(output.id, output.state);
      case "elected":
        this.#elected = output.token;
        this.#logger.info({ token: output.token }, "elected");
        if (this.#options.core.mode === "available") this.#connections.troubles.leadsAlone(this.#otherSeeds);
        return this.tell("elected", output.token);
      case "stepDown":
        this.#logger.info({ token: output.token, why: output.why }, "stepped down");
        return this.tell("stepDown", output.token, output.why);
      case "leader":
        this.#leader = output.leader;
        this.#logger.info({ leader: output.leader }, "leader");
        this.tell("leader", output.leader);
        return this.#onLeader?.(output.leader);
      case "hosts":
        return this.tell("hosts", output.rows);
      case "trouble":
        return this.#logger.warn({ kind: output.kind, address: output.address }, output.text);
    }
  }

  get #otherSeeds(): readonly string[] {
    return this.#options.core.seeds.filter((seed) => seed !== this.#address);
  }

  protected get self(): { readonly id: string; readonly address: string } {
    return { id: this.#options.core.id, address: this.#address };
  }

  /** Of a node that has not begun: the machine is made when its address is known. */
  #viewOfNobody(): ElectionView {
    const machine = createElection({ ...this.#given, address: this.#address, platform: nodePlatform });
    return { ...machine.view({ mono: 0, wall: 0 }), role: "stopped" };
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/**
 * A node: `start()` listens and takes part, `stop()` hands over where it leads and leaves nothing behind. One election machine, one
 * listener, one timer.
 *
 * Events are also published on `node:diagnostics_channel`, as `lab:election:elected`, `stepDown`, `leader` and `hosts`.
 *
 * @throws TypeError or RangeError for a wrong option, naming it and what is accepted. `start()` rejects with an ElectorError
 * (`LISTEN`: the address or port is not to be had) or a StorageError.
 */
export function createElector(options: ElectorOptions): NodeElector {
  return new SocketElector(options);
}
