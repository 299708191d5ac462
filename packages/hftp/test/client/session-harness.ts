/** Runs one ClientSession and keeps what each request got: the driver of the core tests. */
import type { ClientInput, ClientOutput, ClientSessionOptions } from "../../src/core/client-messages.js";
import { ClientSession } from "../../src/core/client-session.js";
import type { HftpError } from "../../src/core/errors.js";
import type { Request } from "../../src/core/requests.js";

/** All that one request got. */
export interface Answer {
  names: string[];
  data: Uint8Array[];
  reply?: {
    readonly code: number;
    readonly text: string;
    readonly size?: number;
    readonly commands?: readonly string[];
  };
  error?: HftpError;
}

export class SessionHarness {
  readonly session: ClientSession;
  readonly answers: Map<number, Answer> = new Map();
  /** Requests as they were sent. */
  readonly sent: { readonly id: number; readonly request: Request; readonly at: number }[] = [];
  ended = false;
  destroyed = false;
  /** What broke the rules that hold for every session. */
  readonly violations: string[] = [];

  constructor(options: ClientSessionOptions = {}, session: ClientSession = new ClientSession(options, 0)) {
    this.session = session;
  }

  request(id: number, request: Request, now = 0): this {
    this.answers.set(id, { names: [], data: [] });
    return this.input({ type: "request", id, request }, now);
  }

  bytes(text: string | Uint8Array, now = 0): this {
    const chunk = typeof text === "string" ? Buffer.from(text, "latin1") : Buffer.from(text);
    this.input({ type: "bytes", chunk }, now);
    chunk.fill("!"); // as a socket that reads into the same buffer again
    return this;
  }

  input(input: ClientInput, now = 0): this {
    this.#perform(this.session.handle(now, input), now);
    return this;
  }

  answer(id: number): Answer {
    const answer = this.answers.get(id);
    if (answer === undefined) throw new Error(`nothing was asked with the id ${id}`);
    return answer;
  }

  data(id: number): Uint8Array {
    return Buffer.concat(this.answer(id).data);
  }

  #perform(outputs: readonly ClientOutput[], now: number): void {
    for (const output of outputs) {
      switch (output.type) {
        case "send":
          this.sent.push({ id: output.id, request: output.request, at: now });
          break;
        case "end":
          this.ended = true;
          break;
        case "destroy":
          this.destroyed = true;
          break;
        default: {
          const answer = this.answer(output.id);
          if (answer.error !== undefined || (answer.reply !== undefined && output.type !== "failed")) {
            this.violations.push(`${output.type} after the end of request ${output.id}`);
          }
          if (output.type === "names") answer.names.push(...output.names);
          else if (output.type === "failed") answer.error = output.error;
          else if (output.type === "reply") {
            const { type: _, id: __, ...reply } = output;
            answer.reply = reply;
          } else {
            const data = decoded(output.chunk, output.encoding);
            if (data.length !== output.bytes) {
              return this.#perform(this.session.handle(now, { type: "undecodable", id: output.id }), now);
            }
            answer.data.push(data);
          }
        }
      }
    }
  }
}

function decoded(chunk: Uint8Array, encoding: "base64" | "raw"): Uint8Array {
  return encoding === "raw" ? Uint8Array.from(chunk) : Buffer.from(Buffer.from(chunk).toString("latin1"), "base64");
}
