/** A room that is joined: drives a client machine over one socket after another. */
import type { ClientInput, ClientOutput, Delivered, Notice, Position } from "../core/client-contract.js";
import { ClientMachine } from "../core/client-machine.js";
import { BroadcastError, ClosedError, LocalProtocolError, PublishError } from "../core/errors.js";
import type { Member } from "../core/messages.js";
import { MAX_MS, whole } from "../core/option-checks.js";
import type { HostAndPort } from "./address.js";
import type { JoinOptions, NoticeOf, Room } from "./client.js";
import { ClientSocket, type ClientSocketOptions } from "./client-socket.js";
import { Inbox } from "./inbox.js";
import { machineOptionsOf, mayOnlyPublish, socketOptionsOf, targetOf } from "./join-options.js";
import { type Logger, silentLogger } from "./logger.js";
import { MachineLoop } from "./machine-loop.js";
import { NoticeListeners } from "./notice-listeners.js";
import { Outgoing } from "./outgoing.js";
import { nodePlatform } from "./platform.js";
import { messageOf } from "./trouble.js";

/** The notices that have a place between entries (B30). The others are told at once. */
const IN_PLACE: ReadonlySet<Notice["type"]> = new Set(["gap", "epoch", "snapshot", "membership", "expired"]);

type PublishFailure = Extract<ClientOutput, { readonly type: "publishFailed" }>["code"];

const FAILURES: Readonly<Record<PublishFailure, string>> = {
  TOO_BIG: "the message is longer than the server takes (its option maxMessageBytes, 256 KiB by default)",
  UNKNOWN_OUTCOME:
    "whether the message is in the log is not known: no acknowledgement came before the session or the log ended; look for it in the room before publishing it again",
  NUMBER_LOST: "the message is in the log, but its number is not known: its own entry was among what did not come",
  LEFT: "the room was left",
  OBSERVER: "an observer may not publish",
};

/** What a publish on a room is told that ended otherwise than by its application's wish. */
function endedBy(why: unknown): LocalProtocolError {
  return new LocalProtocolError("ENDED", `the room has ended: ${messageOf(why)}`, { cause: why });
}

/** What settles `ended`. */
interface Finish {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class NodeRoom implements Room {
  readonly name: string;
  readonly room: string;
  readonly ended: Promise<void>;
  readonly #options: JoinOptions;
  readonly #logger: Logger;
  readonly #machine: ClientMachine;
  readonly #loop: MachineLoop<ClientInput, ClientOutput>;
  readonly #socketOptions: Omit<ClientSocketOptions, "target">;
  readonly #target: () => HostAndPort;
  readonly #outgoing: Outgoing;
  readonly #inbox: Inbox;
  readonly #listeners: NoticeListeners;
  #attempt = 0;
  #socket: ClientSocket | undefined;
  /** Those that are not closed. */
  readonly #sockets = new Set<ClientSocket>();
  /** Of the entries that the application handles now, which may be one that has ended. */
  #epoch = 0;
  #last = 0;
  #isWelcome = false;
  /** What ended it other than the application's wish. */
  #error: { readonly why: unknown } | undefined;
  #hasEnded = false;
  #welcomed: () => void = () => {};
  readonly #finish: Finish;

  constructor(options: JoinOptions) {
    const machineOptions = machineOptionsOf(options);
    const { room, name } = machineOptions;
    const { logger = silentLogger, entries, echo = true, onNotice, savePosition } = options;
    this.name = name;
    this.room = room;
    this.#options = options;
    this.#logger = logger;
    this.#listeners = new NoticeListeners(room, name, onNotice, logger);
    this.#socketOptions = socketOptionsOf(options);
    this.#target = targetOf(options);
    this.#machine = new ClientMachine(machineOptions, nodePlatform);
    this.#loop = new MachineLoop(
      this.#machine,
      (output) => this.#perform(output),
      () => this.#socket?.flush(),
    );
    this.#outgoing = new Outgoing((firstId, payloads) => this.#loop.feed({ type: "publishAll", firstId, payloads }));
    this.#inbox = new Inbox({
      handler: options.handler,
      isWanted: ({ kind, own }) => (kind === "message" ? echo || !own : entries === "all"),
      notice: (notice) => this.#tell(notice),
      save: (upTo) => {
        this.#last = upTo;
        return savePosition?.(this.#positionAt(upTo));
      },
      maxUnaskedBytes: mayOnlyPublish(options) ? this.#machine.settings.maxQueuedBytes : undefined,
      asked: () => this.#loop.feed({ type: "asked" }),
      handled: (upTo) => this.#loop.feed({ type: "handled", upTo }),
      failed: (what, cause) => {
        const who = what === "handler" ? "the handler" : what;
        this.#fail(new BroadcastError("APPLICATION", `${who} failed: ${messageOf(cause)}`, { cause }));
      },
    });
    const finish: Partial<Finish> = {};
    this.ended = new Promise((resolve, reject) => Object.assign(finish, { resolve, reject }));
    this.ended.catch(() => {}); // who wants to know asks
    this.#finish = finish as Finish;
  }

  /** Resolves after the first WELCOME. @throws what `join` throws */
  async start(): Promise<void> {
    const { signal, loadPosition } = this.#options;
    const position = await loadPosition?.();
    signal?.throwIfAborted();
    const abort = (): void => this.#fail(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    void this.ended.catch(() => {}).then(() => signal?.removeEventListener("abort", abort));
    const welcome = new Promise<void>((resolve) => {
      this.#welcomed = resolve;
    });
    if (position !== undefined) {
      this.#epoch = position.epoch;
      this.#last = position.last;
    }
    const unasked = mayOnlyPublish(this.#options);
    this.#loop.feed({ type: "start", unasked, ...(position === undefined ? {} : { position }) });
    await Promise.race([welcome, this.ended]);
  }

  get member(): number {
    return this.#machine.view().member;
  }

  publish(message: Uint8Array | string): Promise<number> {
    return this.#outgoing.publish(message);
  }

  publishAll(messages: Iterable<Uint8Array | string>): Promise<number[]> {
    return this.#outgoing.publishAll(messages);
  }

  members(): readonly Member[] {
    return this.#machine.view().members;
  }

  on<Type extends Notice["type"]>(type: Type, listener: (notice: NoticeOf<Type>) => void): this {
    this.#listeners.on(type, listener as (notice: Notice) => void);
    return this;
  }

  off<Type extends Notice["type"]>(type: Type, listener: (notice: NoticeOf<Type>) => void): this {
    this.#listeners.off(type, listener as (notice: Notice) => void);
    return this;
  }

  position(): Position | undefined {
    return this.#epoch === 0 ? undefined : this.#positionAt(this.#last);
  }

  async leave({ waitMs }: { readonly waitMs?: number } = {}): Promise<void> {
    const wait = whole("waitMs", waitMs, { default: 5_000, min: 0, max: MAX_MS });
    this.#inbox.takeBack();
    this.#outgoing.close();
    this.#loop.feed({ type: "close", leave: true, waitMs: wait });
    await this.ended.catch(() => {});
  }

  async close(): Promise<void> {
    this.#outgoing.close();
    this.#loop.feed({ type: "close", leave: false, waitMs: 0 });
    await this.ended.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivered, undefined> {
    return {
      next: () => this.#inbox.next(),
      // A loop that breaks off may do so because its body threw: what it has is handled when somebody asks for the next.
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  #perform(output: ClientOutput): void {
    switch (output.type) {
      case "deliver":
        this.#inbox.push(...(output.runs ?? [output.entries]));
        return;
      case "published":
        this.#outgoing.published(output.id, output.number);
        return;
      case "send":
        this.#socketOf(output.attempt)?.send(output.bytes);
        return;
      case "notice":
        if (IN_PLACE.has(output.notice.type)) this.#inbox.push(output.notice);
        else this.#tell(output.notice);
        return;
      case "publishFailed": {
        if (output.code === "LEFT" && this.#error !== undefined) {
          this.#outgoing.failed(output.id, endedBy(this.#error.why));
          return;
        }
        const isOurs = output.code === "LEFT" || output.code === "OBSERVER";
        this.#outgoing.failed(
          output.id,
          new (isOurs ? LocalProtocolError : PublishError)(output.code, FAILURES[output.code]),
        );
        return;
      }
      case "hold":
        this.#outgoing.hold();
        return;
      case "unhold":
        this.#outgoing.unhold();
        return;
      case "connect":
        this.#connect(output.attempt);
        return;
      case "disconnect":
        this.#logger.debug({ attempt: output.attempt, why: output.why }, "disconnects");
        this.#socketOf(output.attempt)?.end();
        return;
      case "pause":
        this.#socketOf(output.attempt)?.pause();
        return;
      case "resume":
        this.#socketOf(output.attempt)?.resume();
        return;
      case "ended":
        this.#end(output.code, output.message);
        return;
    }
  }

  #socketOf(attempt: number): ClientSocket | undefined {
    return attempt === this.#attempt ? this.#socket : undefined;
  }

  #connect(attempt: number): void {
    const feed = (input: ClientInput): void => this.#loop.feed(input);
    this.#attempt = attempt;
    this.#socket = undefined;
    let target: HostAndPort;
    try {
      target = this.#target();
    } catch (error) {
      return feed({ type: "disconnected", attempt, why: messageOf(error) });
    }
    const socket = new ClientSocket(
      { ...this.#socketOptions, target },
      {
        connected: () => feed({ type: "connected", attempt }),
        data: (bytes) => feed({ type: "data", attempt, bytes }),
        full: () => feed({ type: "full", attempt }),
        drained: () => feed({ type: "drained", attempt }),
        disconnected: (why) => feed({ type: "disconnected", attempt, why }),
        closed: () => {
          this.#sockets.delete(socket);
          if (this.#hasEnded) this.#settle();
        },
      },
    );
    this.#socket = socket;
    this.#sockets.add(socket);
  }

  /** The application is told, and the position is behind it. */
  #tell(notice: Notice): void {
    if (notice.type === "welcome") this.#welcome(notice);
    else if (notice.type === "epoch") {
      this.#epoch = notice.epoch;
      this.#last = notice.from - 1;
    } else if (notice.type === "gap") this.#last = notice.to;
    else if (notice.type === "snapshot") this.#last = notice.upTo;
    else if (notice.type === "disconnected")
      this.#logger.info({ why: notice.why, retryInMs: notice.retryInMs }, "disconnected");
    this.#listeners.tell(notice);
  }

  #welcome({ status, member, resumeFrom, head }: NoticeOf<"welcome">): void {
    this.#logger.info({ room: this.room, status, member, resumeFrom, head }, "welcome");
    if (this.#isWelcome) return;
    this.#isWelcome = true;
    if (this.#epoch === 0) {
      this.#epoch = this.#machine.view().epoch;
      this.#last = resumeFrom - 1;
    }
    this.#welcomed();
  }

  #positionAt(last: number): Position {
    const { clientId, token } = this.#machine.view();
    return { clientId, token, epoch: this.#epoch, last };
  }

  /** Ends it for a reason that is not the server's. */
  #fail(why: unknown): void {
    if (this.#error !== undefined || this.#hasEnded) return;
    this.#error = { why };
    this.#outgoing.close(endedBy(why));
    this.#loop.feed({ type: "close", leave: false, waitMs: 0 });
  }

  #end(code: string | undefined, message: string | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (code !== undefined) this.#error ??= { why: new ClosedError(code, message ?? code) };
    if (this.#error !== undefined) this.#outgoing.close(endedBy(this.#error.why));
    this.#outgoing.failAll(new PublishError("UNKNOWN_OUTCOME", FAILURES.UNKNOWN_OUTCOME));
    this.#inbox.end(this.#error === undefined ? {} : { error: this.#error.why });
    this.#loop.stop();
    for (const socket of this.#sockets) {
      if (socket === this.#socket) socket.end();
      else socket.destroy(); // what it was to say is said on a later one
    }
    this.#settle();
  }

  /** Ended is what has no socket any more. */
  #settle(): void {
    if (this.#sockets.size > 0) return;
    if (this.#error === undefined) this.#finish.resolve();
    else this.#finish.reject(this.#error.why);
  }
}
