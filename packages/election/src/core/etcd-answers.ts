/**
 * What etcd's JSON gateway answers, read strictly: whatever is not exactly such an answer is `undefined`, and nothing
 * throws (election rule E77). Integers of 64 bits are strings there, keys and values base64, and what is 0 is left out.
 */

import { fromBase64 } from "./etcd-base64.js";
import { MAX_ADDRESS_BYTES, MAX_ID_BYTES } from "./messages.js";

/** A key of the election. */
export interface EtcdCandidate {
  /** Without the name of the election: the lease in hexadecimal. */
  readonly key: string;
  readonly id: string;
  readonly address: string;
  /** The create revision. */
  readonly epoch: number;
  /** Whether its value is such as this engine writes. */
  readonly isOurs: boolean;
}

export interface EtcdListing {
  /** Of the whole store, when it was looked at. */
  readonly revision: number;
  /** The front of the line first. */
  readonly candidates: readonly EtcdCandidate[];
  /** False where there are more than were asked for. */
  readonly isWhole: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function parse(body: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** A whole number above 0, in decimal. */
function positive(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^[1-9]\d{0,15}$/.test(value)) return undefined;
  const result = Number(value);
  return Number.isSafeInteger(result) ? result : undefined;
}

const MAX_TTL_SECONDS = 1_000_000;

function ttlMsOf(value: unknown): number | undefined {
  const seconds = positive(value);
  return seconds === undefined || seconds > MAX_TTL_SECONDS ? undefined : seconds * 1_000;
}

export function readGrant(body: string): { readonly leaseId: string; readonly ttlMs: number } | undefined {
  const fields = parse(body);
  const leaseId = fields?.["ID"];
  const ttlMs = ttlMsOf(fields?.["TTL"]);
  if (typeof leaseId !== "string" || !/^[1-9]\d{0,18}$/.test(leaseId) || ttlMs === undefined) return undefined;
  return { leaseId, ttlMs };
}

/** The TTL, 0 where etcd has the lease no more. */
export function readKeepAlive(body: string, leaseId: string): number | undefined {
  const result = fieldsOf(parse(body)?.["result"]);
  if (result?.["ID"] !== leaseId || fieldsOf(result["header"]) === undefined) return undefined;
  return Object.hasOwn(result, "TTL") && result["TTL"] !== "0" ? ttlMsOf(result["TTL"]) : 0;
}

export function readToken(body: string): string | undefined {
  const token = parse(body)?.["token"];
  // It goes into a header: no control characters.
  return typeof token === "string" && /^[!-~]{1,4096}$/.test(token) ? token : undefined;
}

/** The answer to a range. */
export function readRange(body: string, prefix: string): EtcdListing | undefined {
  const fields = parse(body);
  return fields === undefined ? undefined : listingOf(fields, prefix);
}

/** The answer to a transaction that ends with a range, whichever branch it took. */
export function readCampaign(body: string, prefix: string): EtcdListing | undefined {
  const responses = parse(body)?.["responses"];
  if (!Array.isArray(responses)) return undefined;
  const range = fieldsOf(fieldsOf(responses[responses.length - 1])?.["response_range"]);
  return range === undefined ? undefined : listingOf(range, prefix);
}

function listingOf(fields: Fields, prefix: string): EtcdListing | undefined {
  const revision = positive(fieldsOf(fields["header"])?.["revision"]);
  const kvs: unknown = fields["kvs"] ?? [];
  if (revision === undefined || !Array.isArray(kvs)) return undefined;
  const candidates: EtcdCandidate[] = [];
  let last = 0;
  for (const kv of kvs) {
    const candidate = candidateOf(fieldsOf(kv), prefix);
    if (candidate === undefined || candidate.epoch <= last || candidate.epoch > revision) return undefined;
    last = candidate.epoch;
    candidates.push(candidate);
  }
  return { revision, candidates, isWhole: fields["more"] !== true };
}

function candidateOf(kv: Fields | undefined, prefix: string): EtcdCandidate | undefined {
  const { key: encoded, value = "", create_revision: revision } = kv ?? {};
  if (typeof encoded !== "string" || typeof value !== "string") return undefined;
  const key = fromBase64(encoded);
  const epoch = positive(revision);
  if (key === undefined || !key.startsWith(prefix) || epoch === undefined) return undefined;
  const name = key.slice(prefix.length);
  const holder = holderOf(fromBase64(value) ?? "");
  return { key: name, epoch, ...holder, id: holder.id === "" ? name.slice(0, MAX_ID_BYTES / 4) : holder.id };
}

/** Who says so in a value; of a value of somebody else's program (`etcdctl elect`), its beginning, which may be empty. */
function holderOf(value: string): { readonly id: string; readonly address: string; readonly isOurs: boolean } {
  const fields = parse(value);
  const id = fields?.["id"];
  const address = fields?.["address"];
  const fits = (text: string, bytes: number): boolean =>
    new TextEncoder().encode(text).length <= bytes && !/\p{Surrogate}/u.test(text);
  if (typeof id === "string" && typeof address === "string" && id !== "") {
    if (fits(id, MAX_ID_BYTES) && fits(address, MAX_ADDRESS_BYTES)) return { id, address, isOurs: true };
  }
  return { id: [...value.slice(0, MAX_ID_BYTES)].slice(0, MAX_ID_BYTES / 4).join(""), address: "", isOurs: false };
}

/** What a line of a watch says: something changed, nothing did, or it has ended; undefined: it is no such line. */
export function readWatchLine(body: string): "news" | "nothing" | "ended" | undefined {
  const fields = parse(body);
  const result = fieldsOf(fields?.["result"]);
  if (result === undefined) return fieldsOf(fields?.["error"]) === undefined ? undefined : "ended";
  if (result["canceled"] === true) return "ended";
  const events = result["events"] ?? [];
  if (!Array.isArray(events)) return undefined;
  return events.length > 0 ? "news" : "nothing";
}

export interface EtcdRefusal {
  readonly message: string;
  readonly why: "leaseGone" | "credentials" | "other";
}

/** What an answer means that is not the one that was asked for. Messages are cut at 200 characters. */
export function readRefusal(status: number, body: string): EtcdRefusal {
  const fields = parse(body);
  const inStream = fieldsOf(fields?.["error"]);
  const said = inStream?.["message"] ?? fields?.["error"] ?? fields?.["message"];
  const code = inStream?.["grpc_code"] ?? fields?.["code"];
  if (typeof said !== "string") return { message: `the answer (${status}) is none of etcd's`, why: "other" };
  const message = `${status}: ${said.slice(0, 200)}`;
  if (/requested lease not found/.test(said)) return { message, why: "leaseGone" };
  const isOfUser = code === 16 || /invalid auth token|user name is empty|revision in header is old/.test(said);
  return { message, why: isOfUser ? "credentials" : "other" };
}
