/**
 * `pnpm --filter @lab/broadcast engines --schedules 200 [--seed 1] [--engine redis]`: random schedules against the real Redis and
 * NATS, which must be installed. Prints what was done, and the seed of each schedule that broke a promise.
 */
import { parseArgs } from "node:util";
import { type EngineName, startEngine } from "./engine-under-test.js";
import { type Counts, runSchedule } from "./run-schedule.js";

const { values } = parseArgs({
  options: {
    schedules: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    engine: { type: "string", multiple: true, default: ["redis", "nats"] },
  },
});
const schedules = Number(values.schedules);
const seed = Number(values.seed);
if (!Number.isSafeInteger(schedules) || schedules < 1 || !Number.isSafeInteger(seed)) {
  console.error("--schedules and --seed must be whole numbers");
  process.exit(2);
}

let isClean = true;
for (const name of values.engine as EngineName[]) {
  await using engine = await startEngine(name);
  const sums: Record<keyof Counts, number> = { entries: 0, published: 0, kills: 0, moves: 0, cuts: 0, gaps: 0 };
  let violations = 0;
  const begun = performance.now();
  for (let one = seed; one < seed + schedules; one++) {
    try {
      const counts = await runSchedule(one, engine);
      for (const key of Object.keys(sums) as (keyof Counts)[]) sums[key] += counts[key];
    } catch (error) {
      violations++;
      console.log(`${name}: seed ${one}: ${(error as Error).message}`);
    }
  }
  isClean &&= violations === 0;
  const seconds = Math.round((performance.now() - begun) / 1_000);
  const { published, entries, kills, moves, cuts, gaps } = sums;
  console.log(
    `${name}: ${schedules} schedules from seed ${seed} in ${seconds} s: ${published} published, ${entries} entries, ` +
      `${kills} kill -9, ${moves} changes of gateway, ${cuts} cuts in mid-frame, ${gaps} gaps told; violations: ${violations}`,
  );
}
process.exitCode = isClean ? 0 : 1;
