/** An exchange as data, and as a picture for people: who said what when, on which connection. */
import type { ClientOutput } from "./client-messages.js";
import { printable } from "./printable.js";
import { requestLine } from "./requests.js";

/** One thing that was said. */
export interface TranscriptEntry {
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Milliseconds on a clock of the recorder's choice. */
  readonly at: number;
  readonly from: "client" | "server";
  /** A line without its end. Of the server's lines the status, the size, or the number of names. */
  readonly line: string;
  /** The line stands for a body. */
  readonly body?: { readonly bytes: number; readonly encoding: "base64" | "raw" };
  /** No line of the protocol, but something that befell the connection. */
  readonly event?: boolean;
}

/** Makes transcript entries of what one client session outputs. */
export class TranscriptRecorder {
  readonly #connection: number;
  readonly #bodies: Map<number, { bytes: number; encoding: "base64" | "raw" }> = new Map();
  readonly #names: Map<number, number> = new Map();

  /** @param connection the number that the entries carry */
  constructor(connection: number) {
    this.#connection = connection;
  }

  /** The entries that an output gives: none for a piece of a reply, all of a reply with its end. */
  observe(at: number, output: ClientOutput): TranscriptEntry[] {
    const server = { connection: this.#connection, at, from: "server" } as const;
    switch (output.type) {
      case "send":
        return [{ ...server, from: "client", line: requestLine(output.request) }];
      case "names":
        this.#names.set(output.id, (this.#names.get(output.id) ?? 0) + output.names.length);
        return [];
      case "body": {
        const { bytes } = this.#bodies.get(output.id) ?? { bytes: 0 };
        this.#bodies.set(output.id, { bytes: bytes + output.bytes, encoding: output.encoding });
        return [];
      }
      case "reply": {
        const entries: TranscriptEntry[] = [{ ...server, line: `${output.code} ${output.text}` }];
        if (output.size !== undefined) entries.push({ ...server, line: String(output.size) });
        const names = output.commands?.length ?? this.#names.get(output.id);
        if (names !== undefined) entries.push({ ...server, line: `... ${grouped(names)} names` });
        const body = this.#bodies.get(output.id);
        if (body !== undefined) {
          entries.push({ ...server, line: `... ${grouped(body.bytes)} bytes as ${body.encoding}`, body });
        }
        this.#forget(output.id);
        return entries;
      }
      case "failed":
        this.#forget(output.id);
        return [];
      case "destroy":
        return output.error === undefined ? [] : [{ ...server, line: `lost: ${output.error.message}`, event: true }];
      default:
        return [];
    }
  }

  #forget(id: number): void {
    this.#bodies.delete(id);
    this.#names.delete(id);
  }
}

/** How wide a column is; longer lines are cut. */
const COLUMN = 44;

/**
 * A sequence diagram in plain text: time, connection, what the client said on the left, what the server said on the
 * right. Times count from the first entry. Characters that would move a terminal's cursor are shown as `\xNN`.
 */
export function renderTranscript(entries: readonly TranscriptEntry[]): string {
  const start = entries[0]?.at ?? 0;
  const head = `${"ms".padStart(8)}  conn  ${"client".padEnd(COLUMN)}       server`;
  const lines = entries.map(({ at, connection, from, line, event }) => {
    const left = `${(at - start).toFixed(1).padStart(8)}  ${`#${connection}`.padEnd(4)}`;
    const text = cut(printable(line));
    if (event === true) return `${left}  ${`-- ${text}`}`;
    return from === "client" ? `${left}  ${text.padEnd(COLUMN)} --->` : `${left}  ${"".padEnd(COLUMN)} <---  ${text}`;
  });
  return `${[head, ...lines].join("\n")}\n`;
}

function cut(text: string): string {
  return text.length <= COLUMN ? text : `${text.slice(0, COLUMN - 3)}...`;
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
