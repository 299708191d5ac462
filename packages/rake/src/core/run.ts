/** One attempt that a server runs: start, streams, end, outputs, removal (docs/rake.md R22 to R26). */

import { MAX_BODY_BYTES } from "./message-limits.js";
import type { RunEnd } from "./messages.js";
import { pathFault } from "./paths.js";
import type { Pins } from "./pins.js";
import { StreamPulls } from "./pulls.js";
import type { RunOrder, RunOwner } from "./run-owner.js";
import type { ServerContext } from "./server-context.js";
import type { FoundOutput, StreamName } from "./server-contract.js";
import type { Slot } from "./slots.js";

/** Outputs without a byte that are said in one turn, before anybody could say that it is too much. */
const EMPTY_OUTPUTS_A_TURN = 32;
const NEVER = Number.POSITIVE_INFINITY;
const NO_BYTES = new Uint8Array(0);
const NOTHING_MEASURED: Omit<RunEnd, "end"> = { code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };

type Verdict = "TIMED_OUT" | "LIMITED" | "CANCELLED";

export class Run {
  readonly id: number;
  readonly order: RunOrder;
  readonly #context: ServerContext;
  readonly #pulls: StreamPulls;
  /** Undefined: nobody cares any more, or they are another's. */
  #owner: RunOwner | undefined;
  #slot: Slot | undefined;
  #pins: Pins | undefined;
  #state: "starting" | "running" | "collecting" | "delivering" | "removing" = "starting";
  #timeoutAt = NEVER;
  #killAt = NEVER;
  /** When what was killed is waited for no more. */
  #giveUpAt = NEVER;
  #verdict: Verdict | undefined;
  #why = "";
  #end: RunEnd | undefined;
  #outputs: readonly FoundOutput[] = [];
  #index = 0;
  #offset = 0;
  #isReading = false;

  constructor(context: ServerContext, id: number, order: RunOrder, owner: RunOwner, slot: Slot, pins: Pins) {
    this.#context = context;
    this.id = id;
    this.order = order;
    this.#owner = owner;
    this.#slot = slot;
    this.#pins = pins;
    this.#pulls = new StreamPulls(context.out, id, context.settings.maxStreamBytes);
    context.out.push({ type: "start", run: id, job: order.job });
  }

  started(now: number): void {
    if (this.#state !== "starting") return;
    this.#state = "running";
    this.#timeoutAt = now + this.order.timeoutMs;
    this.#owner?.started(now);
    this.pump();
  }

  startFailed(message: string, gone: readonly string[], now: number): void {
    if (this.#state !== "starting") return;
    const owner = this.#owner;
    if (gone.length === 0 || owner === undefined) return this.#conclude("FAILED", message);
    for (const digest of gone) this.#context.store.lost(digest);
    this.#owner = undefined;
    this.#slot = undefined;
    this.#pins = undefined;
    this.#remove();
    owner.inputsGone(gone, now);
  }

  /** Asks for what there is room for: of the streams, then of the outputs. */
  pump(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    if (this.#state === "running" && !this.#isCut) {
      this.#pulls.pull(owner.room());
    } else if (this.#state === "delivering") {
      this.#deliver(owner);
    }
  }

  printed(stream: StreamName, bytes: Uint8Array, now: number): void {
    if (this.#state !== "running" || this.#isCut) return;
    const { offset, taken, isOver } = this.#pulls.printed(stream, bytes);
    if (taken.length > 0) this.#owner?.printed(stream, offset, taken);
    if (isOver) this.#judge("LIMITED", "maxStreamBytes", now);
    else this.pump();
  }

  streamEnded(stream: StreamName): void {
    this.#pulls.ended(stream);
    if (this.#state !== "running") return;
    this.pump(); // what it would have brought, the other may
    this.#advance();
  }

  ended(end: RunEnd): void {
    if (this.#state !== "running" || this.#end !== undefined) return;
    this.#end = end;
    this.#advance();
  }

  collected(outputs: readonly FoundOutput[], now: number): void {
    if (this.#state !== "collecting") return;
    const { maxOutputs, maxOutputBytes } = this.#context.settings;
    if (outputs.length > maxOutputs) return this.#conclude("LIMITED", "maxOutputs");
    let bytes = 0;
    for (const { path, size } of outputs) {
      const fault = pathFault(path);
      if (fault !== undefined) return this.#conclude("FAILED", `the output "${path}" ${fault}`);
      bytes += size;
    }
    if (bytes > maxOutputBytes) return this.#conclude("LIMITED", "maxOutputBytes");
    this.#state = "delivering";
    this.#outputs = outputs;
    this.#giveUpAt = now + this.#context.settings.maxActionMs;
    this.#owner?.status(this.#end ?? { ...NOTHING_MEASURED, end: "EXITED" }, outputs);
    this.pump();
  }

  collectFailed(message: string, limited: boolean): void {
    if (this.#state === "collecting") this.#conclude(limited ? "LIMITED" : "FAILED", message);
  }

  outputBytes(index: number, bytes: Uint8Array, now: number): void {
    if (!this.#isAwaited(index)) return;
    const output = this.#outputs[index] as FoundOutput;
    const end = this.#offset + bytes.length;
    if (bytes.length === 0 || end > output.size) return this.outputFailed(index, "it is not as large any more", now);
    this.#isReading = false;
    this.#owner?.output(output, this.#offset, bytes, end === output.size);
    this.#offset = end;
    if (end === output.size) this.#nextOutput();
    this.pump();
  }

  outputFailed(index: number, message: string, now: number): void {
    if (!this.#isAwaited(index)) return;
    const path = this.#outputs[index]?.path ?? "";
    this.#owner?.unreadable(`the output "${path}" cannot be read: ${message}`, false, now);
  }

  removed(now: number): void {
    this.#pins?.release();
    this.#pins = undefined;
    if (this.#slot !== undefined) this.#context.slots.free(this.#slot, now);
    this.#slot = undefined;
    this.#owner?.removed(now);
    this.#owner = undefined;
  }

  /** SIGTERM, and SIGKILL later. Behind a status there is nothing to cancel, but no more is brought. */
  cancel(now: number): void {
    if (this.#state === "delivering") return this.#remove();
    if (this.#state === "starting" || this.#state === "collecting" || this.#end !== undefined) {
      return this.#conclude("CANCELLED", "");
    }
    if (this.#state !== "running" || this.#verdict !== undefined) return;
    this.#verdict = "CANCELLED";
    this.#kill(false);
    this.#killAt = now + this.#context.settings.killMs;
  }

  /** Nobody cares any more; it is cancelled. */
  release(now: number): void {
    this.#owner = undefined;
    this.cancel(now);
  }

  /** Its client is lost: at once. */
  abandon(): void {
    this.#owner = undefined;
    if (this.#state === "running" && this.#end === undefined) this.#kill(true);
    this.#remove();
  }

  tick(now: number): void {
    if (this.#state === "delivering") {
      if (now >= this.#giveUpAt) this.#owner?.unreadable("the outputs are not taken", true, now);
      else this.pump();
      return;
    }
    if (this.#state !== "running") return;
    if (now >= this.#killAt) {
      this.#kill(true);
      this.#killAt = NEVER;
      this.#giveUpAt = now + this.#context.settings.killMs;
    } else if (now >= this.#giveUpAt && this.#verdict !== undefined) {
      this.#conclude(this.#verdict, this.#why);
    } else if (this.#verdict === undefined && now >= this.#timeoutAt) {
      this.#judge("TIMED_OUT", "", now);
      this.#advance();
    }
  }

  deadline(): number {
    if (this.#state === "delivering") return this.#hasEmptyOutput() ? 0 : this.#giveUpAt;
    if (this.#state !== "running") return NEVER;
    return Math.min(this.#verdict === undefined ? this.#timeoutAt : NEVER, this.#killAt, this.#giveUpAt);
  }

  #judge(verdict: Verdict, why: string, now: number): void {
    this.#verdict = verdict;
    this.#why = why;
    this.#kill(true);
    this.#giveUpAt = now + this.#context.settings.killMs;
    if (verdict !== "TIMED_OUT") this.#advance();
  }

  /** Ends where the command has, and its streams too where they are wanted. */
  #advance(): void {
    if (this.#end === undefined) return;
    if (!this.#isCut && !this.#pulls.areEnded) return;
    if (this.#verdict !== undefined) return this.#conclude(this.#verdict, this.#why);
    if (this.#end.end !== "EXITED" || this.#end.code !== 0) return this.#conclude(this.#end.end, this.#end.text);
    this.#kill(true); // nothing that it left behind changes the outputs
    this.#state = "collecting";
    const { wanted, newestOnly } = this.order;
    this.#context.out.push({ type: "collect", run: this.id, wanted, newestOnly });
  }

  /** Without outputs. */
  #conclude(end: RunEnd["end"], text: string): void {
    if (this.#state === "removing") return;
    const measured = this.#end ?? NOTHING_MEASURED;
    const code = this.#end?.end === end ? this.#end.code : 0;
    this.#owner?.status({ ...measured, end, code, text }, []);
    this.#remove();
  }

  #deliver(owner: RunOwner): void {
    for (let empty = 0; this.#index < this.#outputs.length; ) {
      const room = owner.room();
      if (this.#isReading || room <= 0) return;
      const output = this.#outputs[this.#index] as FoundOutput;
      if (output.size > 0) {
        return this.#read(Math.min(MAX_BODY_BYTES, room, output.size - this.#offset));
      }
      if (++empty > EMPTY_OUTPUTS_A_TURN) return; // deadline() says to go on
      owner.output(output, 0, NO_BYTES, true);
      this.#nextOutput();
    }
    this.#remove();
  }

  #read(maxBytes: number): void {
    this.#context.out.push({ type: "readOutput", run: this.id, index: this.#index, offset: this.#offset, maxBytes });
    this.#isReading = true;
  }

  #hasEmptyOutput(): boolean {
    return !this.#isReading && this.#outputs[this.#index]?.size === 0 && (this.#owner?.room() ?? 0) > 0;
  }

  #nextOutput(): void {
    this.#index++;
    this.#offset = 0;
  }

  /** Its streams are wanted no more. */
  get #isCut(): boolean {
    return this.#verdict === "CANCELLED" || this.#verdict === "LIMITED";
  }

  #isAwaited(index: number): boolean {
    return this.#state === "delivering" && this.#isReading && index === this.#index;
  }

  #kill(hard: boolean): void {
    this.#context.out.push({ type: "kill", run: this.id, hard });
  }

  #remove(): void {
    if (this.#state === "removing") return;
    this.#state = "removing";
    this.#context.out.push({ type: "remove", run: this.id });
  }
}
