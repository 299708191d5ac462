/** The requests that are under way, and to which endpoint the next one goes (election rules E73, E74). */

import type { EtcdOutput } from "./etcd-contract.js";
import type { Now } from "./stamp.js";

export type EtcdRequestKind =
  | "authenticate"
  | "grant"
  /** Puts the key where it is missing, and looks at all. */
  | "campaign"
  | "list"
  | "keepAlive"
  | "revoke"
  | "handOver"
  | "watch";

const paths: Readonly<Record<EtcdRequestKind, string>> = {
  authenticate: "/v3/auth/authenticate",
  grant: "/v3/lease/grant",
  campaign: "/v3/kv/txn",
  list: "/v3/kv/range",
  keepAlive: "/v3/lease/keepalive",
  revoke: "/v3/lease/revoke",
  handOver: "/v3/kv/txn",
  watch: "/v3/watch",
};

export interface EtcdPending {
  readonly id: number;
  readonly kind: EtcdRequestKind;
  readonly sentAt: Now;
  readonly endpoint: string;
  /** The key in whose name it was asked. */
  readonly key: string;
}

export interface EtcdSending {
  readonly kind: EtcdRequestKind;
  readonly body: object;
  readonly timeoutMs: number;
  readonly key?: string;
}

export class EtcdRequests {
  readonly #endpoints: readonly string[];
  readonly #retryMs: number;
  readonly #pending = new Map<number, EtcdPending>();
  /** What `authenticate` brought. */
  token: string | undefined;
  #current = 0;
  #failures = 0;
  /** All endpoints have failed in a row, and none has answered since. */
  isOutage = false;
  #lastId = 0;

  constructor(endpoints: readonly string[], retryMs: number) {
    this.#endpoints = endpoints;
    this.#retryMs = retryMs;
  }

  /** The endpoint to which requests go now. */
  get endpoint(): string {
    return this.#endpoints[this.#current] as string;
  }

  send(now: Now, { kind, body, timeoutMs, key = "" }: EtcdSending): EtcdOutput {
    const id = ++this.#lastId;
    const { endpoint } = this;
    this.#pending.set(id, { id, kind, sentAt: now, endpoint, key });
    return {
      type: "request",
      id,
      endpoint,
      path: paths[kind],
      body: JSON.stringify(body),
      authorization: kind === "authenticate" ? undefined : this.token,
      timeoutMs,
      isWatch: kind === "watch",
    };
  }

  find(kind: EtcdRequestKind): EtcdPending | undefined {
    for (const one of this.#pending.values()) if (one.kind === kind) return one;
    return undefined;
  }

  get(id: number): EtcdPending | undefined {
    return this.#pending.get(id);
  }

  /** It has ended. */
  end(id: number): EtcdPending | undefined {
    const one = this.#pending.get(id);
    this.#pending.delete(id);
    return one;
  }

  /** Forgets all of some kinds: what is answered to them later means nothing. */
  cancel(kinds: readonly EtcdRequestKind[]): EtcdOutput[] {
    const outputs: EtcdOutput[] = [];
    for (const { id, kind } of [...this.#pending.values()]) {
      if (!kinds.includes(kind)) continue;
      this.#pending.delete(id);
      outputs.push({ type: "cancel", id });
    }
    return outputs;
  }

  /** The same where nothing can be put out: the request goes on, for nothing. */
  forget(kind: EtcdRequestKind): void {
    const one = this.find(kind);
    if (one !== undefined) this.#pending.delete(one.id);
  }

  succeeded(): void {
    this.#failures = 0;
    this.isOutage = false;
  }

  /** Turns to the next endpoint. Answers in how many ms to try again: at once, until all have failed in a row. */
  failed({ endpoint }: EtcdPending): number {
    if (endpoint !== this.endpoint) return 0; // another request has turned already
    this.#current = (this.#current + 1) % this.#endpoints.length;
    if (++this.#failures < this.#endpoints.length) return 0;
    this.#failures = 0;
    this.isOutage = true;
    return this.#retryMs;
  }
}

export const allEtcdRequests: readonly EtcdRequestKind[] = Object.keys(paths) as EtcdRequestKind[];
