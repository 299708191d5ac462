/** What both ways to use Slurm come to: a host that a build asks as it asks any other. */
import type { HostAddress } from "../../core/plan.js";

export interface SlurmHost extends AsyncDisposable {
  /** For `hosts` of `build`. */
  readonly address: HostAddress;
  /** For `secret` of `build`: made for this host alone. */
  readonly secret: Uint8Array;
  readonly jobId: number;
  /** Resolves, with the reason, where the job ends though `close` was not called; never rejects. */
  readonly lost: Promise<string>;
  /** Ends the server and the job, and resolves when nothing of them is left. May be called again. @throws SlurmError where the job does not end */
  close(): Promise<void>;
}
