/** The messages and their codec: one table for both directions (election rules E2 to E5). */

import type { Fallback } from "./contract.js";
import { RemoteProtocolError } from "./errors.js";
import type { Load } from "./load.js";
import type { Stamp } from "./stamp.js";
import { FieldReader, FieldWriter, malformed } from "./wire.js";

export const MAX_PAYLOAD_BYTES = 4_096;
export const EPOCH_MAX: number = 2 ** 48;
export const MAX_ID_BYTES = 64;
export const MAX_ADDRESS_BYTES = 256;
export const MAX_FALLBACKS = 3;
const VERSION = 1;

/** What every message begins with. */
export interface Header {
  /** The sender's highest stored epoch; of a leader, the one in which it leads. */
  readonly epoch: number;
  /** 16 hexadecimal digits, drawn when the sender started. */
  readonly incarnation: string;
  readonly cluster: string;
  /** Empty in a Hello of a node that has no id yet. */
  readonly sender: string;
}

/** A leader that is spoken of; its id is empty where none is known. */
interface Named {
  readonly leaderId: string;
  readonly leaderAddress: string;
  readonly leaderEpoch: number;
}

/** `for` is the incarnation that is answered. */
export type Body =
  | { readonly type: "hello"; readonly address: string }
  | ({ readonly type: "redirect"; readonly for: string; readonly givenId: string } & Named)
  | {
      readonly type: "report";
      readonly address: string;
      readonly hostName: string;
      /** URL of its dashboard; empty where there is none. */
      readonly ui: string;
      readonly echo: { readonly epoch: number; readonly stamp: Stamp } | undefined;
      readonly load: Load;
    }
  | {
      readonly type: "ack";
      readonly for: string;
      readonly address: string;
      readonly stamp: Stamp;
      readonly leaseMs: number;
      readonly fallbacks: readonly Fallback[];
    }
  | { readonly type: "preVote"; readonly address: string; readonly stamp: Stamp }
  | {
      readonly type: "preVoteReply";
      readonly for: string;
      readonly stamp: Stamp;
      readonly granted: boolean;
      /** Whether the sender knows its epoch (E20). */
      readonly knows: boolean;
    }
  | {
      readonly type: "voteReq";
      readonly address: string;
      readonly proposed: number;
      readonly stamp: Stamp;
      readonly release: Release | undefined;
    }
  | {
      readonly type: "vote";
      readonly for: string;
      readonly proposed: number;
      readonly stamp: Stamp;
      readonly granted: boolean;
    }
  | { readonly type: "announce"; readonly address: string }
  | { readonly type: "prepare"; readonly for: string; readonly stamp: Stamp }
  | { readonly type: "ready"; readonly for: string; readonly stamp: Stamp }
  | { readonly type: "offer"; readonly for: string }
  | { readonly type: "probe"; readonly address: string }
  | ({ readonly type: "stale" } & Named);

/** A leader that has stopped, and the epoch in which it led: promises to it for that epoch bind no more. */
export interface Release {
  readonly holder: string;
  readonly epoch: number;
}

export type BodyType = Body["type"];
export type BodyOf<Type extends BodyType> = Extract<Body, { readonly type: Type }>;

export interface Message {
  readonly header: Header;
  readonly body: Body;
}

/** In the order of their numbers, from 1. */
export const BODY_TYPES: readonly BodyType[] = [
  "hello",
  "redirect",
  "report",
  "ack",
  "preVote",
  "preVoteReply",
  "voteReq",
  "vote",
  "announce",
  "prepare",
  "ready",
  "offer",
  "probe",
  "stale",
];

/**
 * The payload of a message, without a tag.
 * @throws TypeError, RangeError or framing's LocalFrameTooLargeError for a field that its width cannot hold
 */
export function encodeMessage({ header, body }: Message): Uint8Array {
  const out = new FieldWriter().u8(VERSION).u8(BODY_TYPES.indexOf(body.type) + 1);
  out.u64(header.epoch).hex8(header.incarnation).text(header.cluster, MAX_ID_BYTES).text(header.sender, MAX_ID_BYTES);
  switch (body.type) {
    case "hello":
    case "announce":
    case "probe":
      return out.text(body.address, MAX_ADDRESS_BYTES).bytes();
    case "redirect":
      return writeNamed(out.hex8(body.for), body).text(body.givenId, MAX_ID_BYTES).bytes();
    case "report":
      out
        .text(body.address, MAX_ADDRESS_BYTES)
        .text(body.hostName, MAX_ADDRESS_BYTES)
        .text(body.ui, MAX_ADDRESS_BYTES)
        .flag(body.echo !== undefined);
      if (body.echo !== undefined) out.u64(body.echo.epoch).stamp(body.echo.stamp);
      return writeLoad(out, body.load).bytes();
    case "ack":
      out.hex8(body.for).text(body.address, MAX_ADDRESS_BYTES).stamp(body.stamp).u32(body.leaseMs);
      out.u8(body.fallbacks.length);
      for (const { id, address } of body.fallbacks) out.text(id, MAX_ID_BYTES).text(address, MAX_ADDRESS_BYTES);
      return out.bytes();
    case "preVote":
      return out.text(body.address, MAX_ADDRESS_BYTES).stamp(body.stamp).bytes();
    case "preVoteReply":
      return out.hex8(body.for).stamp(body.stamp).flag(body.granted).flag(body.knows).bytes();
    case "voteReq":
      out
        .text(body.address, MAX_ADDRESS_BYTES)
        .u64(body.proposed)
        .stamp(body.stamp)
        .flag(body.release !== undefined);
      if (body.release !== undefined) out.text(body.release.holder, MAX_ID_BYTES).u64(body.release.epoch);
      return out.bytes();
    case "vote":
      return out.hex8(body.for).u64(body.proposed).stamp(body.stamp).flag(body.granted).bytes();
    case "prepare":
    case "ready":
      return out.hex8(body.for).stamp(body.stamp).bytes();
    case "offer":
      return out.hex8(body.for).bytes();
    case "stale":
      return writeNamed(out, body).bytes();
  }
}

/** @throws RemoteProtocolError `MALFORMED` or `WRONG_VERSION` for whatever is not exactly a message */
export function decodeMessage(payload: Uint8Array): Message {
  if (payload.length > MAX_PAYLOAD_BYTES) throw malformed(`a payload of ${payload.length} bytes`);
  const read = new FieldReader(payload);
  const version = read.u8();
  if (version !== VERSION) throw new RemoteProtocolError("WRONG_VERSION", `version ${version}, not ${VERSION}`);
  const type = BODY_TYPES[read.u8() - 1];
  if (type === undefined) throw malformed("no such type");
  const header: Header = {
    epoch: read.u64(EPOCH_MAX),
    incarnation: read.hex8(),
    cluster: read.text(MAX_ID_BYTES, 1),
    sender: read.text(MAX_ID_BYTES, type === "hello" ? 0 : 1),
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
      return { type, for: read.hex8(), ...readNamed(read), givenId: read.text(MAX_ID_BYTES) };
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
        fallbacks: Array.from({ length: read.u8(MAX_FALLBACKS) }, () => ({
          id: read.text(MAX_ID_BYTES, 1),
          address: readAddress(read),
        })),
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
  }
}

function readAddress(read: FieldReader): string {
  return read.text(MAX_ADDRESS_BYTES, 1);
}

function writeNamed(out: FieldWriter, { leaderId, leaderAddress, leaderEpoch }: Named): FieldWriter {
  return out.text(leaderId, MAX_ID_BYTES).text(leaderAddress, MAX_ADDRESS_BYTES).u64(leaderEpoch);
}

function readNamed(read: FieldReader): Named {
  const leaderId = read.text(MAX_ID_BYTES);
  return { leaderId, leaderAddress: read.text(MAX_ADDRESS_BYTES), leaderEpoch: read.u64(EPOCH_MAX) };
}

function writeLoad(out: FieldWriter, load: Load): FieldWriter {
  out
    .u16(Math.round(load.cpuPercent * 100))
    .u64(load.usedRamBytes)
    .u64(load.totalRamBytes);
  return out.u64(load.freeBandwidthBytes).u64(load.freeDiskBytes).u64(load.measuredAtMs);
}

function readLoad(read: FieldReader): Load {
  const load: Load = {
    cpuPercent: read.u16(10_000) / 100,
    usedRamBytes: read.u64(),
    totalRamBytes: read.u64(),
    freeBandwidthBytes: read.u64(),
    freeDiskBytes: read.u64(),
    measuredAtMs: read.u64(),
  };
  if (load.usedRamBytes > load.totalRamBytes) throw malformed("more RAM is used than there is");
  return load;
}
