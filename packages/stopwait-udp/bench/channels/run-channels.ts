/**
 * `pnpm --filter @lab/stopwait-udp channels [--real] [--bytes 1048576] [--seeds 7]`: goodput at window 1 on the course's
 * channels, next to what stop-and-wait can reach there and to the original's rules. In virtual time; `--real` adds a GET
 * through the real proxy on all of them at once, with three seeds each, which takes as long as it takes: some six minutes for 1 MiB.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { quantile } from "../../../../bench/row.js";
import { courseChannels } from "./course-channels.js";
import { fetchThroughProxy } from "./real-transfer.js";
import { type Simulated, simulateOriginal, simulateV2 } from "./simulated-transfer.js";
import { stopAndWaitLimit, V2_EXCHANGE } from "./stop-and-wait-limit.js";

const { values } = parseArgs({
  options: {
    real: { type: "boolean", default: false },
    bytes: { type: "string", default: String(2 ** 20) },
    seeds: { type: "string", default: "7" },
  },
});
const size = Number(values.bytes);
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
/** Blocks of 100 bytes in so large a file as the original can name. */
const ORIGINAL_BYTES = 128 * 1_024;
const BAR = 0.9;
/** Of each channel, through the real proxy: one seed alone may lose more than its share. */
const REAL_SEEDS = 3;

type Row = readonly string[];

function print(title: string, header: Row, rows: readonly Row[]): void {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: Row): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  console.log(`\n${title}\n\n${[line(header), rule, ...rows.map(line)].join("\n")}`);
}

const median = (runs: readonly Simulated[], of: (run: Simulated) => number): number => quantile(runs.map(of), 0.5);
const judged = (goodput: number, limit: number): Row => {
  const ratio = goodput / limit;
  if (ratio < BAR) process.exitCode = 2;
  return [goodput.toFixed(0), ratio.toFixed(2), ratio >= BAR ? "met" : "not met"];
};

/** The original gives up after six losses in a row, which so many blocks meet now and then: the runs that ended well. */
function originals(run: (seed: number) => Simulated): Simulated[] {
  return seeds.flatMap((seed) => {
    try {
      return [run(seed)];
    } catch {
      return [];
    }
  });
}

const header = [
  "channel",
  "limit B/s",
  "GET B/s",
  "ratio",
  ">= 0.9",
  "repeated",
  "PUT B/s",
  "ratio",
  ">= 0.9",
  "original",
];
print(
  `${size} bytes in blocks of 1,376 at window 1, in virtual time, medians of ${seeds.length} seeds; the original: ` +
    `${ORIGINAL_BYTES} bytes in blocks of 100, a GET`,
  header,
  courseChannels.map(({ name, impairments }) => {
    const limit = stopAndWaitLimit(impairments, V2_EXCHANGE);
    const runs = (operation: "get" | "put"): Simulated[] =>
      seeds.map((seed) => simulateV2({ impairments, size, seed, operation }));
    const [gets, puts] = [runs("get"), runs("put")];
    const original = originals((seed) => simulateOriginal({ impairments, size: ORIGINAL_BYTES, seed }));
    return [
      name,
      limit.toFixed(0),
      ...judged(
        median(gets, (run) => run.goodput),
        limit,
      ),
      String(median(gets, (run) => run.timeouts)),
      ...judged(
        median(puts, (run) => run.goodput),
        limit,
      ),
      original.length === 0 ? "none ended" : median(original, (run) => run.goodput).toFixed(0),
    ];
  }),
);

if (values.real) {
  const folder = mkdtempSync(join(tmpdir(), "stopwait-channels-"));
  try {
    const rows = await Promise.all(
      courseChannels.map(async ({ name, impairments }, index) => {
        const fetchWith = (seed: number): Promise<Simulated> =>
          fetchThroughProxy({ impairments, size, seed, folder: join(folder, `${index}-${seed}`) });
        const runs = await Promise.all(seeds.slice(0, REAL_SEEDS).map(fetchWith));
        const limit = stopAndWaitLimit(impairments, V2_EXCHANGE);
        const goodput = median(runs, (run) => run.goodput);
        const repeated = median(runs, (run) => run.timeouts);
        return [name, limit.toFixed(0), ...judged(goodput, limit), String(repeated)];
      }),
    );
    const title = `a GET of ${size} bytes through the real proxy, all at once, medians of ${REAL_SEEDS} seeds`;
    print(title, header.slice(0, 6), rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
