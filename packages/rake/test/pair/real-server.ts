/** The server's machine behind a connection of the client's world: what its commands do stands in the command. */
import {
  decodeServerMessage,
  type ServerMachine,
  type ServerMachineOptions,
  type ServerMessage,
} from "../../src/core/index.js";
import { contentOf, doingOf, type FakeNetwork } from "../build/fake-server.js";
import type { FakeHost } from "../build/fake-world.js";
import { Pipe } from "../build/pipe.js";
import { bytesOf } from "../server/fake-platform.js";
import { type FakeRun, NO_BYTES } from "../server/fake-run.js";
import { Rig } from "../server/rig.js";

export interface RealServerOptions extends ServerMachineOptions {
  /** What its links take of it in a millisecond; without it, anything. */
  readonly bytesPerMs?: number;
  /** Instead of `ServerMachine`. */
  readonly Machine?: typeof ServerMachine;
}

/** The end of one connection, as the rig knows it. */
interface Wire {
  readonly pipe: Pipe;
  isFull: boolean;
  /** What came while it was full: it is not read. */
  unread: Uint8Array[];
}

export class RealServer implements FakeHost {
  readonly rig: Rig;
  readonly wires: Map<number, Wire> = new Map();
  /** How often a connection of it was full. */
  fulls = 0;
  readonly #network: FakeNetwork;
  readonly #speed: number;
  readonly #bytesPerMs: number | undefined;
  readonly #sent = new Map<string, number>();
  readonly #played = new Set<FakeRun>();
  #wakeAt = Number.POSITIVE_INFINITY;
  /** The connection of the client. */
  #current = 0;

  constructor(network: FakeNetwork, { bytesPerMs, Machine, ...options }: RealServerOptions = {}) {
    this.#network = network;
    this.#bytesPerMs = bytesPerMs;
    this.#speed = (options.speed ?? 1_000) / 1_000;
    this.rig = new Rig(options, [], Machine);
  }

  opened(send: (bytes: Uint8Array) => void, close: () => void): void {
    const connection = ++this.#current;
    const pipe = new Pipe(this.#network, 0, this.#bytesPerMs, {
      arrived: send,
      full: (isFull) => this.#full(connection, isFull),
    });
    this.wires.set(connection, { pipe, isFull: false, unread: [] });
    this.rig.wires.set(connection, {
      isPaused: false,
      take: (bytes) => {
        // A frame each: its length, then the type.
        const type = decodeServerMessage(bytes.slice(8))?.type ?? "PONG";
        this.#sent.set(type, this.sent(type) + 1);
        pipe.send(bytes);
      },
      hungUp: () => {
        this.wires.delete(connection);
        pipe.end(close);
      },
    });
    this.#tell(() => this.rig.tell({ type: "opened", connection }));
  }

  data(bytes: Uint8Array): void {
    const wire = this.wires.get(this.#current);
    if (wire === undefined) return;
    if (wire.isFull) return void wire.unread.push(bytes);
    this.#tell(() => this.rig.tell({ type: "data", connection: this.#current, bytes }));
  }

  closed(): void {
    if (!this.wires.delete(this.#current)) return;
    this.#tell(() => this.rig.tell({ type: "closed", connection: this.#current }));
  }

  /** What was held is done from now on. */
  letGo(): void {
    this.#tell(() => this.rig.letGo());
  }

  /** How many messages of this type it has said. */
  sent(type: ServerMessage["type"]): number {
    return this.#sent.get(type) ?? 0;
  }

  #full(connection: number, isFull: boolean): void {
    const wire = this.wires.get(connection);
    if (wire === undefined) return;
    wire.isFull = isFull;
    if (isFull) this.fulls++;
    this.#tell(() => this.rig.tell({ type: isFull ? "full" : "drained", connection }));
    while (!wire.isFull && wire.unread.length > 0) this.data(wire.unread.shift() ?? NO_BYTES);
  }

  #tell(what: () => void): void {
    this.rig.now = this.#network.now();
    what();
    for (const run of this.rig.runs.values()) {
      if (!run.isStarted || this.#played.has(run)) continue;
      this.#played.add(run);
      this.#play(run);
    }
    this.#wake();
  }

  #wake(): void {
    const now = this.#network.now();
    const at = Math.max(now, this.rig.machine.nextDeadline() ?? Number.POSITIVE_INFINITY);
    if (at >= this.#wakeAt || at === Number.POSITIVE_INFINITY) return;
    this.#wakeAt = at;
    this.#network.after(at - now, () => {
      if (this.#wakeAt === at) this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#tell(() => this.rig.tell({ type: "tick" }));
    });
  }

  /** "flood=N": so many bytes on stdout, before it ends. */
  #play(run: FakeRun): void {
    const { command } = run.job;
    const { workMs, print, outputs, exit } = doingOf(command);
    const flood = Number(/flood=(\d+)/.exec(command)?.[1] ?? 0);
    this.#network.after(workMs / this.#speed, () => {
      if (run.isOver || run.isRemoved) return;
      this.#tell(() => {
        if (print !== "") run.print(bytesOf(print));
        if (flood > 0) run.print(new Uint8Array(flood).fill(97));
        for (const path of exit === 0 ? outputs : []) run.makes(path, contentOf(command, path));
        run.exits(exit);
      });
    });
  }
}
