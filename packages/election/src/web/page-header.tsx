/** Which cluster, which node, and whether the page hears it. */

import type { JSX } from "preact";
import type { ConnectionState } from "./moves.js";
import type { ShownState } from "./state.js";

interface Props {
  readonly connection: ConnectionState;
  readonly state: ShownState | undefined;
}

export function PageHeader({ connection, state }: Props): JSX.Element {
  const host = connection.url === "" ? "" : new URL(connection.url).host;
  const isLive = connection.status === "live";
  return (
    <header class="top">
      <div class="top-inner">
        <h1>
          Election <span class="cluster">{state?.cluster}</span>
        </h1>
        <ul class="chips" aria-label="This node">
          {state !== undefined && <li class="chip">{state.mode} mode</li>}
          {state !== undefined && (
            <li class="chip">
              node {state.node.id === "" ? "without a name" : state.node.id}: {state.node.role}
            </li>
          )}
          <li class={isLive ? "chip live" : "chip lost"} data-connection={connection.status}>
            <span aria-hidden="true">{isLive ? "●" : "↻"}</span>{" "}
            {isLive ? `live from ${host}` : `${state === undefined ? "connecting" : "reconnecting"} to ${host}`}
          </li>
        </ul>
        <p class="hidden" role="status" aria-live="polite">
          {announcement(connection, state)}
        </p>
      </div>
      {state?.node.warnings.map((warning) => (
        <p key={warning} class="warning">
          <span aria-hidden="true">▲</span> {warning}
        </p>
      ))}
    </header>
  );
}

function announcement({ status }: ConnectionState, state: ShownState | undefined): string {
  if (state === undefined) return "";
  if (status !== "live") return ""; // said by the banner
  return state.leader === undefined ? "Nobody leads." : `${state.leader.id} leads in epoch ${state.leader.epoch}.`;
}
