/** One world of the explorer while one schedule runs: what is in flight, what can happen next, and how it happens. */

import type { Endpoint, NodeInput, NodeProgram } from "./contract.js";
import { SimnetError } from "./errors.js";
import { choice, choiceIndex, choiceType } from "./explore-choice.js";
import { StateHash } from "./explore-hash.js";
import { ExploredNode, refuseOutput } from "./explore-node.js";
import type { ExploredCommand, ExploredWorld, PossibleCrash, Scenario } from "./explore-scenario.js";
import type { TraceEvent } from "./trace.js";

/** A packet on its way. */
export interface Flight {
  readonly id: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
  readonly sentAt: number;
  /** 0 for the packet itself, 1 for its first copy, and so on. */
  readonly copy: number;
}

interface Effect {
  readonly node: number;
  readonly due: number;
  readonly token: unknown;
}

/** `PROGRAM_THREW`: which a machine must not do, whatever it is told (docs/machine.md). */
export class ProgramThrew extends SimnetError {
  constructor(node: string, input: NodeInput, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super("PROGRAM_THREW", `${node} threw at its input ${input.type}: ${what}`, { cause });
  }
}

export class SmallWorld implements ExploredWorld {
  now = 0;
  faults = 0;
  /** Inputs that programs were handed. */
  inputs = 0;
  readonly #scenario: Scenario;
  readonly #nodes: ExploredNode[];
  readonly #crashes: readonly PossibleCrash[];
  readonly #record: ((event: TraceEvent) => void) | undefined;
  readonly #horizon: number;
  readonly #maxDelay: number;
  #queue: Flight[] = [];
  #held: Flight[] = [];
  /** Whether a packet was held back that nothing has overtaken yet: then none is released, which could be done before. */
  #hasJustHeld = false;
  /** In the order in which they complete. */
  #effects: Effect[] = [];
  /** Nodes that are down and come back. */
  #returning: number[] = [];
  #commandsGiven = 0;
  #lastPacket = 0;

  /** Starts every node. @param record told every event, where a trace is wanted */
  constructor(scenario: Scenario, record?: (event: TraceEvent) => void) {
    this.#scenario = scenario;
    this.#record = record;
    this.#crashes = scenario.faults?.crashes ?? [];
    this.#horizon = scenario.horizonMs ?? Number.POSITIVE_INFINITY;
    this.#maxDelay = scenario.maxDelayMs ?? Number.POSITIVE_INFINITY;
    this.#nodes = Object.entries(scenario.nodes).map(
      ([name, create]) => new ExploredNode(name, create, scenario.seed ?? 0),
    );
    for (let node = 0; node < this.#nodes.length; node++) this.#start(node);
  }

  program<Program extends NodeProgram = NodeProgram>(node: string): Program | undefined {
    return this.#named(node).program as Program | undefined;
  }

  durable(node: string): ReadonlyMap<string, unknown> {
    return this.#named(node).durable;
  }

  node(index: number): ExploredNode {
    return this.#nodes[index] as ExploredNode;
  }

  crash(index: number): PossibleCrash {
    return this.#crashes[index] as PossibleCrash;
  }

  /** The command that is given next. */
  get command(): ExploredCommand | undefined {
    return this.#scenario.commands?.[this.#commandsGiven];
  }

  /** The node whose effect completes next. */
  get effectNode(): ExploredNode {
    return this.node(this.#effects[0]?.node ?? 0);
  }

  /** The packet that a choice is about. */
  packet(code: number): Flight | undefined {
    const type = choiceType(code);
    return type === "release" || type === "duplicate-held" ? this.#held[choiceIndex(code)] : this.#queue[0];
  }

  get canHash(): boolean {
    return this.#nodes.every((node) => node.hasFingerprint);
  }

  /** Whether something is still to come that no world waits for for ever: a held packet, a restart. */
  get isOwed(): boolean {
    return this.#held.length > 0 || this.#returning.length > 0;
  }

  /** What happens without a fault: one and the same for equal worlds. Undefined at the end. */
  next(): number | undefined {
    if (this.#commandIsDue()) return choice("command");
    const [head] = this.#queue;
    const effect = this.#effects[0];
    if (head !== undefined) {
      const arrival = this.now + (this.#scenario.deliveryMs ?? 1);
      const isEffect = effect !== undefined && effect.due <= arrival;
      if (this.#held.length > 0 && !this.#heldMayWait(isEffect ? effect.due : arrival)) return this.#releaseOldest();
      return choice(isEffect ? "effect" : "deliver");
    }
    const timer = this.#earliestTimer();
    const timerAt = timer === undefined ? Number.POSITIVE_INFINITY : (this.node(timer).deadline as number);
    const at = Math.min(timerAt, effect?.due ?? Number.POSITIVE_INFINITY);
    const isLast = at === Number.POSITIVE_INFINITY || at > this.#horizon;
    if (isLast || !this.#heldMayWait(at)) {
      if (this.#held.length > 0) return this.#releaseOldest();
      if (this.#returning.length > 0) return choice("restart", this.#returning[0] as number);
      if (isLast) return undefined;
    }
    if (effect !== undefined && effect.due <= timerAt) return choice("effect");
    return choice("timer", timer);
  }

  /** Everything but `next` that may happen now: first what is free, then, if `faults`, the faults. */
  alternatives(next: number | undefined, faults: boolean): number[] {
    const others: number[] = [];
    const add = (code: number): void => {
      if (code !== next) others.push(code);
    };
    const mayRelease = this.#hasJustHeld ? 0 : this.#held.length;
    for (let index = 0; index < mayRelease; index++) add(choice("release", index));
    for (const node of this.#returning) add(choice("restart", node));
    if (!faults) return others;
    const { drop = true, duplicate = true, delay = true, earlyTimer = true } = this.#scenario.faults ?? {};
    const [head] = this.#queue;
    if (head !== undefined) {
      if (drop && head.copy === 0) add(choice("drop")); // losing a copy is what no duplicate does with fewer faults
      if (duplicate) add(choice("duplicate"));
      if (delay && this.#canBeOvertaken()) add(choice("hold"));
    }
    for (let index = 0; duplicate && index < mayRelease; index++) add(choice("duplicate-held", index));
    for (const [index, node] of this.#nodes.entries()) {
      const { deadline } = node;
      if (deadline === undefined || deadline > this.#horizon || !this.#allMayWait(deadline)) continue;
      const may = typeof earlyTimer === "boolean" ? earlyTimer : earlyTimer.includes(node.name);
      if (may && next !== choice("timer", index)) add(choice("early-timer", index));
    }
    for (const [index, { node }] of this.#crashes.entries()) {
      if (this.#named(node).program !== undefined) add(choice("crash", index));
    }
    return others;
  }

  /** Makes one of `next()` and `alternatives()` happen. @throws ProgramThrew */
  take(code: number): void {
    const index = choiceIndex(code);
    switch (choiceType(code)) {
      case "command":
        return this.#giveCommand();
      case "effect":
        return this.#completeEffect();
      case "deliver":
        this.#hasJustHeld = false;
        return this.#deliver(this.#queue.shift() as Flight, false);
      case "timer":
        return this.#fire(index);
      case "release":
        return this.#deliver(this.#held.splice(index, 1)[0] as Flight, true);
      case "restart":
        this.#returning = this.#returning.filter((node) => node !== index);
        return this.#start(index);
      default:
        this.faults++;
        return this.#takeFault(code, index);
    }
  }

  /** The hash of everything on which the future depends but the number of faults that are left. */
  hash(): readonly [number, number] {
    const hash = new StateHash();
    for (const node of this.#nodes) node.addTo(hash, this.now);
    for (const flights of [this.#queue, this.#held]) {
      hash.word(flights.length);
      for (const flight of flights) this.#addFlight(hash, flight);
    }
    hash.word(this.#hasJustHeld ? 1 : 0);
    hash.word(this.#effects.length);
    for (const { node, due, token } of this.#effects) {
      hash.word(node);
      hash.number(due - this.now);
      hash.value(token, `the token of a later of ${this.node(node).name}`);
    }
    hash.word(this.#returning.length);
    for (const node of this.#returning) hash.word(node);
    hash.word(this.#commandsGiven);
    if (this.#horizon !== Number.POSITIVE_INFINITY) hash.number(this.now);
    return hash.digest();
  }

  #addFlight(hash: StateHash, { from, to, bytes, sentAt, copy }: Flight): void {
    hash.text(from.node);
    hash.word(from.port);
    hash.text(to.node);
    hash.word(to.port);
    hash.bytes(bytes);
    hash.word(copy > 0 ? 1 : 0);
    if (this.#maxDelay !== Number.POSITIVE_INFINITY) hash.number(this.now - sentAt);
  }

  #takeFault(code: number, index: number): void {
    switch (choiceType(code)) {
      case "drop":
        return this.#lose(this.#queue.shift() as Flight, "drop");
      case "duplicate":
        this.#hasJustHeld = false;
        return this.#deliverLeavingCopy(this.#queue.shift() as Flight, false);
      case "duplicate-held":
        return this.#deliverLeavingCopy(this.#held.splice(index, 1)[0] as Flight, true);
      case "hold": {
        const flight = this.#queue.shift() as Flight;
        this.#held.push(flight);
        this.#hasJustHeld = true;
        return this.#note(flight.from.node, `packet ${flight.id} is held back`);
      }
      case "early-timer":
        return this.#fire(index);
      case "crash":
        return this.#crash(this.crash(index));
      default:
        throw new RangeError(`${code} is no choice`);
    }
  }

  #giveCommand(): void {
    const { node, command } = this.command as ExploredCommand;
    this.#commandsGiven++;
    this.#record?.({ type: "node", at: this.now, node, what: "command", text: commandText(command) });
    this.#hand(this.#indexOf(node), { type: "command", command });
  }

  #completeEffect(): void {
    const { node, due, token } = this.#effects.shift() as Effect;
    this.now = Math.max(this.now, due);
    this.#hasJustHeld = false;
    this.#hand(node, { type: "later", token });
  }

  #fire(node: number): void {
    const { name, deadline } = this.node(node);
    this.now = Math.max(this.now, deadline ?? this.now);
    this.#hasJustHeld = false;
    this.#note(name, "the timer fires");
    this.#hand(node, { type: "tick" });
  }

  #deliver(flight: Flight, reordered: boolean): void {
    this.now += this.#scenario.deliveryMs ?? 1;
    const index = this.#nodes.findIndex(({ name }) => name === flight.to.node);
    const node = this.#nodes[index];
    if (node === undefined) return this.#lose(flight, "port");
    if (node.program === undefined) return this.#lose(flight, "down");
    if (!node.isBound(flight.to.port)) return this.#lose(flight, "port");
    const { id, from, to, bytes, sentAt, copy } = flight;
    const at = this.now;
    this.#record?.({ type: "datagram-arrived", at, id, from, to, bytes, sentAt, copy, corrupted: false, reordered });
    this.#hand(index, { type: "datagram", from, port: to.port, bytes: bytes.slice() });
  }

  /** The copy follows at once, in front of all that is in flight. */
  #deliverLeavingCopy(flight: Flight, reordered: boolean): void {
    this.#queue.unshift({ ...flight, copy: flight.copy + 1 });
    this.#deliver(flight, reordered);
  }

  #lose({ id, from, to, bytes, sentAt }: Flight, why: "drop" | "port" | "down"): void {
    this.#record?.({ type: "datagram-lost", at: this.now, id, from, to, bytes, sentAt, why });
  }

  #crash({ node, durable, restart = "any time" }: PossibleCrash): void {
    const index = this.#indexOf(node);
    this.node(index).crash(durable);
    this.#effects = this.#effects.filter((effect) => effect.node !== index);
    this.#record?.({ type: "node", at: this.now, node, what: "crash", text: `durable state ${durable}` });
    if (restart === "at once") this.#start(index);
    else if (restart === "any time") this.#returning.push(index);
  }

  #start(node: number): void {
    this.node(node).boot();
    this.#record?.({ type: "node", at: this.now, node: this.node(node).name, what: "start", text: "" });
    this.#hand(node, { type: "start" });
  }

  #hand(index: number, input: NodeInput): void {
    const node = this.node(index);
    this.inputs++;
    const outputs = attempt(node.name, input, () => node.program?.handle(this.now, input) ?? []);
    for (const output of outputs) {
      if (output.type === "datagram") this.#send({ node: node.name, port: output.port }, output.to, output.bytes);
      else if (output.type === "bind") node.bind(output.port);
      else if (output.type === "later") this.#schedule(index, this.now + output.afterMs, output.token);
      else if (output.type === "note") this.#note(node.name, output.text);
      else refuseOutput(node.name, output);
    }
  }

  #send(from: Endpoint, to: Endpoint, payload: Uint8Array): void {
    const id = ++this.#lastPacket;
    const bytes = payload.slice(); // a machine may use its buffer again
    this.#record?.({ type: "datagram-sent", at: this.now, id, from, to, bytes });
    this.#queue.push({ id, from, to, bytes, sentAt: this.now, copy: 0 });
  }

  #schedule(node: number, due: number, token: unknown): void {
    let place = this.#effects.length;
    while (place > 0 && (this.#effects[place - 1] as Effect).due > due) place--;
    this.#effects.splice(place, 0, { node, due, token });
  }

  #note(node: string, text: string): void {
    this.#record?.({ type: "note", at: this.now, node, text });
  }

  #commandIsDue(): boolean {
    const { command } = this;
    return (
      command !== undefined &&
      this.#named(command.node).program !== undefined &&
      (command.when === undefined || command.when(this))
    );
  }

  /** The node whose deadline comes first; of equal ones the first node. */
  #earliestTimer(): number | undefined {
    let earliest: number | undefined;
    let at = Number.POSITIVE_INFINITY;
    for (const [index, { deadline }] of this.#nodes.entries()) {
      if (deadline !== undefined && deadline < at) [earliest, at] = [index, deadline];
    }
    return earliest;
  }

  /** Whether the clock may reach `at` while the held packets are on their way. */
  #heldMayWait(at: number): boolean {
    const then = Math.max(at, this.now);
    return this.#maxDelay === Number.POSITIVE_INFINITY || this.#held.every((flight) => this.#isInTime(flight, then));
  }

  #allMayWait(at: number): boolean {
    return this.#heldMayWait(at) && this.#queue.every((flight) => this.#isInTime(flight, at));
  }

  #isInTime({ sentAt }: Flight, at: number): boolean {
    return at < sentAt + this.#maxDelay;
  }

  #releaseOldest(): number {
    let oldest = 0;
    for (const [index, { sentAt }] of this.#held.entries()) {
      if (sentAt < (this.#held[oldest] as Flight).sentAt) oldest = index;
    }
    return choice("release", oldest);
  }

  /** To hold back what nothing can overtake changes nothing. */
  #canBeOvertaken(): boolean {
    return this.#queue.length > 1 || this.#effects.length > 0 || this.#earliestTimer() !== undefined;
  }

  #named(name: string): ExploredNode {
    return this.node(this.#indexOf(name));
  }

  #indexOf(name: string): number {
    const index = this.#nodes.findIndex((node) => node.name === name);
    if (index === -1) throw new RangeError(`there is no node ${name}`);
    return index;
  }
}

function attempt<Result>(node: string, input: NodeInput, handle: () => Result): Result {
  try {
    return handle();
  } catch (error) {
    throw new ProgramThrew(node, input, error);
  }
}

export function commandText(command: unknown): string {
  return typeof command === "string" ? command : (JSON.stringify(command) ?? String(command));
}
