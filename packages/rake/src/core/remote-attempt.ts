/** One attempt of an action at a host, from its bid to its end (docs/rake.md R21 to R26, R32, R52). */

import type { ActionState } from "./action-state.js";
import {
  type AttemptListener,
  executeOf,
  type Fault,
  isSuccess,
  longestRunMs,
  OVERDUE,
  type Phase,
  type Placed,
} from "./attempt-facts.js";
import { type BuildContext, NEVER } from "./build-context.js";
import { CancelledAttempt } from "./cancelled-attempt.js";
import type { Host, Talk } from "./host.js";
import { type ActionMessage, bad } from "./host-link.js";
import type { HashedInput } from "./input-table.js";
import type { Ack, RunEnd, Status } from "./messages.js";
import { OutputsIn } from "./outputs-in.js";
import { Upload } from "./uploads-up.js";

export class RemoteAttempt implements Talk {
  readonly number: number;
  readonly actionId: number;
  readonly state: ActionState;
  readonly host: Host;
  readonly placed: Placed;
  readonly placedAt: number;
  /** What it prints is shown, else kept (R36). Decided when it begins. */
  isShown = false;
  startedAt: number | undefined;
  end: RunEnd | undefined;
  /** By the server's word, at most as long as it took here. */
  tookMs = 0;
  /** Its inputs, as they were when it was placed. */
  readonly inputs: readonly HashedInput[];
  /** That have to be hashed again. */
  readonly changed: Set<string> = new Set();
  readonly outputs: OutputsIn;
  #phase: Phase = "uploading";
  readonly #upload: Upload;
  readonly #context: BuildContext;
  readonly #listener: AttemptListener;
  #wasMissing = false;
  #executedAt = 0;
  /** Since the host has done nothing that brings the attempt on. */
  #quietSince: number;

  constructor(context: BuildContext, placed: Placed, listener: AttemptListener) {
    this.#context = context;
    this.#listener = listener;
    this.placed = placed;
    this.state = placed.state;
    this.host = placed.host;
    this.actionId = placed.bid.actionId;
    this.number = context.draw();
    this.placedAt = context.now;
    this.#quietSince = context.now;
    this.inputs = placed.state.inputs;
    this.outputs = new OutputsIn(context, this.number, this.state.action.produces);
    const byDigest = new Map(this.inputs.map((input) => [input.digest, input]));
    this.#upload = new Upload(context, this.host, this.actionId, byDigest, {
      uploaded: () => this.#execute(),
      changed: (path, message) => this.#changed(path, message),
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get isLive(): boolean {
    return this.#phase !== "over";
  }

  begin(): void {
    this.host.running++;
    this.host.talks.set(this.actionId, this);
    this.#upload.start(this.placed.bid.missing);
  }

  message(message: ActionMessage): void {
    switch (message.type) {
      case "CREDIT":
        return this.#upload.credit(message.bytes);
      case "ACK":
        return this.#acknowledged(message);
      case "MISSING":
        this.#due("starting", message.type);
        return this.#missing(message.digests);
      case "EXPIRED":
        if (this.#phase !== "uploading") this.#due("starting", message.type);
        if (message.reservation !== this.placed.bid.reservation) throw bad("EXPIRED of another reservation");
        return this.#lose("the reservation had expired", this.#upload.hasWaited ? "nobody" : "host");
      case "STARTED":
        this.#due("starting", message.type);
        this.#phase = "running";
        this.startedAt = this.#context.now;
        return this.#listener.started(this);
      case "STDOUT":
      case "STDERR":
        this.#due("running", message.type);
        return this.outputs.printed(message, this.isShown);
      case "STATUS":
        return this.#status(message);
      case "OUTPUT":
        this.#due("returning", message.type);
        if (!isSuccess(this.end)) throw bad("an OUTPUT of an action that failed");
        if (this.outputs.output(message)) this.#quietSince = this.#context.now;
        return;
      case "DONE":
        this.#due("returning", message.type);
        this.outputs.done(message, isSuccess(this.end));
        return this.#done();
      default:
        throw bad(`a ${message.type} that was not asked for`);
    }
  }

  lost(why: string): void {
    if (!this.isLive) return;
    this.#phase = "over";
    this.#upload.stop();
    this.#context.do({ type: "discard", attempt: this.number });
    this.#listener.lost(this, why, "gone");
  }

  drained(): void {
    this.#upload.pump();
  }

  /** So many bytes of it are written away. */
  took(bytes: number): void {
    if (!this.isLive) return;
    const credit = this.outputs.took(bytes);
    if (this.#phase !== "running" && this.#phase !== "returning") return;
    this.#quietSince = this.#context.now;
    if (credit > 0) this.host.say({ type: "CREDIT", actionId: this.actionId, bytes: credit });
  }

  written(path: string, digest: string): void {
    if (!this.isLive) return;
    if (this.outputs.written(path, digest)) return this.#check();
    const why = `${path} is not what was announced`;
    this.#lose(why, "gone");
    this.#listener.broken(this.host, why);
  }

  /** It cannot be written here; or not within `effectMs`. */
  unwritten(path: string, message: string): void {
    if (!this.isLive) return;
    this.cancel();
    this.#listener.lost(this, `${path}: ${message}`, "here");
  }

  /** By when all outputs must be written away, once all have come. */
  get checkBy(): number {
    return this.#phase === "checking" ? this.#quietSince + this.#context.settings.effectMs : NEVER;
  }

  /** It is not wanted any more: what it wrote is discarded, and its slot there is given back in time. */
  cancel(): void {
    if (!this.isLive) return;
    const phase = this.#phase;
    this.#phase = "over";
    this.#upload.stop();
    this.#context.do({ type: "discard", attempt: this.number });
    if (phase === "uploading") {
      this.#release();
      this.host.left(this);
    } else if (phase !== "checking" && phase !== "ready") {
      new CancelledAttempt(this.#context, this.host, this.placed.bid, this.outputs);
    }
  }

  /** Its outputs are being committed: it can neither be lost nor cancelled. */
  commit(): void {
    this.#phase = "over";
  }

  overdue(): string | undefined {
    this.#upload.tick();
    const { now } = this.#context;
    if (this.#phase === "uploading") return this.#upload.isOverdue ? "an upload stood still" : undefined;
    return now < this.nextDeadline() ? undefined : OVERDUE[this.#phase];
  }

  nextDeadline(): number {
    const { settings } = this.#context;
    switch (this.#phase) {
      case "uploading":
        return this.#upload.nextDeadline();
      case "starting":
        return this.#executedAt + settings.startMs;
      case "running":
        return (this.startedAt ?? 0) + longestRunMs(this.placed, settings.maxRunMs) + settings.graceMs;
      case "returning":
        return this.outputs.unwritten > 0 ? NEVER : this.#quietSince + settings.stallMs;
      default:
        return NEVER;
    }
  }

  #due(phase: Phase, what: string): void {
    if (this.#phase !== phase) throw bad(`a ${what} while the attempt is ${this.#phase}`);
  }

  #execute(): void {
    const { host, state } = this;
    if (!this.#wasMissing) {
      const bytes = this.#upload.sentBytes;
      const all = this.inputs.reduce((sum, { size }) => sum + size, 0);
      this.#context.learned.uploaded(host.address, bytes, this.#context.now - this.#upload.startedAt);
      this.#context.tell({
        type: "sent",
        action: state.action.index,
        attempt: this.number,
        bytes,
        savedBytes: Math.max(0, all - bytes),
      });
    }
    this.#phase = "starting";
    this.#executedAt = this.#context.now;
    if (host.say(executeOf(this.placed)) || !host.isUp) return;
    this.#release();
    this.#lose("its EXECUTE is longer than the host takes", "never");
  }

  #acknowledged(ack: Ack): void {
    if (ack.code === "OK") return this.#upload.acknowledged(ack);
    if (!this.#upload.isUnacknowledged(ack.digest)) throw bad("an ACK of what was not sent");
    this.#release();
    this.#lose(`an input was not taken: ${ack.code}`, ack.code === "TOO_BIG" ? "never" : "host");
  }

  #missing(digests: readonly string[]): void {
    const known = new Set(this.inputs.map(({ digest }) => digest));
    if (digests.length === 0 || !digests.every((digest) => known.has(digest))) throw bad("MISSING of other digests");
    if (this.#wasMissing) {
      this.#release();
      return this.#lose("inputs were missing twice", "host");
    }
    this.#wasMissing = true;
    this.#phase = "uploading";
    this.#upload.start(digests);
  }

  #changed(path: string, message: string): void {
    this.changed.add(path);
    this.#release();
    this.#lose(`INPUT_CHANGED: ${path}: ${message}`, "here");
  }

  #status(status: Status): void {
    const hasRun = status.end === "EXITED" || status.end === "SIGNALLED";
    if (this.#phase !== "running" && (hasRun || this.#phase !== "starting")) this.#due("running", "STATUS");
    const { type: _type, actionId: _actionId, ...end } = status;
    this.end = end;
    this.#quietSince = this.#context.now;
    this.tookMs = Math.min(end.wallMicros / 1_000, this.#context.now - this.#executedAt);
    this.#phase = "returning";
    this.#context.tell({ type: "ended", action: this.state.action.index, attempt: this.number, end });
  }

  #done(): void {
    const end = this.end as RunEnd;
    this.host.left(this);
    if (isSuccess(end)) {
      this.#phase = "checking";
      this.#quietSince = this.#context.now;
      return this.#check();
    }
    if (end.end === "FAILED" || end.end === "CANCELLED") {
      return this.#lose(`the host could not run it: ${end.text || end.end}`, "host");
    }
    this.#phase = "over";
    this.#listener.failed(this, end);
  }

  #check(): void {
    if (this.#phase !== "checking" || !this.outputs.areChecked) return;
    this.#phase = "ready";
    this.#listener.ready(this);
  }

  #lose(why: string, fault: Fault): void {
    this.#upload.stop();
    this.#phase = "over";
    this.host.left(this);
    this.#context.do({ type: "discard", attempt: this.number });
    this.#listener.lost(this, why, fault);
  }

  #release(): void {
    const { actionId, reservation } = this.placed.bid;
    this.host.say({ type: "RELEASE", actionId, reservation });
  }
}
