/** Properties of simulated runs, whose failures can be read and run again. */

import fc from "fast-check";
import { renderTrace } from "../core/render-trace.js";
import type { Describe } from "../core/trace.js";
import type { World } from "../core/world.js";
import { seed } from "./seed.js";

export interface SimulationProperty<Case> {
  /** The title of the test, as `vitest -t` takes it: it becomes part of the command that a failure prints. */
  readonly name: string;
  /** What differs from run to run, such as impairments and a fault schedule. It should be plain data. */
  readonly cases: fc.Arbitrary<Case>;
  /** Makes the world of a case; nothing in it may come from elsewhere. */
  readonly world: (value: Case, seed: number) => World;
  /** Runs the world, and throws where something is wrong. */
  readonly check: (world: World, value: Case) => void;
  /** What payloads mean, for the trace. */
  readonly describe?: Describe;
  /** Runs. Default: fast-check's, which `fc.configureGlobal` sets. */
  readonly numRuns?: number;
  /** Lines of the trace that a failure shows. Default 200. */
  readonly maxTraceLines?: number;
  /** The command that runs the test, for the message. Default `npx vitest run -t "<name>"`. */
  readonly command?: string;
}

/**
 * Checks that a simulation goes well for every case and seed. The environment variable `SIMNET_SEED`, as a failure
 * prints it, runs exactly the shrunk case of that failure and nothing else.
 *
 * @throws Error with the case, the world's seed, the trace, the command that runs it again, and the failure as `cause`;
 * TypeError where `SIMNET_SEED` cannot be read
 */
export function assertSimulation<Case>(property: SimulationProperty<Case>): void {
  const { cases, world: makeWorld, check, numRuns } = property;
  const run = (value: Case, worldSeed: number): { world: World; failure?: unknown } => {
    const world = makeWorld(value, worldSeed);
    try {
      check(world, value);
      return { world };
    } catch (failure) {
      return { world, failure };
    }
  };
  const details = fc.check(
    fc.property(seed(), cases, (worldSeed, value) => {
      const { failure } = run(value, worldSeed);
      if (failure !== undefined) throw failure;
    }),
    { ...(numRuns !== undefined && { numRuns }), ...replayed() },
  );
  if (!details.failed) return;
  const { counterexample, counterexamplePath, seed: checkSeed } = details;
  if (counterexample === null || counterexamplePath === null) {
    throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  }
  const [worldSeed, value] = counterexample;
  const { world, failure } = run(value, worldSeed);
  const replay = `${checkSeed}/${counterexamplePath}`;
  throw new Error(report(property, value, worldSeed, replay, world, failure), { cause: failure });
}

function report<Case>(
  { name, command = `npx vitest run -t "${name}"`, describe, maxTraceLines = 200 }: SimulationProperty<Case>,
  value: Case,
  worldSeed: number,
  replay: string,
  world: World,
  failure: unknown,
): string {
  const trace = renderTrace(world.trace, {
    maxLines: maxTraceLines,
    omitted: world.traceOmitted,
    ...(describe !== undefined && { describe }),
  });
  return [
    `${name}: ${failure instanceof Error ? failure.message : String(failure)}`,
    "",
    `world seed ${worldSeed}, case ${fc.stringify(value)}`,
    "",
    "run exactly this again:",
    `  SIMNET_SEED=${replay} ${command}`,
    "",
    trace,
  ].join("\n");
}

/** What `SIMNET_SEED` asks for: `<seed>` of fast-check, or `<seed>/<path>` for one case of it. */
function replayed(): { seed?: number; path?: string; endOnFailure?: boolean } {
  const text = process.env["SIMNET_SEED"];
  if (text === undefined || text === "") return {};
  const [, wanted, path] = /^(-?\d+)(?:\/(\d+(?::\d+)*))?$/.exec(text) ?? [];
  if (wanted === undefined) throw new TypeError(`SIMNET_SEED must be <seed> or <seed>/<path>, not ${text}`);
  return path === undefined ? { seed: Number(wanted) } : { seed: Number(wanted), path, endOnFailure: true };
}
