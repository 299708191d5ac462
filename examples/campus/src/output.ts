/** What a node prints: lines for people, or a line of JSON for each. */
import type { Delivered } from "@lab/broadcast";
import { printable, printableJson } from "@lab/broadcast/core";
import { cut, type News, words } from "./news.js";

/** An entry of the room as a node was given it: transcripts are made of these. */
export type Heard = Pick<Delivered, "number" | "kind" | "member" | "name"> & {
  readonly event: "heard";
  readonly text: string;
};

export type NodeEvent =
  | Heard
  | { readonly event: "leader"; readonly id: string | undefined; readonly epoch: number | undefined }
  | { readonly event: "room"; readonly address: string }
  | { readonly event: "action"; readonly action: number; readonly worker: string; readonly what: "started" | "ended" }
  | { readonly event: "trouble" | "warning"; readonly why: string };

export interface NodeListener {
  listening(address: string): void;
  leader(id: string | undefined, epoch: number | undefined): void;
  room(address: string): void;
  entry(entry: Delivered, news: News | undefined): void;
  action(action: number, worker: string, what: "started" | "ended"): void;
  trouble(error: Error): void;
  /** What it gets by with, or tries again. */
  warning(why: string): void;
}

/** Longer lines are cut, for people: anybody in the room may say 256 KiB. */
const MOST_CHARACTERS = 500;

export function printer(isJson: boolean, print: (line: string) => void): NodeListener {
  const tell = (event: NodeEvent, line: string): void =>
    print(isJson ? printableJson(event) : printable(cut(line, MOST_CHARACTERS)));
  return {
    listening: (address) => print(`listening on ${address}`),
    leader: (id, epoch) => tell({ event: "leader", id, epoch }, id === undefined ? "nobody leads" : `${id} leads`),
    room: (address) => tell({ event: "room", address }, `the room is here, on ${address}`),
    action: (action, worker, what) =>
      tell({ event: "action", action, worker, what }, `action ${action + 1} ${what} at ${worker}`),
    warning: (why) => tell({ event: "warning", why }, `warning: ${why}`),
    trouble: ({ message: why }) => tell({ event: "trouble", why }, `trouble: ${why}`),
    entry: ({ number, kind, member, name, bytes }, news) => {
      const text = new TextDecoder().decode(bytes);
      const said = kind === "message" ? saidBy(name, text, news) : `${name}: ${kind}`;
      tell({ event: "heard", number, kind, member, name, text }, `#${number} ${said}`);
    },
  };
}

function saidBy(name: string, text: string, news: News | undefined): string {
  return news === undefined ? `${name} says, which does not count: ${text}` : words(news, name);
}
