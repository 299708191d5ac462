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
import type { ElectionProgram, Watch } from "./election-program.js";

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
}

export class Oracles implements Watch {
  readonly #mode: "available" | "quorum";
  readonly #reportMs: number;
  readonly #memories = new Map<ElectionProgram, Memory>();
  /** Who led with which token. */
  readonly #leaders = new Map<string, string>();
  readonly #resource = new FencedResource();
  /** Why leads ended, counted. */
  readonly ends: Map<StepDownReason, number> = new Map();
  elections = 0;

  constructor(mode: "available" | "quorum", reportMs: number) {
    this.#mode = mode;
    this.#reportMs = reportMs;
  }

  /** How many leads ended otherwise than by a hand-over. */
  get unwantedEnds(): number {
    let count = 0;
    for (const [why, times] of this.ends) if (why !== "handedOver") count += times;
    return count;
  }

  /** After every event of the world. */
  check(world: World): void {
    const leading: string[] = [];
    for (const name of world.nodeNames) {
      const program = world.program<ElectionProgram>(name);
      if (program === undefined) continue;
      const now = program.nowAt(world.clockOf(name));
      const token = program.machine.token(now);
      if (token === undefined) continue;
      leading.push(`${name} in ${token.epoch}`);
      // E49: whoever leads is not refused, because nobody with a higher token was there before.
      if (this.#mode === "quorum" && !this.#resource.tryAccept(token)) {
        throw new Violation("E49", `${name} leads in ${token.epoch}, below ${this.#resource.highest?.epoch}`);
      }
    }
    if (this.#mode === "quorum" && leading.length > 1) throw new Violation("E47", `two lead: ${leading.join(", ")}`);
  }

  performed(node: ElectionProgram, now: Now, output: ElectionOutput): void {
    const memory = this.#memoryOf(node);
    switch (output.type) {
      case "elected":
        return this.#elected(node, output.token.epoch, output.token.id);
      case "stepDown":
        memory.endedEpochs.add(output.token.epoch);
        this.ends.set(output.why, (this.ends.get(output.why) ?? 0) + 1);
        return;
      case "store":
        if (output.state.epoch < memory.epoch) throw new Violation("E50", `${node.name} stores a lower epoch`);
        memory.epoch = output.state.epoch;
        return;
      case "send":
        return this.#sent(node, memory, now, decodeMessage(output.payload));
      default:
        return;
    }
  }

  #elected(node: ElectionProgram, epoch: number, id: string): void {
    this.elections++;
    const token = this.#mode === "quorum" ? `${epoch}` : `${epoch} ${id}`;
    const who = `${node.name}, incarnation ${node.incarnation}`;
    const before = this.#leaders.get(token);
    // What no longer knows what it stored may use its own token again in available mode (E42).
    const isOwnLost = this.#mode === "available" && node.hasLostDisk && before?.startsWith(`${node.name},`) === true;
    if (before !== undefined && !isOwnLost) throw new Violation("E48", `${before} and ${who} led with ${token}`);
    this.#leaders.set(token, who);
  }

  #sent(node: ElectionProgram, memory: Memory, now: Now, { header, body }: Message): void {
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
      if (now.mono - heard > 2 * this.#reportMs)
        throw new Violation("E51", `${node.name} names ${id}, which is not live`);
    }
  }

  arrived(node: ElectionProgram, now: Now, payload: Uint8Array): void {
    const { header, body } = decodeMessage(payload);
    const memory = this.#memoryOf(node);
    if (body.type === "report") memory.heard.set(header.sender, now.mono);
    if (body.type === "ready" && memory.named.has(header.sender)) memory.ready.add(header.sender);
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
      };
      this.#memories.set(node, memory);
    }
    return memory;
  }
}
