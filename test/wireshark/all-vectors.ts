/** Every protocol that is dissected, with examples of all that it says, and the port at which the tests have it. */
import { type ProtocolName, TRANSPORTS } from "../../wireshark/counts.js";
import { framedProtocols } from "./framed-vectors.js";
import { framingVectors } from "./framing-vectors.js";
import { hftpVectors } from "./hftp-vectors.js";
import { rakeV1Vectors } from "./rake-v1-vectors.js";
import type { Spoken } from "./spoken.js";
import { stopwaitVectors } from "./stopwait-vectors.js";

export const allSpoken: readonly Spoken[] = [
  ...framedProtocols,
  rakeV1Vectors,
  hftpVectors,
  stopwaitVectors,
  ...framingVectors,
];

const names = Object.keys(TRANSPORTS) as ProtocolName[];
export const PORTS = Object.fromEntries(names.map((name, index) => [name, [7_000 + index]])) as Record<
  ProtocolName,
  number[]
>;

export function portOf(protocol: ProtocolName): number {
  return PORTS[protocol][0] as number;
}
