/** A server, a network and a disk in memory and in virtual time, with faults, for one Download at a time. */
import type { ClientOutput } from "../../src/core/client-messages.js";
import { ClientSession } from "../../src/core/client-session.js";
import { Download } from "../../src/core/download.js";
import type { DownloadInput, DownloadMachineOptions, DownloadOutput } from "../../src/core/download-messages.js";
import { ConnectionError, type HftpError } from "../../src/core/errors.js";
import type { Request } from "../../src/core/requests.js";
import { plainDigest } from "./plain-digest.js";

/** What becomes of one connection; connections beyond the list of faults are sound. */
export type Fault =
  | { readonly type: "none" | "refused" | "silent" }
  /** The connection breaks after so many bytes of replies. */
  | { readonly type: "cut"; readonly after: number }
  /** This byte of the replies is another one. */
  | { readonly type: "changed"; readonly at: number; readonly to: number }
  /** Every slice on it is one base64 group short, or one too long. */
  | { readonly type: "short" | "long" };

export interface WorldOptions {
  readonly seed: number;
  readonly file: Uint8Array;
  readonly faults?: readonly Fault[];
  /** After so many requests the file on the server is another one. */
  readonly change?: { readonly after: number; readonly file: Uint8Array };
  /** Years of servers: `help` and raw, several base64 lines, how many connections it answers at a time. */
  readonly knowsRaw?: boolean;
  readonly lineBytes?: number;
  readonly clientsAtATime?: number;
  /** The disk takes so many writes, then it is full. */
  readonly writesUntilFull?: number;
  /** Another process holds the lock of the `.part` file. */
  readonly locked?: Extract<DownloadInput, { readonly type: "inspected" }>["locked"];
  /** Another process puts another file in the place of the `.part` file. */
  readonly replaced?: boolean;
  /** Effects are done only when nothing comes from the network. */
  readonly slowDisk?: boolean;
  /** What becomes of every connection beyond the list. */
  readonly lastFault?: Fault;
  /** Another machine than Download: one with a bug. */
  readonly machine?: (options: DownloadMachineOptions) => Download;
}

interface Link {
  readonly session: ClientSession;
  readonly fault: Fault;
  outbox: Uint8Array;
  told: number;
  paused: boolean;
  accepted: boolean;
  waiting: Request[];
}

export class SimulatedWorld {
  now = 0;
  /** Files on the disk. */
  part: Uint8Array | undefined;
  state: string | undefined;
  final: Uint8Array | undefined;
  /** What happened, in order. */
  readonly asked: { readonly connection: number; readonly request: Request; readonly at: number }[] = [];
  /** What the server answered, in its order, and how long the file was then. */
  readonly answered: { readonly connection: number; readonly request: Request; readonly bytes: number }[] = [];
  readonly notices: string[] = [];
  readonly said: string[] = [];
  readonly progress: number[] = [];
  mostConnections = 0;
  connections = 0;
  mostPendingWriteBytes = 0;
  file: Uint8Array;
  readonly #options: WorldOptions;
  #random: number;
  #links: Map<number, Link> = new Map();
  #machine: Download | undefined;
  #actions: (() => DownloadInput | undefined)[] = [];
  #result: Extract<DownloadOutput, { readonly type: "finished" | "failed" }> | undefined;
  #pendingWriteBytes = 0;
  #writes = 0;
  #saves = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = options.seed | 0;
    this.file = options.file;
  }

  /** A number from 0 to n - 1. */
  choose(n: number): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0; // mulberry32
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  }

  #bytes(length: number): Uint8Array {
    return new Uint8Array(length).fill(this.choose(256));
  }

  /**
   * Runs a download to its end, or through `maxSteps` steps: then as if the process had been killed, with each write
   * under way done or not. Answers undefined for a killed one.
   */
  run(
    options: DownloadMachineOptions,
    until: { readonly maxSteps?: number; readonly abortAfter?: number } = {},
  ): Extract<DownloadOutput, { readonly type: "finished" | "failed" }> | undefined {
    const { maxSteps = 200_000, abortAfter = -1 } = until;
    this.#machine = this.#options.machine?.(options) ?? new Download(options, (n) => this.#bytes(n));
    this.#links = new Map();
    this.#actions = [];
    this.#result = undefined;
    this.#pendingWriteBytes = 0;
    this.#saves = 0;
    this.#tell({ type: "start" });
    for (let step = 0; this.#result === undefined; step++) {
      if (step === abortAfter) {
        this.#tell({ type: "abort" });
        continue;
      }
      if (step === maxSteps) {
        for (const action of this.#actions) if (this.choose(2) === 0) action();
        return undefined;
      }
      this.#step();
    }
    return this.#result;
  }

  #tell(input: DownloadInput): void {
    for (const output of this.#machine?.handle(this.now, input) ?? []) this.#perform(output);
  }

  /** One thing that can happen happens; if none can, time goes on. */
  #step(): void {
    const busy = [...this.#links].filter(([, link]) => link.outbox.length > 0 && !link.paused);
    const doable = this.#options.slowDisk === true && busy.length > 0 ? 0 : this.#actions.length;
    const which = this.choose(Math.max(1, doable + busy.length));
    const action = which < doable ? this.#actions[which] : undefined;
    const link = busy[which - doable];
    if (action !== undefined) {
      this.#actions.splice(which, 1);
      const input = action();
      if (input !== undefined) this.#tell(input);
    } else if (link !== undefined) this.#deliver(...link);
    else this.#sleep();
  }

  #sleep(): void {
    const deadlines = [
      this.#machine?.nextDeadline(),
      ...[...this.#links.values()].map(({ session }) => session.nextDeadline()),
    ];
    const next = Math.min(...deadlines.filter((one) => one !== undefined));
    if (!Number.isFinite(next)) throw new Error("the download waits for nothing");
    this.now = Math.max(this.now, next);
    this.#tell({ type: "tick" });
    for (const [number, link] of [...this.#links])
      this.#run(number, link, link.session.handle(this.now, { type: "tick" }));
  }

  #deliver(number: number, link: Link): void {
    const length = Math.min(link.outbox.length, 1 + this.choose(this.choose(4) === 0 ? 8 : 4000));
    const chunk = link.outbox.slice(0, length);
    link.outbox = link.outbox.slice(length);
    const { fault } = link;
    const from = link.told;
    link.told += length;
    if (fault.type === "changed" && fault.at >= from && fault.at < link.told) chunk[fault.at - from] = fault.to;
    if (fault.type === "cut" && link.told >= fault.after) {
      this.#run(
        number,
        link,
        link.session.handle(this.now, { type: "bytes", chunk: chunk.slice(0, Math.max(0, fault.after - from)) }),
      );
      if (this.#links.has(number)) this.#run(number, link, link.session.handle(this.now, { type: "end" }));
    } else this.#run(number, link, link.session.handle(this.now, { type: "bytes", chunk }));
  }

  #run(number: number, link: Link, outputs: readonly ClientOutput[]): void {
    for (const output of outputs) {
      if (!this.#links.has(number)) return;
      if (output.type === "send") this.#receive(number, link, output.request);
      else if (output.type === "reply") this.#tell({ ...output, connection: number });
      else if (output.type === "destroy" || output.type === "end") {
        const error = output.type === "destroy" ? output.error : undefined;
        this.#lose(number, error ?? new ConnectionError("CLOSED", "closed"));
      } else if (output.type === "body") {
        const text = Buffer.from(output.chunk);
        const data = output.encoding === "raw" ? text : Buffer.from(text.toString("latin1"), "base64");
        if (data.length === output.bytes) this.#tell({ type: "data", connection: number, id: output.id, chunk: data });
        else return this.#run(number, link, link.session.handle(this.now, { type: "undecodable", id: output.id }));
      }
    }
  }

  #lose(number: number, error: HftpError): void {
    this.#links.delete(number);
    this.#accept();
    this.#tell({ type: "lost", connection: number, error });
  }

  /** The server takes the next clients, as many at a time as it can. */
  #accept(): void {
    const most = this.#options.clientsAtATime ?? Number.POSITIVE_INFINITY;
    let accepted = [...this.#links.values()].filter((link) => link.accepted).length;
    for (const [number, link] of this.#links) {
      if (link.accepted || accepted >= most) continue;
      link.accepted = true;
      accepted++;
      for (const request of link.waiting.splice(0)) this.#answer(number, link, request);
    }
  }

  #receive(number: number, link: Link, request: Request): void {
    this.asked.push({ connection: number, request, at: this.now });
    if (link.accepted) this.#answer(number, link, request);
    else link.waiting.push(request);
  }

  #answer(connection: number, link: Link, request: Request): void {
    if (link.fault.type === "silent") return;
    const { change, lineBytes = 1e9 } = this.#options;
    if (change !== undefined && this.asked.length > change.after) this.file = change.file;
    this.answered.push({ connection, request, bytes: this.file.length });
    link.outbox = Buffer.concat([
      link.outbox,
      replyTo(request, this.file, this.#options.knowsRaw === true, lineBytes, link.fault),
    ]);
  }

  #perform(output: DownloadOutput): void {
    switch (output.type) {
      case "connect": {
        const { faults = [], lastFault = { type: "none" } } = this.#options;
        const fault = faults[this.connections++] ?? lastFault;
        const session = new ClientSession({ maxPipelined: 64 }, this.now);
        const link: Link = {
          session,
          fault,
          outbox: new Uint8Array(0),
          told: 0,
          paused: false,
          accepted: false,
          waiting: [],
        };
        this.#links.set(output.connection, link);
        this.mostConnections = Math.max(this.mostConnections, this.#links.size);
        const refused = { type: "closed", error: new Error("refused") } as const;
        const what = fault.type === "refused" ? refused : ({ type: "connected" } as const);
        this.#actions.push(() => {
          if (this.#links.get(output.connection) !== link) return undefined;
          if (what.type === "connected") this.#accept();
          this.#run(output.connection, link, session.handle(this.now, what));
          return undefined;
        });
        return;
      }
      case "ask": {
        const link = this.#links.get(output.connection);
        if (link === undefined) throw new Error("asked on a connection that is gone");
        return this.#run(output.connection, link, link.session.handle(this.now, { ...output, type: "request" }));
      }
      case "drop":
      case "quit":
        this.#links.delete(output.connection);
        return this.#accept();
      case "pause":
      case "resume": {
        const link = this.#links.get(output.connection);
        if (link === undefined) return;
        link.paused = output.type === "pause";
        link.session.handle(this.now, { type: link.paused ? "paused" : "resumed" });
        return;
      }
      case "progress":
        this.progress.push(output.bytes);
        return;
      case "notice":
        this.notices.push(output.notice.code);
        this.said.push(output.notice.message);
        return;
      case "finished":
      case "failed":
        this.#result = output;
        return;
      case "cancel":
        return;
      default:
        if (output.type === "write") this.#pend(output.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
        else if (output.type === "saveState") this.#saves++;
        else if (["createPart", "publish", "closePart"].includes(output.type) && this.#saves > 0) {
          throw new Error(`${output.type} removes the state while it is being saved`);
        }
        this.#actions.push(() => this.#effect(output));
    }
  }

  #pend(bytes: number): void {
    this.#pendingWriteBytes += bytes;
    this.mostPendingWriteBytes = Math.max(this.mostPendingWriteBytes, this.#pendingWriteBytes);
  }

  #effect(effect: Extract<DownloadOutput, { readonly id: number; readonly connection?: never }>): DownloadInput {
    const { id } = effect;
    switch (effect.type) {
      case "inspect": {
        const { part, state, final } = this;
        const { locked } = this.#options;
        if (locked !== undefined) return { type: "inspected", id, exists: final !== undefined, locked };
        const text = state === undefined ? {} : { state };
        const left = part === undefined ? {} : { part: { bytes: part.length, ...text } };
        return { type: "inspected", id, exists: final !== undefined, ...left };
      }
      case "createPart":
        this.state = undefined;
        this.part = new Uint8Array(0);
        break;
      case "write": {
        const bytes = Buffer.concat(effect.chunks);
        this.#pend(-bytes.length);
        if (this.#writes++ >= (this.#options.writesUntilFull ?? Number.POSITIVE_INFINITY)) {
          return { type: "effectFailed", id, error: new Error("no space left") };
        }
        const grown = new Uint8Array(Math.max(this.part?.length ?? 0, effect.offset + bytes.length));
        grown.set(this.part ?? []);
        grown.set(bytes, effect.offset);
        this.part = grown;
        break;
      }
      case "readPart":
        return {
          type: "read",
          id,
          bytes: this.part?.slice(effect.offset, effect.offset + effect.length) ?? new Uint8Array(0),
        };
      case "saveState":
        this.#saves--;
        this.state = effect.text;
        break;
      case "digest":
        return {
          type: "digested",
          id,
          sha256: plainDigest(this.part ?? new Uint8Array(0)),
          bytes: this.part?.length ?? 0,
        };
      case "publish":
        if (this.#options.replaced === true) return { type: "replaced", id };
        if (this.final !== undefined && !effect.overwrite) return { type: "taken", id };
        this.final = this.part;
        this.part = undefined;
        this.state = undefined;
        break;
      case "closePart":
        if (effect.keep) break;
        this.part = undefined;
        this.state = undefined;
        break;
      case "openPart":
        break;
    }
    return { type: "done", id };
  }
}

/** What a sound server says, but for faults of the whole connection. */
function replyTo(request: Request, file: Uint8Array, knowsRaw: boolean, lineBytes: number, fault: Fault): Uint8Array {
  if (request.type === "get_metadata") return Buffer.from(`0 OK\r\n${file.length}\r\n`);
  if (request.type === "help") return Buffer.from(knowsRaw ? "0 OK\r\nhelp\r\n\r\n" : "200 NO SUCH COMMAND\r\n");
  if (request.type !== "get_slice") return Buffer.from("0 OK\r\n\r\n");
  const { offset, size, raw } = request;
  if (offset + size > file.length) return Buffer.from("203 OFFSET EXCEEDS FILE SIZE\r\n");
  const wrong = fault.type === "short" ? -3 : fault.type === "long" ? 3 : 0;
  const data = Buffer.from(file.slice(offset, Math.max(offset, offset + size + wrong)));
  if (raw) return Buffer.concat([Buffer.from(`0 OK\r\nContent-Length: ${data.length}\r\n\r\n`), data]);
  let text = "0 OK\r\n";
  for (let at = 0; at < data.length; at += lineBytes)
    text += `${data.subarray(at, at + lineBytes).toString("base64")}\r\n`;
  return Buffer.from(data.length === 0 ? "0 OK\r\n\r\n" : text);
}
