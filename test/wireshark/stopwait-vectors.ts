/** Packets of both versions of stopwait-udp, every type of each, and what its codec reads in them. */
import { decodeV1Packet, encodeV1Packet, type V1Packet } from "../../packages/stopwait-udp/src/core/v1-packet.js";
import { CHECKSUMS } from "../../packages/stopwait-udp/src/core/v2-checksum.js";
import { wordOf } from "../../packages/stopwait-udp/src/core/v2-codes.js";
import * as v2 from "../../packages/stopwait-udp/src/core/v2-packet.js";
import { authenticationOf, decodeAccepted, decodeRequest } from "../../packages/stopwait-udp/src/core/v2-request.js";
import { type Example, hex, readVectors, type Spoken } from "./spoken.js";
import { type Values, valuesOf } from "./values.js";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const V1_NAMES: Readonly<Record<V1Packet["type"], string>> = {
  get: "GET",
  put: "PUT",
  ack: "ACK",
  data: "DATA",
  finish: "FINISH",
  error: "ERROR",
};

function v1Example(bytes: Uint8Array): Example {
  const packet = decodeV1Packet(bytes);
  const fixed = { ack: "ack", finish: "I'm Done" } as Readonly<Record<string, string>>;
  const body = fixed[packet.type] === undefined ? {} : { text: [fixed[packet.type] as string] };
  const number = "number" in packet ? packet.number : 0;
  const shown: Record<string, readonly string[]> = {
    ...valuesOf(packet.type, packet, { names: { type: undefined, of: undefined } }),
    ...body,
  };
  if ("bytes" in packet && packet.bytes.length === 0) delete shown["bytes"];
  const head = {
    v1_type: [String.fromCharCode(bytes[0] as number)],
    bit: [String.fromCharCode(bytes[1] as number)],
    number: [`${number}`],
  };
  return { name: `stopwait-v1 ${V1_NAMES[packet.type]}`, side: "client", bytes, values: { ...shown, ...head } };
}

interface V1Exchange {
  readonly packets: readonly { readonly hex: string }[];
}

const v1Exchanges = Object.values(readVectors<Record<string, V1Exchange>>("stopwait-udp/test/vectors/v1-packets.json"));
const v1Packets = [
  ...v1Exchanges.flatMap(({ packets }) => packets.map((packet) => hex(packet.hex))).slice(-20),
  encodeV1Packet({ type: "put", name: "caf\u00e9.txt" }),
  encodeV1Packet({ type: "ack", of: "finish", number: 3 }),
  encodeV1Packet({ type: "error", number: 12, text: "there is no room for the file" }),
];

const TYPE_NAMES = Object.keys(v2.Type) as (keyof typeof v2.Type)[];
const naming = {
  names: { modifiedMs: "modified_ms", prefixDigest: "prefix_digest", checksum: "checksums" },
  words: { operation: ["", "get", "put"], checksums: ["", ...CHECKSUMS] },
};

function payloadValues(type: keyof typeof v2.Type, packet: Uint8Array): Values {
  const payload = v2.payloadOf(packet);
  const code = (bytes: number): string => String(Number(`0x${hexOf(payload.subarray(0, bytes))}`));
  switch (type) {
    case "REQ": {
      const { overwrite: _, ...request } = decodeRequest(payload);
      const given = authenticationOf(payload, v2.sessionOf(packet))?.given;
      return valuesOf(type, { ...request, authentication: given }, naming);
    }
    case "ACCEPT":
      return valuesOf(type, decodeAccepted(payload), naming);
    case "CHALLENGE":
      return { cookie: [hexOf(payload)] };
    case "DATA":
      return { bytes: [hexOf(payload)] };
    case "ACK":
      return (v2.flagsOf(packet) & v2.Flag.SACK) === 0 ? {} : { sack: [`${v2.sackOf(packet)}`] };
    case "FIN":
      return { digest: [hexOf(payload)] };
    case "FINACK":
      return { code: [code(1)] };
    case "ERR":
      return payload.length === 0 ? {} : { code: [code(2)], text: [Buffer.from(payload.subarray(2)).toString()] };
  }
}

function v2Example(what: string, packet: Uint8Array): Example {
  const type = TYPE_NAMES[v2.typeOf(packet) - v2.FIRST_TYPE] as keyof typeof v2.Type;
  const padding = packet.subarray(v2.lengthOf(packet));
  const values: Values = {
    type: [`${v2.typeOf(packet)}`],
    flags: [`${v2.flagsOf(packet)}`],
    length: [`${v2.payloadOf(packet).length}`],
    session: [hexOf(v2.sessionOf(packet))],
    block: [`${v2.blockOf(packet)}`],
    counter: [`${v2.counterOf(packet)}`],
    credit: [`${v2.creditOf(packet)}`],
    checksum: [`${v2.checksumOf(packet)}`],
    checksum_kind: [/, (crc32|none)$/.exec(what)?.[1] ?? "crc32c"],
    ...payloadValues(type, packet),
    ...(padding.length > 0 && { padding: [hexOf(padding)] }),
  };
  return { name: `stopwait-v2 ${type}`, side: "client", bytes: packet, values };
}

const v2Packets = readVectors<Record<string, string>>("stopwait-udp/test/vectors/v2-packets.json");

export const stopwaitVectors: Spoken = {
  protocol: "stopwait",
  types: [
    ...Object.values(V1_NAMES).map((name) => `stopwait-v1 ${name}`),
    ...TYPE_NAMES.map((name) => `stopwait-v2 ${name}`),
  ],
  conversations: [
    v1Packets.map(v1Example),
    Object.entries(v2Packets).map(([what, digits]) => v2Example(what, hex(digits))),
  ],
  beside: ["option"],
  words: {
    operation: ["", "GET", "PUT"],
    checksums: ["", ...CHECKSUMS],
    code: Array.from({ length: 16 }, (_, code) => wordOf(code)),
  },
};
