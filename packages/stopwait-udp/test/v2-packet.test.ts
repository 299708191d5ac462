import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crc32, crc32c } from "../src/core/crc32c.js";
import type { Platform } from "../src/core/index.js";
import { uint } from "../src/core/tlv.js";
import { crc32cOfPacket, packetChecksum } from "../src/core/v2-checksum.js";
import { Code, codeOfFact, wordOf } from "../src/core/v2-codes.js";
import {
  checksumOf,
  encodePacket,
  Flag,
  type Header,
  isPacket,
  lengthOf,
  payloadOf,
  sackOf,
  sessionOf,
  Type,
} from "../src/core/v2-packet.js";
import {
  authenticationOf,
  decodeAccepted,
  decodeRequest,
  encodeAccepted,
  encodeRequest,
} from "../src/core/v2-request.js";
import { plainPlatform, plainSha256 } from "./plain-platform.js";

/** Made by a program of its own (vectors/v2_packets.py). */
const vectors = read("v2-packets.json") as Readonly<Record<string, string>>;
const sums = read("crc32c.json") as readonly { input: string; crc32c: number; crc32: number }[];

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`vectors/${name}`, import.meta.url), "utf8"));
}

function vector(name: string): Uint8Array {
  return Uint8Array.from(Buffer.from(vectors[name] ?? "", "hex"));
}

const SESSION = Uint8Array.from(Buffer.from("0123456789abcdef", "hex"));
const COOKIE = Uint8Array.from({ length: 36 }, (_, at) => at);
const abc = Buffer.from("abc");
const platform = plainPlatform();

function digest(text: string): Uint8Array {
  const sha256 = plainSha256();
  sha256.update(Buffer.from(text));
  return sha256.digest();
}

function packet(header: Header, payload: Uint8Array, checksum = crc32cOfPacket, least = 0): string {
  return Buffer.from(encodePacket(SESSION, header, Uint8Array.from(payload), checksum, least)).toString("hex");
}

const get = { operation: "get", name: "a.txt", blockBytes: 1_376, window: 1, checksums: ["crc32c"] } as const;
const put = {
  operation: "put",
  name: "a.txt",
  blockBytes: 1_376,
  window: 4,
  size: 3,
  modifiedMs: 1_600_000_000_000,
  overwrite: true,
  checksums: ["crc32c", "crc32"],
  cookie: COOKIE,
} as const;
const resumed = {
  ...get,
  blockBytes: 76,
  etag: "7-3-9",
  offset: 2,
  prefixDigest: digest("ab"),
  resume: Uint8Array.from(Buffer.from("fedcba9876543210", "hex")),
} as const;
const accepted = {
  blockBytes: 1_376,
  window: 1,
  checksum: "crc32c",
  offset: 0,
  size: 3,
  modifiedMs: 1_600_000_000_000,
  etag: "7-3-9",
} as const;
const sign = (message: Uint8Array): Uint8Array =>
  platform.hmacSha256(Buffer.from("an example of a shared secret"), message);

const encoded: Readonly<Record<string, string>> = {
  REQ: packet({ type: Type.REQ, counter: 1 }, encodeRequest(get, SESSION), crc32cOfPacket, 64),
  "REQ of a PUT, authenticated": packet(
    { type: Type.REQ, flags: Flag.RETRY, counter: 3 },
    encodeRequest(put, SESSION, sign),
  ),
  "REQ of a GET, resumed": packet({ type: Type.REQ, counter: 1 }, encodeRequest(resumed, SESSION)),
  CHALLENGE: packet({ type: Type.CHALLENGE, counter: 1 }, COOKIE),
  ACCEPT: packet({ type: Type.ACCEPT, counter: 2, credit: 1 }, encodeAccepted(accepted)),
  DATA: packet({ type: Type.DATA, flags: Flag.LAST, counter: 3 }, abc),
  "DATA, crc32": packet({ type: Type.DATA, flags: Flag.LAST, counter: 3 }, abc, packetChecksum("crc32", platform)),
  "DATA, none": packet({ type: Type.DATA, flags: Flag.LAST, counter: 3 }, abc, packetChecksum("none", platform)),
  ACK: packet({ type: Type.ACK, block: 1, counter: 4, credit: 1 }, new Uint8Array()),
  "ACK with sack": packet(
    { type: Type.ACK, flags: Flag.SACK | Flag.RETRY, block: 5, counter: 9, credit: 4 },
    uint(0b101, 4),
  ),
  FIN: packet({ type: Type.FIN, block: 1, counter: 4 }, digest("abc")),
  FINACK: packet({ type: Type.FINACK, block: 1, counter: 4 }, uint(Code.DONE, 1)),
  ERR: packet(
    { type: Type.ERR, counter: 1 },
    Uint8Array.from([...uint(Code.NOT_FOUND, 2), ...Buffer.from("there is no such file")]),
  ),
  "ERR of an unknown session": packet({ type: Type.ERR, counter: 4 }, new Uint8Array()),
};

describe("v2 packets", () => {
  it.each(Object.keys(vectors))("S30, S31: %s is the vector, byte for byte", (name) => {
    expect(encoded[name]).toBe(vectors[name]);
    expect(isPacket(vector(name))).toBe(true);
    expect(sessionOf(vector(name))).toEqual(SESSION);
  });

  it("S31: the document shows the same bytes", () => {
    const document = readFileSync(new URL("../../../docs/stopwait-udp.md", import.meta.url), "utf8");
    for (const name of ["REQ", "CHALLENGE", "ACCEPT", "DATA", "ACK with sack", "FIN", "FINACK", "ERR"]) {
      const row = document
        .split("\n")
        .find((line) => line.startsWith(`| ${name.split(" ")[0]} | `) && line.includes("`a"));
      const shown = row?.split("|")[3]?.match(/`([^`]*)`/)?.[1] ?? "nothing";
      const [head = "", ...parts] = shown.replaceAll(" ", "").split("...");
      expect(vectors[name]?.startsWith(head), `${name}: ${shown}`).toBe(true);
      expect(vectors[name]?.endsWith(parts.at(-1) ?? ""), `${name}: ${shown}`).toBe(true);
    }
  });

  it("S33: the options of REQ and ACCEPT come back as they were", () => {
    expect(decodeRequest(payloadOf(vector("REQ")))).toMatchObject(get);
    expect(decodeRequest(payloadOf(vector("REQ of a PUT, authenticated")))).toMatchObject(put);
    expect(decodeRequest(payloadOf(vector("REQ of a GET, resumed")))).toMatchObject(resumed);
    expect(decodeAccepted(payloadOf(vector("ACCEPT")))).toMatchObject(accepted);
  });

  it("S33: unknown options are ignored, one that comes twice is not", () => {
    const payload = [...encodeRequest(get, SESSION)];
    expect(decodeRequest(Uint8Array.from([...payload, 200, 0, 2, 1, 2]))).toMatchObject(get);
    expect(() => decodeRequest(Uint8Array.from([...payload, 3, 0, 2, 1, 2]))).toThrow("comes twice");
    expect(() => decodeRequest(Uint8Array.from([...payload, 200, 0, 3, 1, 2]))).toThrow("beyond the packet");
    expect(() => decodeRequest(new Uint8Array())).toThrow("missing");
  });

  it("S46: the authentication covers session and payload, and counts only at the end", () => {
    const payload = payloadOf(vector("REQ of a PUT, authenticated"));
    const { given, message } = authenticationOf(payload, SESSION) ?? {};
    expect(given).toEqual(sign(message as Uint8Array));
    expect(Buffer.from(message as Uint8Array).toString("hex")).toBe(
      `0123456789abcdef${Buffer.from(payload.subarray(0, payload.length - 35)).toString("hex")}`,
    );
    expect(authenticationOf(Uint8Array.from([...payload, 200, 0, 0]), SESSION)).toBeUndefined();
    expect(authenticationOf(encodeRequest(put, SESSION), SESSION)).toBeUndefined();
  });

  it("S30: what is too short, too long, of another type or with other flags is no packet", () => {
    for (const name of Object.keys(vectors)) {
      const bytes = vector(name);
      const longer = Uint8Array.from([...bytes, 0]);
      expect(isPacket(longer), `${name}, longer`).toBe(name.startsWith("REQ"));
      for (let length = 0; length < lengthOf(bytes); length++) expect(isPacket(bytes.subarray(0, length))).toBe(false);
      for (const type of [0x41, 0x9f, 0xa8, 0xff])
        expect(isPacket(Uint8Array.from([type, ...bytes.subarray(1)]))).toBe(false);
      expect(isPacket(Uint8Array.from([bytes[0] ?? 0, 0x08, ...bytes.subarray(2)]))).toBe(false);
    }
  });

  it("S31: bit i of the sack is block + 1 + i; without the flag there is none", () => {
    expect(sackOf(vector("ACK with sack"))).toBe(0b101);
    expect(sackOf(vector("ACK"))).toBe(0);
  });

  it.each(sums)("S32: CRC-32C and CRC-32 of $input", ({ input, crc32c: castagnoli, crc32: ethernet }) => {
    const bytes = Buffer.from(input, "hex");
    expect(crc32c(bytes, 0, 0, bytes.length)).toBe(castagnoli);
    expect(crc32(bytes, 0, 0, bytes.length)).toBe(ethernet);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(crc32c(bytes, crc32c(bytes, 0, 0, cut), cut, bytes.length)).toBe(castagnoli);
    }
  });

  it("S32: crc32 is the same with and without the platform's own; every damaged bit changes every sum", () => {
    const plain: Platform = plainPlatform(1, { withoutCrc32: true });
    const bytes = vector("REQ of a PUT, authenticated");
    expect(packetChecksum("crc32", plain)(bytes, bytes.length)).toBe(
      packetChecksum("crc32", platform)(bytes, bytes.length),
    );
    const damaged = vector("DATA");
    for (const one of ["crc32c", "crc32"] as const) {
      const sum = packetChecksum(one, platform);
      const right = sum(damaged, damaged.length);
      for (let bit = 0; bit < damaged.length * 8; bit++) {
        if (bit >= 160 && bit < 192) continue; // the checksum itself is not summed
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(sum(damaged, damaged.length)).not.toBe(right);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      }
    }
    expect(checksumOf(vector("DATA, none"))).toBe(0);
  });

  it("S34: the codes and their words; outside the root is told as missing", () => {
    const words = Object.values(Code).map(wordOf);
    expect(words).toEqual(
      (
        "done bad-request not-found denied exists too-large busy no-session mismatch changed full failed wait held aborted " +
        "gone"
      ).split(" "),
    );
    expect(wordOf(999)).toBe("code-999");
    expect([codeOfFact("missing"), codeOfFact("outside"), codeOfFact("not-regular")]).toEqual([2, 2, 2]);
  });
});
