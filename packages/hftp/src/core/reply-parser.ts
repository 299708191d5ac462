/** Turns what a server sends into replies, for requests whose answers have different shapes (docs/hftp.md, H12 to H18, H38). */
import { RemoteProtocolError } from "./errors.js";
import type { Request, SliceRequest } from "./requests.js";

/** A complete reply; what came with it was told before, piece by piece. */
export interface Reply {
  readonly code: number;
  /** What stands behind the code: for people, chosen by the server, not to be trusted. */
  readonly text: string;
  /** The size of the file in bytes, in the answer to `get_metadata`. */
  readonly size?: number;
  /** The names of the commands, in the answer to `help`. */
  readonly commands?: readonly string[];
}

export type ReplyEvent =
  /** Some more names of a listing. Names from a server are text to show, never local paths (H37). */
  | { readonly type: "names"; readonly names: readonly string[] }
  /** A piece of a slice: text that decodes to exactly `bytes` bytes, or `bytes` raw bytes. */
  | { readonly type: "body"; readonly encoding: "base64" | "raw"; readonly chunk: Uint8Array; readonly bytes: number }
  | { readonly type: "reply"; readonly reply: Reply };

export interface ReplyLimits {
  /** A longer status line, name or header is an error. */
  readonly maxReplyLineBytes: number;
  /** A longer list of names or commands is an error. */
  readonly maxListingBytes: number;
}

type State = "status" | "size" | "names" | "base64" | "rawHeader" | "rawGap" | "raw";

const CR = 0x0d;
const LF = 0x0a;
const EQUALS = 0x3d;
const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
const NOTHING: Uint8Array = new Uint8Array(0);
const decoder = new TextDecoder();

/**
 * One parser per connection: expect() names the request whose answer comes next, feed() hands in bytes, next() tells
 * what they mean. It throws RemoteProtocolError (`BAD_REPLY`) on anything that is no answer to the request; after that
 * the connection is of no use.
 */
export class ReplyParser {
  readonly #limits: ReplyLimits;
  #request: Request | undefined;
  #state: State = "status";
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  /** The beginning of a line whose end has not come yet. */
  #partial: Uint8Array[] = [];
  #partialBytes = 0;
  #code = 0;
  #text = "";
  #listingBytes = 0;
  #commands: string[] = [];
  /** Bytes of the slice that were told. */
  #received = 0;
  /** Up to three base64 characters that wait for the rest of their group of four. */
  #carry: Uint8Array = NOTHING;
  #lineCharacters = 0;
  #padded = false;
  #afterCr = false;
  /** All of the reply has come; its end is told at the next call. */
  #ended = false;

  constructor(limits: ReplyLimits) {
    this.#limits = limits;
  }

  /** Whether bytes are left that belong to no request yet. */
  get hasBytes(): boolean {
    return this.#at < this.#chunk.length;
  }

  /** Whether a reply has begun and not ended. */
  get inReply(): boolean {
    return this.#state !== "status" || this.#partialBytes > 0;
  }

  /** The next reply answers this request. */
  expect(request: Request): void {
    this.#request = request;
    this.#state = "status";
    this.#listingBytes = 0;
    this.#commands = [];
    this.#received = 0;
    this.#carry = NOTHING;
    this.#lineCharacters = 0;
    this.#padded = false;
    this.#afterCr = false;
  }

  /** Takes bytes, which must not change before next() has answered undefined; afterwards they may. */
  feed(chunk: Uint8Array): void {
    if (this.hasBytes) {
      const rest = this.#chunk.subarray(this.#at);
      this.#chunk = joined(rest, chunk);
    } else this.#chunk = chunk;
    this.#at = 0;
  }

  /** What comes next, or undefined where more bytes are needed. */
  next(): ReplyEvent | undefined {
    const request = this.#request;
    while (request !== undefined && (this.hasBytes || this.#ended)) {
      const event = this.#ended ? this.#finish(request) : this.#step(request);
      if (event !== undefined) return event;
    }
    return undefined;
  }

  #finish(request: Request): ReplyEvent {
    this.#ended = false;
    return this.#done(request.type === "help" ? { commands: this.#commands } : {});
  }

  #step(request: Request): ReplyEvent | undefined {
    switch (this.#state) {
      case "status":
        return this.#status(request);
      case "size":
        return this.#size();
      case "names":
        return this.#names(request);
      case "base64":
        return this.base64((request as SliceRequest).size);
      case "rawHeader":
        return this.rawHeader((request as SliceRequest).size);
      case "rawGap":
        return this.#rawGap((request as SliceRequest).size);
      case "raw":
        return this.#raw((request as SliceRequest).size);
    }
  }

  #status(request: Request): ReplyEvent | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const match = /^(0|[1-9]\d{0,2}) (.+)$/s.exec(line);
    if (match === null) throw malformed(`a status line is a code, a space and a text, not ${shown(line)}`);
    this.#code = Number(match[1]);
    this.#text = match[2] as string;
    if (this.#code !== 0 || request.type === "quit") return this.#done({});
    if (request.type === "get_metadata") this.#state = "size";
    else if (request.type === "get_slice") this.#state = request.raw ? "rawHeader" : "base64";
    else this.#state = "names";
    return undefined;
  }

  #size(): ReplyEvent | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const size = wholeNumber(line);
    if (size === undefined) throw malformed(`a size is a decimal number below 2^53, not ${shown(line)}`);
    return this.#done({ size });
  }

  /** All the names that have come, up to the empty line that ends a listing. */
  #names(request: Request): ReplyEvent | undefined {
    const names: string[] = [];
    while (this.hasBytes && !this.#ended) {
      const line = this.#line();
      if (line === undefined) break;
      if (line === "") this.#ended = true;
      else names.push(line);
    }
    if (request.type === "help") this.#commands.push(...names);
    else if (names.length > 0) return { type: "names", names };
    return undefined;
  }

  /** Base64 in one line or in several, each padded at its end alone; exactly `size` bytes in all (H38). */
  protected base64(size: number): ReplyEvent | undefined {
    if (this.#afterCr) return this.#base64LineEnd(size);
    const end = this.#chunk.indexOf(CR, this.#at);
    const stop = end === -1 ? this.#chunk.length : end;
    const fresh = this.#chunk.subarray(this.#at, stop);
    this.#at = end === -1 ? stop : stop + 1;
    this.#afterCr = end !== -1;
    if (fresh.length === 0) return undefined;
    // Decoders take the URL-safe alphabet too, silently; whatever else is no base64 they drop, which the length tells.
    if (fresh.indexOf(MINUS) !== -1 || fresh.indexOf(UNDERSCORE) !== -1) throw malformed("invalid base64 (URL-safe)");
    if (this.#padded) throw malformed("base64 goes on after its padding");
    this.#lineCharacters += fresh.length;
    const text = this.#carry.length === 0 ? fresh : joined(this.#carry, fresh);
    const whole = text.length - (text.length % 4);
    // A copy, three bytes at most: the socket reads into the chunk again. (A Buffer's slice() would be no copy.)
    this.#carry = whole === text.length ? NOTHING : new Uint8Array(text.subarray(whole));
    if (whole === 0) return undefined;
    const padding = text[whole - 1] !== EQUALS ? 0 : text[whole - 2] !== EQUALS ? 1 : 2;
    this.#padded = padding > 0;
    const bytes = (whole / 4) * 3 - padding;
    this.#received += bytes;
    if (this.#received > size) throw malformed(`more than the ${size} bytes that were asked for`);
    return { type: "body", encoding: "base64", chunk: text.subarray(0, whole), bytes };
  }

  #base64LineEnd(size: number): undefined {
    if (this.#chunk[this.#at] !== LF) throw malformed("a CR without its LF in base64");
    this.#at++;
    if (this.#carry.length > 0) throw malformed("a base64 line whose length is no multiple of four");
    if (this.#received === size) {
      this.#ended = true;
      return;
    }
    if (this.#lineCharacters === 0) throw malformed(`${this.#received} bytes where ${size} were asked for`);
    this.#afterCr = false;
    this.#padded = false;
    this.#lineCharacters = 0;
  }

  /** `Content-Length: S`, S being what was asked for (H18). */
  protected rawHeader(size: number): undefined {
    const line = this.#line();
    if (line === undefined) return;
    const length = wholeNumber(/^content-length: *(\d+)$/i.exec(line)?.[1] ?? "");
    if (length === undefined)
      throw malformed(`a raw body begins with Content-Length: and a number, not ${shown(line)}`);
    if (length !== size) throw malformed(`${length} bytes were announced where ${size} were asked for`);
    this.#state = "rawGap";
  }

  #rawGap(size: number): undefined {
    const line = this.#line();
    if (line === undefined) return;
    if (line !== "") throw malformed(`an empty line belongs between header and raw bytes, not ${shown(line)}`);
    this.#state = "raw";
    this.#ended = size === 0;
  }

  #raw(size: number): ReplyEvent {
    const bytes = Math.min(this.#chunk.length - this.#at, size - this.#received);
    const chunk = this.#chunk.subarray(this.#at, this.#at + bytes);
    this.#at += bytes;
    this.#received += bytes;
    this.#ended = this.#received === size;
    return { type: "body", encoding: "raw", chunk, bytes };
  }

  #done(more: { readonly size?: number; readonly commands?: readonly string[] }): ReplyEvent {
    this.#request = undefined;
    this.#state = "status";
    return { type: "reply", reply: { code: this.#code, text: this.#text, ...more } };
  }

  /** The next line without its CRLF, or undefined where it has not ended yet. */
  #line(): string | undefined {
    const max = this.#limits.maxReplyLineBytes;
    const end = this.#chunk.indexOf(LF, this.#at);
    const piece = this.#chunk.subarray(this.#at, end === -1 ? this.#chunk.length : end);
    this.#partialBytes += piece.length;
    if (this.#partialBytes > max + 1) throw malformed(`a line of more than ${max} bytes`);
    if (this.#state === "names") {
      this.#listingBytes += piece.length + (end === -1 ? 0 : 1);
      const most = this.#limits.maxListingBytes;
      if (this.#listingBytes > most) throw malformed(`a listing of more than ${most} bytes`);
    }
    this.#at += piece.length;
    if (end === -1) {
      this.#partial.push(new Uint8Array(piece));
      return undefined;
    }
    this.#at++;
    this.#partial.push(piece);
    const line = this.#partial.length === 1 ? piece : this.#partial.reduce(joined);
    this.#partial = [];
    this.#partialBytes = 0;
    const text = decoder.decode(line);
    if (line[line.length - 1] !== CR) throw malformed(`a line that does not end in CR LF: ${shown(text)}`);
    if (line.indexOf(CR) !== line.length - 1) throw malformed(`a CR within a line: ${shown(text)}`);
    return text.slice(0, -1);
  }
}

function wholeNumber(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function malformed(what: string): RemoteProtocolError {
  return new RemoteProtocolError("BAD_REPLY", `the server broke the protocol: ${what}`);
}

/** Text of a server inside a message: short, and without control characters. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
