/** What is in a log, and what befalls a reader, as JSON for programs: one object a line. */
import type { Notice } from "../core/client-contract.js";
import { LEAVE_REASONS, PUBLISH_CODES } from "../core/messages.js";
import { printableJson } from "../core/printable.js";
import type { ShownEntry } from "./entry-words.js";

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `{ type, number, member, name, ... }`: of a message `text`, or `base64` where its bytes are no UTF-8. */
export function entryJson({ number, kind, member, name, bytes }: ShownEntry): string {
  return printableJson({ type: kind, number, member, name, ...content(kind, bytes) });
}

function content(kind: ShownEntry["kind"], bytes: Uint8Array): object {
  if (kind === "leave") return { reason: LEAVE_REASONS[bytes[0] ?? 0] };
  if (kind === "marker") return { code: PUBLISH_CODES[bytes[0] ?? 0] };
  if (kind === "join") return {};
  try {
    return { text: text.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}

/** Undefined for what the entries say already. */
export function noticeJson(notice: Notice): string | undefined {
  switch (notice.type) {
    case "membership":
    case "acknowledged":
    case "stable":
      return undefined;
    case "snapshot":
      return printableJson({ ...notice, bytes: undefined, base64: Buffer.from(notice.bytes).toString("base64") });
    default:
      return printableJson(notice);
  }
}
