/** One action of a client of v2, from its bid to DONE (docs/rake.md R18 to R26). */

import { allowedWords } from "./allow.js";
import type { Bandwidth } from "./bandwidth.js";
import { FIRST_CREDIT_BYTES, IncomingBlobs } from "./incoming-blobs.js";
import { treeFault } from "./input-tree.js";
import { MAX_MODE } from "./message-limits.js";
import type { AckCode, Blob, ByeCode, Execute, RunEnd, ServerMessage } from "./messages.js";
import type { Pins } from "./pins.js";
import { Reservation } from "./reservation.js";
import type { Run } from "./run.js";
import type { RunOwner } from "./run-owner.js";
import type { ServerContext } from "./server-context.js";
import type { FoundOutput, StreamName } from "./server-contract.js";
import { jobLimits } from "./server-facts.js";
import type { Slot } from "./slots.js";

/** The session that it belongs to. */
export interface ActionHost {
  readonly connection: number;
  /** Too much waits to be sent. */
  readonly isFull: boolean;
  readonly bandwidth: Bandwidth;
  say(message: ServerMessage): void;
  /** Says BYE and closes: all actions of it end. */
  hangUp(code: ByeCode, text: string, now: number): void;
  /** It has ended: its id is not known any more. */
  forget(actionId: number): void;
}

/** What a bid was made of. */
export interface Bidden {
  readonly actionId: number;
  readonly reservation: number;
  readonly kind: string;
  readonly command: string;
  /** Sizes by digest. */
  readonly inputs: ReadonlyMap<string, number>;
  readonly runMs: number;
  readonly slot: Slot;
  readonly pins: Pins;
}

export class ServerAction implements RunOwner {
  readonly #context: ServerContext;
  readonly #host: ActionHost;
  readonly #bid: Bidden;
  readonly #blobs: IncomingBlobs;
  readonly #reservation: Reservation;
  #run: Run | undefined;
  /** What its client may still be sent of bodies, and all that it gave. */
  #credit = FIRST_CREDIT_BYTES;
  #creditGiven = FIRST_CREDIT_BYTES;
  readonly #printed: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #outputs = 0;

  constructor(context: ServerContext, host: ActionHost, bid: Bidden, now: number) {
    this.#context = context;
    this.#host = host;
    this.#bid = bid;
    this.#reservation = new Reservation(bid.slot, context.settings, now);
    this.#blobs = new IncomingBlobs(
      context,
      bid.inputs,
      {
        moved: (bytes, at) => this.#reservation.moved(bytes, at),
        whole: (digest, at) => this.#reservation.did(`whole ${digest}`, at),
        acknowledge: (digest, code, at) => this.#acknowledge(digest, code, at),
        credit: (bytes) => host.say({ type: "CREDIT", actionId: bid.actionId, bytes }),
      },
      host.bandwidth,
    );
  }

  get isReserved(): boolean {
    return this.#run === undefined;
  }

  blob(blob: Blob, now: number): void {
    const fault = this.isReserved ? this.#blobs.take(blob, now) : "a BLOB behind its EXECUTE";
    if (fault !== undefined) this.#host.hangUp("BAD_MESSAGE", fault, now);
  }

  execute(execute: Execute, now: number): void {
    const { actionId, reservation, slot, pins } = this.#bid;
    const fault = this.#faultOf(execute);
    if (fault !== undefined) return this.#host.hangUp("BAD_MESSAGE", fault, now);
    if (execute.reservation !== reservation) {
      return this.#host.say({ type: "EXPIRED", actionId, reservation: execute.reservation });
    }
    const missing = new Set<string>();
    for (const { digest } of execute.inputs) if (!pins.add(digest)) missing.add(digest);
    if (missing.size > 0) {
      this.#reservation.did("MISSING", now);
      return this.#host.say({ type: "MISSING", actionId, digests: [...missing] });
    }
    this.#blobs.drop();
    const { runs, settings, slots } = this.#context;
    const { command, inputs, outputs, timeoutMs } = execute;
    const words = settings.allow === undefined ? undefined : allowedWords(settings.allow, command);
    const job = { command, inputs, limits: jobLimits(settings), ...(words === undefined ? undefined : { words }) };
    const longest = settings.maxActionMs;
    const order = {
      job,
      wanted: outputs,
      newestOnly: false,
      timeoutMs: timeoutMs === 0 ? longest : Math.min(timeoutMs, longest),
    };
    slots.turn(slot, true, now + this.#bid.runMs);
    this.#run = runs.start(this.#context, order, this, slot, pins);
  }

  /** More may be sent; false where it was more than can be. */
  addCredit(bytes: number): boolean {
    this.#creditGiven += bytes;
    if (this.#creditGiven > Number.MAX_SAFE_INTEGER) return false;
    this.#credit += bytes;
    this.#run?.pump();
    return true;
  }

  cancel(now: number): void {
    if (this.#run !== undefined) return this.#run.cancel(now);
    const measured = { code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };
    this.status({ ...measured, end: "CANCELLED" });
    this.#giveUp(now);
    this.#done();
  }

  release(reservation: number, now: number): void {
    if (reservation !== this.#bid.reservation) return;
    if (this.#run === undefined) return this.#giveUp(now);
    this.#run.release(now);
    this.#host.forget(this.#bid.actionId);
  }

  /** Its client is lost. */
  abandon(now: number): void {
    if (this.#run === undefined) return this.#giveUp(now);
    this.#run.abandon();
    this.#host.forget(this.#bid.actionId);
  }

  drained(): void {
    this.#run?.pump();
  }

  tick(now: number): void {
    if (now < this.deadline()) return;
    const { actionId, reservation } = this.#bid;
    this.#context.out.event({ type: "expired", connection: this.#host.connection, reservation });
    this.#host.say({ type: "EXPIRED", actionId, reservation });
    this.#giveUp(now);
  }

  /** When the reservation expires. What the store is about to have is not the client's delay. */
  deadline(): number {
    if (this.#run !== undefined) return Number.POSITIVE_INFINITY;
    return this.#blobs.isStoring ? this.#reservation.endsBy : this.#bid.slot.until;
  }

  room(): number {
    return this.#host.isFull ? 0 : this.#credit;
  }

  started(_now: number): void {
    const { actionId, command } = this.#bid;
    const run = this.#run?.id ?? 0;
    this.#context.out.event({ type: "started", connection: this.#host.connection, run, command });
    this.#host.say({ type: "STARTED", actionId });
  }

  inputsGone(gone: readonly string[], now: number): void {
    this.#run = undefined;
    this.#context.slots.turn(this.#bid.slot, false, now);
    this.#reservation.did("MISSING", now);
    this.#host.say({ type: "MISSING", actionId: this.#bid.actionId, digests: gone });
  }

  printed(stream: StreamName, offset: number, body: Uint8Array): void {
    this.#credit -= body.length;
    this.#printed[stream] += body.length;
    const type = stream === "stdout" ? "STDOUT" : "STDERR";
    this.#host.say({ type, actionId: this.#bid.actionId, offset, body });
  }

  status(end: RunEnd): void {
    const { actionId, kind } = this.#bid;
    const { durations, out, settings } = this.#context;
    if (this.#run !== undefined) {
      out.event({ type: "ended", connection: this.#host.connection, run: this.#run.id, end });
    }
    if (end.end === "EXITED" && end.code === 0)
      durations.learn(kind, (end.wallMicros / 1_000) * (settings.speed / 1_000));
    this.#host.say({ type: "STATUS", actionId, ...end });
  }

  output({ path, mode, size, digest }: FoundOutput, offset: number, body: Uint8Array, last: boolean): void {
    this.#credit -= body.length;
    if (last) this.#outputs++;
    const { actionId } = this.#bid;
    this.#host.say({ type: "OUTPUT", actionId, path, mode: mode & MAX_MODE, size, digest, offset, last, body });
  }

  unreadable(message: string, isIdle: boolean, now: number): void {
    this.#host.hangUp(isIdle ? "IDLE" : "END", message, now);
  }

  removed(_now: number): void {
    this.#done();
  }

  #faultOf({ command, inputs }: Execute): string | undefined {
    if (!this.isReserved) return "a second EXECUTE";
    if (command !== this.#bid.command) return "an EXECUTE of another command than was quoted";
    if (inputs.length > this.#context.settings.maxInputs) return `an EXECUTE with ${inputs.length} inputs`;
    if (inputs.some(({ digest }) => !this.#bid.inputs.has(digest))) {
      return "an EXECUTE with an input that was not quoted";
    }
    return treeFault(inputs.map(({ path }) => path));
  }

  #acknowledge(digest: string, code: AckCode, now: number): void {
    if (code === "OK") this.#bid.pins.add(digest);
    this.#reservation.did(`ACK ${digest}`, now);
    this.#host.say({ type: "ACK", actionId: this.#bid.actionId, digest, code });
  }

  #done(): void {
    const { actionId } = this.#bid;
    const { stdout, stderr } = this.#printed;
    this.#host.say({ type: "DONE", actionId, stdoutBytes: stdout, stderrBytes: stderr, outputs: this.#outputs });
    this.#host.forget(actionId);
  }

  /** Ends its reservation, and what was brought for it. */
  #giveUp(now: number): void {
    const { actionId, slot, pins } = this.#bid;
    this.#blobs.drop();
    pins.release();
    this.#host.forget(actionId);
    this.#context.slots.free(slot, now);
  }
}
