/** One machine with a disk and no wire: a test says what arrives and reads what is sent, as text. */
import type { Address, ClientOutput, FileEffect, Outcome, ServerOutput, TransferInput } from "../src/core/contract.js";
import { MemoryDisk } from "./memory-disk.js";
import { CLIENT, text } from "./v1-pair.js";
import { outcomeOf, type WireMachine } from "./v1-wire.js";

export class Bench {
  now = 0;
  readonly machine: WireMachine;
  readonly disk: MemoryDisk;
  readonly reports: (ClientOutput | ServerOutput)[] = [];
  /** Effects that wait until `work` is called, while `isSlow`. */
  readonly waiting: FileEffect[] = [];
  isSlow = false;

  constructor(machine: WireMachine, disk: MemoryDisk = new MemoryDisk()) {
    this.machine = machine;
    this.disk = disk;
  }

  /** A packet arrives; answers what is sent. */
  take(packet: string | Uint8Array, from: Address = CLIENT): string[] {
    const bytes = typeof packet === "string" ? text(packet) : packet;
    return this.#feed({ type: "datagram", from, bytes });
  }

  /** So much time goes by. Wakes the machine whenever it wants to be woken. */
  wait(ms: number): string[] {
    const sent: string[] = [];
    const end = this.now + ms;
    for (;;) {
      const deadline = this.machine.nextDeadline();
      if (deadline === undefined || deadline > end) break;
      this.now = Math.max(this.now, deadline);
      sent.push(...this.#feed({ type: "tick" }));
    }
    this.now = end;
    return sent;
  }

  /** The application stops it. */
  stop(): string[] {
    return this.#feed({ type: "stop" });
  }

  /** Does what waits, and what comes of that. */
  work(): string[] {
    const sent: string[] = [];
    for (let effect = this.waiting.shift(); effect !== undefined; effect = this.waiting.shift()) {
      const result = this.disk.perform(effect);
      if (result !== undefined) sent.push(...this.#feed(result));
    }
    return sent;
  }

  get outcome(): Outcome | undefined {
    return outcomeOf(this);
  }

  /** How the transfers at a server ended, as `operation outcome code`. */
  get served(): string[] {
    return this.reports.flatMap((one) =>
      one.type === "served" ? [`${one.operation} ${one.outcome} ${one.code} ${one.bytes}`] : [],
    );
  }

  #feed(input: TransferInput): string[] {
    const sent: string[] = [];
    for (const output of this.machine.handle(this.now, input)) {
      if (output.type === "datagram") sent.push(new TextDecoder().decode(output.bytes));
      else if (output.type === "progress" || output.type === "finished" || output.type === "served") {
        this.reports.push(output);
      } else this.waiting.push(output);
    }
    if (!this.isSlow) sent.push(...this.work());
    return sent;
  }
}
