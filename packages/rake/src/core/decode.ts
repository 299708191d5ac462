/** Payloads of wire v2 as messages (docs/rake.md R12, R14, R15). */

import {
  DIGEST_BYTES,
  hasBlanks,
  LEAST_MAX_FRAME_BYTES,
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
import { isOfClients, isOfServers, TYPES } from "./message-types.js";
import {
  ACK_CODES,
  BYE_CODES,
  type ClientMessage,
  ENDS,
  type Execute,
  type Message,
  type Output,
  type Quote,
  REFUSALS,
  SANDBOXES,
  type ServerMessage,
  type Welcome,
} from "./messages.js";
import { pathFault } from "./paths.js";
import { FieldReader, malformed, u64At } from "./wire.js";

const TYPE_BYTES = 8;
const LENGTH_BYTES = 8;

/**
 * What a client said. A body is a view of the payload; all else has memory of its own. Bytes behind the last field are
 * skipped (R12).
 * @returns undefined for a type that is not known: it is skipped
 * @throws RemoteProtocolError `BAD_MESSAGE`, with a text that says what is wrong, and nothing else
 */
export function decodeClientMessage(payload: Uint8Array): ClientMessage | undefined {
  const type = typeOf(payload);
  if (type === undefined) return undefined;
  if (!isOfClients(type)) throw malformed(`a ${type} from a client`);
  return decodeFields(type, new FieldReader(payload, TYPE_BYTES, type)) as ClientMessage;
}

/** What a server said; as `decodeClientMessage`. */
export function decodeServerMessage(payload: Uint8Array): ServerMessage | undefined {
  const type = typeOf(payload);
  if (type === undefined) return undefined;
  if (!isOfServers(type)) throw malformed(`a ${type} from a server`);
  return decodeFields(type, new FieldReader(payload, TYPE_BYTES, type)) as ServerMessage;
}

function typeOf(payload: Uint8Array): Message["type"] | undefined {
  if (payload.length < TYPE_BYTES) throw malformed(`a message of ${payload.length} bytes, too short for a type`);
  const number = u64At(payload, 0);
  if (number === undefined) throw malformed("a type above 2^53-1");
  return TYPES[number];
}

function decodeFields(type: Message["type"], read: FieldReader): Message {
  switch (type) {
    case "HELLO":
      return {
        type,
        version: read.u64("the version"),
        features: read.u64("the features"),
        nonce: read.raw("the nonce", NONCE_BYTES),
      };
    case "CHALLENGE":
      return {
        type,
        version: read.u64("the version"),
        authentication: read.code("the authentication", ["none", "secret"] as const),
        nonce: read.raw("the nonce", NONCE_BYTES),
      };
    case "AUTH":
      return { type, mac: read.raw("the mac", MAC_BYTES) };
    case "WELCOME":
      return decodeWelcome(read);
    case "PING":
    case "PONG":
      return { type, nonce: ofConnection(read).u64("the nonce") };
    case "BYE":
      return {
        type,
        code: ofConnection(read).code("the code", BYE_CODES),
        text: read.text("the text", 0, MAX_TEXT_BYTES),
      };
    default:
      return decodeOfAction(type, read.u64("the action id", 1), read);
  }
}

type OfAction = Extract<Message, { readonly actionId: number }>["type"];

function decodeOfAction(type: OfAction, actionId: number, read: FieldReader): Message {
  switch (type) {
    case "QUOTE":
      return decodeQuote(actionId, read);
    case "BID":
      return {
        type,
        actionId,
        reservation: read.u64("the reservation"),
        validForMs: read.u64("the validity"),
        costMs: read.u64("the cost"),
        queueMs: read.u64("the queue's part"),
        runMs: read.u64("the run's part"),
        transferMs: read.u64("the transfer's part"),
        chargeMs: read.u64("the charge"),
        missing: digests(read),
      };
    case "REFUSE":
      return {
        type,
        actionId,
        reason: read.code("the reason", REFUSALS),
        retryAfterMs: read.u64("the time to retry"),
        text: read.text("the text", 0, MAX_TEXT_BYTES),
      };
    case "BLOB":
      return {
        type,
        actionId,
        digest: read.digest("the digest"),
        ...piece(read.u64("the size"), read),
      };
    case "ACK":
      return { type, actionId, digest: read.digest("the digest"), code: read.code("the code", ACK_CODES) };
    case "EXECUTE":
      return decodeExecute(actionId, read);
    case "MISSING":
      return { type, actionId, digests: digests(read) };
    case "EXPIRED":
    case "RELEASE":
      return { type, actionId, reservation: read.u64("the reservation") };
    case "STARTED":
    case "CANCEL":
      return { type, actionId };
    case "STDOUT":
    case "STDERR": {
      const offset = read.u64("the offset");
      const body = read.body("the body", MAX_BODY_BYTES);
      if (offset > Number.MAX_SAFE_INTEGER - body.length) throw read.fault("the body ends above 2^53-1");
      return { type, actionId, offset, body };
    }
    case "STATUS":
      return {
        type,
        actionId,
        end: read.code("the end", ENDS),
        code: read.u64("the code"),
        cpuMicros: read.u64("the CPU time"),
        peakBytes: read.u64("the peak memory"),
        wallMicros: read.u64("the wall time"),
        text: read.text("the text", 0, MAX_TEXT_BYTES),
      };
    case "OUTPUT":
      return decodeOutput(actionId, read);
    case "DONE":
      return {
        type,
        actionId,
        stdoutBytes: read.u64("the bytes of stdout"),
        stderrBytes: read.u64("the bytes of stderr"),
        outputs: read.u64("the count of outputs"),
      };
    case "CREDIT":
      return { type, actionId, bytes: read.u64("the credit") };
  }
}

function ofConnection(read: FieldReader): FieldReader {
  read.u64("the action id", 0, 0);
  return read;
}

function decodeWelcome(read: FieldReader): Welcome {
  return {
    type: "WELCOME",
    mac: read.raw("the mac", MAC_BYTES),
    name: read.text("the name", 1, MAX_NAME_BYTES),
    cores: read.u64("the number of cores", 1),
    speed: read.u64("the speed", 1),
    slots: read.u64("the number of slots"),
    sandbox: read.code("the sandbox", SANDBOXES),
    toolchain: read.text("the toolchain", 0, MAX_TOOLCHAIN_BYTES),
    resources: resources(read),
    maxFrameBytes: read.u64("the largest frame", LEAST_MAX_FRAME_BYTES),
    maxInputs: read.u64("the most inputs"),
    maxBlobBytes: read.u64("the largest input"),
    maxOutputBytes: read.u64("the most bytes of outputs"),
    maxActionMs: read.u64("the longest run"),
    heartbeatMs: read.u64("the heartbeat", 1),
  };
}

function decodeQuote(actionId: number, read: FieldReader): Quote {
  return {
    type: "QUOTE",
    actionId,
    kind: read.text("the kind", 0, MAX_KIND_BYTES),
    command: read.text("the command", 0, MAX_COMMAND_BYTES),
    workMs: read.u64("the work"),
    inputs: read.list("inputs", DIGEST_BYTES + 8, () => ({
      digest: read.digest("the digest of an input"),
      size: read.u64("the size of an input"),
    })),
    resources: resources(read),
  };
}

function decodeExecute(actionId: number, read: FieldReader): Execute {
  return {
    type: "EXECUTE",
    actionId,
    reservation: read.u64("the reservation"),
    command: read.text("the command", 0, MAX_COMMAND_BYTES),
    timeoutMs: read.u64("the timeout"),
    inputs: read.list("inputs", LENGTH_BYTES + DIGEST_BYTES + 8, () => ({
      path: path("the path of an input", read),
      digest: read.digest("the digest of an input"),
      mode: read.u64("the mode of an input", 0, MAX_MODE),
    })),
    outputs: read.list("patterns", LENGTH_BYTES, () => path("a pattern", read)),
  };
}

function decodeOutput(actionId: number, read: FieldReader): Output {
  const where = path("the path", read);
  const mode = read.u64("the mode", 0, MAX_MODE);
  const size = read.u64("the size");
  const digest = read.digest("the digest");
  return { type: "OUTPUT", actionId, path: where, mode, digest, ...piece(size, read) };
}

/** What BLOB and OUTPUT end with. The last piece is the one that reaches the size, and no piece goes beyond it (R14). */
function piece(
  size: number,
  read: FieldReader,
): { readonly size: number; readonly offset: number; readonly last: boolean; readonly body: Uint8Array } {
  const offset = read.u64("the offset");
  const last = read.flag("the last flag");
  const body = read.body("the body", MAX_BODY_BYTES);
  // The difference is exact where the sum might not be.
  const left = size - offset - body.length;
  if (offset > size || left < 0) throw read.fault(`${body.length} bytes from ${offset} on, of a file of ${size}`);
  if (last !== (left === 0))
    throw read.fault(last ? `the last flag, but ${left} bytes are to come` : "no last flag at the end");
  return { size, offset, last, body };
}

/** R7 holds for what comes over the wire. */
function path(what: string, read: FieldReader): string {
  const text = read.text(what, 1, MAX_PATH_BYTES);
  const fault = pathFault(text);
  if (fault !== undefined) throw read.fault(`${what} ${fault}`);
  return text;
}

function digests(read: FieldReader): string[] {
  return read.list("digests", DIGEST_BYTES, () => read.digest("a digest"));
}

function resources(read: FieldReader): string[] {
  return read.list("resources", LENGTH_BYTES, () => {
    const name = read.text("a resource", 1, MAX_RESOURCE_BYTES);
    if (hasBlanks(name)) throw read.fault("a resource has a blank");
    return name;
  });
}
