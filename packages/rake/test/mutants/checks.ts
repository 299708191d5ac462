/** The tables of the tests of parser and codecs as checks that a mutant can fail; each begins with its table and row. */
import { isDeepStrictEqual } from "node:util";
import {
  decodeClientMessage,
  decodeServerMessage,
  dialectOf,
  encode,
  macOf,
  matches,
  pathFault,
  RemoteProtocolError,
} from "../../src/core/index.js";
import { REFUSED } from "../codec/refused-rows.js";
import { counting, decode, hexVectorOf, messageOf, messages, platform, vectorOf } from "../codec/said.js";
import { FAULTS } from "../rakefile/fault-rows.js";
import { actionOf, faultsOf, hostsOf, planOf } from "../rakefile/parsed.js";
import { REFUSED as REFUSED_V1 } from "../v1/refused-rows.js";
import { bytesOf, hear, string } from "../v1/streams.js";

/** Functions that a mutant may replace. */
export const shipped: {
  dialectOf: typeof dialectOf;
  pathFault: typeof pathFault;
  matches: typeof matches;
  macOf: typeof macOf;
  client: typeof decodeClientMessage;
  server: typeof decodeServerMessage;
} = { dialectOf, pathFault, matches, macOf, client: decodeClientMessage, server: decodeServerMessage };

export interface Check {
  readonly name: string;
  /** Whether what it looks at is as it must be. */
  readonly holds: () => boolean;
}

function isRefused(read: () => unknown, text: string | RegExp): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (!(error instanceof RemoteProtocolError) || error.code !== "BAD_MESSAGE") return false;
    return typeof text === "string" ? error.message === text : text.test(error.message);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const check = (name: string, actual: () => unknown, expected: unknown): Check => ({
  name,
  holds: () => isDeepStrictEqual(actual(), expected),
});
const v1 = (side: "client" | "server", parts: Parameters<typeof bytesOf>[1]) => {
  const bytes = bytesOf("v1-4", parts);
  const whole = hear("v1-4", side, [bytes]);
  const cut = hear(
    "v1-4",
    side,
    Array.from(bytes, (byte) => Uint8Array.of(byte)),
  );
  return [whole.events.map(({ type }) => type).join(" "), whole.error, whole.isDone, isDeepStrictEqual(cut, whole)];
};
const firstOf = (digits: string) => shipped.dialectOf(new Uint8Array(Buffer.from(digits, "hex")));

export const CHECKS: readonly Check[] = [
  ...FAULTS.map(([name, text, fault]) => check(`fault: ${name}`, () => faultsOf(text), [fault])),
  ...REFUSED.map(([name, [type, bytes], text]) => ({
    name: `refused: ${name}`,
    holds: () => isRefused(() => decode(type, bytes), text),
  })),
  ...REFUSED_V1.map(([name, side, parts, text]) => ({
    name: `v1 refused: ${name}`,
    holds: () => text.test(hear("v1-4", side, [bytesOf("v1-4", parts)]).error ?? ""),
  })),
  check("parsed: hosts add up", () => hostsOf("HOSTS = a b:1\nHOSTS = c"), ["a 6238", "b 1", "c 6238"]),
  check("parsed: the last PORT counts for all", () => hostsOf("PORT = 1\nHOSTS = a\nPORT = 2"), ["a 2"]),
  check("parsed: two ports are two hosts", () => hostsOf("HOSTS = a:1 a:2"), ["a 1", "a 2"]),
  check("parsed: remote- at the beginning alone", () => actionOf("\tx remote-y").remote, false),
  check("parsed: the command behind remote-", () => actionOf("\tremote-cc -c a-b.c").command, "cc -c a-b.c"),
  check("parsed: an empty set", () => planOf("actionset1:\nactionset2:").sets.length, 2),
  check("parsed: requires add up", () => actionOf("\tx\n\t\trequires a\n\t\trequires b a").requires, ["a", "b"]),
  check("parsed: a comment is dropped", () => actionOf("\techo a # b").command, "echo a"),
  check("parsed: CRLF", () => actionOf("\tx\r\n\t\trequires a\r\n").requires, ["a"]),
  check("parsed: --course", () => faultsOf("actionset1:\n\tremote-x\n\t\ton g", { course: true }).length, 1),
  check("parsed: at most 20 faults", () => faultsOf("x\n".repeat(30)).length, 20),
  check("parsed: faults in order", () => faultsOf("HOSTS = a a\nx").map((one) => one[0]), ["1", "2"]),
  check(
    "vectors: are written",
    () => messages.every((one) => hex(encode(one).subarray(8)) === hexVectorOf(one.type)),
    true,
  ),
  check("vectors: are read", () => messages.map(({ type }) => decode(type, vectorOf(type))), messages),
  check("vectors: macs", () => hex(shipped.macOf("client", ...macOfVectors)), hexVectorOf("AUTH").slice(16)),
  check("v2: a text is cut", () => encode({ ...messageOf("BYE"), text: "é".repeat(600) }).length, 8 + 32 + 1_024),
  check(
    "v2: an unknown type is skipped",
    () => shipped.client(vectorOf("BYE").map((b, at) => (at === 7 ? 25 : b))),
    undefined,
  ),
  check(
    "v2: bytes left over are skipped",
    () => shipped.client(Uint8Array.of(...vectorOf("CANCEL"), 1)),
    messageOf("CANCEL"),
  ),
  {
    name: "v2: a BID from a client",
    holds: () => isRefused(() => shipped.client(vectorOf("BID")), "a BID from a client"),
  },
  {
    name: "v2: a QUOTE from a server",
    holds: () => isRefused(() => shipped.server(vectorOf("QUOTE")), "a QUOTE from a server"),
  },
  check("v1: a quote is done", () => v1("client", [1]), ["QUOTE_REQUEST", undefined, true, true]),
  check("v1: a file is not", () => v1("client", [3, string("a"), 1, "x"]), [
    "BIN_FILE BODY BODY_END",
    undefined,
    false,
    true,
  ]),
  check("v1: an empty file ends", () => v1("client", [4, string("a"), 0]), [
    "SEND_FILE BODY_END",
    undefined,
    false,
    true,
  ]),
  check("v1: an answer in part is not", () => v1("server", [7, 5, 9, "part"]), [
    "RETURN_STDOUT BODY",
    undefined,
    false,
    true,
  ]),
  check("first: v1-4 after four bytes", () => firstOf("00000005"), "v1-4"),
  check("first: v1-8 after eight", () => [firstOf("00000000"), firstOf("0000000000000003")], [undefined, "v1-8"]),
  check("first: a frame of 8 bytes", () => firstOf("0000000000000008"), "unknown"),
  check("first: a frame of 9 bytes", () => firstOf("0000000000000009"), "v2"),
  check("first: a frame of 65,537 bytes", () => firstOf("0000000000010001"), "unknown"),
  check("first: code 2", () => firstOf("00000002"), "unknown"),
  check("paths: above the folder", () => shipped.pathFault("a/../../b"), 'has the name ".."'),
  check("paths: absolute", () => shipped.pathFault("/a"), "is absolute"),
  check("paths: a backslash", () => shipped.pathFault("..\\a"), "holds a backslash"),
  check("paths: a dot in a name", () => shipped.pathFault("..a/.b"), undefined),
  check("patterns: * within one name", () => [shipped.matches("*.o", "a.o"), shipped.matches("*.o", "b/a.o")], [
    true,
    false,
  ]),
  check("patterns: ** for no folder", () => shipped.matches("**/a.o", "a.o"), true),
  check("patterns: ** for folders", () => shipped.matches("d/**", "d/e/f"), true),
];

const macOfVectors = [counting(16), counting(32), counting(32, 224), 2, 2, platform] as const;
