/** The hosts as the leader ranks them. */

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { count, gigabytes, megabytes, percent } from "./format.js";
import { useKeptPlaces } from "./kept-places.js";
import { pageUrl } from "./page-url.js";
import type { HostStatus, SeenHost, SeenHosts } from "./seen-hosts.js";
import type { ShownState } from "./state.js";
import { sourceWords } from "./table-words.js";

/** Rows that are drawn before somebody asks for more. */
const FIRST_ROWS = 50;
const MORE_ROWS = 200;

const columns = [
  "Rank",
  "Client name",
  "CPU usage",
  "RAM usage (MB)",
  "Free bandwidth (MB)",
  "Free disk (GB)",
  "Status",
] as const;

/** What a column's name does not say. */
const units: Readonly<Partial<Record<(typeof columns)[number], string>>> = {
  "RAM usage (MB)": "used of all, in MB (1,000,000 bytes)",
  "Free bandwidth (MB)": "MB/s (1,000,000 bytes per second) that the network has left",
  "Free disk (GB)": "GB (1,000,000,000 bytes)",
};

const statuses: Readonly<Record<HostStatus, readonly [shape: string, text: string]>> = {
  connected: ["●", "Connected"],
  disconnected: ["✕", "Disconnected"],
  silent: ["◌", "No answer"],
};

// On a phone each row becomes a card by CSS, for which browsers forget that it is a table unless they are told.
const as = {
  table: { role: "table" },
  group: { role: "rowgroup" },
  row: { role: "row" },
  header: { role: "columnheader" },
  cell: { role: "cell" },
} as const;

interface Props {
  readonly hosts: readonly SeenHost[];
  readonly seen: SeenHosts;
  readonly state: ShownState;
  readonly now: number;
}

export function HostTable({ hosts, seen, state, now }: Props): JSX.Element {
  const [filter, setFilter] = useState("");
  const [limit, setLimit] = useState(FIRST_ROWS);
  const wanted = filter.trim().toLowerCase();
  const matching = hosts.filter(({ id, row }) =>
    [id, row?.hostName ?? "", row?.address ?? ""].some((text) => text.toLowerCase().includes(wanted)),
  );
  const body = useRef<HTMLTableSectionElement>(null);
  const { rows: drawn, areKept } = useKeptPlaces(body, matching, limit);
  const more = matching.length - drawn.length;
  const { table } = seen;
  const unsent = Math.max(0, (table?.total ?? 0) - (table?.rows.length ?? 0));
  return (
    <section class="card" aria-labelledby="hosts-title">
      <div class="card-head">
        <div>
          <h2 id="hosts-title">Hosts</h2>
          <p class="quiet">
            {sourceWords(hosts, seen, state, now)}
            {areKept && "; rows keep their places while the keyboard is among them"}
          </p>
        </div>
        <label class="filter">
          <span>Filter</span>
          <input
            type="search"
            value={filter}
            placeholder="name or address"
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
      </div>
      <table {...as.table} class="hosts" aria-labelledby="hosts-title">
        <thead {...as.group}>
          <tr {...as.row}>
            {columns.map((name, index) => (
              <th
                key={name}
                {...as.header}
                scope="col"
                title={units[name]}
                class={isNumber(index) ? "number" : undefined}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...as.group} ref={body}>
          {drawn.map((host) => (
            <Row key={host.id} host={host} />
          ))}
        </tbody>
      </table>
      {hosts.length === 0 && <p class="quiet">No table yet: a leader makes one at its first pulse.</p>}
      {hosts.length > 0 && matching.length === 0 && <p class="quiet">No host matches.</p>}
      {more > 0 && (
        <p class="more">
          and {count(more)} more{" "}
          <button type="button" onClick={() => setLimit(limit + MORE_ROWS)}>
            Show {count(Math.min(more, MORE_ROWS))} of them
          </button>
        </p>
      )}
      {unsent > 0 && (
        <p class="more quiet">
          The node sends the first {count(table?.rows.length ?? 0)} rows; {count(unsent)} more exist.
        </p>
      )}
    </section>
  );
}

function Row({ host }: { host: SeenHost }): JSX.Element {
  const { id, rank, medal, status, duty, row, isLastKnown } = host;
  const [shape, text] = statuses[status];
  // Of one that is silent for a moment too: a link that goes takes the focus with it.
  const page = status === "disconnected" ? undefined : pageUrl(row?.ui);
  const load = row?.load;
  const cells: readonly (JSX.Element | string)[] = [
    rank === undefined ? (
      <span class="rank quiet">–</span>
    ) : (
      <span class={`rank ${medal ?? ""}`}>
        {rank}
        {medal !== undefined && <span class="hidden"> {medal}</span>}
      </span>
    ),
    <>
      <span class="host-name">
        {page === undefined ? (
          id
        ) : (
          <a href={page} rel="noopener noreferrer">
            {id}
          </a>
        )}
        {duty !== undefined && <span class={duty === "leader" ? "tag leads" : "tag"}>{duty}</span>}
      </span>
      {row !== undefined && (
        <span class="quiet small">{row.hostName === id ? row.address : `${row.hostName}, ${row.address}`}</span>
      )}
    </>,
    load === undefined ? "–" : percent(load.cpuPercent),
    load === undefined ? (
      "–"
    ) : (
      <>
        {megabytes(load.usedRamBytes)} <span class="quiet small">of {megabytes(load.totalRamBytes)}</span>
      </>
    ),
    load === undefined ? (
      "–"
    ) : (
      <span title={`${megabytes(load.freeBandwidthBytes)} MB/s`}>{megabytes(load.freeBandwidthBytes)}</span>
    ),
    load === undefined ? "–" : gigabytes(load.freeDiskBytes),
    <span key="status" class={`status ${status}`}>
      <span aria-hidden="true">{shape}</span> {text}
      {isLastKnown && <small> when last known</small>}
    </span>,
  ];
  return (
    <tr {...as.row} class={`host ${status}`} data-host={id}>
      {cells.map((cell, index) => (
        <td key={columns[index]} {...as.cell} class={cellClass(index)} data-label={columns[index]}>
          {cell}
        </td>
      ))}
    </tr>
  );
}

function isNumber(index: number): boolean {
  return index >= 2 && index <= 5;
}

function cellClass(index: number): string | undefined {
  return ["cell-rank", "cell-name", "number", "number", "number", "number", "cell-status"][index];
}
