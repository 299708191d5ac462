/** Several machines in one test: messages arrive at once, in order; time moves when the test says so; nothing is random. */
import {
  type BodyOf,
  type BodyType,
  decodeMessage,
  Election,
  type ElectionInput,
  type ElectionOptions,
  type ElectionOutput,
  type Load,
  type Message,
  type Stored,
} from "../src/core/index.js";
import { plainPlatform } from "./plain-platform.js";

export type NodeOptions = Partial<Omit<ElectionOptions, "platform">> & {
  readonly stored?: Stored;
  /** Does not start with the others. */
  readonly isLate?: boolean;
};

interface Node {
  machine: Election | undefined;
  readonly options: NodeOptions;
  stored: Stored | undefined;
  incarnation: number;
  /** Stores that are asked for wait until `letStore`. */
  holdsStores: boolean;
  readonly held: { id: number; state: Stored }[];
  /** What its clocks show beyond the cluster's. */
  wallMs: number;
}

export interface Seen {
  readonly at: number;
  readonly node: string;
  readonly output: ElectionOutput;
}

export interface SentMessage {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

export function loadOf(cpuPercent: number): Load {
  return {
    cpuPercent,
    usedRamBytes: 4e9,
    totalRamBytes: 8e9,
    freeBandwidthBytes: 1e6,
    freeDiskBytes: 1e11,
    measuredAtMs: 0,
  };
}

export class Cluster {
  now = 0;
  readonly events: Seen[] = [];
  readonly sent: SentMessage[] = [];
  /** Whether what `from` sends to `to` is lost. */
  isCut: (from: string, to: string) => boolean = () => false;
  readonly #nodes = new Map<string, Node>();
  readonly #shared: NodeOptions;
  readonly #links = new Map<string, number>();
  readonly #ends: { from: string; to: string }[] = [];
  readonly #queue: (() => void)[] = [];
  #isDelivering = false;

  constructor(names: readonly string[], shared: NodeOptions = {}, own: Readonly<Record<string, NodeOptions>> = {}) {
    this.#shared = shared;
    for (const name of names) {
      const options = { ...shared, ...own[name] };
      const { stored } = options;
      this.#nodes.set(name, {
        machine: undefined,
        options,
        stored,
        incarnation: 0,
        holdsStores: false,
        held: [],
        wallMs: 0,
      });
    }
    for (const name of names) if (own[name]?.isLate !== true) this.start(name);
  }

  get names(): string[] {
    return [...this.#nodes.keys()];
  }

  start(name: string): void {
    const node = this.#node(name);
    const { stored: _stored, isLate: _isLate, ...options } = node.options;
    const members = this.#shared.mode === "quorum" ? this.names.map((id) => ({ id, address: id })) : undefined;
    node.incarnation++;
    node.machine = new Election(
      { id: name, address: name, members, ...options, platform: plainPlatform(`${name} ${node.incarnation}`) },
      node.stored,
    );
    this.feed(name, { type: "start" });
  }

  crash(name: string): void {
    this.#node(name).machine = undefined;
  }

  machine(name: string): Election {
    const { machine } = this.#node(name);
    if (machine === undefined) throw new Error(`${name} is down`);
    return machine;
  }

  clocks(name: string): { mono: number; wall: number } {
    return { mono: this.now, wall: 1_700_000_000_000 + this.now + this.#node(name).wallMs };
  }

  stepWall(name: string, byMs: number): void {
    this.#node(name).wallMs += byMs;
  }

  leaders(): string[] {
    return this.names.filter(
      (name) => this.#node(name).machine !== undefined && this.machine(name).isLeader(this.clocks(name)),
    );
  }

  view(name: string): ReturnType<Election["view"]> {
    return this.machine(name).view(this.clocks(name));
  }

  /** Of one type, from one node, where they are given. */
  messages<Type extends BodyType>(type: Type, from?: string): (SentMessage & { body: BodyOf<Type> })[] {
    return this.sent
      .filter((one) => one.message.body.type === type && (from === undefined || one.from === from))
      .map((one) => ({ ...one, body: one.message.body as BodyOf<Type> }));
  }

  outputs<Type extends ElectionOutput["type"]>(type: Type, node?: string): Extract<ElectionOutput, { type: Type }>[] {
    return this.events
      .filter((one) => one.output.type === type && (node === undefined || one.node === node))
      .map((one) => one.output as Extract<ElectionOutput, { type: Type }>);
  }

  holdStores(name: string): void {
    this.#node(name).holdsStores = true;
  }

  letStore(name: string): void {
    const node = this.#node(name);
    node.holdsStores = false;
    for (const { id, state } of node.held.splice(0)) {
      node.stored = state;
      this.feed(name, { type: "stored", id });
    }
  }

  feed(name: string, input: ElectionInput): void {
    this.#queue.push(() => this.#handle(name, input));
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    this.#isDelivering = false;
  }

  /** Lets time pass; every deadline is met on its time. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let next = Number.POSITIVE_INFINITY;
      for (const { machine } of this.#nodes.values()) next = Math.min(next, machine?.nextDeadline() ?? next);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const [name, { machine }] of this.#nodes) {
        if ((machine?.nextDeadline() ?? Number.POSITIVE_INFINITY) <= this.now) this.feed(name, { type: "tick" });
      }
    }
    this.now = end;
  }

  /** Until one leads that all who are up follow. */
  settle(limitMs = 60_000): string {
    for (let left = limitMs; left > 0; left -= 100) {
      this.advance(100);
      const up = this.names.filter((name) => this.#node(name).machine !== undefined);
      const followed = new Set(up.map((name) => this.view(name).leader?.id));
      const [leader] = followed;
      if (followed.size === 1 && leader !== undefined && this.leaders().join() === leader) return leader;
    }
    throw new Error(
      `no leader: ${this.names.map((name) => JSON.stringify(this.#node(name).machine && this.view(name)))}`,
    );
  }

  #handle(name: string, input: ElectionInput): void {
    const node = this.#node(name);
    const { machine } = node;
    if (machine === undefined) return;
    for (const output of machine.handle(this.clocks(name), input)) {
      this.events.push({ at: this.now, node: name, output });
      if (output.type === "send") this.#send(name, output);
      if (output.type !== "store") continue;
      if (node.holdsStores) node.held.push(output);
      else {
        node.stored = output.state;
        this.feed(name, { type: "stored", id: output.id });
      }
    }
  }

  #send(from: string, { to, payload }: Extract<ElectionOutput, { type: "send" }>): void {
    const link = "link" in to ? to.link : this.#linkFrom(from, to.address);
    const ends = this.#ends[link];
    const target = ends === undefined ? undefined : ends.from === from ? ends.to : ends.from;
    if (target === undefined) return;
    const plain = this.#node(from).options.secret === undefined ? payload : payload.subarray(0, -32);
    this.sent.push({ at: this.now, from, to: target, message: decodeMessage(plain) });
    const node = this.#nodes.get(target);
    if (node?.machine === undefined || this.isCut(from, target)) return;
    const address = ends?.from === target ? { address: from } : {};
    this.feed(target, { type: "message", link, payload, ...address });
  }

  #linkFrom(from: string, to: string): number {
    const key = `${from} ${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = this.#ends.push({ from, to }) - 1;
      this.#links.set(key, link);
    }
    return link;
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  }
}
