/** A session: who a member is, across its connections (docs/broadcast.md B8, B9, B13). */

import type { Connection } from "./connection.js";

export interface ServerSession {
  /** The client id in hexadecimal digits. */
  readonly key: string;
  readonly clientId: Uint8Array;
  readonly token: Uint8Array;
  readonly member: number;
  readonly name: string;
  /** Of what is committed (B13). */
  lastClientSeq: number;
  /** The number of `lastClientSeq`; 0 where there is none or it is not known. */
  lastNumber: number;
  /** Of what was appended, and may still wait for its commit. */
  appendedSeq: number;
  /** Whether it is joined at the head ... */
  joined: boolean;
  /** ... and behind all that was appended. */
  joinedAppended: boolean;
  /** It was made in place of one that expired, and nothing shows yet that the client was told so. */
  expired: boolean;
  /** The number of its last join, as it was appended. */
  joinNumber: number;
  /** The number of its last join or leave that is committed. */
  since: number;
  /** The last ACK of those of its connections that are gone; 0: none is known of (B21). */
  confirmed: number;
  /** What it might still publish when its last connection ended (B16); undefined: as much as one that is new. */
  allowance?: { readonly tokens: number; readonly at: number };
  connection: Connection | undefined;
  /** When it lost its last connection. */
  absentSince: number;
}
