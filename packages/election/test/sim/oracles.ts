/** What must hold at every step of a simulated election (docs/election.md, Invariants). */
import type { World } from "@lab/simnet";
import {
  decodeMessage,
  type ElectionOutput,
  FencedResource,
  type Message,
  type Now,
  type StepDownReason,
} from "../../src/core/index.js";
import type { BodyType } from "../../src/core/messages.js";
import type { ElectionProgram } from "./election-program.js";
import { epochOf, senderOf, typeOf } from "./payload-fields.js";
import type { ElectionCommand, Watch } from "./program-contract.js";

/** A promise that was broken; ends the run. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.name = "Violation";
    this.rule = rule;
  }
}

/** What is remembered of one run of a node. */
interface Memory {
  /** When the leader last heard a report of a host, on its own clock. */
  readonly heard: Map<string, number>;
  /** Hosts that answered a Prepare. */
  readonly ready: Set<string>;
  readonly endedEpochs: Set<number>;
  /** Who was named as a fallback. */
  readonly named: Set<string>;
  epoch: number;
  /** Since when it leads, renewals included, and whether it was told to resign since. */
  leadsSince: number | undefined;
  isResigning: boolean;
  isRenewing: boolean;
  isStopped: boolean;
}

/** What a run has, that oracles must know. */
export interface OracleOptions {
  readonly mode: "available" | "quorum";
  readonly reportMs: number;
  readonly tenureMs: number;
  /** Loads differ by less than the margin: nobody hands over but who is told to (E55). */
  readonly isEven: boolean;
}

/** What is decoded: messages that claim to lead, and offers. */
const judged: ReadonlySet<string> = new Set(["ack", "announce", "prepare", "probe", "offer"]);

export class Oracles implements Watch {
  readonly #options: OracleOptions;
  readonly #memories = new Map<ElectionProgram, Memory>();
  /** Who led with which token. */
  readonly #leaders = new Map<string, string>();
  readonly #resource = new FencedResource();
  /** The highest epoch that a node has told others of, as long as its disk is kept (E50). */
  readonly #told = new Map<string, number>();
  /** Nodes that were given something in this event, and those that led after the last. */
  readonly #toCheck = new Set<string>();
  #events = 0;
  /** Changes whenever somebody says that it follows, leads, or does not any more. */
  changes = 0;
  /** Why leads ended, counted. */
  readonly ends: Map<StepDownReason, number> = new Map();
  /** Messages that a node has sent and received. */
  readonly messages: Map<string, number> = new Map();
  elections = 0;
  /** Messages that ask for one. */
  preVotes = 0;
  voteReqs = 0;

  constructor(options: OracleOptions) {
    this.#options = options;
  }

  /** How many leads ended otherwise than by a hand-over. */
  get unwantedEnds(): number {
    let count = 0;
    for (const [why, times] of this.ends) if (why !== "handedOver") count += times;
    return count;
  }

  /**
   * After every event of the world. Who did not lead and was given nothing cannot lead now; every 16th time all are asked
   * all the same.
   */
  check(world: World): void {
    const names = this.#events++ % 16 === 0 ? world.nodeNames : [...this.#toCheck];
    this.#toCheck.clear();
    const leading: string[] = [];
    for (const name of names) {
      const program = world.program<ElectionProgram>(name);
      if (program === undefined) continue;
      const token = program.token(program.nowAt(world.clockOf(name)));
      if (token === undefined) continue;
      this.#toCheck.add(name);
      leading.push(`${name} in ${token.epoch}`);
      // E49: whoever leads is not refused, because nobody with a higher token was there before.
      if (this.#options.mode === "quorum" && !this.#resource.tryAccept(token)) {
        throw new Violation("E49", `${name} leads in ${token.epoch}, below ${this.#resource.highest?.epoch}`);
      }
    }
    if (this.#options.mode === "quorum" && leading.length > 1) {
      throw new Violation("E47", `two lead: ${leading.join(", ")}`);
    }
  }

  started(node: ElectionProgram): void {
    this.changes++;
    this.#toCheck.add(node.name);
    const told = this.#told.get(node.name) ?? 0;
    if (node.hasLostDisk) this.#told.delete(node.name);
    else if (node.storedEpoch < told) {
      throw new Violation("E50", `${node.name} is back with epoch ${node.storedEpoch}, and had told of ${told}`);
    }
  }

  commanded(node: ElectionProgram, command: ElectionCommand): void {
    const memory = this.#memoryOf(node);
    if (command.type === "resign") memory.isResigning = true;
    else memory.isStopped = true;
  }

  performed(node: ElectionProgram, now: Now, output: ElectionOutput): void {
    const memory = this.#memoryOf(node);
    this.#toCheck.add(node.name);
    if (memory.isStopped && output.type !== "stepDown" && output.type !== "leader") {
      throw new Violation("E60", `${node.name} was stopped, and wants to ${output.type}`);
    }
    switch (output.type) {
      case "elected":
        this.changes++;
        if (!memory.isRenewing) memory.leadsSince = now.mono;
        memory.isRenewing = false;
        return this.#elected(node, output.token.epoch, output.token.id);
      case "stepDown":
        this.changes++;
        memory.endedEpochs.add(output.token.epoch);
        this.ends.set(output.why, (this.ends.get(output.why) ?? 0) + 1);
        memory.isRenewing = output.why === "renewed";
        if (output.why === "handedOver") this.#handedOver(node, memory, now);
        if (!memory.isRenewing) memory.isResigning = false;
        return;
      case "leader":
        this.changes++;
        return;
      case "store":
        if (output.state.epoch < memory.epoch) throw new Violation("E50", `${node.name} stores a lower epoch`);
        memory.epoch = output.state.epoch;
        return;
      case "send":
        return this.#sent(node, memory, now, output.payload);
      default:
        return;
    }
  }

  /** E55: a leader that was not told to goes after its tenure, and to one that is better by the margin. */
  #handedOver(node: ElectionProgram, memory: Memory, now: Now): void {
    if (memory.isResigning) return;
    const ledMs = now.mono - (memory.leadsSince ?? now.mono);
    if (this.#options.isEven) throw new Violation("E55", `${node.name} hands over, and nobody is better`);
    if (ledMs < this.#options.tenureMs) throw new Violation("E55", `${node.name} hands over after ${ledMs} ms`);
  }

  #elected(node: ElectionProgram, epoch: number, id: string): void {
    this.elections++;
    const token = this.#options.mode === "quorum" ? `${epoch}` : `${epoch} ${id}`;
    const who = `${node.name}, incarnation ${node.incarnation}`;
    const before = this.#leaders.get(token);
    // What no longer knows what it stored may use its own token again in available mode (E42).
    const isOwnLost =
      this.#options.mode === "available" && node.hasLostDisk && before?.startsWith(`${node.name},`) === true;
    if (before !== undefined && !isOwnLost) throw new Violation("E48", `${before} and ${who} led with ${token}`);
    this.#leaders.set(token, who);
  }

  #sent(node: ElectionProgram, memory: Memory, now: Now, payload: Uint8Array): void {
    const type = typeOf(payload);
    this.#count(node);
    this.#told.set(node.name, Math.max(epochOf(payload), this.#told.get(node.name) ?? 0));
    if (type === "preVote") this.preVotes++;
    else if (type === "voteReq") this.voteReqs++;
    if (type === undefined || !judged.has(type)) return;
    const { header, body }: Message = decodeMessage(payload);
    switch (body.type) {
      case "ack":
      case "announce":
      case "prepare":
      case "probe":
        if (memory.endedEpochs.has(header.epoch)) {
          throw new Violation("E53", `${node.name} sends a ${body.type} in epoch ${header.epoch}, which has ended`);
        }
        // The list may be newer than the last Ack.
        if (body.type === "prepare") for (const { id } of node.machine.view(now).fallbacks) memory.named.add(id);
        if (body.type === "ack")
          this.#named(
            node,
            memory,
            now,
            header.sender,
            body.fallbacks.map(({ id }) => id),
          );
        return;
      case "offer": {
        if (memory.ready.size === 0) throw new Violation("E52", `${node.name} offers the lead unprepared`);
        memory.ready.clear();
        return;
      }
      default:
        return;
    }
  }

  #named(node: ElectionProgram, memory: Memory, now: Now, leader: string, fallbacks: readonly string[]): void {
    for (const id of fallbacks) memory.named.add(id);
    if (new Set(fallbacks).size < fallbacks.length) throw new Violation("E51", `${node.name} names one twice`);
    for (const id of fallbacks) {
      if (id === leader) throw new Violation("E51", `${node.name} names itself`);
      const heard = memory.heard.get(id) ?? Number.NEGATIVE_INFINITY;
      if (now.mono - heard > 2 * this.#options.reportMs)
        throw new Violation("E51", `${node.name} names ${id}, which is not live`);
    }
  }

  arrived(node: ElectionProgram, now: Now, payload: Uint8Array): BodyType | undefined {
    const memory = this.#memoryOf(node);
    const type = typeOf(payload);
    this.#toCheck.add(node.name);
    this.#count(node);
    if (type === "report") memory.heard.set(senderOf(payload), now.mono);
    // A hand-over begins: the messages of its own are no calm's (E44).
    if (type === "prepare") this.changes++;
    if (type === "ready" && memory.named.has(senderOf(payload))) memory.ready.add(senderOf(payload));
    return type;
  }

  #count({ name }: ElectionProgram): void {
    this.messages.set(name, (this.messages.get(name) ?? 0) + 1);
  }

  garbage(node: ElectionProgram, before: string, after: string, outputs: readonly ElectionOutput[]): void {
    const isQuiet = outputs.every(({ type }) => type === "close");
    if (before !== after || !isQuiet) throw new Violation("E58", `garbage changed ${node.name}: ${before} to ${after}`);
  }

  /** A restart finds what was stored: the promised epoch goes on from there (E50). */
  #memoryOf(node: ElectionProgram): Memory {
    let memory = this.#memories.get(node);
    if (memory === undefined) {
      memory = {
        heard: new Map(),
        ready: new Set(),
        endedEpochs: new Set(),
        named: new Set(),
        epoch: node.storedEpoch,
        leadsSince: undefined,
        isResigning: false,
        isRenewing: false,
        isStopped: false,
      };
      this.#memories.set(node, memory);
    }
    return memory;
  }
}
