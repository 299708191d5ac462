/** Messages as frames, and payloads as messages: one table for both directions (docs/broadcast.md B1, B2, B4). */

import { BATCH_HEADER_BYTES, BatchWriter } from "./batch.js";
import { ENTRY_HEADER_BYTES, EntryWalker } from "./entries.js";
import { isZero } from "./hex.js";
import { encodeMembers } from "./member-list.js";
import { maySay, TYPE, TYPES } from "./message-types.js";
import {
  type Batch,
  CLOSE_CODES,
  ENTRY_KINDS,
  type Entry,
  GAP_REASONS,
  type Hello,
  type Member,
  type Message,
  PROTOCOL_VERSION,
  PUBLISH_CODES,
  type Publish,
  STARTS,
  STATUSES,
  type Welcome,
} from "./messages.js";
import { encodePublish, PublishWalker } from "./publish-frame.js";
import { cutText, MAX_CLOSE_TEXT_BYTES, MAX_NAME_BYTES, MAX_ROOM_BYTES } from "./text-rules.js";
import { FieldReader, FieldWriter, indexIn, malformed, u32At, u64At } from "./wire.js";

export const MAX_WINDOW = 1_000_000;
/** A frame from a server has at most so many bytes of payload (B5). */
export const MAX_SERVER_FRAME_BYTES: number = 16 * 1024 * 1024;
export const ID_BYTES = 16;
export const MAC_BYTES = 32;

/** One message is written, and one walked, at a time. */
const out = new FieldWriter();
const entryWalker = new EntryWalker();
const publishWalker = new PublishWalker();

/**
 * The whole frame of a message, its 8-byte header first, in memory of its own. The text of a CLOSE is cut to 256 bytes.
 * @throws RangeError for a field that its width cannot hold
 */
export function encode(message: Message): Uint8Array {
  switch (message.type) {
    case "publish":
      return encodePublish(message.firstClientSeq, message.payloads);
    case "batch":
      return encodeBatch(message);
    case "hello":
      return encodeHello(message);
    case "welcome":
      return encodeWelcome(message);
    case "puback":
      return out
        .begin()
        .u8(TYPE.puback)
        .u64(message.clientSeq)
        .u64(message.number)
        .code(PUBLISH_CODES, message.code)
        .frame();
    case "ack":
      return out.begin().u8(TYPE.ack).u64(message.last).u32(message.window).frame();
    case "gap":
      return out.begin().u8(TYPE.gap).u64(message.from).u64(message.to).code(GAP_REASONS, message.reason).frame();
    case "snapshot":
      return out
        .begin()
        .u8(TYPE.snapshot)
        .u64(message.upTo)
        .u32(message.chunk)
        .u8(message.isLast ? 1 : 0)
        .u32(message.bytes.length)
        .frame(message.bytes);
    case "ping":
    case "pong":
      return out.begin().u8(TYPE[message.type]).u64(message.nonce).frame();
    case "close":
      return out
        .begin()
        .u8(TYPE.close)
        .u16(indexIn(CLOSE_CODES, message.code))
        .textBytes(cutText(message.text, MAX_CLOSE_TEXT_BYTES))
        .frame();
    case "challenge":
      return out.begin().u8(TYPE.challenge).raw(message.nonce, MAC_BYTES).frame();
    case "auth":
      return out.begin().u8(TYPE.auth).raw(message.mac, MAC_BYTES).frame();
    case "stable":
      return out.begin().u8(TYPE.stable).u64(message.upTo).frame();
  }
}

function encodeHello(hello: Hello): Uint8Array {
  return out
    .begin()
    .u8(TYPE.hello)
    .u16(PROTOCOL_VERSION)
    .u8((hello.observer ? 1 : 0) + (hello.stable ? 2 : 0))
    .raw(hello.clientId, ID_BYTES)
    .raw(hello.token, ID_BYTES)
    .text(hello.room)
    .text(hello.name)
    .u64(hello.epoch)
    .u64(hello.last)
    .code(STARTS, hello.start)
    .u64(hello.from)
    .u32(hello.window)
    .frame();
}

function encodeWelcome(welcome: Welcome): Uint8Array {
  return out
    .begin()
    .u8(TYPE.welcome)
    .code(STATUSES, welcome.status)
    .u64(welcome.epoch)
    .raw(welcome.token, ID_BYTES)
    .u32(welcome.member)
    .u64(welcome.head)
    .u64(welcome.firstRetained)
    .u64(welcome.resumeFrom)
    .u64(welcome.lastClientSeq)
    .u64(welcome.lastNumber)
    .u16(welcome.ackEvery)
    .u16(welcome.ackAfterMs)
    .u32(welcome.heartbeatMs)
    .u32(welcome.maxMessageBytes)
    .u32(welcome.publishWindow)
    .frame(encodeMembers(welcome.members));
}

function encodeBatch({ first, entries }: Batch): Uint8Array {
  if (entries.length === 0) throw new RangeError("a BATCH of nothing");
  let size = BATCH_HEADER_BYTES;
  for (const { bytes } of entries) size += ENTRY_HEADER_BYTES + bytes.length;
  const writer = new BatchWriter(size + BATCH_HEADER_BYTES);
  for (const { kind, member, clientSeq, bytes } of entries) {
    writer.add(indexIn(ENTRY_KINDS, kind), member, clientSeq, bytes);
  }
  return writer.finish(first);
}

/**
 * The message that a frame's payload is. Payloads and the bytes of entries are views of it.
 * @param from who sent it: a message that this side does not say is refused
 * @throws RemoteProtocolError `BAD_MESSAGE` for whatever is not exactly a message, and nothing else
 */
export function decode(payload: Uint8Array, from: "client" | "server"): Message {
  if (payload.length === 0) throw malformed("a message of no bytes");
  const type = TYPES[payload[0] as number];
  if (type === undefined) throw malformed(`no message of type ${payload[0]}`);
  if (!maySay(from, type)) throw malformed(`a ${type.toUpperCase()} from a ${from}`);
  if (type === "batch") return decodeBatch(payload);
  if (type === "publish") return decodePublish(payload);
  const read = new FieldReader(payload, 1);
  const message = decodeFields(type, read, from);
  read.end();
  return message;
}

function decodeFields(
  type: Exclude<Message["type"], "batch" | "publish">,
  read: FieldReader,
  from: "client" | "server",
): Message {
  switch (type) {
    case "hello":
      return decodeHello(read);
    case "welcome":
      return decodeWelcome(read);
    case "puback":
      return { type, clientSeq: read.u64(1), number: read.u64(1), code: read.code(PUBLISH_CODES) };
    case "ack":
      return { type, last: read.u64(), window: read.u32(1, MAX_WINDOW) };
    case "gap": {
      const first = read.u64(1);
      return { type, from: first, to: read.u64(first), reason: read.code(GAP_REASONS) };
    }
    case "snapshot":
      return {
        type,
        upTo: read.u64(),
        chunk: read.u32(),
        isLast: read.code([false, true]),
        bytes: read.rest(read.u32()),
      };
    case "ping":
    case "pong":
      return { type, nonce: read.u64() };
    case "close": {
      const code = read.code(CLOSE_CODES, read.u16());
      if ((code === "LEAVE") !== (from === "client")) throw malformed(`a CLOSE ${code} from a ${from}`);
      return { type, code, text: read.text(0, MAX_CLOSE_TEXT_BYTES, false) };
    }
    case "challenge":
      return { type, nonce: read.raw(MAC_BYTES) };
    case "auth":
      return { type, mac: read.raw(MAC_BYTES) };
    case "stable":
      return { type, upTo: read.u64() };
  }
}

function decodeHello(read: FieldReader): Hello {
  const version = read.u16();
  if (version !== PROTOCOL_VERSION) {
    throw malformed(`it speaks version ${version} of the protocol, not ${PROTOCOL_VERSION}`);
  }
  const flags = read.u8();
  if (flags > 3) throw malformed(`flags of ${flags}`);
  const observer = (flags & 1) === 1;
  const clientId = read.raw(ID_BYTES);
  const token = read.raw(ID_BYTES);
  if (observer && !(isZero(clientId) && isZero(token))) throw malformed("an observer with a client id or a token");
  const hello: Hello = {
    type: "hello",
    observer,
    stable: flags >= 2,
    clientId,
    token,
    room: read.text(1, MAX_ROOM_BYTES, true),
    name: read.text(observer ? 0 : 1, MAX_NAME_BYTES, true),
    epoch: read.u64(),
    last: read.u64(),
    start: read.code(STARTS),
    from: read.u64(),
    window: read.u32(1, MAX_WINDOW),
  };
  if (hello.from !== 0 && hello.start !== "from") throw malformed(`a from of ${hello.from} with start ${hello.start}`);
  return hello;
}

function decodeWelcome(read: FieldReader): Welcome {
  return {
    type: "welcome",
    status: read.code(STATUSES),
    epoch: read.u64(1),
    token: read.raw(ID_BYTES),
    member: read.u32(),
    head: read.u64(),
    firstRetained: read.u64(1),
    resumeFrom: read.u64(1),
    lastClientSeq: read.u64(),
    lastNumber: read.u64(),
    ackEvery: read.u16(),
    ackAfterMs: read.u16(),
    heartbeatMs: read.u32(1),
    maxMessageBytes: read.u32(),
    publishWindow: read.u32(1),
    members: decodeMembers(read),
  };
}

function decodeMembers(read: FieldReader): Member[] {
  const members: Member[] = [];
  for (let left = read.u32(); left > 0; left--) {
    members.push({ member: read.u32(1), name: read.text(1, MAX_NAME_BYTES, true) });
  }
  return members;
}

function decodePublish(payload: Uint8Array): Publish {
  const walker = publishWalker.begin(payload);
  const payloads: Uint8Array[] = [];
  while (walker.next()) {
    payloads.push(new Uint8Array(payload.buffer, payload.byteOffset + walker.start, walker.end - walker.start));
  }
  return { type: "publish", firstClientSeq: walker.firstClientSeq, payloads };
}

/** The first number of a BATCH, after all of it was checked: its entries stand from `BATCH_PREFIX_BYTES` on. @throws RemoteProtocolError */
export function checkBatch(
  payload: Uint8Array,
  walker: EntryWalker,
): { readonly first: number; readonly count: number } {
  if (payload.length < BATCH_PREFIX_BYTES) throw malformed("a BATCH that ends in its first fields");
  const first = u64At(payload, 1);
  const count = u32At(payload, 9);
  if (first === 0 || first > Number.MAX_SAFE_INTEGER - (count - 1)) throw malformed(`a BATCH from number ${first}`);
  let seen = 0;
  walker.begin(payload, BATCH_PREFIX_BYTES);
  while (walker.next()) {
    walker.check();
    seen++;
  }
  if (seen !== count || seen === 0) throw malformed(`a BATCH of ${seen} entries that says ${count}`);
  return { first, count };
}

/** Type, first number and count. */
export const BATCH_PREFIX_BYTES = 13;

function decodeBatch(payload: Uint8Array): Batch {
  const { first } = checkBatch(payload, entryWalker);
  const entries: Entry[] = [];
  entryWalker.begin(payload, BATCH_PREFIX_BYTES);
  while (entryWalker.next()) entries.push(entryWalker.entry());
  return { type: "batch", first, entries };
}
