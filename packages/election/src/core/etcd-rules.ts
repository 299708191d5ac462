/** The rules of the etcd engine on which safety rests, each in one place and pure: what a test changes, one at a time. */

import type { Now } from "./stamp.js";

export class EtcdRules {
  /** From when on a lease counts whose keep-alive was sent and answered then (E71). */
  countedFrom(sent: Now, _answered: Now): Now {
    return sent;
  }

  /** How long it counts from there, of a lease that etcd keeps for `ttlMs` at least (E71). */
  usableMs(
    ttlMs: number,
    { marginMs, clockError }: { readonly marginMs: number; readonly clockError: number },
  ): number {
    // A clock of ours that is slow and one of etcd's that is fast, each by `clockError`.
    return ttlMs - Math.max(marginMs, (ttlMs * 2 * clockError) / (1 + clockError));
  }

  /** Whether an answer counts that comes when the lease is lost in whose name it was asked for (E72). */
  takesLateAnswers(): boolean {
    return false;
  }

  /** Whether a key of etcd is that of the present lease (E70, E72). */
  isOwn(
    found: { readonly key: string; readonly id: string },
    own: { readonly key: string; readonly id: string },
  ): boolean {
    return found.key === own.key;
  }
}
