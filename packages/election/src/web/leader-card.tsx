/** Who leads, in which epoch, for how long yet, and who is next in line. */

import type { JSX } from "preact";
import type { Term } from "../core/leadership-history.js";
import { duration, timeOfDay } from "./format.js";
import { LeaseBar } from "./lease-bar.js";
import type { Silence } from "./silence.js";
import type { ShownState } from "./state.js";
import { waitingWords } from "./waiting.js";

interface Props {
  readonly state: ShownState;
  readonly stateAt: number;
  readonly term: Term | undefined;
  /** Where the leader does not answer. */
  readonly silence: Silence | undefined;
  /** When all of this was so last. */
  readonly heardAt: number;
  /** The ids of the other hosts. */
  readonly others: readonly string[];
  readonly now: number;
}

export function LeaderCard({ state, stateAt, term, silence, heardAt, others, now }: Props): JSX.Element {
  const { leader, fallbacks, lease, node } = state;
  return (
    <section class="card" aria-labelledby="leader-title">
      <h2 id="leader-title">Leader</h2>
      {leader === undefined ? (
        <>
          <p class="leader-name nobody">Nobody leads</p>
          <p class="waiting">{waitingWords(state, others, heardAt - stateAt)}</p>
        </>
      ) : silence !== undefined ? (
        <>
          <p class="leader-name silent">{leader.id} does not answer</p>
          <p class="waiting">
            Last heard at {timeOfDay(silence.since)}, {duration(now - silence.since)} ago: {silence.why}. Whether it
            leads yet is not known here.
          </p>
        </>
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
          <dt>{silence === undefined ? "Leads for" : "Led for, when last heard"}</dt>
          <dd>
            {term === undefined || leader === undefined ? "–" : duration((silence?.since ?? heardAt) - term.from)}
          </dd>
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
