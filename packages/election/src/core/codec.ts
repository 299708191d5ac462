/** Messages as bytes, and bytes as messages: one table for both directions (election rules E2 to E5). */

import type { HostRow, Mode, Role } from "./contract.js";
import { RemoteProtocolError } from "./errors.js";
import {
  BODY_TYPES,
  type Body,
  type BodyType,
  EPOCH_MAX,
  type Header,
  MAX_ADDRESS_BYTES,
  MAX_ID_BYTES,
  MAX_PAYLOAD_BYTES,
  type Message,
  type Refusal,
} from "./messages.js";
import {
  readAddress,
  readFallbacks,
  readLoad,
  readNamed,
  readRow,
  writeFallbacks,
  writeLoad,
  writeNamed,
  writeRow,
} from "./records.js";
import { FieldReader, FieldWriter, malformed } from "./wire.js";

const VERSION = 1;
export const SENDER_MAY_BE_EMPTY: ReadonlySet<BodyType> = new Set(["hello", "watch", "view", "retire"]);

/** In the order of their numbers, from 0. */
const REFUSALS: readonly Refusal[] = ["none", "idTaken", "tableFull"];
const MODES: readonly Mode[] = ["available", "quorum"];
const ROLES: readonly Role[] = [
  "quarantine",
  "leaderless",
  "follower",
  "prevote",
  "candidate",
  "leader",
  "released",
  "stopped",
];
const NUMBERS: ReadonlyMap<BodyType, number> = new Map(BODY_TYPES.map((type, index) => [type, index + 1]));
/** What stands for Infinity in 4 bytes. */
const NO_END = 2 ** 32 - 1;

/** One message is written at a time. */
const out = new FieldWriter();

/**
 * The payload of a message, without a tag, and `tailBytes` of room behind it for one.
 * @throws TypeError, RangeError or framing's LocalFrameTooLargeError for a field that its width cannot hold
 */
export function encodeMessage({ header, body }: Message, tailBytes = 0): Uint8Array {
  out.begin().u8(VERSION).u8(numberOf(body.type)).u64(header.epoch).hex8(header.incarnation).u32(header.settings);
  out.text(header.cluster, MAX_ID_BYTES).text(header.sender, MAX_ID_BYTES);
  writeBody(body);
  return out.payload(tailBytes);
}

/** How many bytes a row of a table takes in a View. */
export function rowLength(row: HostRow): number {
  out.begin();
  writeRow(out, row);
  return out.length;
}

function writeBody(body: Body): void {
  switch (body.type) {
    case "hello":
    case "announce":
    case "probe":
      out.text(body.address, MAX_ADDRESS_BYTES);
      return;
    case "redirect":
      writeNamed(out.hex8(body.for), body).text(body.givenId, MAX_ID_BYTES).u8(REFUSALS.indexOf(body.refusal));
      return;
    case "report":
      out.text(body.address, MAX_ADDRESS_BYTES).text(body.hostName, MAX_ADDRESS_BYTES).text(body.ui, MAX_ADDRESS_BYTES);
      out.flag(body.echo !== undefined);
      if (body.echo !== undefined) out.u64(body.echo.epoch).stamp(body.echo.stamp);
      writeLoad(out, body.load);
      return;
    case "ack":
      out.hex8(body.for).text(body.address, MAX_ADDRESS_BYTES).stamp(body.stamp).u32(body.leaseMs);
      writeFallbacks(out, body.fallbacks);
      return;
    case "preVote":
      out.text(body.address, MAX_ADDRESS_BYTES).stamp(body.stamp);
      return;
    case "preVoteReply":
      out.hex8(body.for).stamp(body.stamp).flag(body.granted).flag(body.knows);
      return;
    case "voteReq":
      out.text(body.address, MAX_ADDRESS_BYTES).u64(body.proposed).stamp(body.stamp);
      out.flag(body.release !== undefined);
      if (body.release !== undefined) out.text(body.release.holder, MAX_ID_BYTES).u64(body.release.epoch);
      return;
    case "vote":
      out.hex8(body.for).u64(body.proposed).stamp(body.stamp).flag(body.granted);
      return;
    case "prepare":
    case "ready":
      out.hex8(body.for).stamp(body.stamp);
      return;
    case "offer":
      out.hex8(body.for);
      return;
    case "stale":
      writeNamed(out, body);
      return;
    case "watch":
      out.u32(body.first);
      return;
    case "view":
      out
        .hex8(body.for)
        .u8(MODES.indexOf(body.mode))
        .u8(ROLES.indexOf(body.role))
        .text(body.address, MAX_ADDRESS_BYTES);
      writeNamed(out, body)
        .u32(body.leaseMs)
        .u32(body.leaseRemainingMs === Number.POSITIVE_INFINITY ? NO_END : body.leaseRemainingMs);
      writeFallbacks(out, body.fallbacks);
      out.u64(body.snapshot).u32(body.total).u32(body.first).u8(body.rows.length);
      for (const row of body.rows) writeRow(out, row);
      return;
    case "retire":
      out.hex8(body.for).u64(body.epoch).text(body.to, MAX_ID_BYTES);
      return;
  }
}

/** @throws RemoteProtocolError `MALFORMED` or `WRONG_VERSION` for whatever is not exactly a message */
export function decodeMessage(payload: Uint8Array): Message {
  if (payload.length > MAX_PAYLOAD_BYTES) throw malformed(`a payload of ${payload.length} bytes`);
  const read = new FieldReader(payload);
  const version = read.u8();
  if (version !== VERSION)
    throw new RemoteProtocolError("WRONG_VERSION", `it speaks version ${version} of the protocol, not ${VERSION}`);
  const type = BODY_TYPES[read.u8() - 1];
  if (type === undefined) throw malformed("no such type");
  const header: Header = {
    epoch: read.u64(EPOCH_MAX),
    incarnation: read.hex8(),
    settings: read.u32(),
    cluster: read.text(MAX_ID_BYTES, 1),
    sender: read.text(MAX_ID_BYTES, SENDER_MAY_BE_EMPTY.has(type) ? 0 : 1),
  };
  const body = readBody(type, read);
  read.end();
  return { header, body };
}

function readBody(type: BodyType, read: FieldReader): Body {
  switch (type) {
    case "hello":
    case "announce":
    case "probe":
      return { type, address: readAddress(read) };
    case "redirect":
      return {
        type,
        for: read.hex8(),
        ...readNamed(read),
        givenId: read.text(MAX_ID_BYTES),
        refusal: REFUSALS[read.u8(REFUSALS.length - 1)] as Refusal,
      };
    case "report":
      return {
        type,
        address: readAddress(read),
        hostName: read.text(MAX_ADDRESS_BYTES, 1),
        ui: read.text(MAX_ADDRESS_BYTES),
        echo: read.flag() ? { epoch: read.u64(EPOCH_MAX), stamp: read.stamp() } : undefined,
        load: readLoad(read),
      };
    case "ack":
      return {
        type,
        for: read.hex8(),
        address: readAddress(read),
        stamp: read.stamp(),
        leaseMs: read.u32(),
        fallbacks: readFallbacks(read),
      };
    case "preVote":
      return { type, address: readAddress(read), stamp: read.stamp() };
    case "preVoteReply":
      return { type, for: read.hex8(), stamp: read.stamp(), granted: read.flag(), knows: read.flag() };
    case "voteReq":
      return {
        type,
        address: readAddress(read),
        proposed: read.u64(EPOCH_MAX),
        stamp: read.stamp(),
        release: read.flag() ? { holder: read.text(MAX_ID_BYTES, 1), epoch: read.u64(EPOCH_MAX) } : undefined,
      };
    case "vote":
      return {
        type,
        for: read.hex8(),
        proposed: read.u64(EPOCH_MAX),
        stamp: read.stamp(),
        granted: read.flag(),
      };
    case "prepare":
    case "ready":
      return { type, for: read.hex8(), stamp: read.stamp() };
    case "offer":
      return { type, for: read.hex8() };
    case "stale":
      return { type, ...readNamed(read) };
    case "watch":
      return { type, first: read.u32() };
    case "view":
      return {
        type,
        for: read.hex8(),
        mode: MODES[read.u8(MODES.length - 1)] as Mode,
        role: ROLES[read.u8(ROLES.length - 1)] as Role,
        address: readAddress(read),
        ...readNamed(read),
        leaseMs: read.u32(),
        leaseRemainingMs: readRemaining(read),
        fallbacks: readFallbacks(read),
        snapshot: read.u64(),
        total: read.u32(),
        first: read.u32(),
        rows: Array.from({ length: read.u8() }, () => readRow(read)),
      };
    case "retire":
      return { type, for: read.hex8(), epoch: read.u64(EPOCH_MAX), to: read.text(MAX_ID_BYTES) };
  }
}

function numberOf(type: BodyType): number {
  return NUMBERS.get(type) ?? 0;
}

function readRemaining(read: FieldReader): number {
  const remaining = read.u32();
  return remaining === NO_END ? Number.POSITIVE_INFINITY : remaining;
}
