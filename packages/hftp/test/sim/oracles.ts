/** What must hold at the end of every simulated run, whatever went wrong in it. Each answers the violations, in words. */
import { type DownloadMachineOptions, RemoteProtocolError, requestLine } from "../../src/core/index.js";
import { plainDigest } from "../client/plain-digest.js";
import { type ModelOptions, model } from "../server/model.js";
import type { RequestRecord } from "./client-program.js";
import type { GetRecord } from "./get-program.js";
import type { ScriptRecord } from "./scripted-client.js";
import type { StreamRecord } from "./served-stream.js";
import type { SimulatedDirectory } from "./simulated-directory.js";

/** What of a run an answer may depend on. */
export interface Circumstances {
  readonly directory: SimulatedDirectory;
  /** A restart found nothing of the directory. */
  readonly directoryLost: boolean;
  /** More connections than the server takes: 199 may be the answer to anything. */
  readonly overLimit: boolean;
  /** The server was told to shut down. */
  readonly shutDown: boolean;
}

const FAILURE = "199 INTERNAL SERVER ERROR\r\n";
const HELP = ["get_file_listing", "get_metadata", "get_slice", "help", "quit"];

/** H1, H12, H39: one end for every request, and a reply that is whole and right, or an error. */
export function requestViolations(records: readonly RequestRecord[], there: Circumstances): string[] {
  return records.flatMap((record) => {
    const line = requestLine(record.request);
    if (record.endedTwice) return [`${line}: something came after its end`];
    if (record.error instanceof RemoteProtocolError) return [`${line}: ${record.error.message}`];
    if (record.reply === undefined) return [];
    const fault = wrongReply(record, there);
    return fault === undefined ? [] : [`${line}: answered ${record.reply.code}, but ${fault}`];
  });
}

/** Why the reply cannot be right, seen from what stood in the directory while it was awaited. */
function wrongReply(record: RequestRecord, there: Circumstances): string | undefined {
  const { request, askedAt, endedAt = Number.POSITIVE_INFINITY, names } = record;
  const { code, size, commands } = record.reply ?? { code: -1 };
  if (code === 199) return mayFail(there, endedAt) ? undefined : "nothing failed";
  if (there.directoryLost && code === 202) return undefined;
  if (request.type === "quit") return code === 0 ? undefined : "quit is always answered 0";
  if (request.type === "help") return code === 0 && same(commands, HELP) ? undefined : `it said ${commands}`;
  if (request.type === "get_file_listing") {
    if (code !== 0) return "a listing is answered 0";
    const isRight = there.directory.listings(askedAt, endedAt).some((listing) => same([...names].sort(), listing));
    return isRight ? undefined : `the files never were ${names}`;
  }
  const contents = there.directory.contents(request.name, askedAt, endedAt);
  if (code === 202) return contents.includes(undefined) ? undefined : "the file was there all the time";
  const files = contents.filter((content) => content !== undefined);
  if (request.type === "get_metadata") {
    if (code !== 0) return "that is no answer to get_metadata";
    return files.some((file) => file.length === size) ? undefined : `it never had ${size} bytes`;
  }
  const end = request.offset + request.size;
  if (code === 203) return files.some((file) => file.length < end) ? undefined : "it never was so short";
  if (code !== 0) return "that is no answer to get_slice";
  return wrongBytes(Buffer.concat(record.data), request.offset, request.size, files);
}

/** A file that changes while it is sent may be told in pieces of both; each byte must have stood where it was found. */
function wrongBytes(got: Uint8Array, offset: number, size: number, files: readonly Uint8Array[]): string | undefined {
  if (got.length !== size) return `${got.length} bytes came`;
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    return Buffer.from(got).equals(only.subarray(offset, offset + size)) ? undefined : "the bytes are others";
  }
  const at = got.findIndex((byte, index) => !files.some((file) => file[offset + index] === byte));
  return at === -1 ? undefined : `byte ${offset + at} never was ${got[at]}`;
}

/** H30 to H35: exactly the file and the name, or an error and no name. */
export function getViolations(
  records: readonly GetRecord[],
  options: DownloadMachineOptions,
  there: Circumstances,
): string[] {
  const [first] = records;
  if (first === undefined) return [];
  const found: string[] = [];
  for (const { result, mostPendingWrites } of records) {
    const { maxPendingWriteBytes = 0, parallel = 1, writeBytes = 0 } = options;
    const bound = maxPendingWriteBytes + parallel * (writeBytes + 2 * 65_536);
    if (mostPendingWrites > bound) found.push(`get: ${mostPendingWrites} bytes waited to be written (bound ${bound})`);
    if (result?.type === "failed" && result.error instanceof RemoteProtocolError)
      found.push(`get: ${result.error.message}`);
  }
  const last = records.at(-1) ?? first;
  const { result, disk } = last;
  if (result?.type === "failed" && disk.final !== undefined && result.error.code !== "EXISTS") {
    found.push(`get: it failed (${result.error.code}), and something stands under the final name`);
  }
  // A later run that fails at its first contact leaves what an earlier one left, and says nothing of it.
  if (records.length === 1 && result?.type === "failed" && (disk.part !== undefined) !== result.resumable) {
    found.push(
      `get: resumable is ${result.resumable}, the .part file is ${disk.part === undefined ? "gone" : "there"}`,
    );
  }
  if (result?.type === "finished" && disk.final === undefined) found.push("get: it succeeded, and there is no file");
  if (disk.final !== undefined) {
    const fault = wrongFile(disk.final, options, first.startedAt, last.endedAt, there);
    if (fault !== undefined) found.push(`get: ${fault}`);
  }
  return found;
}

function wrongFile(
  file: Uint8Array,
  { name, expect }: DownloadMachineOptions,
  from: number,
  to: number | undefined,
  there: Circumstances,
): string | undefined {
  if (expect !== undefined)
    return plainDigest(file) === expect ? undefined : "success with another digest than expected";
  const contents = there.directory.contents(name, from, to ?? Number.POSITIVE_INFINITY);
  const files = contents.filter((content) => content !== undefined && content.length === file.length);
  if (files.length === 0) return `success with ${file.length} bytes, which the file never had`;
  return wrongBytes(file, 0, file.length, files as Uint8Array[]);
}

/** H1, H8, H11: what a scripted client heard, against the plain model of all that it said. */
export function scriptViolations(
  record: ScriptRecord,
  served: StreamRecord | undefined,
  files: ReadonlyMap<string, Uint8Array>,
  options: ModelOptions,
  there: Circumstances,
): string[] {
  const { received, sent, halfClosed, serverEnded } = record;
  const wanted = model(sent, halfClosed, files, options);
  const replies = wholeReplies(sent, halfClosed, files, options);
  if (mayFail(there, Number.POSITIVE_INFINITY) && beforeFailure(received).some((head) => replies.includes(head))) {
    return [];
  }
  if (!wanted.gets.startsWith(received)) {
    return [`script: it heard what is no beginning of the answers: ${brief(received)}`];
  }
  if (!serverEnded) return [];
  if (served?.served.some(({ complete }) => !complete) === true) return []; // a reply was cut off, and counted as that
  const early = there.shutDown || served?.endedOn === "tick"; // it was idle for too long
  if (!early && received !== wanted.gets) return ["script: the server ended in good order before all was answered"];
  return replies.includes(received)
    ? []
    : [`script: the server ended in good order in the middle of a reply: ${brief(received)}`];
}

/** What may have come before a 199 at the very end, of which all but the first byte may be missing. */
function beforeFailure(received: string): string[] {
  const lengths = Array.from(FAILURE, (_, at) => at + 1);
  return lengths.flatMap((length) => (received.endsWith(FAILURE.slice(0, length)) ? [received.slice(0, -length)] : []));
}

/** What a client gets for the first lines of what it sent, for every number of lines. */
function wholeReplies(
  sent: string,
  halfClosed: boolean,
  files: ReadonlyMap<string, Uint8Array>,
  options: ModelOptions,
): string[] {
  const lines = sent.split(/(?<=\n)/);
  const all = model(sent, halfClosed, files, options).gets;
  return [all, ...lines.map((_, count) => model(lines.slice(0, count).join(""), false, files, options).gets)];
}

/** H19, H22, H27: bounds, and nothing that stays open. */
export function serverViolations(
  records: readonly StreamRecord[],
  bounds: { readonly undrained: number; readonly pending: number },
): string[] {
  return records.flatMap((record) => {
    const found: string[] = [];
    const { mostUndrained, mostPending, largestChunk } = record;
    if (mostUndrained > bounds.undrained)
      found.push(`server: ${mostUndrained} bytes waited to be taken (bound ${bounds.undrained})`);
    if (mostPending > bounds.pending + largestChunk)
      found.push(`server: ${mostPending} bytes of requests waited (bound ${bounds.pending})`);
    return found;
  });
}

function mayFail(there: Circumstances, by: number): boolean {
  return there.directoryLost || there.overLimit || there.directory.failedBefore(by);
}

function same(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one !== undefined && one.length === other.length && one.every((text, at) => text === other[at]);
}

function brief(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 80)} ... ${text.slice(-80)} (${text.length})`);
}
