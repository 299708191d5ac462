/** One message of every type of every protocol: what is on the wire, and what the protocol's own codec reads in it. */
import { decode as decodeBroadcast } from "../../packages/broadcast/src/core/index.js";
import { TYPE as BROADCAST_TYPES } from "../../packages/broadcast/src/core/message-types.js";
import * as broadcast from "../../packages/broadcast/src/core/messages.js";
import { decodeMessage as decodeElection } from "../../packages/election/src/core/index.js";
import { BODY_TYPES } from "../../packages/election/src/core/messages.js";
import { encodeFrame } from "../../packages/framing/src/core/index.js";
import { decodeClientMessage, decodeServerMessage } from "../../packages/rake/src/core/index.js";
import { isOfClients, isOfServers, TYPE as RAKE_TYPES, TYPES } from "../../packages/rake/src/core/message-types.js";
import * as rake from "../../packages/rake/src/core/messages.js";
import type { ProtocolName } from "../../wireshark/counts.js";
import type { Said } from "./captures.js";
import { type Example, hex, readVectors, type Spoken } from "./spoken.js";
import { type Naming, type Values, valuesOf } from "./values.js";

/** A message of a protocol whose messages stand in frames. */
export interface Vector extends Example {
  readonly payload: Uint8Array;
}

/** A protocol of framed messages. */
export interface Framed extends Spoken {
  readonly vectors: readonly Vector[];
  /** Throws what the codec throws. */
  readonly decode: (payload: Uint8Array, side: Said["side"]) => unknown;
}

const broadcastNaming = {
  names: {
    type: undefined,
    "close.code": "close_code",
    observer: undefined,
    stable: undefined,
    payloads: "bytes",
    "challenge.nonce": "challenge",
  },
  words: {
    start: broadcast.STARTS,
    status: broadcast.STATUSES,
    kind: broadcast.ENTRY_KINDS,
    code: broadcast.PUBLISH_CODES,
    reason: broadcast.GAP_REASONS,
    close_code: broadcast.CLOSE_CODES,
  },
} satisfies Naming;

/** The bytes of an entry are shown as what they mean: a name, a code, why somebody left. */
function broadcastValues(message: broadcast.Message): Values {
  if (message.type === "publish") {
    const { firstClientSeq, payloads } = message;
    const told = payloads.filter(({ length }) => length > 0);
    return valuesOf(
      "publish",
      { type: "publish", firstClientSeq, count: payloads.length, payloads: told },
      broadcastNaming,
    );
  }
  if (message.type !== "batch") {
    const flags = message.type === "hello" ? { flags: Number(message.observer) + 2 * Number(message.stable) } : {};
    return valuesOf(message.type, { ...message, ...flags }, broadcastNaming);
  }
  const entries = message.entries.map(({ bytes, ...entry }) => ({
    ...entry,
    ...(entry.kind === "message" && { bytes }),
    ...(entry.kind === "join" && { name: Buffer.from(bytes).toString() }),
    ...(entry.kind === "leave" && { leftWhy: bytes[0] }),
    ...(entry.kind === "marker" && { code: broadcast.PUBLISH_CODES[bytes[0] as number] }),
  }));
  return valuesOf("batch", { first: message.first, count: entries.length, entries }, broadcastNaming);
}

function framedSpoken(framed: Omit<Framed, "conversations">): Framed {
  return { ...framed, conversations: [framed.vectors] };
}

const clientsOfBroadcast = new Set(["HELLO", "PUBLISH", "ACK", "AUTH"]);

function framed(protocol: ProtocolName, name: string, side: Said["side"], payload: Uint8Array, values: Values): Vector {
  return { name: `${protocol} ${name}`, side, payload, bytes: encodeFrame(payload), values };
}

export const broadcastVectors: Framed = framedSpoken({
  protocol: "broadcast",
  types: Object.keys(BROADCAST_TYPES).map((type) => `broadcast ${type.toUpperCase()}`),
  vectors: Object.entries(readVectors<Record<string, string>>("broadcast/test/vectors/messages.json")).map(
    ([name, digits]) => {
      const side = clientsOfBroadcast.has(name) ? "client" : "server";
      return framed("broadcast", name, side, hex(digits), broadcastValues(decodeBroadcast(hex(digits), side)));
    },
  ),
  decode: decodeBroadcast,
  beside: ["length", "type", "version", "members"],
  words: broadcastNaming.words,
});

const rakeNaming = {
  names: {
    type: undefined,
    missing: "digest",
    digests: "digest",
    "ACK.code": "ack_code",
    "BYE.code": "bye_code",
    "PING.nonce": "ping_nonce",
    "PONG.nonce": "ping_nonce",
    "EXECUTE.outputs": "pattern",
  },
  words: {
    reason: rake.REFUSALS,
    sandbox: rake.SANDBOXES,
    authentication: ["none", "secret"],
    ack_code: rake.ACK_CODES,
    bye_code: rake.BYE_CODES,
    end: rake.ENDS,
  },
} satisfies Naming;

function decodeRake(payload: Uint8Array, side: Said["side"]): rake.Message | undefined {
  return side === "client" ? decodeClientMessage(payload) : decodeServerMessage(payload);
}

export const rakeVectors: Framed = framedSpoken({
  protocol: "rake",
  types: Object.keys(RAKE_TYPES).map((type) => `rake ${type}`),
  vectors: Object.entries(readVectors<Record<string, string>>("rake/test/vectors/messages.json")).map(
    ([name, digits]) => {
      const type = TYPES.find((one) => one === name) as rake.Message["type"];
      const side = isOfClients(type) && !isOfServers(type) ? "client" : "server";
      const ofConnection = ["PING", "PONG", "BYE"].includes(name) ? { actionId: 0 } : {};
      const values = valuesOf(name, { ...decodeRake(hex(digits), side), ...ofConnection }, rakeNaming);
      return framed("rake", name, side, hex(digits), values);
    },
  ),
  decode: decodeRake,
  beside: ["length", "type"],
  words: rakeNaming.words,
});

const electionNaming = {
  names: {
    type: undefined,
    medal: undefined,
    cpuPercent: "cpu",
    usedRamBytes: "used_ram",
    totalRamBytes: "total_ram",
    freeBandwidthBytes: "free_bandwidth",
    freeDiskBytes: "free_disk",
    measuredAtMs: "measured_at",
    mono: "stamp_mono",
    wall: "stamp_wall",
    holder: "release_holder",
  },
  words: {
    refusal: ["none", "idTaken", "tableFull"],
    mode: ["available", "quorum"],
    role: ["quarantine", "leaderless", "follower", "prevote", "candidate", "leader", "released", "stopped"],
    connected: ["disconnected", "connected"],
  },
} satisfies Naming;

type Election = ReturnType<typeof decodeElection>;

/** Units and flags as on the wire; what has a name of its own in the dissector gets it. */
function electionValues({ header, body }: Election): Values {
  const wire = JSON.parse(
    JSON.stringify({
      ...body,
      ...("leaseRemainingMs" in body &&
        body.leaseRemainingMs === Number.POSITIVE_INFINITY && { leaseRemainingMs: 2 ** 32 - 1 }),
    }),
    (key, value) => (key === "cpuPercent" ? value * 100 : key === "mono" ? value * 1_000 : value),
  );
  const { echo, release, fallbacks, rows, ...rest } = wire;
  const shown = {
    ...header,
    ...rest,
    ...(body.type === "report" && { hasEcho: Number(echo !== undefined), echoEpoch: echo?.epoch, stamp: echo?.stamp }),
    ...(body.type === "voteReq" && {
      hasRelease: Number(release !== undefined),
      holder: release?.holder,
      releaseEpoch: release?.epoch,
    }),
    fallbacks: fallbacks?.map(({ id, address }: { id: string; address: string }) => ({
      fallbackId: id,
      fallbackAddress: address,
    })),
    rows: rows?.map(({ id, rank, status, ui, ...row }: Record<string, unknown>) => ({
      ...row,
      hostId: id,
      rank: rank ?? 0,
      connected: status,
      ui: ui ?? "",
    })),
  };
  const values = valuesOf(body.type, shown, {
    ...electionNaming,
    names: { ...electionNaming.names, hasEcho: "echo", hasRelease: "release" },
  });
  // A Retire has an epoch in its header and one in its body.
  return body.type === "retire" ? { ...values, epoch: [String(header.epoch), String(body.epoch)] } : values;
}

const capitalized = (type: string): string => `election ${type.charAt(0).toUpperCase()}${type.slice(1)}`;

const electionTable = readVectors<Record<string, { payload: string; tag: string }>>(
  "election/test/vectors/messages.json",
);

export const electionVectors: Framed = framedSpoken({
  protocol: "election",
  types: BODY_TYPES.map(capitalized),
  vectors: Object.entries(electionTable).flatMap(([type, { payload, tag }]) => {
    const values = electionValues(decodeElection(hex(payload)));
    const name = capitalized(type);
    const vector = (bytes: Uint8Array, more: Values): Vector => ({
      name,
      side: "client",
      payload: bytes,
      bytes: encodeFrame(bytes),
      values: { ...values, ...more },
    });
    return [vector(hex(payload), {}), vector(hex(payload + tag), { tag: [tag] })];
  }),
  // Who has a secret finds a tag of 32 bytes behind the message; whoever looks on cannot know.
  decode: (payload) => {
    try {
      return decodeElection(payload);
    } catch (error) {
      const untagged = payload.subarray(0, Math.max(0, payload.length - 32));
      if (/^32 bytes are left over/.test((error as Error).message)) return decodeElection(untagged);
      throw error;
    }
  },
  beside: ["length", "version", "type", "fallbacks", "rows"],
  words: electionNaming.words,
});

export const framedProtocols: readonly Framed[] = [broadcastVectors, rakeVectors, electionVectors];
