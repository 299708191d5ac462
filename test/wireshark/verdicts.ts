/** What the parsers of HFTP, stopwait-udp and rake v1 say to bytes, where no frame tells where a message ends. */
import { ReplyParser } from "../../packages/hftp/src/core/reply-parser.js";
import { RequestParser } from "../../packages/hftp/src/core/request-parser.js";
import type { Request } from "../../packages/hftp/src/core/requests.js";
import { V1Decoder } from "../../packages/rake/src/core/v1-codec.js";
import type { Side } from "../../packages/simnet/src/core/index.js";
import { decodeV1Packet } from "../../packages/stopwait-udp/src/core/v1-packet.js";
import { crc32cOfPacket } from "../../packages/stopwait-udp/src/core/v2-checksum.js";
import * as v2 from "../../packages/stopwait-udp/src/core/v2-packet.js";
import { decodeAccepted, decodeRequest } from "../../packages/stopwait-udp/src/core/v2-request.js";

export type Verdict = "refused" | "taken";
export function verdictOf(read: () => unknown): Verdict {
  try {
    read();
    return "taken";
  } catch {
    return "refused";
  }
}

export function decodeDatagram(bytes: Uint8Array): void {
  const first = bytes[0] ?? 0;
  if (first < v2.FIRST_TYPE || first > v2.Type.ERR) return void decodeV1Packet(bytes);
  if (!v2.isPacket(bytes)) throw new Error("no packet");
  const kinds = [crc32cOfPacket(bytes, v2.lengthOf(bytes))];
  // DATA, ACK, FIN and FINACK may have none.
  if (first >= v2.Type.DATA && first <= v2.Type.FINACK) kinds.push(0);
  if (!kinds.includes(v2.checksumOf(bytes))) throw new Error("another checksum");
  const length = v2.payloadOf(bytes).length;
  if (first === v2.Type.CHALLENGE && (length < 1 || length > 64)) throw new Error("no cookie (S31)");
  // The machines drop these; a longer ACK or FINACK, and a shorter ERR, they take.
  if (first === v2.Type.FIN && length !== 32) throw new Error("no digest");
  if ((first === v2.Type.FINACK || first === v2.Type.DATA) && length === 0) throw new Error("nothing in it");
  if (first === v2.Type.REQ) decodeRequest(v2.payloadOf(bytes));
  if (first === v2.Type.ACCEPT) decodeAccepted(v2.payloadOf(bytes));
}

export function readRequests(bytes: Uint8Array): void {
  const parser = new RequestParser(8 * 1024 * 1024);
  parser.feed(bytes);
  for (let line = parser.next(); line !== undefined; line = parser.next()) {
    if (line.type !== "request") throw new Error(`it is ${line.code}`);
  }
}

export function readReply(request: Request, bytes: Uint8Array): void {
  const parser = new ReplyParser({ maxReplyLineBytes: 8_192, maxListingBytes: 65_536 });
  parser.expect(request);
  parser.feed(bytes);
  for (let event = parser.next(); event !== undefined; event = parser.next()) {
    if (event.type === "reply") return;
    // What is no base64 the decoder drops, which the length tells whoever decodes it.
    if (event.type === "body" && event.encoding === "base64" && base64Bytes(event.chunk) !== event.bytes)
      throw new Error("no base64");
  }
}

function base64Bytes(characters: Uint8Array): number {
  return Buffer.from(Buffer.from(characters).toString("latin1"), "base64").length;
}

/** @param dialect of rake v1 */
export function readV1(dialect: "v1-4" | "v1-8", side: Side, bytes: Uint8Array): void {
  const most = 2 ** 24;
  for (const _ of new V1Decoder(dialect, side, { maxFileBytes: most, maxStringBytes: most }).read(bytes));
}
