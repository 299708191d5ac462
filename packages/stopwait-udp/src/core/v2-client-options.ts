/** What a v2 client is told, with its defaults (docs/stopwait-udp.md, S53). */

import type { Address, Platform } from "./contract.js";
import { nameFault } from "./names.js";
import { MAX_TIMEOUT_MS, type NumberRule, resolveNumbers } from "./options.js";
import { isLoopback } from "./v1-server.js";
import { CHECKSUMS, type Checksum } from "./v2-checksum.js";
import { MAX_BLOCK_BYTES, MAX_WINDOW } from "./v2-packet.js";

export interface V2ClientOptions {
  /** Where packets go, and the only place from which they are taken: an IP address, written as the driver reports senders. */
  readonly server: Address;
  /** The file's name on the server. */
  readonly remoteName: string;
  /** The file's name on this side. */
  readonly localName: string;
  readonly platform: Platform;
  /** Bytes of a block at most; the server may lower it. Default 1,376, and 65,000 to a loopback address; 76 is the course's packet. */
  readonly blockBytes?: number | undefined;
  /** Blocks under way at most; the server may lower it. Default 1: stop-and-wait. At most 32. */
  readonly window?: number | undefined;
  /** What the socket's receive buffer holds. Default 212,992. */
  readonly receiveBufferBytes?: number | undefined;
  /** Best first. Default crc32c alone; `none` is taken between loopback addresses only. */
  readonly checksums?: readonly Checksum[] | undefined;
  /** Retransmission timeout before the first sample. Default 1,000 ms. */
  readonly initialRtoMs?: number | undefined;
  /** Default 200 ms, and 50 ms to a loopback address. */
  readonly minRtoMs?: number | undefined;
  /** Default 5,000 ms. */
  readonly maxRtoMs?: number | undefined;
  /** The client ends so long after the last progress. Default 30,000 ms. */
  readonly giveUpMs?: number | undefined;
  /** Timeouts without a single block through after which it goes on with smaller ones. Default 3; Infinity: never. */
  readonly stepDownAfter?: number | undefined;
  /** Shared with the server: authenticates the request (S46). */
  readonly secret?: Uint8Array | undefined;
  /** What `resumeKey` of an earlier client for the same file was: goes on from there. 16 hexadecimal digits. */
  readonly resume?: string | undefined;
  /** Whether a file of the final name may be replaced. Default false. */
  readonly overwrite?: boolean | undefined;
}

type NumberName = "blockBytes" | "window" | "receiveBufferBytes" | "stepDownAfter" | "giveUpMs" | RtoName;
type RtoName = "initialRtoMs" | "minRtoMs" | "maxRtoMs";

export type ResolvedV2ClientOptions = Readonly<Record<NumberName, number>> & {
  readonly server: Address;
  readonly remoteName: string;
  readonly localName: string;
  readonly platform: Platform;
  readonly checksums: readonly Checksum[];
  readonly secret: Uint8Array | undefined;
  readonly resume: string | undefined;
  readonly overwrite: boolean;
};

/** @throws TypeError or RangeError that names the option and what is accepted */
export function resolveV2ClientOptions(options: V2ClientOptions): ResolvedV2ClientOptions {
  const fault = nameFault(options.remoteName);
  if (fault !== undefined) throw new RangeError(`remoteName cannot be the name of a file: ${fault}`);
  const isLocal = isLoopback(options.server.host);
  const timeout = (ms: number): NumberRule => ({ default: ms, min: 1, max: MAX_TIMEOUT_MS });
  const numbers = resolveNumbers<NumberName>(options, {
    blockBytes: { default: isLocal ? MAX_BLOCK_BYTES : 1_376, min: 1, max: MAX_BLOCK_BYTES },
    window: { default: 1, min: 1, max: MAX_WINDOW },
    receiveBufferBytes: { default: 212_992, min: 1, max: 2 ** 40 },
    initialRtoMs: timeout(1_000),
    minRtoMs: timeout(isLocal ? 50 : 200),
    maxRtoMs: timeout(5_000),
    giveUpMs: timeout(30_000),
    stepDownAfter: { default: 3, min: 1, max: 1_000, orInfinity: true },
  });
  if (numbers.minRtoMs > numbers.maxRtoMs) {
    throw new RangeError(`minRtoMs is ${numbers.minRtoMs}, but must be at most maxRtoMs, ${numbers.maxRtoMs}`);
  }
  const { server, remoteName, localName, platform, checksums = ["crc32c"], secret, resume, overwrite } = options;
  if (checksums.length === 0 || checksums.some((one) => !CHECKSUMS.includes(one))) {
    throw new RangeError(`checksums is [${checksums.join(", ")}], but must be some of ${CHECKSUMS.join(", ")}`);
  }
  if (resume !== undefined && !/^[0-9a-f]{16}$/.test(resume)) {
    throw new RangeError(`resume is ${resume}, but must be 16 hexadecimal digits`);
  }
  return {
    ...numbers,
    server,
    remoteName,
    localName,
    platform,
    checksums,
    secret,
    resume,
    overwrite: overwrite === true,
  };
}
