/** Fetches one file whole and right, over one connection or several, or says why not (docs/hftp.md, H30 to H36). */

import { isFatal } from "./codes.js";
import { ConnectionSlots, type Slot } from "./connection-slots.js";
import {
  type DownloadInput,
  type DownloadMachineOptions,
  type DownloadNotice,
  type DownloadOutput,
  type ResolvedDownloadOptions,
  resolveDownloadOptions,
} from "./download-messages.js";
import {
  ConnectionError,
  DownloadError,
  type HftpError,
  LocalProtocolError,
  RemoteProtocolError,
  ReplyError,
} from "./errors.js";
import { addChunk, createJob, type Job } from "./jobs.js";
import type { LockOwner } from "./lock-lines.js";
import { PartContent, type Writing } from "./part-content.js";
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
  | "publish"
  /** It failed; the `.part` file is being closed. */
  | "stop"
  | "ended";

type Effect = Extract<DownloadOutput, { readonly type: EffectType }>;
type EffectType =
  | "inspect"
  | "openPart"
  | "createPart"
  | "write"
  | "readPart"
  | "saveState"
  | "digest"
  | "publish"
  | "closePart";
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

interface PendingEffect {
  readonly type: EffectType;
  /** Of a write. */
  readonly writing?: Writing;
  /** Whose bytes are compared with what is read. */
  readonly job?: Job;
}

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
  readonly #pending: Map<number, PendingEffect> = new Map();

  #raw: boolean;
  #askHelp: boolean;
  #part: { readonly bytes: number; readonly state: string } | undefined;
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
    if (!this.#connected()) return undefined;
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
        const effect = this.#pending.get(input.id);
        if (effect === undefined) return;
        this.#pending.delete(input.id);
        if (input.type === "effectFailed") this.#effectFailed(effect, input.error);
        else this.#effectDone(effect, input);
      }
    }
  }

  #abort(reason: unknown): void {
    if (this.#phase === "publish") return; // the file is whole and gets its name
    this.#fail(new DownloadError("ABORTED", `the download of ${this.options.name} was aborted`, { cause: reason }));
  }

  // --- connections ---

  /** Whether connections are of use in this phase. */
  #connected(): boolean {
    return ["contact", "open", "check", "fetch", "recheck"].includes(this.#phase);
  }

  /** Asks for what can be asked for, on the connections there are and on new ones. */
  #assign(): void {
    for (const slot of this.#slots.connect(this.#now, this.#wanted())) {
      this.#outputs.push({ type: "connect", connection: slot.connection });
      if (this.#askHelp) this.#ask(slot, "help", { type: "help" });
      // A connection gets work once it has answered: one that never answers holds nothing up (H31).
      this.#ask(slot, "metadata", { type: "get_metadata", name: this.options.name });
    }
    for (const slot of this.#slots.open) {
      while (slot.answered && slot.jobs.length < this.options.pipeline && this.#assignTo(slot));
    }
  }

  #wanted(): number {
    if (this.#phase === "contact") return 1;
    let jobs = this.#phase === "recheck" ? 1 : this.content.requestsLeft(this.options.sliceBytes);
    for (const slot of this.#slots.open) {
      jobs += slot.jobs.filter(({ kind }) => kind === "check" || kind === "slice").length;
    }
    return Math.min(this.options.parallel, jobs);
  }

  #assignTo(slot: Slot): boolean {
    const { name, sliceBytes } = this.options;
    if (this.#phase === "recheck") {
      if (this.#slots.open.some((other) => other.jobs.length > 0 && other.answered)) return false;
      this.#ask(slot, "recheck", { type: "get_metadata", name });
      return true;
    }
    const checking = this.#phase === "check";
    if (!checking && this.#phase !== "fetch") return false;
    const range = checking ? this.content.nextCheck() : this.content.nextSlice(sliceBytes);
    if (range === undefined) return false;
    const [offset, end] = range;
    const request: Request = { type: "get_slice", name, offset, size: end - offset, raw: this.#raw };
    this.#ask(slot, checking ? "check" : "slice", request);
    return true;
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
    const part = resume ? this.#part : undefined;
    if (part !== undefined && this.content.resume(name, size, part, verifyBytes)) {
      return this.#effect({ type: "openPart" });
    }
    if (part !== undefined) this.#notice("RESTARTED", "what an earlier download left is of another file: from zero");
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
      const message = `every connection was lost too often in a row; the last time: ${error.message}`;
      return this.#fail(new DownloadError("RETRIES_EXHAUSTED", message, { cause: error }));
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

  #effect(effect: WithoutId<Effect>, more: Omit<PendingEffect, "type"> = {}): void {
    const id = this.#nextId++;
    this.#pending.set(id, { type: effect.type, ...more });
    this.#outputs.push({ ...effect, id } as Effect);
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
    if (bytes !== size) {
      return this.#fail(new DownloadError("FILE_ERROR", `the .part file has ${bytes} bytes instead of ${size}`));
    }
    const { expect, overwrite } = this.options;
    if (expect !== undefined && expect !== sha256) {
      return this.#fail(new DownloadError("DIGEST_MISMATCH", `the SHA-256 is ${sha256}, not the expected ${expect}`));
    }
    this.#phase = "publish";
    this.#effect({ type: "publish", overwrite });
  }

  #published(input: DownloadInput): void {
    if (input.type === "taken") return this.#fail(alreadyThere());
    if (input.type === "replaced") {
      const message = "another process put another file in the place of the .part file: what was fetched is lost";
      this.#fail(new DownloadError("FILE_ERROR", message));
      this.#resumable = false;
      return;
    }
    this.#phase = "ended";
    this.#outputs.push({ type: "finished", bytes: this.content.size, sha256: this.#sha256 });
  }

  #effectFailed(effect: PendingEffect, error: Error): void {
    if (effect.writing !== undefined) this.content.written(effect.writing, false);
    if (effect.type === "closePart") return this.#end();
    this.#fail(new DownloadError("FILE_ERROR", `the local file failed: ${error.message}`, { cause: error }));
  }

  // --- phases ---

  #advance(): void {
    if (this.#phase === "check") this.#endOfChecks();
    if (this.#phase === "fetch" && this.content.isComplete && !this.#slots.isBusyWith("slice")) this.#phase = "recheck";
    if (this.#connected()) this.#assign();
    if (this.#phase === "stop") this.#stopping();
    const saveAt = this.#connected() ? this.#saveAt() : undefined;
    if (saveAt !== undefined && this.#now >= saveAt) this.#save();
    this.#backpressure();
    const { bytes, size } = this.content;
    if (this.#partIsOpen && bytes !== this.#told && this.#connected()) {
      this.#told = bytes;
      this.#outputs.push({ type: "progress", bytes, size });
    }
  }

  #endOfChecks(): void {
    const reading = this.#isPending("readPart");
    if (this.content.differs) {
      for (const slot of this.#slots.open) for (const job of slot.jobs) job.void ||= job.kind === "check";
      if (reading) return;
      this.#phase = "open";
      this.#notice("RESTARTED", "what an earlier download left differs from the file on the server: from zero");
      this.#create(this.content.size);
    } else if (!reading && this.content.isChecked && !this.#slots.isBusyWith("check")) this.#phase = "fetch";
  }

  #isPending(type: EffectType): boolean {
    return [...this.#pending.values()].some((effect) => effect.type === type);
  }

  #saveAt(): number | undefined {
    if (!this.content.unsaved || !this.#partIsOpen || this.#isPending("saveState")) return undefined;
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
    const message = `${this.options.name} changed while it was fetched: ${how}`;
    this.#fail(new DownloadError("SIZE_CHANGED", message, { cause }));
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
    for (const [id, { type }] of this.#pending) if (type === "digest") this.#outputs.push({ type: "cancel", id });
  }

  /** Closes the `.part` file once nothing is being done to it. */
  #stopping(): void {
    if (this.#pending.size > 0) return;
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

function alreadyThere(): DownloadError {
  return new DownloadError("EXISTS", "a file of the final name is there already, and overwriting was not asked for");
}

function inUse(path: string, { pid, host }: LockOwner): DownloadError {
  const who = `process ${pid} on ${host}`;
  return new DownloadError(
    "IN_USE",
    `${who} is fetching this file already (${path} says so; it may be removed if not)`,
  );
}
