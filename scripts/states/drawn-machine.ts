/** A machine whose states are drawn. */
import type { Watched } from "./recorder.js";
import type { Call } from "./telling.js";

/** Where the sources list the states that a machine can have: `type: "a" | "b"`, as an alias or a field. */
export interface States {
  /** From `packages/`. */
  readonly file: string;
  readonly type: string;
}

export interface DrawnMachine extends Watched {
  /** Of the picture, `docs/images/NAME-states.svg`. */
  readonly name: string;
  readonly title: string;
  /** Each of them is in the picture. */
  readonly states: readonly States[];
  /** States that the picture has under other names, or as several. */
  readonly drawnAs?: Readonly<Record<string, readonly string[]>>;
  /** Runs the machine with what a seed says. */
  readonly run: (seed: number) => void;
  /** Seeds among which those are searched that show all that any of them does. */
  readonly searched: number;
}

/** What an input is called, where one is handed to a `handle(now, input)`. */
export function typeOf({ method, args }: Call): string | undefined {
  const [, input] = args as readonly { readonly type?: string }[];
  return method === "handle" ? timed(input?.type) : undefined;
}

/** Who reads a picture does not know how a machine is woken. */
export function timed(type: string | undefined): string | undefined {
  return type === "tick" ? "deadline" : type;
}

/** The name of the innermost call that has one. */
export function innermost(calls: readonly Call[], nameOf: (call: Call) => string | undefined): string {
  return calls.map(nameOf).findLast((name) => name !== undefined) ?? "";
}

/** The name of the outermost call that has one. */
export function outermost(calls: readonly Call[], nameOf: (call: Call) => string | undefined): string {
  return calls.map(nameOf).find((name) => name !== undefined) ?? "";
}
