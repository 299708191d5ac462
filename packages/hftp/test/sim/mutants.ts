/**
 * Bugs that only show when something goes wrong around a machine: each changes one rule of the shipped code by a
 * subclass. The simulation must notice every one of them (test/sim/mutants.sim.test.ts and `pnpm mutants`).
 */
import {
  type ClientInput,
  type ClientOutput,
  ClientSession,
  Download,
  type ServerInput,
  type ServerOutput,
  ServerSession,
  type ServerSessionOptions,
} from "../../src/core/index.js";
import type { Job } from "../../src/core/jobs.js";
import { PartContent } from "../../src/core/part-content.js";
import { type Machines, SHIPPED } from "./run.js";
import { firstViolation } from "./simulation.js";

export interface Mutant {
  readonly rule: string;
  readonly bug: string;
  /** Where to begin to look for a run that notices it: only to find one sooner. */
  readonly from?: number;
  readonly machines: Partial<Machines>;
}

const OUT_OF_TURN = Buffer.from("200 NO SUCH COMMAND\r\n");

export const MUTANTS: readonly Mutant[] = [
  {
    rule: "H18",
    bug: "a server that sends a byte less than asked for, and says that it is complete",
    machines: {
      ServerSession: class extends ServerSession {
        override handle(now: number, input: ServerInput): ServerOutput[] {
          const whole = input.type === "fileSent" ? { ...input, bytes: input.bytes + 1 } : input;
          return super
            .handle(now, whole)
            .map((output) => (output.type === "sendFile" ? { ...output, length: output.length - 1 } : output));
        }
      },
    },
  },
  {
    rule: "H19",
    bug: "a server that goes on producing for a client that does not read",
    machines: {
      ServerSession: class extends ServerSession {
        constructor(options: ServerSessionOptions) {
          super({ ...options, highWaterBytes: 2 ** 28 });
        }
      },
    },
  },
  {
    rule: "H7",
    bug: "a server that answers what comes after its end",
    machines: {
      ServerSession: class extends ServerSession {
        #ended = false;
        override handle(now: number, input: ServerInput): ServerOutput[] {
          const late = this.#ended && input.type === "bytes";
          const outputs = super.handle(now, input);
          this.#ended ||= outputs.some(({ type }) => type === "end");
          return late ? [...outputs, { type: "send", bytes: OUT_OF_TURN }] : outputs;
        }
      },
    },
  },
  {
    rule: "H8",
    bug: "a server that keeps a file open when its connection is lost",
    from: 186,
    machines: {
      ServerSession: class extends ServerSession {
        override handle(now: number, input: ServerInput): ServerOutput[] {
          return super.handle(now, input).filter(({ type }) => !(input.type === "closed" && type === "release"));
        }
      },
    },
  },
  {
    rule: "H21",
    bug: "a server without deadlines",
    from: 16,
    machines: {
      ServerSession: class extends ServerSession {
        override nextDeadline(): undefined {}
      },
    },
  },
  {
    rule: "H8",
    bug: "a server that forgets what was asked before a half-close",
    from: 14,
    machines: {
      ServerSession: class extends ServerSession {
        override handle(now: number, input: ServerInput): ServerOutput[] {
          const outputs = super.handle(now, input);
          return input.type === "end" && !outputs.some(({ type }) => type === "end")
            ? [...outputs, ...super.handle(now, { type: "shutdown" })]
            : outputs;
        }
      },
    },
  },
  {
    rule: "H39",
    bug: "a client that takes a reply which broke off for a whole one",
    machines: {
      ClientSession: class extends ClientSession {
        override handle(now: number, input: ClientInput): ClientOutput[] {
          const isInBody = this.parser.inReply;
          return super.handle(now, input).map((output) => {
            if (output.type !== "failed" || !isInBody) return output;
            return { type: "reply", id: output.id, code: 0, text: "OK" };
          });
        }
      },
    },
  },
  {
    rule: "H40",
    bug: "a client that waits for ever",
    from: 30,
    machines: {
      ClientSession: class extends ClientSession {
        override nextDeadline(): undefined {}
      },
    },
  },
  {
    rule: "H32",
    bug: "a download that does not fetch again what a lost connection had not brought",
    from: 101,
    machines: {
      Download: class extends Download {
        protected override createContent(): PartContent {
          return new (class extends PartContent {
            override giveBackRest(_: Job): void {}
          })();
        }
      },
    },
  },
];

export interface Verdict {
  readonly mutant: Mutant;
  /** The first seed that noticed, and what it saw. */
  readonly killedBy: { readonly seed: number; readonly what: string } | undefined;
}

/** Runs every mutant until a seed notices it, but no more than so many. */
export function judge(seeds: number): Verdict[] {
  return MUTANTS.map((mutant) => ({
    mutant,
    killedBy: firstViolation(mutant.from ?? 1, seeds, { ...SHIPPED, ...mutant.machines }),
  }));
}
