/** A small server for tests of the client: speaks wire v2, runs nothing. What a command does stands in the command. */
import { createHash } from "node:crypto";
import { FrameDecoder } from "@lab/framing/core";
import { type ClientMessage, decodeClientMessage, encode, type ServerMessage } from "../../src/core/index.js";

/** "work=100 out=a.o,b.o print=hello exit=1 size=70000": milliseconds on a host of speed 1, what it makes, prints and returns. */
export interface Doing {
  readonly workMs: number;
  readonly exit: number;
  readonly outputs: readonly string[];
  readonly print: string;
  readonly size: number;
  readonly end: "EXITED" | "SIGNALLED" | "TIMED_OUT" | "LIMITED" | "FAILED";
}

export function doingOf(command: string): Doing {
  const words = new Map(command.split(" ").map((word) => word.split("=") as [string, string]));
  return {
    workMs: Number(words.get("work") ?? 10),
    exit: Number(words.get("exit") ?? 0),
    outputs: (words.get("out") ?? "").split(",").filter((path) => path !== ""),
    print: words.get("print") ?? "",
    size: Number(words.get("size") ?? 10),
    end: (words.get("end") ?? "EXITED") as Doing["end"],
  };
}

/** What an action makes at a path: the same wherever it runs. */
export function contentOf(command: string, path: string): Uint8Array {
  const { size } = doingOf(command);
  const seed = digestOf(new TextEncoder().encode(`${command} ${path}`));
  return new TextEncoder().encode(seed.repeat(Math.ceil(size / 64)).slice(0, size));
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What a lying or dying server makes of a message that it was about to send: others, none, or it hangs up. */
export type Twist = (message: ServerMessage, sent: number) => readonly ServerMessage[] | "close";

export interface FakeServerOptions {
  readonly slots?: number;
  /** 1 is the reference. */
  readonly speed?: number;
  readonly resources?: readonly string[];
  readonly toolchain?: string;
  readonly validForMs?: number;
  readonly twist?: Twist;
  /** What it charges. */
  readonly chargeMs?: number;
  readonly queueMs?: number;
  readonly heartbeatMs?: number;
  readonly maxActionMs?: number;
}

interface Running {
  readonly command: string;
  credit: number;
  queue: ServerMessage[];
  state: "reserved" | "running" | "returning";
  readonly reservation: number;
}

export interface FakeNetwork {
  readonly now: () => number;
  readonly after: (ms: number, what: () => void) => void;
}

/** One connection of it; slots and store belong to the server. */
export class FakeServer {
  readonly store: Set<string> = new Set();
  /** Blobs that came whole, by digest, each as often as it came. */
  readonly received: string[] = [];
  /** Every message that it got. */
  readonly heard: ClientMessage[] = [];
  readonly ran: string[] = [];
  /** Most reservations and runs at a time. */
  isFrozen = false;
  used = 0;
  readonly options: FakeServerOptions;
  readonly #network: FakeNetwork;
  #actions = new Map<number, Running>();
  #decoder = new FrameDecoder();
  #send: ((bytes: Uint8Array) => void) | undefined;
  #close: (() => void) | undefined;
  #reservations = 0;
  #sent = 0;
  #life = 0;
  #incoming = new Map<number, { digest: string; have: number }>();

  constructor(network: FakeNetwork, options: FakeServerOptions = {}) {
    this.#network = network;
    this.options = options;
  }

  get slots(): number {
    return this.options.slots ?? 1;
  }

  opened(send: (bytes: Uint8Array) => void, close: () => void): void {
    this.closed();
    this.#send = send;
    this.#close = close;
    this.#decoder = new FrameDecoder();
  }

  closed(): void {
    this.#send = undefined;
    this.#life++;
    this.used = 0;
    this.#actions = new Map();
    this.#incoming = new Map();
  }

  /** It dies: the connection is cut. */
  die(): void {
    const close = this.#close;
    this.closed();
    close?.();
  }

  data(bytes: Uint8Array): void {
    if (this.#send === undefined || this.isFrozen) return;
    for (const frame of this.#decoder.push(bytes)) {
      const message = decodeClientMessage(frame);
      if (message !== undefined && this.#send !== undefined) this.#message(message);
    }
  }

  say(message: ServerMessage): void {
    if (this.isFrozen || this.#send === undefined) return;
    const said = this.options.twist?.(message, this.#sent++) ?? [message];
    if (said === "close") return this.die();
    for (const one of said) this.#send?.(encode(one));
  }

  #message(message: ClientMessage): void {
    this.heard.push(message);
    const { speed = 1, resources = [], toolchain = "cc 1", heartbeatMs = 1_000, maxActionMs = 600_000 } = this.options;
    switch (message.type) {
      case "HELLO":
        return this.say({ type: "CHALLENGE", version: 2, authentication: "none", nonce: new Uint8Array(32) });
      case "AUTH":
        return this.say({
          ...{ type: "WELCOME", mac: new Uint8Array(32), name: "fake", cores: this.slots, speed: speed * 1_000 },
          ...{ slots: this.slots, sandbox: "none", toolchain, resources, maxFrameBytes: 4_194_304, maxInputs: 10_000 },
          ...{ maxBlobBytes: 2 ** 32, maxOutputBytes: 2 ** 34, maxActionMs, heartbeatMs },
        });
      case "PING":
        return this.say({ type: "PONG", nonce: message.nonce });
      case "QUOTE":
        return this.#quote(message);
      case "RELEASE":
        return this.#free(message.actionId);
      case "BLOB":
        return this.#blob(message);
      case "EXECUTE":
        return this.#execute(message);
      case "CANCEL":
        return this.#cancel(message.actionId);
      case "CREDIT": {
        const action = this.#actions.get(message.actionId);
        if (action !== undefined) action.credit += message.bytes;
        return this.#pump(message.actionId);
      }
      case "BYE":
        return this.closed();
      default:
    }
  }

  #quote({ actionId, command, workMs, inputs, resources }: Extract<ClientMessage, { type: "QUOTE" }>): void {
    const { speed = 1, validForMs = 5_000, chargeMs = 0, queueMs = 0 } = this.options;
    if (resources.some((one) => !this.options.resources?.includes(one))) {
      return this.say({ type: "REFUSE", actionId, reason: "RESOURCE", retryAfterMs: 0, text: "no such thing" });
    }
    if (this.used >= this.slots) {
      return this.say({ type: "REFUSE", actionId, reason: "BUSY", retryAfterMs: 200, text: "full" });
    }
    this.used++;
    const reservation = ++this.#reservations;
    this.#actions.set(actionId, { command, credit: 262_144, queue: [], state: "reserved", reservation });
    const runMs = Math.ceil((workMs || 1_000) / speed);
    const missing = inputs.filter(({ digest }) => !this.store.has(digest));
    const transferMs = Math.ceil(missing.reduce((sum, { size }) => sum + size, 0) / 10_000);
    this.say({
      ...{ type: "BID", actionId, reservation, validForMs, costMs: queueMs + runMs + transferMs + chargeMs },
      ...{ queueMs, runMs, transferMs, chargeMs, missing: [...new Set(missing.map(({ digest }) => digest))] },
    });
  }

  #blob({ actionId, digest, size, offset, last, body }: Extract<ClientMessage, { type: "BLOB" }>): void {
    if (!this.#actions.has(actionId)) return;
    const incoming = this.#incoming.get(actionId) ?? { digest, have: 0 };
    if (incoming.digest !== digest || incoming.have !== offset) throw new Error("a client that sends holes");
    incoming.have += body.length;
    this.#incoming.set(actionId, incoming);
    if (body.length > 0) this.say({ type: "CREDIT", actionId, bytes: body.length });
    if (!last) return;
    if (incoming.have !== size) throw new Error("a client that announces another size");
    this.#incoming.delete(actionId);
    this.store.add(digest);
    this.received.push(digest);
    this.say({ type: "ACK", actionId, digest, code: "OK" });
  }

  #execute({ actionId, reservation, command, inputs }: Extract<ClientMessage, { type: "EXECUTE" }>): void {
    const action = this.#actions.get(actionId);
    if (action === undefined || action.reservation !== reservation) {
      return this.say({ type: "EXPIRED", actionId, reservation });
    }
    const missing = inputs.filter(({ digest }) => !this.store.has(digest)).map(({ digest }) => digest);
    if (missing.length > 0) return this.say({ type: "MISSING", actionId, digests: [...new Set(missing)] });
    action.state = "running";
    this.ran.push(command);
    this.say({ type: "STARTED", actionId });
    const life = this.#life;
    const doing = doingOf(command);
    this.#network.after(doing.workMs / (this.options.speed ?? 1), () => {
      if (life === this.#life && this.#actions.get(actionId) === action) this.#ended(actionId, action, doing);
    });
  }

  #ended(actionId: number, action: Running, { print, exit, end, workMs, outputs }: Doing): void {
    const body = new TextEncoder().encode(print);
    action.state = "returning";
    if (body.length > 0) action.queue.push({ type: "STDOUT", actionId, offset: 0, body });
    const wallMicros = Math.round((workMs * 1_000) / (this.options.speed ?? 1));
    const code = end === "EXITED" ? exit : end === "SIGNALLED" ? 9 : 0;
    action.queue.push({ type: "STATUS", actionId, end, code, cpuMicros: 0, peakBytes: 0, wallMicros, text: "" });
    const made = end === "EXITED" && exit === 0 ? outputs : [];
    for (const path of made) {
      const bytes = contentOf(action.command, path);
      const digest = digestOf(bytes);
      for (let offset = 0; offset < bytes.length || offset === 0; offset += 65_536) {
        const piece = bytes.subarray(offset, offset + 65_536);
        const last = offset + piece.length === bytes.length;
        const whole = { path, mode: 0o644, size: bytes.length, digest };
        action.queue.push({ type: "OUTPUT", actionId, ...whole, offset, last, body: piece });
      }
    }
    const counts = { stdoutBytes: body.length, stderrBytes: 0, outputs: made.length };
    action.queue.push({ type: "DONE", actionId, ...counts });
    this.#pump(actionId);
  }

  /** As far as credit goes. */
  #pump(actionId: number): void {
    const action = this.#actions.get(actionId);
    for (let next = action?.queue[0]; action !== undefined && next !== undefined; next = action.queue[0]) {
      const bytes = next.type === "OUTPUT" || next.type === "STDOUT" ? next.body.length : 0;
      if (bytes > action.credit || this.#actions.get(actionId) !== action) return;
      action.credit -= bytes;
      action.queue.shift();
      if (next.type === "DONE") this.#free(actionId);
      this.say(next);
    }
  }

  #cancel(actionId: number): void {
    const action = this.#actions.get(actionId);
    if (action === undefined) return;
    this.#free(actionId);
    const nothing = { code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };
    this.say({ type: "STATUS", actionId, end: "CANCELLED", ...nothing });
    this.say({ type: "DONE", actionId, stdoutBytes: 0, stderrBytes: 0, outputs: 0 });
  }

  #free(actionId: number): void {
    if (this.#actions.delete(actionId)) this.used--;
    this.#incoming.delete(actionId);
  }
}
