/**
 * A server's machine with a driver that plays: it performs each output as the contract says, complains of those that the
 * contract forbids, and answers at once, or when the test says.
 */
import type { NeededInput } from "../../src/core/messages.js";
import { matches } from "../../src/core/paths.js";
import type { ServerEvent, ServerInput, ServerOutput, ServerView } from "../../src/core/server-contract.js";
import { ServerMachine } from "../../src/core/server-machine.js";
import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { plainPlatform, sha256 } from "./fake-platform.js";
import { FakeRun } from "./fake-run.js";
import { Peer, V1Peer } from "./peers.js";

type Effect = "writeUpload" | "endUpload" | "start" | "pull" | "collect" | "readOutput" | "remove" | "kill";

interface FakeUpload {
  readonly size: number;
  readonly digest: string | undefined;
  readonly chunks: Uint8Array[];
  isWhole: boolean;
}

/** The other end of a connection. */
export interface RigPeer {
  take(bytes: Uint8Array): void;
  hungUp(why: string): void;
  isPaused: boolean;
}

/** What the driver has to do, and has not done. */
interface Pending {
  readonly effect: Effect;
  readonly perform: () => void;
}

export class Rig {
  static Machine: typeof ServerMachine = ServerMachine;

  readonly machine: ServerMachine;
  readonly events: ServerEvent[] = [];
  readonly outputs: ServerOutput[] = [];
  readonly runs: Map<number, FakeRun> = new Map();
  readonly uploads: Map<number, FakeUpload> = new Map();
  /** Sizes of what stands in the store. */
  readonly store: Map<string, number> = new Map();
  readonly pending: Pending[] = [];
  /** Effects that are not performed until `perform`. */
  readonly held: Set<Effect> = new Set();
  readonly peers: Map<number, Peer | V1Peer> = new Map();
  /** Connections that are not those of peers. */
  readonly wires: Map<number, RigPeer> = new Map();
  now = 1_000;
  idle = 0;
  readonly #lost = new Set<string>();
  #connections = 0;
  #isPerforming = false;
  readonly #told: ServerInput[] = [];

  constructor(
    options: ServerMachineOptions = {},
    stored: readonly NeededInput[] = [],
    Machine: typeof ServerMachine = Rig.Machine,
  ) {
    for (const { digest, size } of stored) this.store.set(digest, size);
    this.machine = new Machine(options, plainPlatform(), stored);
  }

  get view(): ServerView {
    return this.machine.view();
  }

  connect(address?: string): Peer {
    const peer = new Peer(this, ++this.#connections);
    this.peers.set(peer.id, peer);
    this.tell({ type: "opened", connection: peer.id, ...(address === undefined ? {} : { address }) });
    return peer;
  }

  /** One that has its WELCOME. */
  welcomed(): Peer {
    return this.connect().opens();
  }

  connectV1(dialect: "v1-4" | "v1-8" = "v1-4"): V1Peer {
    const peer = new V1Peer(this, ++this.#connections, dialect);
    this.peers.set(peer.id, peer);
    this.tell({ type: "opened", connection: peer.id });
    return peer;
  }

  /** Hands it in behind what is being performed. */
  tell(input: ServerInput): void {
    this.#told.push(input);
    if (this.#isPerforming) return;
    this.#isPerforming = true;
    try {
      for (let next = this.#told.shift(); next !== undefined; next = this.#told.shift()) {
        for (const output of this.machine.handle(this.now, next)) this.#take(output);
        this.#performThoseNotHeld();
      }
    } finally {
      this.#isPerforming = false;
    }
  }

  /** Time passes; the machine is woken whenever it wants to be. */
  wait(ms: number): void {
    const until = this.now + ms;
    for (let turns = 0; ; turns++) {
      const deadline = this.machine.nextDeadline();
      if (deadline === undefined || deadline > until) break;
      if (turns > 10_000) throw new Error("it wants to be woken for ever");
      this.now = Math.max(this.now, deadline);
      this.tell({ type: "tick" });
    }
    this.now = until;
  }

  /** Performs what was held: the oldest such effect, or all of them. */
  perform(effect: Effect, all = true): void {
    do {
      const at = this.pending.findIndex((one) => one.effect === effect);
      if (at < 0) return;
      this.performAt(at);
    } while (all);
  }

  performAt(at: number): void {
    const [one] = this.pending.splice(at, 1);
    one?.perform();
  }

  /** A file goes from the store, and the machine is not told. */
  lose(digest: string): void {
    this.store.delete(digest);
    this.#lost.add(digest);
  }

  /** No more is held. */
  letGo(): void {
    this.held.clear();
    while (this.pending.length > 0) this.performAt(0);
  }

  /** The run that was started last, or the one of this command. */
  run(command?: string): FakeRun {
    const runs = [...this.runs.values()].filter(({ job }) => command === undefined || job.command === command);
    const run = runs.at(-1);
    if (run === undefined) throw new Error(`no run of ${command ?? "anything"}`);
    return run;
  }

  outputsOf<Type extends ServerOutput["type"]>(type: Type): Extract<ServerOutput, { type: Type }>[] {
    return this.outputs.filter((output) => output.type === type) as Extract<ServerOutput, { type: Type }>[];
  }

  eventsOf<Type extends ServerEvent["type"]>(type: Type): Extract<ServerEvent, { type: Type }>[] {
    return this.events.filter((event) => event.type === type) as Extract<ServerEvent, { type: Type }>[];
  }

  #performThoseNotHeld(): void {
    for (;;) {
      const at = this.pending.findIndex(({ effect }) => !this.held.has(effect));
      if (at < 0) return;
      this.performAt(at);
    }
  }

  #later(effect: Effect, perform: () => void): void {
    this.pending.push({ effect, perform });
  }

  #take(output: ServerOutput): void {
    if (output.type === "event") {
      this.events.push(output.event);
      return;
    }
    this.outputs.push(output);
    switch (output.type) {
      case "send":
        return this.#peer(output.connection).take(output.bytes);
      case "close":
        return this.#peer(output.connection).hungUp(output.why);
      case "pause":
      case "resume":
        this.#peer(output.connection).isPaused = output.type === "pause";
        return;
      case "evict":
        if (!this.store.delete(output.digest) && !this.#lost.has(output.digest))
          throw new Error(`what is not in the store is given up`);
        return;
      case "idle":
        this.idle++;
        return;
      case "openUpload":
      case "writeUpload":
      case "endUpload":
      case "dropUpload":
        return this.#takeUpload(output);
      default:
        return this.#takeRun(output);
    }
  }

  #takeUpload(output: Extract<ServerOutput, { upload: number }>): void {
    const { upload: id } = output;
    if (output.type === "openUpload") {
      this.uploads.set(id, { size: output.size, digest: output.digest, chunks: [], isWhole: false });
      return;
    }
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.isWhole) throw new Error(`${output.type} of an upload that is over`);
    if (output.type === "dropUpload") {
      this.uploads.delete(id);
    } else if (output.type === "writeUpload") {
      const bytes = output.bytes.slice();
      upload.chunks.push(bytes);
      this.#later("writeUpload", () => this.tell({ type: "uploadTook", upload: id, bytes: bytes.length }));
    } else {
      upload.isWhole = true;
      if (upload.chunks.reduce((sum, { length }) => sum + length, 0) !== upload.size)
        throw new Error("an upload that is not whole ends");
      this.#later("endUpload", () => this.#store(id, upload));
    }
  }

  #store(id: number, { chunks, digest: wanted, size }: FakeUpload): void {
    this.uploads.delete(id);
    const digest = sha256(...chunks);
    if (wanted === undefined || wanted === digest) this.store.set(digest, size);
    this.tell({ type: "uploaded", upload: id, digest });
  }

  #takeRun(output: Extract<ServerOutput, { run: number }>): void {
    const { run: id } = output;
    if (output.type === "start") {
      if (this.runs.has(id)) throw new Error("a run that is started twice");
      const run = new FakeRun(this, id, output.job);
      this.runs.set(id, run);
      this.#later("start", () => this.#start(run));
      return;
    }
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`${output.type} of a run that was not started`);
    if (run.removes > 0) throw new Error(`${output.type} of a run that is being removed`);
    switch (output.type) {
      case "remove":
        run.removes++;
        this.#later("remove", () => {
          run.isRemoved = true;
          this.tell({ type: "removed", run: id });
        });
        return;
      case "kill":
        this.#later("kill", () => run.killed(output.hard));
        return;
      case "pull": {
        const stream = run.streams[output.stream];
        if (stream.asked > 0) throw new Error("a second pull of a stream");
        if (output.maxBytes < 1 || output.maxBytes > 65_536) throw new Error(`a pull of ${output.maxBytes} bytes`);
        stream.asked = output.maxBytes;
        this.#later("pull", () => run.feed(output.stream));
        return;
      }
      case "collect":
        if (run.collects++ > 0) throw new Error("a run that is collected twice");
        this.#later("collect", () => this.#collect(run, output.newestOnly, output.wanted));
        return;
      case "readOutput": {
        const { index, offset, maxBytes } = output;
        if (maxBytes < 1 || maxBytes > 65_536) throw new Error(`a read of ${maxBytes} bytes`);
        this.#later("readOutput", () => {
          const bytes = (run.made[index]?.bytes ?? new Uint8Array(0)).slice(offset, offset + maxBytes);
          this.tell({ type: "outputBytes", run: id, index, bytes });
        });
      }
    }
  }

  #start(run: FakeRun): void {
    if (run.isRemoved) return;
    const gone = [...new Set(run.job.inputs.map(({ digest }) => digest))].filter((digest) => !this.store.has(digest));
    if (gone.length > 0) return this.tell({ type: "startFailed", run: run.id, message: "gone", gone });
    run.isStarted = true;
    this.tell({ type: "started", run: run.id });
  }

  #collect(run: FakeRun, newestOnly: boolean, wanted: readonly string[]): void {
    const lacking = wanted.find((pattern) => !run.made.some(({ path }) => matches(pattern, path)));
    if (lacking !== undefined) {
      const message = `nothing is ${lacking}`;
      return this.tell({ type: "collectFailed", run: run.id, limited: true, message });
    }
    const { found } = run;
    this.tell({ type: "collected", run: run.id, outputs: newestOnly ? found.slice(-1) : found });
    if (newestOnly) run.made.splice(0, run.made.length - 1);
  }

  #peer(id: number): RigPeer {
    const peer = this.peers.get(id) ?? this.wires.get(id);
    if (peer === undefined) throw new Error(`there is no connection ${id}`);
    return peer;
  }
}
