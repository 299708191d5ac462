/** All that the page knows: what the node that it listens to says, and what it saw through others before. */

import type { Device } from "../core/index.js";
import { believeTold, type LeadershipHistory, mergeHistories, shiftHistory } from "../core/leadership-history.js";
import { dateTable, NO_HOSTS, type SeenHosts, seeTable } from "./seen-hosts.js";
import type { Shown, ShownHistory, ShownState, ShownTable } from "./state.js";

export interface Model {
  readonly state: ShownState | undefined;
  /** When `state` came, by the clock of this page, as all times here. */
  readonly stateAt: number;
  readonly hosts: SeenHosts;
  readonly device: Device | undefined;
  readonly history: LeadershipHistory;
  /** What was seen before this connection. */
  readonly former: LeadershipHistory;
  /** What former leaders told of their own ends, asked by this page. */
  readonly told: LeadershipHistory;
  /** What to add to a time of the node; undefined before its first word. */
  readonly offset: number | undefined;
  readonly lastSeenAt: number;
}

export type Message =
  /** A connection was made anew, perhaps to another node. */
  | { readonly type: "listen" }
  | { readonly type: "state"; readonly state: ShownState }
  | { readonly type: "table"; readonly table: ShownTable }
  | { readonly type: "history"; readonly shown: ShownHistory }
  /** What another node knows. */
  | { readonly type: "told"; readonly shown: Shown };

const EMPTY: LeadershipHistory = { watched: [], terms: [] };

export const NOTHING: Model = {
  state: undefined,
  stateAt: 0,
  hosts: NO_HOSTS,
  device: undefined,
  history: EMPTY,
  former: EMPTY,
  told: EMPTY,
  offset: undefined,
  lastSeenAt: 0,
};

export function update(model: Model, message: Message, at: number): Model {
  const seen = { ...model, lastSeenAt: at };
  switch (message.type) {
    case "listen":
      return { ...model, former: mergeHistories(model.history, EMPTY, model.lastSeenAt), offset: undefined };
    case "state": {
      const { state } = message;
      const hosts = dateTable(model.hosts, state, at);
      return { ...seen, state, stateAt: at, hosts, offset: model.offset ?? at - state.at };
    }
    case "table":
      return isStale(message.table, model) ? seen : { ...seen, hosts: seeTable(model.hosts, message.table, at) };
    case "history": {
      const { device } = message.shown;
      const current = shiftHistory(message.shown.history, model.offset ?? 0);
      const history = mergeHistories(model.former, current, model.lastSeenAt);
      return { ...seen, device, history: believeTold(history, model.told) };
    }
    case "told": {
      const { state, history } = message.shown;
      const other = shiftHistory(history.history, at - state.at);
      const terms = other.terms.filter(({ isTold }) => isTold);
      const told = mergeHistories(model.told, { watched: [], terms }, at);
      return { ...model, told, history: believeTold(model.history, told) };
    }
  }
}

/** A node that was not watched has the table that it asked for last, and its leader may be dead for long. */
function isStale({ by, epoch }: ShownTable, { hosts, state }: Model): boolean {
  return hosts.table !== undefined && epoch < hosts.table.epoch && by !== state?.leader?.id;
}
