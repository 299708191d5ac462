/** What a simulated world said on its connections, and what the codecs read in it. */
import { FrameDecoder } from "../../packages/framing/src/core/index.js";
import type { Side, TraceEvent } from "../../packages/simnet/src/core/index.js";
import type { Said } from "./captures.js";

export interface Connection {
  readonly serverPort: number;
  /** In the order in which it was sent, nothing twice. */
  readonly said: readonly Said[];
}

interface Open extends Connection {
  readonly client: string;
  readonly said: Said[];
  readonly sent: Record<Side, number>;
  isReset: boolean;
}

/** Every connection of a trace. */
export function connectionsOf(trace: readonly TraceEvent[]): Connection[] {
  const connections = new Map<number, Open>();
  for (const event of trace) {
    if (event.type === "stream-connect") {
      const client = JSON.stringify(event.from);
      const sent = { client: 0, server: 0 };
      connections.set(event.connection, { serverPort: event.to.port, client, said: [], sent, isReset: false });
    }
    const open = "connection" in event ? connections.get(event.connection) : undefined;
    if (open === undefined) continue;
    if (event.type === "stream-reset") open.isReset = true;
    if (event.type !== "stream-sent" || open.isReset) continue; // a capture has nothing behind a reset
    const side = JSON.stringify(event.from) === open.client ? "client" : "server";
    const known = open.sent[side] - event.offset;
    if (known >= event.bytes.length) continue; // sent again
    open.said.push({ side, bytes: event.bytes.slice(known) });
    open.sent[side] = event.offset + event.bytes.length;
  }
  return [...connections.values()];
}

/** The messages of framed conversations, in the order in which they end. @param nameOf of a payload; throws where it is none */
export function framedMessages(said: readonly Said[], nameOf: (payload: Uint8Array, side: Side) => string): string[] {
  const decoders = { client: new FrameDecoder(), server: new FrameDecoder() };
  return said.flatMap(({ side, bytes }) => decoders[side].push(bytes).map((payload) => nameOf(payload.slice(), side)));
}
