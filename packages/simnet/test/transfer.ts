/** A client and a server that send each other bytes over one connection, for tests of connections. */
import type { NodeOutput } from "../src/core/index.js";
import { type Probe, probe } from "./probe.js";

export interface Side {
  readonly probe: Probe;
  /** What arrived, and how it ended for this side. */
  readonly received: number[];
  closed: string | undefined;
}

export interface SideOptions {
  /** Written one after another as soon as the connection stands. */
  readonly writes: readonly Uint8Array[];
  /** It ends only when the other side has. Default false: right after its writes. */
  readonly endsLast?: boolean;
  /** It stops reading after every input of bytes, for so long. */
  readonly pauseMs?: number;
}

/** Connection 1 of node `client` to port 80 of node `server`. */
export function client(options: SideOptions, server = "server"): Side {
  return side(options, [{ type: "connect", connection: 1, to: { node: server, port: 80 } }]);
}

export function server(options: SideOptions): Side {
  return side(options, [{ type: "listen", port: 80 }]);
}

function side({ writes, endsLast = false, pauseMs }: SideOptions, atStart: NodeOutput[]): Side {
  const received: number[] = [];
  const self: Side = {
    received,
    closed: undefined,
    probe: probe((input) => {
      switch (input.type) {
        case "start":
          self.closed = undefined;
          return atStart;
        case "connected":
        case "accepted": {
          const { connection } = input;
          const outputs: NodeOutput[] = writes.map((bytes) => ({ type: "write", connection, bytes }));
          return endsLast ? outputs : [...outputs, { type: "end", connection }];
        }
        case "bytes": {
          received.push(...input.bytes);
          if (pauseMs === undefined) return undefined;
          const { connection } = input;
          return [
            { type: "pause", connection },
            { type: "later", afterMs: pauseMs, token: connection },
          ];
        }
        case "later":
          if (typeof input.token !== "number") return undefined;
          return [{ type: "resume", connection: input.token }]; // nothing where it is over by now
        case "end":
          return endsLast ? [{ type: "end", connection: input.connection }] : undefined;
        case "closed":
          self.closed = input.why;
          return undefined;
        case "failed":
          self.closed = `failed: ${input.why}`;
          return undefined;
        default:
          return undefined;
      }
    }),
  };
  return self;
}
