/**
 * `pnpm --filter @lab/rake slurm [--rounds 7] [--actions 20]`: milliseconds for each action, `true` one after another, by a process that is
 * started here, a bare `srun` within an allocation, and builds by a server here, a pilot and direct, in turns. It starts a Slurm of one node on 127.0.0.1
 * for that (Debian's packages: scripts/install-components.sh), and ends it.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundled } from "../../../../test/programs.js";
import { SlurmCluster } from "../../test/slurm/start-slurm.js";
import { type Overhead, overheads } from "./overheads.js";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, actions: { type: "string", default: "20" } },
});
const [rounds, actions] = [Number(values.rounds), Number(values.actions)];

const quantile = (list: readonly number[], q: number): number => {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low = 0, high = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
};
const median = ({ perActionMs }: Overhead): number => quantile(perActionMs, 0.5);
const spread = ({ perActionMs }: Overhead): number => (quantile(perActionMs, 0.75) - quantile(perActionMs, 0.25)) / 2;
const overOf = (base: readonly number[], { perActionMs }: Overhead): number =>
  quantile(
    perActionMs.map((ms, round) => ms - (base[round] ?? 0)),
    0.5,
  );

const server = bundled(new URL("../../test/slurm/serve-program.ts", import.meta.url));
const shared = mkdtempSync(join(tmpdir(), "lab-slurm-bench-"));
const work = mkdtempSync(join(tmpdir(), "lab-slurm-work-"));
chmodSync(shared, 0o711);
try {
  await using cluster = await SlurmCluster.start();
  const results = await overheads({ rounds, actions, folder: shared, work, command: [process.execPath, server] });
  console.log(
    `Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(2)}, ${rounds} rounds of ${actions} actions\n`,
  );
  const titles = ["what", "ms an action", "+-", "over spawn", "over bare srun", "start, once"];
  const [here, srun] = results.map(({ perActionMs }) => perActionMs);
  const lines = results.map((one) => [
    one.what,
    median(one).toFixed(1),
    spread(one).toFixed(1),
    overOf(here ?? [], one).toFixed(1),
    overOf(srun ?? [], one).toFixed(1),
    `${Math.round(one.startMs)} ms`,
  ]);
  const widths = titles.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  for (const line of [titles, ...lines]) {
    console.log(
      line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  "),
    );
  }
  const left = await cluster.left();
  if (left.length > 0) throw new Error(`left: ${left}`);
} finally {
  rmSync(shared, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
}
