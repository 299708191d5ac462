import { defineConfig, type ViteUserConfig } from "vitest/config";

// At most two workers (the machines that run this have two cores). Tests that start processes (`*.e2e.test.ts`) run after the
// others, two files at a time.
const processes = "*.e2e.test.ts";
// These run last, one file after another: in them something is measured (a rate, a pause, memory, descriptors) or a time is kept
// that is short for a busy machine, or they make much garbage for other threads to collect, so that they would starve their neighbour.
const alone = [
  "packages/*/test/**/memory.e2e.test.ts",
  "packages/broadcast/test/bench/faults.e2e.test.ts",
  "packages/broadcast/test/node/{cuts,hostile-peers,queued,slow-reader}.e2e.test.ts",
  "packages/election/test/node/{elector,few-descriptors,hostile-peers}.e2e.test.ts",
  "packages/election/test/overlap/overlap.e2e.test.ts",
  "packages/election/test/processes/process-faults.e2e.test.ts",
  "packages/hftp/test/server/sockets.e2e.test.ts",
  "packages/rake/test/node-server/harm.e2e.test.ts",
  "packages/simnet/test/{proxy-edges,tcp-proxy,udp-proxy}.e2e.test.ts",
  "packages/stopwait-udp/test/cli/many.e2e.test.ts",
  "packages/stopwait-udp/test/node/{hostile-datagrams,lossy-proxy}.e2e.test.ts",
  "packages/stopwait-udp/test/sim/explorer.sim.test.ts",
];
// Properties share a worker's modules: loading them takes longer than most of their runs, and they change nothing outside of themselves.
const properties = "**/*.property.test.ts";
// In CI a test with real processes has a second attempt: a machine that stood still must not hide what the other thousands
// say. The closing lines name whoever needed it, with the first error; it is a fault, of the test or of what it tests.
const retry = process.env["CI"] === undefined ? 0 : 1;
const shared = { setupFiles: ["test/setup.ts"], exclude: ["**/node_modules/**", "**/dist/**"], pool: "forks" as const };
// `pnpm test:long` gives every test more time with more runs.
const timeout = (ms: number): number => Math.max(ms, Number(process.env["LAB_TIMEOUT_MS"] ?? 0));
const roots = ["packages/*/test", "examples/*/test", "bench/test", "test"];

const config: ViteUserConfig = defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    globalSetup: ["test/programs-setup.ts"],
    projects: [
      {
        test: {
          ...shared,
          name: "core",
          include: roots.map((root) => `${root}/**/*.test.ts`),
          exclude: [...shared.exclude, ...alone, properties, `**/${processes}`, "**/*.built.test.ts"],
          maxWorkers: 2,
          testTimeout: timeout(60_000),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "core-properties",
          include: roots.map((root) => `${root}/${properties}`),
          maxWorkers: 2,
          isolate: false,
          testTimeout: timeout(60_000),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e-pairs",
          retry,
          include: roots.map((root) => `${root}/**/${processes}`),
          exclude: [...shared.exclude, ...alone],
          maxWorkers: 2,
          testTimeout: timeout(30_000),
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: "e2e",
          retry,
          include: alone,
          maxWorkers: 1,
          testTimeout: timeout(30_000),
          hookTimeout: 30_000,
          sequence: { groupOrder: 2 },
        },
      },
      // Needs packed tarballs: `pnpm test:built` makes them, sets LAB_PACKED and selects this project.
      ...(process.env["LAB_PACKED"] === undefined
        ? []
        : [
            {
              test: {
                ...shared,
                name: "built",
                retry,
                include: roots.map((root) => `${root}/**/*.built.test.ts`),
                maxWorkers: 1,
                testTimeout: timeout(60_000),
                hookTimeout: 120_000,
                sequence: { groupOrder: 3 },
              },
            },
          ]),
    ],
  },
});

export default config;
