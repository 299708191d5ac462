/** Who leads, in which epoch, for how long yet, and who is next in line. */

import type { JSX } from "preact";
import type { Term } from "../core/leadership-history.js";
import { duration } from "./format.js";
import { LeaseBar } from "./lease-bar.js";
import type { ShownState } from "./state.js";

interface Props {
  readonly state: ShownState;
  readonly stateAt: number;
  readonly term: Term | undefined;
  readonly now: number;
}

export function LeaderCard({ state, stateAt, term, now }: Props): JSX.Element {
  const { leader, fallbacks, lease, node } = state;
  return (
    <section class="card" aria-labelledby="leader-title">
      <h2 id="leader-title">Leader</h2>
      {leader === undefined ? (
        <p class="leader-name nobody">Nobody leads</p>
      ) : (
        <p class="leader-name">
          <span class="star" aria-hidden="true">
            ★
          </span>
          {leader.id}
        </p>
      )}
      <dl class="facts">
        <div>
          <dt>Epoch</dt>
          <dd>{leader?.epoch ?? node.epoch}</dd>
        </div>
        <div>
          <dt>Leads for</dt>
          <dd>{term === undefined || leader === undefined ? "–" : duration(now - term.from)}</dd>
        </div>
        <div>
          <dt>Address</dt>
          <dd>{leader?.address ?? "–"}</dd>
        </div>
      </dl>
      <LeaseBar
        label={lease.of === "leader" ? "Lease" : `Promise of ${node.id === "" ? "this node" : node.id} to it`}
        leaseMs={lease.leaseMs}
        remainingMs={leader === undefined ? 0 : lease.remainingMs}
        stateAt={stateAt}
        now={now}
      />
      <h3>Next in line</h3>
      {fallbacks.length === 0 ? (
        <p class="quiet">Nobody yet</p>
      ) : (
        <ol class="fallbacks">
          {fallbacks.map(({ id, address }) => (
            <li key={id}>
              <strong>{id}</strong> <span class="quiet">{address}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
