/** A world: nodes with programs, links between them, a virtual clock, and everything that goes wrong (docs/simnet.md). */

import { finiteFrom, integerFrom } from "./checked-numbers.js";
import { checkBytes, checkEndpoint } from "./checked-outputs.js";
import type { CreateProgram, NodeOutput, NodeProgram } from "./contract.js";
import { DatagramNetwork } from "./datagram-network.js";
import { SimnetError } from "./errors.js";
import type { Scheduled } from "./event-queue.js";
import { FaultInjector } from "./fault-injector.js";
import { checkFault, type Fault } from "./faults.js";
import { resolveImpairments } from "./impairments.js";
import { onlyKnown } from "./known-keys.js";
import { LinkTable } from "./link-table.js";
import { NodeClock } from "./node-clock.js";
import { Random } from "./random.js";
import { SimulatedNode } from "./simulated-node.js";
import { StreamNetwork } from "./stream-network.js";
import { resolveStreamOptions } from "./stream-options.js";
import { Timeline } from "./timeline.js";
import type { TraceEvent } from "./trace.js";
import { TraceRecorder, type TrafficCounts } from "./trace-recorder.js";
import { WallClock } from "./wall-clock.js";
import type { LinkOptions, NodeOptions, RunOptions, RunResult, WorldOptions } from "./world-options.js";

const OPTIONS = [
  "nodes",
  "seed",
  "impairments",
  "links",
  "faults",
  "streams",
  "calmAtMs",
  "wallStartMs",
  "trace",
  "onStep",
] as const;
const NODE_OPTIONS = ["create", "skewMs", "rate", "startAtMs", "wallOffsetMs", "disk"] as const;
/** 2023-11-14: any day. */
const DEFAULT_WALL_START_MS = 1_700_000_000_000;
const DEFAULT_TRACE_EVENTS = 100_000;
const DEFAULT_MAX_EVENTS = 1_000_000;
/** Events at one instant after which a world is held to be stuck. */
const MAX_EVENTS_AT_ONCE = 100_000;
/** What UDP over IPv4 can carry. */
const MAX_DATAGRAM_BYTES = 65_507;

/** What may be known of a node from outside. */
export interface NodeView {
  readonly name: string;
  readonly state: "up" | "paused" | "down";
  /** 1 for the first start, one more after every crash; 0 before the first. */
  readonly incarnation: number;
  /** What outlives a crash; a test may put something in before the start. */
  readonly durable: Map<string, unknown>;
}

export class World {
  readonly #timeline = new Timeline();
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #recorder: TraceRecorder;
  readonly #random: Random;
  readonly #links: LinkTable;
  readonly #datagrams: DatagramNetwork;
  readonly #streams: StreamNetwork;
  readonly #faults: FaultInjector;
  readonly #onStep: ((world: World) => void) | undefined;
  readonly #wallStartMs: number;
  #events = 0;
  #eventsAtOnce = 0;
  #isStepping = false;

  /** @throws RangeError or TypeError that names a wrong option, or the wrong field of a fault */
  constructor(options: WorldOptions = {}) {
    onlyKnown("the options of a world", options, OPTIONS satisfies readonly (keyof WorldOptions)[]);
    const { nodes = {}, seed = 0, impairments = {}, links = [], faults = [], trace = true } = options;
    const kept = typeof trace === "number" ? integerFrom("trace", trace, 0) : trace ? DEFAULT_TRACE_EVENTS : 0;
    this.#recorder = new TraceRecorder(kept);
    this.#random = new Random(seed);
    this.#links = new LinkTable(resolveImpairments(impairments), this.#random.fork("links"), this.#recorder.counts);
    this.#datagrams = new DatagramNetwork(this.#nodes, this.#links, this.#timeline, this.#recorder);
    this.#streams = new StreamNetwork(
      this.#nodes,
      this.#links,
      this.#timeline,
      this.#recorder,
      resolveStreamOptions(options.streams),
      this.#random.fork("streams"),
    );
    this.#faults = new FaultInjector(this.#nodes, this.#links, this.#streams, this.#timeline, this.#recorder);
    this.#onStep = options.onStep;
    this.#wallStartMs = finiteFrom("wallStartMs", options.wallStartMs ?? DEFAULT_WALL_START_MS, 0);
    if (options.calmAtMs !== undefined) this.#faults.calmFrom(finiteFrom("calmAtMs", options.calmAtMs, 0));
    for (const [name, node] of Object.entries(nodes)) this.addNode(name, node);
    for (const link of links) this.#setLink(link);
    for (const fault of faults) this.addFault(fault);
  }

  /** Virtual milliseconds since the start of the world. */
  get now(): number {
    return this.#timeline.now;
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events;
  }

  /** What was recorded, in the order in which it happened. Its bytes belong to the trace: read them only. */
  get trace(): readonly TraceEvent[] {
    return this.#recorder.events;
  }

  /** Events beyond those that the trace keeps. */
  get traceOmitted(): number {
    return this.#recorder.omitted;
  }

  /** What happened, counted; kept without a trace too. */
  get counts(): Readonly<TrafficCounts> {
    return this.#recorder.counts;
  }

  /** The names of the nodes, in the order in which they were added. */
  get nodeNames(): string[] {
    return [...this.#nodes.keys()];
  }

  /** @throws RangeError for a name that is taken or empty, RangeError or TypeError for a wrong option */
  addNode(name: string, node: CreateProgram | NodeOptions): void {
    if (typeof node !== "function")
      onlyKnown(`node "${name}"`, node, NODE_OPTIONS satisfies readonly (keyof NodeOptions)[]);
    const { create, skewMs = 0, rate = 1, startAtMs = this.now } = typeof node === "function" ? { create: node } : node;
    if (name === "" || this.#nodes.has(name)) throw new RangeError(`a node needs a name of its own, not "${name}"`);
    if (typeof create !== "function") throw new TypeError(`node "${name}" needs a function that creates its program`);
    finiteFrom("skewMs", skewMs, -Number.MAX_VALUE);
    finiteFrom("rate", rate, Number.MIN_VALUE);
    finiteFrom("startAtMs", startAtMs, 0);
    const { wallOffsetMs = 0, disk = {} } = typeof node === "function" ? {} : node;
    finiteFrom("wallOffsetMs", wallOffsetMs, -Number.MAX_VALUE);
    const made = new SimulatedNode(
      name,
      create,
      { own: new NodeClock(skewMs, rate), wall: new WallClock(this.#wallStartMs + wallOffsetMs) },
      disk,
      this.#random.fork(`node ${name}`),
      this.#timeline,
      this.#perform,
    );
    this.#nodes.set(name, made);
    this.#at(startAtMs, () => this.#faults.start(made));
  }

  /** Another fault, at a time to come or to a packet to come. @throws RangeError or TypeError that names its wrong field */
  addFault(fault: Fault): void {
    checkFault(fault, (name) => this.#nodes.has(name));
    this.#faults.add(fault);
  }

  /**
   * Tells a program to do something, at `atMs` (default: now, as the next event of this instant). Lost on a node that is
   * down. @throws RangeError for an unknown node
   */
  command(name: string, command: unknown, atMs: number = this.now): void {
    const node = this.#node(name);
    finiteFrom("atMs", atMs, 0);
    this.#at(atMs, () => {
      const text = node.state === "down" ? `lost: ${commandText(command)}` : commandText(command);
      if (this.#recorder.isOn) this.#recorder.record({ type: "node", at: this.now, node: name, what: "command", text });
      node.deliver({ type: "command", command });
    });
  }

  /** @throws RangeError for an unknown node */
  node(name: string): NodeView {
    return this.#node(name);
  }

  /**
   * The program that runs on a node; undefined while it is down, and before its start event. The type is the caller's
   * knowledge. @throws RangeError for an unknown node
   */
  program<Program extends NodeProgram = NodeProgram>(name: string): Program | undefined {
    return this.#node(name).program as Program | undefined;
  }

  /** What the node's own clock shows now. @throws RangeError for an unknown node */
  clockOf(name: string): number {
    return this.#node(name).clock.read(this.now);
  }

  /** What the node's wall clock shows now. @throws RangeError for an unknown node */
  wallOf(name: string): number {
    return this.#node(name).wall.read(this.now);
  }

  /** Bytes that a program wrote to a connection and that were not sent yet. @throws RangeError for an unknown node */
  unsentBytes(name: string, connection: number): number {
    return this.#streams.unsentBytes(this.#node(name), connection);
  }

  /**
   * Lets one event happen, and asks `onStep`. False when nothing is left to happen.
   * @throws SimnetError `PROGRAM_THREW`, `PROGRAM_MISUSE`, `LIVELOCK`, or `REENTRY` where a program or `onStep` asks for
   * it; whatever `onStep` throws
   */
  step(): boolean {
    this.#refuseReentry();
    this.#isStepping = true;
    try {
      return this.#step();
    } finally {
      this.#isStepping = false;
    }
  }

  #step(): boolean {
    const before = this.now;
    if (!this.#timeline.step()) return false;
    this.#events++;
    this.#eventsAtOnce = this.now === before ? this.#eventsAtOnce + 1 : 0;
    if (this.#eventsAtOnce > MAX_EVENTS_AT_ONCE) {
      throw new SimnetError("LIVELOCK", `more than ${MAX_EVENTS_AT_ONCE} events at ${before} ms, and no end of it`);
    }
    this.#onStep?.(this);
    return true;
  }

  /**
   * Lets events happen until one of the conditions holds.
   * @throws SimnetError as `step` does, and `TOO_MANY_EVENTS`; RangeError for a wrong option
   */
  run({ untilMs, until, maxEvents = DEFAULT_MAX_EVENTS }: RunOptions = {}): RunResult {
    this.#refuseReentry();
    if (untilMs !== undefined) finiteFrom("untilMs", untilMs, 0);
    if (maxEvents !== Number.POSITIVE_INFINITY) integerFrom("maxEvents", maxEvents, 0);
    for (let left = maxEvents; ; left--) {
      const next = this.#timeline.nextTime();
      if (untilMs !== undefined && (next === undefined || next > untilMs)) {
        this.#timeline.idleUntil(untilMs);
        return "time";
      }
      if (next === undefined) return "idle";
      if (left === 0)
        throw new SimnetError("TOO_MANY_EVENTS", `more than ${maxEvents} events (maxEvents), at ${next} ms`);
      this.step();
      if (until?.(this) === true) return "until";
    }
  }

  readonly #perform = (node: SimulatedNode, output: NodeOutput): void => {
    try {
      this.#do(node, output);
    } catch (cause) {
      if (cause instanceof SimnetError) throw cause;
      const message = `${node.name} wants what cannot be: ${(cause as Error).message}`;
      throw new SimnetError("PROGRAM_MISUSE", message, { cause });
    }
  };

  #do(node: SimulatedNode, output: NodeOutput): void {
    switch (output.type) {
      case "datagram":
        checkEndpoint("to", output.to);
        checkBytes("bytes", output.bytes, MAX_DATAGRAM_BYTES);
        return this.#datagrams.send(node, output.port, output.to, output.bytes);
      case "bind":
        node.bound.add(integerFrom("port", output.port, 1, 65_535));
        return;
      case "listen":
        node.listening.add(integerFrom("port", output.port, 1, 65_535));
        return;
      case "connect":
        checkEndpoint("to", output.to);
        return this.#streams.connect(node, output.connection, output.to);
      case "write":
        checkBytes("bytes", output.bytes);
        return this.#streams.write(node, output.connection, output.bytes);
      case "end":
        return this.#streams.end(node, output.connection);
      case "reset":
        return this.#streams.reset(node, output.connection);
      case "pause":
      case "resume":
        return this.#streams.setReading(node, output.connection, output.type === "resume");
      case "later":
        return node.later(finiteFrom("afterMs", output.afterMs, 0), output.token);
      case "store":
        if (typeof output.key !== "string") throw new TypeError(`key must be a string, not ${output.key}`);
        return node.disk.write({ key: output.key, value: output.value, token: output.token });
      case "note":
        if (typeof output.text !== "string") throw new TypeError(`text must be a string, not ${output.text}`);
        if (!this.#recorder.isOn) return;
        this.#recorder.record({ type: "note", at: this.now, node: node.name, text: output.text });
        return;
      default:
        throw new SimnetError("PROGRAM_MISUSE", `${node.name} wants "${(output as { type: string }).type}"`);
    }
  }

  #refuseReentry(): void {
    if (this.#isStepping) throw new SimnetError("REENTRY", "a world cannot be run from within one of its own events");
  }

  #setLink({ from, to, impairments, oneWay = false }: LinkOptions): void {
    this.#node(from);
    this.#node(to);
    this.#links.begin(from, to, impairments);
    if (!oneWay) this.#links.begin(to, from, impairments);
  }

  #node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new RangeError(`there is no node "${name}"`);
    return node;
  }

  #at(time: number, act: () => void): void {
    const event: Scheduled = { perform: act };
    this.#timeline.schedule(time, event);
  }
}

function commandText(command: unknown): string {
  if (typeof command === "string") return command;
  const { type } = (command ?? {}) as { type?: unknown };
  return typeof type === "string" ? type : "";
}
