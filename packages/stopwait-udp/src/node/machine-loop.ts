/** Runs a machine over a socket, files and the clock: hands in what happens, does what it says (S86, S88). */
import type { ClientOutput, FileResult, ServerOutput, TransferInput, TransferOutput } from "../core/contract.js";
import type { TransferFiles } from "./transfer-files.js";
import type { UdpSocket } from "./udp-socket.js";

/** Any machine of this package. */
export interface Drivable<Output> {
  handle(now: number, input: TransferInput): readonly Output[];
  nextDeadline(): number | undefined;
}

/** What a machine says to its application. */
export type Report<Output> = Exclude<Output, TransferOutput>;

/** Datagrams that may wait while the system takes none of ours; what comes beyond is lost, as it is on a network. */
const MAX_HELD_DATAGRAMS = 256;
/** The longest delay that timers take. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export class MachineLoop<Output extends ClientOutput | ServerOutput> {
  readonly #machine: Drivable<Output>;
  readonly #socket: Pick<UdpSocket, "send" | "isBlocked">;
  readonly #files: Pick<TransferFiles, "perform">;
  readonly #report: (report: Report<Output>) => void;
  /** What happened while the machine could not be told. */
  readonly #held: TransferInput[] = [];
  #isTelling = false;
  #now = 0;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires: at the earliest deadline since it was set. */
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    machine: Drivable<Output>,
    socket: Pick<UdpSocket, "send" | "isBlocked">,
    files: Pick<TransferFiles, "perform">,
    report: (report: Report<Output>) => void,
  ) {
    this.#machine = machine;
    this.#socket = socket;
    this.#files = files;
    this.#report = report;
  }

  /**
   * Tells the machine, and does what it wants, in order. While the system takes no more datagrams the machine is not told
   * anything: it would write into the memory of those that wait.
   */
  feed(input: TransferInput, now: number = performance.now()): void {
    if (this.#isStopped) return;
    if (this.#isTelling || this.#socket.isBlocked) {
      if (input.type !== "datagram" || this.#held.length < MAX_HELD_DATAGRAMS) this.#held.push(input);
      return;
    }
    this.#tell(input, now);
  }

  /** The time that the machine was told last. */
  get now(): number {
    return this.#now;
  }

  /** To be called when the socket is not blocked any more. */
  resume(): void {
    const next = this.#isTelling || this.#isStopped ? undefined : this.#held.shift();
    if (next !== undefined) this.#tell(next, performance.now());
  }

  /** No more timers, and nothing that happens matters any more. */
  stop(): void {
    this.#isStopped = true;
    this.#held.length = 0;
    clearTimeout(this.#timer);
  }

  #tell(input: TransferInput, now: number): void {
    this.#isTelling = true;
    this.#now = now; // also for what the files answer at once: reading a clock costs more than that takes
    try {
      for (let next: TransferInput | undefined = input; next !== undefined; next = this.#held.shift()) {
        const outputs = this.#machine.handle(now, next);
        for (let index = 0; index < outputs.length; index++) this.#perform(outputs[index] as Output);
        if (this.#isStopped || this.#socket.isBlocked) break;
      }
    } finally {
      this.#isTelling = false;
    }
    if (!this.#isStopped) this.#arm();
  }

  #perform(output: Output): void {
    switch (output.type) {
      case "datagram":
        this.#socket.send(output.bytes, output.to);
        return;
      case "progress":
      case "finished":
      case "served":
        this.#report(output as Report<Output>);
        return;
      default: {
        const result: FileResult | undefined = this.#files.perform(output);
        if (result !== undefined) this.#held.push(result);
      }
    }
  }

  /**
   * One timer, set anew only where it would fire too late: most deadlines move away with every packet, and a timer that
   * fires too early costs less than one that is set every time.
   */
  #arm(): void {
    const deadline = this.#machine.nextDeadline();
    if (deadline === undefined || deadline >= this.#wakeAt) return;
    clearTimeout(this.#timer);
    this.#wakeAt = deadline;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - performance.now())), MAX_DELAY_MS);
    this.#timer = setTimeout(this.#wake, delayMs);
  }

  readonly #wake = (): void => {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const deadline = this.#machine.nextDeadline();
    if (deadline !== undefined && deadline <= performance.now()) this.feed({ type: "tick" });
    else this.#arm();
  };
}
