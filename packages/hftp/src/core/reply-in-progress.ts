/** The request that a session is answering, and its line in the access log. */
import type { StatusCode } from "./codes.js";
import type { Request } from "./requests.js";
import type { ServedRequest } from "./server-messages.js";
import type { SliceReply } from "./slice-reply.js";

/** The part of a log line that tells what was asked for. */
export type AskedFor = Pick<ServedRequest, "command" | "name" | "offset" | "size">;

export function askedFor(request: Request): AskedFor {
  if (request.type === "get_metadata") return { command: request.type, name: request.name };
  if (request.type !== "get_slice") return { command: request.type };
  return { command: request.type, name: request.name, offset: request.offset, size: request.size };
}

export class ReplyInProgress {
  /** Names the effects that this reply asks for. */
  readonly id: number;
  readonly request: Request;
  readonly #began: number;
  /** An effect has been asked for and has not been answered. */
  waiting = true;
  /** The driver holds something open under this id. */
  holds = false;
  /** The status line is out: from now on a failure can only be told by closing. */
  started = false;
  /** The pieces of a slice, once its file is open. */
  slice: SliceReply | undefined;

  constructor(id: number, request: Request, began: number) {
    this.id = id;
    this.request = request;
    this.#began = began;
  }

  /** The log line of this reply, ended at `now`. */
  served(now: number, code: StatusCode, complete: boolean, why?: string): ServedRequest {
    const { request } = this;
    const fileBytes = this.slice?.fileBytes ?? 0;
    const ms = Math.max(0, now - this.#began);
    const record: ServedRequest =
      request.type === "get_slice" // written out: a hot path, and spreading objects costs more than sending a reply
        ? {
            command: request.type,
            name: request.name,
            offset: request.offset,
            size: request.size,
            code,
            fileBytes,
            complete,
            ms,
          }
        : { ...askedFor(request), code, fileBytes, complete, ms };
    return why === undefined ? record : { ...record, why };
  }
}
