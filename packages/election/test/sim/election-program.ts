/** A node of an election in a simulated world: the machine, and what a driver does around it. */
import type { CreateProgram, NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import {
  Election,
  type ElectionInput,
  type ElectionOutput,
  framed,
  type Now,
  PayloadStream,
  RemoteProtocolError,
  type Stored,
  type Token,
} from "../../src/core/index.js";
import { plainPlatform } from "../plain-platform.js";
import { senderOf, typeOf } from "./payload-fields.js";
import type { ElectionCommand, ElectionNodeOptions, Replay } from "./program-contract.js";

interface HeldMessage {
  readonly connection: number;
  readonly payload: Uint8Array;
}

interface Connection {
  readonly address: string | undefined;
  readonly stream: PayloadStream;
  /** What was sent before it stood; undefined once it does. */
  waiting: Uint8Array[] | undefined;
}

/** The number of no connection. */
const NO_LINK = 9_999;
const MAX_WAITING = 16;
/** A load changes the machine as often as a host measures it. */
const LOAD_MS = 1_000;

export class ElectionProgram implements NodeProgram {
  readonly name: string;
  readonly incarnation: number;
  readonly machine: Election;
  readonly hasLostDisk: boolean;
  /** What it found on its disk. */
  readonly storedEpoch: number;
  readonly #told: ElectionNodeOptions;
  readonly #environment: NodeEnvironment;
  readonly #connections = new Map<number, Connection>();
  readonly #kept = new Map<string, number>();
  readonly #old: Uint8Array[] = [];
  /** The last of each leader. */
  readonly #acks = new Map<string, Uint8Array>();
  #lastConnection = -1;
  #loadAt = 0;
  #handedOver: { readonly token: Token; readonly atMono: number } | undefined;
  #outputs: NodeOutput[] = [];

  constructor(environment: NodeEnvironment, told: ElectionNodeOptions) {
    this.name = environment.name;
    this.incarnation = environment.incarnation;
    this.#environment = environment;
    this.#told = told;
    const { durable, incarnation, randomBytes } = environment;
    // What marks a disk: a node that is back without it has lost what it stored.
    const rejoin = incarnation > 1 && !durable.has("marked");
    if (!durable.has("marked")) durable.set("marked", rejoin ? "again" : "first");
    const lost = rejoin || durable.get("marked") === "again";
    this.hasLostDisk = lost;
    const stored = told.driver.forgets === true ? undefined : (durable.get("state") as Stored | undefined);
    this.storedEpoch = stored?.epoch ?? 0;
    const isMember = told.options.members?.some(({ id }) => id === told.options.id) === true;
    const options = { ...told.options, rejoin: lost && stored === undefined && isMember };
    this.machine = new Election({ ...options, platform: { ...plainPlatform(), randomBytes } }, stored, told.rules);
    told.watch.started(this);
  }

  nowAt(mono: number): Now {
    return { mono, wall: this.#environment.wallClock() };
  }

  token(now: Now): Token | undefined {
    return this.machine.token(now) ?? this.#resumed(now);
  }

  #resumed(now: Now): Token | undefined {
    if (this.#handedOver === undefined || this.#told.driver.resumes !== true) return undefined;
    const { token, atMono } = this.#handedOver;
    const isRelieved =
      this.machine.view(now).leader !== undefined || now.mono < atMono + (this.#told.options.handOverMs ?? 0);
    return isRelieved ? undefined : token;
  }

  handle(mono: number, input: NodeInput): NodeOutput[] {
    this.#outputs = [];
    const now = this.nowAt(mono);
    if (input.type !== "start" && mono >= this.#loadAt) {
      this.#loadAt = mono + LOAD_MS;
      this.#feed(now, { type: "load", load: this.#told.load() });
    }
    this.#take(now, input);
    return this.#outputs;
  }

  nextDeadline(): number | undefined {
    return this.machine.nextDeadline();
  }

  #take(now: Now, input: NodeInput): void {
    switch (input.type) {
      case "start":
        this.#outputs.push({ type: "listen", port: 1 });
        return this.#feed(now, { type: "start" });
      case "tick":
        return this.#feed(now, { type: "tick" });
      case "accepted":
        this.#connections.set(input.connection, {
          address: undefined,
          stream: new PayloadStream(),
          waiting: undefined,
        });
        return;
      case "connected":
        return this.#connected(input.connection);
      case "failed":
        return this.#failed(now, input.connection, input.why);
      case "bytes":
        return this.#arrived(now, input.connection, input.bytes);
      case "end":
        this.#outputs.push({ type: "end", connection: input.connection });
        return;
      case "closed":
        this.#drop(input.connection);
        return this.#feed(now, { type: "linkClosed", link: input.connection });
      case "later": {
        const { connection, payload } = input.token as HeldMessage;
        return this.#message(now, connection, payload);
      }
      case "stored":
        if (this.#told.driver.storesLate === true) return;
        return this.#feed(now, { type: "stored", id: input.token as number });
      case "storeFailed":
        return this.#feed(now, { type: "storeFailed", id: input.token as number, message: "the disk fails" });
      case "command":
        return this.#command(now, input.command as ElectionCommand | Replay);
      default:
        return;
    }
  }

  #command(now: Now, command: ElectionCommand | Replay): void {
    if (command.type !== "replay") {
      this.#told.watch.commanded(this, command);
      return this.#feed(now, command);
    }
    const ack = this.#acks.get(command.from);
    if (ack !== undefined) this.#message(now, NO_LINK, ack);
  }

  #connected(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    for (const bytes of connection.waiting ?? []) this.#outputs.push({ type: "write", connection: id, bytes });
    connection.waiting = undefined;
  }

  #failed(now: Now, id: number, why: "refused" | "timeout"): void {
    const address = this.#connections.get(id)?.address;
    this.#drop(id);
    if (why === "refused" && address !== undefined) this.#feed(now, { type: "peerRefused", address });
  }

  #drop(id: number): void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    if (connection?.address !== undefined && this.#kept.get(connection.address) === id)
      this.#kept.delete(connection.address);
  }

  #arrived(now: Now, id: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    try {
      for (const payload of connection.stream.push(bytes)) this.#deliver(now, id, Uint8Array.from(payload));
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      this.#reset(id);
    }
  }

  #deliver(now: Now, connection: number, payload: Uint8Array): void {
    const mischief = this.#told.mischief();
    if (mischief === undefined) return this.#message(now, connection, payload);
    if (this.#chance(mischief.garbage)) this.#garbage(now, payload);
    if (this.#chance(mischief.replay)) {
      const old = this.#old[this.#below(this.#old.length)];
      if (old !== undefined) this.#message(now, connection, old);
    }
    this.#old.push(payload);
    if (this.#old.length > 40) this.#old.splice(this.#below(40), 1);
    if (this.#chance(mischief.drop)) return;
    const copies = this.#chance(mischief.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.#chance(mischief.hold)) this.#message(now, connection, payload);
      else {
        const token: HeldMessage = { connection, payload };
        this.#outputs.push({ type: "later", afterMs: this.#below(mischief.holdMs), token });
      }
    }
  }

  #message(now: Now, link: number, payload: Uint8Array): void {
    this.#told.watch.arrived(this, now, payload);
    if (typeOf(payload) === "ack") this.#acks.set(senderOf(payload), payload);
    const address = this.#connections.get(link)?.address;
    this.#feed(now, { type: "message", link, payload, ...(address === undefined ? {} : { address }) });
  }

  #garbage(now: Now, payload: Uint8Array): void {
    const bytes = Uint8Array.from(payload.subarray(0, this.#below(payload.length)));
    // What is due anyway is done first, so that nothing but the garbage is between the two views.
    this.#feed(now, { type: "tick" });
    const before = JSON.stringify({ ...this.machine.view(now), malformed: 0 });
    const outputs = this.machine.handle(now, { type: "message", link: NO_LINK, payload: bytes });
    const after = JSON.stringify({ ...this.machine.view(now), malformed: 0 });
    this.#told.watch.garbage(this, before, after, outputs);
  }

  #feed(now: Now, input: ElectionInput): void {
    for (const output of this.machine.handle(now, input)) {
      this.#told.watch.performed(this, now, output);
      this.#perform(now, output);
    }
  }

  #perform(now: Now, output: ElectionOutput): void {
    switch (output.type) {
      case "send":
        return this.#send(output.to, framed(output.payload));
      case "renew": {
        const id = this.#kept.get(output.address);
        if (id !== undefined) this.#reset(id);
        return;
      }
      case "close":
        if (this.#connections.has(output.link)) this.#reset(output.link);
        return;
      case "store":
        this.#outputs.push({ type: "store", key: "state", value: output.state, token: output.id });
        if (this.#told.driver.storesLate === true) this.#feed(now, { type: "stored", id: output.id });
        return;
      case "elected":
        this.#handedOver = undefined;
        this.#outputs.push({ type: "note", text: `leads in epoch ${output.token.epoch}` });
        return;
      case "stepDown":
        if (output.why === "handedOver") this.#handedOver = { token: output.token, atMono: now.mono };
        this.#outputs.push({ type: "note", text: `leads no more: ${output.why}` });
        return;
      case "leader":
        this.#outputs.push({ type: "note", text: `follows ${output.leader?.id ?? "nobody"}` });
        return;
      case "hosts":
        return;
    }
  }

  #send(to: { link: number } | { address: string }, bytes: Uint8Array): void {
    if ("link" in to) {
      if (this.#connections.has(to.link)) this.#outputs.push({ type: "write", connection: to.link, bytes });
      return;
    }
    const kept = this.#kept.get(to.address);
    const connection = kept === undefined ? undefined : this.#connections.get(kept);
    if (kept === undefined || connection === undefined) return this.#connect(to.address, bytes);
    if (connection.waiting === undefined) this.#outputs.push({ type: "write", connection: kept, bytes });
    else if (connection.waiting.length < MAX_WAITING) connection.waiting.push(bytes);
  }

  #connect(address: string, bytes: Uint8Array): void {
    const id = ++this.#lastConnection;
    this.#connections.set(id, { address, stream: new PayloadStream(), waiting: [bytes] });
    this.#kept.set(address, id);
    this.#outputs.push({ type: "connect", connection: id, to: { node: address, port: 1 } });
  }

  #reset(id: number): void {
    this.#drop(id);
    this.#outputs.push({ type: "reset", connection: id });
  }

  #below(limit: number): number {
    const [a = 0, b = 0] = this.#environment.randomBytes(2);
    return limit <= 0 ? 0 : (a * 256 + b) % Math.max(1, Math.floor(limit));
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#below(65_536) < probability * 65_536;
  }
}

export function electionNode(told: ElectionNodeOptions): CreateProgram {
  return (environment) => new ElectionProgram(environment, told);
}
