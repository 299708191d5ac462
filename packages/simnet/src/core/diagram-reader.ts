/** Reads a trace into what a diagram shows of it. */

import type { Endpoint } from "./contract.js";
import type { Arrow, Band, DiagramModel, Mark, Row } from "./diagram-model.js";
import { counted, formatMs } from "./diagram-text.js";
import type { Describe, TraceEvent } from "./trace.js";

type DatagramEvent = Extract<TraceEvent, { id: number }>;
type StreamEvent = Extract<TraceEvent, { connection: number }>;
type StreamBytes = Extract<TraceEvent, { type: "stream-sent" | "stream-arrived" }>;
type StreamLost = Extract<TraceEvent, { type: "stream-lost" }>;
type StreamClose = Extract<TraceEvent, { type: "stream-end" | "stream-reset" }>;
type NodeEvent = Extract<TraceEvent, { type: "node" }>;
type LinkEvent = Extract<TraceEvent, { type: "link" }>;

/** How far a packet gets before it is lost: at the sender's queue, somewhere on the way, at the other end. */
const lostReach = { queue: 0.22, drop: 0.6, cut: 0.5, corrupt: 1, port: 1, down: 1 } as const;
const lostWords = {
  queue: "queue full",
  drop: undefined,
  cut: "cut",
  corrupt: "corrupted, thrown away",
  port: "nobody there",
  down: "node is down",
} as const;
/** What is still on its way where the picture ends, or arrived without being of use. */
const openReach = 0.45;

/** Reads the events one after the other. */
export class DiagramReader implements DiagramModel {
  readonly nodes: string[];
  readonly rows: Row[] = [];
  readonly arrows: Arrow[] = [];
  readonly marks: Mark[] = [];
  readonly bands: Band[] = [];
  readonly flights: number[] = [];
  readonly counts: Map<string, number> = new Map();
  readonly #describe: Describe;
  readonly #known: Set<string>;
  /** What was sent and has not come to an end yet: the event, its row, and whether something became of it. */
  readonly #datagrams = new Map<number, { event: DatagramEvent; row: number; isSettled: boolean }>();
  /** Every transmission of a segment, by connection, direction and time of sending. */
  readonly #segments = new Map<string, { event: StreamBytes; row: number; isSettled: boolean }>();
  readonly #highest = new Map<string, number>();
  readonly #waiting = new Map<string, { event: StreamEvent; row: number }>();
  readonly #started = new Set<string>();

  constructor(nodes: readonly string[], describe: Describe) {
    this.nodes = [...nodes];
    this.#known = new Set(nodes);
    this.#describe = describe;
  }

  read(event: TraceEvent): void {
    if ("id" in event) this.#readDatagram(event);
    else if ("connection" in event) this.#readStream(event);
    else if (event.type === "link") this.#readLink(event);
    else if (event.type === "node") this.#readNode(event);
    else this.#mark(event.at, event.node, "note", event.text);
  }

  /** What is still on its way becomes an arrow without an end. */
  finish(): this {
    for (const { event, row, isSettled } of this.#datagrams.values()) {
      if (!isSettled) this.#arrow(event, row, { reach: openReach, look: "open", label: this.#meaning(event) });
    }
    for (const { event, row, isSettled } of this.#segments.values()) {
      if (!isSettled) this.#arrow(event, row, { reach: openReach, look: "open", label: this.#meaning(event) });
    }
    for (const [what, { event, row }] of this.#waiting) {
      const label = what.slice(0, what.indexOf(" "));
      this.#arrow(event, row, { reach: openReach, look: "open", label });
    }
    this.arrows.sort((a, b) => a.start - b.start || (a.end ?? a.start) - (b.end ?? b.start));
    this.flights.sort((a, b) => a - b);
    return this;
  }

  #readDatagram(event: DatagramEvent): void {
    if (event.type === "datagram-sent") {
      this.#count("datagram sent");
      this.#datagrams.set(event.id, { event, row: this.#row(event.at, true), isSettled: false });
      return;
    }
    const sent = this.#datagrams.get(event.id);
    const start = sent?.row ?? this.#row(event.at, true);
    const label = sent?.isSettled ? undefined : this.#meaning(sent?.event ?? event);
    if (sent !== undefined) sent.isSettled = true;
    if (event.type === "datagram-lost") {
      this.#count("lost");
      const reach = lostReach[event.why];
      const end = reach === 1 ? this.#row(event.at, false) : undefined;
      const tag = lostWords[event.why];
      this.#arrow(event, start, { end, reach, look: "lost", label, tag });
      return;
    }
    this.#count("arrived");
    this.flights.push(event.at - event.sentAt);
    const tags: string[] = [];
    if (event.copy > 0) tags.push("duplicate");
    if (event.reordered) tags.push("late");
    if (event.corrupted) tags.push("corrupted");
    for (const tag of tags) this.#count(tag);
    const look = event.corrupted ? "corrupted" : event.copy > 0 ? "duplicate" : event.reordered ? "late" : "plain";
    const tag = tags.length > 0 ? tags.join(", ") : undefined;
    this.#arrow(event, start, { end: this.#row(event.at, false), look, label, tag });
  }

  #readStream(event: StreamEvent): void {
    switch (event.type) {
      case "stream-connect":
        this.#count("connection");
        this.#waiting.set(`connect ${event.connection}`, { event, row: this.#row(event.at, true) });
        return;
      case "stream-accept":
      case "stream-refuse": {
        const asked = this.#waiting.get(`connect ${event.connection}`);
        if (asked === undefined) return;
        this.#waiting.delete(`connect ${event.connection}`);
        const isRefused = event.type === "stream-refuse";
        const tag = isRefused ? "refused" : undefined;
        const look = isRefused ? "lost" : "control";
        this.#arrow(asked.event, asked.row, { end: this.#row(event.at, false), look, label: "connect", tag });
        return;
      }
      case "stream-timeout":
        this.#mark(event.at, event.from.node, "note", `gives up on ${event.to.node}`);
        return;
      case "stream-sent":
        this.#segments.set(transmission(event), { event, row: this.#row(event.at, true), isSettled: false });
        return;
      case "stream-arrived":
        this.#readArrival(event);
        return;
      case "stream-lost":
        this.#readLostSegment(event);
        return;
      case "stream-end":
      case "stream-reset":
        this.#readClose(event);
    }
  }

  #readArrival(event: StreamBytes): void {
    this.#count("segment");
    this.flights.push(event.at - event.sentAt);
    const sent = this.#segments.get(transmission(event));
    if (sent !== undefined) sent.isSettled = true;
    // What is overtaken by a later part of the stream waits for it at the receiver.
    const highest = this.#highest.get(direction(event)) ?? 0;
    const isLate = event.offset < highest;
    this.#highest.set(direction(event), Math.max(highest, event.offset));
    const start = sent?.row ?? this.#row(event.at, true);
    const look = isLate ? "late" : "plain";
    const tag = isLate ? "late" : undefined;
    this.#arrow(event, start, { end: this.#row(event.at, false), look, label: this.#meaning(event), tag });
  }

  /** Without bytes it is a word of the connection itself: of its beginning, its end, or a reset. */
  #readLostSegment(event: StreamLost): void {
    this.#count("lost segment");
    const reach = lostReach[event.why];
    const end = reach === 1 ? this.#row(event.at, false) : undefined;
    const tag = lostWords[event.why];
    const sent = this.#segments.get(transmission(event));
    if (sent !== undefined && event.bytes.length > 0) {
      sent.isSettled = true;
      this.#arrow(event, sent.row, { end, reach, look: "lost", label: this.#meaning(event), tag });
      return;
    }
    for (const label of ["end", "reset"]) {
      const key = `${label} ${direction(event)}`;
      const waiting = this.#waiting.get(key);
      if (waiting?.event.at !== event.sentAt) continue;
      this.#waiting.delete(key);
      this.#arrow(event, waiting.row, { end, reach, look: "lost", label, tag });
      return;
    }
    const asked = this.#waiting.get(`connect ${event.connection}`);
    const label = asked === undefined ? "handshake" : "connect";
    const start = asked?.event.at === event.sentAt ? asked.row : this.#row(event.at, true);
    this.#arrow(event, start, { end, reach, look: "lost", label, tag });
  }

  #readClose(event: StreamClose): void {
    const label = event.type === "stream-end" ? "end" : "reset";
    const key = `${label} ${direction(event)}`;
    if (!event.arrived) {
      this.#waiting.set(key, { event, row: this.#row(event.at, true) });
      return;
    }
    const sent = this.#waiting.get(key);
    this.#waiting.delete(key);
    const start = sent?.row ?? this.#row(event.at, true);
    this.#arrow(event, start, { end: this.#row(event.at, false), look: label === "end" ? "control" : "reset", label });
  }

  #readNode({ at, node, what, text }: NodeEvent): void {
    const open = (kind: Band["kind"]): Band | undefined =>
      this.bands.findLast((band) => band.kind === kind && band.nodes[0] === node && band.to === undefined);
    const close = (kind: Band["kind"], row: number): void => {
      const band = open(kind);
      if (band !== undefined) band.to = row;
    };
    // Everybody starts at the beginning: only a start after a crash, or later, says something.
    if (what === "start" && !this.#started.has(node) && at === 0) {
      this.#started.add(node);
      this.#node(node);
      return;
    }
    this.#started.add(node);
    const said = what === "start" ? (open("down") ? "restart" : "start") : what;
    const row = this.#mark(at, node, what, what === "command" ? text || what : text === "" ? said : `${said}: ${text}`);
    if (what === "crash") {
      close("paused", row);
      this.bands.push({ kind: "down", nodes: [node], from: row, to: undefined, text: "" });
    } else if (what === "start") close("down", row);
    else if (what === "pause") this.bands.push({ kind: "paused", nodes: [node], from: row, to: undefined, text: "" });
    else if (what === "resume") close("paused", row);
  }

  /** A cut of both directions at the same time is one band, until one of them is healed. */
  #readLink({ at, from, to, what }: LinkEvent): void {
    const ends = [this.#node(from), this.#node(to)];
    const find = (a: string, b: string, isBoth: boolean): Band | undefined =>
      this.bands.find(({ kind, nodes, to: end, text }) => {
        return kind === "cut" && end === undefined && nodes[0] === a && nodes[1] === b && text.includes("↔") === isBoth;
      });
    const both = find(from, to, true) ?? find(to, from, true);
    const isNow = (band: Band): boolean => this.rows[band.from]?.at === at;
    if (what === "cut") {
      const back = find(to, from, false);
      if (both !== undefined || find(from, to, false) !== undefined) return; // cut already
      if (back !== undefined && isNow(back)) back.text = `cut: ${to} ↔ ${from}`;
      else this.#cut(at, ends, `cut: ${from} → ${to}`);
      return;
    }
    const band = both ?? find(from, to, false);
    if (band === undefined) return;
    if (isNow(band)) this.bands.splice(this.bands.indexOf(band), 1);
    else band.to = this.#row(at, false);
    if (both !== undefined) this.#cut(at, ends.toReversed(), `cut: ${to} → ${from}`);
  }

  #cut(at: number, nodes: readonly string[], text: string): void {
    this.bands.push({ kind: "cut", nodes, from: this.#row(at, true), to: undefined, text });
  }

  #mark(at: number, node: string, kind: Mark["kind"], text: string): number {
    const row = this.#row(at, true);
    this.marks.push({ node: this.#node(node), row, kind, text });
    return row;
  }

  #arrow(
    event: DatagramEvent | StreamEvent,
    start: number,
    parts: Pick<Arrow, "look"> & {
      end?: number | undefined;
      reach?: number;
      label?: string | undefined;
      tag?: string | undefined;
    },
  ): void {
    const { from, to } = event;
    const { end, reach = 1, look, label, tag } = parts;
    const [sent, arrived] = [this.rows[start]?.at ?? 0, end === undefined ? undefined : this.rows[end]?.at];
    const times = arrived === undefined ? formatMs(sent) : `${formatMs(sent)} to ${formatMs(arrived)}`;
    const fate = tag ?? { open: "no end seen", lost: "lost" }[look as string];
    const what = label ?? ("bytes" in event ? this.#meaning(event) : "");
    const title = `${from.node}:${from.port} → ${to.node}:${to.port}, ${times}: ${what}${fate ? ` (${fate})` : ""}`;
    const ends = { from: this.#node(from.node), to: this.#node(to.node) };
    this.arrows.push({ ...ends, start, end, reach, look, isStream: "connection" in event, label, tag, title });
  }

  #meaning({ bytes, from, to }: { bytes: Uint8Array; from: Endpoint; to: Endpoint }): string {
    return this.#describe(bytes, from, to) ?? counted(bytes.length, "byte");
  }

  #node(name: string): string {
    if (!this.#known.has(name)) {
      this.#known.add(name);
      this.nodes.push(name);
    }
    return name;
  }

  #row(at: number, isLabelled: boolean): number {
    return this.rows.push({ at, isLabelled }) - 1;
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
}

function transmission(event: StreamBytes | StreamLost): string {
  return `${direction(event)} ${event.offset} ${event.sentAt}`;
}

function direction({ connection, from }: { connection: number; from: Endpoint }): string {
  return JSON.stringify([connection, from.node, from.port]);
}
