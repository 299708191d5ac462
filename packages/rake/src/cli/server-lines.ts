/** What happens at a server, as lines for people or of JSON. */
import type { ServerEvent } from "../core/server-contract.js";
import { endWords, shortened, sizeWords, timeWords } from "../core/words.js";

/** Of a command in a line. */
const MAX_COMMAND = 160;

/** Undefined for what is not worth a line: in words all that is not an action's beginning or end, or a refused client. */
export function serverLine(event: ServerEvent, isJson: boolean): string | undefined {
  if (isJson) return JSON.stringify(event);
  switch (event.type) {
    case "started":
      return `run ${event.run} for client ${event.connection}: ${shortened(event.command, MAX_COMMAND)}`;
    case "ended": {
      const { wallMicros, cpuMicros, peakBytes } = event.end;
      const used = `${timeWords(wallMicros / 1_000)}, CPU ${timeWords(cpuMicros / 1_000)}, memory ${sizeWords(peakBytes)}`;
      return `run ${event.run} ended: ${endWords(event.end)} after ${used}`;
    }
    case "closed":
      return event.code === "END" || event.code === ""
        ? undefined
        : `client ${event.connection}: ${event.code}${event.why && `, ${shortened(event.why, MAX_COMMAND)}`}`;
    default:
      return undefined;
  }
}
