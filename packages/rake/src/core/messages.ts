/** The messages of wire v2 (docs/rake.md R12). Integers are 0 to 2^53 - 1; a digest has 64 lower-case hexadecimal digits. */

export const VERSION = 2;

export const REFUSALS = ["BUSY", "RESOURCE", "NOT_ALLOWED", "LIMIT", "STORE_FULL", "SHUTDOWN"] as const;
export const ACK_CODES = ["OK", "WRONG_DIGEST", "TOO_BIG", "STORE_FULL", "FAILED"] as const;
export const ENDS = ["EXITED", "SIGNALLED", "TIMED_OUT", "LIMITED", "CANCELLED", "FAILED"] as const;
export const BYE_CODES = [
  "END",
  "BAD_MESSAGE",
  "UNAUTHORIZED",
  "VERSION",
  "FULL",
  "IDLE",
  "SHUTDOWN",
  "TOO_BIG",
] as const;
export const SANDBOXES = ["none", "rlimit", "bwrap"] as const;

export type Refusal = (typeof REFUSALS)[number];
export type AckCode = (typeof ACK_CODES)[number];
export type End = (typeof ENDS)[number];
export type ByeCode = (typeof BYE_CODES)[number];
export type Sandbox = (typeof SANDBOXES)[number];

/** What a server says of itself. */
export interface HostFacts {
  readonly name: string;
  readonly cores: number;
  /** Thousandths of the reference (R29). */
  readonly speed: number;
  readonly slots: number;
  readonly sandbox: Sandbox;
  /** Names compilers and system: part of the key of a cached result (R39). */
  readonly toolchain: string;
  readonly resources: readonly string[];
  readonly maxFrameBytes: number;
  readonly maxInputs: number;
  readonly maxBlobBytes: number;
  readonly maxOutputBytes: number;
  readonly maxActionMs: number;
  readonly heartbeatMs: number;
}

/** The parts of a price, in milliseconds (R29). */
export interface PriceParts {
  readonly queueMs: number;
  readonly runMs: number;
  readonly transferMs: number;
  readonly chargeMs: number;
}

export interface NeededInput {
  readonly digest: string;
  readonly size: number;
}

export interface PlacedInput {
  readonly path: string;
  readonly digest: string;
  readonly mode: number;
}

/** How an attempt ended (R24): `code` is the exit code or the number of the signal, 0 for the others. */
export interface RunEnd {
  readonly end: End;
  readonly code: number;
  readonly cpuMicros: number;
  readonly peakBytes: number;
  readonly wallMicros: number;
  readonly text: string;
}

export interface Hello {
  readonly type: "HELLO";
  readonly version: number;
  readonly features: number;
  readonly nonce: Uint8Array;
}
export interface Challenge {
  readonly type: "CHALLENGE";
  readonly version: number;
  readonly authentication: "none" | "secret";
  readonly nonce: Uint8Array;
}
export interface Auth {
  readonly type: "AUTH";
  readonly mac: Uint8Array;
}
export interface Welcome extends HostFacts {
  readonly type: "WELCOME";
  readonly mac: Uint8Array;
}
export interface Quote {
  readonly type: "QUOTE";
  readonly actionId: number;
  readonly kind: string;
  readonly command: string;
  readonly workMs: number;
  readonly inputs: readonly NeededInput[];
  readonly resources: readonly string[];
}
export interface Bid extends PriceParts {
  readonly type: "BID";
  readonly actionId: number;
  readonly reservation: number;
  readonly validForMs: number;
  /** The sum of the parts. */
  readonly costMs: number;
  readonly missing: readonly string[];
}
export interface Refuse {
  readonly type: "REFUSE";
  readonly actionId: number;
  readonly reason: Refusal;
  readonly retryAfterMs: number;
  readonly text: string;
}
export interface Blob {
  readonly type: "BLOB";
  readonly actionId: number;
  readonly digest: string;
  readonly size: number;
  readonly offset: number;
  readonly last: boolean;
  /** A view of what was decoded. */
  readonly body: Uint8Array;
}
export interface Ack {
  readonly type: "ACK";
  readonly actionId: number;
  readonly digest: string;
  readonly code: AckCode;
}
export interface Execute {
  readonly type: "EXECUTE";
  readonly actionId: number;
  readonly reservation: number;
  readonly command: string;
  /** 0: the server's. */
  readonly timeoutMs: number;
  readonly inputs: readonly PlacedInput[];
  /** Patterns (R4); none: what is new or changed. */
  readonly outputs: readonly string[];
}
export interface Missing {
  readonly type: "MISSING";
  readonly actionId: number;
  readonly digests: readonly string[];
}
export interface Expired {
  readonly type: "EXPIRED";
  readonly actionId: number;
  readonly reservation: number;
}
export interface Started {
  readonly type: "STARTED";
  readonly actionId: number;
}
export interface Printed {
  readonly type: "STDOUT" | "STDERR";
  readonly actionId: number;
  readonly offset: number;
  readonly body: Uint8Array;
}
export interface Status extends RunEnd {
  readonly type: "STATUS";
  readonly actionId: number;
}
export interface Output {
  readonly type: "OUTPUT";
  readonly actionId: number;
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly digest: string;
  readonly offset: number;
  readonly last: boolean;
  readonly body: Uint8Array;
}
export interface Done {
  readonly type: "DONE";
  readonly actionId: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly outputs: number;
}
export interface Cancel {
  readonly type: "CANCEL";
  readonly actionId: number;
}
export interface Release {
  readonly type: "RELEASE";
  readonly actionId: number;
  readonly reservation: number;
}
export interface Credit {
  readonly type: "CREDIT";
  readonly actionId: number;
  readonly bytes: number;
}
export interface Ping {
  readonly type: "PING" | "PONG";
  readonly nonce: number;
}
export interface Bye {
  readonly type: "BYE";
  readonly code: ByeCode;
  readonly text: string;
}

export type ClientMessage = Hello | Auth | Quote | Blob | Execute | Cancel | Release | Credit | Ping | Bye;
export type ServerMessage =
  | Challenge
  | Welcome
  | Bid
  | Refuse
  | Ack
  | Missing
  | Expired
  | Started
  | Printed
  | Status
  | Output
  | Done
  | Credit
  | Ping
  | Bye;
export type Message = ClientMessage | ServerMessage;
