/** What get() and put() share: a socket, files and a client machine, from the first packet to the outcome. */
import { channel } from "node:diagnostics_channel";
import { join } from "node:path";
import type { Address, ClientOutput, FileEffect, FileResult, Outcome } from "../core/contract.js";
import { resolveNumbers } from "../core/options.js";
import type { V1TimerOptions } from "../core/v1-retransmission.js";
import type { V2ClientOptions } from "../core/v2-client-options.js";
import { SocketError, TransferError, UnknownOutcomeError } from "./errors.js";
import { reasonOf } from "./file-facts.js";
import { type Logger, silentLogger } from "./logger.js";
import { type Drivable, MachineLoop, type Report } from "./machine-loop.js";
import type { PartFolder } from "./part-folder.js";
import { DEFAULT_PART_TTL_MS } from "./part-sweeper.js";
import { nodePlatform } from "./platform.js";
import { defaultStateFolder, ResumeTicket, type Ticket } from "./resume-ticket.js";
import { type Resumable, TicketedMachine } from "./ticketed-machine.js";
import { TransferFiles } from "./transfer-files.js";
import { BUFFER_RULE, checkOptions, serverAddress, type TransferOptions } from "./transfer-options.js";
import { type Statistics, TransferStatistics } from "./transfer-statistics.js";
import { UdpSocket } from "./udp-socket.js";

/** A transfer that succeeded. */
export interface TransferResult {
  /** Size of the file. */
  readonly bytes: number;
  /** Of the whole file, hexadecimal. Version 1 has no checksums: there it says what was read or written here, no more. */
  readonly sha256: string;
  /** Bytes that an earlier transfer had got across already; 0 where it began at the start. */
  readonly resumedAt: number;
  readonly statistics: Statistics;
}

/** Published on `node:diagnostics_channel` as `lab:stopwait:transfer` when a client's transfer ended, however it did. */
export interface TransferEvent {
  readonly operation: "get" | "put";
  readonly server: Address;
  readonly name: string;
  readonly outcome: Outcome;
  readonly statistics: Statistics;
}

/** What is different between the two operations and the two versions. */
export interface TransferPlan {
  readonly operation: "get" | "put";
  /** The file's name on the server. */
  readonly name: string;
  /** The folder in which the local file lies. */
  readonly root: string;
  /** The file's name in that folder. */
  readonly localName: string;
  /** @throws RangeError or TypeError for a wrong option */
  readonly version1: (shared: SharedOptions & V1TimerOptions) => Drivable<ClientOutput>;
  /** @throws RangeError or TypeError for a wrong option */
  readonly version2: (shared: V2ClientOptions, ticket: Ticket | undefined) => Resumable;
}

/** What every client machine is told. */
type SharedOptions = Pick<V2ClientOptions, "server" | "remoteName" | "localName" | "platform">;

const transferChannel = channel("lab:stopwait:transfer");

/**
 * Runs a transfer to its end.
 * @throws TypeError or RangeError for a wrong option; SocketError; TransferError; UnknownOutcomeError; the signal's reason
 */
export async function runTransfer(options: TransferOptions, plan: TransferPlan): Promise<TransferResult> {
  const { signal } = options;
  checkOptions(options);
  const to = serverAddress(options);
  const { receiveBufferBytes } = resolveNumbers(
    { receiveBufferBytes: options.receiveBufferBytes },
    { receiveBufferBytes: BUFFER_RULE },
  );
  signal?.throwIfAborted();
  const transfer = new Transfer(options, plan);
  const outcome = await transfer.run(to, receiveBufferBytes);
  const statistics = transfer.statistics.snapshot();
  if (transferChannel.hasSubscribers) {
    const event: TransferEvent = { operation: plan.operation, server: to, name: plan.name, outcome, statistics };
    transferChannel.publish(event);
  }
  if (outcome.type === "success") {
    const { resumedAt } = transfer;
    return { bytes: outcome.bytes, sha256: Buffer.from(outcome.sha256).toString("hex"), resumedAt, statistics };
  }
  const { reason } = transfer;
  if (outcome.type === "unknown") throw new UnknownOutcomeError("UNKNOWN", outcome.message, { cause: reason });
  throw reason ?? transferError(outcome, plan, transfer.isHeard ? undefined : to);
}

/** @param silent the server, where it did not say a word */
function transferError(
  { code, message, isLocal }: Extract<Outcome, { readonly type: "failed" }>,
  { root, localName }: TransferPlan,
  silent: Address | undefined,
): TransferError {
  if (isLocal === true) return new TransferError(code, message, join(root, localName));
  if (code !== "timeout" || silent === undefined) return new TransferError(code, message);
  return new TransferError(code, `no answer at all from ${silent.host}:${silent.port}`);
}

class Transfer {
  readonly statistics = new TransferStatistics();
  /** Why it was stopped from here. */
  reason: unknown;
  readonly #options: TransferOptions;
  readonly #plan: TransferPlan;
  readonly #logger: Logger;
  readonly #outcome: Promise<Outcome>;
  #finish: (outcome: Outcome) => void = () => {};
  /** Whether anything came from the server. */
  isHeard = false;
  #resumable: Resumable | undefined;
  /** The part of an earlier transfer of the same file, which was not gone on with. */
  #superseded: string | undefined;
  #loop: MachineLoop<ClientOutput> | undefined;

  constructor(options: TransferOptions, plan: TransferPlan) {
    this.#options = options;
    this.#plan = plan;
    this.#logger = options.logger ?? silentLogger;
    this.#outcome = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** As in the result. */
  get resumedAt(): number {
    return this.#resumable?.resumedAt ?? 0;
  }

  async run(to: Address, receiveBufferBytes: number): Promise<Outcome> {
    const { signal, onDatagram } = this.#options;
    const began = performance.now();
    const files = new TransferFiles({ root: this.#plan.root, deliver: (result) => this.#loop?.feed(result) });
    const socket = await UdpSocket.connect(
      to,
      { receiveBufferBytes, sendBufferBytes: receiveBufferBytes },
      {
        datagram: (bytes, from) => {
          this.isHeard = true;
          const now = performance.now();
          this.statistics.received(now, bytes);
          if (onDatagram !== undefined)
            this.#tell(() => onDatagram({ direction: "received", atMs: now - began, bytes }));
          this.#loop?.feed({ type: "datagram", from, bytes }, now);
        },
        drained: () => this.#loop?.resume(),
        refused: () => this.#refused(to),
        failed: (error) => this.#logger.warn({ code: error.code, why: error.message }, "a datagram could not be sent"),
      },
    );
    const sender = {
      get isBlocked(): boolean {
        return socket.isBlocked;
      },
      send: (bytes: Uint8Array, peer: Address): void => {
        const now = this.#loop?.now ?? began;
        this.statistics.sent(now, bytes);
        if (onDatagram !== undefined) this.#tell(() => onDatagram({ direction: "sent", atMs: now - began, bytes }));
        socket.send(bytes, peer);
      },
    };
    const abort = (): void => this.#stop(signal?.reason);
    try {
      const machine = this.#machine(to, socket);
      const counted = { perform: (effect: FileEffect): FileResult | undefined => this.#perform(files, effect) };
      this.#loop = new MachineLoop(machine, sender, counted, (report) => this.#reported(report));
      signal?.addEventListener("abort", abort, { once: true });
      this.#loop.feed({ type: "tick" });
      if (signal?.aborted === true) abort();
      return await this.#outcome;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#loop?.stop();
      await Promise.all([files.close(), socket.close()]);
      // At the end: the part that is gone on with may be an old one.
      if (this.#plan.operation === "get") await this.#tidy(files.parts);
      files.parts.removeIfEmpty();
    }
  }

  #machine(to: Address, socket: UdpSocket): Drivable<ClientOutput> {
    const { name: remoteName, localName, root, operation, version1, version2 } = this.#plan;
    const { version, retransmitMs, retransmissions, resume, stateFolder, ...options } = this.#options;
    const shared = { server: socket.peer, remoteName, localName, platform: nodePlatform };
    if (version === 1) {
      return version1({
        ...shared,
        ...(retransmitMs !== undefined && { retransmitMs }),
        ...(retransmissions !== undefined && { retransmissions }),
      });
    }
    const told = { ...options, ...shared, receiveBufferBytes: socket.receiveBufferBytes, resume: undefined };
    const folder = stateFolder ?? defaultStateFolder();
    if (folder === undefined) return version2(told, undefined); // it cannot be noted how to go on
    const ticket = new ResumeTicket(folder, [operation, to.host, to.port, remoteName, root, localName]);
    const earlier = ticket.read();
    if (resume !== true) this.#superseded = earlier?.key;
    this.#resumable = version2(told, resume === true ? earlier : undefined);
    return new TicketedMachine(this.#resumable, ticket, (forMs) =>
      this.#tell(() => this.#options.onWaiting?.({ forMs })),
    );
  }

  /** Removes what lies next to the file and is of use to nobody: the note that named it is another one's now. */
  async #tidy(parts: PartFolder): Promise<void> {
    if (this.#superseded !== undefined) {
      try {
        parts.discard(this.#superseded);
      } catch (error) {
        this.#logger.debug({ why: reasonOf(error) }, "the part of an earlier transfer could not be removed");
      }
    }
    await parts.sweep(Date.now() - DEFAULT_PART_TTL_MS);
  }

  #perform(files: TransferFiles, effect: FileEffect): FileResult | undefined {
    if (effect.type === "write-part") this.statistics.moved(effect.bytes.length);
    if (effect.type === "read-source") this.statistics.moved(effect.length);
    return files.perform(effect);
  }

  #reported(report: Report<ClientOutput>): void {
    if (report.type === "finished") this.#finish(report.outcome);
    else this.#tell(() => this.#options.onProgress?.({ bytes: report.bytes, total: report.total }));
  }

  /** Calls the application; what it throws ends the transfer. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#stop(error);
    }
  }

  /** A server that was heard may come back; where nobody was heard at all, waiting helps nobody. */
  #refused({ host, port }: Address): void {
    this.#logger.debug({ host, port }, "nobody listens there");
    if (!this.isHeard) this.#stop(new SocketError("REFUSED", `nobody listens on ${host}:${port}`));
  }

  /** Later than what is being done: this may be called from within it. */
  #stop(reason: unknown): void {
    if (this.reason !== undefined) return;
    this.reason = reason ?? new Error("stopped");
    queueMicrotask(() => this.#loop?.feed({ type: "stop" }));
  }
}
