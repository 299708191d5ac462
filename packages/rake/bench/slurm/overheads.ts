/** What one action costs over Slurm, by each way, next to a bare `srun` and to a process that is started here. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { HostAddress } from "../../src/core/plan.js";
import { build } from "../../src/node/build.js";
import { serve } from "../../src/node/server.js";
import { direct, pilot } from "../../src/node/slurm/index.js";

const execute = promisify(execFile);

export interface OverheadOptions {
  readonly rounds: number;
  /** Of each way, in each round, one after another. */
  readonly actions: number;
  /** Seen by this machine and the nodes; others may pass. */
  readonly folder: string;
  /** Where builds are. */
  readonly work: string;
  /** Starts a pilot's server. */
  readonly command: readonly string[];
}

export interface Overhead {
  readonly what: string;
  /** What it took before the first action, once. */
  readonly startMs: number;
  /** Milliseconds for each action, one of each round. */
  readonly perActionMs: readonly number[];
}

interface Side {
  readonly what: string;
  readonly startMs: number;
  run(actions: number): Promise<void>;
  close(): Promise<void>;
}

/** All of them are there the whole time and take turns, so that what else the machine does hits each. @throws where an action fails */
export async function overheads(options: OverheadOptions): Promise<Overhead[]> {
  const { rounds, actions } = options;
  const sides: Side[] = [];
  try {
    for (const open of [spawned, sruns, served, piloted, directed]) {
      const began = performance.now();
      const side = await open(options);
      sides.push({ ...side, startMs: performance.now() - began });
    }
    const measured = sides.map((): number[] => []);
    for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
      for (const [index, side] of sides.entries()) {
        const began = performance.now();
        await side.run(actions);
        // The one before the first only warms up.
        if (round >= 0) measured[index]?.push((performance.now() - began) / actions);
      }
    }
    return sides.map(({ what, startMs }, index) => ({ what, startMs, perActionMs: measured[index] ?? [] }));
  } finally {
    for (const side of sides) await side.close();
  }
}

type OpenSide = (options: OverheadOptions) => Promise<Omit<Side, "startMs">>;

const spawned: OpenSide = async () => ({
  what: "spawn here",
  run: (actions) => times(actions, async () => expectZero(await once(spawn("true", { stdio: "ignore" }), "exit"))),
  close: async () => {},
});

const sruns: OpenSide = async ({ folder }) => {
  const hold = spawn("salloc", ["--quiet", "--ntasks=1", "sh", "-c", 'echo "$SLURM_JOB_ID"; exec cat'], {
    cwd: folder,
  });
  const [id] = (await once(hold.stdout, "data")) as [Buffer];
  const words = [`--jobid=${String(id).trim()}`, "--exact", "--nodes=1", "--ntasks=1", "--mem=0", "true"];
  return {
    what: "bare srun",
    run: (actions) => times(actions, async () => void (await execute("srun", words))),
    close: async () => {
      const ended = once(hold, "exit");
      hold.stdin.end();
      await ended;
    },
  };
};

const quick = { speed: 1_000, toolchain: "bench", sandbox: "rlimit" } as const;

const served: OpenSide = async (options) => {
  const server = await serve({ ...quick, cores: 1, lingerMs: 50 });
  return {
    what: "rake, a server here",
    run: (actions) => builds(options, actions, { address: { host: server.host, port: server.port } }),
    close: () => server.close(),
  };
};

const piloted: OpenSide = async (options) => {
  const { folder, command } = options;
  const host = await pilot({ folder, command, cpus: 1, listen: "127.0.0.1" });
  return { what: "rake, pilot", run: (actions) => builds(options, actions, host), close: () => host.close() };
};

const directed: OpenSide = async (options) => {
  const { folder } = options;
  const host = await direct({ folder, cpus: 1, listen: "127.0.0.1", server: { ...quick, lingerMs: 50 } });
  return { what: "rake, direct", run: (actions) => builds(options, actions, host), close: () => host.close() };
};

interface Target {
  readonly address: HostAddress;
  readonly secret?: Uint8Array;
}

/** One build with a set for each action: quote, bid, run and reply, one after another on a kept connection. */
async function builds({ work }: OverheadOptions, actions: number, { address, secret }: Target): Promise<void> {
  const sets = Array.from({ length: actions }, (_, index) => `actionset${index}:\n\tremote-true\n`);
  const report = await build({
    rakefile: sets.join(""),
    folder: work,
    hosts: [address],
    ...(secret === undefined ? {} : { secret }),
  });
  if (report.result?.succeeded !== actions) throw new Error(`a build failed: ${report.result?.message}`);
}

async function times(count: number, once: () => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done++) await once();
}

function expectZero([code]: readonly unknown[]): void {
  if (code !== 0) throw new Error(`it ended with ${String(code)}`);
}
