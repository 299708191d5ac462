/** What the machine of the etcd engine is told and may ask for (docs/election.md, "The etcd engine"). */

import type { LeaderInfo, StepDownReason } from "./contract.js";
import type { Token } from "./token.js";

export type EtcdInput =
  /** Always the first. */
  | { readonly type: "start" }
  /** The whole answer to a request that is no watch. */
  | { readonly type: "reply"; readonly id: number; readonly status: number; readonly body: string }
  /** A line of the answer to a watch. */
  | { readonly type: "line"; readonly id: number; readonly body: string }
  /** A request got no answer, or not in time; a watch has ended. */
  | { readonly type: "failed"; readonly id: number; readonly message: string }
  /** `nextDeadline()` has come. */
  | { readonly type: "tick" }
  /** The driver saw that a clock was set, or that the machine slept. */
  | { readonly type: "clockJump" }
  /** The application wants another leader; `to` names a candidate. Nothing happens where this one does not lead. */
  | { readonly type: "resign"; readonly to?: string }
  /** The application wants no more. */
  | { readonly type: "stop" };

/** A POST with a body of JSON. It ends in one `reply` or `failed`, unless it is cancelled before. */
export interface EtcdRequest {
  readonly type: "request";
  readonly id: number;
  /** One of the `endpoints`. */
  readonly endpoint: string;
  readonly path: string;
  readonly body: string;
  /** What goes into the header `Authorization`. */
  readonly authorization: string | undefined;
  /** After so long it has `failed`. */
  readonly timeoutMs: number;
  /** A watch: an answer that does not end, each line an input. */
  readonly isWatch: boolean;
}

export type EtcdOutput =
  | EtcdRequest
  /** Drop this request and its connection. */
  | { readonly type: "cancel"; readonly id: number }
  | { readonly type: "elected"; readonly token: Token }
  | { readonly type: "stepDown"; readonly token: Token; readonly why: StepDownReason }
  | { readonly type: "leader"; readonly leader: LeaderInfo | undefined }
  /** For a log: a request failed and will be made again. */
  | { readonly type: "trouble"; readonly message: string }
  /** For people: a request failed at every endpoint, one after the other; told once until one has answered. */
  | { readonly type: "outage"; readonly message: string }
  /** Since the last `outage` this endpoint has answered. */
  | { readonly type: "outageOver"; readonly endpoint: string };
