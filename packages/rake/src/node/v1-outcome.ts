/** What becomes of an action of a build over v1, and how it is told. */
import type { BuildEvent } from "../core/client-contract.js";

export type FailureCode = "ACTION_FAILED" | "NO_HOST" | "INPUT" | "OUTPUT" | "CANCELLED";

/** An action came to nothing. */
export class ActionFailure extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** An event without its time. */
export type Told = BuildEvent extends infer Event ? (Event extends BuildEvent ? Omit<Event, "at"> : never) : never;
/** Tells what happens. */
export type Tell = (event: Told) => void;
