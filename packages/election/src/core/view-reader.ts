/** A person's tool that asks a node about its cluster (election rules E62 to E66). */

import type { ClusterView } from "./contract.js";
import type { Platform } from "./options.js";

export interface ViewReaderOptions {
  /** As the nodes' option. Default `lab`. */
  readonly cluster?: string | undefined;
  /** As the nodes' option. Default none. */
  readonly secret?: Uint8Array | undefined;
  readonly platform: Platform;
}

export class ViewReader {
  readonly #options: ViewReaderOptions;

  constructor(options: ViewReaderOptions) {
    this.#options = options;
  }

  /** The payload of the next question. */
  ask(): Uint8Array {
    throw new Error(`not yet ${this.#options.cluster}`);
  }

  /** What the node answered, once it is complete; undefined: ask again. */
  read(_payload: Uint8Array): ClusterView | undefined {
    throw new Error("not yet");
  }

  /** The payload that asks the leader which `view` is of to hand over, to the host `to` or to the next in line. */
  retire(_view: ClusterView, _to?: string): Uint8Array {
    throw new Error("not yet");
  }
}
