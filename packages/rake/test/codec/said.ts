/** One message of every type, as test/vectors/messages.py has them, and where it may come from. */
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientMessage,
  decodeClientMessage,
  decodeServerMessage,
  type Message,
  type Platform,
  type ServerMessage,
} from "../../src/core/index.js";
import { isOfClients } from "../../src/core/message-types.js";

export const vectorFolder: string = join(import.meta.dirname, "../vectors");
const vectors = JSON.parse(readFileSync(join(vectorFolder, "messages.json"), "utf8")) as Record<string, string>;

export const vectorNames: readonly string[] = Object.keys(vectors);
export const hexVectorOf = (type: string): string => vectors[type] as string;
export const vectorOf = (type: string): Uint8Array => new Uint8Array(Buffer.from(hexVectorOf(type), "hex"));

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const counting = (length: number, from = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => from + index);
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const platform: Platform = {
  randomBytes: counting,
  hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  equal: (a, b) => Buffer.compare(a, b) === 0,
};

export const INPUT: string = sha256("int main;\n");
export const EMPTY: string = sha256("");

/** In the order of their numbers. */
export const messages: readonly Message[] = [
  { type: "HELLO", version: 2, features: 0, nonce: counting(32) },
  { type: "CHALLENGE", version: 2, authentication: "secret", nonce: counting(32, 224) },
  { type: "AUTH", mac: vectorOf("AUTH").subarray(8) },
  {
    type: "WELCOME",
    mac: vectorOf("WELCOME").subarray(8, 40),
    name: "Jürgen",
    cores: 8,
    speed: 1_250,
    slots: 4,
    sandbox: "bwrap",
    toolchain: "gcc 12",
    resources: ["gpu", "licence"],
    maxFrameBytes: 4_194_304,
    maxInputs: 10_000,
    maxBlobBytes: 2 ** 32,
    maxOutputBytes: 2 ** 34,
    maxActionMs: 3_600_000,
    heartbeatMs: 1_000,
  },
  {
    type: "QUOTE",
    actionId: 1,
    kind: "cc -c %",
    command: "cc -c a.c",
    workMs: 900,
    inputs: [
      { digest: INPUT, size: 10 },
      { digest: EMPTY, size: 0 },
    ],
    resources: ["gpu"],
  },
  {
    type: "BID",
    actionId: 1,
    reservation: 7,
    validForMs: 5_000,
    costMs: 780,
    queueMs: 20,
    runMs: 720,
    transferMs: 30,
    chargeMs: 10,
    missing: [INPUT],
  },
  { type: "REFUSE", actionId: 1, reason: "NOT_ALLOWED", retryAfterMs: 250, text: "not allowed" },
  { type: "BLOB", actionId: 1, digest: INPUT, size: 10, offset: 4, last: true, body: utf8("main;\n") },
  { type: "ACK", actionId: 1, digest: INPUT, code: "WRONG_DIGEST" },
  {
    type: "EXECUTE",
    actionId: 1,
    reservation: 7,
    command: "cc -c a.c",
    timeoutMs: 30_000,
    inputs: [
      { path: "a.c", digest: INPUT, mode: 0o644 },
      { path: "sub/b", digest: EMPTY, mode: 0o755 },
    ],
    outputs: ["*.o"],
  },
  { type: "MISSING", actionId: 1, digests: [INPUT, EMPTY] },
  { type: "EXPIRED", actionId: 1, reservation: 7 },
  { type: "STARTED", actionId: 1 },
  { type: "STDOUT", actionId: 1, offset: 2 ** 32, body: utf8("hi\n") },
  { type: "STDERR", actionId: 1, offset: 3, body: Uint8Array.of(255, 0) },
  {
    type: "STATUS",
    actionId: 1,
    end: "SIGNALLED",
    code: 9,
    cpuMicros: 1_500,
    peakBytes: 2 ** 20,
    wallMicros: 2_000_000,
    text: "killed",
  },
  {
    type: "OUTPUT",
    actionId: 1,
    path: "a.o",
    mode: 0o644,
    size: 5,
    digest: INPUT,
    offset: 2,
    last: true,
    body: utf8("\u007fEL"),
  },
  { type: "DONE", actionId: 1, stdoutBytes: 2 ** 32 + 3, stderrBytes: 5, outputs: 1 },
  { type: "CANCEL", actionId: 1 },
  { type: "RELEASE", actionId: 1, reservation: 7 },
  { type: "CREDIT", actionId: 1, bytes: 65_536 },
  { type: "PING", nonce: 2 ** 53 - 1 },
  { type: "PONG", nonce: 2 ** 53 - 1 },
  { type: "BYE", code: "IDLE", text: "idle" },
];

/** Also where one interface has two types. */
export type MessageOf<Type extends Message["type"], One = Message> = One extends { readonly type: infer Types }
  ? Type extends Types
    ? One
    : never
  : never;

export const messageOf = <Type extends Message["type"]>(type: Type): MessageOf<Type> =>
  messages.find((one) => one.type === type) as MessageOf<Type>;

/** By the side that says it; what both say, by the server. */
export function decode(type: Message["type"], payload: Uint8Array): ClientMessage | ServerMessage | undefined {
  const ofServers = !isOfClients(type) || ["CREDIT", "PING", "PONG", "BYE"].includes(type);
  return ofServers ? decodeServerMessage(payload) : decodeClientMessage(payload);
}
