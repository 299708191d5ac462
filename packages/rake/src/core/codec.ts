/** Messages of wire v2 as frames (docs/rake.md R12, R14); decode.ts reads them. */

import {
  hasBlanks,
  MAC_BYTES,
  MAX_BODY_BYTES,
  MAX_COMMAND_BYTES,
  MAX_KIND_BYTES,
  MAX_MODE,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  MAX_RESOURCE_BYTES,
  MAX_TEXT_BYTES,
  MAX_TOOLCHAIN_BYTES,
  NONCE_BYTES,
} from "./message-limits.js";
import { TYPE } from "./message-types.js";
import {
  ACK_CODES,
  BYE_CODES,
  ENDS,
  type Execute,
  type Message,
  type Output,
  type Quote,
  REFUSALS,
  SANDBOXES,
  type Welcome,
} from "./messages.js";
import { FieldWriter } from "./wire.js";

export { decodeClientMessage, decodeServerMessage } from "./decode.js";

/** One message is written at a time. */
const out = new FieldWriter();

/**
 * The whole frame of a message, its 8-byte length first, in memory of its own: a body is copied once. The texts of
 * REFUSE, STATUS and BYE are cut to 1,024 bytes.
 * @throws RangeError for a field that is not as R12 and R14 say: the caller's mistake
 */
export function encode(message: Message): Uint8Array {
  switch (message.type) {
    case "STDOUT":
    case "STDERR":
      return about(message).u64(message.offset).frameWith(checked(message.body));
    case "BLOB":
      return about(message)
        .digest(message.digest)
        .u64(message.size)
        .u64(message.offset)
        .flag(message.last)
        .frameWith(checked(message.body));
    case "OUTPUT":
      return encodeOutput(message);
    case "CREDIT":
      return about(message).u64(message.bytes).frame();
    case "QUOTE":
      return encodeQuote(message);
    case "BID":
      return about(message)
        .u64(message.reservation)
        .u64(message.validForMs)
        .u64(message.costMs)
        .u64(message.queueMs)
        .u64(message.runMs)
        .u64(message.transferMs)
        .u64(message.chargeMs)
        .list(message.missing, (digest) => out.digest(digest))
        .frame();
    case "REFUSE":
      return about(message)
        .code(REFUSALS, message.reason)
        .u64(message.retryAfterMs)
        .cut(message.text, MAX_TEXT_BYTES)
        .frame();
    case "ACK":
      return about(message).digest(message.digest).code(ACK_CODES, message.code).frame();
    case "EXECUTE":
      return encodeExecute(message);
    case "MISSING":
      return about(message)
        .list(message.digests, (digest) => out.digest(digest))
        .frame();
    case "EXPIRED":
    case "RELEASE":
      return about(message).u64(message.reservation).frame();
    case "STARTED":
    case "CANCEL":
      return about(message).frame();
    case "STATUS":
      return about(message)
        .code(ENDS, message.end)
        .u64(message.code)
        .u64(message.cpuMicros)
        .u64(message.peakBytes)
        .u64(message.wallMicros)
        .cut(message.text, MAX_TEXT_BYTES)
        .frame();
    case "DONE":
      return about(message).u64(message.stdoutBytes).u64(message.stderrBytes).u64(message.outputs).frame();
    case "PING":
    case "PONG":
      return out.begin(TYPE[message.type]).u64(0).u64(message.nonce).frame();
    case "BYE":
      return out.begin(TYPE.BYE).u64(0).code(BYE_CODES, message.code).cut(message.text, MAX_TEXT_BYTES).frame();
    case "HELLO":
      return out.begin(TYPE.HELLO).u64(message.version).u64(message.features).raw(message.nonce, NONCE_BYTES).frame();
    case "CHALLENGE":
      return out
        .begin(TYPE.CHALLENGE)
        .u64(message.version)
        .flag(message.authentication === "secret")
        .raw(message.nonce, NONCE_BYTES)
        .frame();
    case "AUTH":
      return out.begin(TYPE.AUTH).raw(message.mac, MAC_BYTES).frame();
    case "WELCOME":
      return encodeWelcome(message);
  }
}

/** Type and action id. */
function about(message: { readonly type: Message["type"]; readonly actionId: number }): FieldWriter {
  if (message.actionId === 0) throw new RangeError(`a ${message.type} of action 0`);
  return out.begin(TYPE[message.type]).u64(message.actionId);
}

function checked(body: Uint8Array): Uint8Array {
  if (body.length > MAX_BODY_BYTES) throw new RangeError(`a body of ${body.length} bytes, at most ${MAX_BODY_BYTES}`);
  return body;
}

function encodeWelcome(welcome: Welcome): Uint8Array {
  out
    .begin(TYPE.WELCOME)
    .raw(welcome.mac, MAC_BYTES)
    .text(welcome.name, 1, MAX_NAME_BYTES)
    .u64(welcome.cores)
    .u64(welcome.speed)
    .u64(welcome.slots)
    .code(SANDBOXES, welcome.sandbox)
    .text(welcome.toolchain, 0, MAX_TOOLCHAIN_BYTES);
  return resources(welcome.resources)
    .u64(welcome.maxFrameBytes)
    .u64(welcome.maxInputs)
    .u64(welcome.maxBlobBytes)
    .u64(welcome.maxOutputBytes)
    .u64(welcome.maxActionMs)
    .u64(welcome.heartbeatMs)
    .frame();
}

function encodeQuote(quote: Quote): Uint8Array {
  about(quote)
    .text(quote.kind, 0, MAX_KIND_BYTES)
    .text(quote.command, 0, MAX_COMMAND_BYTES)
    .u64(quote.workMs)
    .list(quote.inputs, ({ digest, size }) => out.digest(digest).u64(size));
  return resources(quote.resources).frame();
}

function encodeExecute(execute: Execute): Uint8Array {
  return about(execute)
    .u64(execute.reservation)
    .text(execute.command, 0, MAX_COMMAND_BYTES)
    .u64(execute.timeoutMs)
    .list(execute.inputs, ({ path, digest, mode }) =>
      out.text(path, 1, MAX_PATH_BYTES).digest(digest).u64(modeBits(mode)),
    )
    .list(execute.outputs, (pattern) => out.text(pattern, 1, MAX_PATH_BYTES))
    .frame();
}

function encodeOutput(output: Output): Uint8Array {
  return about(output)
    .text(output.path, 1, MAX_PATH_BYTES)
    .u64(modeBits(output.mode))
    .u64(output.size)
    .digest(output.digest)
    .u64(output.offset)
    .flag(output.last)
    .frameWith(checked(output.body));
}

function resources(names: readonly string[]): FieldWriter {
  return out.list(names, (name) => {
    if (hasBlanks(name)) throw new RangeError(`the resource "${name}" has a blank`);
    out.text(name, 1, MAX_RESOURCE_BYTES);
  });
}

function modeBits(mode: number): number {
  if (mode > MAX_MODE) throw new RangeError(`a mode of ${mode}, not the lower nine bits of one`);
  return mode;
}
