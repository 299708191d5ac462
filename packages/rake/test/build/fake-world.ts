/** A client's machine among fake hosts, in virtual time: performs its outputs, and keeps what can be asked of it. */
import {
  type BuildEvent,
  BuildMachine,
  type BuildMachineOptions,
  type BuildResult,
  type ClientInput,
  type ClientOutput,
  type Learned,
  type Plan,
} from "../../src/core/index.js";
import { plainPlatform } from "../server/fake-platform.js";
import { contentOf, digestOf, doingOf, type FakeNetwork, FakeServer, type FakeServerOptions } from "./fake-server.js";
import { Pipe } from "./pipe.js";

/** The other end of a host's connection: one at a time. */
export interface FakeHost {
  opened(send: (bytes: Uint8Array) => void, close: () => void): void;
  data(bytes: Uint8Array): void;
  closed(): void;
}

export interface WorldOptions {
  /** Instead of `FakeServer`s. */
  readonly hosts?: (network: FakeNetwork, index: number) => FakeHost;
  /** What a link takes of the client in a millisecond; without it, anything. */
  readonly bytesPerMs?: number;
  readonly seed?: number;
  readonly latencyMs?: number;
  readonly servers?: readonly FakeServerOptions[];
  readonly options?: BuildMachineOptions;
  readonly files?: Readonly<Record<string, string>>;
  readonly learned?: Learned;
  /** Instead of `BuildMachine`: a mutant. */
  readonly machine?: typeof BuildMachine;
  /** Commits that fail. */
  readonly commitFails?: (paths: readonly string[]) => boolean;
  readonly cache?: Map<string, readonly string[]>;
  /** Output that it sees first; true: it is dropped. */
  readonly drops?: (output: ClientOutput) => boolean;
}

const MAX_STEPS = 200_000;

export class FakeWorld {
  now = 0;
  readonly machine: BuildMachine;
  readonly servers: readonly FakeServer[];
  readonly files: Map<string, Uint8Array>;
  readonly events: BuildEvent[] = [];
  readonly outputs: ClientOutput[] = [];
  readonly cache: Map<string, readonly string[]>;
  /** What was put into place by which attempt. */
  readonly committed: { readonly attempt: number; readonly path: string; readonly digest: string }[] = [];
  readonly settled: { readonly attempt: number; readonly how: "commit" | "discard" }[] = [];
  /** What a person saw. */
  shown = "";
  result: BuildResult | undefined;
  /** Hosts that refuse the connection. */
  readonly down: Set<number> = new Set();
  readonly hashes: string[] = [];
  /** How often a link took no more. */
  fulls = 0;
  readonly #options: WorldOptions;
  readonly #latencyMs: number;
  readonly #kept = new Map<number, string>();
  readonly #parts = new Map<string, Uint8Array[]>();
  readonly #whole = new Map<string, { readonly digest: string; readonly bytes: Uint8Array }>();
  readonly #hosts: readonly FakeHost[];
  readonly #links = new Map<number, { readonly host: FakeHost; readonly pipe: Pipe }>();
  readonly #killed = new Set<number>();
  #queue: { readonly at: number; readonly order: number; readonly what: () => void }[] = [];
  #order = 0;
  readonly #network: FakeNetwork = { now: () => this.now, after: (ms, what) => this.after(ms, what) };

  constructor(plan: Plan, options: WorldOptions = {}) {
    this.#options = options;
    this.#latencyMs = options.latencyMs ?? 1;
    this.files = new Map(
      Object.entries(options.files ?? {}).map(([path, text]) => [path, new TextEncoder().encode(text)]),
    );
    this.cache = options.cache ?? new Map();
    const { hosts } = options;
    this.servers =
      hosts === undefined ? plan.hosts.map((_, at) => new FakeServer(this.#network, options.servers?.[at])) : [];
    this.#hosts = hosts === undefined ? this.servers : plan.hosts.map((_, at) => hosts(this.#network, at));
    const Machine = options.machine ?? BuildMachine;
    this.machine = new Machine(plan, options.options ?? {}, plainPlatform(options.seed), options.learned);
  }

  after(ms: number, what: () => void): void {
    this.#queue.push({ at: this.now + ms, order: this.#order++, what });
  }

  /** To its end, or until then. */
  run(untilMs = 10_000_000): this {
    if (this.outputs.length === 0) this.tell({ type: "begin" });
    for (let steps = 0; this.result === undefined; steps++) {
      if (steps > MAX_STEPS) throw new Error(`no end after ${MAX_STEPS} steps, at ${this.now} ms`);
      const next = this.#next();
      const deadline = this.machine.nextDeadline() ?? Number.POSITIVE_INFINITY;
      const at = Math.min(next?.at ?? Number.POSITIVE_INFINITY, deadline);
      if (at === Number.POSITIVE_INFINITY) throw new Error(`stuck at ${this.now} ms`);
      if (at > untilMs) {
        this.now = untilMs;
        return this;
      }
      this.now = Math.max(this.now, at);
      if (next !== undefined && next.at <= deadline) {
        this.#queue.splice(this.#queue.indexOf(next), 1);
        next.what();
      } else {
        this.tell({ type: "tick" });
      }
    }
    return this;
  }

  /** What is still on its way arrives, for so long. */
  settle(ms: number): this {
    const until = this.now + ms;
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      this.now = Math.max(this.now, next.at);
      this.#queue.splice(this.#queue.indexOf(next), 1);
      next.what();
    }
    this.now = until;
    return this;
  }

  tell(input: ClientInput): void {
    for (const output of this.machine.handle(this.now, input)) {
      if (this.result !== undefined) throw new Error(`${output.type} after finished`);
      this.outputs.push(output);
      if (this.#options.drops?.(output) !== true) this.#perform(output);
    }
  }

  ofType<Type extends BuildEvent["type"]>(type: Type): Extract<BuildEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<BuildEvent, { type: Type }>[];
  }

  asked<Type extends ClientOutput["type"]>(type: Type): Extract<ClientOutput, { type: Type }>[] {
    return this.outputs.filter((output) => output.type === type) as Extract<ClientOutput, { type: Type }>[];
  }

  /** Connections that were not ended. */
  get openLinks(): number {
    return this.#links.size;
  }

  #next() {
    let next = this.#queue[0];
    for (const one of this.#queue) {
      if (next === undefined || one.at < next.at || (one.at === next.at && one.order < next.order)) next = one;
    }
    return next;
  }

  #soon(input: ClientInput, ms = 0): void {
    this.after(ms, () => this.tell(input));
  }

  #perform(output: ClientOutput): void {
    switch (output.type) {
      case "connect":
        return this.#connect(output.link, output.host);
      case "send":
        return this.#links.get(output.link)?.pipe.send(output.bytes);
      case "disconnect": {
        const link = this.#links.get(output.link);
        this.#links.delete(output.link);
        return link?.pipe.end(() => link.host.closed());
      }
      case "hash": {
        this.hashes.push(output.path);
        const bytes = this.files.get(output.path);
        if (bytes === undefined) return this.#soon({ type: "hashFailed", id: output.id, message: "no such file" });
        const facts = { digest: digestOf(bytes), size: bytes.length, mode: 0o644 };
        return this.#soon({ type: "hashed", id: output.id, ...facts });
      }
      case "readInput": {
        const bytes = this.files.get(output.path)?.subarray(output.offset, output.offset + output.maxBytes);
        if (bytes === undefined) return this.#soon({ type: "inputFailed", id: output.id, message: "it is gone" });
        return this.#soon({ type: "inputBytes", id: output.id, bytes });
      }
      case "runLocal":
        return this.#runLocal(output.attempt, output.command, output.apart !== undefined);
      case "killLocal":
        this.#killed.add(output.attempt);
        return;
      case "openOutput":
        this.#parts.set(`${output.attempt} ${output.path}`, []);
        return;
      case "writeOutput":
        this.#parts.get(`${output.attempt} ${output.path}`)?.push(output.bytes.slice());
        return this.#soon({ type: "took", attempt: output.attempt, bytes: output.bytes.length });
      case "endOutput": {
        const key = `${output.attempt} ${output.path}`;
        const bytes = joined(this.#parts.get(key) ?? []);
        const digest = digestOf(bytes);
        this.#whole.set(key, { digest, bytes });
        return this.#soon({ type: "outputWritten", attempt: output.attempt, path: output.path, digest });
      }
      case "commit":
        return this.#commit(output.attempt, output.paths);
      case "discard":
        this.settled.push({ attempt: output.attempt, how: "discard" });
        return;
      case "show":
      case "keep": {
        const text = new TextDecoder().decode(output.bytes);
        if (output.type === "show") this.shown += text;
        else this.#kept.set(output.attempt, (this.#kept.get(output.attempt) ?? "") + text);
        return this.#soon({ type: "took", attempt: output.attempt, bytes: output.bytes.length });
      }
      case "showKept":
        this.shown += this.#kept.get(output.attempt) ?? "";
        return;
      case "lookUp": {
        const key = output.keys.find((one) => this.cache.has(one));
        if (key === undefined) return this.#soon({ type: "notFound", id: output.id });
        const outputs = this.cache.get(key) ?? [];
        for (const path of outputs) {
          const bytes = new TextEncoder().encode(path);
          this.#whole.set(`${output.attempt} ${path}`, { digest: digestOf(bytes), bytes });
        }
        return this.#soon({ type: "found", id: output.id, key, outputs });
      }
      case "remember":
        this.cache.set(output.key, output.paths);
        return;
      case "event":
        this.events.push(output.event);
        return;
      case "finished":
        this.result = output.result;
    }
  }

  #connect(link: number, index: number): void {
    const host = this.#hosts[index] as FakeHost;
    const latencyMs = this.#latencyMs;
    if (this.down.has(index)) return this.#soon({ type: "closed", link, why: "refused" }, latencyMs);
    const there = () => this.#links.get(link)?.host === host;
    const pipe = new Pipe(this.#network, latencyMs, this.#options.bytesPerMs, {
      arrived: (bytes) => host.data(bytes),
      full: (isFull) => {
        if (isFull) this.fulls++;
        if (there()) this.tell({ type: isFull ? "full" : "drained", link });
      },
    });
    this.#links.set(link, { host, pipe });
    this.after(latencyMs, () => {
      if (!there()) return;
      const send = (bytes: Uint8Array) => {
        this.after(latencyMs, () => there() && this.tell({ type: "data", link, bytes }));
      };
      host.opened(send, () => {
        this.after(latencyMs, () => {
          if (there() && this.#links.delete(link)) this.tell({ type: "closed", link, why: "reset" });
        });
      });
      this.tell({ type: "connected", link });
    });
  }

  #runLocal(attempt: number, command: string, isApart: boolean): void {
    const { workMs, exit, outputs, end } = doingOf(command);
    this.#soon({ type: "localStarted", attempt });
    const measured = { cpuMicros: 0, peakBytes: 0, wallMicros: workMs * 1_000, text: "" };
    const poll = (leftMs: number): void => {
      if (this.#killed.has(attempt)) {
        return this.tell({ type: "localEnded", attempt, end: { end: "SIGNALLED", code: 15, ...measured } });
      }
      if (leftMs > 0) return this.after(Math.min(10, leftMs), () => poll(leftMs - 10));
      const made = (exit === 0 ? outputs : []).map((path) => ({ path, bytes: contentOf(command, path) }));
      for (const { path, bytes } of made) {
        if (isApart) this.#whole.set(`${attempt} ${path}`, { digest: digestOf(bytes), bytes });
        else this.files.set(path, bytes);
      }
      const sizes = made.map(({ path, bytes }) => ({ path, size: bytes.length }));
      this.tell({
        type: "localEnded",
        attempt,
        end: { end, code: exit, ...measured },
        ...(isApart && { made: sizes }),
      });
    };
    this.after(0, () => poll(workMs));
  }

  #commit(attempt: number, paths: readonly string[]): void {
    this.settled.push({ attempt, how: "commit" });
    if (this.#options.commitFails?.(paths) === true) {
      return this.#soon({ type: "commitFailed", attempt, message: "no room" });
    }
    for (const path of paths) {
      const whole = this.#whole.get(`${attempt} ${path}`);
      if (whole === undefined) throw new Error(`${path} of ${attempt} is committed before it is whole`);
      this.files.set(path, whole.bytes);
      this.committed.push({ attempt, path, digest: whole.digest });
    }
    this.#soon({ type: "committed", attempt });
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
