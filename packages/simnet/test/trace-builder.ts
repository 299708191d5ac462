/** Writes traces by hand, for tests of what is made of traces. */
import type { Endpoint, TraceEvent } from "../src/core/index.js";

type Sent = Extract<TraceEvent, { type: "datagram-sent" }>;
type Lost = Extract<TraceEvent, { type: "datagram-lost" }>;
type Arrived = Extract<TraceEvent, { type: "datagram-arrived" }>;

export class TraceBuilder {
  readonly #events: TraceEvent[] = [];
  #ids = 0;

  /** A datagram; what becomes of it is said with `arrives` and `isLost`. */
  send(at: number, from: string, to: string, bytes: string | Uint8Array): Sent {
    const event: Sent = {
      type: "datagram-sent",
      at,
      id: ++this.#ids,
      from: { node: from, port: 4000 },
      to: { node: to, port: 5000 },
      bytes: typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    };
    this.add(event);
    return event;
  }

  arrives(
    sent: Sent,
    at: number,
    how: Partial<Pick<Arrived, "copy" | "corrupted" | "reordered" | "bytes">> = {},
  ): this {
    const same = { copy: 0, corrupted: false, reordered: false };
    return this.add({ ...sent, ...same, ...how, type: "datagram-arrived", at, sentAt: sent.at });
  }

  isLost(sent: Sent, why: Lost["why"], at: number = sent.at): this {
    return this.add({ ...sent, type: "datagram-lost", at, sentAt: sent.at, why });
  }

  add(...events: readonly TraceEvent[]): this {
    this.#events.push(...events);
    return this;
  }

  /** The events in the order of their times. */
  events(): TraceEvent[] {
    return this.#events.toSorted((a, b) => a.at - b.at);
  }
}

export const client: Endpoint = { node: "client", port: 49_152 };
export const server: Endpoint = { node: "server", port: 80 };

/** A connection: a request whose second segment is lost and sent again, an answer after a half-close, both ends. */
export function streamTrace(): TraceEvent[] {
  const up = { connection: 1, from: client, to: server };
  const down = { connection: 1, from: server, to: client };
  const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
  return [
    { type: "stream-connect", at: 0, ...up },
    { type: "stream-accept", at: 10, ...down },
    { type: "stream-sent", at: 20, ...up, offset: 0, bytes: bytes(1_000, 1), sentAt: 20 },
    { type: "stream-sent", at: 21, ...up, offset: 1_000, bytes: bytes(500, 2), sentAt: 21 },
    { type: "stream-lost", at: 21, ...up, offset: 1_000, bytes: bytes(500, 2), sentAt: 21, why: "drop" },
    { type: "stream-arrived", at: 30, ...up, offset: 0, bytes: bytes(1_000, 1), sentAt: 20 },
    { type: "stream-sent", at: 400, ...up, offset: 1_000, bytes: bytes(500, 2), sentAt: 400 },
    { type: "stream-end", at: 400, ...up, arrived: false, sentAt: 400 },
    { type: "stream-arrived", at: 410, ...up, offset: 1_000, bytes: bytes(500, 2), sentAt: 400 },
    { type: "stream-end", at: 410, ...up, arrived: true, sentAt: 400 },
    { type: "stream-sent", at: 415, ...down, offset: 0, bytes: bytes(70_000, 3), sentAt: 415 },
    { type: "stream-arrived", at: 425, ...down, offset: 0, bytes: bytes(70_000, 3), sentAt: 415 },
    { type: "stream-end", at: 426, ...down, arrived: false, sentAt: 426 },
    { type: "stream-end", at: 436, ...down, arrived: true, sentAt: 426 },
  ];
}
