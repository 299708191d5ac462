/** @lab/election/etcd: a candidate whose lease lives in an etcd cluster (docs/election.md, "The etcd engine"). */
import type { Elector, ElectorEvents, LeaderInfo, StepDownReason } from "../core/contract.js";
import type { EtcdInput, EtcdOutput } from "../core/etcd-contract.js";
import { createEtcdElection, type EtcdElection } from "../core/etcd-election.js";
import { type EtcdElectionOptions, etcdElectionOptionNames } from "../core/etcd-options.js";
import type { Now } from "../core/stamp.js";
import type { Token } from "../core/token.js";
import { checkPorts } from "./check-ports.js";
import { type Clocks, readerOf, systemClocks } from "./clocks.js";
import { type DisposableElector, ElectorBase } from "./elector-base.js";
import { checkRequests, EtcdGateway, type EtcdTlsOptions } from "./etcd-gateway.js";
import { refuseUnknownKeys } from "./known-keys.js";
import { type Logger, silentLogger } from "./logger.js";
import { MachineLoop } from "./machine-loop.js";

export interface EtcdElectorOptions extends EtcdElectionOptions {
  /** Of `https` endpoints, as `node:tls` takes them. Default: the certificates that Node trusts. */
  readonly tls?: EtcdTlsOptions | undefined;
  /** Sent with every request, to a proxy that wants them. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A longer answer has failed. Default 4,194,304 bytes. */
  readonly maxReplyBytes?: number | undefined;
  /** Default: nothing is written. */
  readonly logger?: Logger | undefined;
  /** Default `systemClocks`. */
  readonly clocks?: Clocks | undefined;
}

/** The event `hosts` never comes: etcd knows no loads (election rule E75). */
export interface EtcdElector extends DisposableElector {
  /** Who stands in line, the leader first, as the last look found it. Their epochs are create revisions. */
  candidates(): readonly LeaderInfo[];
}

/** How often the clocks are compared: a lease that ended in sleep is told to listeners that soon. */
const COMPARE_CLOCKS_MS = 500;
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const ownOptionNames = ["tls", "headers", "maxReplyBytes", "logger", "clocks"] satisfies (keyof EtcdElectorOptions)[];
const knownOptions = Object.fromEntries(
  [...etcdElectionOptionNames, ...ownOptionNames].map((name) => [name, true as const]),
);

class GatewayElector extends ElectorBase implements EtcdElector {
  readonly #machine: EtcdElection;
  readonly #now: () => Now;
  readonly #gateway: EtcdGateway;
  readonly #logger: Logger;
  readonly #from: { readonly id: string; readonly address: string };
  #loop: MachineLoop<EtcdInput, EtcdOutput> | undefined;

  constructor(options: EtcdElectorOptions) {
    refuseUnknownKeys(options, knownOptions);
    const { tls = {}, headers = {}, maxReplyBytes = MAX_REPLY_BYTES, logger, clocks = systemClocks, ...core } = options;
    if (!Number.isInteger(maxReplyBytes) || maxReplyBytes < 1_024 || maxReplyBytes > 2 ** 29) {
      throw new RangeError(`maxReplyBytes must be a whole number from 1,024 to 2^29, not ${maxReplyBytes}`);
    }
    checkPorts({ logger, clocks });
    const machine = createEtcdElection(core);
    checkRequests(core.endpoints, headers, tls);
    super(logger ?? silentLogger);
    this.#machine = machine;
    this.#now = readerOf(clocks);
    this.#logger = logger ?? silentLogger;
    this.#from = { id: core.id, address: core.address ?? "" };
    this.#gateway = new EtcdGateway({ tls, headers, maxReplyBytes }, (input) => this.#loop?.feed(input));
  }

  resign(to?: string): void {
    this.#loop?.feed({ type: "resign", ...(to === undefined ? {} : { to }) });
  }

  isLeader(): boolean {
    return this.#machine.isLeader(this.#now());
  }

  token(): Token | undefined {
    return this.#machine.token(this.#now());
  }

  leader(): LeaderInfo | undefined {
    return this.#machine.leader(this.#now());
  }

  candidates(): readonly LeaderInfo[] {
    return this.#machine.candidates();
  }

  protected get self(): { readonly id: string; readonly address: string } {
    return this.#from;
  }

  protected async begin(): Promise<void> {
    this.#loop = new MachineLoop<EtcdInput, EtcdOutput>(this.#machine, this.#now, COMPARE_CLOCKS_MS, (output) =>
      this.#perform(output),
    );
    try {
      this.#loop.feed({ type: "start" });
    } catch (error) {
      this.#loop.stop();
      throw error;
    }
  }

  protected async end(): Promise<void> {
    this.#loop?.feed({ type: "stop" });
    this.#loop?.stop();
    await this.#gateway.close();
  }

  #perform(output: EtcdOutput): void {
    switch (output.type) {
      case "request":
        return this.#gateway.send(output);
      case "cancel":
        return this.#gateway.cancel(output.id);
      case "elected":
        return this.tell("elected", output.token);
      case "stepDown":
        return this.tell("stepDown", output.token, output.why);
      case "leader":
        return this.tell("leader", output.leader);
      case "trouble":
        return this.#logger.debug({}, output.message);
      case "outage":
        return this.#logger.warn({}, `no endpoint of etcd can be used, the last: ${output.message}`);
      case "outageOver":
        return this.#logger.warn({}, `etcd answers at ${output.endpoint}`);
    }
  }
}

/**
 * A candidate that stands as soon as it is started and until it is stopped. Give `isLeader()` or `token()` the last word
 * before each thing that only a leader may do.
 * @throws TypeError or RangeError that names a wrong option and what is accepted
 */
export function createEtcdElector(options: EtcdElectorOptions): EtcdElector {
  return new GatewayElector(options);
}

export type { EtcdInput, EtcdOutput, EtcdRequest } from "../core/etcd-contract.js";
export { createEtcdElection, type EtcdElection } from "../core/etcd-election.js";
export type {
  Clocks,
  Elector,
  ElectorEvents,
  EtcdElectionOptions,
  EtcdTlsOptions,
  LeaderInfo,
  Logger,
  StepDownReason,
  Token,
};
