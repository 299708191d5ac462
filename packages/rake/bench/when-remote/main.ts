/**
 * `pnpm --filter @lab/rake when-remote [--svg FILE]`: what an action takes at a host, over what it takes here, by the host's speed,
 * the bandwidth and the size of its files, in simulation; the chart of it; and three of the points really run, through a proxy of the
 * bandwidth. Exits 1 where one of those is off by more than 0.1 and a tenth.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawChart, sizeText } from "./chart.js";
import { MBIT, measurePanels, type Point, remoteOverLocal, SPEEDS, WORK_MS } from "./model.js";
import { reallyRemoteOverLocal } from "./real.js";

const MOST_OFF = 0.1;
const POINTS: readonly Point[] = [
  { speed: 4, bytesPerSecond: 100 * MBIT, fileBytes: 2 ** 20, workMs: WORK_MS },
  { speed: 2, bytesPerSecond: 100 * MBIT, fileBytes: 3 * 2 ** 20, workMs: WORK_MS },
  { speed: 4, bytesPerSecond: 10 * MBIT, fileBytes: 2 ** 20, workMs: WORK_MS },
];

const { values } = parseArgs({
  args: process.argv.slice(2).filter((one) => one !== "--"),
  options: {
    svg: {
      type: "string",
      default: fileURLToPath(new URL("../../../../docs/images/when-remote.svg", import.meta.url)),
    },
  },
});

const panels = measurePanels();
writeFileSync(values.svg, drawChart(panels));
console.log(
  `file size (in, and out again) at which remote and local take as long, for an action of ${WORK_MS / 1_000} s here\n`,
);
console.log(`| host's speed | ${panels.map(({ name }) => name).join(" | ")} |`);
console.log(`|---|${panels.map(() => "---|").join("")}`);
for (const [at, speed] of SPEEDS.entries()) {
  const sizes = panels.map(({ breakEven, ratios }) => {
    const bytes = breakEven[at];
    if (bytes !== undefined) return sizeText(bytes);
    return (ratios[0]?.[at] ?? 0) > 1 ? "never" : "beyond 32 MiB";
  });
  console.log(`| ${speed}x | ${sizes.join(" | ")} |`);
}
console.log("\n| point | simulated | really run |\n|---|---|---|");
for (const point of POINTS) {
  const simulated = remoteOverLocal(point);
  const real = await reallyRemoteOverLocal(point);
  const { speed, bytesPerSecond, fileBytes } = point;
  const name = `${speed}x, ${bytesPerSecond / MBIT} Mbit/s, ${sizeText(fileBytes)}`;
  console.log(`| ${name} | ${simulated.toFixed(2)} | ${real.toFixed(2)} |`);
  if (Math.abs(real - simulated) > MOST_OFF * (1 + simulated)) {
    console.error(`${name}: really run it takes ${real.toFixed(3)}, simulated ${simulated.toFixed(3)}`);
    process.exitCode = 1;
  }
}
