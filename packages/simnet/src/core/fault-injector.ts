/** Makes faults happen. */

import type { Scheduled } from "./event-queue.js";
import { type Fault, isPacketFault, type TimedFault } from "./faults.js";
import type { LinkTable } from "./link-table.js";
import type { SimulatedNode } from "./simulated-node.js";
import type { StreamNetwork } from "./stream-network.js";
import type { Timeline } from "./timeline.js";
import type { TraceRecorder } from "./trace-recorder.js";

export class FaultInjector {
  readonly #nodes: ReadonlyMap<string, SimulatedNode>;
  readonly #links: LinkTable;
  readonly #streams: StreamNetwork;
  readonly #timeline: Timeline;
  readonly #recorder: TraceRecorder;
  /** Nodes that are down and will be started again. */
  readonly #restarts = new Map<SimulatedNode, number>();
  #calmAtMs = Number.POSITIVE_INFINITY;

  constructor(
    nodes: ReadonlyMap<string, SimulatedNode>,
    links: LinkTable,
    streams: StreamNetwork,
    timeline: Timeline,
    recorder: TraceRecorder,
  ) {
    this.#nodes = nodes;
    this.#links = links;
    this.#streams = streams;
    this.#timeline = timeline;
    this.#recorder = recorder;
  }

  /** From then on nothing goes wrong. */
  calmFrom(calmAtMs: number): void {
    this.#calmAtMs = calmAtMs;
    this.#at(calmAtMs, () => this.#calm());
  }

  /**
   * From now on the fault will happen, at its time or to its packet.
   * @throws RangeError for one that begins in the calm
   */
  add(fault: Fault): void {
    const begins = isPacketFault(fault) ? this.#timeline.now : fault.atMs;
    if (begins >= this.#calmAtMs) throw new RangeError(`a ${fault.type} at ${begins} is in the calm (calmAtMs)`);
    if (isPacketFault(fault)) this.#links.addFault(fault);
    else this.#at(fault.atMs, () => this.#begin(fault));
  }

  /** Starts a node, now. */
  start(node: SimulatedNode): void {
    this.#note(node, "start", `incarnation ${node.incarnation + 1}`);
    node.start();
  }

  #begin(fault: TimedFault): void {
    switch (fault.type) {
      case "cut":
        return this.#cut(fault);
      case "reset":
        this.#recorder.counts.resets++;
        return this.#streams.resetBetween(fault.from, fault.to);
      case "link":
        return this.#links.change(fault.from, fault.to, fault.impairments);
      case "crash":
        return this.#crash(fault);
      case "pause":
      case "suspend":
        return this.#pause(fault);
      case "skew":
      case "drift":
      case "wall":
        return this.#changeClock(fault);
      case "disk":
        return this.#nodes.get(fault.node)?.disk.change(fault.disk);
    }
  }

  /** Cuts heal, who sleeps or is paused goes on, who is to be started again is, links lose nothing, disks are as at first. */
  #calm(): void {
    this.#links.calm((from, to) => this.#noteLink(from, to, "heal"));
    for (const node of this.#nodes.values()) {
      node.disk.restore();
      if (node.state === "paused") this.#goOn(node, "messages", true);
      if (this.#restarts.get(node) === node.incarnation && node.state === "down") this.start(node);
    }
  }

  #cut({ from, to, forMs, oneWay }: Extract<Fault, { type: "cut" }>): void {
    const { now } = this.#timeline;
    this.#recorder.counts.cuts++;
    const directions =
      oneWay === true || from === to ? [[from, to] as const] : [[from, to] as const, [to, from] as const];
    for (const [a, b] of directions) if (this.#links.cut(a, b)) this.#noteLink(a, b, "cut");
    if (forMs === undefined) return;
    this.#at(now + forMs, () => {
      for (const [a, b] of directions) if (this.#links.heal(a, b)) this.#noteLink(a, b, "heal");
    });
  }

  #crash({ node: name, restartAfterMs, ...how }: Extract<Fault, { type: "crash" }>): void {
    const { durable = "kept", host = "down", unsynced = "lost" } = how;
    const node = this.#nodes.get(name);
    if (node === undefined || node.state === "down") return;
    const { incarnation } = node;
    this.#recorder.counts.crashes++;
    const details = [durable === "lost" ? "all that it stored is lost" : "", host === "up" ? "its host goes on" : ""];
    this.#note(node, "crash", details.filter((text) => text !== "").join(", "));
    this.#streams.crashed(node, host);
    node.crash(durable, host, unsynced);
    if (restartAfterMs === undefined) return;
    this.#restarts.set(node, incarnation);
    this.#at(this.#timeline.now + restartAfterMs, () => {
      if (node.state === "down" && node.incarnation === incarnation) this.start(node);
    });
  }

  #pause(fault: Extract<Fault, { type: "pause" | "suspend" }>): void {
    const node = this.#nodes.get(fault.node);
    if (node === undefined || node.state === "down") return;
    const { incarnation } = node;
    const isSleep = fault.type === "suspend";
    const wasUp = node.state === "up";
    this.#recorder.counts.pauses++;
    if (isSleep) node.sleep();
    else node.pause();
    if (wasUp || isSleep) this.#note(node, "pause", isSleep ? "sleeps" : "");
    this.#at(this.#timeline.now + fault.forMs, () => {
      if (node.state !== "paused" || node.incarnation !== incarnation) return;
      if (isSleep) node.wakeUp();
      this.#goOn(node, fault.type === "pause" ? (fault.first ?? "messages") : "messages", false);
    });
  }

  #goOn(node: SimulatedNode, first: "messages" | "timers", all: boolean): void {
    if (all) node.wakeUp(true);
    if (!node.resume(first, () => this.#streams.hasNews(node), all)) return;
    this.#note(node, "resume", "");
    this.#streams.resumed(node);
  }

  #changeClock(fault: Extract<Fault, { type: "skew" | "drift" | "wall" }>): void {
    const node = this.#nodes.get(fault.node);
    if (node === undefined) return;
    const { now } = this.#timeline;
    if (fault.type === "wall") {
      node.wall.step(fault.byMs);
      return this.#note(node, "clock", `the wall clock is set by ${fault.byMs} ms`);
    }
    if (fault.type === "skew") node.clock.skew(now, fault.byMs);
    else node.clock.drift(now, fault.rate);
    this.#note(node, "clock", fault.type === "skew" ? `set by ${fault.byMs} ms` : `runs at ${fault.rate}`);
    node.clockChanged();
  }

  #at(time: number, act: () => void): void {
    const event: Scheduled = { perform: act };
    this.#timeline.schedule(time, event);
  }

  #note(node: SimulatedNode, what: "start" | "crash" | "pause" | "resume" | "clock", text: string): void {
    if (this.#recorder.isOn)
      this.#recorder.record({ type: "node", at: this.#timeline.now, node: node.name, what, text });
  }

  #noteLink(from: string, to: string, what: "cut" | "heal"): void {
    if (this.#recorder.isOn) this.#recorder.record({ type: "link", at: this.#timeline.now, from, to, what });
  }
}
