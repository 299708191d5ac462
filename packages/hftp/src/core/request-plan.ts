/** What a download asks for next, and on how many connections (docs/hftp.md, H30, H31, H33, H34). */
import type { ConnectionSlots } from "./connection-slots.js";
import type { ResolvedDownloadOptions } from "./download-messages.js";
import type { Job } from "./jobs.js";
import type { PartContent } from "./part-content.js";
import type { Request } from "./requests.js";

/** What a download is doing, as far as its requests go. */
export type Asking = "contact" | "check" | "fetch" | "recheck" | "nothing";

export interface PlannedRequest {
  readonly kind: Job["kind"];
  readonly request: Request;
}

/** How many connections are of use. */
export function connectionsWanted(
  asking: Asking,
  options: ResolvedDownloadOptions,
  content: PartContent,
  slots: ConnectionSlots,
): number {
  if (asking === "contact") return 1;
  let jobs = asking === "recheck" ? 1 : content.requestsLeft(options.sliceBytes);
  for (const slot of slots.open) {
    jobs += slot.jobs.filter(({ kind }) => kind === "check" || kind === "slice").length;
  }
  return Math.min(options.parallel, jobs);
}

/** What to ask for next on a connection that has answered; undefined where there is nothing. */
export function nextRequest(
  asking: Asking,
  { name, sliceBytes }: ResolvedDownloadOptions,
  raw: boolean,
  content: PartContent,
  slots: ConnectionSlots,
): PlannedRequest | undefined {
  if (asking === "recheck") {
    if (slots.open.some((other) => other.jobs.length > 0 && other.answered)) return undefined;
    return { kind: "recheck", request: { type: "get_metadata", name } };
  }
  if (asking !== "check" && asking !== "fetch") return undefined;
  const range = asking === "check" ? content.nextCheck() : content.nextSlice(sliceBytes);
  if (range === undefined) return undefined;
  const [offset, end] = range;
  return {
    kind: asking === "check" ? "check" : "slice",
    request: { type: "get_slice", name, offset, size: end - offset, raw },
  };
}
