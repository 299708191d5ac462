/** Wire v1 in both dialects, read as it comes (docs/rake.md R8, R9). */

import { RemoteProtocolError } from "./errors.js";
import type { Dialect } from "./first-bytes.js";
import { MAX_COMMAND_BYTES } from "./message-limits.js";
import { integerBytes, MAX_V1_NAME_BYTES, v1NameFault } from "./v1-fields.js";
import { V1_CODE, type V1Event, type V1Message } from "./v1-messages.js";
import { decodeText, malformed, u32At, u64At } from "./wire.js";

/** What may be announced; more is `TOO_BIG`. */
export interface V1Limits {
  readonly maxFileBytes: number;
  /** Of stdout or stderr. */
  readonly maxStringBytes: number;
}

type Type = V1Message["type"];
/** Asks for so many bytes at a time, and is given them. */
type Fields<Value> = Generator<number, Value, Uint8Array>;

const NAMES: readonly (Type | undefined)[] = [undefined, ...(Object.keys(V1_CODE) as Type[])];

/** What may come: at the beginning and behind a file or an ACK ... */
const OPENING: { readonly [From in "client" | "server"]: ReadonlySet<Type> } = {
  client: new Set<Type>(["QUOTE_REQUEST", "BIN_FILE", "SEND_FILE", "EXECUTE"]),
  server: new Set<Type>(["QUOTE_REPLY", "ACK", "RETURN_STATUS", "RETURN_STDOUT", "RETURN_STDERR", "NO_OUTPUT"]),
};
/** ... behind any other message; without an entry it is the last. */
const BEHIND: { readonly [Before in Type]?: ReadonlySet<Type> } = {
  BIN_FILE: new Set<Type>(["BIN_FILE", "SEND_FILE", "EXECUTE"]),
  SEND_FILE: new Set<Type>(["BIN_FILE", "SEND_FILE", "EXECUTE"]),
  ACK: new Set<Type>(["ACK", "RETURN_STATUS", "RETURN_STDOUT", "RETURN_STDERR", "NO_OUTPUT"]),
  RETURN_STATUS: new Set<Type>(["RETURN_FILE"]),
};

/**
 * Reads what one end says on one connection. It holds a part of an integer, a name or a command, and nothing else:
 * bodies are handed on as they come.
 */
export class V1Decoder {
  readonly #dialect: Dialect;
  readonly #limits: V1Limits;
  /** Undefined: nothing more. */
  #accepted: ReadonlySet<Type> | undefined;
  #fields: Fields<V1Message>;
  /** How many bytes the next field has, and those of them that came. */
  #wanted: number;
  #held = new Uint8Array(8);
  #heldBytes = 0;
  /** Of a body that has begun. */
  #bodyLeft = 0;
  #failure: unknown;

  /** @param from who speaks */
  constructor(dialect: Dialect, from: "client" | "server", limits: V1Limits) {
    this.#dialect = dialect;
    this.#limits = limits;
    this.#accepted = OPENING[from];
    this.#wanted = integerBytes(dialect);
    this.#fields = this.#message();
    this.#fields.next();
  }

  /**
   * Whether the last message of this side has come whole: a QUOTE_REQUEST or EXECUTE, a QUOTE_REPLY or the answer to an
   * EXECUTE. A connection that ends before is one that was lost.
   */
  get isDone(): boolean {
    return this.#accepted === undefined && this.#bodyLeft === 0 && this.#failure === undefined;
  }

  /**
   * What these bytes bring. Take all of it before the next call: a body is a view of them.
   * @throws RemoteProtocolError `BAD_MESSAGE` or `TOO_BIG` where what came is not v1, behind what came before; and
   * whenever it is called again
   */
  *read(bytes: Uint8Array): Generator<V1Event, void, undefined> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      let at = 0;
      while (at < bytes.length) {
        if (this.#bodyLeft > 0) {
          const body = bytes.subarray(at, at + this.#bodyLeft);
          at += body.length;
          this.#bodyLeft -= body.length;
          yield { type: "BODY", bytes: body };
          if (this.#bodyLeft === 0) yield { type: "BODY_END" };
          continue;
        }
        if (this.#accepted === undefined) throw malformed("bytes behind the last message");
        const piece = bytes.subarray(at, at + this.#wanted - this.#heldBytes);
        at += piece.length;
        const message = this.#take(piece);
        if (message === undefined) continue;
        yield message;
        if ("size" in message && message.size === 0) yield { type: "BODY_END" };
      }
    } catch (failure) {
      this.#failure = failure;
      throw failure;
    }
  }

  /** A part of a field: the message that it completes. */
  #take(piece: Uint8Array): V1Message | undefined {
    this.#held.set(piece, this.#heldBytes);
    this.#heldBytes += piece.length;
    while (this.#heldBytes === this.#wanted) {
      const { done, value } = this.#fields.next(this.#held.subarray(0, this.#wanted));
      this.#heldBytes = 0;
      if (done === true) {
        this.#begin(value);
        return value;
      }
      this.#want(value);
    }
    return undefined;
  }

  /** What may follow a message. */
  #begin(before: V1Message): void {
    this.#accepted = BEHIND[before.type];
    this.#bodyLeft = "size" in before ? before.size : 0;
    this.#fields = this.#message();
    this.#want(this.#fields.next().value as number);
  }

  #want(length: number): void {
    this.#wanted = length;
    if (length > this.#held.length) this.#held = new Uint8Array(length);
  }

  *#message(): Fields<V1Message> {
    const code = yield* this.#integer("a code");
    const type = NAMES[code];
    if (type === undefined || this.#accepted?.has(type) !== true) {
      const accepted = [...(this.#accepted ?? [])].map((one) => V1_CODE[one]).join(", ");
      throw malformed(`a message of code ${code}, not ${accepted}`);
    }
    switch (type) {
      case "QUOTE_REQUEST":
      case "ACK":
        return { type };
      case "QUOTE_REPLY":
        return { type, cost: yield* this.#integer("a cost") };
      case "RETURN_STATUS":
      case "NO_OUTPUT": {
        const status = yield* this.#integer("a status");
        if (status !== 0) throw malformed(`a ${type} with status ${status}, not 0`);
        return { type };
      }
      case "EXECUTE":
        return { type, command: yield* this.#string("a command", MAX_COMMAND_BYTES) };
      case "RETURN_STDOUT":
      case "RETURN_STDERR": {
        const status = yield* this.#integer("a status");
        if (status === 0) throw malformed(`a ${type} with status 0`);
        return { type, status, size: yield* this.#size("a stream", this.#limits.maxStringBytes) };
      }
      default: {
        const name = yield* this.#string("a name", MAX_V1_NAME_BYTES);
        const fault = v1NameFault(name);
        if (fault !== undefined) throw malformed(`the name of a file ${fault}`);
        return { type, name, size: yield* this.#size("a file", this.#limits.maxFileBytes) };
      }
    }
  }

  *#integer(what: string): Fields<number> {
    if (this.#dialect === "v1-4") return u32At(yield 4, 0);
    const value = u64At(yield 8, 0);
    if (value === undefined) throw malformed(`${what} is above 2^53-1`);
    return value;
  }

  *#size(what: string, max: number): Fields<number> {
    const size = yield* this.#integer(`the size of ${what}`);
    if (size > max) throw new RemoteProtocolError("TOO_BIG", `${what} of ${size} bytes, at most ${max} are taken`);
    return size;
  }

  *#string(what: string, max: number): Fields<string> {
    const length = yield* this.#size(what, max);
    return decodeText(yield length, what);
  }
}
