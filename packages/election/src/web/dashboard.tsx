/** The whole page. */

import type { JSX } from "preact";
import { useEffect, useMemo, useReducer, useState } from "preact/hooks";
import { Connection, type ConnectionState } from "./connection.js";
import { DevicePanel } from "./device-panel.js";
import { EventLog } from "./event-log.js";
import { HostTable } from "./host-table.js";
import { pageUrl, rememberedPages, rememberPages } from "./known-pages.js";
import { LeaderCard } from "./leader-card.js";
import { type Message, type Model, NOTHING, update } from "./model.js";
import { PageHeader } from "./page-header.js";
import { shownHosts } from "./seen-hosts.js";
import type { ShownHistory, ShownState, ShownTable } from "./state.js";
import { Timeline } from "./timeline.js";
import { useToldEnds } from "./told-ends.js";

/** Times on the page go on between two words of the node. */
const TICK_MS = 500;

export function Dashboard(): JSX.Element {
  const [model, dispatch] = useReducer((known: Model, message: Message) => update(known, message, Date.now()), NOTHING);
  const [connection, setConnection] = useState<ConnectionState>({ status: "connecting", url: "", attempt: 0 });
  const now = useNow();
  useEffect(() => {
    const own = `${location.origin}/`;
    const live = new Connection([own, ...rememberedPages().filter((url) => url !== own)], {
      // The same again is no change.
      onState: (state) =>
        setConnection((known) =>
          known.status === state.status && known.url === state.url && known.attempt === state.attempt ? known : state,
        ),
      onOpen: () => dispatch({ type: "listen" }),
      onEvent: (name, data) => {
        if (name === "table") dispatch({ type: "table", table: data as ShownTable });
        if (name === "history") dispatch({ type: "history", shown: data as ShownHistory });
        if (name !== "state") return;
        const state = data as ShownState;
        dispatch({ type: "state", state });
        live.learn(state.pages.flatMap(({ url }) => pageUrl(url) ?? []));
        rememberPages(state.pages);
      },
    });
    return () => live.close();
  }, []);
  const { state, stateAt, hosts, device, history } = model;
  useToldEnds(history.terms, state?.pages ?? [], (shown) => dispatch({ type: "told", shown }));
  const rows = useMemo(
    () => (state === undefined ? [] : shownHosts(hosts, state, history.terms, now)),
    [hosts, state, history, now],
  );
  useEffect(() => {
    if (state !== undefined) document.title = `${state.leader?.id ?? "Nobody"} leads ${state.cluster}`;
  }, [state?.leader?.id, state?.cluster]);
  if (state === undefined) {
    return (
      <main class="page">
        <PageHeader connection={connection} state={undefined} />
        <p class="card quiet">Waiting for the node's first word.</p>
      </main>
    );
  }
  const term = history.terms.findLast(({ id, epoch }) => id === state.leader?.id && epoch === state.leader.epoch);
  return (
    <>
      <PageHeader connection={connection} state={state} />
      <main class="page">
        <div class="pair">
          <LeaderCard state={state} stateAt={stateAt} term={term} now={now} />
          <DevicePanel device={device} state={state} />
        </div>
        <Timeline history={history} now={now} />
        <HostTable hosts={rows} table={hosts.table} source={state.source} />
        <EventLog terms={history.terms} />
      </main>
    </>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  // A word of the node may be newer than the last tick.
  return Math.max(now, Date.now());
}
