/** The record of a run: every event that a reader, a diagram or a capture file needs, in the order in which it happened. */

import type { Endpoint } from "./contract.js";

interface At {
  /** Virtual milliseconds since the start of the world (or, in a proxy, real ones since its start). */
  readonly at: number;
}

interface Packet extends At {
  /** Numbered from 1 in the order of sending; the copies of one datagram share it. */
  readonly id: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** As sent; in `datagram-arrived` as it arrived. */
  readonly bytes: Uint8Array;
}

/** One direction of a connection, as seen where it happens. */
interface Stream extends At {
  /** Number of the connection in this world, from 1. */
  readonly connection: number;
  /** Who did it. */
  readonly from: Endpoint;
  readonly to: Endpoint;
}

export type TraceEvent =
  | (Packet & { readonly type: "datagram-sent" })
  | (Packet & {
      readonly type: "datagram-arrived";
      readonly sentAt: number;
      readonly copy: number;
      readonly corrupted: boolean;
      readonly reordered: boolean;
    })
  | (Packet & {
      readonly type: "datagram-lost";
      readonly sentAt: number;
      /** `drop`, `queue`, `cut`: the link. `port`: nobody is bound there. `down`: the node has crashed. */
      readonly why: "drop" | "queue" | "cut" | "port" | "down";
    })
  /**
   * The client asks (`connect`); the other side takes it (`accept`) or does not (`refuse`). `timeout`: `from` gives up,
   * since `to` has not answered for too long.
   */
  | (Stream & { readonly type: "stream-connect" | "stream-accept" | "stream-refuse" | "stream-timeout" })
  /**
   * A segment of bytes leaves or arrives. `offset`: its place in this direction's stream, from 0. What was lost is sent
   * again, so that an offset may leave several times; it arrives once.
   */
  | (Stream & {
      readonly type: "stream-sent" | "stream-arrived";
      readonly offset: number;
      readonly bytes: Uint8Array;
      /** When it was sent; in `stream-sent` the same as `at`. */
      readonly sentAt: number;
    })
  /** A segment is lost on its way, and will be sent again. `offset` and `bytes` as sent; no bytes: a word of the connection itself. */
  | (Stream & {
      readonly type: "stream-lost";
      readonly offset: number;
      readonly bytes: Uint8Array;
      readonly sentAt: number;
      /** `corrupt`: a wrong checksum, which nobody above ever sees. */
      readonly why: "drop" | "queue" | "cut" | "corrupt" | "down";
    })
  | (Stream & { readonly type: "stream-end" | "stream-reset"; readonly arrived: boolean; readonly sentAt: number })
  | (At & {
      readonly type: "node";
      readonly node: string;
      readonly what: "start" | "crash" | "pause" | "resume" | "clock" | "command";
      readonly text: string;
    })
  | (At & { readonly type: "link"; readonly from: string; readonly to: string; readonly what: "cut" | "heal" })
  | (At & { readonly type: "note"; readonly node: string; readonly text: string });

/** What a payload means, in a few words, for texts and diagrams; undefined where it is not understood. */
export type Describe = (bytes: Uint8Array, from: Endpoint, to: Endpoint) => string | undefined;
