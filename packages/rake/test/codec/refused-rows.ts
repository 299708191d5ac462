/** Payloads that are no messages of v2, and what is said of them (docs/rake.md R14, R15). */
import { encode, type Message } from "../../src/core/index.js";
import { type MessageOf, messageOf, utf8, vectorOf } from "./said.js";

type Type = Message["type"];
export type Bad = readonly [Type, Uint8Array];

function fieldAt(payload: Uint8Array, at: number, value: number | bigint): Uint8Array {
  const changed = payload.slice();
  new DataView(changed.buffer).setBigUint64(at < 0 ? changed.length + at : at, BigInt(value));
  return changed;
}
/** The vector with another integer at a place, from its end where that is negative. */
const changed = (type: Type, at: number, value: number | bigint): Bad => [type, fieldAt(vectorOf(type), at, value)];
/** What our encoder makes of a message of the vectors with other fields. */
export const said = <Of extends Type>(type: Of, fields: Partial<MessageOf<Of>>): Bad => [
  type,
  encode({ ...messageOf(type), ...fields } as Message).subarray(8),
];
/** The vector with a text or body replaced, its length too. */
function replaced(type: Type, from: string, to: string | Uint8Array): Bad {
  const payload = Buffer.from(vectorOf(type));
  const field = (bytes: Uint8Array): Uint8Array => Buffer.concat([fieldAt(new Uint8Array(8), 0, bytes.length), bytes]);
  const before = field(utf8(from));
  const at = payload.indexOf(before);
  if (at < 0) throw new Error(`no ${from} in ${type}`);
  const after = field(typeof to === "string" ? utf8(to) : to);
  return [type, Buffer.concat([payload.subarray(0, at), after, payload.subarray(at + before.length)])];
}

/** What is wrong, of which type the payload is, the payload, and the text of the error. */
export const REFUSED: readonly (readonly [string, Bad, string | RegExp])[] = [
  ["nothing at all", ["HELLO", new Uint8Array(0)], "a message of 0 bytes, too short for a type"],
  ["a type of seven bytes", ["HELLO", new Uint8Array(7)], "a message of 7 bytes, too short for a type"],
  ["a type above 2^53 - 1", changed("HELLO", 0, 2n ** 53n), "a type above 2^53-1"],
  ["an integer above 2^53 - 1", changed("PING", 16, 2n ** 53n), "PING: the nonce is above 2^53-1"],
  ["the largest integer", changed("CREDIT", 16, 2n ** 64n - 1n), "CREDIT: the credit is above 2^53-1"],
  ["authentication 2", changed("CHALLENGE", 16, 2), "CHALLENGE: the authentication is 2, not 0 to 1"],
  ["action 0", changed("STARTED", 8, 0), "STARTED: the action id is 0, not 1 or more"],
  ["credit of action 0", changed("CREDIT", 8, 0), "CREDIT: the action id is 0, not 1 or more"],
  ["a PING of an action", changed("PING", 8, 1), "PING: the action id is 1, not 0 to 0"],
  ["a BYE of an action", changed("BYE", 8, 1), "BYE: the action id is 1, not 0 to 0"],
  ["a BYE of code 8", changed("BYE", 16, 8), "BYE: the code is 8, not 0 to 7"],
  ["a REFUSE of reason 6", changed("REFUSE", 16, 6), "REFUSE: the reason is 6, not 0 to 5"],
  ["an ACK of code 5", changed("ACK", -8, 5), "ACK: the code is 5, not 0 to 4"],
  ["a STATUS of end 6", changed("STATUS", 16, 6), "STATUS: the end is 6, not 0 to 5"],
  ["sandbox 3", changed("WELCOME", 8 + 32 + 8 + 7 + 24, 3), "WELCOME: the sandbox is 3, not 0 to 2"],
  ["a last flag of 2", changed("BLOB", 8 + 8 + 32 + 16, 2), "BLOB: the last flag is 2, not 0 to 1"],
  ["a length past the end", changed("BLOB", -14, 7), "BLOB: the body wants 7 bytes, 6 are left"],
  ["a text past the end", changed("BYE", 24, 5), "BYE: the text wants 5 bytes, 4 are left"],
  ["a count past the end", changed("MISSING", 16, 3), "MISSING: 3 digests in 64 bytes"],
  ["a count that no memory holds", changed("MISSING", 16, 2 ** 53 - 1), /^MISSING: 9007199254740991 digests in 64/],
  ["a text that is not UTF-8", replaced("BYE", "idle", Uint8Array.of(0xff)), "BYE: the text is not UTF-8"],
  ["half a surrogate pair", replaced("BYE", "idle", Uint8Array.of(0xed, 0xa0, 0x80)), "BYE: the text is not UTF-8"],
  ["a body that goes past the size", changed("BLOB", 48, 9), "BLOB: 6 bytes from 4 on, of a file of 9"],
  ["an offset past the size", changed("OUTPUT", -8 - 3 - 16, 6), "OUTPUT: 3 bytes from 6 on, of a file of 5"],
  ["an offset of 2^53 - 1", changed("STDOUT", 16, 2 ** 53 - 1), "STDOUT: the body ends above 2^53-1"],
  ["R14: no last flag at the end", changed("BLOB", 64, 0), "BLOB: no last flag at the end"],
  ["R14: the last flag too early", changed("BLOB", 48, 11), "BLOB: the last flag, but 1 bytes are to come"],
  ["R14: a name of no bytes", replaced("WELCOME", "Jürgen", ""), "WELCOME: the length of the name is 0, not 1 to 64"],
  ["R14: a name of 65 bytes", replaced("WELCOME", "Jürgen", "n".repeat(65)), /length of the name is 65, not 1 to 64/],
  ["R14: a toolchain of 257", replaced("WELCOME", "gcc 12", "g".repeat(257)), /length of the toolchain is 257/],
  ["R14: a resource of 65", replaced("WELCOME", "gpu", "g".repeat(65)), /length of a resource is 65, not 1 to 64/],
  ["R14: a resource of none", replaced("QUOTE", "gpu", ""), /length of a resource is 0, not 1 to 64/],
  ["R14: a resource with a blank", replaced("QUOTE", "gpu", "g u"), "QUOTE: a resource has a blank"],
  ["R14: a kind of 65,537", replaced("QUOTE", "cc -c %", "k".repeat(65_537)), /length of the kind is 65537/],
  ["R14: a command of 65,537", replaced("QUOTE", "cc -c a.c", "k".repeat(65_537)), /length of the command is 65537/],
  ["R14: and of EXECUTE", replaced("EXECUTE", "cc -c a.c", "k".repeat(65_537)), /length of the command is 65537/],
  ["R14: a path of 4,097", replaced("OUTPUT", "a.o", "k".repeat(4_097)), /length of the path is 4097, not 1 to 4096/],
  ["R14: a pattern of none", replaced("EXECUTE", "*.o", ""), /length of a pattern is 0, not 1 to 4096/],
  [
    "R14: a text of 1,025",
    replaced("STATUS", "killed", "k".repeat(1_025)),
    /length of the text is 1025, not 0 to 1024/,
  ],
  ["R14: a REFUSE of 1,025", replaced("REFUSE", "not allowed", "k".repeat(1_025)), /length of the text is 1025/],
  ["R14: a BYE of 1,025", replaced("BYE", "idle", "k".repeat(1_025)), /length of the text is 1025/],
  ["R14: a body of 65,537", replaced("STDOUT", "hi\n", new Uint8Array(65_537)), /length of the body is 65537/],
  ["R14: no cores", changed("WELCOME", 8 + 32 + 8 + 7, 0), "WELCOME: the number of cores is 0, not 1 or more"],
  ["R14: no speed", changed("WELCOME", 8 + 32 + 8 + 7 + 8, 0), "WELCOME: the speed is 0, not 1 or more"],
  ["R14: no heartbeat", changed("WELCOME", -8, 0), "WELCOME: the heartbeat is 0, not 1 or more"],
  ["R14: frames too small", changed("WELCOME", -48, 131_071), /the largest frame is 131071, not 131072 or more/],
  ["R12: a mode of ten bits", changed("EXECUTE", -8 - 8 - 3 - 8, 0o1644), /the mode of an input is 932, not 0 to 511/],
  ["R12: and of an OUTPUT", changed("OUTPUT", 8 + 8 + 8 + 3, 0o1644), /the mode is 932, not 0 to 511/],
  [
    "R7: an input above the folder",
    replaced("EXECUTE", "a.c", "../a"),
    'EXECUTE: the path of an input has the name ".."',
  ],
  ["R7: an absolute output", replaced("OUTPUT", "a.o", "/a"), "OUTPUT: the path is absolute"],
  ["R7: an absolute pattern", replaced("EXECUTE", "*.o", "/*"), "EXECUTE: a pattern is absolute"],
];
