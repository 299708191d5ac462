/** The requests of HFTP, as values, and how a client writes them (docs/hftp.md, H3 to H6). */
import { LocalProtocolError } from "./errors.js";

/** Asks for the names of the served files. */
export interface ListingRequest {
  readonly type: "get_file_listing";
}

/** Asks for the size of a file in bytes. */
export interface MetadataRequest {
  readonly type: "get_metadata";
  readonly name: string;
}

/** Asks for `size` bytes of a file, from byte `offset` on; as base64 text, or raw where the server knows how. */
export interface SliceRequest {
  readonly type: "get_slice";
  readonly name: string;
  /** First byte, counted from 0. A parser of requests gives Infinity for a number of more than 16 digits. */
  readonly offset: number;
  /** Number of bytes. A parser of requests gives Infinity for a number of more than 16 digits. */
  readonly size: number;
  /** Answer with a `Content-Length` header and raw bytes (2026) instead of base64. */
  readonly raw: boolean;
}

/** Asks for the names of the commands (2026). */
export interface HelpRequest {
  readonly type: "help";
}

/** Ends the connection in good order. */
export interface QuitRequest {
  readonly type: "quit";
}

export type Request = ListingRequest | MetadataRequest | SliceRequest | HelpRequest | QuitRequest;

/** The commands, in the order in which `help` lists them. */
export const COMMANDS: readonly Request["type"][] = ["get_file_listing", "get_metadata", "get_slice", "help", "quit"];

/** No file has a longer name: NAME_MAX of every common file system. */
export const MAX_NAME_BYTES = 255;

/** Whether a name can be asked for: 1 to 255 characters out of `A-Z a-z 0-9 . - _` (H5). */
export function isServableName(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && /^[A-Za-z0-9._-]+$/.test(name);
}

const encoder = new TextEncoder();

/**
 * The bytes of a request, with its end of line.
 * @throws LocalProtocolError (`INVALID_REQUEST`) for a name that cannot be asked for, or a number that is not a
 * non-negative safe integer.
 */
export function encodeRequest(request: Request): Uint8Array {
  return encoder.encode(`${requestLine(request)}\r\n`);
}

/** The text of a request without its end of line. Throws as encodeRequest() does. */
export function requestLine(request: Request): string {
  switch (request.type) {
    case "get_metadata":
      return `get_metadata ${checkedName(request.name)}`;
    case "get_slice": {
      const numbers = `${checkedNumber("offset", request.offset)} ${checkedNumber("size", request.size)}`;
      return `get_slice ${checkedName(request.name)} ${numbers}${request.raw ? " raw" : ""}`;
    }
    default:
      return request.type;
  }
}

function checkedName(name: string): string {
  if (isServableName(name)) return name;
  const why = "a name has 1 to 255 characters out of A-Z a-z 0-9 . - _";
  throw new LocalProtocolError("INVALID_REQUEST", `${JSON.stringify(name)} cannot be asked for over HFTP: ${why}`);
}

function checkedNumber(what: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new LocalProtocolError("INVALID_REQUEST", `${what} is ${value}, but must be an integer from 0 to 2^53 - 1`);
}
