/** Fetches one file whole and right, over one connection or several, or says why not (docs/hftp.md, H30 to H36). */

import { isFatal } from "./codes.js";
import { ConnectionSlots, type Slot } from "./connection-slots.js";
import { type EffectWithoutId, type PendingEffect, PendingEffects } from "./download-effects.js";
import {
  aborted,
  alreadyThere,
  digestDiffers,
  fileFailed,
  inUse,
  replaced,
  retriesExhausted,
  sizeChanged,
  wrongLength,
} from "./download-failures.js";
import {
  type DownloadInput,
  type DownloadMachineOptions,
  type DownloadNotice,
  type DownloadOutput,
  type ResolvedDownloadOptions,
  resolveDownloadOptions,
} from "./download-messages.js";
import { ConnectionError, type HftpError, LocalProtocolError, RemoteProtocolError, ReplyError } from "./errors.js";
import { addChunk, createJob, type Job } from "./jobs.js";
import { discarding, type Leftover } from "./leftover.js";
import { PartContent } from "./part-content.js";
import { type Asking, connectionsWanted, nextRequest } from "./request-plan.js";
import { type Request, requestLine } from "./requests.js";

type Phase =
  | "created"
  /** What stands on the disk? */
  | "inspect"
  /** The first connection: is the server there, does it know the file, how long is it? */
  | "contact"
  /** The `.part` file is being opened or made. */
  | "open"
  /** What an earlier download left is compared. */
  | "check"
  | "fetch"
  /** Has the file still the same size? */
  | "recheck"
  | "digest"
  /** The digest is right; what is still being saved comes first. */
  | "whole"
  | "publish"
  /** It failed; the `.part` file is being closed. */
  | "stop"
  | "ended";

/**
 * A machine for one download. Its first input is `start`; its last output `finished` or `failed`.
 * `finished` means: all `size` bytes were received as asked for, the size did not change meanwhile, the digest is the
 * expected one where one was given, and the file has its final name. HFTP has no means to tell more (H35).
 */
export class Download {
  protected readonly options: ResolvedDownloadOptions;
  readonly #slots: ConnectionSlots;
  protected readonly content: PartContent;
  #phase: Phase = "created";
  #now = 0;
  #outputs: DownloadOutput[] = [];
  #nextId = 1;
  readonly #pending: PendingEffects = new PendingEffects();

  #raw: boolean;
  #askHelp: boolean;
  #part: Leftover | undefined;
  #partIsOpen = false;
  #savedAt = 0;
  #told = -1;
  #sha256 = "";
  #error: HftpError | undefined;
  #resumable = false;

  /**
   * @param options what to fetch and how
   * @param randomBytes gives that many random bytes; waits before new attempts are spread by them
   * @throws TypeError or RangeError for a wrong option
   */
  constructor(options: DownloadMachineOptions, randomBytes: (length: number) => Uint8Array) {
    this.options = resolveDownloadOptions(options);
    this.#slots = this.createSlots(randomBytes);
    this.content = this.createContent();
    this.#raw = false;
    this.#askHelp = this.options.raw;
  }

  /** A method, as the next one, so that a test can put another one in and see its tests fail. */
  protected createContent(): PartContent {
    return new PartContent();
  }

  protected createSlots(randomBytes: (length: number) => Uint8Array): ConnectionSlots {
    return new ConnectionSlots(this.options, randomBytes);
  }

  /** @throws LocalProtocolError (`WRONG_STATE`) for a second `start`, or any other input before the first */
  handle(now: number, input: DownloadInput): DownloadOutput[] {
    if ((this.#phase === "created") !== (input.type === "start")) {
      throw new LocalProtocolError("WRONG_STATE", "a download is started once, before anything else");
    }
    this.#now = now;
    this.#outputs = [];
    if (this.#phase !== "ended") {
      this.#take(input);
      this.#advance();
    }
    return this.#outputs;
  }

  nextDeadline(): number | undefined {
    if (this.#asking() === undefined) return undefined;
    const save = this.#saveAt();
    const retry = this.#slots.nextDeadline(this.#now);
    if (save === undefined || retry === undefined) return save ?? retry;
    return Math.min(save, retry);
  }

  #take(input: DownloadInput): void {
    switch (input.type) {
      case "start":
        this.#phase = "inspect";
        return this.#effect({ type: "inspect" });
      case "abort":
        return this.#abort(input.reason);
      case "tick":
        return;
      case "data":
      case "reply":
      case "lost": {
        const slot = this.#slots.find(input.connection);
        if (slot === undefined) return;
        if (input.type === "lost") return this.#lost(slot, input.error);
        const job = slot.jobs.find((one) => one.id === input.id);
        if (job === undefined) return;
        if (input.type === "data") this.#data(job, input.chunk);
        else this.#reply(slot, job, input.code, input.text, input.size);
        return;
      }
      default: {
        const effect = this.#pending.end(input.id);
        if (effect === undefined) return;
        if (input.type === "effectFailed") this.#effectFailed(effect, input.error);
        else this.#effectDone(effect, input);
      }
    }
  }

  #abort(reason: unknown): void {
    if (this.#phase === "publish") return; // the file is whole and gets its name
    this.#fail(aborted(this.options.name, reason));
  }

  // --- connections ---

  /** What there is to ask for in this phase; undefined where connections are of no use. */
  #asking(): Asking | undefined {
    switch (this.#phase) {
      case "contact":
      case "check":
      case "fetch":
      case "recheck":
        return this.#phase;
      case "open":
        return "nothing";
      default:
        return undefined;
    }
  }

  /** Asks for what can be asked for, on the connections there are and on new ones. */
  #assign(asking: Asking): void {
    const { options, content } = this;
    for (const slot of this.#slots.connect(this.#now, connectionsWanted(asking, options, content, this.#slots))) {
      this.#outputs.push({ type: "connect", connection: slot.connection });
      if (this.#askHelp) this.#ask(slot, "help", { type: "help" });
      // A connection gets work once it has answered: one that never answers holds nothing up (H31).
      this.#ask(slot, "metadata", { type: "get_metadata", name: this.options.name });
    }
    for (const slot of this.#slots.open) {
      while (slot.answered && slot.jobs.length < options.pipeline) {
        const next = nextRequest(asking, options, this.#raw, content, this.#slots);
        if (next === undefined) break;
        this.#ask(slot, next.kind, next.request);
      }
    }
  }

  #ask(slot: Slot, kind: Job["kind"], request: Request): void {
    const job = createJob(this.#nextId++, kind, request);
    slot.jobs.push(job);
    this.#outputs.push({ type: "ask", connection: slot.connection, id: job.id, request });
  }

  #data(job: Job, chunk: Uint8Array): void {
    addChunk(job, chunk);
    if (job.kind === "slice" && job.chunkBytes >= this.options.writeBytes) this.#write(job);
  }

  #write(job: Job): void {
    const writing = this.content.write(job);
    if (writing === undefined) return;
    this.#effect({ type: "write", offset: writing.range[0], chunks: writing.chunks }, { writing });
  }

  #reply(slot: Slot, job: Job, code: number, text: string, size: number | undefined): void {
    if (job.kind === "help") return this.#helpReply(slot, job, code, text);
    if (code === 0) {
      slot.answered = true;
      slot.jobs = slot.jobs.filter((one) => one !== job);
      if (job.kind === "metadata" || job.kind === "recheck") this.#metadataReply(job, size ?? 0);
      else if (job.void) return;
      else if (job.kind === "slice") this.#sliced(slot, job);
      else this.#effect({ type: "readPart", offset: job.offset, length: job.size }, { job });
      return;
    }
    const error = new ReplyError(code, text, requestLine(job.request));
    if (isFatal(code)) this.#lost(slot, error);
    else if (code === 203) this.#sizeChanged("the server answered 203 to a slice inside it", error);
    else this.#fail(error);
  }

  #sliced(slot: Slot, job: Job): void {
    slot.failures = 0;
    this.#write(job);
  }

  #helpReply(slot: Slot, job: Job, code: number, text: string): void {
    slot.jobs = slot.jobs.filter((one) => one !== job);
    this.#askHelp = false;
    this.#raw = code === 0;
    if (!this.#raw) this.#notice("NOT_RAW", `the server answered ${code} ${text} to help: base64 it is`);
    if (isFatal(code)) this.#reconnect(slot);
  }

  #reconnect(slot: Slot): void {
    this.#outputs.push({ type: "drop", connection: slot.connection });
    this.#slots.again(slot);
  }

  #metadataReply(job: Job, size: number): void {
    if (this.#phase !== "contact") {
      const before = this.content.size;
      if (size !== before) return this.#sizeChanged(`the server says ${size} bytes now, and said ${before} before`);
      if (job.kind !== "recheck") return;
      this.#phase = "digest";
      for (const { connection, answered } of this.#slots.open) {
        this.#outputs.push({ type: answered ? "quit" : "drop", connection });
      }
      this.#slots.close();
      return this.#effect({ type: "digest" });
    }
    this.#phase = "open";
    const { name, resume, verifyBytes } = this.options;
    const part = this.#part;
    if (part !== undefined) {
      if (resume && this.content.resume(name, size, part, verifyBytes)) return this.#effect({ type: "openPart" });
      const notice = discarding(part, name, size, resume);
      if (notice !== undefined) this.#notice(notice.code, notice.message);
    }
    this.#create(size);
  }

  #create(size: number): void {
    this.content.begin(size);
    this.#effect({ type: "createPart" });
  }

  #lost(slot: Slot, error: HftpError): void {
    const jobs = slot.jobs;
    this.#outputs.push({ type: "drop", connection: slot.connection });
    if (this.#phase === "contact") {
      if (jobs[0]?.kind !== "help" || error.code === "CONNECT_FAILED") return this.#fail(error);
      this.#askHelp = false;
      this.#notice("NOT_RAW", `the server did not answer help (${error.message}): base64 it is`);
      return this.#slots.again(slot);
    }
    for (const job of jobs) this.#giveBack(slot, job, error);
    const next = this.#slots.lost(this.#now, slot, error);
    if (this.#slots.exhausted) {
      return this.#fail(retriesExhausted(error));
    }
    const what = next === "retry" ? "it is made again" : "its work goes to the others";
    const code = next === "retry" ? "RETRY" : "DROPPED";
    this.#notice(code, `connection ${slot.connection} was lost (${error.message}): ${what}`);
  }

  /** What a lost connection had not finished goes to others, or to its successor. */
  #giveBack(slot: Slot, job: Job, error: HftpError): void {
    if (job.void) return;
    if (error instanceof RemoteProtocolError) return this.content.giveBackAll(job);
    if (job.kind === "slice" && job.received > 0) slot.failures = 0; // it got on, if not far
    if (job.kind === "slice") this.#write(job);
    this.content.giveBackRest(job);
  }

  // --- effects ---

  #effect(effect: EffectWithoutId, more: Omit<PendingEffect, "type"> = {}): void {
    this.#outputs.push(this.#pending.begin(this.#nextId++, effect, more));
  }

  #effectDone(effect: PendingEffect, input: DownloadInput): void {
    if (effect.writing !== undefined) this.content.written(effect.writing, true);
    if (effect.type === "openPart" || effect.type === "createPart") this.#partIsOpen = true;
    if (effect.type === "closePart") return this.#end();
    if (effect.type === "publish" && this.#phase === "publish") return this.#published(input);
    if (this.#phase === "stop") return;
    if (input.type === "inspected") this.#inspected(input);
    else if (input.type === "read") this.#compare(effect, input.bytes);
    else if (input.type === "digested") this.#digested(input.sha256, input.bytes);
    else if (effect.type === "openPart") {
      this.#phase = "check";
      this.#notice("RESUMED", `${this.content.bytes} of ${this.content.size} bytes are there from an earlier download`);
    } else if (effect.type === "createPart") {
      this.#save(); // a state file before the first byte
    } else if (effect.type === "saveState" && this.#phase === "open") this.#phase = "fetch";
  }

  #inspected({ exists, locked, part }: Extract<DownloadInput, { readonly type: "inspected" }>): void {
    if (exists && !this.options.overwrite) return this.#fail(alreadyThere());
    if (locked !== undefined) return this.#fail(inUse(locked.path, locked.owner));
    this.#part = part;
    this.#phase = "contact";
  }

  #compare(effect: PendingEffect, onDisk: Uint8Array): void {
    const { job } = effect;
    if (job === undefined) return;
    if (!this.isSame(job.chunks, onDisk)) this.content.differs = true;
  }

  protected isSame(chunks: readonly Uint8Array[], onDisk: Uint8Array): boolean {
    let at = 0;
    for (const chunk of chunks) {
      for (const byte of chunk) if (byte !== onDisk[at++]) return false;
    }
    return at === onDisk.length;
  }

  #digested(sha256: string, bytes: number): void {
    this.#sha256 = sha256;
    const { size } = this.content;
    if (bytes !== size) return this.#fail(wrongLength(bytes, size));
    const { expect } = this.options;
    if (expect !== undefined && expect !== sha256) return this.#fail(digestDiffers(sha256, expect));
    this.#phase = "whole";
  }

  #published(input: DownloadInput): void {
    if (input.type === "taken") return this.#fail(alreadyThere());
    if (input.type === "replaced") {
      this.#fail(replaced());
      this.#resumable = false;
      return;
    }
    this.#phase = "ended";
    this.#outputs.push({ type: "finished", bytes: this.content.size, sha256: this.#sha256 });
  }

  #effectFailed(effect: PendingEffect, error: Error): void {
    if (effect.writing !== undefined) this.content.written(effect.writing, false);
    if (effect.type === "closePart") return this.#end();
    this.#fail(fileFailed(error));
  }

  // --- phases ---

  #advance(): void {
    if (this.#phase === "check") this.#endOfChecks();
    if (this.#phase === "fetch" && this.content.isComplete && !this.#slots.isBusyWith("slice")) this.#phase = "recheck";
    // Not while the state is saved: what is published has none, and the one might remove what the other is writing.
    if (this.#phase === "whole" && this.#pending.of("saveState").length === 0) {
      this.#phase = "publish";
      this.#effect({ type: "publish", overwrite: this.options.overwrite });
    }
    const asking = this.#asking();
    if (asking !== undefined) this.#assign(asking);
    if (this.#phase === "stop") this.#stopping();
    const saveAt = asking !== undefined ? this.#saveAt() : undefined;
    if (saveAt !== undefined && this.#now >= saveAt) this.#save();
    this.#backpressure();
    const { bytes, size } = this.content;
    if (this.#partIsOpen && bytes !== this.#told && asking !== undefined) {
      this.#told = bytes;
      this.#outputs.push({ type: "progress", bytes, size });
    }
  }

  #endOfChecks(): void {
    const reading = this.#pending.of("readPart").length > 0;
    if (this.content.differs) {
      for (const slot of this.#slots.open) for (const job of slot.jobs) job.void ||= job.kind === "check";
      if (reading) return;
      this.#phase = "open";
      this.#notice("RESTARTED", "what an earlier download left differs from the file on the server: from zero");
      this.#create(this.content.size);
    } else if (!reading && this.content.isChecked && !this.#slots.isBusyWith("check")) this.#phase = "fetch";
  }

  #saveAt(): number | undefined {
    if (!this.content.unsaved || !this.#partIsOpen || this.#pending.of("saveState").length > 0) return undefined;
    return this.#savedAt + this.options.saveIntervalMs;
  }

  #save(): void {
    this.content.unsaved = false;
    this.#savedAt = this.#now;
    this.#effect({ type: "saveState", text: this.content.state(this.options.name) });
  }

  #backpressure(): void {
    const max = this.options.maxPendingWriteBytes;
    for (const slot of this.#slots.open) {
      const paused = this.content.pendingBytes > (slot.paused ? max / 2 : max);
      if (paused === slot.paused) continue;
      slot.paused = paused;
      this.#outputs.push({ type: paused ? "pause" : "resume", connection: slot.connection });
    }
  }

  #sizeChanged(how: string, cause?: HftpError): void {
    this.#fail(sizeChanged(this.options.name, how, cause));
  }

  #notice(code: DownloadNotice["code"], message: string): void {
    this.#outputs.push({ type: "notice", notice: { code, message } });
  }

  #fail(error: HftpError): void {
    if (this.#phase === "stop" || this.#phase === "ended") return;
    this.#phase = "stop";
    this.#error = error;
    this.#resumable = !["SIZE_CHANGED", "DIGEST_MISMATCH"].includes(error.code);
    for (const slot of this.#slots.open) {
      if (this.#partIsOpen) for (const job of slot.jobs) if (job.kind === "slice" && !job.void) this.#write(job);
      this.#outputs.push({ type: "drop", connection: slot.connection });
    }
    this.#slots.close();
    for (const id of this.#pending.of("digest")) this.#outputs.push({ type: "cancel", id });
  }

  /** Closes the `.part` file once nothing is being done to it. */
  #stopping(): void {
    if (!this.#pending.none) return;
    if (!this.#partIsOpen) return this.#end();
    const keep = this.#resumable && this.content.bytes > 0;
    if (keep && this.content.unsaved) return this.#save();
    this.#effect({ type: "closePart", keep });
  }

  #end(): void {
    this.#phase = "ended";
    const error = this.#error ?? new ConnectionError("CLOSED", "the download ended");
    const resumable = this.#partIsOpen && this.#resumable && this.content.bytes > 0;
    this.#outputs.push({ type: "failed", error, resumable });
  }
}
