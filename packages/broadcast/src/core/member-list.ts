/** The list of members that a WELCOME ends with (docs/broadcast.md B1, B10). */

import type { Member } from "./messages.js";
import { putU32 } from "./wire.js";

const MAX_U32 = 0xffff_ffff;
const MAX_U16 = 0xffff;
const encoder = new TextEncoder();

/**
 * Of arrays that are frozen. A server says the same list to everybody who comes while nobody joins or leaves, and that of a large
 * room costs milliseconds: after a restart all members come at once.
 */
const encoded = new WeakMap<readonly Member[], Uint8Array>();

/** Count, then each. The bytes may be those of an earlier call. @throws RangeError for what its width cannot hold */
export function encodeMembers(members: readonly Member[]): Uint8Array {
  const known = encoded.get(members);
  if (known !== undefined) return known;
  const bytes = encodeAnew(members);
  if (Object.isFrozen(members)) encoded.set(members, bytes);
  return bytes;
}

function encodeAnew(members: readonly Member[]): Uint8Array {
  let most = 4;
  // No unit of a string takes more than three bytes.
  for (const { name } of members) most += 6 + 3 * name.length;
  const bytes = new Uint8Array(most);
  putU32(bytes, 0, members.length);
  let at = 4;
  for (const { member, name } of members) {
    if (!Number.isInteger(member) || member < 0 || member > MAX_U32) throw new RangeError(`${member} is no u32`);
    putU32(bytes, at, member);
    const start = at + 6;
    const end = putText(bytes, start, name);
    const length = end - start;
    if (length > MAX_U16) throw new RangeError(`a name of ${length} bytes`);
    bytes[at + 4] = length >>> 8;
    bytes[at + 5] = length;
    at = end;
  }
  return bytes.slice(0, at);
}

/** Where it ends. Short texts are mostly ASCII, which a loop writes faster than an encoder is called. */
function putText(bytes: Uint8Array, start: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return start + encoder.encodeInto(text, bytes.subarray(start)).written;
    bytes[start + index] = unit;
  }
  return start + text.length;
}
