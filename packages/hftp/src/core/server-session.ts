/** The server's half of one connection, as a pure state machine (docs/machine.md; rules H7 to H22 of docs/hftp.md). */
import type { FatalCode, RefusalCode, StatusCode } from "./codes.js";
import { LocalProtocolError } from "./errors.js";
import { HELP_REPLY, listingLines, metadataReply, NOTHING, statusLine } from "./replies.js";
import { type AskedFor, askedFor, ReplyInProgress } from "./reply-in-progress.js";
import { type ParsedLine, RequestParser } from "./request-parser.js";
import type { SliceRequest } from "./requests.js";
import type { FileFacts, ServerInput, ServerOutput } from "./server-messages.js";
import { type ResolvedServerOptions, resolveServerOptions, type ServerSessionOptions } from "./server-options.js";
import { SessionClock, type Wait } from "./session-clock.js";
import { SliceReply } from "./slice-reply.js";

/** Entries asked for at a time: few enough that to look at them holds nobody up, links included. */
const ENTRIES_AT_A_TIME = 128;

/** The rest of a log line for what is answered without an effect. */
const IMMEDIATE = { fileBytes: 0, complete: true, ms: 0 } as const;

export class ServerSession {
  readonly #options: ResolvedServerOptions;
  readonly #parser: RequestParser;
  readonly #clock: SessionClock;
  #state: "new" | "open" | "closing" | "closed" = "new";
  #reply: ReplyInProgress | undefined;
  #replies = 0;
  #errors = 0;
  #peerEnded = false;
  #shuttingDown = false;
  #paused = false;

  /** @throws TypeError or RangeError for an option out of its range. */
  constructor(options: ServerSessionOptions = {}) {
    this.#options = resolveServerOptions(options);
    this.#parser = this.createParser(this.#options.maxLineBytes);
    this.#clock = new SessionClock(this.#options);
  }

  protected createParser(maxLineBytes: number): RequestParser {
    return new RequestParser(maxLineBytes);
  }

  /** When the session wants a `tick`, in the milliseconds of `now`. */
  nextDeadline(): number | undefined {
    return this.#wait()?.until;
  }

  #wait(): Wait | undefined {
    if (this.#state === "closed" || this.#state === "new") return undefined;
    return this.#clock.wait(this.#state === "closing", this.#reply !== undefined);
  }

  /**
   * Takes what happened at `now` (milliseconds, never falling) and answers what to do, in order.
   * @throws LocalProtocolError where the driver breaks the contract: an answer to no effect, bytes after `pause`.
   */
  handle(now: number, input: ServerInput): ServerOutput[] {
    const out: ServerOutput[] = [];
    if (this.#state === "closed") return out;
    switch (input.type) {
      case "connected":
        this.#state = "open";
        this.#clock.moved(now);
        if (input.refused === true) this.#fatal(now, out, 199, "refused by a limit");
        break;
      case "bytes":
        this.#takeBytes(now, input.chunk);
        break;
      case "end":
        this.#peerEnded = true;
        break;
      case "closed":
        this.connectionLost(out);
        return out;
      case "drained":
        this.#clock.drained(now);
        break;
      case "shutdown":
        this.#shuttingDown = true;
        break;
      case "tick":
        this.#tick(now, out);
        break;
      default:
        this.#effectDone(now, out, input);
    }
    this.#advance(now, out);
    this.#throttleReading(out);
    return out;
  }

  #takeBytes(now: number, chunk: Uint8Array): void {
    if (this.#state !== "open") return; // after quit and after a fatal code the rest is ignored (H7, H13)
    if (this.#paused) throw new LocalProtocolError("PAUSED", "bytes were handed in after `pause` and before `resume`");
    this.#clock.moved(now);
    this.#parser.feed(chunk);
  }

  #tick(now: number, out: ServerOutput[]): void {
    const wait = this.#wait();
    if (wait === undefined || now < wait.until) return;
    if (wait.for === "drain") this.#drop(out, "the client takes nothing of the reply");
    else if (wait.for === "close") this.#drop(out, "the client does not close its side");
    else if (wait.for === "effect") this.#drop(out, "the file system does not answer");
    else if (wait.for === "request") this.#close(now, out);
  }

  /** Goes on with the reply, or with the next request, until something has to be waited for. */
  #advance(now: number, out: ServerOutput[]): void {
    while (this.#state === "open") {
      const reply = this.#reply;
      this.#clock.forgetRate();
      if (reply === undefined && this.#shuttingDown) return this.#close(now, out);
      if (this.#clock.isFull || reply?.waiting === true) return;
      if (reply !== undefined) {
        if (reply.slice === undefined) this.#askEntries(out, reply);
        else if (this.#clock.allows("piece", now)) this.#sendPiece(now, out, reply, reply.slice);
        return;
      }
      if (this.#parser.pendingBytes > 0 && !this.#clock.allows("request", now)) return;
      const line = this.#parser.next();
      if (line === undefined) {
        this.#clock.inputSeen(now, this.#parser.inLine);
        if (this.#peerEnded) this.peerEnded(now, out);
        return;
      }
      this.#clock.requestTaken(now);
      this.answer(now, out, line);
    }
  }

  /** Acts on one line. */
  protected answer(now: number, out: ServerOutput[], line: ParsedLine): void {
    if (line.type === "fatal") return this.#fatal(now, out, line.code);
    if (line.type === "refused") return this.refuse(now, out, line.code, { command: line.command });
    const { request } = line;
    if (request.type === "help") {
      this.#send(out, HELP_REPLY);
      out.push({ type: "served", request: { ...IMMEDIATE, command: "help", code: 0 } });
      return;
    }
    if (request.type === "quit") {
      this.#send(out, statusLine(0));
      out.push({ type: "served", request: { ...IMMEDIATE, command: "quit", code: 0 } });
      return this.#close(now, out);
    }
    const id = ++this.#replies;
    const reply = new ReplyInProgress(id, request, now);
    this.#reply = reply;
    if (request.type === "get_metadata") out.push({ type: "stat", id, name: request.name });
    else if (request.type === "get_slice") out.push({ type: "open", id, name: request.name });
    else this.#askEntries(out, reply);
  }

  #effectDone(now: number, out: ServerOutput[], input: Extract<ServerInput, { readonly id: number }>): void {
    const reply = this.#reply;
    if (reply === undefined || reply.id !== input.id || !reply.waiting) {
      if (this.#state === "closing") return;
      throw new LocalProtocolError("NO_SUCH_EFFECT", `nothing waits for ${input.type} ${input.id}`);
    }
    reply.waiting = false;
    this.#clock.moved(now);
    switch (input.type) {
      case "file":
        return this.#fileFound(now, out, reply, input.file);
      case "entries": {
        this.#send(out, listingLines(input.entries, !reply.started, input.last));
        reply.started = true;
        return input.last ? this.#finish(now, out, reply, 0) : undefined;
      }
      case "fileSent":
        // Now, not when it was asked for: a `drained` that came meanwhile was not told of these bytes (H19).
        this.#clock.sent(reply.slice?.wireBytes(input.bytes) ?? 0);
        return this.fileSent(now, out, input.bytes);
      case "effectFailed":
        return this.#effectFailed(now, out, reply, input.why);
    }
  }

  #fileFound(now: number, out: ServerOutput[], reply: ReplyInProgress, file: FileFacts): void {
    const { request } = reply;
    if (request.type !== "get_metadata" && request.type !== "get_slice") return;
    if (file.kind === "no-directory" || file.kind === "failed") return this.#effectFailed(now, out, reply, file.why);
    if (file.kind !== "regular") return this.#refuseReply(now, out, reply, 202);
    if (request.type === "get_metadata") {
      this.#send(out, metadataReply(file.size));
      return this.#finish(now, out, reply, 0);
    }
    reply.holds = true;
    const code = this.outOfRange(request, file.size);
    if (code !== undefined) return this.#refuseReply(now, out, reply, code);
    reply.slice = new SliceReply(request, this.#options);
    if (request.size > 0) return;
    this.#send(out, reply.slice.emptyReply());
    this.#finish(now, out, reply, 0);
  }

  /** 203 exactly when not (offset + size <= size of the file) (H18). */
  protected outOfRange(request: SliceRequest, fileSize: number): RefusalCode | undefined {
    return request.offset + request.size <= fileSize ? undefined : 203;
  }

  #askEntries(out: ServerOutput[], reply: ReplyInProgress): void {
    reply.waiting = true;
    reply.holds = true;
    out.push({ type: "list", id: reply.id, max: ENTRIES_AT_A_TIME });
  }

  #sendPiece(now: number, out: ServerOutput[], reply: ReplyInProgress, slice: SliceReply): void {
    const piece = slice.nextPiece();
    reply.waiting = true;
    this.#clock.pieceSent(now, piece.length);
    const { head, offset, length, encoding, tail, remaining } = piece;
    out.push({ type: "sendFile", id: reply.id, head, offset, length, encoding, tail, remaining });
  }

  /** Never padded: a file that has become shorter ends the connection, so that the client sees a short reply (H18). */
  protected fileSent(now: number, out: ServerOutput[], bytes: number): void {
    const reply = this.#reply;
    if (reply?.slice === undefined) return;
    reply.started = true;
    if (!reply.slice.sent(bytes)) return this.#abandon(now, out, reply, "the file became shorter");
    if (reply.slice.done) this.#finish(now, out, reply, 0);
  }

  #effectFailed(now: number, out: ServerOutput[], reply: ReplyInProgress, why: string): void {
    if (reply.started) return this.#abandon(now, out, reply, why);
    this.#release(out, reply);
    this.#reply = undefined;
    this.#fatal(now, out, 199, why, reply);
  }

  #refuseReply(now: number, out: ServerOutput[], reply: ReplyInProgress, code: RefusalCode): void {
    this.#release(out, reply);
    this.#reply = undefined;
    this.refuse(now, out, code, askedFor(reply.request));
  }

  /** A 2xx: one status line and the connection goes on, unless there have been too many of them (H13, H16). */
  protected refuse(now: number, out: ServerOutput[], code: RefusalCode, what: AskedFor): void {
    this.#errors++;
    if (this.#errors > this.#options.maxErrors) return this.#fatal(now, out, 101, "too many errors");
    this.#send(out, statusLine(code));
    out.push({ type: "served", request: { ...IMMEDIATE, ...what, code } });
  }

  /** A 1xx: reported once, then the connection is closed (H13). */
  #fatal(now: number, out: ServerOutput[], code: FatalCode, why?: string, reply?: ReplyInProgress): void {
    this.#send(out, statusLine(code));
    const reason = why === undefined ? {} : { why };
    const request = reply?.served(now, code, true, why) ?? { ...IMMEDIATE, command: "", code, ...reason };
    out.push({ type: "served", request });
    this.afterFatal(now, out);
  }

  protected afterFatal(now: number, out: ServerOutput[]): void {
    this.#close(now, out);
  }

  /** The client has sent its last byte: a line that it left unfinished is no request (H8). */
  protected peerEnded(now: number, out: ServerOutput[]): void {
    this.#close(now, out);
  }

  /** The connection is gone, mid-line or mid-reply: nothing is left to answer (H8). */
  protected connectionLost(out: ServerOutput[]): void {
    this.#giveUp(out, "the connection was lost");
  }

  #finish(now: number, out: ServerOutput[], reply: ReplyInProgress, code: StatusCode): void {
    this.#release(out, reply);
    this.#reply = undefined;
    out.push({ type: "served", request: reply.served(now, code, true) });
  }

  #abandon(now: number, out: ServerOutput[], reply: ReplyInProgress, why: string): void {
    this.#release(out, reply);
    this.#reply = undefined;
    out.push({ type: "served", request: reply.served(now, 0, false, why) });
    this.#close(now, out);
  }

  #close(now: number, out: ServerOutput[]): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#clock.moved(now);
    this.#parser.discard();
    out.push({ type: "end" });
  }

  #drop(out: ServerOutput[], why: string): void {
    out.push({ type: "destroy", why });
    this.#giveUp(out, why);
  }

  #giveUp(out: ServerOutput[], why: string): void {
    const reply = this.#reply;
    this.#state = "closed";
    this.#reply = undefined;
    this.#parser.discard();
    if (reply === undefined) return;
    this.#release(out, reply);
    out.push({ type: "served", request: reply.served(this.#clock.movedAt, 0, false, why) });
  }

  #release(out: ServerOutput[], reply: ReplyInProgress): void {
    if (reply.holds) out.push({ type: "release", id: reply.id });
    reply.holds = false;
  }

  #send(out: ServerOutput[], bytes: Uint8Array): void {
    if (bytes === NOTHING) return;
    this.#clock.sent(bytes.length);
    out.push({ type: "send", bytes });
  }

  #throttleReading(out: ServerOutput[]): void {
    const full = this.#state === "open" && this.#parser.pendingBytes >= this.#options.maxPendingBytes;
    if (full === this.#paused || this.#state === "closed") return;
    this.#paused = full;
    out.push({ type: full ? "pause" : "resume" });
  }
}
