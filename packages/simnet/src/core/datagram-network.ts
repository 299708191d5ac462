/** Datagrams between the nodes of a world: sent at once, delivered to whoever is bound to the port, or lost. */

import type { Endpoint } from "./contract.js";
import { SimnetError } from "./errors.js";
import type { Scheduled } from "./event-queue.js";
import type { LinkTable } from "./link-table.js";
import type { SimulatedNode } from "./simulated-node.js";
import type { Timeline } from "./timeline.js";
import type { TraceEvent } from "./trace.js";
import type { TraceRecorder } from "./trace-recorder.js";

type Arrived = Extract<TraceEvent, { type: "datagram-arrived" }>;
type Lost = Extract<TraceEvent, { type: "datagram-lost" }>;

export class DatagramNetwork {
  readonly #nodes: ReadonlyMap<string, SimulatedNode>;
  readonly #links: LinkTable;
  readonly #timeline: Timeline;
  readonly #recorder: TraceRecorder;
  #sent = 0;

  constructor(
    nodes: ReadonlyMap<string, SimulatedNode>,
    links: LinkTable,
    timeline: Timeline,
    recorder: TraceRecorder,
  ) {
    this.#nodes = nodes;
    this.#links = links;
    this.#timeline = timeline;
    this.#recorder = recorder;
  }

  /** @throws SimnetError `PROGRAM_MISUSE` where the program has not bound the port */
  send(node: SimulatedNode, port: number, to: Endpoint, payload: Uint8Array): void {
    if (!node.bound.has(port)) {
      throw new SimnetError("PROGRAM_MISUSE", `${node.name} sends from port ${port}, which it has not bound`);
    }
    const at = this.#timeline.now;
    const id = ++this.#sent;
    const from = { node: node.name, port };
    const bytes = new Uint8Array(payload); // the program may use its buffer again, and slice() of a Buffer is no copy
    const recorder = this.#recorder;
    recorder.counts.datagramsSent++;
    if (recorder.isOn) recorder.record({ type: "datagram-sent", at, id, from, to, bytes });
    if (!this.#nodes.has(to.node))
      return this.#lost({ type: "datagram-lost", at, id, from, to, bytes, sentAt: at, why: "down" });
    for (const fate of this.#links.offer(at, node.name, to.node, bytes, true)) {
      if (fate.type === "lost") {
        this.#lost({ type: "datagram-lost", at, id, from, to, bytes, sentAt: at, why: fate.why });
        continue;
      }
      const { copy, corrupted, reordered } = fate;
      const sentAt = at;
      const event: Arrived = {
        type: "datagram-arrived",
        at: fate.at,
        id,
        from,
        to,
        bytes: fate.bytes,
        sentAt,
        copy,
        corrupted,
        reordered,
      };
      this.#timeline.schedule(fate.at, new Arrival(this, event));
    }
  }

  /** For `Arrival` alone. */
  arrived(event: Arrived): void {
    const { id, from, to, bytes, at, sentAt } = event;
    const node = this.#nodes.get(to.node);
    if (node?.hostUp !== true || node.isAsleep)
      return this.#lost({ type: "datagram-lost", at, id, from, to, bytes, sentAt, why: "down" });
    if (!node.bound.has(to.port))
      return this.#lost({ type: "datagram-lost", at, id, from, to, bytes, sentAt, why: "port" });
    this.#recorder.counts.datagramsArrived++;
    if (this.#recorder.isOn) this.#recorder.record(event);
    // A copy: the program may change what it is given, and the trace and a second copy must not change with it.
    node.deliver({ type: "datagram", from, port: to.port, bytes: bytes.slice() });
  }

  #lost(event: Lost): void {
    this.#recorder.counts.datagramsLost++;
    if (this.#recorder.isOn) this.#recorder.record(event);
  }
}

class Arrival implements Scheduled {
  readonly #network: DatagramNetwork;
  readonly #event: Arrived;

  constructor(network: DatagramNetwork, event: Arrived) {
    this.#network = network;
    this.#event = event;
  }

  perform(): void {
    this.#network.arrived(this.#event);
  }
}
