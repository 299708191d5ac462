/** Who a v2 server lets in, before it asks the disk (docs/stopwait-udp.md, S34, S46). */

import { nameFault } from "./names.js";
import type { Checksum } from "./v2-checksum.js";
import { Code, NOT_WRITABLE, SECRET_WANTED, SECRET_WRONG } from "./v2-codes.js";
import { payloadOf, sessionOf } from "./v2-packet.js";
import { authenticationOf, type Request } from "./v2-request.js";
import type { ResolvedV2ServerOptions } from "./v2-server-options.js";

/** A REQ from an address that is known to receive what is sent there. */
export interface Applicant {
  readonly packet: Uint8Array;
  readonly request: Request;
  /** Nobody else can send with that address (`trusts`). */
  readonly isTrusted: boolean;
}

/** The code of a refusal and why, or the checksum on which the session agrees. */
export function admit(
  { packet, request, isTrusted }: Applicant,
  options: ResolvedV2ServerOptions,
): { readonly refused: number; readonly text?: string } | { readonly checksum: Checksum } {
  const checksum = request.checksums.find((one) => one !== "none" || isTrusted);
  if (checksum === undefined) return { refused: Code.BAD_REQUEST };
  const text = request.operation === "put" ? writingRefused(packet, isTrusted, options) : undefined;
  if (text !== undefined) return { refused: Code.DENIED, text };
  if (nameFault(request.name) !== undefined) return { refused: Code.NOT_FOUND };
  return { checksum };
}

/** @returns why this client may not write; undefined where it may */
function writingRefused(packet: Uint8Array, isTrusted: boolean, options: ResolvedV2ServerOptions): string | undefined {
  const { writable, secret, insecureWrite, platform } = options;
  if (!writable) return NOT_WRITABLE;
  if (isTrusted || insecureWrite) return undefined;
  if (secret === undefined) return SECRET_WANTED;
  const authentication = authenticationOf(payloadOf(packet), sessionOf(packet));
  if (authentication === undefined) return SECRET_WANTED;
  const { given, message } = authentication;
  return platform.equalInConstantTime(given, platform.hmacSha256(secret, message)) ? undefined : SECRET_WRONG;
}
