/** A node of the world: its program, its clock, its timer, and what waits for it while it is paused. */

import type { CreateProgram, NodeInput, NodeOutput, NodeProgram } from "./contract.js";
import { Disk, type DiskOptions, type Unsynced } from "./disk.js";
import { SimnetError } from "./errors.js";
import type { NodeClock } from "./node-clock.js";
import { InboxTurn, Later, Wake } from "./node-events.js";
import type { Random } from "./random.js";
import type { Timeline } from "./timeline.js";
import type { WallClock } from "./wall-clock.js";

/** Ticks one after another, without any time passing, after which a program is held to be stuck. */
const MAX_TICKS_AT_ONCE = 1_000;

/** Does what a program wants. */
export type PerformOutput = (node: SimulatedNode, output: NodeOutput) => void;

export class SimulatedNode {
  readonly name: string;
  readonly clock: NodeClock;
  readonly wall: WallClock;
  readonly disk: Disk;
  /** Open datagram ports, and ports at which connections are accepted. */
  readonly bound: Set<number> = new Set();
  readonly listening: Set<number> = new Set();
  /** Whether the machine around the program answers: it may, while the program is down. */
  hostUp = false;
  readonly #create: CreateProgram;
  readonly #random: Random;
  readonly #timeline: Timeline;
  readonly #perform: PerformOutput;
  #program: NodeProgram | undefined;
  #incarnation = 0;
  #boot = 1;
  #pauses = 0;
  #sleeps = 0;
  #inbox: NodeInput[] = [];
  /** After a pause: whether there are messages that its timers must wait for. */
  #timersWaitFor: (() => boolean) | undefined;
  #wake: Wake | undefined;
  readonly #laters = new Set<Later>();
  #lastTick = Number.NaN;
  #ticksAtOnce = 0;

  constructor(
    name: string,
    create: CreateProgram,
    clocks: { readonly own: NodeClock; readonly wall: WallClock },
    disk: DiskOptions,
    random: Random,
    timeline: Timeline,
    perform: PerformOutput,
  ) {
    this.name = name;
    this.clock = clocks.own;
    this.wall = clocks.wall;
    this.disk = new Disk(disk, timeline, random.fork("disk"), ({ token }, how) => this.deliver({ type: how, token }));
    this.#create = create;
    this.#random = random;
    this.#timeline = timeline;
    this.#perform = perform;
  }

  /** What outlives a crash. */
  get durable(): Map<string, unknown> {
    return this.disk.content;
  }

  /** The whole machine sleeps: nothing that is sent to it arrives. */
  get isAsleep(): boolean {
    return this.#sleeps > 0;
  }

  /** What runs on it; undefined while it is down. */
  get program(): NodeProgram | undefined {
    return this.#program;
  }

  get state(): "up" | "paused" | "down" {
    if (this.#program === undefined) return "down";
    return this.#pauses > 0 ? "paused" : "up";
  }

  /** It runs, and nothing waits for it. */
  get isReady(): boolean {
    return this.state === "up" && this.#inbox.length === 0;
  }

  /** 1 for the first start; 0 before it. */
  get incarnation(): number {
    return this.#incarnation;
  }

  start(): void {
    const incarnation = ++this.#incarnation;
    this.hostUp = true;
    const random = this.#random.fork(`incarnation ${incarnation}`);
    const randomBytes = (length: number): Uint8Array => random.bytes(length);
    this.#guarded("create", () => {
      const wallClock = (): number => this.wall.read(this.#timeline.now);
      this.#program = this.#create({
        name: this.name,
        incarnation,
        boot: this.#boot,
        randomBytes,
        durable: this.durable,
        wallClock,
      });
    });
    this.deliver({ type: "start" });
  }

  crash(durable: "kept" | "lost", host: "up" | "down", unsynced: Unsynced = "lost"): void {
    this.#program = undefined;
    this.hostUp = host === "up";
    if (host === "down") this.#boot++;
    this.#pauses = 0;
    this.#timersWaitFor = undefined;
    if (this.#sleeps > 0) this.#wakeUp();
    this.#inbox = [];
    this.bound.clear();
    this.listening.clear();
    this.#setWake(undefined);
    for (const later of this.#laters) later.cancelled = true;
    this.#laters.clear();
    this.disk.crash(durable, unsynced);
  }

  /** Pauses may overlap: it goes on when the last one is over. True where it ran until now. */
  pause(): boolean {
    return ++this.#pauses === 1;
  }

  /**
   * Ends one pause, or all. True where it was the last. What has waited comes in its order, and a missed deadline before
   * it (`timers`) or after it.
   * @param hasMessages whether there are any for the program beside those that wait here
   */
  resume(first: "messages" | "timers", hasMessages: () => boolean, all = false): boolean {
    this.#pauses = all ? 0 : this.#pauses - 1;
    if (this.#pauses > 0) return false;
    if (first === "messages") this.#timersWaitFor = hasMessages;
    else if (this.clock.read(this.#timeline.now) >= (this.#deadline() ?? Number.POSITIVE_INFINITY)) {
      this.#inbox.unshift({ type: "tick" });
    }
    if (this.#inbox.length > 0) this.#timeline.schedule(this.#timeline.now, new InboxTurn(this));
    else this.#armWake();
    return true;
  }

  /** The machine sleeps: its clock stands, and it handles nothing. True where it was awake until now. */
  sleep(): boolean {
    this.#pauses++;
    if (++this.#sleeps > 1) return false;
    this.clock.stand(this.#timeline.now);
    this.clockChanged();
    return true;
  }

  /** Ends one sleep, or all; `resume` follows. */
  wakeUp(all = false): void {
    if (this.#sleeps === 0 || (!all && --this.#sleeps > 0)) return;
    this.#wakeUp();
    this.clockChanged();
  }

  #wakeUp(): void {
    this.#sleeps = 0;
    this.clock.goOn(this.#timeline.now);
  }

  /** Hands the program an input now, or when it goes on. False where there is no program. */
  deliver(input: NodeInput): boolean {
    if (this.#program === undefined) return false;
    // What has waited goes first, an event for each.
    if (this.#pauses > 0 || this.#inbox.length > 0) this.#inbox.push(input);
    else this.#handle(this.#program, input);
    return true;
  }

  /** For `InboxTurn` alone. */
  takeFromInbox(): void {
    if (this.state !== "up") return;
    const input = this.#inbox.shift();
    if (this.#inbox.length > 0) this.#timeline.schedule(this.#timeline.now, new InboxTurn(this));
    if (input !== undefined && this.#program !== undefined) this.#handle(this.#program, input);
  }

  #handle(program: NodeProgram, input: NodeInput): void {
    const now = this.clock.read(this.#timeline.now);
    const outputs = this.#guarded(input.type, () => program.handle(now, input));
    if (!Array.isArray(outputs)) {
      throw new SimnetError("PROGRAM_MISUSE", `${this.name}: handle() must answer an array, not ${outputs}`);
    }
    for (const output of outputs) this.#perform(this, output);
    this.#armWake();
  }

  /** `token` comes back after `afterMs` of the node's own clock. */
  later(afterMs: number, token: unknown): void {
    this.#addLater(this.clock.read(this.#timeline.now) + afterMs, token);
  }

  /** The clock was set or runs otherwise: what waits for it comes at another time of the world. */
  clockChanged(): void {
    const waiting = [...this.#laters];
    this.#laters.clear();
    for (const later of waiting) {
      later.cancelled = true;
      this.#addLater(later.due, later.token);
    }
    this.#setWake(undefined);
    if (this.#program !== undefined) this.#armWake();
  }

  /** For `Later` alone. */
  laterDue(later: Later): void {
    this.#laters.delete(later);
    this.deliver({ type: "later", token: later.token });
  }

  /** For `Wake` alone. */
  wakeDue(): void {
    this.#wake = undefined;
    if (this.state !== "up" || this.#inbox.length > 0) return;
    if (this.#timersWaitFor?.() === true) return this.#setWake(new Wake(this, this.#timeline.now));
    this.#timersWaitFor = undefined;
    const now = this.clock.read(this.#timeline.now);
    const deadline = this.#deadline();
    if (deadline === undefined || now < deadline) return this.#armWake();
    if (now !== this.#lastTick) this.#ticksAtOnce = 0;
    this.#lastTick = now;
    if (++this.#ticksAtOnce > MAX_TICKS_AT_ONCE) {
      const message = `${this.name} was given ${MAX_TICKS_AT_ONCE} ticks at ${now} ms of its clock and still wants to be woken at ${deadline}`;
      throw new SimnetError("LIVELOCK", message);
    }
    this.deliver({ type: "tick" });
  }

  #addLater(due: number, token: unknown): void {
    const later = new Later(this, due, token);
    this.#laters.add(later);
    this.#timeline.schedule(this.clock.worldTimeOf(due), later);
  }

  /**
   * Sees to it that the program is woken at its deadline, or before: a timer that comes too early is set again, which
   * costs less than a new one whenever the deadline moves on.
   */
  #armWake(): void {
    const deadline = this.#deadline();
    if (deadline === undefined || deadline === Number.POSITIVE_INFINITY) return this.#setWake(undefined);
    const at = Math.max(this.clock.worldTimeOf(deadline), this.#timeline.now);
    if (this.#wake !== undefined && this.#wake.at <= at) return;
    this.#setWake(new Wake(this, at));
  }

  #setWake(wake: Wake | undefined): void {
    if (this.#wake !== undefined) this.#wake.cancelled = true;
    this.#wake = wake;
    if (wake !== undefined) this.#timeline.schedule(wake.at, wake);
  }

  #deadline(): number | undefined {
    const deadline = this.#guarded("nextDeadline", () => this.#program?.nextDeadline());
    if (deadline === undefined || (typeof deadline === "number" && !Number.isNaN(deadline))) return deadline;
    throw new SimnetError(
      "PROGRAM_MISUSE",
      `${this.name}: nextDeadline() must be a number or undefined, not ${deadline}`,
    );
  }

  #guarded<Result>(doing: string, act: () => Result): Result {
    try {
      return act();
    } catch (cause) {
      if (cause instanceof SimnetError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `the program of ${this.name} threw on "${doing}" at ${this.#timeline.now} ms: ${why}`;
      throw new SimnetError("PROGRAM_THREW", message, { cause });
    }
  }
}
