/** What the two clients of v1 share: the peer, the timer, ids, and how a transfer ends. */

import type { Address, ClientOutput, FileResult, Outcome, Platform, TransferInput } from "./contract.js";
import { ifWellFormed } from "./errors.js";
import { nameFault } from "./names.js";
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "./v1-packet.js";
import { V1Retransmission, type V1TimerOptions } from "./v1-retransmission.js";
import { codeOfFact, wordOf } from "./v2-codes.js";

export interface V1ClientOptions extends V1TimerOptions {
  /** Where packets go, and the only place from which they are taken: an IP address, written as the driver reports senders. */
  readonly server: Address;
  /** The file's name on the server. */
  readonly remoteName: string;
  /** The file's name on this side. */
  readonly localName: string;
  readonly platform: Platform;
}

/** The first tick begins the transfer. Each needs a fresh local port: the packets of v1 do not say to which one they belong. */
export abstract class V1Client {
  protected readonly options: V1ClientOptions;
  protected readonly timer: V1Retransmission;
  #nextId = 1;
  #isBegun = false;
  #isFinished = false;

  /** @throws RangeError for a name or a number that cannot be */
  constructor(options: V1ClientOptions) {
    const fault = nameFault(options.remoteName);
    if (fault !== undefined) throw new RangeError(`remoteName cannot be the name of a file: ${fault}`);
    this.options = options;
    this.timer = new V1Retransmission(options);
  }

  handle(now: number, input: TransferInput): ClientOutput[] {
    if (this.#isFinished) return [];
    if (input.type === "stop") return this.end(this.stopOutcome());
    if (!this.#isBegun) {
      if (input.type !== "tick") return [];
      this.#isBegun = true;
      return this.begin();
    }
    if (input.type === "datagram") {
      const packet = this.#isServer(input.from) ? ifWellFormed(() => decodeV1Packet(input.bytes)) : undefined;
      return packet === undefined ? [] : this.receive(now, packet);
    }
    if (input.type !== "tick") return this.effectEnded(now, input);
    const due = this.timer.expire(now);
    if (due === undefined) return [];
    return due === "over" ? this.gaveUp() : [this.datagram(due)];
  }

  nextDeadline(): number | undefined {
    if (this.#isFinished) return undefined;
    return this.#isBegun ? this.timer.deadline : 0;
  }

  /** Equal for machines that will behave alike; times are relative to `now`. */
  fingerprint(now: number): string {
    if (this.#isFinished) return "finished";
    return this.#isBegun ? `${this.stateText()} ${this.timer.fingerprint(now)}` : "not begun";
  }

  protected abstract begin(): ClientOutput[];
  protected abstract receive(now: number, packet: V1Packet): ClientOutput[];
  protected abstract effectEnded(now: number, result: FileResult): ClientOutput[];
  /** No answer within the bound. */
  protected abstract gaveUp(): ClientOutput[];
  /** The application wants no more of it. */
  protected abstract stopOutcome(): Outcome;
  /** Closes what is open. */
  protected abstract release(): ClientOutput[];
  protected abstract stateText(): string;

  protected newId(): number {
    return this.#nextId++;
  }

  protected datagram(bytes: Uint8Array): ClientOutput {
    return { type: "datagram", to: this.options.server, bytes };
  }

  /** Sends a packet that wants an answer. */
  protected send(now: number, packet: V1Packet): ClientOutput {
    return this.datagram(this.timer.start(now, encodeV1Packet(packet)));
  }

  protected end(outcome: Outcome): ClientOutput[] {
    this.#isFinished = true;
    this.timer.stop();
    return [...this.release(), { type: "finished", outcome }];
  }

  protected fail(code: string, message: string): ClientOutput[] {
    return this.end({ type: "failed", code, message });
  }

  protected failFile(result: FileResult & { readonly type: "effect-failed" }): ClientOutput[] {
    return this.end({ type: "failed", code: wordOf(codeOfFact(result.fact)), message: result.message, isLocal: true });
  }

  #isServer(from: Address): boolean {
    return from.port === this.options.server.port && from.host === this.options.server.host;
  }
}
