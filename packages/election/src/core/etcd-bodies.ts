/** What is asked of etcd, as its JSON gateway wants it (election rules E70, E76). */

import type { EtcdCandidate } from "./etcd-answers.js";
import { toBase64 } from "./etcd-base64.js";
import type { ResolvedEtcdOptions } from "./etcd-options.js";

export class EtcdBodies {
  /** What all keys of the election begin with. */
  readonly prefix: string;
  readonly #options: ResolvedEtcdOptions;
  readonly #all: { readonly key: string; readonly range_end: string };
  readonly #value: string;

  constructor(options: ResolvedEtcdOptions) {
    this.#options = options;
    this.prefix = `${options.election}/`;
    // "0" follows "/": the range holds exactly what begins with the prefix.
    this.#all = { key: toBase64(this.prefix), range_end: toBase64(`${options.election}0`) };
    this.#value = toBase64(JSON.stringify({ id: options.id, address: options.address }));
  }

  authenticate(): object {
    return { name: this.#options.user?.name, password: this.#options.user?.password };
  }

  grant(): object {
    return { TTL: String(this.#options.ttlSeconds) };
  }

  lease(id: string): object {
    return { ID: id };
  }

  list(): object {
    return { ...this.#all, sort_order: "ASCEND", sort_target: "CREATE", limit: String(this.#options.maxCandidates) };
  }

  /** Puts the key unless it is there, and in both cases looks at all. Doing it twice is doing it once. */
  campaign(key: string, leaseId: string): object {
    const full = toBase64(this.prefix + key);
    const list = { request_range: this.list() };
    return {
      compare: [{ result: "EQUAL", target: "CREATE", key: full, create_revision: "0" }],
      success: [{ request_put: { key: full, value: this.#value, lease: leaseId } }, list],
      failure: [list],
    };
  }

  /** If the own key still stands with its epoch: deletes it and all those given, in one step. */
  handOver(key: string, epoch: number, before: readonly EtcdCandidate[]): object {
    const full = toBase64(this.prefix + key);
    return {
      compare: [{ result: "EQUAL", target: "CREATE", key: full, create_revision: String(epoch) }],
      success: [key, ...before.map((one) => one.key)].map((one) => ({
        request_delete_range: { key: toBase64(this.prefix + one) },
      })),
    };
  }

  watch(fromRevision: number): object {
    return { create_request: { ...this.#all, start_revision: String(fromRevision) } };
  }
}

/** The key of a lease, as etcd's own election names it: in hexadecimal. */
export function keyOf(leaseId: string): string {
  return BigInt(leaseId).toString(16);
}
