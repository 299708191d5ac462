/** A node's view of its cluster, and that of the leader which it follows. */
import type { ClusterView } from "../core/index.js";
import { type QueryOptions, queryNode } from "../node/query.js";

export interface ClusterAnswer {
  readonly node: ClusterView;
  /** The node itself where it leads; undefined where no leader answered. */
  readonly leader: ClusterView | undefined;
  /** Why not. */
  readonly noLeader?: string;
}

/** The lead may move while it is asked for. */
const MOST_MOVES = 3;

/** Asks a node, and where it does not lead, whom it follows. @throws what `queryNode` throws for the node itself */
export async function askCluster(address: string, options: QueryOptions): Promise<ClusterAnswer> {
  const node = await queryNode(address, options);
  let view = node;
  for (let moves = 0; view.role !== "leader"; moves++) {
    const { leader } = view;
    const from = view.id === "" ? view.address : view.id;
    if (leader === undefined || leader.address === view.address)
      return { node, leader: undefined, noLeader: `${from} knows no leader` };
    if (moves === MOST_MOVES)
      return { node, leader: undefined, noLeader: "the lead moves faster than it can be asked for" };
    try {
      view = await queryNode(leader.address, options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      const noLeader = `${from} follows ${leader.id}, which does not answer: ${(error as Error).message}`;
      return { node, leader: undefined, noLeader };
    }
  }
  return { node, leader: view };
}
