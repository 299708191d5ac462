/** What a process of `asking-node.ts` is told, as the JSON of its only argument. */

/** Overrides of a preset's times, in ms. */
export interface Times {
  readonly preset?: "default" | "fast";
  readonly reportMs?: number;
  readonly pulseMs?: number;
  readonly leaseMs?: number;
  readonly stepMs?: number;
  readonly voteMs?: number;
  readonly probeMs?: number;
  readonly handOverMs?: number;
}

export interface NodeConfig {
  readonly id: string;
  readonly mode: "quorum" | "available";
  readonly listen: string;
  readonly address: string;
  /** Of every node of the cluster: the members, or the seeds. */
  readonly cluster: readonly { readonly id: string; readonly address: string }[];
  readonly routes: Readonly<Record<string, string>>;
  /** The file to store in. */
  readonly state: string;
  readonly times: Times;
  /** In hexadecimal. */
  readonly secret?: string;
  /** Where answers of `isLeader()` are appended; without it nobody asks. */
  readonly samples?: string;
  /** `HOST:PORT` of a `resource.ts`, to which the node writes while it thinks that it leads. */
  readonly resource?: string;
  /** A mutant: the answer is a flag that events set, which is what rule E11 forbids. */
  readonly answersByFlag?: boolean;
}
