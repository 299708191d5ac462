/** The whole page. */

import type { JSX } from "preact";
import { useEffect, useMemo, useReducer, useState } from "preact/hooks";
import { coloursOf } from "./colours.js";
import { Connection } from "./connection.js";
import { DevicePanel } from "./device-panel.js";
import { EventLog } from "./event-log.js";
import { HostTable } from "./host-table.js";
import { rememberedPages, rememberPages } from "./known-pages.js";
import { LeaderCard } from "./leader-card.js";
import { type Message, type Model, NOTHING, update } from "./model.js";
import { MoveBanner } from "./move-banner.js";
import { type ConnectionState, follow, NOT_YET } from "./moves.js";
import { PageHeader } from "./page-header.js";
import { pageUrl } from "./page-url.js";
import { shownHosts } from "./seen-hosts.js";
import { silenceOf } from "./silence.js";
import type { ShownHistory, ShownState, ShownTable } from "./state.js";
import { Timeline } from "./timeline.js";
import { useToldEnds } from "./told-ends.js";

/** Times on the page go on between two words of the node. */
const TICK_MS = 500;

export function Dashboard(): JSX.Element {
  const [model, dispatch] = useReducer((known: Model, message: Message) => update(known, message, Date.now()), NOTHING);
  const [connection, setConnection] = useState<ConnectionState>({ status: "connecting", url: "", attempt: 0 });
  const [listening, setListening] = useState(NOT_YET);
  const now = useNow();
  useEffect(() => {
    const own = `${location.origin}/`;
    const live = new Connection([own, ...rememberedPages().filter((url) => url !== own)], {
      onState: (state) => {
        // The same again is no change.
        setConnection((known) =>
          known.status === state.status && known.url === state.url && known.attempt === state.attempt ? known : state,
        );
        setListening((known) => follow(known, state, Date.now()));
      },
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
  const isLive = connection.status === "live";
  useToldEnds(history.terms, state?.pages ?? [], (shown) => dispatch({ type: "told", shown }));
  const rows = useMemo(
    () => (state === undefined ? [] : shownHosts(hosts, state, history.terms, now)),
    [hosts, state, history, now],
  );
  const silence = state === undefined ? undefined : silenceOf(state, stateAt, isLive);
  const colours = useMemo(
    () => coloursOf([...rows.map(({ id }) => id), ...history.terms.map(({ id }) => id)]),
    [rows, history],
  );
  useEffect(() => {
    if (state !== undefined)
      document.title = `${state.leader?.id ?? "Nobody"} ${silence === undefined ? "leads" : "does not answer in"} ${state.cluster}`;
  }, [state?.leader?.id, state?.cluster, silence === undefined]);
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
      <MoveBanner listening={listening} node={state.node.id} />
      <main class="page">
        <div class="pair">
          <LeaderCard
            state={state}
            stateAt={stateAt}
            term={term}
            silence={silence}
            heardAt={isLive ? now : stateAt}
            others={rows.map(({ id }) => id).filter((id) => id !== state.node.id)}
            now={now}
          />
          <DevicePanel device={device} state={state} />
        </div>
        <Timeline history={history} colours={colours} now={now} />
        <HostTable hosts={rows} seen={hosts} state={state} now={now} />
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
