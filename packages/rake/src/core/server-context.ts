/** What the parts of the server machine share. */

import type { Durations } from "./durations.js";
import type { Platform } from "./platform.js";
import type { Runs } from "./runs.js";
import type { ServerSettings } from "./server-options.js";
import type { ServerOutbox } from "./server-outbox.js";
import type { Slots } from "./slots.js";
import type { StoreIndex } from "./store-index.js";
import type { Uploads } from "./uploads.js";

export interface ServerContext {
  readonly settings: ServerSettings;
  readonly platform: Platform;
  readonly out: ServerOutbox;
  readonly slots: Slots;
  readonly store: StoreIndex;
  readonly uploads: Uploads;
  readonly runs: Runs;
  readonly durations: Durations;
  /** Cores that are busy with what is not ours (R29). */
  busyCores: number;
  /** Names an effect or a reservation: from 1, never twice. */
  newId(): number;
  /** The connection is closed, and nothing more comes of it. */
  closed(connection: number): void;
}

/** What a connection is once its first bytes told. */
export interface Session {
  data(bytes: Uint8Array, now: number): void;
  /** Too much waits to be sent, or no more. */
  full(isFull: boolean, now: number): void;
  /** The peer is gone: ends all of it, without a word. */
  gone(now: number): void;
  /** The server ends. */
  shutdown(now: number): void;
  tick(now: number): void;
  /** Infinity: never. */
  deadline(): number;
}
