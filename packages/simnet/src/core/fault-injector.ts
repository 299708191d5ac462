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

  /** From now on the fault will happen, at its time or to its packet. */
  add(fault: Fault): void {
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
        return this.#pause(fault);
      case "skew":
      case "drift":
        return this.#changeClock(fault);
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

  #crash({ node: name, restartAfterMs, durable = "kept", host = "down" }: Extract<Fault, { type: "crash" }>): void {
    const node = this.#nodes.get(name);
    if (node === undefined || node.state === "down") return;
    const { incarnation } = node;
    this.#recorder.counts.crashes++;
    const details = [durable === "lost" ? "all that it stored is lost" : "", host === "up" ? "its host goes on" : ""];
    this.#note(node, "crash", details.filter((text) => text !== "").join(", "));
    this.#streams.crashed(node, host);
    node.crash(durable, host);
    if (restartAfterMs === undefined) return;
    this.#at(this.#timeline.now + restartAfterMs, () => {
      if (node.state === "down" && node.incarnation === incarnation) this.start(node);
    });
  }

  #pause({ node: name, forMs }: Extract<Fault, { type: "pause" }>): void {
    const node = this.#nodes.get(name);
    if (node === undefined || node.state === "down") return;
    const { incarnation } = node;
    this.#recorder.counts.pauses++;
    if (node.pause()) this.#note(node, "pause", "");
    this.#at(this.#timeline.now + forMs, () => {
      if (node.state !== "paused" || node.incarnation !== incarnation || !node.resume()) return;
      this.#note(node, "resume", "");
      this.#streams.resumed(node);
    });
  }

  #changeClock(fault: Extract<Fault, { type: "skew" | "drift" }>): void {
    const node = this.#nodes.get(fault.node);
    if (node === undefined) return;
    const { now } = this.#timeline;
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
