/** What the parts of the server machine share. */

import type { Connection } from "./connection.js";
import type { CloseCode } from "./messages.js";
import type { Outbox } from "./outbox.js";
import type { Platform } from "./platform.js";
import type { ServerSettings } from "./server-options.js";

export interface ServerContext {
  readonly settings: ServerSettings;
  readonly platform: Platform;
  readonly out: Outbox;
  /** Names an effect: from 1, never twice. */
  newId(): number;
  /** Says CLOSE and closes; nothing more comes of the connection, and its session loses it. */
  hangUp(connection: Connection, code: CloseCode, text: string, now: number): void;
  /** Closes without a word: it said that it leaves. */
  letGo(connection: Connection, why: string, now: number): void;
  /** It said what brings nothing new. False: once too often (B24), and it is closed. */
  control(connection: Connection, now: number): boolean;
  /** Stops reading from it for this reason, or no more for this reason (bits, see connection.ts). */
  pause(connection: Connection, reason: number, paused: boolean, now: number): void;
}
