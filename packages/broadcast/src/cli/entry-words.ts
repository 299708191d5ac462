/** What is in a log, and what befalls a member, in words for people. Every text of others is made printable. */
import type { Notice } from "../core/client-contract.js";
import type { EntryKind } from "../core/messages.js";
import { printable } from "../core/printable.js";

/** What words need of an entry. */
export interface ShownEntry {
  readonly number: number;
  readonly kind: EntryKind;
  readonly member: number;
  /** Empty where it is not known. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const text = new TextDecoder();

/** The line of an entry: messages begin with `<`, everything else with `*`, so that no name and no text looks like another. */
export function entryLine({ number, kind, member, name, bytes }: ShownEntry, showsOrder: boolean): string {
  const who = name === "" ? `member ${member}` : printable(name);
  const order = showsOrder ? `#${number} ` : "";
  switch (kind) {
    case "message":
      return `${order}<${who}> ${printable(text.decode(bytes))}`;
    case "join":
      return `${order}* ${who} joined`;
    case "leave":
      return `${order}* ${who} ${bytes[0] === 0 ? "left" : "is gone: there was no connection for too long"}`;
    case "marker":
      return `${order}* a message of ${who} was refused: it was too big`;
  }
}

const GAP: Readonly<Record<string, string>> = {
  retention: "the history does not go back so far",
  slow: "this member was too slow",
  epoch: "they were lost with the epoch before",
};

/** What a new epoch means for who reads on with a number. */
function epochWords(from: number): string {
  if (from === 1) return "the log begins anew with number 1; what was said before is gone from the server";
  return `the server may have lost the end of its log; here it goes on with number ${from}`;
}

/** The line of a notice, or undefined for one that is not worth one. */
export function noticeLine(notice: Notice, showsAcknowledgements: boolean): string | undefined {
  switch (notice.type) {
    case "gap":
      return `* gap: the numbers ${notice.from} to ${notice.to} will not come: ${GAP[notice.reason]}`;
    case "epoch":
      return `* new epoch ${notice.epoch}, it was ${notice.previous}: ${epochWords(notice.from)}`;
    case "expired":
      return "* the server had forgotten this member: it has a new session";
    case "snapshot":
      return `* a snapshot of all up to number ${notice.upTo}, ${notice.bytes.length} bytes`;
    case "disconnected":
      return `* connection lost: ${printable(notice.why)}; trying again until it is back`;
    case "lag":
      return notice.behind === 0 ? "* caught up" : `* ${notice.behind} behind`;
    case "stable":
      return showsAcknowledgements ? `* stable: all have acknowledged up to number ${notice.upTo}` : undefined;
    case "acknowledged":
      return showsAcknowledgements ? `* ACK ${notice.upTo} sent` : undefined;
    // Told by whoever knows whether it is the first.
    case "welcome":
      return undefined;
    // An entry says the same.
    case "membership":
      return undefined;
  }
}

/** The line of a connection that is back. */
export function backLine({ status, resumeFrom, head }: Extract<Notice, { type: "welcome" }>): string {
  return `* connected again (${status}): goes on with number ${resumeFrom}, the newest is ${head}`;
}
