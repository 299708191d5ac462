/** A client machine of version 2 whose ticket is kept up to date (S95). */
import type { ClientOutput, TransferInput } from "../core/contract.js";
import type { Drivable } from "./machine-loop.js";
import type { ResumeTicket } from "./resume-ticket.js";

/** What a machine says of how to go on with its transfer; it may change with everything that happens. */
export interface Resumable extends Drivable<ClientOutput> {
  readonly resumeKey: string;
  readonly etag?: string | undefined;
  /** How many bytes it began with; undefined until that is known. */
  readonly resumedAt: number | undefined;
  /** Set while the server holds an earlier transfer: for how long it is asked again at most. */
  readonly waitsForMs: number | undefined;
}

export class TicketedMachine implements Drivable<ClientOutput> {
  readonly #machine: Resumable;
  readonly #ticket: ResumeTicket;
  #key: string | undefined;
  #etag: string | undefined;
  readonly #waits: (forMs: number) => void;
  #isWaiting = false;

  /** @param waits told once when it begins to wait for an earlier transfer of its own */
  constructor(machine: Resumable, ticket: ResumeTicket, waits: (forMs: number) => void) {
    this.#machine = machine;
    this.#waits = waits;
    this.#ticket = ticket;
    void ticket.sweep();
  }

  handle(now: number, input: TransferInput): readonly ClientOutput[] {
    const outputs = this.#machine.handle(now, input);
    const { resumeKey, etag } = this.#machine;
    // Before the outputs are done: whoever dies in the middle of them has noted what they belong to.
    if (resumeKey !== this.#key || etag !== this.#etag) this.#note(resumeKey, etag);
    const { waitsForMs } = this.#machine;
    if (waitsForMs !== undefined && !this.#isWaiting) this.#waits(waitsForMs);
    this.#isWaiting = waitsForMs !== undefined;
    const last = outputs.at(-1);
    if (last?.type === "finished" && last.outcome.type === "success") this.#ticket.remove();
    return outputs;
  }

  nextDeadline(): number | undefined {
    return this.#machine.nextDeadline();
  }

  #note(key: string, etag: string | undefined): void {
    this.#key = key;
    this.#etag = etag;
    try {
      this.#ticket.write({ key, etag });
    } catch {
      // a state folder that cannot be written costs the way back, not the transfer
    }
  }
}
