/** What REQ asks for and ACCEPT grants: the options of both, checked and as plain values (docs/stopwait-udp.md, S33). */

import { RemoteProtocolError } from "./errors.js";
import { decodeName } from "./names.js";
import { decodeTlvs, encodeTlvs, type Tlv, uint } from "./tlv.js";
import { CHECKSUMS, type Checksum } from "./v2-checksum.js";
import { MAX_BLOCK_BYTES, MAX_WINDOW } from "./v2-packet.js";

const Option = {
  OPERATION: 1,
  NAME: 2,
  BLOCK: 3,
  WINDOW: 4,
  SIZE: 5,
  MODIFIED: 6,
  ETAG: 7,
  DIGEST: 8,
  OFFSET: 9,
  PREFIX: 10,
  OVERWRITE: 11,
  RESUME: 12,
  CHECKSUM: 13,
  COOKIE: 14,
  AUTHENTICATION: 15,
} as const;

const MAX_ETAG_BYTES = 128;
const MAX_COOKIE_BYTES = 64;
const AUTHENTICATION_BYTES = 32;
/** The authentication with its type and length: what the end of an authenticated REQ holds. */
const AUTHENTICATION_TLV_BYTES = 3 + AUTHENTICATION_BYTES;

export interface Request {
  readonly operation: "get" | "put";
  /** Any text: whether it may travel is for `nameFault` to say. */
  readonly name: string;
  readonly blockBytes: number;
  /** In blocks. */
  readonly window: number;
  /** Best first; those that are not known are left out, so that none may be left. */
  readonly checksums: readonly Checksum[];
  /** Of a PUT: bytes of the whole file. */
  readonly size?: number | undefined;
  /** Of a PUT: milliseconds since 1970. */
  readonly modifiedMs?: number | undefined;
  readonly etag?: string | undefined;
  readonly digest?: Uint8Array | undefined;
  readonly offset?: number | undefined;
  readonly prefixDigest?: Uint8Array | undefined;
  readonly overwrite?: boolean | undefined;
  /** Session id of the transfer to go on with. */
  readonly resume?: Uint8Array | undefined;
  readonly cookie?: Uint8Array | undefined;
}

export interface Accepted {
  readonly blockBytes: number;
  readonly window: number;
  readonly checksum: Checksum;
  /** Where block 0 begins. */
  readonly offset: number;
  /** Of a PUT with an offset above 0. */
  readonly prefixDigest?: Uint8Array | undefined;
  /** Of a GET. */
  readonly size?: number | undefined;
  readonly modifiedMs?: number | undefined;
  readonly etag?: string | undefined;
}

/** What a client and a server need for authentication: HMAC-SHA-256 with the shared secret. */
export type Sign = (message: Uint8Array) => Uint8Array;

/** The payload of a REQ. @param sign makes it authenticated (S46) */
export function encodeRequest(request: Request, session: Uint8Array, sign?: Sign): Uint8Array {
  const payload = encodeTlvs([
    [Option.OPERATION, uint(request.operation === "get" ? 1 : 2, 1)],
    [Option.NAME, new TextEncoder().encode(request.name)],
    [Option.BLOCK, uint(request.blockBytes, 2)],
    [Option.WINDOW, uint(request.window, 2)],
    ...number64(Option.SIZE, request.size),
    ...number64(Option.MODIFIED, request.modifiedMs),
    ...text(Option.ETAG, request.etag),
    ...raw(Option.DIGEST, request.digest),
    ...number64(Option.OFFSET, request.offset),
    ...raw(Option.PREFIX, request.prefixDigest),
    ...(request.overwrite === true ? [[Option.OVERWRITE, new Uint8Array()] as const] : []),
    ...raw(Option.RESUME, request.resume),
    [Option.CHECKSUM, Uint8Array.from(request.checksums, (one) => CHECKSUMS.indexOf(one) + 1)],
    ...raw(Option.COOKIE, request.cookie),
  ]);
  if (sign === undefined) return payload;
  return concatenate(payload, encodeTlvs([[Option.AUTHENTICATION, sign(concatenate(session, payload))]]));
}

/** @throws RemoteProtocolError `BAD_OPTIONS`, and nothing else */
export function decodeRequest(payload: Uint8Array): Request {
  const options = new Options(payload);
  const operation = options.required(Option.OPERATION, options.uint(Option.OPERATION, 1));
  if (operation !== 1 && operation !== 2) throw bad(`there is no operation ${operation}`);
  const isPut = operation === 2;
  const size = options.uint(Option.SIZE, 8);
  if (isPut && size === undefined) throw bad("a PUT says how long the file is");
  options.bytes(Option.AUTHENTICATION, AUTHENTICATION_BYTES, AUTHENTICATION_BYTES);
  return {
    operation: isPut ? "put" : "get",
    name: options.required(Option.NAME, options.text(Option.NAME, 0xffff)),
    blockBytes: options.inRange(Option.BLOCK, MAX_BLOCK_BYTES),
    window: options.inRange(Option.WINDOW, MAX_WINDOW),
    checksums: options.checksums(),
    size: isPut ? size : undefined,
    modifiedMs: options.uint(Option.MODIFIED, 8),
    etag: options.text(Option.ETAG, MAX_ETAG_BYTES),
    digest: options.bytes(Option.DIGEST, 32, 32),
    offset: options.uint(Option.OFFSET, 8),
    prefixDigest: options.bytes(Option.PREFIX, 32, 32),
    overwrite: options.bytes(Option.OVERWRITE, 0, 0) !== undefined,
    resume: options.bytes(Option.RESUME, 8, 8),
    cookie: options.bytes(Option.COOKIE, 1, MAX_COOKIE_BYTES),
  };
}

/** The authentication of a REQ and what it must be of; undefined where there is none at its end. */
export function authenticationOf(
  payload: Uint8Array,
  session: Uint8Array,
): { readonly given: Uint8Array; readonly message: Uint8Array } | undefined {
  const end = payload.length - AUTHENTICATION_TLV_BYTES;
  const given = decodeTlvs(payload).get(Option.AUTHENTICATION);
  if (given === undefined || given.byteOffset !== payload.byteOffset + end + 3) return undefined;
  return { given, message: concatenate(session, payload.subarray(0, end)) };
}

export function encodeAccepted(accepted: Accepted): Uint8Array {
  return encodeTlvs([
    [Option.BLOCK, uint(accepted.blockBytes, 2)],
    [Option.WINDOW, uint(accepted.window, 2)],
    [Option.CHECKSUM, uint(CHECKSUMS.indexOf(accepted.checksum) + 1, 1)],
    ...number64(Option.OFFSET, accepted.offset),
    ...raw(Option.PREFIX, accepted.prefixDigest),
    ...number64(Option.SIZE, accepted.size),
    ...number64(Option.MODIFIED, accepted.modifiedMs),
    ...text(Option.ETAG, accepted.etag),
  ]);
}

/** @throws RemoteProtocolError `BAD_OPTIONS`, and nothing else */
export function decodeAccepted(payload: Uint8Array): Accepted {
  const options = new Options(payload);
  const [checksum, ...others] = options.checksums();
  if (checksum === undefined || others.length > 0) throw bad("it names no checksum that we know, or several");
  return {
    blockBytes: options.inRange(Option.BLOCK, MAX_BLOCK_BYTES),
    window: options.inRange(Option.WINDOW, MAX_WINDOW),
    checksum,
    offset: options.required(Option.OFFSET, options.uint(Option.OFFSET, 8)),
    prefixDigest: options.bytes(Option.PREFIX, 32, 32),
    size: options.uint(Option.SIZE, 8),
    modifiedMs: options.uint(Option.MODIFIED, 8),
    etag: options.text(Option.ETAG, MAX_ETAG_BYTES),
  };
}

class Options {
  readonly #values: Map<number, Uint8Array>;

  constructor(payload: Uint8Array) {
    this.#values = decodeTlvs(payload);
  }

  required<Value>(option: number, value: Value | undefined): Value {
    if (value === undefined) throw bad(`option ${option} is missing`);
    return value;
  }

  /** A copy, so that the datagram need not be kept. */
  bytes(option: number, least: number, most: number): Uint8Array | undefined {
    const value = this.#values.get(option);
    if (value === undefined) return undefined;
    if (value.length < least || value.length > most) throw bad(`option ${option} has ${value.length} bytes`);
    return value.slice();
  }

  uint(option: number, width: number): number | undefined {
    const value = this.bytes(option, width, width)?.reduce((sum, byte) => sum * 256 + byte, 0);
    if (value !== undefined && !Number.isSafeInteger(value)) throw bad(`option ${option} is too large`);
    return value;
  }

  inRange(option: number, most: number): number {
    const value = this.required(option, this.uint(option, 2));
    if (value < 1 || value > most) throw bad(`option ${option} is ${value}`);
    return value;
  }

  text(option: number, most: number): string | undefined {
    const bytes = this.bytes(option, 1, most);
    if (bytes === undefined) return undefined;
    const value = decodeName(bytes);
    if (value === undefined) throw bad(`option ${option} is not UTF-8`);
    return value;
  }

  checksums(): Checksum[] {
    const numbers = this.required(Option.CHECKSUM, this.bytes(Option.CHECKSUM, 1, 255));
    return [...numbers].flatMap((number) => CHECKSUMS[number - 1] ?? []);
  }
}

function number64(option: number, value: number | undefined): Tlv[] {
  return value === undefined ? [] : [[option, uint(value, 8)]];
}

function text(option: number, value: string | undefined): Tlv[] {
  return raw(option, value === undefined ? undefined : new TextEncoder().encode(value));
}

function raw(option: number, value: Uint8Array | undefined): Tlv[] {
  return value === undefined ? [] : [[option, value]];
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function bad(message: string): RemoteProtocolError {
  return new RemoteProtocolError("BAD_OPTIONS", message);
}
