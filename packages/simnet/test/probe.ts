/** A program for tests: it does what a function says, and remembers what it was told and when. */
import type { CreateProgram, NodeEnvironment, NodeInput, NodeOutput } from "../src/core/index.js";

export interface Told {
  /** The node's own clock. */
  readonly now: number;
  readonly incarnation: number;
  readonly input: NodeInput;
}

export interface Probe {
  readonly create: CreateProgram;
  /** All that its incarnations were told, in order. */
  readonly told: Told[];
  /** When it wants to be woken; a test may set it. */
  deadline: number | undefined;
}

type React = (input: NodeInput, now: number, environment: NodeEnvironment) => readonly NodeOutput[] | undefined;

export function probe(react: React = () => undefined): Probe {
  const self: Probe = {
    told: [],
    deadline: undefined,
    create: (environment) => ({
      handle(now, input): NodeOutput[] {
        self.told.push({ now, incarnation: environment.incarnation, input });
        return [...(react(input, now, environment) ?? [])];
      },
      nextDeadline: () => self.deadline,
    }),
  };
  return self;
}

/** The kinds of what a probe was told, without what every program is told. */
export function kinds(told: readonly Told[]): string[] {
  return told.map(({ input }) => input.type).filter((type) => type !== "start");
}

export function payload(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff);
}

/** Sends what a command `{ to, port, bytes }` says from port 1; bound to ports 1 and 2. */
export function datagramProbe(): Probe {
  return probe((input) => {
    if (input.type === "start")
      return [
        { type: "bind", port: 1 },
        { type: "bind", port: 2 },
      ];
    if (input.type !== "command") return undefined;
    const { to, port = 2, bytes } = input.command as { to: string; port?: number; bytes: Uint8Array };
    return [{ type: "datagram", port: 1, to: { node: to, port }, bytes }];
  });
}
