/** What nodes, and a person's tool, say to each other (election rules E2, E3). */

import type { Fallback, HostRow, Mode, Role } from "./contract.js";
import type { Load } from "./load.js";
import type { Stamp } from "./stamp.js";

export const MAX_PAYLOAD_BYTES = 4_096;
export const EPOCH_MAX: number = 2 ** 48;
export const MAX_ID_BYTES = 64;
export const MAX_ADDRESS_BYTES = 256;
export const MAX_FALLBACKS = 3;

/** What every message begins with. */
export interface Header {
  /** The sender's highest stored epoch; of a leader, the one in which it leads. */
  readonly epoch: number;
  /** 16 hexadecimal digits, drawn when the sender started. */
  readonly incarnation: string;
  /** What the sender was told of mode, members and lease, as `settingsOf` has it; 0 in the messages between a person's tool and a node. */
  readonly settings: number;
  readonly cluster: string;
  /** Empty in a Hello or View of a node that has no id yet, and in the messages of a person's tool. */
  readonly sender: string;
}

/** A leader that is spoken of; its id is empty where none is known. */
export interface Named {
  readonly leaderId: string;
  readonly leaderAddress: string;
  readonly leaderEpoch: number;
}

/** Why a leader takes no report: another reports under that id, or it keeps no more hosts. */
export type Refusal = "none" | "idTaken" | "tableFull";

/** `for` is the incarnation that is answered. */
export type Body =
  | { readonly type: "hello"; readonly address: string }
  | ({ readonly type: "redirect"; readonly for: string; readonly givenId: string; readonly refusal: Refusal } & Named)
  | {
      readonly type: "report";
      readonly address: string;
      readonly hostName: string;
      /** URL of its dashboard; empty where there is none. */
      readonly ui: string;
      readonly echo: { readonly epoch: number; readonly stamp: Stamp } | undefined;
      readonly load: Load;
    }
  | {
      readonly type: "ack";
      readonly for: string;
      readonly address: string;
      readonly stamp: Stamp;
      readonly leaseMs: number;
      readonly fallbacks: readonly Fallback[];
    }
  | { readonly type: "preVote"; readonly address: string; readonly stamp: Stamp }
  | {
      readonly type: "preVoteReply";
      readonly for: string;
      readonly stamp: Stamp;
      readonly granted: boolean;
      /** Whether the sender knows its epoch (E20). */
      readonly knows: boolean;
    }
  | {
      readonly type: "voteReq";
      readonly address: string;
      readonly proposed: number;
      readonly stamp: Stamp;
      readonly release: Release | undefined;
    }
  | {
      readonly type: "vote";
      readonly for: string;
      readonly proposed: number;
      readonly stamp: Stamp;
      readonly granted: boolean;
    }
  | { readonly type: "announce"; readonly address: string }
  | { readonly type: "prepare"; readonly for: string; readonly stamp: Stamp }
  | { readonly type: "ready"; readonly for: string; readonly stamp: Stamp }
  | { readonly type: "offer"; readonly for: string }
  | { readonly type: "probe"; readonly address: string }
  | ({ readonly type: "stale" } & Named)
  /** A person's tool asks for a View; `first` is the index of the first row that it wants. */
  | { readonly type: "watch"; readonly first: number }
  | ({
      readonly type: "view";
      readonly for: string;
      readonly mode: Mode;
      readonly role: Role;
      readonly address: string;
      readonly leaseMs: number;
      /** Infinity where there is no end. */
      readonly leaseRemainingMs: number;
      readonly fallbacks: readonly Fallback[];
    } & TablePart &
      Named)
  /** A person's tool asks the leader of `epoch`, whose incarnation is `for`, to hand over; `to` is empty for the next in line. */
  | { readonly type: "retire"; readonly for: string; readonly epoch: number; readonly to: string };

/** Some rows of a leader's table. */
export interface TablePart {
  /** Which ranking of this run of the node it is, from 1; 0 where there is no table. */
  readonly snapshot: number;
  /** How many rows the table has. */
  readonly total: number;
  /** The index of the first that is here. */
  readonly first: number;
  readonly rows: readonly HostRow[];
}

/** A leader that has stopped, and the epoch in which it led: promises to it for that epoch bind no more. */
export interface Release {
  readonly holder: string;
  readonly epoch: number;
}

export type BodyType = Body["type"];
export type BodyOf<Type extends BodyType> = Extract<Body, { readonly type: Type }>;

export interface Message {
  readonly header: Header;
  readonly body: Body;
}

/** In the order of their numbers, from 1. */
export const BODY_TYPES: readonly BodyType[] = [
  "hello",
  "redirect",
  "report",
  "ack",
  "preVote",
  "preVoteReply",
  "voteReq",
  "vote",
  "announce",
  "prepare",
  "ready",
  "offer",
  "probe",
  "stale",
  "watch",
  "view",
  "retire",
];
