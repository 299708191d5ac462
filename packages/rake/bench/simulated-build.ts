/** One build on simulated hosts in virtual time, by the machines that are shipped: of one set, each action of its own work. */
import { type Impairments, World } from "@lab/simnet";
import { BuildMachine, type BuildMachineOptions, type BuildResult, ServerMachine } from "../src/core/index.js";
import { BuildModel } from "../test/sim/build-model.js";
import { BuildWatch } from "../test/sim/build-watch.js";
import { ClientProgram } from "../test/sim/client-program.js";
import { bytesOf, fileOf, type SimFile } from "../test/sim/files.js";
import { rakePlanOf } from "../test/sim/plan-build.js";
import { ServerProgram } from "../test/sim/server-program.js";

export interface BenchHost {
  readonly node: string;
  /** Work a millisecond and core; 1 is the reference. */
  readonly speed: number;
  readonly cores: number;
  /** Default `cores`. */
  readonly slots?: number;
  readonly impairments?: Impairments;
}

export interface BenchAction {
  readonly workMs: number;
  /** Bytes of its one input; 0: it has none. */
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export interface BenchBuild {
  readonly seed: number;
  readonly hosts: readonly BenchHost[];
  readonly actions: readonly BenchAction[];
  readonly client: BuildMachineOptions;
  /** What a process takes to begin, and a file to be written. Default 0. */
  readonly effectMs?: number;
  /** Default: perfect. */
  readonly impairments?: Impairments;
}

export interface BenchResult {
  readonly ms: number;
  readonly result: BuildResult;
  /** Second attempts. */
  readonly speculations: number;
}

const CLIENT = "client";
const WITHIN_MS = 100_000_000;

/** @throws Error where the build did not succeed */
export function simulatedBuild(build: BenchBuild): BenchResult {
  const { seed, hosts, actions, client, effectMs = 0, impairments = {} } = build;
  const plan = rakePlanOf({
    hosts: hosts as never,
    sets: [
      actions.map(({ workMs, inputBytes, outputBytes }, index) => ({
        remote: true,
        command: `cc ${workMs} a/${index}${inputBytes > 0 ? ` i:in/${index}` : ""} o:out/${index}:${outputBytes}:420`,
        requires: inputBytes > 0 ? [`in/${index}`] : [],
        produces: [`out/${index}`],
        on: [],
        timeoutMs: undefined,
      })),
    ],
  });
  const folder = new Map<string, SimFile>();
  for (const [index, { inputBytes }] of actions.entries()) {
    if (inputBytes > 0) folder.set(`in/${index}`, fileOf(bytesOf(`${seed} ${index}`, inputBytes), 0o644));
  }
  let speculations = 0;
  const watch = new BuildWatch(
    new BuildModel(plan, folder, ""),
    { maxAttempts: Number.POSITIVE_INFINITY, mustEnd: true, isCancelled: false, diskFailed: false },
    (what) => {
      if (what === "placed: speculation") speculations++;
    },
  );
  // As large as the buffers of a system grow.
  const buffers = { sendBufferBytes: 4_194_304, receiveBufferBytes: 4_194_304, mss: 16_384, timeoutMs: WITHIN_MS };
  const world: World = new World({ seed, trace: false, streams: buffers, impairments });
  for (const { node, speed, cores, slots = cores } of hosts) {
    world.addNode(node, {
      create: (environment) =>
        new ServerProgram(environment, {
          options: { name: node, cores, slots, speed: Math.max(1, Math.round(speed * 1_000)) },
          toolchain: () => "",
          Machine: ServerMachine,
          speed,
          freeCores: cores,
          effectMs,
          lingerMs: 500,
          highWaterBytes: 16_384,
          unsent: (connection) => world.unsentBytes(node, connection),
          stored: new Map(),
          disk: { fails: false },
          liar: undefined,
          isWatched: false,
          event: () => {},
          runs: () => {},
        }),
    });
  }
  world.addNode(CLIENT, {
    create: (environment) =>
      new ClientProgram(environment, {
        Machine: BuildMachine,
        plan,
        options: client,
        learned: undefined,
        toolchain: "",
        folder,
        cache: new Map(),
        disk: { fails: false, isTouched: false },
        effectMs,
        highWaterBytes: 16_384,
        lingerMs: 500,
        unsent: (connection) => world.unsentBytes(CLIENT, connection),
        watch,
        finished: () => {},
      }),
  });
  for (const { node, impairments: own } of hosts) {
    if (own === undefined) continue;
    world.addFault({ type: "link", from: CLIENT, to: node, atMs: 0, impairments: own });
    world.addFault({ type: "link", from: node, to: CLIENT, atMs: 0, impairments: own });
  }
  world.run({ untilMs: WITHIN_MS, until: () => watch.result !== undefined, maxEvents: 100_000_000 });
  const { result } = watch;
  if (result?.outcome !== "succeeded") throw new Error(`the build did not succeed: ${JSON.stringify(result)}`);
  return { ms: world.now, result, speculations };
}
