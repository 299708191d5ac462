/** What happens in a server's rooms, as lines: words for people, or JSON for programs. */
import { printable, printableJson } from "../core/printable.js";
import type { ServerEvent } from "../core/server-contract.js";

/** The line of an event; in words there is none for what happens with every message. */
export function eventLine(event: ServerEvent, isJson: boolean): string | undefined {
  if (isJson) {
    const { type, ...fields } = event;
    return printableJson({ event: type, at: Date.now(), ...fields });
  }
  const words = wordsOf(event);
  return words === undefined ? undefined : sayLine(words);
}

/** A line of words with the time of day. */
export function sayLine(words: string): string {
  const now = new Date();
  const ms = String(now.getMilliseconds()).padStart(3, "0");
  return `${now.toTimeString().slice(0, 8)}.${ms}  ${printable(words)}`;
}

function wordsOf(event: ServerEvent): string | undefined {
  switch (event.type) {
    case "joined":
      return `${event.room}: ${event.name} joined as member ${event.member}, number ${event.number}`;
    case "left":
      return `${event.room}: ${event.name}, member ${event.member}, ${event.reason}, number ${event.number}`;
    case "lagging":
      return `${event.room}: connection ${event.connection} does not keep up, ${event.behind} behind`;
    case "live":
      return `${event.room}: connection ${event.connection} has caught up`;
    case "gap":
      return `${event.room}: connection ${event.connection} will not get the numbers ${event.from} to ${event.to}`;
    case "epoch":
      return event.goesOn
        ? `${event.room}: epoch ${event.epoch} goes on behind number ${event.head}`
        : `${event.room}: epoch ${event.epoch} begins behind number ${event.head}`;
    case "closed":
      return `connection ${event.connection} was closed: ${event.code}${event.why === "" ? "" : `, ${event.why}`}`;
    case "trouble":
      return `${event.room}: trouble: ${event.message}`;
    case "committed":
    case "stable":
      return undefined;
  }
}
