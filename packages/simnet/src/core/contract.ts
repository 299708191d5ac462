/**
 * What a simulated node is told and what it may ask for: the vocabulary between the simulator and the small adapters
 * that put protocol machines into it (docs/simnet.md). A node program is itself a machine (docs/machine.md), so the
 * simulator, the explorer and a test can all run it.
 */

/** One end of a datagram or of a connection. */
export interface Endpoint {
  /** Name of a node of the world. */
  readonly node: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** What happens to a node. Connections are named by a number that is unique within one node. */
export type NodeInput =
  /** The node was just created, or is back after a crash. Always the first input of a program. */
  | { readonly type: "start" }
  /** `nextDeadline()` has come. */
  | { readonly type: "tick" }
  /** A datagram arrived at `port`. */
  | { readonly type: "datagram"; readonly from: Endpoint; readonly port: number; readonly bytes: Uint8Array }
  /** Somebody connected to the listening `port`; from now on the connection is called `connection`: -1, -2, ... */
  | { readonly type: "accepted"; readonly connection: number; readonly from: Endpoint; readonly port: number }
  /** The connection that the program asked for stands. */
  | { readonly type: "connected"; readonly connection: number }
  /** Nobody listens there (`refused`), or nobody answered in time (`timeout`). The connection does not exist. */
  | { readonly type: "failed"; readonly connection: number; readonly why: "refused" | "timeout" }
  /** The next bytes of the peer, cut anywhere. */
  | { readonly type: "bytes"; readonly connection: number; readonly bytes: Uint8Array }
  /** The peer sends no more; it may still read. */
  | { readonly type: "end"; readonly connection: number }
  /** After a write that left more than the high-water mark unsent: everything was taken, there is room again. */
  | { readonly type: "drained"; readonly connection: number }
  /** Last word of a connection: both sides ended, or it was reset (`reset`), or the peer was silent too long. */
  | { readonly type: "closed"; readonly connection: number; readonly why: "ended" | "reset" | "timeout" }
  /** What a `later` output asked for. */
  | { readonly type: "later"; readonly token: unknown }
  /** What a `store` output asked for is on the disk, or never will be: the disk fails. */
  | { readonly type: "stored" | "storeFailed"; readonly token: unknown }
  /** The scenario tells the program to do something. */
  | { readonly type: "command"; readonly command: unknown };

/** What a node wants done. Outputs are performed in order. */
export type NodeOutput =
  /** Opens a datagram port, or starts to accept connections at one. Both last until the node crashes. */
  | { readonly type: "bind"; readonly port: number }
  | { readonly type: "listen"; readonly port: number }
  | { readonly type: "datagram"; readonly port: number; readonly to: Endpoint; readonly bytes: Uint8Array }
  /** Opens a connection under a number that the program chooses, from 0, and has not used since its start. */
  | { readonly type: "connect"; readonly connection: number; readonly to: Endpoint }
  | { readonly type: "write"; readonly connection: number; readonly bytes: Uint8Array }
  /** Sends no more on this connection, once what was written has gone. */
  | { readonly type: "end"; readonly connection: number }
  /** Drops the connection at once, and hears no more of it; the peer sees a reset. */
  | { readonly type: "reset"; readonly connection: number }
  /** Stops and starts reading; what arrives meanwhile waits in the receive buffer, and then at the sender. */
  | { readonly type: "pause"; readonly connection: number }
  | { readonly type: "resume"; readonly connection: number }
  /** Hands `token` back as an input after `afterMs` of the node's own clock: a disk that takes its time. Lost in a crash. */
  | { readonly type: "later"; readonly afterMs: number; readonly token: unknown }
  /**
   * Writes `value` to the durable state under `key` and syncs it, after all writes that were asked for before; then the
   * program is told `stored` with `token`. Not to be changed afterwards.
   */
  | { readonly type: "store"; readonly key: string; readonly value: unknown; readonly token: unknown }
  /** A line for the trace: what a reader of it wants to know about the inside of the node. */
  | { readonly type: "note"; readonly text: string };

/** A program that a node runs: one protocol machine or several, and the adapter around them. */
export interface NodeProgram {
  /** @param now milliseconds of this node's own clock, which may be skewed, may drift, and never goes back */
  handle(now: number, input: NodeInput): NodeOutput[];
  nextDeadline(): number | undefined;
  /**
   * A text that is equal for two programs only if they will behave alike from here on, whatever comes. Times in it are
   * relative to `now`. Only the explorer asks for it; without it, it explores every schedule one by one.
   */
  fingerprint?(now: number): string;
}

/** What a program is created with. */
export interface NodeEnvironment {
  /** The node's name. */
  readonly name: string;
  /** 1 for the first start, one more after every crash. */
  readonly incarnation: number;
  /** 1 for the first start, one more after every crash that took the host too: names the boot of the machine. */
  readonly boot: number;
  /** Random bytes from the world's seed; different for every node and every incarnation. */
  readonly randomBytes: (length: number) => Uint8Array;
  /**
   * What outlives a crash: a map that belongs to the node and is handed to each of its incarnations. A restart without
   * its durable state finds it empty.
   */
  readonly durable: Map<string, unknown>;
  /** What the node's wall clock shows now, in milliseconds since 1970; faults set it forward and back. */
  readonly wallClock: () => number;
}

export type CreateProgram = (environment: NodeEnvironment) => NodeProgram;
