/** The command line of `simulate`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export interface SimulateOptions {
  readonly modes: readonly ("quorum" | "available")[];
  readonly seeds: number;
  readonly firstSeed: number;
  readonly calmSeeds: number;
  readonly mutants: boolean;
  readonly workers: number;
  /** Runs this one alone, and says what came of it. */
  readonly seed: number | undefined;
  readonly trace: boolean;
}

const USAGE = `simulate [--seeds 1000] [--first-seed 1] [--mode quorum|available] [--calm-seeds 2000] [--mutants yes|no] [--workers N]
simulate --seed N [--mode quorum|available] [--trace]`;

/** Ends the process with code 2 and a line that says what is wrong. */
export function readOptions(args: string[]): SimulateOptions {
  try {
    return optionsOf(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    process.exit(2);
  }
}

function optionsOf(args: string[]): SimulateOptions {
  const { values } = parseArgs({
    args: args.filter((one) => one !== "--"),
    options: {
      seeds: { type: "string", default: "1000" },
      "first-seed": { type: "string", default: "1" },
      "calm-seeds": { type: "string" },
      mode: { type: "string" },
      mutants: { type: "string", default: "yes" },
      workers: { type: "string", default: String(availableParallelism()) },
      seed: { type: "string" },
      trace: { type: "boolean", default: false },
    },
  });
  const seeds = wholeFrom("--seeds", values.seeds, 1);
  const { mode } = values;
  if (mode !== undefined && mode !== "quorum" && mode !== "available") {
    throw new RangeError(`--mode must be quorum or available, not ${mode}`);
  }
  if (values.mutants !== "yes" && values.mutants !== "no") {
    throw new RangeError(`--mutants must be yes or no, not ${values.mutants}`);
  }
  return {
    modes: mode === undefined ? ["quorum", "available"] : [mode],
    seeds,
    firstSeed: wholeFrom("--first-seed", values["first-seed"], 0),
    calmSeeds: wholeFrom("--calm-seeds", values["calm-seeds"] ?? String(Math.min(seeds, 2_000)), 0),
    mutants: values.mutants === "yes",
    workers: wholeFrom("--workers", values.workers, 1),
    seed: values.seed === undefined ? undefined : wholeFrom("--seed", values.seed, 0),
    trace: values.trace,
  };
}

function wholeFrom(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number from ${least}, not ${text}`);
}
